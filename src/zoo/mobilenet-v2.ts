// MobileNet v2: narrow maps between the blocks, wide ones inside, and no activation where maps are narrow. Sandler et al. 2018.
import { initialise, nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { convNorm, plainConv, roundChannels, zero } from "./parts.ts";

/** Table 2 of the paper. */
const runs: readonly (readonly [expansion: number, maps: number, count: number, stride: number])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/** `width` scales the number of maps (default 1). */
export function mobileNetV2({ width = 1 }: { readonly width?: number } = {}): BuildNet {
  const activation = nn.relu6();
  return (inputShape, classes) => {
    let channels = roundChannels(32 * width);
    const layers: Module[] = [convNorm(channelsOf(inputShape), channels, 3, { stride: 2, activation })];
    for (const [expansion, maps, count, stride] of runs) {
      const outChannels = roundChannels(maps * width);
      for (let i = 0; i < count; i++) {
        layers.push(invertedResidual(channels, outChannels, expansion, i === 0 ? stride : 1));
        channels = outChannels;
      }
    }
    const last = roundChannels(1280 * Math.max(1, width));
    layers.push(convNorm(channels, last, 1, { activation }));
    return nn.sequential({
      features: nn.sequential(layers),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      classifier: nn.sequential([
        nn.dropout(0.2),
        nn.linear(last, classes, { initialise: initialise.normal(0, 0.01), initialiseBias: zero }),
      ]),
    });
  };
}

function invertedResidual(inChannels: number, outChannels: number, expansion: number, stride: number): Module {
  const activation = nn.relu6();
  const inner = inChannels * expansion;
  const conv = nn.sequential([
    ...(expansion === 1 ? [] : [convNorm(inChannels, inner, 1, { activation })]),
    convNorm(inner, inner, 3, { stride, groups: inner, activation }),
    plainConv(inner, outChannels, 1),
    nn.batchNorm2d(outChannels),
  ]);
  return stride === 1 && inChannels === outChannels ? nn.residual({ conv }) : nn.sequential({ conv });
}

export const mobileNetsV2: readonly Architecture[] = [
  forImageNet("mobilenet-v2", "MobileNet v2 (Sandler et al. 2018)", mobileNetV2()),
  forImageNet("mobilenet-v2-0.5", "MobileNet v2 with half of the maps (Sandler et al. 2018)", mobileNetV2({ width: 0.5 })),
];
