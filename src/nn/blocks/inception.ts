// Windows of several sizes side by side, so that the net need not choose. Szegedy et al. 2015, figure 2, and the factorised blocks of
// Szegedy et al. 2016. Children are called as in torchvision.

import { concat } from "../../ops/index.ts";
import { checkOptions } from "../../tensor/options.ts";
import { branches, sequential } from "../layers/compose.ts";
import { avgPool2d, maxPool2d } from "../layers/pool.ts";
import { defineModule, type Module } from "../module.ts";
import { convNorm, type PlainConvOptions } from "./conv-norm.ts";

/** Maps of every branch. */
export interface NaiveInceptionMaps {
  readonly one: number;
  readonly three: number;
  readonly five: number;
}

/** 1×1, 3×3, 5×5 and a 3×3 pool side by side: out = one + three + five + in maps. Figure 2a: the pool alone makes every block wider. */
export function inceptionNaive(
  inChannels: number,
  { one, three, five }: NaiveInceptionMaps,
  { norm = false }: InceptionOptions = {},
): Module {
  return branches({
    branch1: convNorm(inChannels, one, 1, { norm }),
    branch2: convNorm(inChannels, three, 3, { norm }),
    branch3: convNorm(inChannels, five, 5, { norm }),
    branch4: maxPool2d(3, { stride: 1, padding: 1 }),
  });
}

export interface InceptionMaps extends NaiveInceptionMaps {
  /** Maps that 1×1 convolutions leave before the 3×3 and the 5×5. */
  readonly threeReduce: number;
  readonly fiveReduce: number;
  /** Maps of the 1×1 after the pool. */
  readonly pool: number;
}

export interface InceptionOptions {
  /** Batch norm after every convolution (default false: the paper's biases). */
  readonly norm?: boolean;
}

/** Figure 2b, with 1×1 reductions: out = one + three + five + pool maps. Children branch1, branch2.0, branch2.1, branch3.0, branch3.1, branch4.1. */
export function inception(inChannels: number, maps: InceptionMaps, options: InceptionOptions = {}): Module {
  checkOptions("inception: maps", maps, ["one", "three", "five", "threeReduce", "fiveReduce", "pool"]);
  checkOptions("inception", options, ["norm"]);
  const { norm = false } = options;
  const reduced = (reduce: number, out: number, k: number): Module =>
    sequential([convNorm(inChannels, reduce, 1, { norm }), convNorm(reduce, out, k, { norm })]);
  return branches({
    branch1: convNorm(inChannels, maps.one, 1, { norm }),
    branch2: reduced(maps.threeReduce, maps.three, 3),
    branch3: reduced(maps.fiveReduce, maps.five, 5),
    branch4: sequential([maxPool2d(3, { stride: 1, padding: 1 }), convNorm(inChannels, maps.pool, 1, { norm })]),
  });
}

type Step = readonly [name: string, outChannels: number, kernel: number | readonly number[], options?: PlainConvOptions];

/** Named convolutions one after another, as children of the block itself. */
function chain(inChannels: number, steps: readonly Step[]): (name: string) => Module {
  let channels = inChannels;
  const made = new Map(
    steps.map(([name, outChannels, kernel, options]) => {
      const step = convNorm(channels, outChannels, kernel, options);
      channels = outChannels;
      return [name, step];
    }),
  );
  return (name) => made.get(name) as Module;
}

/** A block of chains: every chain's last value is one part of the result; `pooled` is a 3×3 mean before the last chain. */
function factorised(kind: string, inChannels: number, chains: readonly (readonly Step[])[], forks: readonly string[] = []): Module {
  const layers = chains.map((steps) => chain(inChannels, steps));
  const pool = avgPool2d(3, { stride: 1, padding: 1 });
  return defineModule(kind, (x, context) =>
    concat(
      chains.flatMap((steps, b) => {
        const start = b === chains.length - 1 ? context.child("pool", pool, x) : x;
        const straight = steps.filter(([name]) => !forks.includes(name));
        const end = straight.reduce((value, [name]) => context.child(name, layers[b](name), value), start);
        const split = steps.filter(([name]) => forks.includes(name));
        return split.length === 0 ? [end] : split.map(([name]) => context.child(name, layers[b](name), end));
      }),
      { axis: 1 },
    ),
  );
}

/** Figure 5: the 5×5 branch has company from two 3×3 in a row. out = 224 + pool. */
export function inceptionA(inChannels: number, { pool }: { readonly pool: number }): Module {
  return factorised("inceptionA", inChannels, [
    [["branch1x1", 64, 1]],
    [
      ["branch5x5_1", 48, 1],
      ["branch5x5_2", 64, 5],
    ],
    [
      ["branch3x3dbl_1", 64, 1],
      ["branch3x3dbl_2", 96, 3],
      ["branch3x3dbl_3", 96, 3],
    ],
    [["branch_pool", pool, 1]],
  ]);
}

/** Figure 6, n = 7: rows and columns of seven taps. out = 768; `maps` is the width inside. */
export function inceptionC(inChannels: number, { maps }: { readonly maps: number }): Module {
  const [row, column] = [
    [1, 7],
    [7, 1],
  ];
  return factorised("inceptionC", inChannels, [
    [["branch1x1", 192, 1]],
    [
      ["branch7x7_1", maps, 1],
      ["branch7x7_2", maps, row],
      ["branch7x7_3", 192, column],
    ],
    [
      ["branch7x7dbl_1", maps, 1],
      ["branch7x7dbl_2", maps, column],
      ["branch7x7dbl_3", maps, row],
      ["branch7x7dbl_4", maps, column],
      ["branch7x7dbl_5", 192, row],
    ],
    [["branch_pool", 192, 1]],
  ]);
}

/** Figure 7: rows and columns of three taps side by side, where the maps are smallest. out = 2048. */
export function inceptionE(inChannels: number): Module {
  const both = (name: string): Step[] => [
    [`${name}a`, 384, [1, 3]],
    [`${name}b`, 384, [3, 1]],
  ];
  const forks = ["branch3x3_2", "branch3x3dbl_3"].flatMap((name) => [`${name}a`, `${name}b`]);
  return factorised(
    "inceptionE",
    inChannels,
    [
      [["branch1x1", 320, 1]],
      [["branch3x3_1", 384, 1], ...both("branch3x3_2")],
      [["branch3x3dbl_1", 448, 1], ["branch3x3dbl_2", 384, 3], ...both("branch3x3dbl_3")],
      [["branch_pool", 192, 1]],
    ],
    forks,
  );
}
