// Does a map say what the net does when the picture changes a little? Yeh, Hsieh, Suggala, Inouye, Ravikumar 2019 (infidelity, sensitivity-max);
// Ancona, Ceolini, Oztireli, Gross 2018 (sensitivity-n).
import type { Model } from "../../nn/model.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { expectTensor } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import { type Random, random } from "../../tensor/random.ts";
import { showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type AttributeOptions, attributeEach, type MethodOptions } from "../attribute.ts";
import { onePicture } from "../batch.ts";
import { targetNames } from "../target.ts";
import { targetOrPredicted } from "./predicted.ts";
import { perPixel } from "./ranking.ts";
import { type ScoreOptions, scoreOptionNames, scorerFor } from "./scorer.ts";
import { type Substrate, substrateFor, withPixels } from "./substrate.ts";

export interface InfidelityOptions extends ScoreOptions {
  /** One perturbation δ, of the picture's size (default: noise of deviation 0.003 on every number). The picture becomes x - δ. */
  readonly perturb?: (generator: Random, image: Tensor) => Tensor;
  /** Perturbations (default 10). */
  readonly samples?: number;
  readonly seed?: number;
  /** Scale the map by the factor that fits best, so that maps of other units can be compared (default false). */
  readonly normalised?: boolean;
}

/** Mean over perturbations of (δ·φ - (f(x) - f(x - δ)))². 0 for a map that foretells every change. The score is the logit unless said otherwise. */
export async function infidelity(model: Model, image: Tensor, map: Tensor, options: InfidelityOptions = {}): Promise<number> {
  checkOptions("infidelity", options, [...scoreOptionNames, "perturb", "samples", "seed", "normalised"]);
  expectTensor("infidelity", "the map", map);
  const { perturb = slightNoise, samples = 10, seed = 0, normalised = false } = options;
  positive("infidelity", "samples", samples);
  const scorer = await scorerFor("infidelity", model, image, { probabilities: false, ...options });
  try {
    const picture = scorer.image;
    const generator = random(seed).fork("infidelity");
    const [before] = await scorer.score([picture]);
    perPixel(map, picture);
    if (picture.size % map.size !== 0) {
      throw new ShapeError(`infidelity: the map has shape ${showShape(map.shape)}, the picture ${showShape(picture.shape)}`);
    }
    // A map of one channel speaks of all channels of a pixel together: its share of each is the same.
    const channels = picture.size / map.size;
    const dots: number[] = [];
    const drops: number[] = [];
    for (let start = 0; start < samples; start += scorer.batch) {
      const changes = Array.from({ length: Math.min(scorer.batch, samples - start) }, () => perturb(generator, picture));
      for (const change of changes) {
        let dot = 0;
        for (let i = 0; i < change.size; i++) dot += (change.data[i] * map.data[i % map.size]) / channels;
        dots.push(dot);
      }
      const scores = await scorer.score(changes.map((change) => minus(picture, change)));
      drops.push(...scores.map((score) => before - score));
      options.onProgress?.({ done: drops.length, total: samples });
    }
    const mean = (of: (i: number) => number): number => dots.reduce((sum, _, i) => sum + of(i), 0) / dots.length;
    const energy = mean((i) => dots[i] ** 2);
    const scale = normalised && energy > 0 ? mean((i) => dots[i] * drops[i]) / energy : 1;
    return mean((i) => (scale * dots[i] - drops[i]) ** 2);
  } finally {
    scorer.release();
  }
}

function slightNoise(generator: Random, image: Tensor): Tensor {
  return new Tensor(
    image.data.map(() => 0.003 * generator.normal()),
    image.shape,
  );
}

function minus(a: Tensor, b: Tensor): Tensor {
  return new Tensor(
    a.data.map((v: number, i: number) => v - b.data[i]),
    a.shape,
  );
}

export type SensitivityOptions = AttributeOptions & {
  /** Largest change of a number of the picture (default 0.02). */
  readonly radius?: number;
  /** Perturbed copies (default 10). */
  readonly trials?: number;
};

