// How a picture is written as numbers that may be anything: as pixels or as waves, and then brought into the range that pictures have.
import { constant, type Operand } from "../graph/record.ts";
import { add, div, mul, sigmoid, sqrt, square, sum } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { Random } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { type DType, Tensor } from "../tensor/tensor.ts";
import { drawWaves, waveBasis, waveScales } from "./fourier.ts";
import { transformed } from "./separable.ts";

export type ParametrisationName = "pixel" | "fourier";

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

export interface Parametrisation {
  /** One picture's start: small noise around the data's mean. */
  start(generator: Random): Float32Array;
  /** Free numbers [N, C, H, W] to pictures [N, C, H, W]; differentiable, and computes at once on tensors. */
  picture<T extends Operand>(free: T): T;
}

export interface ParametrisationOptions {
  readonly name: ParametrisationName;
  readonly bounds: Bounds;
  readonly normalisation: PixelScale | undefined;
  /** [C, H, W]. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Exponent of the waves' falling sizes (Fourier only). */
  readonly decay: number;
}

/**
 * How free numbers become a picture within bounds. Throws `ArgumentError` for unknown names and for bounds that do not fit the
 * channels.
 */
export function parametrisation(options: ParametrisationOptions): Parametrisation {
  const { name, shape, dtype, decay } = options;
  const [channels, height, width] = shape;
  const bounded = limit(options);
  if (name === "pixel") {
    return { start: (generator) => new Float32Array(sizeOf(shape)).map(() => 0.01 * generator.normal()), picture: bounded };
  }
  if (name !== "fourier") throw new ArgumentError(`maximise: parametrisation is "${String(name)}"; expected pixel or fourier`);
  const [rows, columns, scales] = [waveBasis(height), waveBasis(width), waveScales(height, width, decay)].map((t) => t.cast(dtype));
  return {
    start(generator) {
      const all = new Float32Array(sizeOf(shape));
      for (let c = 0; c < channels; c++) all.set(drawWaves(height, width, generator), c * height * width);
      return all;
    },
    picture: (free) => bounded(transformed(mul(free, like(free, scales)), like(free, rows), like(free, columns))),
  };
}

/** A tensor as an operand of the same kind as `model`. */
function like<T extends Operand>(model: T, tensor: Tensor): T {
  return (model instanceof Tensor ? tensor : constant(tensor)) as T;
}

function limit({ bounds, normalisation, shape, dtype }: ParametrisationOptions): Parametrisation["picture"] {
  if (bounds === "none") return (raw) => raw;
  if (typeof bounds === "object" && "norm" in bounds) {
    const { norm } = bounds;
    return (raw) => mul(div(raw, sqrt(sum(square(raw), { axes: [1, 2, 3], keepDims: true }))), norm);
  }
  const [low, high] = boundsPerChannel(bounds, normalisation, shape[0]);
  const perChannel = (values: readonly number[]): Tensor => new Tensor(Float64Array.from(values), [values.length, 1, 1]).cast(dtype);
  const lowest = perChannel(low);
  const reach = perChannel(high.map((h, c) => h - low[c]));
  // Free numbers of 0 should be the data's mean, which normalisation puts at 0; where 0 is no picture, the middle.
  const offset = perChannel(
    high.map((h, c) => {
      const share = -low[c] / (h - low[c]);
      const kept = share > 0 && share < 1 ? Math.min(0.98, Math.max(0.02, share)) : 0.5;
      return Math.log(kept / (1 - kept));
    }),
  );
  return (raw) => add(mul(sigmoid(add(raw, like(raw, offset))), like(raw, reach)), like(raw, lowest));
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
