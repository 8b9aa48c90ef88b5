// Reading by index tensors, in the three forms that networks use: whole slices along one axis, single elements along one axis, and slices or
// elements by tuples of indices. All are `take` of computed element numbers, from which they have their gradients and their kernel.
import { count } from "../graph/attrs.ts";
import { dataField, defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { normaliseAxis, sizeOf, stridesOf } from "../tensor/shape.ts";
import {
  alongAxisNumbers,
  checkElementIndices,
  checkIndexType,
  eachPosition,
  eachTuple,
  elementNumbers,
  resolveIndex,
  steps,
  tupleLayout,
  tupleNumbers,
} from "./indexing.ts";
import { reshape } from "./reshape.ts";
import { take } from "./take.ts";

const axisAttr = { axis: count(0, Number.MIN_SAFE_INTEGER, "the axis that indices count along; negative counts from the end (default 0)") };
const fields = () => ({ x: dataField, indices: dataField });

export const gatherOp: Op = defineOp({
  name: "gather",
  inputs: ["x", "indices"],
  attrs: axisAttr,
  shape({ x, indices }, { axis }, where) {
    const at = normaliseAxis(axis, x.length, where);
    return [...x.slice(0, at), ...indices, ...x.slice(at + 1)];
  },
  dtype({ x, indices }) {
    checkIndexType("gather", indices);
    return x;
  },
  field: fields,
  reference({ x, indices }, out, { axis }) {
    const at = normaliseAxis(axis, x.rank);
    const inner = sizeOf(x.shape.slice(at + 1));
    const outer = sizeOf(x.shape.slice(0, at));
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < indices.size; i++) {
        const from = (o * x.shape[at] + resolveIndex(indices.data[i], x.shape[at], "gather")) * inner;
        out.data.set(x.data.subarray(from, from + inner), (o * indices.size + i) * inner);
      }
    }
  },
  decompose({ x, indices }, { axis }) {
    const at = normaliseAxis(axis, x.rank);
    const size = x.shape[at];
    const inner = sizeOf(x.shape.slice(at + 1));
    const index = reshape(indices, [1, sizeOf(indices.shape), 1]);
    const offsets = [steps(sizeOf(x.shape.slice(0, at)), size * inner, 0, 3), steps(inner, 1, 2, 3)];
    const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
    return reshape(take(x, elementNumbers([{ index, size, step: inner }], offsets)), shape);
  },
  doc: {
    text: "Slices of x along an axis, in the order of int32 indices of any rank, whose axes take the place of the axis. Negative ones count from the end.",
    example: "gather(table, words, { axis: 0 })   // [words, 300] by [batch, 7] -> [batch, 7, 300]",
  },
  cases: [
    { inputs: [[4, 3], { shape: [2, 3], dtype: "int32", fill: { integers: 4 } }] },
    {
      title: "a middle axis, from the end",
      inputs: [[2, 3, 5], { shape: [4], dtype: "int32", fill: { values: [0, -1, 2, 2] } }],
      attrs: { axis: 1 },
    },
    { title: "one index drops the axis", inputs: [[3, 4], { shape: [], dtype: "int32", fill: { values: [2] } }], attrs: { axis: -1 } },
    {
      title: "of integers",
      inputs: [
        { shape: [5, 2], dtype: "int32", fill: { integers: 99 } },
        { shape: [3], dtype: "int32", fill: { values: [4, 0, -2] } },
      ],
    },
  ],
});

