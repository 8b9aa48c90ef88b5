// The contract between the lowering pipeline and the kernels. A rule knows one op: which layouts it likes, and how to generate code for exactly
// these shapes, attributes and strides. Lowering owns everything else: where values lie, when steps run, on which thread.

import type { Precision } from "../../graph/program.ts";
import type { Value } from "../../graph/value.ts";
import type { Expression } from "../../ops/expression.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { DType } from "../../tensor/tensor.ts";
import type { FunctionRef, ModuleBuilder } from "./assembler.ts";

/**
 * What the engine makes of the code: plain SIMD128; relaxed SIMD (fused multiply-add) too; or relaxed SIMD whose neighbouring vectors the
 * engine pairs into 256-bit ones ("revectorised"), where larger tiles pay. The last two emit the same arithmetic and give the same bits for
 * the same tiles.
 */
export type Tier = "simd" | "relaxed" | "revectorised";

/** A tile of accumulators for products: rows x vectors of four columns, and steps of the depth per round of the loop. */
export interface ProbedTile {
  readonly rows: number;
  readonly vectors: number;
  readonly unroll: number;
}

/** Zeros that lie before and after each (logical) axis, in elements. A border on the channel axis is channel padding. */
export type Border = readonly (readonly [before: number, after: number])[];

/** How a value lies in memory. Addresses always mean element [0, 0, ...], not the start of a border. */
export interface Placement {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Per logical axis, in elements. 0 repeats (broadcasting); negative runs backwards. */
  readonly strides: readonly number[];
  /** Readable, guaranteed to be zero. All [0, 0] for most values. */
  readonly border: Border;
}

/**
 * What a rule wants of an operand or of its result.
 * `"any"`: whatever strides there are; the generator reads them from the placement.
 * Otherwise the axes from outermost to innermost. The innermost has stride 1; outer strides may be larger than dense (a neighbour may have
 * asked for a border), unless `dense` is set. `border` is a minimum, and only makes sense for operands.
 */
export type Wish = "any" | { readonly order: readonly number[]; readonly border?: Border; readonly dense?: boolean };

export interface Wishes {
  readonly operands: readonly Wish[];
  readonly result: Wish;
}

/** A node together with where its operands and result lie: all that a generator may depend on. */
export interface Site {
  readonly value: Value;
  readonly operands: readonly Placement[];
  readonly result: Placement;
  readonly tier: Tier;
  /** The tile that this engine is fastest with, where it was found out; the tier's usual one otherwise. */
  readonly tile?: ProbedTile;
  /** "exact" (default) keeps sums direct; "fast" allows algorithms that round more, such as Winograd's. */
  readonly precision?: Precision;
  /** One of the rule's `variants` for this site; absent: the rule's own heuristic choice. */
  readonly variant?: string;
  /** Elementwise work to do on each result before it is stored; only given to rules that say `fuses`. */
  readonly epilogue?: Epilogue;
  /** Given to rules that say `absorbs`: the value's only operand is this expression over `operands`, which broadcast to its shape. */
  readonly prologue?: Expression;
}

/** Operand 0 of the expression is the kernel's own result; operand i > 0 is `operands[i - 1]`, of broadcastable shape, any strides. */
export interface Epilogue {
  readonly expression: Expression;
  readonly operands: readonly Placement[];
}

/**
 * One operand brought into a form of the kernel's own (packed weights). Runs once when the operand is constant, and once per run when it is
 * state; kernels that ask for the same `key` of the same operand share the result.
 */
export interface Packing {
  readonly operand: number;
  readonly key: string;
  readonly bytes: number;
  readonly items: number;
  /** (source address, packed address, start item, end item), all i32. */
  emit(module: ModuleBuilder): FunctionRef;
}

/**
 * One parallel loop. The items are split statically between the threads; every thread calls the function once with its range, or not at all.
 * Items must be independent: no two write the same byte, none reads what another writes, and what an item computes must not depend on how
 * the range was cut, so that every number of threads gives the same bits.
 */
