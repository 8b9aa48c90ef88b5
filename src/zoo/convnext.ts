// ConvNeXt: a ResNet with the manners of a transformer - patches, large depthwise windows, layer norm, GELU. Liu et al. 2022.
import { initialise, nn } from "../nn/index.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { add, conv2d, div, mean, mul, reshape, sqrt, square, sub } from "../ops/index.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { zero } from "./parts.ts";

const start = { initialise: initialise.truncatedNormal(0, 0.02), initialiseBias: zero };

/** Layer norm over the channels of each position. Parameters weight, bias [channels]. */
function channelNorm(channels: number): Module {
  return defineModule("channelNorm", (x, context) => {
    const overChannels = { axes: [1], keepDims: true };
    const column = (name: string, value: number): typeof x =>
      reshape(context.parameter(name, [channels], initialise.constant(value)), [channels, 1, 1]);
    const centred = sub(x, mean(x, overChannels));
    const deviation = sqrt(add(mean(square(centred), overChannels), 1e-6));
    return add(mul(div(centred, deviation), column("weight", 1)), column("bias", 0));
  });
}

/** A dense layer at every position: a 1×1 convolution whose weight is called and shaped like a dense layer's. */
function dense(inChannels: number, outChannels: number): Module {
  return defineModule("pointwiseLinear", (x, context) => {
    const weight = context.parameter("weight", [outChannels, inChannels], start.initialise);
    const bias = context.parameter("bias", [outChannels], zero);
    return conv2d(x, reshape(weight, [outChannels, inChannels, 1, 1]), bias);
  });
}

function block(channels: number): Module {
  const body = [
    ["0", nn.conv2d(channels, channels, 7, { padding: 3, groups: channels, ...start })],
    ["2", channelNorm(channels)],
    ["3", dense(channels, 4 * channels)],
    ["4", nn.gelu()],
    ["5", dense(4 * channels, channels)],
  ] as const;
  // Positions 1 and 6 only move the channel axis in torchvision; here it stays where convolutions want it.
  const sequence = defineModule("sequential", (x, context) => body.reduce((value, [name, part]) => context.child(name, part, value), x));
  return defineModule("convNextBlock", (x, context) => {
    const scale = context.parameter("layer_scale", [channels, 1, 1], initialise.constant(1e-6));
    return add(x, mul(context.child("block", sequence, x), scale));
  });
}

export interface ConvNextOptions {
  /** Blocks in each stage. */
  readonly blocks: readonly number[];
  /** Maps in each stage. */
  readonly maps: readonly number[];
}

/** Without stochastic depth, which exists in training only. */
export function convNext({ blocks, maps }: ConvNextOptions): BuildNet {
  return (inputShape, classes) => {
    const last = maps[maps.length - 1];
    const layers = blocks.flatMap((count, s) => [
      s === 0
        ? nn.sequential([nn.conv2d(channelsOf(inputShape), maps[0], 4, { stride: 4, ...start }), channelNorm(maps[0])])
        : nn.sequential([channelNorm(maps[s - 1]), nn.conv2d(maps[s - 1], maps[s], 2, { stride: 2, ...start })]),
      nn.sequential(Array.from({ length: count }, () => block(maps[s]))),
    ]);
    return nn.sequential({
      features: nn.sequential(layers),
      avgpool: nn.globalAvgPool(),
      classifier: nn.sequential([channelNorm(last), nn.flatten(), nn.linear(last, classes, start)]),
    });
  };
}

export const convNexts: readonly Architecture[] = [
  forImageNet("convnext-tiny", "ConvNeXt-T (Liu et al. 2022)", convNext({ blocks: [3, 3, 9, 3], maps: [96, 192, 384, 768] })),
];
