// Residual nets for 32 × 32 pictures: 6n + 2 layers of 16, 32 and 64 maps, shortcuts without parameters, and the plain nets that show why
// shortcuts are needed. He, Zhang, Ren, Sun 2016, section 4.2.
import { nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { type Architecture, type BuildNet, channelsOf, forCifar } from "./architecture.ts";
import { plainConv, stage } from "./parts.ts";

export interface CifarResNetOptions {
  /** Layers with weights: 6n + 2. */
  readonly depth: number;
  /** Maps of the first stage (default 16). */
  readonly width?: number;
  /** Without shortcuts: the plain twin (default true). */
  readonly shortcuts?: boolean;
}

export function cifarResNet({ depth, width = 16, shortcuts = true }: CifarResNetOptions): BuildNet {
  const units = (depth - 2) / 6;
  if (!Number.isInteger(units) || units < 1) throw new ArgumentError(`cifarResNet: depth is ${depth}; expected 6n + 2 with n >= 1`);
  return (inputShape, classes) => {
    const stages = [0, 1, 2].map((s) =>
      stage(units, (i) => {
        const maps = width * 2 ** s;
        return s > 0 && i === 0 ? residualUnit(maps / 2, maps, 2, shortcuts) : residualUnit(maps, maps, 1, shortcuts);
      }),
    );
    return nn.sequential({
      conv1: plainConv(channelsOf(inputShape), width, 3),
      bn1: nn.batchNorm2d(width),
      relu: nn.relu(),
      layer1: stages[0],
      layer2: stages[1],
      layer3: stages[2],
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      fc: nn.linear(4 * width, classes),
    });
  };
}

function residualUnit(inChannels: number, maps: number, stride: number, shortcuts: boolean): Module {
  const body = {
    conv1: plainConv(inChannels, maps, 3, { stride }),
    bn1: nn.batchNorm2d(maps),
    relu1: nn.relu(),
    conv2: plainConv(maps, maps, 3),
    bn2: nn.batchNorm2d(maps),
  };
  if (!shortcuts) return nn.sequential({ ...body, activation: nn.relu() });
  const narrow = stride === 1 && inChannels === maps;
  return nn.residual(body, { activation: nn.relu(), ...(!narrow && { shortcut: optionA(maps - inChannels, stride) }) });
}

/** Option A: every second position, and zeros for the maps that are new. No parameters. */
export function optionA(newMaps: number, stride: number): Module {
  const zeros = [
    [0, newMaps],
    [0, 0],
    [0, 0],
  ] as const;
  return nn.sequential({ subsample: nn.maxPool2d(1, { stride }), zeros: nn.pad(zeros) });
}

export const cifarResNets: readonly Architecture[] = [
  ...[20, 32, 44, 56, 110, 1202].map((depth) =>
    forCifar(`resnet${depth}-cifar`, `ResNet-${depth} for 32 × 32 pictures, option A (He et al. 2016)`, cifarResNet({ depth })),
  ),
  ...[20, 32, 44, 56].map((depth) =>
    forCifar(`plain${depth}-cifar`, `ResNet-${depth}'s twin without shortcuts (He et al. 2016)`, cifarResNet({ depth, shortcuts: false })),
  ),
];
