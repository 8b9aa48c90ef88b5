// The limit of softmax: all of the weight on the largest element.
import { count } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { normaliseAxis } from "../tensor/shape.ts";
import { oneHot } from "./one-hot.ts";
import { argMax } from "./reduce.ts";

export const hardmaxOp: Op = defineOp({
  name: "hardmax",
  inputs: ["x"],
  attrs: { axis: count(-1, Number.MIN_SAFE_INTEGER, "the axis to choose along (default the last)") },
  shape({ x }, { axis }, where) {
    normaliseAxis(axis, x.length, where);
    return x;
  },
  decompose({ x }, { axis }) {
    const at = normaliseAxis(axis, x.rank);
    return oneHot(argMax(x, { axis: at }), { classes: x.shape[at], axis: at, dtype: x.dtype });
  },
  grad: { x: null },
  doc: { text: "1 at the largest element along an axis, the first of equal ones, else 0. No gradient." },
  cases: [
    { title: "a choice has no gradient", inputs: [[3, 5]], gradient: false },
    {
      title: "equal ones; a choice has no gradient",
      inputs: [{ shape: [2, 3, 2], fill: { values: [1, 0, 1, 2, 2, 2] } }],
      attrs: { axis: 1 },
      gradient: false,
    },
  ],
});

/** 1 at the first largest element along `axis` (default the last), else 0. */
export function hardmax<T extends Operand>(x: T, options: { readonly axis?: number } = {}): T {
  return apply(hardmaxOp, [x], options);
}