export const gatherElementsOp: Op = defineOp({
  name: "gatherElements",
  inputs: ["x", "indices"],
  attrs: axisAttr,
  shape({ x, indices }, { axis }, where) {
    checkElementIndices(x, indices, axis, where);
    return indices;
  },
  dtype({ x, indices }) {
    checkIndexType("gatherElements", indices);
    return x;
  },
  field: fields,
  reference({ x, indices }, out, { axis }) {
    const at = normaliseAxis(axis, x.rank);
    const strides = stridesOf(x.shape);
    eachPosition(indices.shape, (position, i) => {
      const index = resolveIndex(indices.data[i], x.shape[at], "gatherElements");
      out.data[i] = x.data[position.reduce((sum, p, a) => sum + (a === at ? index : p) * strides[a], 0)];
    });
  },
  decompose: ({ x, indices }, { axis }) => take(x, alongAxisNumbers(x.shape, indices, normaliseAxis(axis, x.rank))),
  doc: {
    text: "Elements of x whose coordinate along an axis is replaced by an int32 index; the result has the shape of indices (torch.gather).",
    example: "gatherElements(x, topKIndices(x, { k: 5 }), { axis: -1 })",
  },
  cases: [
    { inputs: [[3, 4], { shape: [2, 4], dtype: "int32", fill: { integers: 3 } }] },
    {
      title: "from the end",
      inputs: [[2, 5, 3], { shape: [2, 2, 3], dtype: "int32", fill: { values: [-1, 0, 3, 4, -5] } }],
      attrs: { axis: 1 },
    },
    { title: "smaller than x", inputs: [[3, 4], { shape: [2, 7], dtype: "int32", fill: { integers: 4 } }], attrs: { axis: -1 } },
  ],
});

export const gatherNdOp: Op = defineOp({
  name: "gatherNd",
  inputs: ["x", "indices"],
  attrs: { batchDims: count(0, 0, "how many leading axes x and indices share (default 0)") },
  shape({ x, indices }, { batchDims }, where) {
    return [...indices.slice(0, -1), ...tupleLayout(x, indices, batchDims, where).slice];
  },
  dtype({ x, indices }) {
    checkIndexType("gatherNd", indices);
    return x;
  },
  field: fields,
  reference({ x, indices }, out, { batchDims }) {
    eachTuple(x.shape, indices, batchDims, "gatherNd", (from, to, size) => out.data.set(x.data.subarray(from, from + size), to));
  },
  decompose({ x, indices }, { batchDims }) {
    const { slice: rest } = tupleLayout(x.shape, indices.shape, batchDims, "gatherNd");
    return reshape(take(x, tupleNumbers(x.shape, indices, batchDims)), [...indices.shape.slice(0, -1), ...rest]);
  },
  doc: {
    text: "Slices or elements of x by tuples of int32 indices, which are the last axis of indices. Negative ones count from the end.",
    example: "gatherNd(picture, pixels)   // [H, W, C] by [n, 2] -> [n, C]",
  },
  cases: [
    { inputs: [[3, 4, 2], { shape: [5, 2], dtype: "int32", fill: { integers: 3 } }] },
    { title: "whole tuples", inputs: [[2, 3], { shape: [2, 2, 2], dtype: "int32", fill: { values: [0, -1, 1, 2, -2, 0, 1, 1] } }] },
    {
      title: "batches",
      inputs: [[2, 3, 4], { shape: [2, 2, 1], dtype: "int32", fill: { values: [2, 0, -1, 1] } }],
      attrs: { batchDims: 1 },
    },
  ],
});

/**
 * x[..., indices, ...]: slices along `axis` (default 0) by int32 indices of any rank; negative ones count from the end. In the reference loops
 * an index outside throws `ArgumentError`; a program compiled to machine code reads zeros there.
 */
export function gather<T extends Operand>(x: T, indices: T, options: { readonly axis?: number } = {}): T {
  return apply(gatherOp, [x, indices], options);
}

/** Elements with their coordinate along `axis` (default 0) replaced by an int32 index, in the shape of `indices`. Errors as `gather`. */
export function gatherElements<T extends Operand>(x: T, indices: T, options: { readonly axis?: number } = {}): T {
  return apply(gatherElementsOp, [x, indices], options);
}

/** Slices of x by the tuples in the last axis of int32 `indices`; the first `batchDims` axes (default 0) are shared. Errors as `gather`. */
export function gatherNd<T extends Operand>(x: T, indices: T, options: { readonly batchDims?: number } = {}): T {
  return apply(gatherNdOp, [x, indices], options);
}
