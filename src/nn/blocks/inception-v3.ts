// The blocks of Inception v3: large windows taken apart into small and one-dimensional ones, and reductions that keep no bottleneck.
// Szegedy et al. 2016; kinds, maps and children are called as in torchvision.
import { concat } from "../../ops/index.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Initialiser } from "../initialise.ts";
import { sequential } from "../layers/compose.ts";
import { avgPool2d, maxPool2d } from "../layers/pool.ts";
import { defineModule, type Module } from "../module.ts";
import { convNorm } from "./conv-norm.ts";

export interface FactorisedOptions {
  /** Of all convolutions (default: that of `conv2d`). */
  readonly initialise?: Initialiser;
}

type Kernel = number | readonly [number, number];

/** Convolution without bias, batch norm with ε = 0.001, ReLU: what Inception v3 is made of. Children conv, bn, relu. */
export function inceptionConv(
  inChannels: number,
  outChannels: number,
  kernelSize: Kernel,
  options: FactorisedOptions & { readonly stride?: number; readonly padding?: number } = {},
): Module {
  checkOptions("inceptionConv", options, ["initialise", "stride", "padding"]);
  return convNorm(inChannels, outChannels, kernelSize, { ...options, norm: { eps: 1e-3 } });
}

/** Layers by name, each with the number of maps that it makes. A stride of 2 goes without padding. */
type Layers = readonly (readonly [name: string, maps: number, kernel: Kernel, stride?: number])[];

/** Convolutions one after another, named in the block that holds them. */
function chain(channels: number, layers: Layers, options: FactorisedOptions): Module {
  const parts: Record<string, Module> = {};
  let inChannels = channels;
  for (const [name, maps, kernel, stride = 1] of layers) {
    parts[name] = inceptionConv(inChannels, maps, kernel, stride === 1 ? options : { ...options, stride, padding: 0 });
    inChannels = maps;
  }
  return sequential(parts);
}

/** Towers over the same maps, their results side by side. Unlike those of `branches`, they add nothing to the names. */
function towers(kind: string, modules: readonly Module[]): Module {
  return defineModule(kind, (x, context) =>
    concat(
      modules.map((m) => m.build(x, context)),
      { axis: 1 },
    ),
  );
}

function pooled(channels: number, maps: number, options: FactorisedOptions): Module {
  return sequential({ pool: avgPool2d(3, { stride: 1, padding: 1 }), branch_pool: inceptionConv(channels, maps, 1, options) });
}

const halvingPool = (): Module => sequential({ pool: maxPool2d(3, { stride: 2 }) });

/** Figure 5: the 5×5 branch has company from two 3×3 in a row. out = 224 + pool maps. */
export function inceptionA(inChannels: number, given: FactorisedOptions & { readonly pool: number }): Module {
  checkOptions("inceptionA", given, ["pool", "initialise"]);
  const { pool, ...options } = given;
  return towers("inceptionA", [
    chain(inChannels, [["branch1x1", 64, 1]], options),
    chain(
      inChannels,
      [
        ["branch5x5_1", 48, 1],
        ["branch5x5_2", 64, 5],
      ],
      options,
    ),
    chain(
      inChannels,
      [
        ["branch3x3dbl_1", 64, 1],
        ["branch3x3dbl_2", 96, 3],
        ["branch3x3dbl_3", 96, 3],
      ],
      options,
    ),
    pooled(inChannels, pool, options),
  ]);
}

/** Figure 10, 35² to 17²: convolutions and a pool halve the size side by side, so that nothing is squeezed first. out = 480 + in maps. */
export function inceptionB(inChannels: number, options: FactorisedOptions = {}): Module {
  checkOptions("inceptionB", options, ["initialise"]);
  return towers("inceptionB", [
    chain(inChannels, [["branch3x3", 384, 3, 2]], options),
    chain(
      inChannels,
      [
        ["branch3x3dbl_1", 64, 1],
        ["branch3x3dbl_2", 96, 3],
        ["branch3x3dbl_3", 96, 3, 2],
      ],
      options,
    ),
    halvingPool(),
  ]);
}

/** Figure 6, n = 7: rows and columns of seven taps. out = 768 maps; `maps` is the width inside. */
export function inceptionC(inChannels: number, given: FactorisedOptions & { readonly maps: number }): Module {
  checkOptions("inceptionC", given, ["maps", "initialise"]);
  const { maps, ...options } = given;
  const [row, column] = [
    [1, 7],
    [7, 1],
  ] as const;
  return towers("inceptionC", [
    chain(inChannels, [["branch1x1", 192, 1]], options),
    chain(
      inChannels,
      [
        ["branch7x7_1", maps, 1],
        ["branch7x7_2", maps, row],
        ["branch7x7_3", 192, column],
      ],
      options,
    ),
    chain(
      inChannels,
      [
        ["branch7x7dbl_1", maps, 1],
        ["branch7x7dbl_2", maps, column],
        ["branch7x7dbl_3", maps, row],
        ["branch7x7dbl_4", maps, column],
        ["branch7x7dbl_5", 192, row],
      ],
      options,
    ),
    pooled(inChannels, 192, options),
  ]);
}

/** The reduction from 17² to 8². out = 512 + in maps. */
export function inceptionD(inChannels: number, options: FactorisedOptions = {}): Module {
  checkOptions("inceptionD", options, ["initialise"]);
  return towers("inceptionD", [
    chain(
      inChannels,
      [
        ["branch3x3_1", 192, 1],
        ["branch3x3_2", 320, 3, 2],
      ],
      options,
    ),
    chain(
      inChannels,
      [
        ["branch7x7x3_1", 192, 1],
        ["branch7x7x3_2", 192, [1, 7]],
        ["branch7x7x3_3", 192, [7, 1]],
        ["branch7x7x3_4", 192, 3, 2],
      ],
      options,
    ),
    halvingPool(),
  ]);
}

/** Figure 7: rows and columns of three taps side by side, where the maps are smallest. out = 2048 maps. */
export function inceptionE(inChannels: number, options: FactorisedOptions = {}): Module {
  checkOptions("inceptionE", options, ["initialise"]);
  /** The last layer of a tower parts into 1×3 and 3×1. */
  const parted = (layers: Layers, name: string): Module => {
    const trunk = chain(inChannels, layers, options);
    const fork = towers("fork", [chain(384, [[`${name}a`, 384, [1, 3]]], options), chain(384, [[`${name}b`, 384, [3, 1]]], options)]);
    return defineModule("tower", (x, context) => fork.build(trunk.build(x, context), context));
  };
  return towers("inceptionE", [
    chain(inChannels, [["branch1x1", 320, 1]], options),
    parted([["branch3x3_1", 384, 1]], "branch3x3_2"),
    parted(
      [
        ["branch3x3dbl_1", 448, 1],
        ["branch3x3dbl_2", 384, 3],
      ],
      "branch3x3dbl_3",
    ),
    pooled(inChannels, 192, options),
  ]);
}
