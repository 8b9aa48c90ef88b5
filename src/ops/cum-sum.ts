// Running sums along an axis. The adjoint of a running sum is one that runs the other way.
import { count, flag } from "../graph/attrs.ts";
import { defineOp, type Op, unknownField } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { normaliseAxis, sizeOf } from "../tensor/shape.ts";

export const cumSumOp: Op = defineOp({
  name: "cumSum",
  inputs: ["x"],
  attrs: {
    axis: count(0, Number.MIN_SAFE_INTEGER, "the axis to sum along (default 0)"),
    exclusive: flag(false, "leave each element out of its own sum"),
    reverse: flag(false, "sum from the end"),
  },
  shape({ x }, { axis }, where) {
    normaliseAxis(axis, x.length, where);
    return x;
  },
  field: () => ({ x: unknownField }),
  reference({ x }, out, { axis, exclusive, reverse }) {
    const at = normaliseAxis(axis, x.rank);
    const size = x.shape[at];
    const inner = sizeOf(x.shape.slice(at + 1));
    for (let row = 0; row < sizeOf(x.shape.slice(0, at)) * inner; row++) {
      const start = Math.floor(row / inner) * inner * size + (row % inner);
      let sum = 0;
      for (let i = 0; i < size; i++) {
        const o = start + (reverse ? size - 1 - i : i) * inner;
        if (exclusive) out.data[o] = sum;
        sum += x.data[o];
        if (!exclusive) out.data[o] = sum;
      }
    }
  },
  grad: { x: (g, _, { axis, exclusive, reverse }) => cumSum(g, { axis, exclusive, reverse: !reverse }) },
  doc: { text: "Running sums along an axis, from either end, with or without the element itself.", example: "cumSum(x, { axis: -1 })" },
  cases: [
    { inputs: [[5, 3]] },
    { inputs: [[2, 4, 3]], attrs: { axis: 1, exclusive: true } },
    { inputs: [[3, 7]], attrs: { axis: -1, reverse: true } },
    { inputs: [[4]], attrs: { exclusive: true, reverse: true } },
    { title: "of integers", inputs: [{ shape: [2, 9], dtype: "int32", fill: { integers: 100 } }], attrs: { axis: 1 } },
  ],
});

export interface CumSumOptions {
  /** The axis to sum along (default 0); negative counts from the end. */
  readonly axis?: number;
  /** Leave each element out of its own sum (default false). */
  readonly exclusive?: boolean;
  /** Sum from the end (default false). */
  readonly reverse?: boolean;
}

/** Running sums of x along an axis, in the shape of x. */
export function cumSum<T extends Operand>(x: T, options: CumSumOptions = {}): T {
  return apply(cumSumOp, [x], options);
}
