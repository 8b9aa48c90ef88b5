// The effective receptive field: which of the pixels that a unit can see does it listen to? Mean |∂y/∂x| over pictures, as a distribution.
// It is about a Gaussian, and its share of the theoretical box shrinks with depth like 1/√n. Luo, Li, Urtasun & Zemel, NIPS 2016.
import type { FieldEdges } from "../../arithmetic/receptive-field.ts";
import { boxOf } from "../../graph/field.ts";
import type { Model } from "../../nn/model.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { random, randomNormal } from "../../tensor/random.ts";
import { allocate, Tensor } from "../../tensor/tensor.ts";
import { gradientProgram } from "../gradient-program.ts";
import type { RunOptions } from "../run.ts";
import { centreOf, channelOf, checkPosition, fillMask } from "../target.ts";

export interface EffectiveFieldOptions extends RunOptions {
  readonly layer: string;
  /** Default 0. */
  readonly channel?: number;
  /** Row and column in the layer's map (default: its middle). */
  readonly position?: readonly [row: number, column: number];
  /** The pictures to average over, [C, H, W] as the net sees them (default: `samples` pictures of standard normal noise). */
  readonly pictures?: readonly Tensor[];
  /** Default 32. */
  readonly samples?: number;
  /** Seed of the noise (default 0). */
  readonly seed?: number;
}

export interface EffectiveField {
  /** float64 [H, W], summed over the input's channels; sums to 1, or is 0 everywhere when no gradient arrives. */
  readonly profile: Tensor;
  /** Mean and standard deviation of the profile, in pixels: rows and columns. */
  readonly centre: readonly [row: number, column: number];
  readonly deviation: readonly [rows: number, columns: number];
  /** What the unit can see at all, per axis. */
  readonly box: readonly FieldEdges[];
  /** Width of ±2 standard deviations as a share of the box, per axis. */
  readonly share: readonly [rows: number, columns: number];
  readonly position: readonly [row: number, column: number];
}

/** Measures what one unit listens to. Throws `GraphError` for unknown layers, `ArgumentError` for channels and positions outside. */
export async function effectiveField(model: Model, options: EffectiveFieldOptions): Promise<EffectiveField> {
  const { layer, channel = 0, samples = 32, seed = 0, dtype = "float32", signal, onProgress } = options;
  const pictures = options.pictures ?? noise(model, samples, seed);
  if (pictures.length === 0) throw new ArgumentError("effectiveField: there are no pictures to average over");
  const program = await gradientProgram(model, { layer, channel }, "gradient", Math.min(16, pictures.length), model.inputShape, options);
  try {
    const position = options.position ?? centreOf(program.layer);
    checkPosition(program.layer, position);
    const mask = allocate(dtype, program.layer.channels * program.layer.height * program.layer.width);
    fillMask(mask, program.layer, channelOf(model, { layer, channel }, program.layer), position);

    const [channels, height, width] = model.inputShape;
    const profile = new Float64Array(height * width);
    for (let start = 0; start < pictures.length; start += program.batch) {
      signal?.throwIfAborted();
      const part = pictures.slice(start, start + program.batch);
      const { gradients } = await program.run(
        part,
        part.map(() => mask),
      );
      for (const { data } of gradients) {
        for (let i = 0; i < channels * profile.length; i++) profile[i % profile.length] += Math.abs(data[i]);
      }
      onProgress?.({ done: start + part.length, total: pictures.length });
    }
    const total = profile.reduce((sum, v) => sum + v, 0);
    if (total > 0) for (let i = 0; i < profile.length; i++) profile[i] /= total;

    const box = boxOf(model.field(layer), position);
    const [rows, columns] = [marginal(profile, width, "rows"), marginal(profile, width, "columns")].map(momentsOf);
    const share = (deviation: number, axis: number): number => (4 * deviation) / (box[axis][1] - box[axis][0] + 1);
    return {
      profile: new Tensor(profile, [height, width]),
      centre: [rows.mean, columns.mean],
      deviation: [rows.deviation, columns.deviation],
      box,
      share: [share(rows.deviation, 0), share(columns.deviation, 1)],
      position,
    };
  } finally {
    program.release();
  }
}

function noise(model: Model, samples: number, seed: number): Tensor[] {
  if (!Number.isInteger(samples) || samples < 1) throw new ArgumentError(`effectiveField: samples is ${samples}; expected an integer >= 1`);
  const generator = random(seed).fork("effective field");
  return Array.from({ length: samples }, () => randomNormal(model.inputShape, generator));
}

/** The profile summed over the other axis. */
function marginal(profile: Float64Array, width: number, along: "rows" | "columns"): Float64Array {
  const sums = new Float64Array(along === "rows" ? profile.length / width : width);
  profile.forEach((v, i) => {
    sums[along === "rows" ? Math.floor(i / width) : i % width] += v;
  });
  return sums;
}

function momentsOf(distribution: Float64Array): { readonly mean: number; readonly deviation: number } {
  const mean = distribution.reduce((sum, v, i) => sum + v * i, 0);
  return { mean, deviation: Math.sqrt(distribution.reduce((sum, v, i) => sum + v * (i - mean) ** 2, 0)) };
}
