// VGG: nothing but 3×3 convolutions, in five runs with a pool after each, and three dense layers. Simonyan & Zisserman 2015, table 1.
import { initialise, nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { he, plainConv, zero } from "./parts.ts";

export interface VggOptions {
  /** Convolutions in each of the five runs. */
  readonly runs: readonly number[];
  /** Batch norm after every convolution (default false). */
  readonly batchNorm?: boolean;
  /** Maps of the first run (default 64); the next have twice as many, up to eight times. */
  readonly width?: number;
  /** Units of the two hidden dense layers (default 4096). */
  readonly hidden?: number;
  /** Share of the hidden units that each training step leaves out (default 0.5). */
  readonly dropout?: number;
}

export function vgg({ runs, batchNorm = false, width = 64, hidden = 4096, dropout = 0.5 }: VggOptions): BuildNet {
  return (inputShape, classes) => {
    const layers: Module[] = [];
    let channels = channelsOf(inputShape);
    runs.forEach((count, r) => {
      const maps = width * Math.min(2 ** r, 8);
      for (let i = 0; i < count; i++) {
        layers.push(plainConv(channels, maps, 3, { bias: true, initialiseBias: zero }));
        if (batchNorm) layers.push(nn.batchNorm2d(maps));
        layers.push(nn.relu());
        channels = maps;
      }
      layers.push(nn.maxPool2d(2));
    });
    return nn.sequential({
      features: nn.sequential(layers),
      avgpool: nn.adaptiveAvgPool2d(7),
      flatten: nn.flatten(),
      classifier: denseHead(channels * 49, hidden, classes, dropout),
    });
  };
}

function denseHead(features: number, hidden: number, classes: number, dropout: number): Module {
  // The deepest of these nets learn nothing from a start that is 0.01 wide, as the paper's was; He's keeps the signal.
  const options = { initialise: he, initialiseBias: zero };
  return nn.sequential([
    nn.linear(features, hidden, options),
    nn.relu(),
    nn.dropout(dropout),
    nn.linear(hidden, hidden, options),
    nn.relu(),
    nn.dropout(dropout),
    nn.linear(hidden, classes, { initialise: initialise.normal(0, 0.01), initialiseBias: zero }),
  ]);
}

const configurations: Readonly<Record<string, readonly [letter: string, runs: readonly number[]]>> = {
  vgg11: ["A", [1, 1, 2, 2, 2]],
  vgg13: ["B", [2, 2, 2, 2, 2]],
  vgg16: ["D", [2, 2, 3, 3, 3]],
  vgg19: ["E", [2, 2, 4, 4, 4]],
};

export const vggs: readonly Architecture[] = Object.entries(configurations).flatMap(([name, [letter, runs]]) => [
  forImageNet(name, `VGG, configuration ${letter} (Simonyan & Zisserman 2015)`, vgg({ runs })),
  forImageNet(`${name}-bn`, `VGG, configuration ${letter}, with batch norm`, vgg({ runs, batchNorm: true })),
]);
