// The border's kernel zeroes the border, all of it and nothing else, however its items are dealt out.
import { describe, expect, it } from "vitest";
import { ModuleBuilder } from "../../src/backends/wasm/assembler.ts";
import { type Border, channelsLast, rowMajor } from "../../src/backends/wasm/kernel.ts";
import { borderKernel } from "../../src/backends/wasm/kernels/border.ts";
import { layOut } from "../../src/backends/wasm/layout.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { bytesPerElement, type DType } from "../../src/tensor/tensor.ts";

const before = 256;

/** Memory of sevens in which the kernel has run, cut after every `grain` items. */
function zeroed(
  shape: readonly number[],
  dtype: DType,
  order: readonly number[],
  border: Border,
  grain: number,
): { bytes: Uint8Array; inside: Set<number>; end: number } {
  const { placement, origin, elements } = layOut(shape, dtype, order, border);
  const width = bytesPerElement(dtype);
  const [stage] = borderKernel(placement, order).stages;
  const module = new ModuleBuilder({ shared: false, initial: 1, maximum: 1 });
  module.export(stage.emit(module), "run");
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { env: { memory } });
  const bytes = new Uint8Array(memory.buffer).fill(7);
  const first = before + origin * width;
  for (let item = 0; item < stage.items; item += grain) {
    (exports.run as (...args: number[]) => void)(first, 0, item, Math.min(stage.items, item + grain));
  }
  const inside = new Set<number>();
  for (let i = 0; i < sizeOf(shape); i++) {
    let rest = i;
    let element = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      element += (rest % shape[axis]) * placement.strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    for (let b = 0; b < width; b++) inside.add(first + element * width + b);
  }
  return { bytes, inside, end: before + elements * width };
}

describe("zero borders", () => {
  it.each([
    [
      "images",
      [3, 5, 4, 6],
      "float32",
      channelsLast(4),
      [
        [0, 0],
        [0, 0],
        [1, 1],
        [1, 1],
      ],
    ],
    [
      "uneven, wide channels",
      [2, 150, 3, 2],
      "float32",
      channelsLast(4),
      [
        [0, 0],
        [0, 0],
        [2, 0],
        [0, 3],
      ],
    ],
    [
      "one row, one column",
      [2, 4, 1, 1],
      "float32",
      channelsLast(4),
      [
        [0, 0],
        [0, 0],
        [1, 2],
        [2, 1],
      ],
    ],
    [
      "rows only",
      [2, 3, 4, 5],
      "float32",
      channelsLast(4),
      [
        [0, 0],
        [0, 0],
        [1, 1],
        [0, 0],
      ],
    ],
    [
      "columns only",
      [2, 3, 4, 5],
      "float32",
      channelsLast(4),
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 2],
      ],
    ],
    [
      "padded channels",
      [2, 3, 4, 5],
      "float32",
      channelsLast(4),
      [
        [0, 0],
        [0, 1],
        [1, 0],
        [0, 0],
      ],
    ],
    [
      "volumes",
      [2, 3, 2, 3, 4],
      "float32",
      channelsLast(5),
      [
        [0, 0],
        [0, 0],
        [1, 2],
        [1, 1],
        [3, 1],
      ],
    ],
    [
      "row-major, batch too",
      [2, 3, 4],
      "float64",
      rowMajor(3),
      [
        [1, 0],
        [0, 2],
        [1, 1],
      ],
    ],
    [
      "bytes",
      [3, 3, 5],
      "uint8",
      rowMajor(3),
      [
        [0, 0],
        [1, 1],
        [2, 1],
      ],
    ],
  ] as const)("%s", (_, shape, dtype, order, border) => {
    for (const grain of [1, 2, 1000]) {
      const { bytes, inside, end } = zeroed(shape, dtype, order, border, grain);
      const wrong = [...bytes.subarray(0, end + before).keys()].filter(
        (at) => bytes[at] !== (at < before || at >= end || inside.has(at) ? 7 : 0),
      );
      expect(wrong).toEqual([]);
    }
  });
});
