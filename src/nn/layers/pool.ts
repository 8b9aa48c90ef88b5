// Pooling layers: windows, whole maps, or whatever window gives a wanted size. 1d, 2d and 3d are names of the same thing, for
// [N, C, length], [N, C, H, W] and [N, C, D, H, W].
import type { PaddingOption, SpatialOption } from "../../graph/attrs.ts";
import { fill } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import * as ops from "../../ops/index.ts";
import { checkOptionNames, checkOptions } from "../../tensor/options.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type Context, defineModule, type Module } from "../module.ts";

export interface MaxPoolOptions {
  /** Default: the kernel size. */
  readonly stride?: SpatialOption;
  /** Minus infinity is added, never zero (default 0). */
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
  /** Let the last window hang over the edge instead of leaving pixels out (default false). */
  readonly ceilMode?: boolean;
}

export interface AvgPoolOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly ceilMode?: boolean;
  /** Whether padding counts in the divisor (default true, as in PyTorch). */
  readonly countIncludePad?: boolean;
  /** A fixed divisor instead. */
  readonly divisorOverride?: number;
}

export interface LpPoolOptions {
  readonly stride?: SpatialOption;
  readonly ceilMode?: boolean;
}

const maxPoolNames: readonly (keyof MaxPoolOptions)[] = ["stride", "padding", "dilation", "ceilMode"];
const avgPoolNames: readonly (keyof AvgPoolOptions)[] = ["stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"];

/** A layer made from a kernel size, and options whose `stride` defaults to it. */
export type WindowPool<O> = (kernelSize: SpatialOption, options?: O) => Module;
/** A layer made from the size that should come out, whatever goes in. */
export type AdaptivePool = (outputSize: SpatialOption) => Module;
export type LpPool = (p: number, kernelSize: SpatialOption, options?: LpPoolOptions) => Module;

function windowPool<O extends object>(
  kind: string,
  pool: (x: Value, kernelSize: SpatialOption, options?: O) => Value,
  names: readonly (keyof O & string)[],
): WindowPool<O> {
  return (kernelSize, options = {} as O) => {
    checkOptionNames(kind, options, names);
    return defineModule(kind, (x) => pool(x, kernelSize, options));
  };
}

function adaptivePool(kind: string, pool: (x: Value, outputSize: SpatialOption) => Value): AdaptivePool {
  return (outputSize) => defineModule(kind, (x) => pool(x, outputSize));
}

function lpPool(kind: string, pool: (x: Value, p: number, kernelSize: SpatialOption, options?: LpPoolOptions) => Value): LpPool {
  return (p, kernelSize, options = {}) => {
    checkOptions(kind, options, ["stride", "ceilMode"]);
    return defineModule(kind, (x) => pool(x, p, kernelSize, options));
  };
}

/** Greatest value of each window. */
export const maxPool1d: WindowPool<MaxPoolOptions> = windowPool("maxPool1d", ops.maxPool1d, maxPoolNames);
export const maxPool2d: WindowPool<MaxPoolOptions> = windowPool("maxPool2d", ops.maxPool2d, maxPoolNames);
export const maxPool3d: WindowPool<MaxPoolOptions> = windowPool("maxPool3d", ops.maxPool3d, maxPoolNames);

/** Mean of each window. */
export const avgPool1d: WindowPool<AvgPoolOptions> = windowPool("avgPool1d", ops.avgPool1d, avgPoolNames);
export const avgPool2d: WindowPool<AvgPoolOptions> = windowPool("avgPool2d", ops.avgPool2d, avgPoolNames);
export const avgPool3d: WindowPool<AvgPoolOptions> = windowPool("avgPool3d", ops.avgPool3d, avgPoolNames);

/** (Σ|x|^p)^(1/p) of each window. */
export const lpPool1d: LpPool = lpPool("lpPool1d", ops.lpPool1d);
export const lpPool2d: LpPool = lpPool("lpPool2d", ops.lpPool2d);
export const lpPool3d: LpPool = lpPool("lpPool3d", ops.lpPool3d);

/** Means over windows ⌊j·i/o⌋ … ⌈(j+1)·i/o⌉, so that any input size i gives the output size o. */
export const adaptiveAvgPool1d: AdaptivePool = adaptivePool("adaptiveAvgPool1d", ops.adaptiveAvgPool1d);
export const adaptiveAvgPool2d: AdaptivePool = adaptivePool("adaptiveAvgPool2d", ops.adaptiveAvgPool2d);
export const adaptiveAvgPool3d: AdaptivePool = adaptivePool("adaptiveAvgPool3d", ops.adaptiveAvgPool3d);

/** The greatest value of the same windows. */
export const adaptiveMaxPool1d: AdaptivePool = adaptivePool("adaptiveMaxPool1d", ops.adaptiveMaxPool1d);
export const adaptiveMaxPool2d: AdaptivePool = adaptivePool("adaptiveMaxPool2d", ops.adaptiveMaxPool2d);
export const adaptiveMaxPool3d: AdaptivePool = adaptivePool("adaptiveMaxPool3d", ops.adaptiveMaxPool3d);

/** Mean of every map: [N, C, ...] → [N, C, 1, ...]. Lin, Chen, Yan 2013. */
export function globalAvgPool(): Module {
  return defineModule("globalAvgPool", (x) => ops.globalAvgPool(x));
}

/** Greatest value of every map: [N, C, ...] → [N, C, 1, ...]. */
export function globalMaxPool(): Module {
  return defineModule("globalMaxPool", (x) => ops.globalMaxPool(x));
}

/** (Σ|x|^p)^(1/p) of every map (default p 2): [N, C, ...] → [N, C, 1, ...]. */
export function globalLpPool(options: { readonly p?: number } = {}): Module {
  checkOptions("globalLpPool", options, ["p"]);
  return defineModule("globalLpPool", (x) => ops.globalLpPool(x, options));
}

const samplesFor = (x: Value, context: Context, shape: Shape): Value =>
  ops.randomUniform(context.counter(), { shape, seed: context.seed(), dtype: x.dtype === "float64" ? "float64" : "float32" });

/**
 * Maxima of windows that stand irregularly, drawn afresh for every map and training step; otherwise always the same, as with the samples ½.
 * Draws depend on the training seed, the layer's path and the step alone. Graham 2014.
 */
export function fractionalMaxPool2d(kernelSize: SpatialOption, options: ops.FractionalPoolOptions): Module {
  checkOptions("fractionalMaxPool2d", options, ["outputSize", "outputRatio"]);
  return defineModule("fractionalMaxPool2d", (x, context) => {
    const shape = [x.shape[0], x.shape[1], 2];
    const samples = context.training ? samplesFor(x, context, shape) : fill(shape, 0.5, x.dtype);
    return ops.fractionalMaxPool2d(x, samples, kernelSize, options);
  });
}

/**
 * In training one activation of every window, drawn in proportion to them; otherwise their expectation Σa² / Σa. For what comes after a ReLU.
 * Zeiler & Fergus 2013.
 */
export function stochasticPool2d(kernelSize: SpatialOption, options: MaxPoolOptions = {}): Module {
  checkOptions("stochasticPool2d", options, ["stride", "padding", "dilation", "ceilMode"]);
  return defineModule("stochasticPool2d", (x, context) => {
    const mean = ops.stochasticPoolMean2d(x, kernelSize, options);
    return context.training ? ops.stochasticPool2d(x, samplesFor(x, context, mean.shape), kernelSize, options) : mean;
  });
}
