// How a picture is written as numbers that may be anything - pixels, waves, a pyramid, phases, a small network - and then given the data's
// colours and brought into the range that pictures have.
import type { Operand } from "../../graph/record.ts";
import { add, cos, div, mean, mul, resize, sin, sqrt, square, sub } from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Random } from "../../tensor/random.ts";
import { type Shape, showShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { separably } from "./blur.ts";
import { type BoundsOptions, like, limit, normalisedColour, recoloured } from "./colour.ts";
import { coordinateNetwork } from "./cppn.ts";
import { dataScales, drawWaves, inverseFourier, inverseTransform, waveBasis, waveScales } from "./fourier.ts";

/**
 * "pixel": N(0, 0.01²) each. "fourier" (default): waves that shrink with their frequency. "laplacian": the sum of 4 enlarged levels. "shared":
 * waves of each picture plus a small picture that all of a batch share. "cppn": a network from coordinates to colours. "phase": the
 * magnitudes are the data set's, only phases move.
 */
export type ParametrisationName = "pixel" | "fourier" | "laplacian" | "shared" | "cppn" | "phase";

export const parametrisationNames: readonly ParametrisationName[] = ["pixel", "fourier", "laplacian", "shared", "cppn", "phase"];

/** Free numbers by name. Those in `shared` are [1, ...] for the whole batch, all others [N, ...]. */
export type Free<T> = Readonly<Record<string, T>>;

/** Free numbers as raw pictures [N, C, H, W], before colours and bounds. */
export interface RawParametrisation {
  /** Shapes without the batch axis. */
  readonly shapes: Free<Shape>;
  readonly shared?: readonly string[];
  /** One picture's start. */
  start(generator: Random): Record<string, Float32Array>;
  /** Differentiable, and computes at once on tensors. */
  raw<T extends Operand>(free: Free<T>): T;
}

export interface Parametrisation extends Omit<RawParametrisation, "raw"> {
  /** Free numbers to pictures [N, C, H, W] as the net sees them. */
  picture<T extends Operand>(free: Free<T>): T;
}

export interface ParametrisationOptions extends BoundsOptions {
  readonly name: ParametrisationName;
  /** Exponent of the waves' falling sizes. */
  readonly decay: number;
  /** [C, H, W/2 + 1], the data's mean magnitudes: instead of the decay in waves, and what "phase" keeps. */
  readonly spectrum: Tensor | undefined;
  /** [C, C], whose columns are the colours that vary independently; undefined leaves channels as they are. */
  readonly colour: Tensor | undefined;
}

/** How free numbers become a picture within bounds. Throws `ArgumentError` for unknown names and for bounds that do not fit the channels. */
export function parametrisation(options: ParametrisationOptions): Parametrisation {
  const { shape, dtype, colour } = options;
  const own = rawParametrisation(options);
  const bounded = limit(options);
  const matrix = colour && normalisedColour(colour, shape[0]).cast(dtype);
  return {
    ...own,
    picture: (free) => {
      const raw = own.raw(free);
      return bounded(matrix === undefined ? raw : recoloured(raw, like(raw, matrix)));
    },
  };
}

function rawParametrisation(options: ParametrisationOptions): RawParametrisation {
  switch (options.name) {
    case "pixel":
      return pixels(options.shape);
    case "fourier":
      return waves(options);
    case "laplacian":
      return pyramid(options.shape);
    case "shared":
      return withShared(waves(options), options.shape);
    case "cppn":
      return coordinateNetwork(options.shape, options.dtype);
    case "phase":
      return phases(options);
    default:
      throw new ArgumentError(`maximise: parametrisation is "${String(options.name)}"; expected one of ${parametrisationNames.join(", ")}`);
  }
}

const noise = (shape: Shape, generator: Random): Float32Array => new Float32Array(sizeOf(shape)).map(() => 0.01 * generator.normal());

function pixels(shape: Shape): RawParametrisation {
  return {
    shapes: { picture: shape },
    start: (generator) => ({ picture: noise(shape, generator) }),
    raw: ({ picture }) => picture,
  };
}

function waves({ shape, dtype, decay, spectrum }: ParametrisationOptions): RawParametrisation {
  const [channels, height, width] = shape;
  const scales = spectrum === undefined ? waveScales(height, width, decay) : dataScales(height, width, spectrum);
  const [rows, columns, factors] = [waveBasis(height), waveBasis(width), scales].map((t) => t.cast(dtype));
  return {
    shapes: { picture: shape },
    start(generator) {
      const all = new Float32Array(sizeOf(shape));
      for (let c = 0; c < channels; c++) all.set(drawWaves(height, width, generator), c * height * width);
      return { picture: all };
    },
    raw: ({ picture }) => separably(mul(picture, like(picture, factors)), like(picture, rows), like(picture, columns)),
  };
}

/** Level k has a 2^k-th of the size. */
function pyramid([channels, height, width]: Shape): RawParametrisation {
  const levels = [0, 1, 2, 3].map((k): [string, Shape] => [`level${k}`, [channels, Math.ceil(height / 2 ** k), Math.ceil(width / 2 ** k)]]);
  return {
    shapes: Object.fromEntries(levels),
    start: (generator) => Object.fromEntries(levels.map(([name, shape]) => [name, noise(shape, generator)])),
    raw: <T extends Operand>(free: Free<T>): T => levels.map(([name]) => enlarged(free[name], height, width)).reduce((a, b) => add(a, b)),
  };
}

function withShared(own: RawParametrisation, [channels, height, width]: Shape): RawParametrisation {
  const shape = [channels, Math.ceil(height / 4), Math.ceil(width / 4)];
  return {
    shapes: { ...own.shapes, shared: shape },
    shared: ["shared"],
    start: (generator) => ({ ...own.start(generator), shared: noise(shape, generator) }),
    raw: (free) => add(own.raw(free), enlarged(free.shared, height, width)),
  };
}

function enlarged<T extends Operand>(small: T, height: number, width: number): T {
  const same = small.shape[2] === height && small.shape[3] === width;
  return same ? small : resize(small, { size: [height, width], mode: "linear" });
}

/** Fel et al., "Unlocking feature visualization for deeper networks with magnitude constrained optimization", 2023. */
function phases({ shape, dtype, spectrum }: ParametrisationOptions): RawParametrisation {
  const [channels, height, width] = shape;
  const wanted = [channels, height, Math.floor(width / 2) + 1];
  if (spectrum === undefined || showShape(spectrum.shape) !== showShape(wanted)) {
    throw new ArgumentError(
      `maximise: the parametrisation "phase" keeps the data's mean magnitudes ${showShape(wanted)}; give the option statistics, from dataStatistics() of pictures of ${showShape(shape)}${spectrum === undefined ? "" : ` (those given are ${showShape(spectrum.shape)})`}`,
    );
  }
  const transform = inverseTransform(height, width);
  const [rows, columns] = [transform.rows, transform.columns].map(([c, s]): [Tensor, Tensor] => [c.cast(dtype), s.cast(dtype)]);
  const magnitude = spectrum.cast(dtype);
  return {
    shapes: { phase: wanted },
    start: (generator) => ({ phase: new Float32Array(sizeOf(wanted)).map(() => Math.PI * (2 * generator.uniform() - 1)) }),
    raw: <T extends Operand>({ phase }: Free<T>): T => {
      const angle = standardised(phase, 1e-5);
      const size = like(phase, magnitude);
      const both = ([c, s]: readonly [Tensor, Tensor]): [T, T] => [like(phase, c), like(phase, s)];
      return standardised(inverseFourier(mul(size, cos(angle)), mul(size, sin(angle)), both(rows), both(columns)), 1e-5);
    },
  };
}

/** Per picture: minus its mean, over its standard deviation. */
function standardised<T extends Operand>(x: T, epsilon: number): T {
  const all = { axes: [1, 2, 3], keepDims: true };
  const centred = sub(x, mean(x, all));
  return div(centred, add(sqrt(mean(square(centred), all)), epsilon));
}
