// Layouts and views: pure arithmetic on strides, checked against index arithmetic done the slow way.
import { describe, expect, it } from "vitest";
import { channelsLast, rowMajor } from "../../src/backends/wasm/kernel.ts";
import { nestOf } from "../../src/backends/wasm/kernels/loops.ts";
import { broadcastStrides, extentOf, followsOrder, layOut, normalised, orderOf, satisfies } from "../../src/backends/wasm/layout.ts";
import { reshapedStrides } from "../../src/backends/wasm/views.ts";
import { random } from "../../src/tensor/random.ts";
import { type Shape, sizeOf, stridesOf } from "../../src/tensor/shape.ts";

/** The memory offset of every element, in row-major order of the indices. */
function offsets(shape: Shape, strides: readonly number[]): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const rows = stridesOf(shape);
    return shape.reduce((sum, n, axis) => sum + (Math.floor(flat / rows[axis]) % n) * strides[axis], 0);
  });
}

describe("layouts", () => {
  it("row-major strides are those of the shape; channels-last has channels innermost", () => {
    expect(layOut([2, 3, 4, 5], "float32", rowMajor(4)).placement.strides).toEqual([60, 20, 5, 1]);
    expect(layOut([2, 3, 4, 5], "float32", channelsLast(4)).placement.strides).toEqual([60, 1, 15, 3]);
    expect(channelsLast(2)).toEqual([0, 1]);
  });

  it("a border makes room around every element and moves the first one", () => {
    const { placement, origin, elements } = layOut([1, 2, 3, 3], "float32", channelsLast(4), [
      [0, 0],
      [0, 2],
      [1, 1],
      [2, 0],
    ]);
    expect(placement.strides).toEqual([100, 1, 20, 4]);
    expect(elements).toBe(5 * 5 * 4);
    expect(origin).toBe(20 + 8);
    const all = offsets(placement.shape, placement.strides).map((o) => o + origin);
    expect(new Set(all).size).toBe(all.length);
    expect(Math.max(...all)).toBeLessThan(elements);
    expect(extentOf(placement)).toEqual([0, 2 * 20 + 2 * 4 + 1 + 1]);
  });

  it("wishes: order, gaps, density, borders; axes of size 1 are free", () => {
    const bordered = layOut([2, 4, 5, 6], "float32", channelsLast(4), [
      [0, 0],
      [0, 0],
      [1, 1],
      [1, 1],
    ]).placement;
    const order = channelsLast(4);
    const need = (n: number) =>
      [
        [0, 0],
        [0, 0],
        [n, n],
        [n, n],
      ] as const;
    expect(satisfies(bordered, { order })).toBe(true);
    expect(satisfies(bordered, { order, dense: true })).toBe(false);
    expect(satisfies(bordered, { order, border: need(1) })).toBe(true);
    expect(satisfies(bordered, { order, border: need(2) })).toBe(false);
    expect(satisfies(bordered, { order: rowMajor(4) })).toBe(false);
    const grey = layOut([2, 1, 5, 6], "float32", rowMajor(4)).placement;
    expect(satisfies(grey, { order, dense: true })).toBe(true);
    expect(normalised({ ...grey, strides: [30, 0, 6, 1] }, order).strides).toEqual([30, 1, 6, 1]);
    expect(orderOf(bordered)).toEqual(order);
    expect(followsOrder(layOut([3, 4], "float32", [1, 0]).placement, [0, 1], true)).toBe(false);
  });

  it("broadcast strides stand still on stretched and missing axes", () => {
    expect(broadcastStrides(layOut([3, 1], "float32", [0, 1]).placement, [2, 3, 4])).toEqual([0, 1, 0]);
    expect(broadcastStrides(layOut([1], "float32", [0]).placement, [1])).toEqual([1]);
  });
});

describe("reshaped strides", () => {
  it("address the same elements, or are refused, for random shapes and layouts", () => {
    const generator = random(11);
    const factors = [2, 2, 3, 5];
    const cut = (): number[] => {
      const shape = [1];
      for (const i of generator.permutation(factors.length)) {
        if (generator.uniform() < 0.5) shape[shape.length - 1] *= factors[i];
        else shape.push(factors[i]);
        if (generator.uniform() < 0.2) shape.push(1);
      }
      return shape;
    };
    let possible = 0;
    for (let round = 0; round < 500; round++) {
      const [from, to] = [cut(), cut()];
      const order = Array.from(generator.permutation(from.length));
      const { strides } = layOut(from, "float32", generator.uniform() < 0.5 ? rowMajor(from.length) : order).placement;
      const reshaped = reshapedStrides(from, strides, to);
      const old = offsets(from, strides);
      if (reshaped === undefined) {
        // Refusing is only right when the elements do not lie in row-major order.
        expect(old.some((o, i) => o !== i)).toBe(true);
        continue;
      }
      possible++;
      expect(offsets(to, reshaped)).toEqual(old);
    }
    expect(possible).toBeGreaterThan(250);
  });
});

describe("loop nests", () => {
  it("merge what lies evenly in all arrays", () => {
    const dense = stridesOf([4, 5, 6]);
    expect(nestOf([4, 5, 6], [dense, dense])).toEqual({ sizes: [120], strides: [[1], [1]] });
    expect(nestOf([4, 5, 6], [dense, [0, 0, 1]])).toEqual({
      sizes: [20, 6],
      strides: [
        [6, 1],
        [0, 1],
      ],
    });
    expect(
      nestOf(
        [2, 3, 4],
        [
          [12, 1, 3],
          [12, 1, 3],
        ],
      ),
    ).toEqual({ sizes: [24], strides: [[1], [1]] });
    expect(nestOf([1, 1], [[1, 1]])).toEqual({ sizes: [], strides: [[]] });
    expect(
      nestOf(
        [3, 4],
        [
          [4, 1],
          [-4, -1],
        ],
      ),
    ).toEqual({ sizes: [12], strides: [[1], [-1]] });
  });
});
