// SqueezeNet: AlexNet's accuracy with a fiftieth of its weights, because 3×3 layers see few maps. Iandola et al. 2016.
import { initialise, nn } from "../nn/index.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { concat } from "../ops/index.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { he, zero } from "./parts.ts";

const start = { initialise: he, initialiseBias: zero };
const pool = (): Module => nn.maxPool2d(3, { stride: 2, ceilMode: true });

/** Fire modules between pools: `squeezed` maps each; they give out eight times as many. */
interface Version {
  readonly maps: number;
  readonly kernel: number;
  readonly runs: readonly (readonly number[])[];
}

const versions: Readonly<Record<"1.0" | "1.1", Version>> = {
  "1.0": { maps: 96, kernel: 7, runs: [[16, 16, 32], [32, 48, 48, 64], [64]] },
  "1.1": {
    maps: 64,
    kernel: 3,
    runs: [
      [16, 16],
      [32, 32],
      [48, 48, 64, 64],
    ],
  },
};

/** 1×1 convolutions squeeze the maps; 1×1 and 3×3 convolutions side by side make more of them again. */
function fire(inChannels: number, squeezed: number): Module {
  const expanded = 4 * squeezed;
  return defineModule("fire", (x, context) => {
    const layer = (name: string, conv: Module, input: typeof x): typeof x =>
      context.child(`${name}_activation`, nn.relu(), context.child(name, conv, input));
    const few = layer("squeeze", nn.conv2d(inChannels, squeezed, 1, start), x);
    return concat(
      [
        layer("expand1x1", nn.conv2d(squeezed, expanded, 1, start), few),
        layer("expand3x3", nn.conv2d(squeezed, expanded, 3, { padding: 1, ...start }), few),
      ],
      { axis: 1 },
    );
  });
}

export function squeezeNet(version: "1.0" | "1.1"): BuildNet {
  const { maps, kernel, runs } = versions[version];
  return (inputShape, classes) => {
    const layers: Module[] = [nn.conv2d(channelsOf(inputShape), maps, kernel, { stride: 2, ...start }), nn.relu()];
    let channels = maps;
    for (const run of runs) {
      layers.push(pool());
      for (const squeezed of run) {
        layers.push(fire(channels, squeezed));
        channels = 8 * squeezed;
      }
    }
    return nn.sequential({
      features: nn.sequential(layers),
      classifier: nn.sequential([
        nn.dropout(),
        nn.conv2d(channels, classes, 1, { initialise: initialise.normal(0, 0.01), initialiseBias: zero }),
        nn.relu(),
        nn.globalAvgPool(),
      ]),
      flatten: nn.flatten(),
    });
  };
}

export const squeezeNets: readonly Architecture[] = [
  forImageNet("squeezenet1.0", "SqueezeNet 1.0 (Iandola et al. 2016)", squeezeNet("1.0")),
  forImageNet("squeezenet1.1", "SqueezeNet 1.1: as accurate as 1.0 for less than half of its work", squeezeNet("1.1")),
];
