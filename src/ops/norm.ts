// Normalisations within one sample: layer, group, instance and root mean square. All stand on one op that standardises over axes.
import { count, integers, optional, real } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { normaliseAxes, type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { mul } from "./arithmetic.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { checkParameters, defaultEps, overChannels, scaleAndShift, scaleFor } from "./norm-affine.ts";
import type { NormOptions } from "./norm-batch.ts";
import { type Maybe, oneFloatType, sortArguments, type Trailing } from "./operands.ts";
import { mean } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { square } from "./unary.ts";

const eps = real(defaultEps, "added to the variance", { min: 0 });
const [x0, x1, x2, x3] = [0, 1, 2, 3].map(e.operand);

/** x minus its mean, and 1/√(variance + eps). */
function centre(x: Value, axes: readonly number[], epsilon: number): { centred: Value; inverse: Value } {
  const centred = map(e.sub(x0, x1), [x, mean(x, { axes, keepDims: true })]);
  const inverse = map(e.rsqrt(e.add(x0, epsilon)), [mean(square(centred), { axes, keepDims: true })]);
  return { centred, inverse };
}

export const standardiseOp: Op = defineOp({
  name: "standardise",
  inputs: ["x"],
  attrs: { axes: integers(undefined, "axes that share a mean and a variance"), eps },
  shape({ x }, { axes }, where) {
    const values = normaliseAxes(axes, x.length, where).reduce((n, axis) => n * x[axis], 1);
    if (values === 0) throw new ShapeError(`${where}: axes [${axes.join(", ")}] of ${showShape(x)} have no values to take statistics of`);
    return x;
  },
  dtype: ({ all }) => oneFloatType("standardise", all),
  decompose({ x }, attrs) {
    const { centred, inverse } = centre(x, attrs.axes, attrs.eps);
    return mul(centred, inverse);
  },
  grad: {
    x(g, { x }, attrs, y) {
      const { inverse } = centre(x, attrs.axes, attrs.eps);
      const over = { axes: attrs.axes, keepDims: true };
      return map(e.mul(x2, e.sub(e.sub(x0, x3), e.mul(x1, e.operand(4)))), [g, y, inverse, mean(g, over), mean(mul(g, y), over)]);
    },
  },
  doc: { text: "(x - mean) / √(variance + eps) with mean and biased variance over the given axes." },
  cases: [
    { inputs: [[4, 7]], attrs: { axes: [-1] } },
    { inputs: [[2, 3, 4, 5]], attrs: { axes: [2, 3], eps: 0.01 } },
    { inputs: [[5, 3]], attrs: { axes: [0] } },
  ],
});

function trailing(x: Shape, given: readonly number[] | undefined, where: string): readonly number[] {
  const normalised = given ?? x.slice(-1);
  if (normalised.length === 0 || normalised.length > x.length || !sameShape(x.slice(-normalised.length), normalised)) {
    throw new ShapeError(`${where}: normalisedShape ${showShape(normalised)} is not how the input ${showShape(x)} ends`);
  }
  return normalised;
}

const lastAxes = (normalised: Shape): number[] => normalised.map((_, i) => i - normalised.length);
const normalisedShape = optional(integers(undefined, "sizes of the last axes, which are normalised together (default: the last one)"));

export const layerNormOp: Op = defineOp({
  name: "layerNorm",
  inputs: ["x", "weight?", "bias?"],
  attrs: { normalisedShape, eps },
  shape({ x, weight, bias }, attrs, where) {
    checkParameters(where, trailing(x, attrs.normalisedShape, where), { weight, bias });
    return x;
  },
  dtype: ({ all }) => oneFloatType("layerNorm", all),
  decompose({ x, weight, bias }, attrs) {
    const axes = lastAxes(trailing(x.shape, attrs.normalisedShape, "layerNorm"));
    return scaleAndShift(standardise(x, axes, attrs.eps), weight, bias);
  },
  doc: { text: "Normalises over the last axes of each sample; weight and bias have their shape.", cites: ["Ba, Kiros & Hinton 2016"] },
  cases: [
    { inputs: [[4, 7], [7], [7]] },
    {
      inputs: [
        [2, 3, 4],
        [3, 4],
        [3, 4],
      ],
      attrs: { normalisedShape: [3, 4] },
    },
    { title: "without scale and shift", inputs: [[2, 3, 2, 2]], attrs: { normalisedShape: [3, 2, 2] } },
  ],
});

export const rmsNormOp: Op = defineOp({
  name: "rmsNorm",
  inputs: ["x", "weight?"],
  attrs: { normalisedShape, eps },
  shape({ x, weight }, attrs, where) {
    checkParameters(where, trailing(x, attrs.normalisedShape, where), { weight });
    return x;
  },
  dtype: ({ all }) => oneFloatType("rmsNorm", all),
  decompose({ x, weight }, attrs) {
    const axes = lastAxes(trailing(x.shape, attrs.normalisedShape, "rmsNorm"));
    const power = mean(square(x), { axes, keepDims: true });
    return scaleAndShift(map(e.mul(x0, e.rsqrt(e.add(x1, attrs.eps))), [x, power]), weight, undefined);
  },
  doc: { text: "x / √(mean of x² + eps) · weight over the last axes of each sample.", cites: ["Zhang & Sennrich 2019"] },
  cases: [{ inputs: [[4, 7], [7]] }, { inputs: [[2, 3, 4]], attrs: { normalisedShape: [3, 4], eps: 0.1 } }],
});

export const groupNormOp: Op = defineOp({
  name: "groupNorm",
  inputs: ["x", "weight?", "bias?"],
  attrs: { groups: count(1, 1, "runs of channels that are normalised together"), eps },
  shape({ x, weight, bias }, { groups }, where) {
    if (x.length < 2) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...]`);
    if (x[1] % groups !== 0) throw new ShapeError(`${where}: ${x[1]} channels do not divide into ${groups} groups`);
    checkParameters(where, [x[1]], { weight, bias });
    return x;
  },
  dtype: ({ all }) => oneFloatType("groupNorm", all),
  decompose({ x, weight, bias }, { groups, eps: epsilon }) {
    const perGroup = reshape(x, [x.shape[0], groups, sizeOf(x.shape.slice(1)) / groups]);
    const normalised = reshape(standardise(perGroup, [2], epsilon), x.shape);
    return scaleAndShift(normalised, weight && overChannels(weight, x.rank), bias && overChannels(bias, x.rank));
  },
  doc: { text: "Normalises each run of channels of each sample; weight and bias per channel.", cites: ["Wu & He 2018"] },
  cases: [
    { inputs: [[2, 6, 3, 2], [6], [6]], attrs: { groups: 3 } },
    { title: "one group, without scale and shift", inputs: [[2, 4, 5]] },
    { title: "dense features", inputs: [[3, 4], [4]], attrs: { groups: 2 } },
  ],
});

export const instanceNormOp: Op = defineOp({
  name: "instanceNorm",
  inputs: ["x", "weight?", "bias?"],
  attrs: { eps },
  shape({ x, weight, bias }, _, where) {
    if (x.length < 3) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...spatial]`);
    if (sizeOf(x.slice(2)) === 1) throw new ShapeError(`${where}: ${showShape(x)} has one value per channel, whose variance is 0`);
    checkParameters(where, [x[1]], { weight, bias });
    return x;
  },
  dtype: ({ all }) => oneFloatType("instanceNorm", all),
  decompose({ x, weight, bias }, attrs) {
    const spatial = x.shape.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    return scaleAndShift(standardise(x, spatial, attrs.eps), weight && overChannels(weight, x.rank), bias && overChannels(bias, x.rank));
  },
  doc: {
    text: "Normalises each channel of each sample over space; weight and bias per channel.",
    cites: ["Ulyanov, Vedaldi & Lempitsky 2016"],
  },
  cases: [{ inputs: [[2, 3, 4, 5], [3], [3]] }, { title: "without scale and shift", inputs: [[2, 3, 7]] }],
});

