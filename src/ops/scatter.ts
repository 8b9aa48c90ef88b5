// Writing by index tensors into a copy. `put` is the one primitive; the ops of networks compute element numbers for it. Where several updates
// meet, they are taken one after the other, so results do not depend on the number of threads.
import { choice, count } from "../graph/attrs.ts";
import { dataField, defineOp, type Op, pointwise } from "../graph/op.ts";
import { apply, constant, fill, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { normaliseAxis, sameShape, showShape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { arange, type DType } from "../tensor/tensor.ts";
import { mul } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import {
  alongAxisNumbers,
  checkElementIndices,
  checkIndexType,
  eachPosition,
  eachTuple,
  resolveIndex,
  tupleLayout,
  tupleNumbers,
} from "./indexing.ts";
import { reshape } from "./reshape.ts";
import { take } from "./take.ts";

/** What becomes of an element that is written to: the last update, or all updates combined with what was there. */
export type ScatterReduction = "none" | "add" | "mul" | "max" | "min";
const reductions = ["none", "add", "mul", "max", "min"] as const;
const reductionAttr = choice(reductions, "none", 'how an update meets what is there; "none" replaces it, and the last update wins');

const combine: Readonly<Record<ScatterReduction, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

function checkTypes(name: string, { x, indices, updates }: Readonly<Record<string, DType>>): DType {
  checkIndexType(name, indices);
  if (updates !== x) throw new DTypeError(`${name}: updates have dtype ${updates}, but x has ${x}; use cast()`);
  return x;
}

const put = (x: Value, indices: Value, updates: Value, reduction: ScatterReduction): Value =>
  apply(putOp, [x, indices, updates], { reduction });

const [a, b, c, d] = [0, 1, 2, 3].map((i) => e.operand(i));

/** 1 for updates that nothing later overwrote. */
function survivors(x: Value, indices: Value, dtype: DType): Value {
  const numbers = constant(arange(sizeOf(indices.shape), indices.shape, "int32"));
  const last = put(fill(x.shape, -1, "int32"), indices, numbers, "none");
  return cast(map(e.eq(a, b), [take(last, indices), numbers]), { dtype });
}

/** How many of the element and its updates equal the result: they share its gradient. */
function winners(x: Value, indices: Value, updates: Value, y: Value): Value {
  return put(map(e.eq(a, b), [x, y]), indices, map(e.eq(a, b), [updates, take(y, indices)]), "add");
}

/** The product of all factors of an element that are not 0, and how many are. */
function factors(x: Value, indices: Value, updates: Value): { readonly product: Value; readonly zeros: Value } {
  const others = e.select(e.eq(a, 0), 1, a);
  return {
    product: put(map(others, [x]), indices, map(others, [updates]), "mul"),
    zeros: put(map(e.eq(a, 0), [x]), indices, map(e.eq(a, 0), [updates]), "add"),
  };
}

/** d(product)/d(factor) · g, given factor, product of what is not 0, number of zeros and g: no division by a zero. */
const throughProduct = e.mul(d, e.select(e.eq(a, 0), e.mul(e.eq(c, 1), b), e.div(e.mul(e.eq(c, 0), b), e.select(e.eq(a, 0), 1, a))));

export const putOp: Op = defineOp({
  name: "put",
  inputs: ["x", "indices", "updates"],
  attrs: { reduction: reductionAttr },
  shape({ x, indices, updates }, _, where) {
    if (!sameShape(indices, updates))
      throw new ShapeError(`${where}: updates ${showShape(updates)} must have the shape of indices ${showShape(indices)}`);
    return x;
  },
  dtype: (types) => checkTypes("put", types),
  field: () => ({ x: pointwise, indices: dataField, updates: dataField }),
  reference({ x, indices, updates }, out, { reduction }) {
    out.data.set(x.data);
    for (let i = 0; i < indices.size; i++) {
      const index = indices.data[i];
      if (index >= x.size) throw new ArgumentError(`put: index ${index} is outside 0..${x.size - 1}`);
      if (index >= 0) out.data[index] = combine[reduction](out.data[index], updates.data[i]);
    }
  },
  grad: {
    x(g, { x, indices, updates }, { reduction }, y) {
      if (reduction === "none") return put(g, indices, fill(updates.shape, 0, g.dtype), "none");
      if (reduction === "add") return g;
      if (reduction === "mul") return mul(g, put(fill(x.shape, 1, g.dtype), indices, updates, "mul"));
      return map(e.mul(e.eq(a, b), e.div(d, c)), [x, y, winners(x, indices, updates, y), g]);
    },
    indices: null,
    updates(g, { x, indices, updates }, { reduction }, y) {
      if (reduction === "add") return take(g, indices);
      if (reduction === "none") return mul(take(g, indices), survivors(x, indices, g.dtype));
      if (reduction === "mul") {
        const { product, zeros } = factors(x, indices, updates);
        return map(throughProduct, [updates, take(product, indices), take(zeros, indices), take(g, indices)]);
      }
      const shared = map(e.div(a, b), [g, winners(x, indices, updates, y)]);
      return map(e.mul(e.eq(a, b), c), [updates, take(y, indices), take(shared, indices)]);
    },
  },
  doc: {
    text: "A copy of x in which elements with these row-major numbers (int32) are replaced by, or combined with, updates; negative numbers write nothing.",
  },
  cases: [
    { title: "the last one wins", inputs: [[3, 4], { shape: [5], dtype: "int32", fill: { values: [0, 7, 7, -1, 11] } }, [5]] },
    ...(["add", "mul", "max", "min"] as const).map((reduction) => ({
      title: reduction,
      inputs: [
        { shape: [3, 4], fill: "distinct" as const },
        { shape: [7], dtype: "int32" as const, fill: { values: [0, 7, 7, -1, 11, 7, 3] } },
        { shape: [7], fill: "distinct" as const },
      ],
      attrs: { reduction },
    })),
  ],
});

export const scatterElementsOp: Op = defineOp({
  name: "scatterElements",
  inputs: ["x", "indices", "updates"],
  attrs: { axis: count(0, Number.MIN_SAFE_INTEGER, "the axis that indices count along (default 0)"), reduction: reductionAttr },
  shape({ x, indices, updates }, { axis }, where) {
    checkElementIndices(x, indices, axis, where);
    if (!sameShape(indices, updates))
      throw new ShapeError(`${where}: updates ${showShape(updates)} must have the shape of indices ${showShape(indices)}`);
    return x;
  },
  dtype: (types) => checkTypes("scatterElements", types),
  field: () => ({ x: pointwise, indices: dataField, updates: dataField }),
  reference({ x, indices, updates }, out, { axis, reduction }) {
    const at = normaliseAxis(axis, x.rank);
    const strides = stridesOf(x.shape);
    out.data.set(x.data);
    eachPosition(indices.shape, (position, i) => {
      const index = resolveIndex(indices.data[i], x.shape[at], "scatterElements");
      const o = position.reduce((sum, p, axis) => sum + (axis === at ? index : p) * strides[axis], 0);
      out.data[o] = combine[reduction](out.data[o], updates.data[i]);
    });
  },
  decompose: ({ x, indices, updates }, { axis, reduction }) =>
    put(x, alongAxisNumbers(x.shape, indices, normaliseAxis(axis, x.rank)), updates, reduction),
  doc: {
    text: "A copy of x in which elements, whose coordinate along an axis an int32 index replaces, receive updates: the reverse of gatherElements.",
    example: 'scatterElements(counts, classes, ones, { axis: 1, reduction: "add" })',
  },
  cases: [
    { inputs: [[3, 4], { shape: [2, 4], dtype: "int32", fill: { values: [0, 2, 1, -1, 1, 2, 0, 0] } }, [2, 4]] },
    {
      title: "added along the last axis",
      inputs: [[2, 5], { shape: [2, 6], dtype: "int32", fill: { values: [1, 1, -1, 4, 0, 1] } }, [2, 6]],
      attrs: { axis: -1, reduction: "add" },
    },
    {
      title: "largest",
      inputs: [
        { shape: [2, 3], fill: "distinct" },
        { shape: [2, 3], dtype: "int32", fill: { values: [0, 1, 0, 1, 1, 0] } },
        { shape: [2, 3], fill: "distinct" },
      ],
      attrs: { reduction: "max" },
    },
    {
      title: "of integers",
      inputs: [
        { shape: [4], dtype: "int32", fill: { integers: 9 } },
        { shape: [3], dtype: "int32", fill: { values: [3, 0, 3] } },
        { shape: [3], dtype: "int32", fill: { integers: 9 } },
      ],
      attrs: { reduction: "mul" },
    },
  ],
});

export const scatterNdOp: Op = defineOp({
  name: "scatterNd",
  inputs: ["x", "indices", "updates"],
  attrs: { reduction: reductionAttr },
  shape({ x, indices, updates }, _, where) {
    const expected = [...indices.slice(0, -1), ...tupleLayout(x, indices, 0, where).slice];
    if (!sameShape(updates, expected)) {
      throw new ShapeError(
        `${where}: indices ${showShape(indices)} name slices ${showShape(expected)} of x, but updates have ${showShape(updates)}`,
      );
    }
    return x;
  },
  dtype: (types) => checkTypes("scatterNd", types),
  field: () => ({ x: pointwise, indices: dataField, updates: dataField }),
  reference({ x, indices, updates }, out, { reduction }) {
    out.data.set(x.data);
    eachTuple(x.shape, indices, 0, "scatterNd", (to, from, size) => {
      for (let i = 0; i < size; i++) out.data[to + i] = combine[reduction](out.data[to + i], updates.data[from + i]);
    });
  },
  decompose({ x, indices, updates }, { reduction }) {
    const numbers = tupleNumbers(x.shape, indices, 0);
    return put(x, numbers, reshape(updates, numbers.shape), reduction);
  },
  doc: {
    text: "A copy of x in which the slices or elements that tuples of int32 indices name receive updates: the reverse of gatherNd.",
    example: "scatterNd(picture, pixels, colours)   // [H, W, C], [n, 2], [n, C]",
  },
  cases: [
    { inputs: [[3, 4, 2], { shape: [3, 2], dtype: "int32", fill: { values: [0, 1, 2, -1, 0, 1] } }, [3, 2]] },
    {
      title: "rows added",
      inputs: [[4, 3], { shape: [5, 1], dtype: "int32", fill: { values: [1, 1, -1, 0, 1] } }, [5, 3]],
      attrs: { reduction: "add" },
    },
  ],
});

export interface ScatterOptions {
  /** "none" (default): the last update wins. Else updates are combined with what is there, one after the other. */
  readonly reduction?: ScatterReduction;
}

/**
 * A copy of x with updates at the elements whose coordinate along `axis` (default 0) is an int32 index. In the reference loops an index outside
 * throws `ArgumentError`; a program compiled to machine code writes nothing there.
 */
export function scatterElements<T extends Operand>(
  x: T,
  indices: T,
  updates: T,
  options: ScatterOptions & { readonly axis?: number } = {},
): T {
  return apply(scatterElementsOp, [x, indices, updates], options);
}

/** A copy of x with updates at the slices named by the tuples in the last axis of int32 `indices`. Errors as `scatterElements`. */
export function scatterNd<T extends Operand>(x: T, indices: T, updates: T, options: ScatterOptions = {}): T {
  return apply(scatterNdOp, [x, indices, updates], options);
}
