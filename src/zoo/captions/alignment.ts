// Which part of a picture does a word speak of? Regions and words are vectors in one space; a word belongs to the region whose vector points its
// way. Only whole pictures and whole captions are known to belong together, and the rest follows. Karpathy and Fei-Fei 2015.
import { type Operand, Value } from "../../graph/record.ts";
import { add, cast, einsum, max, mean, mul, ne, relu, reshape, sub, sum } from "../../ops/index.ts";

export interface RankingOptions {
  /** By how much a true pair must beat the others (default 1). */
  readonly margin?: number;
}
