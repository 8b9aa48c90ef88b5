// What lowering makes of a graph: a flat list of steps over buffers. Addresses are settled later, when every lifetime is known.
import type { Value } from "../../graph/value.ts";
import type { TensorData } from "../../tensor/tensor.ts";
import { bytesPerElement } from "../../tensor/tensor.ts";
import type { Placement, Stage } from "./kernel.ts";
import { extentOf } from "./layout.ts";

/**
 * How long the contents of a buffer last. `state` is what runs update and `fixed` the variables that only the user writes; `packed` is made
 * from constants before the first run, `derived` from fixed variables too, again whenever one of them has been written. All of these keep
 * their contents between runs; `working` buffers share the arena by turns.
 */
export type Role = "state" | "fixed" | "constant" | "packed" | "derived" | "working";

/** A stretch of memory. */
export interface Buffer {
  readonly role: Role;
  readonly bytes: number;
  /** Contents of a constant. */
  readonly data?: TensorData;
  /** Contents of a constant that is made of addresses, which are known when all is planned. */
  readonly words?: readonly (number | Address)[];
}

export interface Located {
  readonly buffer: Buffer;
  /** Byte offset of element [0, 0, ...]. */
  readonly offset: number;
  readonly placement: Placement;
}

export interface Region {
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
  /** A tensor and the border around it interleave in memory, but never touch the same byte. */
  readonly part?: "inside" | "border";
}

export interface Address {
  readonly buffer: Buffer;
  readonly offset: number;
}

/** One parallel loop: a stage with its arguments. */
export interface KernelStep {
  readonly kind: "kernel";
  /** For measurements: the kernel's name and the value that it is for. */
  readonly name: string;
  /** In whose course it runs: conversions and packings count for the value that asked for them. */
  readonly value?: Value;
  readonly stage: Stage;
  readonly args: readonly Address[];
  readonly reads: readonly Region[];
  readonly writes: readonly Region[];
  /** Set on the step that may write its result over one of these operands. */
  readonly inPlace?: { readonly operands: readonly Located[]; readonly all: readonly Located[]; readonly result: Located };
  /** Set on plain copies into state, which vanish when the value can be computed in place. */
  readonly copies?: { readonly from: Located; readonly to: Located };
}

/** A node that the op's reference loops compute, on the main thread. Operands and result are dense and row-major. */
export interface StandInStep {
  readonly kind: "standIn";
  readonly value: Value;
  readonly operands: readonly Located[];
  readonly result: Located;
  readonly reads: readonly Region[];
  readonly writes: readonly Region[];
}

export type Step = KernelStep | StandInStep;

export function wholeRegion(buffer: Buffer): Region {
  return { buffer, from: 0, to: buffer.bytes };
}

/** The bytes between the first and the last element; the border too where it is read. */
export function regionOf({ buffer, offset, placement }: Located): Region {
  const width = bytesPerElement(placement.dtype);
  const [from, to] = extentOf(placement);
  return { buffer, from: offset + from * width, to: offset + to * width };
}