/** (x - mean) / √(variance + eps) over `axes`. */
export function standardise<T extends Operand>(x: T, axes: readonly number[], epsilon: number = defaultEps): T {
  return apply(standardiseOp, [x], { axes, eps: epsilon });
}

export interface TrailingNormOptions extends NormOptions {
  /** Sizes of the last axes, which are normalised together (default: the last axis alone). */
  readonly normalisedShape?: readonly number[];
}

/** Layer norm over the last axes; weight and bias have the shape `normalisedShape`. */
export function layerNorm<T extends Operand>(x: T, options?: TrailingNormOptions): T;
export function layerNorm<T extends Operand>(x: T, weight: Maybe<T>, options?: TrailingNormOptions): T;
export function layerNorm<T extends Operand>(x: T, weight: Maybe<T>, bias: Maybe<T>, options?: TrailingNormOptions): T;
export function layerNorm<T extends Operand>(x: T, ...trailing: Trailing<T, TrailingNormOptions>): T {
  const { operands, options } = sortArguments("layerNorm", { x }, ["weight", "bias"], trailing);
  const [weight, bias] = operands;
  return apply(layerNormOp, [x, scaleFor(weight, bias), bias], options);
}

/** Root-mean-square norm over the last axes; weight has the shape `normalisedShape`. */
export function rmsNorm<T extends Operand>(x: T, options?: TrailingNormOptions): T;
export function rmsNorm<T extends Operand>(x: T, weight: Maybe<T>, options?: TrailingNormOptions): T;
export function rmsNorm<T extends Operand>(x: T, ...trailing: Trailing<T, TrailingNormOptions>): T {
  const { operands, options } = sortArguments("rmsNorm", { x }, ["weight"], trailing);
  return apply(rmsNormOp, [x, ...operands], options);
}

export interface GroupNormOptions extends NormOptions {
  /** Runs of channels that are normalised together (default 1). */
  readonly groups?: number;
}

/** Group norm of [N, C, ...]; weight and bias [C]. Throws `ShapeError` when the channels do not divide into `groups`. */
export function groupNorm<T extends Operand>(x: T, options?: GroupNormOptions): T;
export function groupNorm<T extends Operand>(x: T, weight: Maybe<T>, options?: GroupNormOptions): T;
export function groupNorm<T extends Operand>(x: T, weight: Maybe<T>, bias: Maybe<T>, options?: GroupNormOptions): T;
export function groupNorm<T extends Operand>(x: T, ...trailing: Trailing<T, GroupNormOptions>): T {
  const { operands, options } = sortArguments("groupNorm", { x }, ["weight", "bias"], trailing);
  const [weight, bias] = operands;
  return apply(groupNormOp, [x, scaleFor(weight, bias), bias], options);
}

/** Instance norm of [N, C, ...spatial]; weight and bias [C]. Throws `ShapeError` for one value per channel. */
export function instanceNorm<T extends Operand>(x: T, options?: NormOptions): T;
export function instanceNorm<T extends Operand>(x: T, weight: Maybe<T>, options?: NormOptions): T;
export function instanceNorm<T extends Operand>(x: T, weight: Maybe<T>, bias: Maybe<T>, options?: NormOptions): T;
export function instanceNorm<T extends Operand>(x: T, ...trailing: Trailing<T, NormOptions>): T {
  const { operands, options } = sortArguments("instanceNorm", { x }, ["weight", "bias"], trailing);
  const [weight, bias] = operands;
  return apply(instanceNormOp, [x, scaleFor(weight, bias), bias], options);
}
