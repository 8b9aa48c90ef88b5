// A kernel alone: one node, one thread, a memory of its own, no layouts to convert and no program around it. What it reaches is what the
// public API could reach at best.
import { ModuleBuilder } from "../src/backends/wasm/assembler.ts";
import type { Kernel, KernelRule, Placement, Tier, Wish } from "../src/backends/wasm/kernel.ts";
import { layOut } from "../src/backends/wasm/layout.ts";
import type { Op } from "../src/graph/op.ts";
import { input, record } from "../src/graph/record.ts";
import type { Shape } from "../src/tensor/shape.ts";

export interface BareKernel {
  readonly name: string;
  /** Packings and stages, once. */
  run(): void;
  /** The stages without the packings, one by one: where the time goes. */
  readonly stages: readonly (() => void)[];
}

export function bareKernel(rule: KernelRule, op: Op, shapes: readonly Shape[], attrs: object, tier: Tier): BareKernel {
  const value = record(
    op,
    shapes.map((shape, i) => input(`operand ${i}`, shape)),
    attrs,
  );
  const wishes = rule.wishes(value);
  if (wishes === undefined) throw new Error(`there is no kernel for ${op.name}`);
  let top = 4096;
  const reserve = (bytes: number): number => {
    const at = top;
    // Odd multiples of a cache line keep buffers from starting at the same place of a page.
    top += Math.ceil(bytes / 64) * 64 + 192;
    return at;
  };
  const place = (shape: Shape, wish: Wish): { placement: Placement; address: number } => {
    const natural = shape.map((_, axis) => axis);
    const { placement, origin, elements } = layOut(
      shape,
      "float32",
      wish === "any" ? natural : wish.order,
      wish === "any" ? undefined : wish.border,
    );
    return { placement, address: reserve(4 * elements) + 4 * origin };
  };
  const operands = shapes.map((shape, i) => place(shape, wishes.operands[i]));
  const result = place(value.shape, wishes.result);
  const kernel: Kernel = rule.generate({ value, operands: operands.map((o) => o.placement), result: result.placement, tier });
  const { packings = [], tables = [], scratchBytes = 0, stages } = kernel;
  const packed = packings.map((p) => reserve(p.bytes));
  const tabled = tables.map((t) => reserve(t.byteLength));
  const scratch = reserve(scratchBytes);
  const pages = Math.ceil(top / 65536) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  for (const [i, table] of tables.entries()) {
    new Uint8Array(memory.buffer, tabled[i]).set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength));
  }
  const floats = new Float32Array(memory.buffer);
  for (const [i, { placement, address }] of operands.entries()) fillOperand(floats, address / 4, placement, i);
  const module = new ModuleBuilder({ shared: false, initial: pages, maximum: pages });
  for (const [i, p] of packings.entries()) module.export(p.emit(module), `packing ${i}`);
  for (const [i, s] of stages.entries()) module.export(s.emit(module), `stage ${i}`);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  const exported = (name: string): ((...args: number[]) => void) => instance.exports[name] as (...args: number[]) => void;
  const fixed = [...operands.map((o) => o.address), ...packed, ...tabled, result.address, scratch];
  const packCalls = packings.map((p, i) => () => exported(`packing ${i}`)(operands[p.operand].address, packed[i], 0, p.items));
  const stageCalls = stages.map((s, i) => () => exported(`stage ${i}`)(...fixed, 0, s.items));
  const calls = [...packCalls, ...stageCalls];
  return {
    name: kernel.name,
    run() {
      for (const call of calls) call();
    },
    stages: stageCalls,
  };
}

function fillOperand(floats: Float32Array, origin: number, { shape, strides }: Placement, seed: number): void {
  let state = seed + 1;
  const walk = (axis: number, offset: number): void => {
    if (axis === shape.length) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      floats[offset] = state / 0x3fffffff - 1;
      return;
    }
    for (let i = 0; i < shape[axis]; i++) walk(axis + 1, offset + i * strides[axis]);
  };
  walk(0, origin);
}
