// Xception's blocks: separable convolutions around a shortcut. Chollet 2017, figure 5; which of the two parts comes first and whether
// anything stands between them is open, so that figure 10 can be repeated.
import { checkOptions } from "../../tensor/options.ts";
import { relu } from "../layers/activation.ts";
import { residual, sequential } from "../layers/compose.ts";
import { inOrder } from "../layers/in-order.ts";
import { batchNorm2d } from "../layers/norm.ts";
import { maxPool2d } from "../layers/pool.ts";
import { separableConv2d } from "../layers/separable.ts";
import type { Module } from "../module.ts";
import { plainConv } from "./conv-norm.ts";

export interface SeparableOrder {
  readonly order?: "depthwise first" | "pointwise first";
  /** Between the two parts (default: nothing). */
  readonly between?: Module;
}

export interface XceptionBlockOptions extends SeparableOrder {
  /** Maps after every separable convolution. */
  readonly maps: readonly number[];
  /** End with a pool that halves the size; the shortcut is then a 1×1 convolution (default true). */
  readonly halve?: boolean;
  /** Start with an activation (default true). */
  readonly activated?: boolean;
}

/** Separable 3×3 and batch norm: parameters conv.depthwise.weight, conv.pointwise.weight, bn. */
export function separableNorm(inChannels: number, outChannels: number, options: SeparableOrder = {}): Module {
  const conv = separableConv2d(inChannels, outChannels, 3, { padding: 1, bias: false, ...options });
  return inOrder("separableNorm", { conv, bn: batchNorm2d(outChannels) });
}

/** sepconv1, sepconv2, ... each after a ReLU, and the shortcut as downsample. */
export function xceptionBlock(inChannels: number, options: XceptionBlockOptions): Module {
  checkOptions("xceptionBlock", options, ["maps", "halve", "activated", "order", "between"]);
  const { maps, halve = true, activated = true, ...order } = options;
  const parts = maps.flatMap((outChannels, i): [string, Module][] => [
    ...(i > 0 || activated ? [[`relu${i + 1}`, relu()] as [string, Module]] : []),
    [`sepconv${i + 1}`, separableNorm(i === 0 ? inChannels : maps[i - 1], outChannels, order)],
  ]);
  if (!halve) return residual(Object.fromEntries(parts));
  const last = maps[maps.length - 1];
  const shortcut = sequential([plainConv(inChannels, last, 1, { stride: 2 }), batchNorm2d(last)]);
  return residual({ ...Object.fromEntries(parts), pool: maxPool2d(3, { stride: 2, padding: 1 }) }, { shortcut });
}
