// EfficientNet: gated inverted residuals, and one rule that scales depth, width and picture size together. Tan & Le 2019, table 1.
import { initialise, nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { convNorm, roundChannels, squeezeExcite, stage, zero } from "./parts.ts";

type Row = readonly [expansion: number, kernel: number, maps: number, count: number, stride: number];

const stages: readonly Row[] = [
  [1, 3, 16, 1, 1],
  [6, 3, 24, 2, 2],
  [6, 5, 40, 2, 2],
  [6, 3, 80, 3, 2],
  [6, 5, 112, 3, 1],
  [6, 5, 192, 4, 2],
  [6, 3, 320, 1, 1],
];

export interface EfficientNetOptions {
  /** Factor on the number of maps (default 1: B0). */
  readonly width?: number;
  /** Factor on the number of blocks (default 1: B0). */
  readonly depth?: number;
  readonly dropout?: number;
}

/** Without stochastic depth, which exists in training only. */
export function efficientNet({ width = 1, depth = 1, dropout = 0.2 }: EfficientNetOptions = {}): BuildNet {
  const activation = nn.silu();
  return (inputShape, classes) => {
    let channels = roundChannels(32 * width);
    const layers: Module[] = [convNorm(channelsOf(inputShape), channels, 3, { stride: 2, activation })];
    for (const [expansion, kernel, maps, count, stride] of stages) {
      const outChannels = roundChannels(maps * width);
      layers.push(
        stage(Math.ceil(count * depth), (i) => {
          const block = invertedResidual(channels, outChannels, { expansion, kernel, stride: i === 0 ? stride : 1 });
          channels = outChannels;
          return block;
        }),
      );
    }
    const last = 4 * channels;
    layers.push(convNorm(channels, last, 1, { activation }));
    return nn.sequential({
      features: nn.sequential(layers),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      classifier: nn.sequential([
        nn.dropout(dropout),
        nn.linear(last, classes, { initialise: initialise.uniform(-1 / Math.sqrt(classes), 1 / Math.sqrt(classes)), initialiseBias: zero }),
      ]),
    });
  };
}

interface Block {
  readonly expansion: number;
  readonly kernel: number;
  readonly stride: number;
}

function invertedResidual(inChannels: number, outChannels: number, { expansion, kernel, stride }: Block): Module {
  const activation = nn.silu();
  const inner = roundChannels(inChannels * expansion);
  const block = nn.sequential([
    ...(expansion === 1 ? [] : [convNorm(inChannels, inner, 1, { activation })]),
    convNorm(inner, inner, kernel, { stride, groups: inner, activation }),
    squeezeExcite(inner, Math.max(1, Math.floor(inChannels / 4)), { activation }),
    convNorm(inner, outChannels, 1, { activation: null }),
  ]);
  return stride === 1 && inChannels === outChannels ? nn.residual({ block }) : nn.sequential({ block });
}

export const efficientNets: readonly Architecture[] = [forImageNet("efficientnet-b0", "EfficientNet-B0 (Tan & Le 2019)", efficientNet())];
