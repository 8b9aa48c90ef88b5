// Batch normalisation: with given statistics (evaluation) and with those of the batch (training).
import { real } from "../graph/attrs.ts";
import { defineOp, type Ins, type Op, pointwise } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { channelAxes, channelSums } from "./channel-sums.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { stopGradient } from "./identity.ts";
import { checkParameters, defaultEps, overChannels, scaleFor } from "./norm-affine.ts";
import { type Maybe, oneFloatType, sortArguments, type Trailing } from "./operands.ts";
import { mean, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

const eps = real(defaultEps, "added to the variance", { min: 0 });

function channelsOf(x: Shape, where: string): number {
  if (x.length < 2) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...]`);
  return x[1];
}

function valuesPerChannel(x: Shape, where: string): number {
  const channels = channelsOf(x, where);
  const values = channels === 0 ? 0 : sizeOf(x) / channels;
  if (values === 0) throw new ShapeError(`${where}: ${showShape(x)} has no values to take statistics of`);
  return values;
}

const [x0, x1, x2, x3, x4, x5] = [0, 1, 2, 3, 4, 5].map(e.operand);

/** What one sum per channel became. */
function row(sums: Value, index: number): Value {
  return reshape(slice(sums, { axes: [0], starts: [index], ends: [index + 1] }), [sums.shape[1]]);
}

/**
 * Σ (x - near) and Σ (x - near)² per channel, in one sweep. `near` is the mean of the first picture. That is one of N in the batch, so
 * (near - mean)² <= N · variance, and what cancels when the sums become the variance costs no more digits than N has.
 * Chan, Golub, LeVeque 1983, "shifted data".
 */
function shiftedSums(x: Value): { readonly near: Value; readonly sums: Value; readonly values: number } {
  const near = stopGradient(mean(slice(x, { axes: [0], starts: [0], ends: [1] }), { axes: channelAxes(x) }));
  const shifted = e.sub(x0, x1);
  return {
    near,
    sums: channelSums([x, overChannels(near, x.rank)], [shifted, e.square(shifted)]),
    values: sizeOf(x.shape) / x.shape[1],
  };
}

const statisticsCases = [{ inputs: [[3, 4, 5, 2]] }, { inputs: [[7, 3]] }, { inputs: [[2, 3, 4]] }];

export const channelMeanOp: Op = defineOp({
  name: "channelMean",
  inputs: ["x"],
  shape({ x }, _, where) {
    valuesPerChannel(x, where);
    return [x[1]];
  },
  decompose({ x }) {
    const { near, sums, values } = shiftedSums(x);
    return map(e.add(x0, e.div(x1, values)), [near, row(sums, 0)]);
  },
  doc: { text: "Mean of each channel (axis 1) over all other axes: [N, C, ...] -> [C]." },
  cases: statisticsCases,
});

export const channelVarianceOp: Op = defineOp({
  name: "channelVariance",
  inputs: ["x"],
  shape({ x }, _, where) {
    valuesPerChannel(x, where);
    return [x[1]];
  },
  decompose({ x }) {
    const { sums, values } = shiftedSums(x);
    return map(e.max(e.sub(e.div(x1, values), e.square(e.div(x0, values))), 0), [row(sums, 0), row(sums, 1)]);
  },
  doc: { text: "Biased variance of each channel (axis 1) over all other axes: [N, C, ...] -> [C]." },
  cases: statisticsCases,
});

/** 1 / √(variance + eps), one per channel. */
const inverseDeviation = (spread: Value, epsilon: number): Value => map(e.rsqrt(e.add(x0, epsilon)), [spread]);

export const batchNormOp: Op = defineOp({
  name: "batchNorm",
  inputs: ["x", "mean", "variance", "weight?", "bias?"],
  attrs: { eps },
  shape({ x, mean: m, variance: v, weight, bias }, _, where) {
    checkParameters(where, [channelsOf(x, where)], { mean: m, variance: v, weight, bias });
    return x;
  },
  dtype: ({ all }) => oneFloatType("batchNorm", all),
  field: () => ({ x: pointwise }),
  // Subtracting the mean first keeps the digits that x·scale + shift would lose where the mean is large.
  decompose({ x, mean: m, variance: v, weight, bias }, attrs) {
    const inverse = inverseDeviation(v, attrs.eps);
    const scale = weight === undefined ? inverse : map(e.mul(x0, x1), [inverse, weight]);
    const normalised = e.mul(e.sub(x0, x1), x2);
    const vectors = [m, scale, ...(bias === undefined ? [] : [bias])].map((vector) => overChannels(vector, x.rank));
    return map(bias === undefined ? normalised : e.add(normalised, x3), [x, ...vectors]);
  },
  doc: {
    text: "(x - mean) / √(variance + eps) · weight + bias per channel, with given statistics: batch norm in evaluation.",
    cites: ["Ioffe & Szegedy 2015"],
  },
  cases: [
    { inputs: [[2, 3, 4, 5], [3], { shape: [3], fill: "positive" }, [3], [3]] },
    { title: "without scale and shift", inputs: [[4, 3], [3], { shape: [3], fill: "positive" }] },
    { title: "scale alone", inputs: [[2, 3, 7], [3], { shape: [3], fill: "positive" }, [3]], attrs: { eps: 0.1 } },
  ],
});

function checkTraining({ x, weight, bias }: Ins<Shape>, where: string): Shape {
  const values = valuesPerChannel(x, where);
  if (values === 1) {
    throw new ShapeError(`${where}: ${showShape(x)} has one value per channel, whose variance is 0; training needs at least 2`);
  }
  checkParameters(where, [x[1]], { weight, bias });
  return x;
}

export const batchNormWeightGradOp: Op = defineOp({
  name: "batchNormWeightGrad",
  inputs: ["g", "x", "mean", "variance"],
  attrs: { eps },
  shape({ g, x, mean: m, variance: v }, _, where) {
    checkParameters(where, x, { g });
    checkParameters(where, [channelsOf(x, where)], { mean: m, variance: v });
    return [x[1]];
  },
  decompose({ g, x, mean: m, variance: v }, attrs) {
    const products = map(e.mul(x0, e.sub(x1, x2)), [g, x, overChannels(m, x.rank)]);
    return map(e.mul(x0, x1), [sum(products, { axes: channelAxes(x) }), inverseDeviation(v, attrs.eps)]);
  },
  doc: { text: "Σ g · (x - mean) / √(variance + eps) per channel: the gradient of batch norm in its scale." },
  cases: [
    { inputs: [[3, 4, 5, 2], [3, 4, 5, 2], [4], { shape: [4], fill: "positive" }] },
    { inputs: [[6, 3], [6, 3], [3], { shape: [3], fill: "positive" }] },
  ],
});

export const batchNormTrainingOp: Op = defineOp({
  name: "batchNormTraining",
  inputs: ["x", "weight?", "bias?"],
  attrs: { eps },
  shape: (ins, _, where) => checkTraining(ins, where),
  dtype: ({ all }) => oneFloatType("batchNormTraining", all),
  // Every output sees the whole batch through the statistics; the receptive field that people ask for ignores that.
  field: () => ({ x: pointwise }),
  decompose: ({ x, weight, bias }, attrs) => batchNorm(x, channelMean(x), channelVariance(x), weight, bias, attrs),
  // With z the normalised x: dx = scale · (g - mean(g) - z · mean(g · z)); the two means are the parameters' gradients over n.
  grad: {
    all(g, { x, weight, bias }, attrs) {
      const perChannel = (vector: Value): Value => overChannels(vector, x.rank);
      const values = sizeOf(x.shape) / x.shape[1];
      const m = channelMean(x);
      const v = channelVariance(x);
      const sums = channelSums([g, x, perChannel(m)], [x0, e.mul(x0, e.sub(x1, x2))]);
      const biasGrad = row(sums, 0);
      const inverse = inverseDeviation(v, attrs.eps);
      const weightGrad = map(e.mul(x0, x1), [row(sums, 1), inverse]);
      const scale = weight === undefined ? inverse : map(e.mul(x0, x1), [inverse, weight]);
      const slope = map(e.div(e.mul(x0, e.mul(x1, x2)), values), [scale, inverse, weightGrad]);
      const shift = map(e.div(x0, values), [biasGrad]);
      const xGrad = map(e.sub(e.mul(x2, e.sub(x0, x4)), e.mul(x3, e.sub(x1, x5))), [g, x, ...[scale, slope, shift, m].map(perChannel)]);
      return [xGrad, ...(weight === undefined ? [] : [weightGrad]), ...(bias === undefined ? [] : [biasGrad])];
    },
  },
  doc: {
    text: "Batch norm in training: each channel is normalised by its own mean and biased variance over the batch.",
    cites: ["Ioffe & Szegedy 2015, algorithm 1"],
  },
  cases: [
    { inputs: [[3, 4, 5, 2], [4], [4]] },
    { title: "without scale and shift", inputs: [[2, 3, 4, 4]] },
    { title: "dense features", inputs: [[8, 3], [3], [3]] },
    { title: "scale alone, 3-d", inputs: [[2, 2, 3, 2, 2], [2]], attrs: { eps: 0.01 } },
  ],
});

export interface NormOptions {
  /** Added to the variance before the root (default 1e-5). */
  readonly eps?: number;
}

/** Mean of each channel over batch and space: [N, C, ...] -> [C]. */
export function channelMean<T extends Operand>(x: T): T {
  return apply(channelMeanOp, [x]);
}

/** Biased variance of each channel over batch and space: [N, C, ...] -> [C]. */
export function channelVariance<T extends Operand>(x: T): T {
  return apply(channelVarianceOp, [x]);
}

/** Batch norm with given statistics; x [N, C, ...], all others [C]. */
export function batchNorm<T extends Operand>(x: T, mean: T, variance: T, options?: NormOptions): T;
export function batchNorm<T extends Operand>(x: T, mean: T, variance: T, weight: Maybe<T>, options?: NormOptions): T;
export function batchNorm<T extends Operand>(x: T, mean: T, variance: T, weight: Maybe<T>, bias: Maybe<T>, options?: NormOptions): T;
export function batchNorm<T extends Operand>(x: T, mean: T, variance: T, ...trailing: Trailing<T, NormOptions>): T {
  const { operands, options } = sortArguments("batchNorm", { x, mean, variance }, ["weight", "bias"], trailing);
  const [weight, bias] = operands;
  return apply(batchNormOp, [x, mean, variance, scaleFor(weight, bias), bias], options);
}

/** Batch norm with the batch's own statistics; x [N, C, ...], weight and bias [C]. Throws `ShapeError` for one value per channel. */
export function batchNormTraining<T extends Operand>(x: T, options?: NormOptions): T;
export function batchNormTraining<T extends Operand>(x: T, weight: Maybe<T>, options?: NormOptions): T;
export function batchNormTraining<T extends Operand>(x: T, weight: Maybe<T>, bias: Maybe<T>, options?: NormOptions): T;
export function batchNormTraining<T extends Operand>(x: T, ...trailing: Trailing<T, NormOptions>): T {
  const { operands, options } = sortArguments("batchNormTraining", { x }, ["weight", "bias"], trailing);
  const [weight, bias] = operands;
  return apply(batchNormTrainingOp, [x, scaleFor(weight, bias), bias], options);
}
