// Blocks that learn what to change, not what to be: H(x) = F(x) + x. Children are called as in torchvision.
// He, Zhang, Ren, Sun 2016 (both papers of that year); Xie et al. 2017 for groups.
import { checkOptions } from "../../tensor/options.ts";
import { relu, relu6 } from "../layers/activation.ts";
import { residual, sequential } from "../layers/compose.ts";
import { batchNorm2d } from "../layers/norm.ts";
import type { Module } from "../module.ts";
import { plainConv } from "./conv-norm.ts";

export interface ResidualBlockOptions {
  /** Of the block; the shortcut follows (default 1). */
  readonly stride?: number;
}

/** 1×1 with batch norm where stride or width change, as children downsample.0 and downsample.1; otherwise nothing. */
function shortcut(inChannels: number, outChannels: number, stride: number): { readonly shortcut?: Module } {
  if (stride === 1 && inChannels === outChannels) return {};
  return { shortcut: sequential([plainConv(inChannels, outChannels, 1, { stride }), batchNorm2d(outChannels)]) };
}

/** Two 3×3 convolutions around the shortcut: conv1, bn1, conv2, bn2, downsample. */
export function basicBlock(inChannels: number, outChannels: number, options: ResidualBlockOptions = {}): Module {
  checkOptions("basicBlock", options, ["stride"]);
  const { stride = 1 } = options;
  return residual(
    {
      conv1: plainConv(inChannels, outChannels, 3, { stride }),
      bn1: batchNorm2d(outChannels),
      relu: relu(),
      conv2: plainConv(outChannels, outChannels, 3),
      bn2: batchNorm2d(outChannels),
    },
    { ...shortcut(inChannels, outChannels, stride), activation: relu() },
  );
}

/** Norm and activation come before the convolutions, so that nothing stands in the way of the shortcut: bn1, conv1, bn2, conv2, downsample. */
export function preActivationBlock(inChannels: number, outChannels: number, options: ResidualBlockOptions = {}): Module {
  checkOptions("preActivationBlock", options, ["stride"]);
  const { stride = 1 } = options;
  const fits = stride === 1 && inChannels === outChannels;
  return residual(
    {
      bn1: batchNorm2d(inChannels),
      relu1: relu(),
      conv1: plainConv(inChannels, outChannels, 3, { stride }),
      bn2: batchNorm2d(outChannels),
      relu2: relu(),
      conv2: plainConv(outChannels, outChannels, 3),
    },
    fits ? {} : { shortcut: plainConv(inChannels, outChannels, 1, { stride }) },
  );
}

export interface BottleneckOptions extends ResidualBlockOptions {
  /** Groups of the 3×3 convolution: ResNeXt's cardinality (default 1). */
  readonly groups?: number;
  /** The convolution that has the stride: the 3×3 (torchvision's "v1.5", default) or the first 1×1 (the paper). */
  readonly strideIn?: "3x3" | "1x1";
}

/** 1×1 to `width` maps, 3×3, 1×1 to `outChannels`: conv1, bn1, conv2, bn2, conv3, bn3, downsample. With groups: a block of ResNeXt. */
export function bottleneck(inChannels: number, width: number, outChannels: number, options: BottleneckOptions = {}): Module {
  checkOptions("bottleneck", options, ["stride", "groups", "strideIn"]);
  const { stride = 1, groups = 1, strideIn = "3x3" } = options;
  return residual(
    {
      conv1: plainConv(inChannels, width, 1, { stride: strideIn === "1x1" ? stride : 1 }),
      bn1: batchNorm2d(width),
      relu1: relu(),
      conv2: plainConv(width, width, 3, { stride: strideIn === "3x3" ? stride : 1, groups }),
      bn2: batchNorm2d(width),
      relu2: relu(),
      conv3: plainConv(width, outChannels, 1),
      bn3: batchNorm2d(outChannels),
    },
    { ...shortcut(inChannels, outChannels, stride), activation: relu() },
  );
}

export interface InvertedResidualOptions extends ResidualBlockOptions {
  /** Maps inside per map outside (default 6). */
  readonly expansion?: number;
}

/** Narrow outside, wide inside, and no activation where it is narrow: child "conv" as in torchvision. Sandler et al. 2018 (MobileNet v2). */
export function invertedResidual(inChannels: number, outChannels: number, options: InvertedResidualOptions = {}): Module {
  checkOptions("invertedResidual", options, ["stride", "expansion"]);
  const { stride = 1, expansion = 6 } = options;
  const inner = inChannels * expansion;
  const brick = (from: number, kernel: number, groups = 1): Module =>
    sequential([plainConv(from, inner, kernel, { groups, stride: kernel === 1 ? 1 : stride }), batchNorm2d(inner), relu6()]);
  const conv = sequential([
    ...(expansion === 1 ? [] : [brick(inChannels, 1)]),
    brick(inner, 3, inner),
    plainConv(inner, outChannels, 1),
    batchNorm2d(outChannels),
  ]);
  return stride === 1 && inChannels === outChannels ? residual({ conv }) : sequential({ conv });
}
