// Residual nets whose units normalise and activate before they convolve, so that the shortcut is clean from the first layer to the last,
// and the wide ones that need fewer of them. He, Zhang, Ren, Sun 2016 (Identity Mappings); Zagoruyko & Komodakis 2016.
import { nn } from "../nn/index.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { add } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { type Architecture, type BuildNet, channelsOf, forCifar, forImageNet } from "./architecture.ts";
import { plainConv, stage } from "./parts.ts";

export interface PreActResNetOptions {
  /** Units in each stage. */
  readonly units: readonly number[];
  /** Two 3×3 layers per unit (default), or 1×1, 3×3, 1×1. */
  readonly unit?: "basic" | "bottleneck";
  /** Maps after the first layer. */
  readonly start: number;
  /** Maps of the first stage (default `start`); every stage has twice those of the one before. */
  readonly width?: number;
  /** The first layer: 3×3 for small pictures (default), or 7×7 with stride 2 and a pool. */
  readonly first?: "3x3" | "7x7";
}

export function preActResNet({ units, unit = "basic", start, width = start, first = "3x3" }: PreActResNetOptions): BuildNet {
  return (inputShape, classes) => {
    let channels = start;
    const stages = units.map((count, s) =>
      stage(count, (i) => {
        const maps = width * 2 ** s;
        const stride = s > 0 && i === 0 ? 2 : 1;
        const outChannels = unit === "basic" ? maps : 4 * maps;
        const made = preActUnit(
          channels,
          outChannels,
          stride,
          unit === "basic" ? basic(channels, maps, stride) : bottleneck(channels, maps, stride),
        );
        channels = outChannels;
        return made;
      }),
    );
    return nn.sequential({
      conv1: plainConv(channelsOf(inputShape), start, first === "3x3" ? 3 : 7, { stride: first === "3x3" ? 1 : 2 }),
      ...(first === "7x7" && { maxpool: nn.maxPool2d(3, { stride: 2, padding: 1 }) }),
      ...Object.fromEntries(stages.map((s, i) => [`layer${i + 1}`, s])),
      bn: nn.batchNorm2d(channels),
      relu: nn.relu(),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      fc: nn.linear(channels, classes),
    });
  };
}

/** Where the maps change in size or number, the shortcut is a 1×1 convolution of the activated input; elsewhere it is the input itself. */
function preActUnit(inChannels: number, outChannels: number, stride: number, body: Record<string, Module>): Module {
  const before = nn.sequential({ bn1: nn.batchNorm2d(inChannels), relu1: nn.relu() });
  const after = nn.sequential(body);
  const projection = stride === 1 && inChannels === outChannels ? undefined : plainConv(inChannels, outChannels, 1, { stride });
  return defineModule("residual", (x, context) => {
    const activated = before.build(x, context);
    const kept = projection === undefined ? x : context.child("downsample", projection, activated);
    return add(after.build(activated, context), kept);
  });
}

function basic(inChannels: number, maps: number, stride: number): Record<string, Module> {
  return {
    conv1: plainConv(inChannels, maps, 3, { stride }),
    bn2: nn.batchNorm2d(maps),
    relu2: nn.relu(),
    conv2: plainConv(maps, maps, 3),
  };
}

function bottleneck(inChannels: number, maps: number, stride: number): Record<string, Module> {
  return {
    conv1: plainConv(inChannels, maps, 1),
    bn2: nn.batchNorm2d(maps),
    relu2: nn.relu(),
    conv2: plainConv(maps, maps, 3, { stride }),
    bn3: nn.batchNorm2d(maps),
    relu3: nn.relu(),
    conv3: plainConv(maps, 4 * maps, 1),
  };
}

/** For 32 × 32 pictures: depth 6n + 4 (basic) or 9n + 2 (bottleneck) layers, maps times `widen`. */
function cifar(
  depth: number,
  { unit = "basic", widen = 1 }: { readonly unit?: "basic" | "bottleneck"; readonly widen?: number } = {},
): BuildNet {
  const units = unit === "basic" ? Math.floor((depth - 2) / 6) : (depth - 2) / 9;
  if (!Number.isInteger(units)) throw new ArgumentError(`preActResNet: ${depth} layers do not make three equal stages`);
  return preActResNet({ units: [units, units, units], unit, start: 16, width: 16 * widen });
}

const paper = "(He et al. 2016)";

export const preActResNets: readonly Architecture[] = [
  forImageNet("preact-resnet18", `Pre-activation ResNet-18 ${paper}`, preActResNet({ units: [2, 2, 2, 2], start: 64, first: "7x7" })),
  forImageNet(
    "preact-resnet50",
    `Pre-activation ResNet-50 ${paper}`,
    preActResNet({ units: [3, 4, 6, 3], unit: "bottleneck", start: 64, first: "7x7" }),
  ),
  forCifar("preact-resnet110-cifar", `Pre-activation ResNet-110 for 32 × 32 pictures ${paper}`, cifar(110)),
  forCifar("preact-resnet164-cifar", `Pre-activation ResNet-164 for 32 × 32 pictures ${paper}`, cifar(164, { unit: "bottleneck" })),
  ...(
    [
      [16, 4],
      [28, 10],
      [40, 4],
    ] as const
  ).map(([depth, widen]) =>
    forCifar(
      `wide-resnet${depth}-${widen}-cifar`,
      `Wide ResNet, ${depth} layers, ${widen} times the maps (Zagoruyko & Komodakis 2016)`,
      cifar(depth, { widen }),
    ),
  ),
];
