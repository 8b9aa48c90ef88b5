// Broadcasting arithmetic, comparisons and the generic map, with the constants that gradients fold away.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { fill, fillOp, input } from "../../src/graph/record.ts";
import { topological } from "../../src/graph/value.ts";
import * as ops from "../../src/ops/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { tensor } from "../../src/tensor/tensor.ts";

const e = ops.expression;

describe("arithmetic", () => {
  it("broadcasts as numpy does", () => {
    expect(ops.add(tensor([[1], [2]]), tensor([10, 20, 30])).toNested()).toEqual([
      [11, 21, 31],
      [12, 22, 32],
    ]);
    expect(ops.mul(tensor([[[1, 2]], [[3, 4]]]), tensor([[2], [3]])).toNested()).toEqual([
      [
        [2, 4],
        [3, 6],
      ],
      [
        [6, 8],
        [9, 12],
      ],
    ]);
  });

  it("takes a number on either side", () => {
    const x = tensor([1, 2, 4]);
    expect(Array.from(ops.sub(1, x).data)).toEqual([0, -1, -3]);
    expect(Array.from(ops.div(x, 4).data)).toEqual([0.25, 0.5, 1]);
    expect(Array.from(ops.pow(2, x).data)).toEqual([2, 4, 16]);
    expect(Array.from(ops.where(ops.gt(x, 1), x, -1).data)).toEqual([-1, 2, 4]);
    expect(() => ops.add(1, 2)).toThrow(/both operands are numbers/);
  });

  it("integers stay integers", () => {
    const steps = ops.add(tensor([2 ** 31 - 2], [1], "int32"), 1);
    expect([steps.dtype, steps.data[0]]).toEqual(["int32", 2 ** 31 - 1]);
    expect(Array.from(ops.div(tensor([7, -7], [2], "int32"), 2).data)).toEqual([3, -3]);
  });

  it("comparisons give 1 and 0 in the operands' element type", () => {
    const found = ops.le(tensor([1, 2, Number.NaN], [3], "float64"), 1);
    expect([found.dtype, ...found.data]).toEqual(["float64", 1, 0, 0]);
    expect(Array.from(ops.ne(tensor([1, Number.NaN]), tensor([1, Number.NaN])).data)).toEqual([0, 1]);
  });

  it("shapes that do not fit are refused with both shapes", () => {
    expect(() => ops.add(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(ShapeError);
    expect(() => ops.add(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(/add: shapes \[2\] and \[3\] do not broadcast: axis -1/);
  });

  it("a tie of maximum splits the gradient equally (EP3)", () => {
    const [x, y] = [input("x", [3], "float64"), input("y", [3], "float64")];
    const known = new Map([
      [x, tensor([1, 2, 3], [3], "float64")],
      [y, tensor([2, 2, 2], [3], "float64")],
    ]);
    const [dx, dy] = evaluateValues(gradient(ops.maximum(x, y), [x, y]), known);
    expect([Array.from(dx.data), Array.from(dy.data)]).toEqual([
      [0, 0.5, 1],
      [1, 0.5, 0],
    ]);
  });
});

describe("map and its bookkeeping", () => {
  it("computes any expression of broadcast operands", () => {
    const f = e.add(e.mul(e.operand(0), e.operand(1)), e.operand(2));
    expect(ops.map(f, [tensor([[1, 2]]), tensor([[3], [4]]), tensor([10])]).toNested()).toEqual([
      [13, 16],
      [14, 18],
    ]);
    expect(() => ops.map(f, [tensor([1]), tensor([2])])).toThrow(/needs 3 operands, but 2 are given/);
    expect(() => ops.map("x + y" as never, [tensor([1])])).toThrow(ArgumentError);
  });

  it("expressionOf knows elementwise values and only those", () => {
    const x = input("x", [2, 3]);
    expect(ops.showExpression(ops.expressionOf(ops.relu(x)) as ops.Expression, ["x"])).toBe("x <= 0 ? 0 : x");
    expect(ops.showExpression(ops.expressionOf(ops.leakyRelu(x, { slope: 0.5 })) as ops.Expression, ["x"])).toBe("x > 0 ? x : 0.5 * x");
    expect(ops.expressionOf(ops.sum(x))).toBeUndefined();
    expect(ops.expressionOf(x)).toBeUndefined();
  });

  it("mapTo folds repeated constants, drops what is not used, and records nothing where nothing is to be done", () => {
    const x = input("x", [2, 3]);
    const product = e.mul(e.operand(0), e.operand(1));
    expect(ops.mapTo([2, 3], product, [x, fill([2, 3], 1)])).toBe(x);
    const constant = ops.mapTo([2, 3], product, [fill([3], 2), fill([], 4)]);
    expect([constant.op, constant.attrs.value, constant.shape]).toEqual([fillOp, 8, [2, 3]]);
    const square = ops.mapTo([2, 3], product, [x, x]);
    expect(square.inputs).toEqual([x]);
    expect(ops.mapTo([4, 2, 3], e.operand(1), [x, x]).shape).toEqual([4, 2, 3]);
  });

  it("the backward pass of a relu reads its result, not its operand, so that the operand's memory is free", () => {
    const x = input("x", [4]);
    const hidden = ops.mul(x, 2);
    const y = ops.relu(hidden);
    const [dh] = gradient(y, [hidden], { seed: input("g", [4]) });
    expect(dh.inputs).toContain(y);
    expect(dh.inputs).not.toContain(hidden);
  });

  it("the gradient of a sum of products is made of few nodes", () => {
    const [x, w] = [input("x", [8]), input("w", [8])];
    const [dx] = gradient(ops.sum(ops.mul(x, w)), [x]);
    expect(dx).toBe(w);
    expect(topological([dx])).toHaveLength(1);
  });
});
