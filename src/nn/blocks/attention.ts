// Blocks that weigh maps, or places, by what they have seen: squeeze-and-excitation (Hu, Shen, Sun 2018) and CBAM (Woo et al. 2018).

import { concat, max, mean, mul, sigmoid, sum } from "../../ops/index.ts";
import { checkOptions } from "../../tensor/options.ts";
import { relu } from "../layers/activation.ts";
import { sequential } from "../layers/compose.ts";
import { conv2d } from "../layers/conv.ts";
import { globalAvgPool, globalMaxPool } from "../layers/pool.ts";
import { defineModule, type Module } from "../module.ts";

/** C channels to max(1, ⌊C/r⌋) and back: 2C²/r weights, C/r + C biases. */
function squeeze(channels: number, reduction: number): Module {
  const inner = Math.max(1, Math.floor(channels / reduction));
  return sequential({ fc1: conv2d(channels, inner, 1), relu: relu(), fc2: conv2d(inner, channels, 1) });
}

/** Every map times a share in 0..1 that follows from the means of all maps. Parameters fc1, fc2 (1×1). `reduction` default 16. */
export function squeezeExcite(channels: number, options: { readonly reduction?: number } = {}): Module {
  checkOptions("squeezeExcite", options, ["reduction"]);
  const { reduction = 16 } = options;
  const shares = squeeze(channels, reduction);
  return defineModule("squeezeExcite", (x, context) =>
    mul(x, sigmoid(shares.build(context.child("avgpool", globalAvgPool(), x), context))),
  );
}

export interface CbamOptions {
  readonly reduction?: number;
  /** Window of the spatial part (default 7). */
  readonly kernelSize?: number;
}

/**
 * First which maps (child "channel": one small net sees means and maxima), then which places (child "spatial": a convolution over the mean and
 * maximum of all maps). Parameters channel.fc1, channel.fc2, spatial.conv.weight.
 */
export function cbam(channels: number, options: CbamOptions = {}): Module {
  checkOptions("cbam", options, ["reduction", "kernelSize"]);
  const { reduction = 16, kernelSize = 7 } = options;
  return sequential({ channel: channelAttention(channels, reduction), spatial: spatialAttention(kernelSize) });
}

function channelAttention(channels: number, reduction: number): Module {
  // Means and maxima go through the net side by side, as a row of two pixels: its parameters are shared, its layers built once.
  const shares = squeeze(channels, reduction);
  return defineModule("channelAttention", (x, context) => {
    const seen = concat([context.child("avgpool", globalAvgPool(), x), context.child("maxpool", globalMaxPool(), x)], { axis: 3 });
    const both = sum(shares.build(seen, context), { axes: 3, keepDims: true });
    return mul(x, sigmoid(both));
  });
}

function spatialAttention(kernelSize: number): Module {
  const conv = conv2d(2, 1, kernelSize, { padding: "same", bias: false });
  return defineModule("spatialAttention", (x, context) => {
    const seen = concat([mean(x, { axes: 1, keepDims: true }), max(x, { axes: 1, keepDims: true })], { axis: 1 });
    return mul(x, sigmoid(context.child("conv", conv, seen)));
  });
}
