// ShuffleNets: cheap 1×1 layers whose maps see only some of the others, and a shuffle so that all meet in the end.
// v1 groups the 1×1 layers (Zhang, Zhou, Lin, Sun 2018); v2 splits the maps in halves and changes one (Ma, Zhang, Zheng, Sun 2018).
import { nn } from "../nn/index.ts";
import type { Parts } from "../nn/layers/compose.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { channelShuffle, concat, relu, slice } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { type Architecture, type BuildNet, channelsOf, forImageNet } from "./architecture.ts";
import { convNorm, plainConv, stage } from "./parts.ts";

const units = [4, 8, 4];

/** Maps of the first stage at scale 1 by number of groups, table 1 of the paper: about the same work for all. */
const mapsByGroups: Readonly<Record<number, number>> = { 1: 144, 2: 200, 3: 240, 4: 272, 8: 384 };

const shuffle = (groups: number): Module => defineModule("channelShuffle", (x) => channelShuffle(x, { groups }));

export function shuffleNetV1({ groups, scale = 1 }: { readonly groups: number; readonly scale?: number }): BuildNet {
  const first = mapsByGroups[groups];
  if (first === undefined)
    throw new ArgumentError(`shuffleNetV1: groups is ${groups}; expected one of ${Object.keys(mapsByGroups).join(", ")}`);
  return (inputShape, classes) => {
    let channels = 24;
    const stages = units.map((count, s) => {
      const outChannels = first * scale * 2 ** s;
      return stage(count, (i) => {
        // The paper does not group the very first 1×1 layer: it has few input maps.
        const unit = unitV1(channels, outChannels, { groups, firstGroups: s === 0 && i === 0 ? 1 : groups, halve: i === 0 });
        channels = outChannels;
        return unit;
      });
    });
    return nn.sequential({
      conv1: convNorm(channelsOf(inputShape), 24, 3, { stride: 2 }),
      maxpool: nn.maxPool2d(3, { stride: 2, padding: 1 }),
      stage2: stages[0],
      stage3: stages[1],
      stage4: stages[2],
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      fc: nn.linear(channels, classes),
    });
  };
}

interface UnitV1 {
  readonly groups: number;
  readonly firstGroups: number;
  readonly halve: boolean;
}

/** Where the maps are halved, the shortcut is a mean pool and the new maps come beside it; elsewhere they are added. */
function unitV1(inChannels: number, outChannels: number, { groups, firstGroups, halve }: UnitV1): Module {
  const inner = outChannels / 4;
  const made = halve ? outChannels - inChannels : outChannels;
  const body: Parts = {
    conv1: convNorm(inChannels, inner, 1, { groups: firstGroups }),
    ...(groups > 1 && { shuffle: shuffle(groups) }),
    conv2: convNorm(inner, inner, 3, { stride: halve ? 2 : 1, groups: inner, activation: null }),
    conv3: convNorm(inner, made, 1, { groups, activation: null }),
  };
  if (!halve) return nn.residual(body, { activation: nn.relu() });
  const changed = nn.sequential(body);
  const pool = nn.avgPool2d(3, { stride: 2, padding: 1 });
  return defineModule("shuffleUnit", (x, context) =>
    relu(concat([context.child("pool", pool, x), changed.build(x, context)], { axis: 1 })),
  );
}

/** Maps after the stages and the last 1×1 layer, table 5 of the paper. */
const mapsByScale = { 0.5: [48, 96, 192, 1024], 1: [116, 232, 464, 1024], 1.5: [176, 352, 704, 1024], 2: [244, 488, 976, 2048] } as const;

export function shuffleNetV2(scale: keyof typeof mapsByScale = 1): BuildNet {
  const maps = mapsByScale[scale];
  return (inputShape, classes) => {
    let channels = 24;
    const stages = units.map((count, s) =>
      stage(count, (i) => {
        const unit = i === 0 ? halvingV2(channels, maps[s]) : unitV2(maps[s]);
        channels = maps[s];
        return unit;
      }),
    );
    return nn.sequential({
      conv1: convNorm(channelsOf(inputShape), 24, 3, { stride: 2 }),
      maxpool: nn.maxPool2d(3, { stride: 2, padding: 1 }),
      stage2: stages[0],
      stage3: stages[1],
      stage4: stages[2],
      conv5: convNorm(channels, maps[3], 1),
      avgpool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      fc: nn.linear(maps[3], classes),
    });
  };
}

function branchV2(inChannels: number, outChannels: number, stride: number): Module {
  return nn.sequential([
    plainConv(inChannels, outChannels, 1),
    nn.batchNorm2d(outChannels),
    nn.relu(),
    plainConv(outChannels, outChannels, 3, { stride, groups: outChannels }),
    nn.batchNorm2d(outChannels),
    plainConv(outChannels, outChannels, 1),
    nn.batchNorm2d(outChannels),
    nn.relu(),
  ]);
}

function unitV2(channels: number): Module {
  const half = channels / 2;
  const branch = branchV2(half, half, 1);
  return defineModule("shuffleUnit", (x, context) => {
    const kept = slice(x, { axes: [1], starts: [0], ends: [half] });
    const changed = context.child("branch2", branch, slice(x, { axes: [1], starts: [half], ends: [channels] }));
    return channelShuffle(concat([kept, changed], { axis: 1 }), { groups: 2 });
  });
}

function halvingV2(inChannels: number, outChannels: number): Module {
  const half = outChannels / 2;
  const both = nn.branches({
    branch1: nn.sequential([
      plainConv(inChannels, inChannels, 3, { stride: 2, groups: inChannels }),
      nn.batchNorm2d(inChannels),
      plainConv(inChannels, half, 1),
      nn.batchNorm2d(half),
      nn.relu(),
    ]),
    branch2: branchV2(inChannels, half, 2),
  });
  return defineModule("shuffleUnit", (x, context) => channelShuffle(both.build(x, context), { groups: 2 }));
}

export const shuffleNets: readonly Architecture[] = [
  ...[1, 3, 8].map((groups) =>
    forImageNet(
      `shufflenet-v1-g${groups}`,
      `ShuffleNet v1, ${groups === 1 ? "1 group" : `${groups} groups`} (Zhang et al. 2018)`,
      shuffleNetV1({ groups }),
    ),
  ),
  ...([0.5, 1, 1.5, 2] as const).map((scale) =>
    forImageNet(`shufflenet-v2-x${scale.toFixed(1)}`, `ShuffleNet v2, scale ${scale} (Ma et al. 2018)`, shuffleNetV2(scale)),
  ),
];
