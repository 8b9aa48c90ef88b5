// Which part of a picture does a word speak of? Regions and words are vectors in one space; a word belongs to the region whose vector points its
// way. Only whole pictures and whole captions are known to belong together, and the rest follows. Karpathy and Fei-Fei 2015.
import type { Operand } from "../../graph/record.ts";
import { add, cast, einsum, max, mul, ne, relu, reshape, sub, sum } from "../../ops/index.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { showShape } from "../../tensor/shape.ts";

/** Every word against every region: regions [N, D, R] and words [M, D, T] give the inner products [N, M, R, T]. */
export function alignments<T extends Operand>(regions: T, words: T): T {
  return einsum("ndr,mdt->nmrt", [regions, words]);
}

/**
 * How well each of M captions suits each of N pictures, [N, M]: the sum over its words of the greatest inner product with a region. Takes
 * `alignments` and the numbers of the words, int32 [M, T]; 0 stands for no word and counts nothing.
 */
export function alignmentScores<T extends Operand>(products: T, words: T): T {
  const isWord = cast(ne(words, 0), { dtype: products.dtype });
  return sum(mul(max(products, { axes: [2] }), isWord), { axes: [2] });
}

export interface RankingOptions {
  /** By how much a true pair is to beat a false one (default 1). */
  readonly margin?: number;
}

/**
 * The loss of scores [N, N], N >= 2, whose diagonal holds the true pairs: by how much a picture's false captions, and a caption's false pictures, come
 * closer to the true one than the margin; both averaged over the false pairs, and added. 0 when every true pair wins by the margin.
 */
export function rankingLoss<T extends Operand>(scores: T, options: RankingOptions = {}): T {
  checkOptions("rankingLoss", options, ["margin"]);
  const { margin = 1 } = options;
  const [count, captions] = scores.shape;
  if (scores.rank !== 2 || count !== captions || count < 2)
    throw new ShapeError(
      `rankingLoss: the scores are ${showShape(scores.shape)}; expected [N, N], N pictures and their captions, at least 2`,
    );
  const truth = einsum("nn->n", [scores]);
  const lack = (against: T): T => sum(relu(add(sub(scores, against), margin)));
  // A true pair lacks the whole margin against itself, in its row and in its column.
  const total = sub(add(lack(reshape(truth, [count, 1])), lack(reshape(truth, [1, count]))), 2 * margin * count);
  return mul(total, 1 / (count * (count - 1)));
}
