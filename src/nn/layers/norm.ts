// Normalisation layers. Batch norm is the only layer whose training differs in kind: it uses the batch's statistics and
// keeps a running average of them for later.
import { constant } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import * as ops from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { checkShape, sizeOf } from "../../tensor/shape.ts";
import { ones, zeros } from "../../tensor/tensor.ts";
import * as init from "../initialise.ts";
import { type Context, defineModule, type Module } from "../module.ts";
import { checkChannels } from "./conv.ts";

export interface BatchNormOptions {
  /** Added to the variance before the root (default 1e-5). */
  readonly eps?: number;
  /** Share of the new batch in the running statistics (default 0.1); null averages all batches equally. */
  readonly momentum?: number | null;
  /** Learn a scale and a shift per channel (default true). */
  readonly affine?: boolean;
}

export interface NormOptions {
  readonly eps?: number;
  readonly affine?: boolean;
}

/** A learned scale (from 1) and shift (from 0), or neither. */
function scaleAndShift(context: Context, shape: readonly number[], affine: boolean): [Value?, Value?] {
  if (!affine) return [];
  return [context.parameter("weight", shape, init.constant(1)), context.parameter("bias", shape, init.constant(0))];
}

function batchNormLayer(kind: string, channels: number, options: BatchNormOptions): Module {
  checkOptions(kind, options, ["eps", "momentum", "affine"]);
  const { eps = 1e-5, momentum = 0.1, affine = true } = options;
  checkChannels(kind, { channels });
  return defineModule(kind, (x, context) => {
    const [weight, bias] = scaleAndShift(context, [channels], affine);
    const mean = context.buffer("running_mean", zeros([channels]));
    const variance = context.buffer("running_var", ones([channels]));
    const seen = context.buffer("num_batches_tracked", zeros([], "int32"));
    if (!context.training) return ops.batchNorm(x, mean, variance, weight, bias, { eps });
    const count = ops.add(seen, constant(ones([], "int32")));
    const share = momentum === null ? ops.reciprocal(ops.cast(count, { dtype: x.dtype })) : momentum;
    const toward = (running: Value, batch: Value): Value => ops.add(running, ops.mul(ops.sub(batch, running), share));
    // The batch is normalised with its biased variance, but the running one estimates the population's: n/(n-1).
    const values = sizeOf(x.shape) / channels;
    const unbiased = ops.mul(ops.channelVariance(x), values / Math.max(values - 1, 1));
    context.update(mean, toward(mean, ops.channelMean(x)));
    context.update(variance, toward(variance, unbiased));
    context.update(seen, count);
    return ops.batchNormTraining(x, weight, bias, { eps });
  });
}

/**
 * Normalises each channel of [N, C] or [N, C, length] over the rest. Parameters weight, bias [C]; buffers running_mean, running_var,
 * num_batches_tracked. Ioffe & Szegedy 2015. In training one value per channel is an error.
 */
export function batchNorm1d(channels: number, options: BatchNormOptions = {}): Module {
  return batchNormLayer("batchNorm1d", channels, options);
}

/** As `batchNorm1d`, on [N, C, H, W]. */
export function batchNorm2d(channels: number, options: BatchNormOptions = {}): Module {
  return batchNormLayer("batchNorm2d", channels, options);
}

/** As `batchNorm1d`, on [N, C, D, H, W]. */
export function batchNorm3d(channels: number, options: BatchNormOptions = {}): Module {
  return batchNormLayer("batchNorm3d", channels, options);
}

function shapeOf(kind: string, given: number | readonly number[]): readonly number[] {
  const shape = typeof given === "number" ? [given] : given;
  checkShape(shape, kind);
  return [...shape];
}

/** Normalises over the last axes, whose sizes are `shape`. Parameters weight, bias of that shape. Ba, Kiros, Hinton 2016. */
export function layerNorm(shape: number | readonly number[], options: NormOptions = {}): Module {
  checkOptions("layerNorm", options, ["eps", "affine"]);
  const { eps = 1e-5, affine = true } = options;
  const normalisedShape = shapeOf("layerNorm", shape);
  return defineModule("layerNorm", (x, context) => {
    const [weight, bias] = scaleAndShift(context, normalisedShape, affine);
    return ops.layerNorm(x, weight, bias, { normalisedShape, eps });
  });
}

/** Divides by the root mean square over the last axes, whose sizes are `shape`. Parameter weight of that shape. Zhang & Sennrich 2019. */
export function rmsNorm(shape: number | readonly number[], options: NormOptions = {}): Module {
  checkOptions("rmsNorm", options, ["eps", "affine"]);
  const { eps = 1e-5, affine = true } = options;
  const normalisedShape = shapeOf("rmsNorm", shape);
  return defineModule("rmsNorm", (x, context) => {
    const weight = affine ? context.parameter("weight", normalisedShape, init.constant(1)) : undefined;
    return ops.rmsNorm(x, weight, { normalisedShape, eps });
  });
}

/** Normalises each of `groups` runs of channels within each picture. Parameters weight, bias [C]. Wu & He 2018. */
export function groupNorm(groups: number, channels: number, options: NormOptions = {}): Module {
  checkOptions("groupNorm", options, ["eps", "affine"]);
  const { eps = 1e-5, affine = true } = options;
  checkChannels("groupNorm", { groups, channels });
  if (channels % groups !== 0) throw new ArgumentError(`groupNorm: ${channels} channels do not divide into ${groups} groups`);
  return defineModule("groupNorm", (x, context) => {
    const [weight, bias] = scaleAndShift(context, [channels], affine);
    return ops.groupNorm(x, weight, bias, { groups, eps });
  });
}

/** Normalises each channel of each picture; without scale and shift unless asked, as in PyTorch. Ulyanov, Vedaldi, Lempitsky 2016. */
export function instanceNorm(channels: number, options: NormOptions = {}): Module {
  checkOptions("instanceNorm", options, ["eps", "affine"]);
  const { eps = 1e-5, affine = false } = options;
  checkChannels("instanceNorm", { channels });
  return defineModule("instanceNorm", (x, context) => {
    const [weight, bias] = scaleAndShift(context, [channels], affine);
    return ops.instanceNorm(x, weight, bias, { eps });
  });
}

export interface LocalResponseNormOptions {
  readonly alpha?: number;
  readonly beta?: number;
  readonly k?: number;
  /** Whether `alpha` multiplies the mean of the squares (PyTorch, ONNX; default) or their sum (the AlexNet paper). */
  readonly alphaForm?: "mean" | "sum";
}

/** x / (k + α·mean of squares over `size` neighbouring channels)^β. Krizhevsky, Sutskever, Hinton 2012, section 3.3. */
export function localResponseNorm(size: number, options: LocalResponseNormOptions = {}): Module {
  checkOptions("localResponseNorm", options, ["alpha", "beta", "k", "alphaForm"]);
  return defineModule("localResponseNorm", (x) => ops.localResponseNorm(x, { size, ...options }));
}
