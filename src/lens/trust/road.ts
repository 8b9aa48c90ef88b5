// Remove and debias: what is taken away is filled in from its neighbours, so that the shape of the hole does not give the class away.
// Rong, Leemann, Borisov, Kasneci, Kasneci 2022.
import type { Model } from "../../nn/model.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { expectTensor } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import { random } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { mostRelevantFirst } from "./ranking.ts";
import { type ScoreOptions, scoreOptionNames, scorerFor } from "./scorer.ts";

export interface RoadOptions extends ScoreOptions {
  /** Shares of pixels removed (default 0.1, 0.2 ... 0.9). */
  readonly shares?: readonly number[];
  /** Remove the least relevant pixels instead (default false). */
  readonly leastFirst?: boolean;
  /** Noise on imputed pixels (default 0.01). */
  readonly noise?: number;
  readonly seed?: number;
}

export interface RoadCurve {
  readonly shares: readonly number[];
  readonly scores: readonly number[];
  readonly mean: number;
}

const neighbours: readonly (readonly [number, number, number])[] = [
  ...(
    [
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
    ] as const
  ).map(([y, x]) => [y, x, 1 / 6] as const),
  ...(
    [
      [-1, -1],
      [-1, 1],
      [1, -1],
      [1, 1],
    ] as const
  ).map(([y, x]) => [y, x, 1 / 12] as const),
];

/**
 * `image` [C, H, W] with the listed pixels imputed: each becomes the weighted mean of its eight neighbours (edges 1/6, corners 1/12, renormalised at
 * the border), which for a hole is a linear system. Solved by sweeps until nothing moves by more than 1e-6 of the picture's range.
 */
export function impute(image: Tensor, pixels: Int32Array): Tensor {
  const [channels, height, width] = image.shape;
  const plane = height * width;
  const out = image.clone();
  const hole = new Uint8Array(plane);
  for (const p of pixels) hole[p] = 1;
  const readers = Array.from(pixels, (p) => {
    const [y, x] = [Math.floor(p / width), p % width];
    const inside = neighbours.filter(([dy, dx]) => y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width);
    const total = inside.reduce((sum, [, , weight]) => sum + weight, 0);
    return { p, from: inside.map(([dy, dx, weight]) => [(y + dy) * width + x + dx, weight / total] as const) };
  });
  for (let c = 0; c < channels; c++) {
    const base = c * plane;
    let [sum, count, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let p = 0; p < plane; p++) {
      const v = image.data[base + p];
      low = Math.min(low, v);
      high = Math.max(high, v);
      if (hole[p] === 0) {
        sum += v;
        count++;
      }
    }
    // Begun with the mean of what is left, which is all there is to say when nothing is.
    for (const { p } of readers) out.data[base + p] = count === 0 ? 0 : sum / count;
    if (count === 0) continue;
    for (let sweep = 0; sweep < 5000; sweep++) {
      let moved = 0;
      for (const { p, from } of readers) {
        let mean = 0;
        for (const [q, weight] of from) mean += weight * out.data[base + q];
        // Over-relaxed, which needs a root of the sweeps only.
        const next = out.data[base + p] + 1.8 * (mean - out.data[base + p]);
        moved = Math.max(moved, Math.abs(next - out.data[base + p]));
        out.data[base + p] = next;
      }
      if (moved <= 1e-6 * (high - low)) break;
    }
  }
  return out;
}

/** The score while more and more pixels are imputed, most relevant first. A faithful map makes it fall fast. */
export async function road(model: Model, image: Tensor, map: Tensor, options: RoadOptions = {}): Promise<RoadCurve> {
  checkOptions("road", options, [...scoreOptionNames, "shares", "leastFirst", "noise", "seed"]);
  expectTensor("road", "the map", map);
  const { shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], leastFirst = false, noise = 0.01, seed = 0 } = options;
  if (shares.some((s) => !(s >= 0 && s <= 1)))
    throw new ArgumentError(`road: shares are ${shares.join(", ")}; expected numbers from 0 to 1`);
  const scorer = await scorerFor("road", model, image, options);
  try {
    const order = mostRelevantFirst(map, scorer.image);
    if (leastFirst) order.reverse();
    const generator = random(seed).fork("road");
    const plane = order.length;
    const pictures = shares.map((share) => {
      const removed = order.slice(0, Math.round(share * plane));
      const filled = impute(scorer.image, removed);
      for (const p of removed) for (let i = p; i < filled.size; i += plane) filled.data[i] += noise * generator.normal();
      return filled;
    });
    const scores = await scorer.score(pictures);
    return { shares, scores, mean: scores.reduce((a, b) => a + b, 0) / Math.max(1, scores.length) };
  } finally {
    scorer.release();
  }
}
