// Colours as data have them. Channels of a photograph go up and down together; a picture whose free numbers are turned by the root of the
// channels' covariance starts, and moves, in such colours. And what it may be: bounds, reached by a sigmoid or by clipping.
import type { GradRule } from "../../graph/op.ts";
import { constant, type Operand } from "../../graph/record.ts";
import { add, clip, div, ge, gt, le, lt, matmul, mul, reshape, sigmoid, sqrt, square, sub, sum } from "../../ops/index.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { type Shape, showShape } from "../../tensor/shape.ts";
import { type DType, Tensor } from "../../tensor/tensor.ts";

/** Root of the covariance of ImageNet's red, green and blue, each in 0..1 (Olah et al. 2017). Its first column is brightness. */
export const imagenetColour: Tensor = new Tensor(Float32Array.of(0.26, 0.09, 0.02, 0.27, 0, -0.05, 0.27, -0.09, 0.03), [3, 3]);

/** M / |M|, |M| the length of the longest column. Throws `ShapeError` unless M is [C, C]. */
export function normalisedColour(matrix: Tensor, channels: number): Tensor {
  if (matrix.rank !== 2 || matrix.shape[0] !== channels || matrix.shape[1] !== channels) {
    throw new ShapeError(`maximise: the colour matrix is ${showShape(matrix.shape)}; the net's pictures need [${channels}, ${channels}]`);
  }
  let longest = 0;
  for (let k = 0; k < channels; k++) {
    longest = Math.max(longest, Math.hypot(...Array.from({ length: channels }, (_, c) => matrix.data[c * channels + k])));
  }
  if (!(longest > 0)) throw new ArgumentError("maximise: the colour matrix is zero: the data has one colour only");
  return new Tensor(
    matrix.data.map((v) => v / longest),
    matrix.shape,
  );
}

/** out_c = Σ_k M_ck · raw_k at every pixel of [N, C, H, W]. */
export function recoloured<T extends Operand>(raw: T, matrix: T): T {
  const [batch, channels, height, width] = raw.shape;
  return reshape(matmul(matrix, reshape(raw, [batch, channels, height * width])), [batch, channels, height, width]);
}

/**
 * Which pictures are allowed. "data": what normalisation can make of pixels in 0..1. { low, high }: numbers per channel or one for all.
 * { norm }: pictures of this Euclidean length. "none": all.
 */
export type Bounds =
  | "data"
  | "none"
  | { readonly low: number | readonly number[]; readonly high: number | readonly number[] }
  | { readonly norm: number };

/** How pixels in 0..1 became the net's input: minus mean, divided by deviation, per channel. */
export interface PixelScale {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export interface BoundsOptions {
  readonly bounds: Bounds;
  /** How bounds are kept: by a sigmoid (default), or by clipping with the projected gradient. */
  readonly squash: "sigmoid" | "clip";
  readonly normalisation: PixelScale | undefined;
  /** [C, H, W]. */
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A tensor as an operand of the same kind as `model`. */
export function like<T extends Operand>(model: T, tensor: Tensor): T {
  return (model instanceof Tensor ? tensor : constant(tensor)) as T;
}

/** Raw pictures [N, C, H, W] to pictures within bounds; 0 becomes the data's mean, or the middle where that is no picture. */
export function limit({ bounds, squash, normalisation, shape, dtype }: BoundsOptions): <T extends Operand>(raw: T) => T {
  if (bounds === "none") return (raw) => raw;
  if (typeof bounds === "object" && "norm" in bounds) {
    const { norm } = bounds;
    return (raw) => mul(div(raw, sqrt(sum(square(raw), { axes: [1, 2, 3], keepDims: true }))), norm);
  }
  const [low, high] = boundsPerChannel(bounds, normalisation, shape[0]);
  const perChannel = (values: readonly number[]): Tensor => new Tensor(Float64Array.from(values), [values.length, 1, 1]).cast(dtype);
  const lowest = perChannel(low);
  const reach = perChannel(high.map((h, c) => h - low[c]));
  const start = perChannel(
    high.map((h, c) => {
      const share = -low[c] / (h - low[c]);
      const kept = share > 0 && share < 1 ? Math.min(0.98, Math.max(0.02, share)) : 0.5;
      return squash === "clip" ? kept : Math.log(kept / (1 - kept));
    }),
  );
  return (raw) => {
    const moved = add(raw, like(raw, start));
    return add(mul(squash === "clip" ? clip(moved, { min: 0, max: 1 }) : sigmoid(moved), like(raw, reach)), like(raw, lowest));
  };
}

/** The gradient of `clip` is 0 only where a step along it would lead further out: a clipped pixel may come back. */
export const projectedClip: Readonly<Record<string, GradRule>> = {
  clip: (g, { x }, { min, max }) => {
    const out = add(mul(ge(x, max as number), gt(g, 0)), mul(le(x, min as number), lt(g, 0)));
    return mul(g, sub(1, out));
  },
};

/**
 * How many of the net's units the usual contrast of a picture is, a standard deviation of 0.225 of the pixel range: 1 after the usual
 * normalisation, 57 for nets that take 0..255. Penalties on contrast are measured in it.
 */
export function contrastOf(normalisation: PixelScale | undefined): number {
  if (normalisation === undefined) return 1;
  const { deviation } = normalisation;
  return (usualDeviation * deviation.length) / deviation.reduce((sum, d) => sum + d, 0);
}

/** How many of the net's units the whole pixel range is, per channel; of the usual ones where it is not known. */
export function reachOf(normalisation: PixelScale | undefined, channels: number): number[] {
  return Array.from({ length: channels }, (_, c) => 1 / (normalisation?.deviation[c] ?? usualDeviation));
}

/** Standard deviation of pixels of photographs, as a share of their range. */
const usualDeviation = 0.225;

/** 0.5 of the pixel range as the net sees it, per channel; 0, the data's mean, where the range is not known. */
export function greyOf(normalisation: PixelScale | undefined, channels: number): number[] {
  return Array.from({ length: channels }, (_, c) =>
    normalisation === undefined ? 0 : (0.5 - normalisation.mean[c]) / normalisation.deviation[c],
  );
}

function boundsPerChannel(
  bounds: Exclude<Bounds, "none" | { norm: number }>,
  normalisation: PixelScale | undefined,
  channels: number,
): [number[], number[]] {
  if (bounds === "data") {
    if (normalisation === undefined) {
      throw new ArgumentError('maximise: bounds "data" need a model that knows its preprocessing, or the option normalisation');
    }
    const { mean, deviation } = normalisation;
    if (mean.length !== channels || deviation.length !== channels) {
      throw new ArgumentError(`maximise: the normalisation has ${mean.length} channels; the net takes ${channels}`);
    }
    return [mean.map((m, c) => -m / deviation[c]), mean.map((m, c) => (1 - m) / deviation[c])];
  }
  const all = (given: number | readonly number[]): number[] =>
    typeof given === "number" ? new Array<number>(channels).fill(given) : [...given];
  const [low, high] = [all(bounds.low), all(bounds.high)];
  if (low.length !== channels || high.length !== channels || !low.every((l, c) => l < high[c])) {
    throw new ArgumentError(
      `maximise: bounds [${low.join(", ")}] to [${high.join(", ")}] do not fit ${channels} channels; low must lie below high`,
    );
  }
  return [low, high];
}
