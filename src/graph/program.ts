// What a backend makes of a graph. The interface is the same for all backends, so nothing above them needs to know which one runs.
import type { Tensor } from "../tensor/tensor.ts";
import type { Graph } from "./graph.ts";

export type Device = "auto" | "reference" | "wasm" | "webgpu";

/** "exact": every sum is computed as it is written, up to its order; "fast": algorithms that round somewhat more may be used (Winograd's). */
export type Precision = "fast" | "exact";

export interface CompileOptions {
  readonly device?: Device;
  /** Threads that walk the program together, at most (default: the machine's, at most 8). Where there are fewer, `explain()` says why. */
  readonly threads?: number;
  /** Throw `UnsupportedOpError` instead of letting the reference loops stand in for a missing kernel. */
  readonly strict?: boolean;
  /** Fuse, fold and simplify first (default true). Off for comparing fused with unfused. */
  readonly optimise?: boolean;
  /** Default: "exact" for graphs that update state or compute gradients of convolutions, "fast" for all others (inference). */
  readonly precision?: Precision;
  /**
   * true: choose kernels by short timed trials where no winner is remembered, and remember the winners (in memory, and in Node in the folder
   * `FOVEA_CACHE`, by default `~/.cache/fovea`; "off" keeps nothing). Absent: use what is remembered, try nothing. false: leave every
   * choice to the kernels. With "exact" precision the choice never changes a bit; with "fast" it may, within rounding, so that equal bits
   * from run to run need equal memories. Trials take at most about 0.15 s per program; `fit` and everything built on it asks for them.
   */
  readonly tune?: boolean;
}

export type Feeds = Readonly<Record<string, Tensor>>;
export type Results = Record<string, Tensor>;

/** One line of `explain()`. */
export interface ExplainedNode {
  readonly label: string;
  readonly op: string;
  readonly shape: readonly number[];
  /** Which code runs it, e.g. "conv igemm 4x8", "fused into conv1", "reference". */
  readonly kernel: string;
  readonly macs: number;
  /** Which of the engine's instructions the code uses, e.g. "relaxed"; absent where there are no tiers. */
  readonly tier?: string;
  /** Of one run on one thread, what is fused into the node and what was converted for it included; only when measured. */
  readonly milliseconds?: number;
  /** Two operations per multiply-add; only when measured, and only for nodes that multiply. */
  readonly gigaflops?: number;
}

export interface ExplainOptions {
  /**
   * Inputs of a few runs in which every node is timed by itself, on one thread. They happen in a copy of the program: its state stays as it
   * is, and the copy's memory is given back.
   */
  readonly measure?: Feeds;
}

/** What the engine makes of the kernels, found by a probe. */
export interface ExplainedEngine {
  readonly tier: string;
  /** Of one thread, in the probe's matrix product; absent when the tier was not raced but given. */
  readonly gigaflops?: number;
  /** The better tiers, and why this is none of them. */
  readonly refused: readonly { readonly tier: string; readonly reason: string }[];
}

export interface Explanation {
  readonly backend: string;
  readonly threads: number;
  readonly engine?: ExplainedEngine;
  /** Why there are fewer threads, or reference loops; empty when all is as asked. */
  readonly notes: readonly string[];
  readonly nodes: readonly ExplainedNode[];
  /** How many nodes run in the reference loops because the backend has no kernel. */
  readonly standIns: number;
  toString(): string;
}

/** Parameters, moments and statistics, by variable name. Reading copies out, writing copies in. */
export interface ProgramState {
  readonly names: readonly string[];
  read(name: string): Tensor;
  write(name: string, value: Tensor): void;
}

export interface Program {
  readonly graph: Graph;
  readonly backend: Exclude<Device, "auto">;
  /** One run: feeds in, outputs back, then all state updates at once. Results are copies that the caller owns. */
  run(feeds?: Feeds): Promise<Results>;
  /** The same without a promise; absent on backends that cannot (webgpu). */
  runSync?(feeds?: Feeds): Results;
  readonly state: ProgramState;
  explain(options?: ExplainOptions): Explanation;
  readonly memory: { readonly arenaBytes: number; readonly stateBytes: number };
  /** Gives the memory back early. Optional: an unreachable program is collected like any object. */
  release(): void;
}
