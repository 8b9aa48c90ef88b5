// MobileNet v3: v2's blocks with gates and hard swish where a search found them worth their time. Howard et al. 2019, tables 1 and 2.
import { initialise, nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { convNorm, roundChannels, squeezeExcite, zero } from "./parts.ts";

type Row = readonly [kernel: number, inner: number, maps: number, gated: boolean, activation: "relu" | "hardSwish", stride: number];

const large: readonly Row[] = [
  [3, 16, 16, false, "relu", 1],
  [3, 64, 24, false, "relu", 2],
  [3, 72, 24, false, "relu", 1],
  [5, 72, 40, true, "relu", 2],
  [5, 120, 40, true, "relu", 1],
  [5, 120, 40, true, "relu", 1],
  [3, 240, 80, false, "hardSwish", 2],
  [3, 200, 80, false, "hardSwish", 1],
  [3, 184, 80, false, "hardSwish", 1],
  [3, 184, 80, false, "hardSwish", 1],
  [3, 480, 112, true, "hardSwish", 1],
  [3, 672, 112, true, "hardSwish", 1],
  [5, 672, 160, true, "hardSwish", 2],
  [5, 960, 160, true, "hardSwish", 1],
  [5, 960, 160, true, "hardSwish", 1],
];

const small: readonly Row[] = [
  [3, 16, 16, true, "relu", 2],
  [3, 72, 24, false, "relu", 2],
  [3, 88, 24, false, "relu", 1],
  [5, 96, 40, true, "hardSwish", 2],
  [5, 240, 40, true, "hardSwish", 1],
  [5, 240, 40, true, "hardSwish", 1],
  [5, 120, 48, true, "hardSwish", 1],
  [5, 144, 48, true, "hardSwish", 1],
  [5, 288, 96, true, "hardSwish", 2],
  [5, 576, 96, true, "hardSwish", 1],
  [5, 576, 96, true, "hardSwish", 1],
];

const norm = { eps: 1e-3, momentum: 0.01 };

export interface MobileNetV3Options {
  readonly size: "large" | "small";
  /** Factor on the number of maps (default 1). */
  readonly width?: number;
  /** Share of the hidden units that each training step leaves out (default 0.2). */
  readonly dropout?: number;
}

export function mobileNetV3({ size, width = 1, dropout = 0.2 }: MobileNetV3Options): BuildNet {
  const [rows, hidden] = size === "large" ? ([large, 1280] as const) : ([small, 1024] as const);
  const scaled = (maps: number): number => roundChannels(maps * width);
  const activation = nn.hardSwish();
  return (inputShape, classes) => {
    let channels = scaled(16);
    const layers: Module[] = [convNorm(channelsOf(inputShape), channels, 3, { stride: 2, activation, norm })];
    for (const [kernel, inner, maps, gated, name, stride] of rows) {
      const block = { kernel, inner: scaled(inner), gated, stride, activation: name === "relu" ? nn.relu() : activation };
      layers.push(invertedResidual(channels, scaled(maps), block));
      channels = scaled(maps);
    }
    const last = 6 * channels;
    layers.push(convNorm(channels, last, 1, { activation, norm }));
    const dense = { initialise: initialise.normal(0, 0.01), initialiseBias: zero };
    return nn.sequential({
      features: nn.sequential(layers),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      classifier: nn.sequential([
        nn.linear(last, scaled(hidden), dense),
        activation,
        nn.dropout(dropout),
        nn.linear(scaled(hidden), classes, dense),
      ]),
    });
  };
}

interface Block {
  readonly kernel: number;
  readonly inner: number;
  readonly gated: boolean;
  readonly stride: number;
  readonly activation: Module;
}

function invertedResidual(inChannels: number, outChannels: number, { kernel, inner, gated, stride, activation }: Block): Module {
  const block = nn.sequential([
    ...(inner === inChannels ? [] : [convNorm(inChannels, inner, 1, { activation, norm })]),
    convNorm(inner, inner, kernel, { stride, groups: inner, activation, norm }),
    ...(gated ? [squeezeExcite(inner, roundChannels(inner / 4), { gate: nn.hardSigmoid() })] : []),
    convNorm(inner, outChannels, 1, { activation: null, norm }),
  ]);
  return stride === 1 && inChannels === outChannels ? nn.residual({ block }) : nn.sequential({ block });
}

export const mobileNetsV3: readonly Architecture[] = [
  forImageNet("mobilenet-v3-large", "MobileNet v3, large (Howard et al. 2019)", mobileNetV3({ size: "large" })),
  forImageNet("mobilenet-v3-small", "MobileNet v3, small (Howard et al. 2019)", mobileNetV3({ size: "small" })),
];
