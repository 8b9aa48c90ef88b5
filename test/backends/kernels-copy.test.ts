// Copies between layouts against index arithmetic done the slow way: every pair of axis orders, sizes around the blocks' four and sixteen,
// borders, broadcast and reversed sources, any cut between threads. What lies around the result must stay as it was.
import { describe, expect, it } from "vitest";
import { ModuleBuilder } from "../../src/backends/wasm/assembler.ts";
import type { Placement } from "../../src/backends/wasm/kernel.ts";
import { copyKernel } from "../../src/backends/wasm/kernels/copy.ts";
import { extentOf, layOut } from "../../src/backends/wasm/layout.ts";
import { random } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";

/** Offsets of all elements in row-major order of the indices. */
function offsetsOf({ shape, strides }: Placement): number[] {
  return shape.reduce<number[]>((all, n, axis) => all.flatMap((o) => Array.from({ length: n }, (_, i) => o + i * strides[axis])), [0]);
}

function expectCopied(from: Placement, to: Placement, parts: number): void {
  const kernel = copyKernel(from, to, "simd");
  const [stage] = kernel.stages;
  const [low, high] = extentOf(from);
  const [, toHigh] = extentOf(to);
  const spare = 64;
  const source = spare - low;
  const result = source + high + 2 * spare;
  const end = result + toHigh + spare;
  const pages = Math.ceil((4 * end) / 65536);
  const module = new ModuleBuilder({ shared: false, initial: pages, maximum: pages });
  module.export(stage.emit(module), "copy");
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { copy } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } }).exports;
  const floats = new Float32Array(memory.buffer);
  for (let i = 0; i < floats.length; i++) floats[i] = i;
  for (let p = parts - 1; p >= 0; p--) {
    const [start, stop] = [p, p + 1].map((n) => Math.floor((stage.items * n) / parts));
    if (start < stop) (copy as (...args: number[]) => void)(4 * source, 4 * result, 0, start, stop);
  }
  const expected = Float32Array.from(floats.keys());
  const reads = offsetsOf(from);
  for (const [i, offset] of offsetsOf(to).entries()) expected[result + offset] = source + reads[i];
  const wrong = expected.findIndex((x, i) => x !== floats[i]);
  expect(wrong, `${JSON.stringify([from, to, parts])}: ${floats[wrong]} instead of ${expected[wrong]}`).toBe(-1);
}

const orders = [
  [0, 1, 2, 3],
  [0, 2, 3, 1],
  [1, 0, 3, 2],
  [3, 2, 1, 0],
  [2, 0, 1, 3],
];

describe("copies between layouts", () => {
  it.each(orders.flatMap((a) => orders.map((b) => [a, b] as const)))("G2 order %s to order %s", (from, to) => {
    const generator = random(5);
    const sizes = [1, 3, 4, 5, 7, 8, 15, 16, 17, 19, 33];
    for (let tries = 0; tries < 12; tries++) {
      const shape: Shape = [1 + generator.integer(2), ...Array.from({ length: 3 }, () => sizes[generator.integer(sizes.length)])];
      if (sizeOf(shape) > 20_000) continue;
      const border = shape.map(() => [generator.integer(2), generator.integer(2)] as const);
      const dense = layOut(shape, "float32", from).placement;
      const bordered = layOut(shape, "float32", to, border).placement;
      for (const parts of [1, 3]) {
        expectCopied(dense, bordered, parts);
        expectCopied({ ...bordered, border: shape.map(() => [0, 0]) }, dense, parts);
      }
    }
  });

  it("G2 of reversed and repeated sources", () => {
    const shape = [2, 20, 9, 6];
    const to = layOut(shape, "float32", [0, 2, 3, 1]).placement;
    const { strides } = layOut(shape, "float32", [0, 1, 2, 3]).placement;
    expectCopied({ ...to, strides: strides.map((s, axis) => (axis === 1 ? -s : s)) }, to, 2);
    expectCopied({ ...to, strides: strides.map((s, axis) => (axis === 2 ? 0 : s)) }, to, 2);
    expectCopied({ ...to, strides: strides.map((s) => -s) }, to, 2);
  });
});
