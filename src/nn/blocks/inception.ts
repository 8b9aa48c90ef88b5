// Windows of several sizes side by side, so that the net need not choose. Szegedy et al. 2015, figure 2. Children are called as in torchvision.
import { checkOptions } from "../../tensor/options.ts";
import { branches, sequential } from "../layers/compose.ts";
import { maxPool2d } from "../layers/pool.ts";
import type { Module } from "../module.ts";
import { convNorm } from "./conv-norm.ts";

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
