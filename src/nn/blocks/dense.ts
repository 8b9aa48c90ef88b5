// Blocks in which every layer sees the maps of all layers before it. Huang, Liu, van der Maaten, Weinberger 2017. Names as in torchvision.

import { concat } from "../../ops/index.ts";
import { checkOptions } from "../../tensor/options.ts";
import { relu } from "../layers/activation.ts";
import { sequential } from "../layers/compose.ts";
import { batchNorm2d } from "../layers/norm.ts";
import { avgPool2d } from "../layers/pool.ts";
import { defineModule, type Module } from "../module.ts";
import { plainConv } from "./conv-norm.ts";

export interface DenseBlockOptions {
  /** New maps of every layer (k). */
  readonly growth: number;
  /** Layers in the block. */
  readonly layers: number;
  /** A 1×1 convolution to this many times the growth comes first in every layer (default 4; 0 for none). */
  readonly bottleneck?: number;
}

/** in + layers·growth maps. Children denselayer1, denselayer2, ... with norm1, conv1, norm2, conv2. */
export function denseBlock(inChannels: number, options: DenseBlockOptions): Module {
  checkOptions("denseBlock", options, ["growth", "layers", "bottleneck"]);
  const { growth, layers, bottleneck = 4 } = options;
  const names = Array.from({ length: layers }, (_, i) => [`denselayer${i + 1}`, denseLayer(inChannels + i * growth, growth, bottleneck)]);
  return sequential(Object.fromEntries(names));
}

function denseLayer(inChannels: number, growth: number, bottleneck: number): Module {
  const inner = bottleneck * growth;
  const narrow = { norm1: batchNorm2d(inChannels), relu1: relu() };
  const made = sequential(
    bottleneck === 0
      ? { ...narrow, conv1: plainConv(inChannels, growth, 3) }
      : { ...narrow, conv1: plainConv(inChannels, inner, 1), norm2: batchNorm2d(inner), relu2: relu(), conv2: plainConv(inner, growth, 3) },
  );
  return defineModule("denseLayer", (x, context) => concat([x, made.build(x, context)], { axis: 1 }));
}

/** Between two blocks: fewer maps, half the size. Children norm, conv, pool. */
export function denseTransition(inChannels: number, outChannels: number): Module {
  return sequential({ norm: batchNorm2d(inChannels), relu: relu(), conv: plainConv(inChannels, outChannels, 1), pool: avgPool2d(2) });
}
