// How parameters get their first values. The spread of a weight's start decides whether signals survive a deep stack, so the formulas
// and their sources stand here once, and every layer only chooses.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import { type Random, randomNormal, randomUniform } from "../tensor/random.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { full, Tensor, zeros } from "../tensor/tensor.ts";

/** How many inputs feed one output of a weight, and how many outputs one input feeds. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * Makes the first value of a parameter. `fans` are those of the layer's weight, so that a bias can follow its weight;
 * `generator` depends on the seed and the parameter's name alone.
 */
export type Initialiser = (shape: Shape, generator: Random, fans: Fans) => Tensor;

/** Nonlinearities with a recommended gain (PyTorch's table; He et al. 2015 for the rectifiers). */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

export interface KaimingOptions {
  /** Keep the variance of the forward signal ("fanIn", default) or of the gradients ("fanOut"). */
  readonly mode?: "fanIn" | "fanOut";
  /** Factor on the deviation (default √2, right for ReLU). */
  readonly gain?: number;
}

/** Fans of a weight [out, in, k...]: in·Πk and out·Πk. A vector or scalar counts its own size as both. */
export function fansOf(shape: Shape): Fans {
  if (shape.length < 2) return { fanIn: sizeOf(shape), fanOut: sizeOf(shape) };
  const window = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * window, fanOut: shape[0] * window };
}

/** The factor by which a weight's deviation should exceed 1/√fan before this nonlinearity. `slope` is leakyRelu's (default 0.01). */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case "linear":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + slope ** 2));
    case "selu":
      return 3 / 4;
    default:
      throw new ArgumentError(`gainOf: "${String(nonlinearity)}" is not one of linear, sigmoid, tanh, relu, leakyRelu, selu`);
  }
}

/** Every element the same number. */
export function constant(value: number): Initialiser {
  return (shape) => full(shape, value);
}

/** U(low, high). */
export function uniform(low = 0, high = 1): Initialiser {
  return (shape, generator) => randomUniform(shape, generator, low, high);
}

/** N(mean, deviation²). */
export function normal(mean = 0, deviation = 1): Initialiser {
  return (shape, generator) => randomNormal(shape, generator, mean, deviation);
}

/** N(mean, deviation²) with draws outside [low, high] drawn again; the bounds are absolute (default two deviations either side). */
export function truncatedNormal(
  mean = 0,
  deviation = 1,
  low: number = mean - 2 * deviation,
  high: number = mean + 2 * deviation,
): Initialiser {
  // A far-away interval would be redrawn for ever; four deviations already keep only one draw in thirty thousand.
  if (!(low < high) || low > mean + 4 * deviation || high < mean - 4 * deviation) {
    throw new ArgumentError(`truncatedNormal: [${low}, ${high}] holds next to nothing of N(${mean}, ${deviation}²)`);
  }
  return (shape, generator) => {
    const out = zeros(shape);
    for (let i = 0; i < out.size; i++) {
      let drawn: number;
      do drawn = mean + deviation * generator.normal();
      while (drawn < low || drawn > high);
      out.data[i] = drawn;
    }
    return out;
  };
}

/** Variance gain²·2/(fanIn + fanOut), uniform. Glorot & Bengio 2010, equation 16. */
export function xavierUniform(gain = 1): Initialiser {
  return (shape, generator, { fanIn, fanOut }) => spread(shape, generator, gain * Math.sqrt(2 / (fanIn + fanOut)), "uniform");
}

/** Variance gain²·2/(fanIn + fanOut), normal. Glorot & Bengio 2010. */
export function xavierNormal(gain = 1): Initialiser {
  return (shape, generator, { fanIn, fanOut }) => spread(shape, generator, gain * Math.sqrt(2 / (fanIn + fanOut)), "normal");
}

/** Variance gain²/fan, uniform. He et al. 2015, equations 10 and 14. */
export function kaimingUniform(options: KaimingOptions = {}): Initialiser {
  const { mode, gain } = kaiming("kaimingUniform", options);
  return (shape, generator, fans) => spread(shape, generator, gain / Math.sqrt(fans[mode]), "uniform");
}

