// Stretching a tensor to a larger shape and summing it back: each is the other's adjoint.
import { integers } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, fill, fillOp, type Operand } from "../graph/record.ts";
import { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { broadcastAxes, broadcastReader, offsetAt } from "./broadcast-read.ts";
import { blockLength } from "./expression-evaluate.ts";

function checkStretch(small: Shape, large: Shape, where: string): void {
  if (!sameShape(broadcastShapes([small, large], where), large)) {
    throw new ShapeError(
      `${where}: ${showShape(small)} does not stretch to ${showShape(large)}; aligned at the right, sizes must be equal or 1`,
    );
  }
}

export const broadcastToOp: Op = defineOp({
  name: "broadcastTo",
  inputs: ["x"],
  attrs: { shape: integers(undefined, "the larger shape") },
  shape({ x }, { shape }, where) {
    checkStretch(x, shape, where);
    return shape;
  },
  reference({ x }, out) {
    const read = broadcastReader(x, out.shape);
    const block = new Float64Array(Math.min(blockLength, out.size));
    for (let start = 0; start < out.size; start += block.length) {
      const count = Math.min(block.length, out.size - start);
      read(start, count, block);
      out.data.set(block.subarray(0, count), start);
    }
  },
  grad: { x: (g, { x }) => sumTo(g, x.shape) },
  doc: { text: "Repeats a tensor along axes of size 1 (or missing on the left) until it has the given shape, as numpy broadcasts." },
  cases: [
    { inputs: [[3, 1]], attrs: { shape: [2, 3, 4] } },
    { inputs: [[1, 3, 1, 1]], attrs: { shape: [2, 3, 5, 3] } },
    { title: "a scalar", inputs: [[]], attrs: { shape: [3, 7] } },
    { inputs: [[2, 1, 1, 3]], attrs: { shape: [2, 2, 2, 3] } },
  ],
});

export const sumToOp: Op = defineOp({
  name: "sumTo",
  inputs: ["x"],
  attrs: { shape: integers(undefined, "the smaller shape") },
  shape({ x }, { shape }, where) {
    checkStretch(shape, x, where);
    return shape;
  },
  reference({ x }, out) {
    const axes = broadcastAxes(out.shape, x.shape);
    const sums = new Float64Array(out.size);
    for (let i = 0; i < x.size; i++) sums[offsetAt(axes, i)] += x.data[i];
    out.data.set(sums);
  },
  grad: { x: (g, { x }) => broadcastTo(g, x.shape) },
  doc: { text: "Sums a tensor down to a shape that would broadcast to it: the adjoint of broadcasting." },
  cases: [
    { inputs: [[2, 3, 4]], attrs: { shape: [3, 1] } },
    { title: "per channel", inputs: [[2, 3, 5, 3]], attrs: { shape: [1, 3, 1, 1] } },
    { title: "to a scalar", inputs: [[3, 7]], attrs: { shape: [] } },
    { title: "over the batch", inputs: [[5, 6]], attrs: { shape: [6] } },
    { inputs: [[2, 2, 2, 3]], attrs: { shape: [2, 1, 1, 3] } },
  ],
});

/** Repeats `x` to `shape` by numpy's rules. Throws `ShapeError` when it does not stretch. */
export function broadcastTo<T extends Operand>(x: T, shape: Shape): T {
  if (sameShape(x.shape, shape)) return x;
  if (x instanceof Value && x.op === fillOp) {
    checkStretch(x.shape, shape, "broadcastTo");
    return fill(shape, x.attrs.value as number, x.dtype) as T;
  }
  return apply(broadcastToOp, [x], { shape });
}

/** Sums `x` over the axes that broadcasting `shape` to `x.shape` would repeat; the result has the shape `shape`. */
export function sumTo<T extends Operand>(x: T, shape: Shape): T {
  if (sameShape(x.shape, shape)) return x;
  if (x instanceof Value && x.op === fillOp) {
    checkStretch(shape, x.shape, "sumTo");
    return fill(shape, (x.attrs.value as number) * (sizeOf(x.shape) / sizeOf(shape)), x.dtype) as T;
  }
  return apply(sumToOp, [x], { shape });
}
