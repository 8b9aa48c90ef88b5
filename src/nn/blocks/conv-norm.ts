// Convolution, batch norm and activation: the brick that nearly all blocks are laid with.
import type { SpatialOption } from "../../graph/attrs.ts";
import type { Initialiser } from "../initialise.ts";
import { relu } from "../layers/activation.ts";
import { conv2d } from "../layers/conv.ts";
import { inOrder } from "../layers/in-order.ts";
import { type BatchNormOptions, batchNorm2d } from "../layers/norm.ts";
import type { Module } from "../module.ts";

export interface PlainConvOptions {
  readonly stride?: SpatialOption;
  /** Default: half of the kernel, so that the size stays at stride 1. */
  readonly padding?: SpatialOption;
  readonly groups?: number;
  /** Default false: a batch norm follows. */
  readonly bias?: boolean;
  readonly initialise?: Initialiser;
}

/** A convolution as it stands before a batch norm. */
export function plainConv(inChannels: number, outChannels: number, kernelSize: SpatialOption, options: PlainConvOptions = {}): Module {
  const half = (k: number): number => Math.floor(k / 2);
  const padding = typeof kernelSize === "number" ? half(kernelSize) : kernelSize.map(half);
  return conv2d(inChannels, outChannels, kernelSize, { padding, bias: false, ...options });
}

/** Parameters conv.weight, bn.weight, bn.bias; a ReLU last. Without batch norm (`norm: false`) the convolution has a bias. */
export function convNorm(
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  { norm = true, ...options }: PlainConvOptions & { readonly norm?: boolean | BatchNormOptions } = {},
): Module {
  return inOrder("convNorm", {
    conv: plainConv(inChannels, outChannels, kernelSize, { bias: norm === false, ...options }),
    bn: norm === false ? undefined : batchNorm2d(outChannels, norm === true ? {} : norm),
    relu: relu(),
  });
}
