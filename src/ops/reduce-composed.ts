// Reductions that are compositions: products, norms, and the logarithm of a sum of exponentials.
import { defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, fill, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { normaliseAxes, sizeOf } from "../tensor/shape.ts";
import { mul, sub } from "./arithmetic.ts";
import { mapTo } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { stopGradient } from "./identity.ts";
import { keptShape, max, nonEmpty, type ReduceAttrs, type ReduceOptions, reduceAttrs, reducedShape, reduceField, sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";
import { transpose } from "./transpose.ts";
import { abs, exp, square } from "./unary.ts";

const cases: readonly OpCase[] = [
  { inputs: [[2, 3, 4]] },
  { inputs: [[2, 3, 4, 5]], attrs: { axes: [0, 2, 3], keepDims: true } },
  { inputs: [[3, 7]], attrs: { axes: -1 } },
  { inputs: [[2, 3, 4]], attrs: { axes: 1 } },
];

function composed(name: string, text: string, compute: (x: Value, attrs: ReduceAttrs) => Value, more: readonly OpCase[] = []): Op {
  return defineOp({
    name,
    inputs: ["x"],
    attrs: reduceAttrs,
    shape: ({ x }, attrs, where) => (name === "logSumExp" ? nonEmpty : reducedShape)(x, attrs, where),
    field: ({ x }, attrs) => ({ x: reduceField(x, attrs) }),
    decompose: ({ x }, attrs) => compute(x, attrs),
    doc: { text },
    cases: [...cases, ...more],
  });
}

/** Halves against halves: no division, so that the gradient is right where factors are 0. */
function product(x: Value, attrs: ReduceAttrs): Value {
  const shape = reducedShape(x.shape, attrs, "prod");
  const reduced = new Set(normaliseAxes(attrs.axes, x.rank));
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !reduced.has(axis));
  const count = sizeOf([...reduced].map((axis) => x.shape[axis]));
  if (count === 0) return fill(shape, 1, x.dtype);
  const rows = reshape(transpose(x, { permutation: [...kept, ...reduced] }), [sizeOf(shape), count]);
  const columns = (from: number, to: number): Value => slice(rest, { axes: [1], starts: [from], ends: [to] });
  let rest = rows;
  const left: Value[] = [];
  while (rest.shape[1] > 1) {
    const half = Math.floor(rest.shape[1] / 2);
    if (rest.shape[1] % 2 === 1) left.push(columns(2 * half, 2 * half + 1));
    rest = mul(columns(0, half), columns(half, 2 * half));
  }
  return reshape(
    left.reduce((all, factor) => mul(all, factor), rest),
    shape,
  );
}

/** The largest exponent is taken out first, so that no exponential overflows; an infinite one stays where it is. */
function logSumExponential(x: Value, { axes, keepDims }: ReduceAttrs): Value {
  const largest = stopGradient(max(x, { axes, keepDims: true }));
  const finite = e.select(e.eq(e.abs(e.operand(0)), Number.POSITIVE_INFINITY), 0, e.operand(0));
  const shift = mapTo(largest.shape, finite, [largest]);
  const total = sum(exp(sub(x, shift)), { axes, keepDims: true });
  const result = mapTo(keptShape(x.shape, axes), e.add(e.log(e.operand(0)), e.operand(1)), [total, shift]);
  return keepDims ? result : reshape(result, reducedShape(x.shape, { axes, keepDims }, "logSumExp"));
}

function euclidean(x: Value, attrs: ReduceAttrs): Value {
  const squares = sum(square(x), attrs);
  return mapTo(squares.shape, e.select(e.eq(e.operand(0), 0), 0, e.sqrt(e.operand(0))), [squares]);
}

export const prodOp: Op = composed(
  "prod",
  "Product over axes; 1 where there is nothing to multiply. The gradient is right where factors are 0.",
  product,
  [
    { title: "zeros", inputs: [{ shape: [3, 4], fill: { values: [1.5, 0, -2, 3, 0, 0.5, 2, 0, 1, -1, 2, 3] } }], attrs: { axes: 1 } },
    { title: "of integers", inputs: [{ shape: [2, 5], dtype: "int32", fill: { integers: 6 } }], attrs: { axes: 1 } },
  ],
);
export const logSumExpOp: Op = composed(
  "logSumExp",
  "log Σ e^x over axes, without overflow. The gradient is the softmax.",
  logSumExponential,
  [
    {
      title: "far from 0 and infinite, where finite differences make no sense",
      inputs: [
        { shape: [3, 2], fill: { values: [1000, 1001, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 3] } },
      ],
      attrs: { axes: 1 },
      gradient: false,
    },
  ],
);
export const l1NormOp: Op = composed("l1Norm", "Σ |x| over axes; the derivative at 0 is 0.", (x, attrs) => sum(abs(x), attrs));
export const l2NormOp: Op = composed("l2Norm", "√Σ x² over axes; the derivative where all are 0 is 0.", euclidean);

/** Product over `axes` (default all). */
export function prod<T extends Operand>(x: T, options: ReduceOptions = {}): T {
  return apply(prodOp, [x], options);
}

/** log Σ e^x over `axes` (default all), without overflow. */
export function logSumExp<T extends Operand>(x: T, options: ReduceOptions = {}): T {
  return apply(logSumExpOp, [x], options);
}

/** Σ |x| over `axes` (default all). */
export function l1Norm<T extends Operand>(x: T, options: ReduceOptions = {}): T {
  return apply(l1NormOp, [x], options);
}

/** √Σ x² over `axes` (default all). */
export function l2Norm<T extends Operand>(x: T, options: ReduceOptions = {}): T {
  return apply(l2NormOp, [x], options);
}
