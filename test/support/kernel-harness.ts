// Runs one kernel rule on one node in a memory of its own, without the lowering pipeline: operands lie in awkward places, everything else is
// NaN, the items of each stage are cut as threads would cut them, and nothing but the result, the scratch and the packings may change.

import { ModuleBuilder } from "../../src/backends/wasm/assembler.ts";
import type { Border, KernelRule, Placement, Tier, Wish } from "../../src/backends/wasm/kernel.ts";
import { evaluateNode } from "../../src/graph/evaluate.ts";
import type { Op } from "../../src/graph/op.ts";
import type { Precision } from "../../src/graph/program.ts";
import { input, record } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { map } from "../../src/ops/elementwise.ts";
import type { Expression } from "../../src/ops/expression.ts";
import { random } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { allocate, Tensor, type TensorData } from "../../src/tensor/tensor.ts";

export interface KernelRun {
  readonly result: Tensor;
  readonly name: string;
}

/** Elementwise work that the kernel is asked to do on its result: operand 0 is the result, operand i is `operands[i - 1]`. */
export interface FusedWork {
  readonly expression: Expression;
  readonly operands: readonly Tensor[];
}

export interface KernelOptions {
  readonly epilogue?: FusedWork;
  /** Into how many ranges the items of every stage are cut (default 1). */
  readonly parts?: number;
  readonly tier?: Tier;
  readonly precision?: Precision;
  readonly variant?: string;
  /** Axis order, outermost first, of operands and results whose wish is "any" (default: as is). */
  readonly reversed?: boolean;
  /** Room between rows and images, in elements of the outer axes (default 0). */
  readonly gap?: number;
}

export function nodeOf(op: Op, operands: readonly Tensor[], options: object = {}): Value {
  return record(
    op,
    operands.map((t, i) => input(`operand ${i}`, t.shape, t.dtype)),
    options,
  );
}

/** What the op's own loops make of the operands, in float64. */
export function expected(node: Value, operands: readonly Tensor[], epilogue?: FusedWork): Tensor {
  const widen = (t: Tensor): Tensor => (t.dtype === "float32" ? t.cast("float64") : t);
  const wide = operands.map(widen);
  const plain = evaluateNode(nodeOf(node.op, wide, definedAttrs(node)), wide);
  return epilogue === undefined ? plain : map(epilogue.expression, [plain, ...epilogue.operands.map(widen)]);
}

function definedAttrs(node: Value): object {
  return Object.fromEntries(Object.entries(node.attrs).filter(([, v]) => v !== undefined));
}

interface Area {
  readonly placement: Placement;
  /** Elements before the first one, and in all. */
  readonly origin: number;
  readonly elements: number;
}

function areaFor(
  { shape, dtype }: { shape: readonly number[]; dtype: Placement["dtype"] },
  wish: Wish,
  { reversed = false, gap = 0 }: KernelOptions,
): Area {
  const natural = shape.map((_, i) => i);
  const order = wish === "any" ? (reversed ? natural.reverse() : natural) : wish.order;
  const asked: Border = (wish !== "any" && wish.border) || shape.map(() => [0, 0] as const);
  const spare = wish !== "any" && wish.dense ? 0 : gap;
  const strides = new Array<number>(shape.length).fill(0);
  let step = 1;
  let origin = 0;
  for (const [inwards, axis] of [...order].reverse().entries()) {
    const [before, after] = asked[axis];
    strides[axis] = step;
    origin += step * (before + (inwards === 0 ? 0 : spare));
    step *= before + shape[axis] + after + (inwards === 0 ? 0 : 2 * spare);
  }
  return { placement: { shape, dtype, strides, border: asked }, origin, elements: step };
}

