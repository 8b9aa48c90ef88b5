// Inception v3: large windows taken apart into small and one-dimensional ones. Szegedy et al. 2016; maps and names as in torchvision,
// without the auxiliary classifier, which exists in training only.
import { blocks, nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { he } from "./parts.ts";

const initialise = he;

function convolve(
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  options: { stride?: number; padding?: number } = {},
): Module {
  return blocks.inceptionConv(inChannels, outChannels, kernelSize, { initialise, ...options });
}

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
      Mixed_5b: blocks.inceptionA(192, { pool: 32, initialise }),
      Mixed_5c: blocks.inceptionA(256, { pool: 64, initialise }),
      Mixed_5d: blocks.inceptionA(288, { pool: 64, initialise }),
      Mixed_6a: blocks.inceptionB(288, { initialise }),
      Mixed_6b: blocks.inceptionC(768, { maps: 128, initialise }),
      Mixed_6c: blocks.inceptionC(768, { maps: 160, initialise }),
      Mixed_6d: blocks.inceptionC(768, { maps: 160, initialise }),
      Mixed_6e: blocks.inceptionC(768, { maps: 192, initialise }),
      Mixed_7a: blocks.inceptionD(768, { initialise }),
      Mixed_7b: blocks.inceptionE(1280, { initialise }),
      Mixed_7c: blocks.inceptionE(2048, { initialise }),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      dropout: nn.dropout(),
      fc: nn.linear(2048, classes),
    });
}

export const inceptions: readonly Architecture[] = [
  {
    ...forImageNet("inception-v3", "Inception v3 as in torchvision (Szegedy et al. 2016)", inceptionV3(), 299),
    trainingParts: ["AuxLogits"],
  },
];
