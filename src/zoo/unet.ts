// U-Net: down to see what, up again to say where, with the fine maps handed across. Ronneberger, Fischer, Brox 2015, figure 1.
import { nn } from "../nn/index.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { concat, slice } from "../ops/index.ts";
import { type Architecture, type BuildNet, channelsOf } from "./architecture.ts";
import { he, zero } from "./parts.ts";

export interface UNetOptions {
  /** "valid" as in the paper, where maps shrink by two pixels per layer (572 in, 388 out); "same" keeps them (default). */
  readonly padding?: "valid" | "same";
  /** Maps at the top (default 64); twice as many on each level below. */
  readonly width?: number;
  /** Levels below the top (default 4). */
  readonly depth?: number;
}

/** Gives one map per class. */
export function uNet({ padding = "same", width = 64, depth = 4 }: UNetOptions = {}): BuildNet {
  const start = { initialise: he, initialiseBias: zero };
  const twice = (inChannels: number, maps: number): Module =>
    nn.sequential({
      conv1: nn.conv2d(inChannels, maps, 3, { padding, ...start }),
      relu1: nn.relu(),
      conv2: nn.conv2d(maps, maps, 3, { padding, ...start }),
      relu2: nn.relu(),
    });
  /** One level and, through a pool and back up, everything below it. */
  const level = (inChannels: number, maps: number, below: number): Module => {
    const down = twice(inChannels, maps);
    if (below === 0) return down;
    const inner = level(maps, 2 * maps, below - 1);
    const wide = nn.sequential({ pool: nn.maxPool2d(2), below: inner, up: nn.convTranspose2d(2 * maps, maps, 2, { stride: 2 }) });
    const merge = twice(2 * maps, maps);
    return defineModule("uNetLevel", (x, context) => {
      const fine = context.child("down", down, x);
      const coarse = wide.build(fine, context);
      return context.child("merge", merge, concat([centre(fine, coarse.shape), coarse], { axis: 1 }));
    });
  };
  return (inputShape, classes) =>
    nn.sequential({ levels: level(channelsOf(inputShape), width, depth), conv: nn.conv2d(width, classes, 1, start) });
}

/** The middle of the maps, as large as `shape`. */
function centre(x: Parameters<Module["build"]>[0], shape: readonly number[]): typeof x {
  const spatial = [2, 3];
  const starts = spatial.map((axis) => Math.floor((x.shape[axis] - shape[axis]) / 2));
  if (starts.every((s, i) => s === 0 && x.shape[spatial[i]] === shape[spatial[i]])) return x;
  return slice(x, { axes: spatial, starts, ends: spatial.map((axis, i) => starts[i] + shape[axis]) });
}

export const uNets: readonly Architecture[] = [
  {
    name: "unet",
    about: "U-Net of the paper, unpadded: 572 × 572 in, 388 × 388 out, one map per class (Ronneberger et al. 2015)",
    inputShape: [1, 572, 572],
    classes: 2,
    gives: "maps",
    build: uNet({ padding: "valid" }),
  },
  {
    name: "unet-same",
    about: "U-Net with padded convolutions: maps as large as the picture",
    inputShape: [3, 256, 256],
    classes: 2,
    gives: "maps",
    build: uNet(),
  },
];
