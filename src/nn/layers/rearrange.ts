// Layers that deal channels and pixels out anew, and the ways to enlarge a picture that are built on them.
import type { PaddingOption, SpatialOption } from "../../graph/attrs.ts";
import * as ops from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { defineModule, type Module } from "../module.ts";
import { conv2d, type WeightOptions, weightOptionNames } from "./conv.ts";
import { inOrder } from "./in-order.ts";
import { type UpsampleOptions, upsample } from "./shape.ts";

/** [N, C·r², H, W] → [N, C, rH, rW]. Shi et al. 2016. */
export function pixelShuffle(factor: number): Module {
  return defineModule("pixelShuffle", (x) => ops.pixelShuffle(x, { factor }));
}

/** [N, C, rH, rW] → [N, C·r², H, W]. */
export function pixelUnshuffle(factor: number): Module {
  return defineModule("pixelUnshuffle", (x) => ops.pixelUnshuffle(x, { factor }));
}

/** Channels as a (groups, n) table, transposed. Zhang et al. 2018 (ShuffleNet). */
export function channelShuffle(groups: number): Module {
  return defineModule("channelShuffle", (x) => ops.channelShuffle(x, { groups }));
}

export interface SubPixelConvOptions extends WeightOptions {
  /** Default "same". */
  readonly padding?: PaddingOption;
}

/** A convolution to out·r² maps ("conv") whose channels become the pixels of an r times larger picture: no checkerboard by overlap. */
export function subPixelConv2d(
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  factor: number,
  options: SubPixelConvOptions = {},
): Module {
  checkOptions("subPixelConv2d", options, [...weightOptionNames, "padding"]);
  if (!Number.isInteger(factor) || factor < 1) throw new ArgumentError(`subPixelConv2d: factor is ${factor}; expected an integer >= 1`);
  const conv = conv2d(inChannels, outChannels * factor ** 2, kernelSize, { padding: "same", ...options });
  return inOrder("subPixelConv2d", { conv, shuffle: pixelShuffle(factor) });
}

export interface ResizeConvOptions extends WeightOptions, UpsampleOptions {
  /** Default "same". */
  readonly padding?: PaddingOption;
}

/** Enlarges the picture first and convolves then ("conv"): every output sees equally many inputs. Odena, Dumoulin, Olah 2016. */
export function resizeConv2d(
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  scale: number,
  options: ResizeConvOptions = {},
): Module {
  checkOptions("resizeConv2d", options, [...weightOptionNames, "mode", "alignCorners", "padding"]);
  const { mode, alignCorners, ...window } = options;
  const resizing = { ...(mode !== undefined && { mode }), ...(alignCorners !== undefined && { alignCorners }) };
  const conv = conv2d(inChannels, outChannels, kernelSize, { padding: "same", ...window });
  return inOrder("resizeConv2d", { resize: upsample(scale, resizing), conv });
}