/** Calls `visit(offset, flat)` for every position of the placement, bordered by its zeros (flat is -1 there). */
function positions({ shape, strides, border }: Placement, visit: (offset: number, flat: number) => void): void {
  const walk = (axis: number, offset: number, flat: number): void => {
    if (axis === shape.length) {
      visit(offset, flat);
      return;
    }
    for (let i = -border[axis][0]; i < shape[axis] + border[axis][1]; i++) {
      const inside = flat >= 0 && i >= 0 && i < shape[axis];
      walk(axis + 1, offset + i * strides[axis], inside ? flat * shape[axis] + i : -1);
    }
  };
  walk(0, 0, 0);
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const guardBytes = 256;

export function runKernel(rule: KernelRule, node: Value, operands: readonly Tensor[], options: KernelOptions = {}): KernelRun | undefined {
  const wishes = rule.wishes(node);
  if (wishes === undefined) return undefined;
  const inputs = node.inputs.map((v, i) => areaFor(v, wishes.operands[i], options));
  const output = areaFor(node, wishes.result, options);
  const extra = options.epilogue?.operands.map((t) => areaFor(t, "any", options)) ?? [];
  const kernel = rule.generate({
    value: node,
    operands: inputs.map((a) => a.placement),
    result: output.placement,
    tier: options.tier ?? "simd",
    ...(options.precision && { precision: options.precision }),
    ...(options.variant && { variant: options.variant }),
    ...(options.epilogue && { epilogue: { expression: options.epilogue.expression, operands: extra.map((a) => a.placement) } }),
  });
  const { packings = [], tables = [], scratchBytes = 0, stages } = kernel;

  let top = 1024;
  const reserve = (bytes: number): number => {
    const at = top + guardBytes;
    top = align(at + bytes + guardBytes);
    return at;
  };
  const inputAt = inputs.map((a) => reserve(4 * a.elements) + 4 * a.origin);
  const extraAt = extra.map((a) => reserve(4 * a.elements) + 4 * a.origin);
  const packedAt = packings.map((p) => reserve(p.bytes));
  const tableAt = tables.map((t) => reserve(t.byteLength));
  const scratchAt = reserve(scratchBytes);
  const resultAt = reserve(4 * output.elements) + 4 * output.origin;
  const pages = Math.ceil((top + 65536) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const words = new Uint32Array(memory.buffer);
  const quietNaN = 0x7fc00000;
  words.fill(quietNaN);
  for (const [i, { placement }] of inputs.entries()) write(memory, inputAt[i], placement, operands[i].data);
  for (const [i, { placement }] of extra.entries()) write(memory, extraAt[i], placement, options.epilogue?.operands[i].data as TensorData);
  for (const [i, table] of tables.entries())
    new Uint8Array(memory.buffer).set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), tableAt[i]);

  const module = new ModuleBuilder({ shared: false, initial: pages, maximum: pages });
  for (const [i, packing] of packings.entries()) module.export(packing.emit(module), `packing ${i}`);
  for (const [i, stage] of stages.entries()) module.export(stage.emit(module), `stage ${i}`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  const call = (name: string, fixed: readonly number[], items: number): void => {
    const parts = options.parts ?? 1;
    for (let p = parts - 1; p >= 0; p--) {
      const start = Math.floor((items * p) / parts);
      const end = Math.floor((items * (p + 1)) / parts);
      if (start < end) (exports[name] as (...args: number[]) => void)(...fixed, start, end);
    }
  };
  const before = words.slice();
  for (const [i, { operand, items }] of packings.entries()) call(`packing ${i}`, [inputAt[operand], packedAt[i]], items);
  const fixed = [...inputAt, ...extraAt, ...packedAt, ...tableAt, resultAt, scratchAt];
  for (const [i, { items }] of stages.entries()) call(`stage ${i}`, fixed, items);

  const result = read(memory, resultAt, { ...output.placement, border: output.placement.shape.map(() => [0, 0] as const) });
  const allowed = new Set<number>();
  positions({ ...output.placement, border: output.placement.shape.map(() => [0, 0] as const) }, (offset) =>
    allowed.add(resultAt / 4 + offset),
  );
  const within = (word: number, at: number, bytes: number): boolean => word >= at / 4 && word < (at + bytes) / 4;
  for (let w = 0; w < words.length; w++) {
    if (words[w] === before[w] || allowed.has(w) || within(w, scratchAt, scratchBytes)) continue;
    if (packings.some(({ bytes }, i) => within(w, packedAt[i], bytes))) continue;
    throw new Error(`${kernel.name} wrote to byte ${4 * w}, which is not its own (result at ${resultAt}, scratch at ${scratchAt})`);
  }
  return { result, name: kernel.name };
}

function viewOf(memory: WebAssembly.Memory, dtype: Placement["dtype"]): TensorData {
  if (dtype === "float32") return new Float32Array(memory.buffer);
  if (dtype === "int32") return new Int32Array(memory.buffer);
  throw new Error(`the harness does not place ${dtype}`);
}

function write(memory: WebAssembly.Memory, address: number, placement: Placement, data: TensorData): void {
  const view = viewOf(memory, placement.dtype);
  positions(placement, (offset, flat) => {
    view[address / 4 + offset] = flat < 0 ? 0 : data[flat];
  });
}

function read(memory: WebAssembly.Memory, address: number, placement: Placement): Tensor {
  const view = viewOf(memory, placement.dtype);
  const data = allocate(placement.dtype, sizeOf(placement.shape));
  positions(placement, (offset, flat) => {
    data[flat] = view[address / 4 + offset];
  });
  return new Tensor(data, placement.shape);
}

/** Small whole numbers: products and sums of a few thousand of them are exact in float32, so results can be compared bit for bit. */
export function wholeNumbers(shape: readonly number[], seed: number): Tensor {
  const generator = random(seed);
  return new Tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => generator.integer(9) - 4),
    shape,
  );
}
