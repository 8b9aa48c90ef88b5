// DenseNet: every layer sees the maps of all layers before it in its block. Huang, Liu, van der Maaten, Weinberger 2017.
import { nn } from "../nn/index.ts";
import type { Parts } from "../nn/layers/compose.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { concat } from "../ops/index.ts";
import { type Architecture, type BuildNet, channelsOf, forCifar, forImageNet } from "./architecture.ts";
import { plainConv } from "./parts.ts";

export interface DenseNetOptions {
  /** Layers in each block. */
  readonly layers: readonly number[];
  /** New maps of each layer. */
  readonly growth: number;
  /** Maps before the first block. */
  readonly start: number;
}

/** The new maps beside those that they were made from. */
function dense(parts: Parts): Module {
  const layer = nn.sequential(parts);
  return defineModule("dense", (x, context) => concat([x, layer.build(x, context)], { axis: 1 }));
}

function denseBlock(count: number, channels: number, growth: number, layer: (inChannels: number) => Parts): Module {
  const names = Array.from({ length: count }, (_, i) => [`denselayer${i + 1}`, dense(layer(channels + i * growth))] as const);
  return nn.sequential(Object.fromEntries(names));
}

function transition(inChannels: number, outChannels: number): Module {
  return nn.sequential({
    norm: nn.batchNorm2d(inChannels),
    relu: nn.relu(),
    conv: plainConv(inChannels, outChannels, 1),
    pool: nn.avgPool2d(2),
  });
}

/** The blocks with a transition between each two: children denseblock1, transition1, denseblock2, ... and the number of maps at the end. */
function blocksOf(
  { layers, growth, start }: DenseNetOptions,
  compression: number,
  layer: (inChannels: number) => Parts,
): readonly [parts: Record<string, Module>, channels: number] {
  const parts: Record<string, Module> = {};
  let channels = start;
  layers.forEach((count, b) => {
    parts[`denseblock${b + 1}`] = denseBlock(count, channels, growth, layer);
    channels += count * growth;
    if (b === layers.length - 1) return;
    const kept = Math.floor(channels * compression);
    parts[`transition${b + 1}`] = transition(channels, kept);
    channels = kept;
  });
  return [parts, channels];
}

/** For ImageNet: a 1×1 bottleneck of four times the growth in every layer, and half of the maps through every transition (DenseNet-BC). */
export function denseNet(options: DenseNetOptions): BuildNet {
  const { growth, start } = options;
  const layer = (inChannels: number): Parts => ({
    norm1: nn.batchNorm2d(inChannels),
    relu1: nn.relu(),
    conv1: plainConv(inChannels, 4 * growth, 1),
    norm2: nn.batchNorm2d(4 * growth),
    relu2: nn.relu(),
    conv2: plainConv(4 * growth, growth, 3),
  });
  return (inputShape, classes) => {
    const [blocks, channels] = blocksOf(options, 0.5, layer);
    return nn.sequential({
      features: nn.sequential({
        conv0: plainConv(channelsOf(inputShape), start, 7, { stride: 2 }),
        norm0: nn.batchNorm2d(start),
        relu0: nn.relu(),
        pool0: nn.maxPool2d(3, { stride: 2, padding: 1 }),
        ...blocks,
        norm5: nn.batchNorm2d(channels),
      }),
      relu: nn.relu(),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      classifier: nn.linear(channels, classes),
    });
  };
}

/** For 32 × 32 pictures: three blocks of 3×3 layers, neither bottleneck nor compression. */
export function cifarDenseNet({ depth, growth }: { readonly depth: number; readonly growth: number }): BuildNet {
  const start = 16;
  const count = (depth - 4) / 3;
  const layer = (inChannels: number): Parts => ({
    norm1: nn.batchNorm2d(inChannels),
    relu1: nn.relu(),
    conv1: plainConv(inChannels, growth, 3),
  });
  return (inputShape, classes) => {
    const [blocks, channels] = blocksOf({ layers: [count, count, count], growth, start }, 1, layer);
    return nn.sequential({
      features: nn.sequential({
        conv0: plainConv(channelsOf(inputShape), start, 3),
        ...blocks,
        norm5: nn.batchNorm2d(channels),
      }),
      relu: nn.relu(),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      classifier: nn.linear(channels, classes),
    });
  };
}

const imageNets: Readonly<Record<number, DenseNetOptions>> = {
  121: { layers: [6, 12, 24, 16], growth: 32, start: 64 },
  161: { layers: [6, 12, 36, 24], growth: 48, start: 96 },
  169: { layers: [6, 12, 32, 32], growth: 32, start: 64 },
  201: { layers: [6, 12, 48, 32], growth: 32, start: 64 },
};

export const denseNets: readonly Architecture[] = [
  ...Object.entries(imageNets).map(([depth, options]) =>
    forImageNet(`densenet${depth}`, `DenseNet-${depth}, growth ${options.growth} (Huang et al. 2017)`, denseNet(options)),
  ),
  forCifar("densenet40-cifar", "DenseNet-40 for 32 × 32 pictures, growth 12 (Huang et al. 2017)", cifarDenseNet({ depth: 40, growth: 12 })),
];
