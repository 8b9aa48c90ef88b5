// Reading elements by their numbers, and adding them back: what is left of a maximum once it has been found.
import { integers } from "../graph/attrs.ts";
import { dataField, defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";

function indexed(name: string, values: DType, indices: DType): DType {
  if (indices !== "int32") throw new DTypeError(`${name}: indices have dtype ${indices}; element numbers are int32`);
  return values;
}

function eachIndex(indices: Tensor, size: number, where: string, visit: (i: number, index: number) => void): void {
  for (let i = 0; i < indices.size; i++) {
    const index = indices.data[i];
    if (index >= size) throw new ArgumentError(`${where}: index ${index} is outside 0..${size - 1}`);
    if (index >= 0) visit(i, index);
  }
}

export const takeOp: Op = defineOp({
  name: "take",
  inputs: ["x", "indices"],
  shape: ({ indices }) => indices,
  dtype: ({ x, indices }) => indexed("take", x, indices),
  field: () => ({ x: dataField, indices: dataField }),
  grad: { x: (g, { x, indices }) => apply(takeGradOp, [g, indices], { inputShape: x.shape }), indices: null },
  reference({ x, indices }, out) {
    eachIndex(indices, x.size, "take", (i, index) => {
      out.data[i] = x.data[index];
    });
  },
  doc: { text: "The elements of x with these row-major numbers, in the shape of indices (int32); a negative number gives 0." },
  cases: [
    { inputs: [[3, 4], { shape: [2, 3], dtype: "int32", fill: { integers: 12 } }] },
    { title: "negative numbers", inputs: [[5], { shape: [4], dtype: "int32", fill: { values: [3, -1, 3, 0] } }] },
  ],
});

export const takeGradOp: Op = defineOp({
  name: "takeGrad",
  inputs: ["g", "indices"],
  attrs: { inputShape: integers(undefined, "shape of what was read from") },
  shape({ g, indices }, { inputShape }, where) {
    if (!sameShape(g, indices))
      throw new ShapeError(`${where}: g ${showShape(g)} and indices ${showShape(indices)} must have the same shape`);
    return inputShape;
  },
  dtype: ({ g, indices }) => indexed("takeGrad", g, indices),
  grad: { g: (u, { indices }) => take(u, indices), indices: null },
  reference({ g, indices }, out) {
    eachIndex(indices, out.size, "takeGrad", (i, index) => {
      out.data[index] += g.data[i];
    });
  },
  doc: { text: "The adjoint of take: every element of g is added to the element that take read." },
  cases: [
    { inputs: [[2, 3], { shape: [2, 3], dtype: "int32", fill: { integers: 12 } }], attrs: { inputShape: [3, 4] } },
    {
      title: "negative numbers",
      inputs: [[4], { shape: [4], dtype: "int32", fill: { values: [3, -1, 3, 0] } }],
      attrs: { inputShape: [5] },
    },
  ],
});

/**
 * Elements of x by row-major number: the shape of `indices` (int32). Negative numbers give 0. Beyond the end the reference loops throw
 * `ArgumentError`, and a program compiled to machine code reads 0.
 */
export function take<T extends Operand>(x: T, indices: T): T {
  return apply(takeOp, [x, indices]);
}