export interface Stage {
  /** Equal keys mean equal code: op, shapes, strides, attributes, tier. Include everything that the emitted bytes depend on. */
  readonly key: string;
  readonly items: number;
  /** Rough work of the whole stage in nanoseconds on one thread; small stages are not split (splitting costs about 2 us). */
  readonly nanoseconds: number;
  /**
   * (addresses of operands..., epilogue operands..., packings..., tables..., result, scratch, start item, end item), all i32; start < end.
   * Declare it with `kernelParams(kernel, site)`.
   */
  emit(module: ModuleBuilder): FunctionRef;
}

export interface Kernel {
  /** What `explain()` prints, e.g. "conv igemm 4x8". */
  readonly name: string;
  readonly packings?: readonly Packing[];
  /** Constant tables (offsets, permutations) that lie in memory beside the program; addresses are passed to every stage. */
  readonly tables?: readonly (Int32Array | Float32Array)[];
  /** Working memory for this kernel alone, 64-byte aligned, contents undefined at the start, shared by all its stages and threads. */
  readonly scratchBytes?: number;
  /** Run one after the other, all threads meeting in between. */
  readonly stages: readonly Stage[];
  /** Operands whose memory the result may take over when they are not needed later: same strides, every item reads only its own part. */
  readonly inPlace?: readonly number[];
}

export interface KernelRule {
  /** The op's name in the graph. */
  readonly op: string;
  /** The layouts it works in, or undefined when there is no kernel for these shapes, attributes or element types. */
  wishes(value: Value): Wishes | undefined;
  /** Called once all layouts are settled. */
  generate(site: Site): Kernel;
  /** Whether `generate` honours `site.epilogue` (for this value). */
  fuses?(value: Value): boolean;
  /** Whether `generate` honours `site.prologue` (for this value). Then `wishes` has one operand, and wants it anyhow. */
  absorbs?(value: Value): boolean;
  /**
   * Names of the ways in which `generate` can compute this site ("panels 6x16", "winograd 4x4"), the heuristic choice first; only what
   * the site's precision allows. Timed trials choose among them, so a handful is enough. Absent or short of two: there is nothing to choose.
   */
  variants?(site: Site): readonly string[];
}

/** The parameter list of a kernel's stages, all i32; destructure the locals with `kernelArguments`. */
export function kernelParams(site: Site, { packings = [], tables = [] }: Pick<Kernel, "packings" | "tables"> = {}): "i32"[] {
  const count = site.operands.length + (site.epilogue?.operands.length ?? 0) + packings.length + tables.length + 4;
  return new Array<"i32">(count).fill("i32");
}

export interface KernelArguments<L> {
  readonly operands: readonly L[];
  readonly epilogue: readonly L[];
  readonly packings: readonly L[];
  readonly tables: readonly L[];
  readonly result: L;
  readonly scratch: L;
  readonly start: L;
  readonly end: L;
}

/** Names the flat parameters of a stage function. */
export function kernelArguments<L>(
  site: Site,
  { packings = [], tables = [] }: Pick<Kernel, "packings" | "tables">,
  params: readonly L[],
): KernelArguments<L> {
  let next = 0;
  const take = (count: number): readonly L[] => {
    next += count;
    return params.slice(next - count, next);
  };
  const operands = take(site.operands.length);
  const epilogue = take(site.epilogue?.operands.length ?? 0);
  const packed = take(packings.length);
  const tabled = take(tables.length);
  const [result, scratch, start, end] = take(4);
  return { operands, epilogue, packings: packed, tables: tabled, result, scratch, start, end };
}

/** A string that identifies a placement in kernel keys. */
export function placementKey({ shape, dtype, strides, border }: Placement): string {
  const bordered = border.some(([before, after]) => before !== 0 || after !== 0);
  return `${dtype}[${shape}]/${strides}${bordered ? `+${border.map((b) => b.join(":"))}` : ""}`;
}

/** Channels-last: batch, spatial axes, channels. */
export function channelsLast(rank: number): number[] {
  return rank < 3 ? Array.from({ length: rank }, (_, i) => i) : [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

export function rowMajor(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => i);
}
