// Which pictures of a stream are kept: the best, the worst, some at random, one per quantile. Pictures arrive by rising index, which settles
// ties.
import { type Random, random } from "../../tensor/random.ts";

/** A picture and a position in one channel's map. */
export interface Hit {
  readonly index: number;
  readonly activation: number;
  readonly place: number;
}

/** The `most` first in order; equal ones stay in the order in which they came. */
export class Ranking {
  readonly hits: Hit[] = [];
  private readonly most: number;
  private readonly sign: 1 | -1;

  constructor(most: number, order: "highest" | "lowest" = "highest") {
    this.most = most;
    this.sign = order === "highest" ? 1 : -1;
  }

  offer(index: number, activation: number, place: number): void {
    const { hits, most, sign } = this;
    // Nearly all newcomers end here.
    if (hits.length === most && !(sign * activation > sign * hits[most - 1].activation)) return;
    let at = hits.length;
    while (at > 0 && sign * hits[at - 1].activation < sign * activation) at--;
    hits.splice(at, 0, { index, activation, place });
    if (hits.length > most) hits.pop();
  }
}

/** Every picture's peak in one channel, for orders that are known only at the end. */
export class Population {
  private readonly peaks: Float32Array;
  private readonly places: Uint32Array;

  constructor(size: number) {
    this.peaks = new Float32Array(size).fill(Number.NaN);
    this.places = new Uint32Array(size);
  }

  set(index: number, activation: number, place: number): void {
    this.peaks[index] = activation;
    this.places[index] = place;
  }

  /** One hit in the middle of each of `count` equal parts of the ranking, strongest first. */
  quantiles(count: number): Hit[] {
    const order = Array.from(this.peaks.keys()).filter((i) => !Number.isNaN(this.peaks[i]));
    order.sort((a, b) => this.peaks[b] - this.peaks[a] || a - b);
    const parts = Math.min(count, order.length);
    return Array.from({ length: parts }, (_, q) => {
      const index = order[Math.floor(((q + 0.5) * order.length) / parts)];
      return { index, activation: this.peaks[index], place: this.places[index] };
    });
  }
}

/** `count` of the numbers below `size`, each at most once, in random order. */
export function drawIndices(count: number, size: number, seed: number): number[] {
  const generator: Random = random(seed).fork("examples");
  const drawn = new Set<number>();
  while (drawn.size < Math.min(count, size)) drawn.add(generator.integer(size));
  return [...drawn];
}
