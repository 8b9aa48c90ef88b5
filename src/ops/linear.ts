// The dense layer: features times weights plus bias.
import { defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { add } from "./arithmetic.ts";
import { sumTo } from "./broadcast.ts";
import { matmul } from "./matmul.ts";
import { type Maybe, oneFloatType } from "./operands.ts";
import { reshape } from "./reshape.ts";

/** All leading axes as one: dense layers see rows of features. */
function rowsOf(x: Value): Value {
  return x.rank === 2 ? x : reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.rank - 1]]);
}

function linearShape(x: Shape, weight: Shape, bias: Shape | undefined, where: string): Shape {
  if (x.length === 0 || weight.length !== 2) {
    throw new ShapeError(
      `${where}: expected x [..., in] and weight [out, in], but they have shapes ${showShape(x)} and ${showShape(weight)}`,
    );
  }
  const [outputs, inputs] = weight;
  if (x[x.length - 1] !== inputs) {
    throw new ShapeError(
      `${where}: input ${showShape(x)} has ${x[x.length - 1]} features, but the weight ${showShape(weight)} expects ${inputs}`,
    );
  }
  if (bias !== undefined && (bias.length !== 1 || bias[0] !== outputs)) {
    throw new ShapeError(`${where}: bias ${showShape(bias)} does not fit ${outputs} output features; expected [${outputs}]`);
  }
  return [...x.slice(0, -1), outputs];
}

export const linearOp: Op = defineOp({
  name: "linear",
  inputs: ["x", "weight", "bias?"],
  shape: ({ x, weight, bias }, _, where) => linearShape(x, weight, bias, where),
  dtype: ({ all }) => oneFloatType("linear", all),
  cost: ({ weight }, _, out) => ({ macs: sizeOf(out) * weight[1] }),
  // The output has no spatial axes of its own; each of its features reads all of x's.
  field: () => ({ x: { kind: "whole" } }),
  decompose({ x, weight, bias }) {
    const product = matmul(rowsOf(x), weight, { transposeB: true });
    const rows = bias === undefined ? product : add(product, bias);
    return x.rank === 2 ? rows : reshape(rows, [...x.shape.slice(0, -1), weight.shape[0]]);
  },
  grad: {
    x: (g, { x, weight }) => reshape(matmul(rowsOf(g), weight), x.shape),
    weight: (g, { x }) => matmul(rowsOf(g), rowsOf(x), { transposeA: true }),
    bias: (g, { bias }) => sumTo(rowsOf(g), bias.shape),
  },
  doc: {
    text: "x · weightᵀ + bias over the last axis: [..., in] -> [..., out]; weight [out, in], bias [out].",
    example: "linear(x, weight, bias)",
  },
  cases: [
    { inputs: [[4, 7], [3, 7], [3]] },
    {
      title: "without bias",
      inputs: [
        [4, 7],
        [3, 7],
      ],
    },
    { title: "one row", inputs: [[1, 65], [10, 65], [10]] },
    { title: "more leading axes", inputs: [[2, 3, 5], [4, 5], [4]] },
    { title: "no batch", inputs: [[5], [4, 5], [4]] },
  ],
});

/** x · weightᵀ + bias: x [..., in], weight [out, in], bias [out]. Throws `ShapeError` when the features do not fit. */
export function linear<T extends Operand>(x: T, weight: T, bias?: Maybe<T>): T {
  return apply(linearOp, [x, weight, bias ?? undefined]);
}
