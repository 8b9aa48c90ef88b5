// Axes in another order.
import { integers, optional } from "../graph/attrs.ts";
import { defineOp, type Op, pointwise, unknownField } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { showShape, stridesOf } from "../tensor/shape.ts";

/** Axis i of the result is axis permutation[i] of the operand; absent means reversed. */
export function resolvePermutation(rank: number, permutation: readonly number[] | undefined): readonly number[] {
  return permutation ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
}

export const transposeOp: Op = defineOp({
  name: "transpose",
  inputs: ["x"],
  attrs: { permutation: optional(integers(undefined, "axis i of the result is axis permutation[i] of x (default: reversed)")) },
  shape({ x }, { permutation }, where) {
    const order = resolvePermutation(x.length, permutation);
    if (order.length !== x.length || new Set(order).size !== x.length || order.some((axis) => axis < 0 || axis >= x.length)) {
      throw new ShapeError(`${where}: ${showShape(order)} is no permutation of the ${x.length} axes of ${showShape(x)}`);
    }
    return order.map((axis) => x[axis]);
  },
  field({ x }, { permutation }) {
    const spatialStay = resolvePermutation(x.length, permutation).every((axis, i) => i < 2 || axis === i);
    return { x: spatialStay ? pointwise : unknownField };
  },
  grad: {
    x(g, { x }, { permutation }) {
      const order = resolvePermutation(x.rank, permutation);
      return transpose(g, { permutation: order.map((_, axis) => order.indexOf(axis)) });
    },
  },
  reference({ x }, out, { permutation }) {
    const strides = stridesOf(x.shape);
    const steps = resolvePermutation(x.rank, permutation).map((axis) => strides[axis]);
    let to = 0;
    const descend = (axis: number, from: number): void => {
      if (axis === out.rank) {
        out.data[to++] = x.data[from];
        return;
      }
      for (let i = 0; i < out.shape[axis]; i++) descend(axis + 1, from + i * steps[axis]);
    };
    descend(0, 0);
  },
  doc: { text: "Reorders axes.", example: "transpose(x, { permutation: [0, 2, 3, 1] })   // NCHW to NHWC" },
  cases: [
    { inputs: [[3, 5]] },
    { inputs: [[2, 3, 4, 5]], attrs: { permutation: [0, 2, 3, 1] } },
    { inputs: [[2, 3, 4]], attrs: { permutation: [1, 0, 2] } },
    { inputs: [[2, 1, 3, 2, 4]], attrs: { permutation: [4, 0, 3, 1, 2] } },
  ],
});

/** `x` with its axes in the order of `permutation` (default: reversed). */
export function transpose<T extends Operand>(x: T, options: { readonly permutation?: readonly number[] } = {}): T {
  return apply(transposeOp, [x], options);
}
