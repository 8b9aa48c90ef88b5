// Units of ShuffleNet: cheap 1×1 layers whose maps see some of the others only, and a shuffle so that all meet in the end.
// Version 1 groups the 1×1 layers (Zhang, Zhou, Lin, Sun 2018, figure 2); version 2 changes one half of the maps (Ma et al. 2018, figure 3).

import { concat, relu as rectified, channelShuffle as shuffled, slice } from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { relu } from "../layers/activation.ts";
import { branches, residual, sequential } from "../layers/compose.ts";
import { batchNorm2d } from "../layers/norm.ts";
import { avgPool2d } from "../layers/pool.ts";
import { channelShuffle } from "../layers/rearrange.ts";
import { defineModule, type Module } from "../module.ts";
import { plainConv } from "./conv-norm.ts";

export interface ShuffleUnitOptions {
  readonly groups: number;
  /** Groups of the first 1×1 (default: `groups`; the very first unit of a net has 1, its input is thin). */
  readonly firstGroups?: number;
  /** 2 halves the size: a mean pool is the shortcut, and the new maps come beside it (default 1: they are added). */
  readonly stride?: 1 | 2;
}

/** conv1, bn1, shuffle, conv2, bn2, conv3, bn3. A quarter of the output's maps inside. */
export function shuffleUnit(inChannels: number, outChannels: number, options: ShuffleUnitOptions): Module {
  checkOptions("shuffleUnit", options, ["groups", "firstGroups", "stride"]);
  const { groups, firstGroups = groups, stride = 1 } = options;
  if (stride === 1 && inChannels !== outChannels) {
    throw new ArgumentError(`shuffleUnit: ${inChannels} maps cannot be added to ${outChannels}; only stride 2 changes their number`);
  }
  const inner = outChannels / 4;
  const made = stride === 2 ? outChannels - inChannels : outChannels;
  const body = {
    conv1: plainConv(inChannels, inner, 1, { groups: firstGroups }),
    bn1: batchNorm2d(inner),
    relu1: relu(),
    shuffle: channelShuffle(groups),
    conv2: plainConv(inner, inner, 3, { stride, groups: inner }),
    bn2: batchNorm2d(inner),
    conv3: plainConv(inner, made, 1, { groups }),
    bn3: batchNorm2d(made),
  };
  if (stride === 1) return residual(body, { activation: relu() });
  const [pool, changed] = [avgPool2d(3, { stride: 2, padding: 1 }), sequential(body)];
  return defineModule("shuffleUnit", (x, context) =>
    rectified(concat([context.child("pool", pool, x), changed.build(x, context)], { axis: 1 })),
  );
}

/** Stride 1: half of the maps pass, the others go through branch2. Stride 2: branch1 and branch2 see all. Names as in torchvision. */
export function shuffleUnitV2(inChannels: number, outChannels: number, options: { readonly stride?: 1 | 2 } = {}): Module {
  checkOptions("shuffleUnitV2", options, ["stride"]);
  const { stride = 1 } = options;
  if (stride === 1 && inChannels !== outChannels) {
    throw new ArgumentError(`shuffleUnitV2: stride 1 keeps the number of maps, but ${inChannels} should become ${outChannels}`);
  }
  const half = outChannels / 2;
  const branch = (channels: number): Module =>
    sequential([
      plainConv(channels, half, 1),
      batchNorm2d(half),
      relu(),
      plainConv(half, half, 3, { stride, groups: half }),
      batchNorm2d(half),
      plainConv(half, half, 1),
      batchNorm2d(half),
      relu(),
    ]);
  if (stride === 2) {
    const thin = [plainConv(inChannels, inChannels, 3, { stride, groups: inChannels }), batchNorm2d(inChannels)];
    const branch1 = sequential([...thin, plainConv(inChannels, half, 1), batchNorm2d(half), relu()]);
    const both = branches({ branch1, branch2: branch(inChannels) });
    return defineModule("shuffleUnitV2", (x, context) => shuffled(both.build(x, context), { groups: 2 }));
  }
  const branch2 = branch(half);
  return defineModule("shuffleUnitV2", (x, context) => {
    const kept = slice(x, { axes: [1], starts: [0], ends: [half] });
    const changed = context.child("branch2", branch2, slice(x, { axes: [1], starts: [half] }));
    return shuffled(concat([kept, changed], { axis: 1 }), { groups: 2 });
  });
}
