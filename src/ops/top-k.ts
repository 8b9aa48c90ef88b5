// The largest or smallest elements along an axis: their positions are one op, their values are read at those positions.
import { count, flag } from "../graph/attrs.ts";
import { dataField, defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { normaliseAxis, type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { gatherElements } from "./gather.ts";

const topKAttrs = {
  k: count(1, 0, "how many"),
  axis: count(-1, Number.MIN_SAFE_INTEGER, "the axis to choose along (default the last)"),
  largest: flag(true, "the largest in falling order (default), or the smallest in rising order"),
} as const;

function topKShape(x: Shape, k: number, axis: number, where: string): Shape {
  const at = normaliseAxis(axis, x.length, where);
  if (k > x[at]) throw new ShapeError(`${where}: k is ${k}, but axis ${at} of ${showShape(x)} has ${x[at]} elements`);
  return x.map((n, a) => (a === at ? k : n));
}

const cases = [
  { inputs: [{ shape: [3, 7], fill: "distinct" as const }], attrs: { k: 3 } },
  { inputs: [{ shape: [2, 5, 3], fill: "distinct" as const }], attrs: { k: 2, axis: 1, largest: false } },
  { title: "sorts", inputs: [{ shape: [11], fill: "distinct" as const }], attrs: { k: 11 } },
];

export const topKIndicesOp: Op = defineOp({
  name: "topKIndices",
  inputs: ["x"],
  attrs: topKAttrs,
  shape: ({ x }, { k, axis }, where) => topKShape(x, k, axis, where),
  dtype: () => "int32",
  field: () => ({ x: dataField }),
  reference({ x }, out, { k, axis, largest }) {
    const at = normaliseAxis(axis, x.rank);
    const size = x.shape[at];
    const inner = sizeOf(x.shape.slice(at + 1));
    // NaN counts as the largest of all.
    const rank = (v: number): number => (Number.isNaN(v) ? Number.POSITIVE_INFINITY : v);
    const compare = (a: number, b: number): number =>
      rank(a) === rank(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : rank(a) < rank(b) ? -1 : 1;
    for (let row = 0; row < out.size / Math.max(1, k); row++) {
      const start = Math.floor(row / inner) * inner;
      const value = (i: number): number => x.data[start * size + i * inner + (row % inner)];
      const order = Array.from({ length: size }, (_, i) => i).sort((a, b) => (largest ? -1 : 1) * compare(value(a), value(b)) || a - b);
      for (let i = 0; i < k; i++) out.data[start * k + i * inner + (row % inner)] = order[i];
    }
  },
  grad: { x: null },
  doc: {
    text: "Positions of the k largest (or smallest) elements along an axis, best first, as int32; the first of equal ones comes first, and NaN is largest.",
  },
  cases: [
    ...cases.map((c) => ({ ...c, title: "positions have no gradient", gradient: false })),
    {
      title: "equal ones; positions have no gradient",
      inputs: [{ shape: [2, 9], fill: { values: [1, 3, 3, 0, 1] } }],
      attrs: { k: 6 },
      gradient: false,
    },
    {
      title: "of integers, smallest; positions have no gradient",
      inputs: [{ shape: [9], dtype: "int32", fill: { integers: 5 } }],
      attrs: { k: 4, largest: false },
      gradient: false,
    },
  ],
});

export const topKValuesOp: Op = defineOp({
  name: "topKValues",
  inputs: ["x"],
  attrs: topKAttrs,
  shape: ({ x }, { k, axis }, where) => topKShape(x, k, axis, where),
  field: () => ({ x: dataField }),
  decompose: ({ x }, attrs) => gatherElements(x, topKIndices(x, attrs), { axis: attrs.axis }),
  doc: {
    text: "The k largest (or smallest) elements along an axis, best first. The gradient goes to the elements that were chosen.",
    example: "topKValues(logits, { k: 5 })",
  },
  cases,
});

export interface TopKOptions {
  readonly k: number;
  /** The axis to choose along (default -1, the last). */
  readonly axis?: number;
  /** The largest in falling order (default), or the smallest in rising order. */
  readonly largest?: boolean;
}

/** The k largest elements along an axis, best first. Throws `ShapeError` where there are fewer than k. */
export function topKValues<T extends Operand>(x: T, options: TopKOptions): T {
  return apply(topKValuesOp, [x], options);
}

/** int32 positions of the k largest elements along an axis, best first, the first of equal ones first. Errors as `topKValues`. */
export function topKIndices<T extends Operand>(x: T, options: TopKOptions): T {
  return apply(topKIndicesOp, [x], options);
}
