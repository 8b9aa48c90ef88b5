// Reductions over axes. A reduction keeps its axes as size 1 or drops them; the elements lie in memory the same way in both cases.
import { type AttrSpec, custom, flag } from "../graph/attrs.ts";
import { defineOp, type Field, type GradRule, type Op, type OpCase, pointwise, unknownField, wholeInput } from "../graph/op.ts";
import { apply, fill, fillOp, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { normaliseAxes, type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { div, sub } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { broadcastAxes, offsetAt } from "./broadcast-read.ts";
import { mapTo } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { checkOperand } from "./operands.ts";
import { reshape } from "./reshape.ts";
import { square } from "./unary.ts";

export interface ReduceOptions {
  /** One axis or several, negative ones counting from the end (default: all). */
  readonly axes?: number | readonly number[] | undefined;
  /** Keep reduced axes as size 1 (default false). */
  readonly keepDims?: boolean;
}

const axesAttr: AttrSpec<readonly number[] | undefined> = custom((given, { where }) => {
  if (given === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (!list.every((a) => Number.isInteger(a)))
    throw new ArgumentError(`${where} is ${JSON.stringify(given)}; expected an axis or a list of axes`);
  return list as readonly number[];
}, "axes to reduce (default: all)");

/** The attributes that all reductions have. */
export const reduceAttrs: { readonly axes: AttrSpec<readonly number[] | undefined>; readonly keepDims: AttrSpec<boolean> } = {
  axes: axesAttr,
  keepDims: flag(false, "keep reduced axes as size 1"),
};

export interface ReduceAttrs {
  readonly axes: readonly number[] | undefined;
  readonly keepDims: boolean;
}

/** The shape with every reduced axis kept as size 1. */
export function keptShape(x: Shape, axes: readonly number[] | undefined, where = "reduce"): number[] {
  const reduced = new Set(normaliseAxes(axes, x.length, where));
  return x.map((n, axis) => (reduced.has(axis) ? 1 : n));
}

/** What reducing a shape leaves of it. */
export function reducedShape(x: Shape, { axes, keepDims }: ReduceAttrs, where: string): Shape {
  const reduced = new Set(normaliseAxes(axes, x.length, where));
  return keepDims ? keptShape(x, axes, where) : x.filter((_, axis) => !reduced.has(axis));
}

/** `reducedShape`; throws `ShapeError` where there is nothing to choose from. */
export function nonEmpty(x: Shape, attrs: ReduceAttrs, where: string): Shape {
  for (const axis of normaliseAxes(attrs.axes, x.length, where)) {
    if (x[axis] === 0) throw new ShapeError(`${where}: axis ${axis} of ${showShape(x)} has no elements to choose from`);
  }
  return reducedShape(x, attrs, where);
}

export function reduceField(x: Shape, { axes }: ReduceAttrs): Field {
  const reduced = normaliseAxes(axes, x.length).filter((axis) => axis >= 2);
  if (reduced.length === 0) return pointwise;
  return reduced.length === x.length - 2 ? wholeInput : unknownField;
}

/** What a reduction of `x` gave, with the reduced axes as size 1, so that it broadcasts against x. */
function withKeptAxes(y: Value, x: Value, axes: readonly number[] | undefined): Value {
  const kept = keptShape(x.shape, axes);
  if (sameShape(kept, y.shape)) return y;
  return y.op === fillOp ? fill(kept, y.attrs.value as number, y.dtype) : reshape(y, kept);
}

/** Accumulates in double precision, whatever the element type. */
function reduceInto(x: Tensor, out: Tensor, { axes }: ReduceAttrs, start: number, step: (sum: number, value: number) => number): void {
  const layout = broadcastAxes(keptShape(x.shape, axes), x.shape);
  const sums = new Float64Array(out.size).fill(start);
  for (let i = 0; i < x.size; i++) {
    const o = offsetAt(layout, i);
    sums[o] = step(sums[o], x.data[i]);
  }
  out.data.set(sums);
}

const cases = [
  { inputs: [{ shape: [2, 3, 4], fill: "distinct" as const }] },
  { inputs: [{ shape: [2, 3, 4, 5], fill: "distinct" as const }], attrs: { axes: [0, 2, 3], keepDims: true } },
  { inputs: [{ shape: [3, 7], fill: "distinct" as const }], attrs: { axes: -1 } },
  { inputs: [{ shape: [5, 3], fill: "distinct" as const }], attrs: { axes: 0 } },
  { inputs: [{ shape: [2, 3, 4], fill: "distinct" as const }], attrs: { axes: 1 } },
];

export const sumOp: Op = defineOp({
  name: "sum",
  inputs: ["x"],
  attrs: reduceAttrs,
  shape: ({ x }, attrs, where) => reducedShape(x, attrs, where),
  field: ({ x }, attrs) => ({ x: reduceField(x, attrs) }),
  reference: ({ x }, out, attrs) => reduceInto(x, out, attrs, 0, (sum, value) => sum + value),
  grad: { x: (g, { x }, { axes }) => broadcastTo(withKeptAxes(g, x, axes), x.shape) },
  doc: { text: "Sum over axes." },
  cases,
});

/** The gradient of the largest (or smallest) element; equal ones share it equally. */
const extremumGrad: GradRule<ReduceAttrs> = (g, { x }, { axes }, y) => {
  const chosen = mapTo(x.shape, e.eq(e.operand(0), e.operand(1)), [x, withKeptAxes(y, x, axes)]);
  const count = apply<Value>(sumOp, [chosen], { axes, keepDims: true });
  return mapTo(x.shape, e.div(e.mul(e.operand(0), e.operand(1)), e.operand(2)), [chosen, withKeptAxes(g, x, axes), count]);
};

export const maxOp: Op = defineOp({
  name: "max",
  inputs: ["x"],
  attrs: reduceAttrs,
  shape: ({ x }, attrs, where) => nonEmpty(x, attrs, where),
  field: ({ x }, attrs) => ({ x: reduceField(x, attrs) }),
  reference: ({ x }, out, attrs) => reduceInto(x, out, attrs, Number.NEGATIVE_INFINITY, Math.max),
  grad: { x: extremumGrad },
  doc: { text: "Largest element over axes; NaN wins. Equal largest elements share the gradient equally." },
  cases,
});

export const minOp: Op = defineOp({
  name: "min",
  inputs: ["x"],
  attrs: reduceAttrs,
  shape: ({ x }, attrs, where) => nonEmpty(x, attrs, where),
  field: ({ x }, attrs) => ({ x: reduceField(x, attrs) }),
  reference: ({ x }, out, attrs) => reduceInto(x, out, attrs, Number.POSITIVE_INFINITY, Math.min),
  grad: { x: extremumGrad },
  doc: { text: "Smallest element over axes; NaN wins. Equal smallest elements share the gradient equally." },
  cases,
});

/** How many elements go into each result. */
function reducedCount(x: Shape, axes: readonly number[] | undefined): number {
  return sizeOf(x) / sizeOf(keptShape(x, axes));
}

export const meanOp: Op = defineOp({
  name: "mean",
  inputs: ["x"],
  attrs: reduceAttrs,
  shape: ({ x }, attrs, where) => nonEmpty(x, attrs, where),
  field: ({ x }, attrs) => ({ x: reduceField(x, attrs) }),
  decompose: ({ x }, { axes, keepDims }) => div(sum(x, { axes, keepDims }), reducedCount(x.shape, axes)),
  doc: { text: "Mean over axes." },
  cases,
});

/** Whether `candidate`, which comes later, takes the place of the best so far. NaN is better than any number. */
function replaces(candidate: number, best: number, sign: 1 | -1, last: boolean): boolean {
  if (Number.isNaN(candidate)) return last || !Number.isNaN(best);
  const lead = sign * (candidate - best);
  return lead > 0 || (last && candidate === best);
}

function positionOp(name: string, sign: 1 | -1, what: string): Op {
  const position = (shape: Shape, attrs: Readonly<Record<string, unknown>>, more: Partial<OpCase> = {}): OpCase => ({
    title: "positions have no gradient",
    inputs: [{ shape, fill: "distinct" }],
    attrs,
    gradient: false,
    ...more,
  });
  return defineOp({
    name,
    inputs: ["x"],
    attrs: { ...reduceAttrs, selectLast: flag(false, "the last of equal ones, not the first") },
    shape(ins, attrs, where) {
      if (normaliseAxes(attrs.axes, ins.x.length, where).length !== 1) {
        throw new ArgumentError(`${where}: axes must name exactly one axis of ${showShape(ins.x)}`);
      }
      return nonEmpty(ins.x, attrs, where);
    },
    dtype: () => "int32",
    reference({ x }, out, { axes, selectLast }) {
      const [axis] = normaliseAxes(axes, x.rank);
      const inner = sizeOf(x.shape.slice(axis + 1));
      const length = x.shape[axis];
      for (let o = 0; o < out.size; o++) {
        const base = Math.floor(o / inner) * inner * length + (o % inner);
        let best = 0;
        for (let i = 1; i < length; i++) {
          if (replaces(x.data[base + i * inner], x.data[base + best * inner], sign, selectLast)) best = i;
        }
        out.data[o] = best;
      }
    },
    grad: { x: null },
    doc: { text: `Position of the ${what} element along one axis, as int32: the first (or last) of equal ones, and NaN before all.` },
    cases: [
      position([3, 7], { axes: -1 }),
      position([2, 5, 3], { axes: 1, keepDims: true }),
      position(
        [2, 6],
        { axes: 1, selectLast: true },
        { inputs: [{ shape: [2, 6], fill: { values: [1, 0, 2, 2, 0, 1, 3, 3, 3, 3, 3, 3] } }] },
      ),
      position([3, 4], { axes: 0 }, { inputs: [{ shape: [3, 4], dtype: "int32", fill: { integers: 3 } }] }),
      position(
        [2, 3],
        { axes: 1, selectLast: true },
        { inputs: [{ shape: [2, 3], fill: { values: [1, Number.NaN, 2, Number.NaN, 5, Number.NaN] } }] },
      ),
    ],
  });
}

export const argMaxOp: Op = positionOp("argMax", 1, "largest");
export const argMinOp: Op = positionOp("argMin", -1, "smallest");

/** Sum over `axes` (default all). */
export function sum<T extends Operand>(x: T, options: ReduceOptions = {}): T {
  return apply(sumOp, [x], options);
}

/** Mean over `axes` (default all). Throws `ShapeError` where there is nothing to average. */
export function mean<T extends Operand>(x: T, options: ReduceOptions = {}): T {
  return apply(meanOp, [x], options);
}

/** Largest element over `axes` (default all). */
export function max<T extends Operand>(x: T, options: ReduceOptions = {}): T {
  return apply(maxOp, [x], options);
}

/** Smallest element over `axes` (default all). */
export function min<T extends Operand>(x: T, options: ReduceOptions = {}): T {
  return apply(minOp, [x], options);
}

export interface PositionOptions {
  /** One axis, negative ones counting from the end (default -1, the last). */
  readonly axis?: number;
  /** Keep the axis as size 1 (default false). */
  readonly keepDims?: boolean;
  /** The last of equal ones, not the first (default false). */
  readonly selectLast?: boolean;
}

function positionOf<T extends Operand>(op: Op, x: T, options: PositionOptions): T {
  checkOperand(op.name, "x", x);
  checkOptions(op.name, options, ["axis", "keepDims", "selectLast"]);
  const { axis = -1, keepDims = false, selectLast = false } = options;
  return apply(op, [x], { axes: axis, keepDims, selectLast });
}

/** int32 position of the largest element along one axis (default the last), the first of equal ones. */
export function argMax<T extends Operand>(x: T, options: PositionOptions = {}): T {
  return positionOf(argMaxOp, x, options);
}

/** int32 position of the smallest element along one axis (default the last), the first of equal ones. */
export function argMin<T extends Operand>(x: T, options: PositionOptions = {}): T {
  return positionOf(argMinOp, x, options);
}

export interface VarianceOptions extends ReduceOptions {
  /** Subtracted from the number of elements in the divisor: 0 (default) gives the biased variance, 1 the unbiased one. */
  readonly correction?: number;
}

/** Mean squared distance from the mean over `axes` (default all), in two passes so that a large mean costs no digits. */
export function variance<T extends Operand>(x: T, options: VarianceOptions = {}): T {
  checkOperand("variance", "x", x);
  checkOptions("variance", options, ["axes", "keepDims", "correction"]);
  const { axes, keepDims = false, correction = 0 } = options;
  const count = reducedCount(
    x.shape,
    axes === undefined || Array.isArray(axes) ? (axes as readonly number[] | undefined) : [axes as number],
  );
  if (count - correction <= 0) {
    throw new ArgumentError(`variance: ${count} elements with correction ${correction} leave a divisor of ${count - correction}`);
  }
  const centred = sub(x, mean(x, { axes, keepDims: true }));
  return div(sum(square(centred), { axes, keepDims }), count - correction);
}
