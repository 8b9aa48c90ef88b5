// Inception v3: large windows taken apart into small and one-dimensional ones. Szegedy et al. 2016; maps and names as in torchvision,
// without the auxiliary classifier, which exists in training only.
import { nn } from "../nn/index.ts";
import type { ConvLayerOptions } from "../nn/layers/conv.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { concat } from "../ops/index.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { plainConv } from "./parts.ts";

type Kernel = number | readonly [number, number];

function convolve(inChannels: number, outChannels: number, kernel: Kernel, options: ConvLayerOptions = {}): Module {
  return nn.sequential({
    conv: plainConv(inChannels, outChannels, kernel, options),
    bn: nn.batchNorm2d(outChannels, { eps: 1e-3 }),
    relu: nn.relu(),
  });
}

/** Layers by name, each with the number of maps that it makes: [name, maps, kernel, stride if not 1]. */
type Layers = readonly (readonly [name: string, maps: number, kernel: Kernel, stride?: number])[];

/** Convolutions one after another, named in the block that holds them. A stride of 2 goes without padding. */
function chain(channels: number, layers: Layers): Module {
  const parts: Record<string, Module> = {};
  let inChannels = channels;
  for (const [name, maps, kernel, stride = 1] of layers) {
    parts[name] = convolve(inChannels, maps, kernel, stride === 1 ? {} : { stride, padding: 0 });
    inChannels = maps;
  }
  return nn.sequential(parts);
}

/** Towers over the same maps, their results side by side. Unlike nn.branches, the towers add nothing to the names. */
function towers(...modules: readonly Module[]): Module {
  return defineModule("inception", (x, context) =>
    concat(
      modules.map((m) => m.build(x, context)),
      { axis: 1 },
    ),
  );
}

function then(first: Module, second: Module): Module {
  return defineModule("sequential", (x, context) => second.build(first.build(x, context), context));
}

function pooled(channels: number, maps: number): Module {
  return nn.sequential({ pool: nn.avgPool2d(3, { stride: 1, padding: 1 }), branch_pool: convolve(channels, maps, 1) });
}

const halvingPool = (): Module => nn.sequential({ pool: nn.maxPool2d(3, { stride: 2 }) });

const blockA = (channels: number, poolMaps: number): Module =>
  towers(
    chain(channels, [["branch1x1", 64, 1]]),
    chain(channels, [
      ["branch5x5_1", 48, 1],
      ["branch5x5_2", 64, 5],
    ]),
    chain(channels, [
      ["branch3x3dbl_1", 64, 1],
      ["branch3x3dbl_2", 96, 3],
      ["branch3x3dbl_3", 96, 3],
    ]),
    pooled(channels, poolMaps),
  );

const blockB = (channels: number): Module =>
  towers(
    chain(channels, [["branch3x3", 384, 3, 2]]),
    chain(channels, [
      ["branch3x3dbl_1", 64, 1],
      ["branch3x3dbl_2", 96, 3],
      ["branch3x3dbl_3", 96, 3, 2],
    ]),
    halvingPool(),
  );

/** 7×7 windows as 1×7 and 7×1. */
const blockC = (channels: number, inner: number): Module =>
  towers(
    chain(channels, [["branch1x1", 192, 1]]),
    chain(channels, [
      ["branch7x7_1", inner, 1],
      ["branch7x7_2", inner, [1, 7]],
      ["branch7x7_3", 192, [7, 1]],
    ]),
    chain(channels, [
      ["branch7x7dbl_1", inner, 1],
      ["branch7x7dbl_2", inner, [7, 1]],
      ["branch7x7dbl_3", inner, [1, 7]],
      ["branch7x7dbl_4", inner, [7, 1]],
      ["branch7x7dbl_5", 192, [1, 7]],
    ]),
    pooled(channels, 192),
  );

const blockD = (channels: number): Module =>
  towers(
    chain(channels, [
      ["branch3x3_1", 192, 1],
      ["branch3x3_2", 320, 3, 2],
    ]),
    chain(channels, [
      ["branch7x7x3_1", 192, 1],
      ["branch7x7x3_2", 192, [1, 7]],
      ["branch7x7x3_3", 192, [7, 1]],
      ["branch7x7x3_4", 192, 3, 2],
    ]),
    halvingPool(),
  );

/** The last layers of two towers part once more, into 1×3 and 3×1. */
const blockE = (channels: number): Module => {
  const parted = (prefix: string, a: string, b: string): Module =>
    towers(chain(384, [[`${prefix}_${a}`, 384, [1, 3]]]), chain(384, [[`${prefix}_${b}`, 384, [3, 1]]]));
  return towers(
    chain(channels, [["branch1x1", 320, 1]]),
    then(chain(channels, [["branch3x3_1", 384, 1]]), parted("branch3x3", "2a", "2b")),
    then(
      chain(channels, [
        ["branch3x3dbl_1", 448, 1],
        ["branch3x3dbl_2", 384, 3],
      ]),
      parted("branch3x3dbl", "3a", "3b"),
    ),
    pooled(channels, 192),
  );
};

export function inceptionV3(): BuildNet {
  return (inputShape, classes) =>
    nn.sequential({
      Conv2d_1a_3x3: convolve(channelsOf(inputShape), 32, 3, { stride: 2, padding: 0 }),
      Conv2d_2a_3x3: convolve(32, 32, 3, { padding: 0 }),
      Conv2d_2b_3x3: convolve(32, 64, 3),
      maxpool1: nn.maxPool2d(3, { stride: 2 }),
      Conv2d_3b_1x1: convolve(64, 80, 1),
      Conv2d_4a_3x3: convolve(80, 192, 3, { padding: 0 }),
      maxpool2: nn.maxPool2d(3, { stride: 2 }),
      Mixed_5b: blockA(192, 32),
      Mixed_5c: blockA(256, 64),
      Mixed_5d: blockA(288, 64),
      Mixed_6a: blockB(288),
      Mixed_6b: blockC(768, 128),
      Mixed_6c: blockC(768, 160),
      Mixed_6d: blockC(768, 160),
      Mixed_6e: blockC(768, 192),
      Mixed_7a: blockD(768),
      Mixed_7b: blockE(1280),
      Mixed_7c: blockE(2048),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      dropout: nn.dropout(),
      fc: nn.linear(2048, classes),
    });
}

export const inceptions: readonly Architecture[] = [
  forImageNet("inception-v3", "Inception v3 as in torchvision (Szegedy et al. 2016)", inceptionV3(), 299),
];
