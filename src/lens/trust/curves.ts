// Deletion and insertion: take away the pixels that a map calls important, most important first, and the score should fall fast; bring them onto an
// empty picture, and it should rise fast. Petsiuk, Das, Saenko 2018.
import type { Model } from "../../nn/model.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { expectTensor } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { mostRelevantFirst } from "./ranking.ts";
import { type ScoreOptions, scoreOptionNames, scorerFor } from "./scorer.ts";
import { type Substrate, substrateFor, withPixels } from "./substrate.ts";

export interface CurveOptions extends ScoreOptions {
  /** Pixels per step (default: as many as a row has). */
  readonly step?: number;
  /** What deleted pixels become (default 0, which is the data's mean after normalisation). */
  readonly deletionSubstrate?: Substrate;
  /** What the insertion begins with (default "blur"). */
  readonly insertionSubstrate?: Substrate;
}

export interface Curve {
  /** Pixels changed at each point: 0, step, 2 · step ... all. */
  readonly pixels: readonly number[];
  readonly scores: readonly number[];
  /** Area under the curve by the trapezoid rule, over a width of 1. */
  readonly area: number;
}

export interface Faithfulness {
  /** Lower is better. */
  readonly deletion: Curve;
  /** Higher is better. */
  readonly insertion: Curve;
}

/** (Σs - s₀/2 - s_n/2) / n, for points that need not be equally far apart: the last step may be shorter. */
export function areaUnder(pixels: readonly number[], scores: readonly number[]): number {
  let area = 0;
  for (let i = 1; i < pixels.length; i++) area += ((scores[i] + scores[i - 1]) / 2) * (pixels[i] - pixels[i - 1]);
  return area / (pixels.at(-1) as number);
}

/** Both curves of a map for a picture [C, H, W]. The class score is the probability; without a target, that of the class that the net predicts. Throws `ShapeError` for a map of another size. */
export async function faithfulness(model: Model, image: Tensor, map: Tensor, options: CurveOptions = {}): Promise<Faithfulness> {
  checkOptions("faithfulness", options, [...scoreOptionNames, "step", "deletionSubstrate", "insertionSubstrate"]);
  expectTensor("faithfulness", "the map", map);
  const scorer = await scorerFor("faithfulness", model, image, options);
  try {
    const picture = scorer.image;
    const order = mostRelevantFirst(map, picture);
    const { step = picture.shape[2], deletionSubstrate = 0, insertionSubstrate = "blur" } = options;
    if (!Number.isInteger(step) || step < 1) throw new ArgumentError(`faithfulness: step is ${step}; expected a whole number of pixels`);
    const pixels = [...Array.from({ length: Math.ceil(order.length / step) }, (_, i) => i * step), order.length];
    let done = 0;
    const curve = async (from: Tensor, to: Tensor): Promise<Curve> => {
      const scores: number[] = [];
      // Copies of a large picture are made as they are needed.
      for (let start = 0; start < pixels.length; start += scorer.batch) {
        const part = pixels.slice(start, start + scorer.batch);
        scores.push(...(await scorer.score(part.map((count) => withPixels(from, to, order.subarray(0, count))))));
        done += part.length;
        options.onProgress?.({ done, total: 2 * pixels.length });
      }
      return { pixels, scores, area: areaUnder(pixels, scores) };
    };
    return {
      deletion: await curve(picture, substrateFor(picture, deletionSubstrate)),
      insertion: await curve(substrateFor(picture, insertionSubstrate), picture),
    };
  } finally {
    scorer.release();
  }
}
