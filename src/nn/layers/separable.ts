// Convolutions taken apart: space and channels one after the other, or rows and columns. Their parts are layers with names of their own, so
// that tables show what each costs.
import type { PaddingOption, SpatialOption } from "../../graph/attrs.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Module } from "../module.ts";
import { checkChannels, conv2d, type WeightOptions, weightOptionNames } from "./conv.ts";
import { inOrder } from "./in-order.ts";

export interface SeparableConvOptions extends WeightOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
  /** Maps that the depthwise part makes of every channel (default 1). */
  readonly multiplier?: number;
  /** Pixels before channels (default: MobileNet, and Xception's code), or channels before pixels (Xception's idea, from Inception). */
  readonly order?: "depthwise first" | "pointwise first";
  /** What stands between the two, as child "between" (default: nothing, which Xception found best). */
  readonly between?: Module;
}

/**
 * A convolution per channel ("depthwise", k x k) and one across channels ("pointwise", 1x1): in·m·k² + in·m·out weights instead of in·out·k².
 * Parameters depthwise.weight [in·m, 1, kh, kw], pointwise.weight [out, in·m, 1, 1], and a bias [out] on the last part. Chollet 2017.
 */
export function separableConv2d(
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  options: SeparableConvOptions = {},
): Module {
  checkOptions("separableConv2d", options, [...weightOptionNames, "stride", "padding", "dilation", "multiplier", "order", "between"]);
  const { multiplier = 1, order = "depthwise first", between, bias = true, stride, padding, dilation, ...initial } = options;
  checkChannels("separableConv2d", { inChannels, outChannels, multiplier });
  if (order !== "depthwise first" && order !== "pointwise first") {
    throw new ArgumentError(`separableConv2d: order is "${String(order)}"; expected "depthwise first" or "pointwise first"`);
  }
  const first = order === "depthwise first";
  const channels = first ? inChannels : outChannels;
  const window = {
    ...(stride !== undefined && { stride }),
    ...(padding !== undefined && { padding }),
    ...(dilation !== undefined && { dilation }),
  };
  const across = first
    ? conv2d(channels * multiplier, outChannels, 1, { ...initial, bias })
    : conv2d(inChannels, channels, 1, { ...initial, bias: false });
  const within = conv2d(channels, channels * multiplier, kernelSize, { ...initial, ...window, groups: channels, bias: !first && bias });
  return inOrder(
    "separableConv2d",
    first ? { depthwise: within, between, pointwise: across } : { pointwise: across, between, depthwise: within },
  );
}

export interface AsymmetricConvOptions extends WeightOptions {
  readonly stride?: number;
  /** On both sides of each axis (default 0). */
  readonly padding?: number;
  readonly between?: Module;
}

/**
 * A row of n taps ("row", 1 x n) and a column of n ("column", n x 1): 2n weights per pair of maps instead of n².
 * Szegedy et al. 2016, section 3.2. Parameters row.weight, column.weight and column.bias.
 */
export function asymmetricConv2d(inChannels: number, outChannels: number, n: number, options: AsymmetricConvOptions = {}): Module {
  checkOptions("asymmetricConv2d", options, [...weightOptionNames, "stride", "padding", "between"]);
  const { stride = 1, padding = 0, between, bias = true, ...initial } = options;
  checkChannels("asymmetricConv2d", { inChannels, outChannels, n, stride });
  return inOrder("asymmetricConv2d", {
    row: conv2d(inChannels, outChannels, [1, n], { ...initial, stride: [1, stride], padding: [0, padding], bias: false }),
    between,
    column: conv2d(outChannels, outChannels, [n, 1], { ...initial, stride: [stride, 1], padding: [padding, 0], bias }),
  });
}
