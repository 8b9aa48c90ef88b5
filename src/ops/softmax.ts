// Softmax and its logarithm. The largest logit is taken off first, so that no exponential overflows.
import { type AttrSpec, count } from "../graph/attrs.ts";
import { defineOp, type Field, type Op, pointwise, unknownField } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { normaliseAxis, type Shape, showShape } from "../tensor/shape.ts";
import { mul } from "./arithmetic.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { max, sum } from "./reduce.ts";

export interface AxisOptions {
  /** The axis of the classes; negative ones count from the end (default -1). */
  readonly axis?: number;
}

const axis: AttrSpec<number> = { ...count(-1, Number.MIN_SAFE_INTEGER, "axis of the classes (default the last)") };
const [x0, x1, x2] = [e.operand(0), e.operand(1), e.operand(2)];

function checkAxis(x: Shape, a: number, where: string): Shape {
  if (x[normaliseAxis(a, x.length, where)] === 0) throw new ShapeError(`${where}: axis ${a} of ${showShape(x)} has no classes`);
  return x;
}

const axisField = (x: Shape, a: number): Field => (normaliseAxis(a, x.length) < 2 ? pointwise : unknownField);

const cases = [
  { inputs: [[3, 5]] },
  { inputs: [[2, 4, 3, 5]], attrs: { axis: 1 } },
  { inputs: [[7, 2]], attrs: { axis: 0 } },
  { title: "large logits", inputs: [{ shape: [2, 3], fill: { values: [100, 98, 99, -100, -99, -101] } }] },
];

export const softmaxOp: Op = defineOp({
  name: "softmax",
  inputs: ["x"],
  attrs: { axis },
  shape: ({ x }, a, where) => checkAxis(x, a.axis, where),
  field: ({ x }, a) => ({ x: axisField(x, a.axis) }),
  decompose({ x }, { axis: axes }) {
    const powers = map(e.exp(e.sub(x0, x1)), [x, max(x, { axes, keepDims: true })]);
    return map(e.div(x0, x1), [powers, sum(powers, { axes, keepDims: true })]);
  },
  grad: { x: (g, _, { axis: axes }, y) => map(e.mul(x0, e.sub(x1, x2)), [y, g, sum(mul(g, y), { axes, keepDims: true })]) },
  doc: { text: "e^x divided by the sum of e^x along an axis: positive numbers that add up to 1.", example: "softmax(logits)" },
  cases,
});

/** log(sum(exp(x))) along an axis, kept as size 1. */
function logSumExp(x: Value, axes: number): Value {
  const largest = max(x, { axes, keepDims: true });
  const total = sum(map(e.exp(e.sub(x0, x1)), [x, largest]), { axes, keepDims: true });
  return map(e.add(x0, e.log(x1)), [largest, total]);
}

export const logSoftmaxOp: Op = defineOp({
  name: "logSoftmax",
  inputs: ["x"],
  attrs: { axis },
  shape: ({ x }, a, where) => checkAxis(x, a.axis, where),
  field: ({ x }, a) => ({ x: axisField(x, a.axis) }),
  decompose: ({ x }, a) => map(e.sub(x0, x1), [x, logSumExp(x, a.axis)]),
  grad: { x: (g, _, { axis: axes }, y) => map(e.sub(x0, e.mul(e.exp(x1), x2)), [g, y, sum(g, { axes, keepDims: true })]) },
  doc: { text: "Logarithm of the softmax, finite for every finite input." },
  cases,
});

/** Probabilities along `axis` (default the last). */
export function softmax<T extends Operand>(x: T, options: AxisOptions = {}): T {
  return apply(softmaxOp, [x], options);
}

/** Logarithms of the probabilities along `axis` (default the last). */
export function logSoftmax<T extends Operand>(x: T, options: AxisOptions = {}): T {
  return apply(logSoftmaxOp, [x], options);
}
