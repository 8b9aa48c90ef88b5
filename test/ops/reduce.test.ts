// Reductions, broadcasting and matrix products by small examples, and the mistakes they refuse.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import * as ops from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { arange, Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";

const flat = (t: Tensor): number[] => Array.from(t.data);

describe("reductions", () => {
  const x = arange(24, [2, 3, 4]);

  it("sums over any axes, kept or dropped", () => {
    expect(ops.sum(x).shape).toEqual([]);
    expect(ops.sum(x).item()).toBe(276);
    expect(ops.sum(x, { axes: [0, 2] }).toNested()).toEqual([60, 92, 124]);
    expect(ops.sum(x, { axes: [-1], keepDims: true }).shape).toEqual([2, 3, 1]);
    expect(ops.mean(x, { axes: 1 }).toNested()).toEqual([
      [4, 5, 6, 7],
      [16, 17, 18, 19],
    ]);
  });

  it("a float32 sum of many small numbers keeps its digits", () => {
    const many = ops.sum(new Tensor(new Float32Array(1e6).fill(0.1), [1e6]));
    expect(Math.abs(many.item() - 1e5)).toBeLessThan(0.01);
  });

  it("max and min let NaN win; argMax gives the first of equal ones, NaN first of all", () => {
    const y = tensor([
      [1, 5, 5],
      [3, Number.NaN, 9],
    ]);
    expect(flat(ops.max(y, { axes: 1 }))).toEqual([5, Number.NaN]);
    expect(flat(ops.min(y, { axes: 1 }))).toEqual([1, Number.NaN]);
    expect([ops.argMax(y).dtype, ...flat(ops.argMax(y))]).toEqual(["int32", 1, 1]);
    expect(
      flat(
        ops.argMax(
          tensor([
            [1, 2],
            [7, 0],
          ]),
          { axis: 0 },
        ),
      ),
    ).toEqual([1, 0]);
  });

  it("equal largest elements share the gradient equally (EP3)", () => {
    const v = input("x", [2, 3], "float64");
    const known = new Map([
      [
        v,
        tensor(
          [
            [4, 4, 1],
            [2, 2, 2],
          ],
          undefined,
          "float64",
        ),
      ],
    ]);
    const [dx] = evaluateValues(gradient(ops.max(v, { axes: 1 }), [v]), known);
    expect(dx.toNested()).toEqual([
      [0.5, 0.5, 0],
      [1 / 3, 1 / 3, 1 / 3],
    ]);
  });

  it("the variance survives a large mean, biased and unbiased", () => {
    const shifted = tensor([1e8 + 1, 1e8 + 2, 1e8 + 3, 1e8 + 4], [4], "float64");
    expect(ops.variance(shifted).item()).toBe(1.25);
    expect(ops.variance(shifted, { correction: 1 }).item()).toBeCloseTo(5 / 3, 12);
    expect(() => ops.variance(tensor([1]), { correction: 1 })).toThrow(/leave a divisor of 0/);
  });

  it("refuses axes that do not exist, twice the same, or nothing to reduce", () => {
    expect(() => ops.sum(x, { axes: 3 })).toThrow(/axis 3 is out of range for 3 axes/);
    expect(() => ops.sum(x, { axes: [0, -3] })).toThrow(/names an axis twice/);
    expect(() => ops.sum(x, { axes: [0.5] })).toThrow(ArgumentError);
    expect(() => ops.max(zeros([2, 0]), { axes: 1 })).toThrow(/has no elements to choose from/);
    expect(() => ops.mean(zeros([0]))).toThrow(ShapeError);
    expect(ops.sum(zeros([2, 0]), { axes: 1 }).toNested()).toEqual([0, 0]);
  });

  it("broadcastTo and sumTo check that shapes stretch", () => {
    expect(ops.broadcastTo(tensor([[1], [2]]), [2, 2]).toNested()).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(ops.sumTo(x, [3, 1]).toNested()).toEqual([[60], [92], [124]]);
    expect(() => ops.broadcastTo(tensor([1, 2]), [2, 3])).toThrow(ShapeError);
    expect(() => ops.sumTo(tensor([1, 2]), [2, 2])).toThrow(/does not stretch/);
  });
});

describe("matmul and linear", () => {
  it("multiplies, transposed or not, batch by batch", () => {
    const a = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const b = tensor([
      [1, 0],
      [0, 1],
      [2, 2],
    ]);
    const product = [
      [7, 8],
      [16, 17],
    ];
    expect(ops.matmul(a, b).toNested()).toEqual(product);
    expect(ops.matmul(ops.transpose(a), b, { transposeA: true }).toNested()).toEqual(product);
    expect(ops.matmul(a, ops.transpose(b), { transposeB: true }).toNested()).toEqual(product);
    const batches = ops.matmul(ops.reshape(arange(12), [2, 2, 3]), b);
    expect(batches.toNested()).toEqual([
      [
        [4, 5],
        [13, 14],
      ],
      [
        [22, 23],
        [31, 32],
      ],
    ]);
  });

  it("linear multiplies by the transposed weight and adds the bias, over any leading axes", () => {
    const weight = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(ops.linear(tensor([1, -1]), weight, tensor([10, 20, 30])).toNested()).toEqual([9, 19, 29]);
    expect(ops.linear(zeros([2, 4, 2]), weight).shape).toEqual([2, 4, 3]);
  });

  it("errors spell out the sizes", () => {
    expect(() => ops.matmul(zeros([2, 3]), zeros([4, 5]))).toThrow(/a \[2, 3\] has 3 columns, but b \[4, 5\] has 4 rows/);
    expect(() => ops.matmul(zeros([3]), zeros([3, 3]))).toThrow(/at least 2 axes/);
    expect(() => ops.matmul(zeros([2, 2, 2]), zeros([3, 2, 2]))).toThrow(/batch axes/);
    expect(() => ops.matmul(zeros([2, 2], "int32"), zeros([2, 2], "int32"))).toThrow(DTypeError);
    expect(() => ops.linear(zeros([4, 7]), zeros([3, 6]))).toThrow(/input \[4, 7\] has 7 features, but the weight \[3, 6\] expects 6/);
    expect(() => ops.linear(zeros([4, 6]), zeros([3, 6]), zeros([6]))).toThrow(/bias \[6\] does not fit 3 output features/);
  });
});