/** Variance gain²/fan, normal. He et al. 2015. */
export function kaimingNormal(options: KaimingOptions = {}): Initialiser {
  const { mode, gain } = kaiming("kaimingNormal", options);
  return (shape, generator, fans) => spread(shape, generator, gain / Math.sqrt(fans[mode]), "normal");
}

function kaiming(where: string, options: KaimingOptions): Required<KaimingOptions> {
  checkOptions(where, options, ["mode", "gain"]);
  const { mode = "fanIn", gain = Math.SQRT2 } = options;
  if (mode !== "fanIn" && mode !== "fanOut") throw new ArgumentError(`${where}: mode is ${showGiven(mode)}; expected "fanIn" or "fanOut"`);
  return { mode, gain };
}

/** U(±1/√fanIn): what PyTorch gives convolutions and dense layers, weight and bias (kaiming_uniform_ with a = √5). */
export function fanInUniform(): Initialiser {
  return (shape, generator, { fanIn }) => {
    const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
    return randomUniform(shape, generator, -bound, bound);
  };
}

function spread(shape: Shape, generator: Random, deviation: number, kind: "uniform" | "normal"): Tensor {
  if (kind === "normal") return randomNormal(shape, generator, 0, deviation);
  const bound = Math.sqrt(3) * deviation;
  return randomUniform(shape, generator, -bound, bound);
}

/** Rows (or columns, if fewer) of the [out, rest] matrix orthonormal, times `gain`. Saxe, McClelland, Ganguli 2014. */
export function orthogonal(gain = 1): Initialiser {
  return (shape, generator) => {
    if (shape.length < 2) throw new ShapeError(`orthogonal: ${showShape(shape)} is no matrix; it needs at least two axes`);
    const rows = shape[0];
    const columns = sizeOf(shape.slice(1));
    const vectors = orthonormal(Math.min(rows, columns), Math.max(rows, columns), generator);
    const out = zeros(shape);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out.data[r * columns + c] = gain * (rows <= columns ? vectors[r][c] : vectors[c][r]);
    }
    return out;
  };
}

/** `count` orthonormal vectors by Gram-Schmidt in float64, run twice because one pass loses digits when vectors are nearly parallel. */
function orthonormal(count: number, length: number, generator: Random): Float64Array[] {
  const done: Float64Array[] = [];
  while (done.length < count) {
    const v = Float64Array.from({ length }, () => generator.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const u of done) {
        const along = dot(u, v);
        for (let i = 0; i < length; i++) v[i] -= along * u[i];
      }
    }
    const norm = Math.sqrt(dot(v, v));
    done.push(v.map((x) => x / norm));
  }
  return done;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** A convolution that starts as the identity: 1 at the centre tap of [c, c], per group. Zagoruyko & Komodakis 2017. */
export function dirac(groups = 1): Initialiser {
  return (shape) => {
    if (shape.length < 3) throw new ShapeError(`dirac: ${showShape(shape)} is no convolution weight; it needs at least three axes`);
    if (shape[0] % groups !== 0) throw new ShapeError(`dirac: ${shape[0]} output channels do not divide into ${groups} groups`);
    const perGroup = shape[0] / groups;
    const window = shape.slice(2);
    const centre = window.reduce((offset, k) => offset * k + Math.floor(k / 2), 0);
    const out = zeros(shape);
    for (let o = 0; o < shape[0]; o++) {
      const c = o % perGroup;
      if (c < shape[1]) out.data[(o * shape[1] + c) * sizeOf(window) + centre] = 1;
    }
    return out;
  };
}

/** These very numbers: a known filter, say. The shape must fit. */
export function values(given: Tensor): Initialiser {
  return (shape) => {
    if (sizeOf(shape) !== given.size) throw new ShapeError(`values: ${showShape(given.shape)} does not fill ${showShape(shape)}`);
    return new Tensor(Float32Array.from(given.data), shape);
  };
}
