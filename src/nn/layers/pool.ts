// Pooling layers: windows, whole maps, or whatever window gives a wanted size.
import type { PaddingOption, SpatialOption } from "../../graph/attrs.ts";
import * as ops from "../../ops/index.ts";
import { defineModule, type Module } from "../module.ts";

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

/** Greatest value of each window of [N, C, length]. */
export function maxPool1d(kernelSize: SpatialOption, options: MaxPoolOptions = {}): Module {
  return defineModule("maxPool1d", (x) => ops.maxPool1d(x, kernelSize, options));
}

/** Greatest value of each window of [N, C, H, W]. */
export function maxPool2d(kernelSize: SpatialOption, options: MaxPoolOptions = {}): Module {
  return defineModule("maxPool2d", (x) => ops.maxPool2d(x, kernelSize, options));
}

/** Greatest value of each window of [N, C, D, H, W]. */
export function maxPool3d(kernelSize: SpatialOption, options: MaxPoolOptions = {}): Module {
  return defineModule("maxPool3d", (x) => ops.maxPool3d(x, kernelSize, options));
}

/** Mean of each window of [N, C, length]. */
export function avgPool1d(kernelSize: SpatialOption, options: AvgPoolOptions = {}): Module {
  return defineModule("avgPool1d", (x) => ops.avgPool1d(x, kernelSize, options));
}

/** Mean of each window of [N, C, H, W]. */
export function avgPool2d(kernelSize: SpatialOption, options: AvgPoolOptions = {}): Module {
  return defineModule("avgPool2d", (x) => ops.avgPool2d(x, kernelSize, options));
}

/** Mean of each window of [N, C, D, H, W]. */
export function avgPool3d(kernelSize: SpatialOption, options: AvgPoolOptions = {}): Module {
  return defineModule("avgPool3d", (x) => ops.avgPool3d(x, kernelSize, options));
}

/** (Σ|x|^p)^(1/p) of each window of [N, C, H, W]. */
export function lpPool2d(p: number, kernelSize: SpatialOption, options: LpPoolOptions = {}): Module {
  return defineModule("lpPool2d", (x) => ops.lpPool2d(x, p, kernelSize, options));
}

/** Mean of every map: [N, C, H, W] → [N, C, 1, 1]. Lin, Chen, Yan 2013. */
export function globalAvgPool(): Module {
  return defineModule("globalAvgPool", (x) => ops.globalAvgPool(x));
}

/** Greatest value of every map: [N, C, H, W] → [N, C, 1, 1]. */
export function globalMaxPool(): Module {
  return defineModule("globalMaxPool", (x) => ops.globalMaxPool(x));
}

/** Averages over windows ⌊j·i/o⌋ … ⌈(j+1)·i/o⌉, so that any input size i gives the output size o. */
export function adaptiveAvgPool2d(outputSize: SpatialOption): Module {
  return defineModule("adaptiveAvgPool2d", (x) => ops.adaptiveAvgPool2d(x, outputSize));
}

/** As `adaptiveAvgPool2d`, taking the greatest value. */
export function adaptiveMaxPool2d(outputSize: SpatialOption): Module {
  return defineModule("adaptiveMaxPool2d", (x) => ops.adaptiveMaxPool2d(x, outputSize));
}
