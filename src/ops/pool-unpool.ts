// Moving values to and from the positions that a max pooling chose: a scatter and a gather, each the other's adjoint.
// They are also the pooling's gradients, which is why derivatives of any order exist.
import { integers, type SpatialOption, spatial } from "../graph/attrs.ts";
import { dataField, defineOp, type Op, type OpCase, pointwise } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import type { DType } from "../tensor/tensor.ts";
import { oneFloatType } from "./operands.ts";

function floatAndIndices(name: string, [values, indices]: readonly DType[]): DType {
  if (indices !== "int32") throw new DTypeError(`${name}: indices are ${indices}; expected int32`);
  return oneFloatType(name, [values]);
}

/** Positions within a plane, per [batch, channel]. */
function checkPlanes(name: string, a: Shape, b: Shape, where: string): void {
  if (a.length < 3 || a.length !== b.length || a[0] !== b[0] || a[1] !== b[1]) {
    throw new ShapeError(`${where}: ${name} ${showShape(a)} and indices ${showShape(b)} must agree in batch, channels and rank >= 3`);
  }
}

function checkIndex(index: number, size: number, where: string): void {
  if (index >= size) throw new ShapeError(`${where}: index ${index} is outside a plane of ${size} elements`);
}

const title = "indices repeat, so that values meet";
const cases: readonly (readonly [pooled: Shape, plane: Shape])[] = [
  [
    [2, 3, 2, 2],
    [2, 3, 5, 4],
  ],
  [
    [1, 2, 3],
    [1, 2, 7],
  ],
  [
    [1, 2, 2, 1, 3],
    [1, 2, 3, 2, 4],
  ],
];
const indicesOf = (pooled: Shape, plane: Shape): OpCase["inputs"][number] => ({
  shape: pooled,
  dtype: "int32",
  fill: { integers: sizeOf(plane.slice(2)) },
});

export const maxUnpoolOp: Op = defineOp({
  name: "maxUnpool",
  inputs: ["x", "indices"],
  attrs: { outputSize: integers(undefined, "spatial sizes of the result") },
  shape({ x, indices }, { outputSize }, where) {
    if (!sameShape(x, indices)) throw new ShapeError(`${where}: input ${showShape(x)} and indices ${showShape(indices)} differ in shape`);
    if (x.length < 3 || outputSize.length !== x.length - 2) {
      throw new ShapeError(`${where}: outputSize ${showShape(outputSize)} does not fit an input of shape ${showShape(x)}`);
    }
    return [x[0], x[1], ...outputSize];
  },
  dtype: ({ all }) => floatAndIndices("maxUnpool", all),
  field: () => ({ x: dataField, indices: dataField }),
  grad: { x: (g, { indices }) => poolGather(g, indices), indices: null },
  reference({ x, indices }, y) {
    const from = sizeOf(x.shape.slice(2));
    const to = sizeOf(y.shape.slice(2));
    for (let i = 0; i < x.size; i++) {
      const index = indices.data[i];
      checkIndex(index, to, "maxUnpool");
      if (index >= 0) y.data[Math.floor(i / from) * to + index] += x.data[i];
    }
  },
  doc: {
    text: "Puts every value at its index within the plane, zeros elsewhere; values with the same index add up, and -1 goes nowhere.",
    cites: ["Zeiler & Fergus, Visualizing and understanding convolutional networks, arXiv 1311.2901"],
    example: "maxUnpool(maxPool2d(x, 2), maxPoolIndices(x, 2), { outputSize: [28, 28] })",
  },
  cases: cases.map(([pooled, plane]) => ({
    title,
    inputs: [pooled, indicesOf(pooled, plane)],
    attrs: { outputSize: plane.slice(2) },
  })),
});

export const poolGatherOp: Op = defineOp({
  name: "poolGather",
  inputs: ["x", "indices"],
  shape({ x, indices }, _, where) {
    checkPlanes("input", x, indices, where);
    return indices;
  },
  dtype: ({ all }) => floatAndIndices("poolGather", all),
  field: () => ({ x: dataField, indices: pointwise }),
  grad: { x: (g, { x, indices }) => apply(maxUnpoolOp, [g, indices], { outputSize: x.shape.slice(2) }), indices: null },
  reference({ x, indices }, y) {
    const from = sizeOf(x.shape.slice(2));
    const to = sizeOf(y.shape.slice(2));
    for (let i = 0; i < y.size; i++) {
      const index = indices.data[i];
      checkIndex(index, from, "poolGather");
      y.data[i] = index < 0 ? 0 : x.data[Math.floor(i / to) * from + index];
    }
  },
  doc: { text: "Reads, for every index, that element of the same plane of x; -1 gives 0. The adjoint of maxUnpool." },
  cases: cases.map(([pooled, plane]) => ({ title, inputs: [plane, indicesOf(pooled, plane)] })),
});

/** Reads x [N, C, ...] at `indices` (int32 [N, C, ...], row-major within each plane; -1 gives 0): the shape of `indices`. */
export function poolGather<T extends Operand>(x: T, indices: T): T {
  return apply(poolGatherOp, [x, indices]);
}

/**
 * Inverse of a max pooling by its indices: x and int32 `indices` [N, C, ...pooled] -> [N, C, ...outputSize], zeros elsewhere.
 * Where windows overlapped and chose the same element, their values add up. Throws `ShapeError`.
 */
export function maxUnpool<T extends Operand>(x: T, indices: T, options: { readonly outputSize: SpatialOption }): T {
  checkOptions("maxUnpool", options, ["outputSize"]);
  const { outputSize } = options;
  const spatialRank = x.shape.length - 2;
  return apply(maxUnpoolOp, [x, indices], {
    outputSize: spatial(1).parse(outputSize, { where: "maxUnpool: outputSize", spatialRank }),
  });
}