/** The largest ‖φ(x + δ) - φ(x)‖ / ‖φ(x)‖ that was found for |δ| ≤ radius in every number. 0 for a map that does not move. */
export async function sensitivityMax(model: Model, image: Tensor, options: SensitivityOptions): Promise<number> {
  const { radius = 0.02, trials = 10, ...asked } = options;
  positive("sensitivityMax", "trials", trials);
  const picture = onePicture(image);
  const generator = random(asked.seed ?? 0).fork("sensitivityMax");
  const moved = Array.from({ length: trials }, () => {
    const copy = picture.clone();
    for (let i = 0; i < copy.size; i++) copy.data[i] += radius * (2 * generator.uniform() - 1);
    return copy;
  });
  const target = await targetOrPredicted("sensitivityMax", model, picture, asked);
  const settings = Object.fromEntries(Object.entries(asked).filter(([name]) => !(targetNames as readonly string[]).includes(name)));
  const [first, ...others] = await attributeEach(
    model,
    [picture, ...moved].map((x) => ({ image: x, target })),
    settings as unknown as MethodOptions,
  );
  let norm = 0;
  for (const v of first.map.data) norm += v * v;
  norm = Math.sqrt(norm);
  let most = 0;
  for (const { map } of others) {
    let square = 0;
    for (let i = 0; i < map.size; i++) square += (map.data[i] - first.map.data[i]) ** 2;
    most = Math.max(most, Math.sqrt(square));
  }
  return most === 0 ? 0 : most / norm;
}

export interface SubsetOptions extends ScoreOptions {
  /** Pixels per subset (default: a tenth of the picture). */
  readonly size?: number;
  /** Subsets (default 100). */
  readonly subsets?: number;
  readonly seed?: number;
  /** What removed pixels become (default 0). */
  readonly substrate?: Substrate;
}

/**
 * Correlation, over random sets of pixels, of what the map says they contribute with what the score loses without them. Undefined where the
 * score or the map does not vary. The score is the logit unless said otherwise.
 */
export async function sensitivityN(model: Model, image: Tensor, map: Tensor, options: SubsetOptions = {}): Promise<number | undefined> {
  checkOptions("sensitivityN", options, [...scoreOptionNames, "size", "subsets", "seed", "substrate"]);
  expectTensor("sensitivityN", "the map", map);
  const scorer = await scorerFor("sensitivityN", model, image, { probabilities: false, ...options });
  try {
    const picture = scorer.image;
    const values = perPixel(map, picture);
    const { size = Math.max(1, Math.round(values.length / 10)), subsets = 100, seed = 0, substrate = 0 } = options;
    positive("sensitivityN", "subsets", subsets);
    if (!Number.isInteger(size) || size < 1 || size > values.length) {
      throw new ArgumentError(`sensitivityN: size is ${size}; expected 1..${values.length} pixels`);
    }
    const nothing = substrateFor(picture, substrate);
    const generator = random(seed).fork("sensitivityN");
    const [before] = await scorer.score([picture]);
    const promised: number[] = [];
    const lost: number[] = [];
    for (let start = 0; start < subsets; start += scorer.batch) {
      const sets = Array.from({ length: Math.min(scorer.batch, subsets - start) }, () =>
        generator.permutation(values.length).slice(0, size),
      );
      const scores = await scorer.score(sets.map((set) => withPixels(picture, nothing, set)));
      promised.push(...sets.map((set) => set.reduce((sum, p) => sum + values[p], 0)));
      lost.push(...scores.map((score) => before - score));
      options.onProgress?.({ done: promised.length, total: subsets });
    }
    return correlation(promised, lost);
  } finally {
    scorer.release();
  }
}

/** Pearson's; undefined where one side does not vary. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const n = a.length;
  let [sumA, sumB] = [0, 0];
  for (let i = 0; i < n; i++) {
    sumA += a[i];
    sumB += b[i];
  }
  let [square, other, both] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i] - sumA / n, b[i] - sumB / n];
    square += x * x;
    other += y * y;
    both += x * y;
  }
  return square === 0 || other === 0 ? undefined : both / Math.sqrt(square * other);
}

function positive(where: string, name: string, given: number): void {
  if (!Number.isInteger(given) || given < 1) throw new ArgumentError(`${where}: ${name} is ${given}; expected a whole number, at least 1`);
}
