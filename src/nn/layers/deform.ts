// Deformable convolution as a layer: an ordinary convolution looks at the picture and says where every tap should read.
import type { PaddingOption, SpatialOption } from "../../graph/attrs.ts";
import * as ops from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import * as init from "../initialise.ts";
import { defineModule, type Module } from "../module.ts";
import { checkChannels, conv2d, kernelOf, type WeightOptions, weightAndBias, weightOptionNames } from "./conv.ts";

export interface DeformConvLayerOptions extends WeightOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
  readonly groups?: number;
  /** Runs of input channels with offsets of their own (default 1). */
  readonly offsetGroups?: number;
  /** Version 2: every tap is also weighed by a learned share in 0..1 (default false). */
  readonly modulated?: boolean;
}

/**
 * [N, in, H, W] → [N, out, H', W'] as `conv2d`, with taps moved by child "offset", a convolution of the same window to 2·k² maps per offset
 * group; version 2 has a child "mask" too. Both start from zeros, so the layer starts as a plain convolution (version 2: half of one).
 * Parameters weight, bias, offset.weight, offset.bias, mask.weight, mask.bias. Dai et al. 2017; Zhu et al. 2019.
 */
export function deformConv2d(
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  options: DeformConvLayerOptions = {},
): Module {
  checkOptions("deformConv2d", options, [...weightOptionNames, "stride", "padding", "dilation", "groups", "offsetGroups", "modulated"]);
  const { groups = 1, offsetGroups = 1, modulated = false, bias: _, initialise: __, initialiseBias: ___, ...window } = options;
  checkChannels("deformConv2d", { inChannels, outChannels, groups, offsetGroups });
  if ([inChannels % groups, outChannels % groups, inChannels % offsetGroups].some((rest) => rest !== 0)) {
    throw new ArgumentError(
      `deformConv2d: ${inChannels} input and ${outChannels} output channels do not divide into ${groups} groups and ${offsetGroups} offset groups`,
    );
  }
  const kernel = kernelOf("deformConv2d", kernelSize, 2);
  const taps = offsetGroups * kernel[0] * kernel[1];
  const zero = init.constant(0);
  const guide = (maps: number): Module => conv2d(inChannels, maps, kernel, { ...window, initialise: zero, initialiseBias: zero });
  return defineModule("deformConv2d", (x, context) => {
    const offset = context.child("offset", guide(2 * taps), x);
    const mask = modulated ? ops.sigmoid(context.child("mask", guide(taps), x)) : undefined;
    const [weight, bias] = weightAndBias(context, [outChannels, inChannels / groups, ...kernel], outChannels, options);
    return ops.deformConv2d(x, offset, weight, bias, mask, window);
  });
}
