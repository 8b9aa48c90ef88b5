// MobileNet v1: every 3×3 convolution is split into one per map (depthwise) and a 1×1 that mixes the maps (pointwise). Howard et al. 2017.
import { nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { convNorm } from "./parts.ts";

export interface MobileNetV1Options {
  /** α: factor on the number of maps of every layer (default 1). */
  readonly width?: number;
  /** One full 3×3 convolution in place of each pair: what the split saves is the difference (default false). */
  readonly full?: boolean;
}

/** Maps and stride of each pair, table 1 of the paper. */
const pairs: readonly (readonly [maps: number, stride: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array.from({ length: 5 }, () => [512, 1] as const),
  [1024, 2],
  [1024, 1],
];

/** Padding is TensorFlow's "SAME", as in the paper's own nets: at even sizes the odd pixel goes to the right and the bottom. */
export function mobileNetV1({ width = 1, full = false }: MobileNetV1Options = {}): BuildNet {
  const padding = "same";
  const scaled = (maps: number): number => Math.max(1, Math.round(maps * width));
  return (inputShape, classes) => {
    let channels = scaled(32);
    const layers: Module[] = [convNorm(channelsOf(inputShape), channels, 3, { stride: 2, padding })];
    for (const [maps, stride] of pairs) {
      const outChannels = scaled(maps);
      const pair = nn.sequential({
        depthwise: convNorm(channels, channels, 3, { stride, padding, groups: channels }),
        pointwise: convNorm(channels, outChannels, 1),
      });
      layers.push(full ? convNorm(channels, outChannels, 3, { stride, padding }) : pair);
      channels = outChannels;
    }
    return nn.sequential({
      features: nn.sequential(layers),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      classifier: nn.linear(channels, classes),
    });
  };
}

export const mobileNetsV1: readonly Architecture[] = [
  forImageNet("mobilenet-v1", "MobileNet v1 (Howard et al. 2017)", mobileNetV1()),
  ...[0.75, 0.5, 0.25].map((width) =>
    forImageNet(`mobilenet-v1-${width}`, `MobileNet v1 with ${width} of the maps (Howard et al. 2017)`, mobileNetV1({ width })),
  ),
  forImageNet("mobilenet-v1-full", "MobileNet v1 with full 3×3 convolutions, for comparison", mobileNetV1({ full: true })),
];
