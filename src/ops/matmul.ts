// Matrix products over batches, with either factor transposed in place; the gradients are matrix products of the same kind.
import { flag } from "../graph/attrs.ts";
import { defineOp, type Ins, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { sumTo } from "./broadcast.ts";
import { broadcastAxes, offsetAt } from "./broadcast-read.ts";
import { oneFloatType } from "./operands.ts";

export interface MatmulOptions {
  /** Use the transpose of a's (or b's) last two axes (default false). */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** The sizes of a matrix product: [batch..., rows, inner] x [batch..., inner, columns]. */
export interface MatmulGeometry {
  /** Broadcast batch axes. */
  readonly batch: Shape;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Sizes of a product over the last two axes, the others broadcast. Throws `ShapeError` when the inner sizes differ. */
export function matmulGeometry(
  a: Shape,
  b: Shape,
  { transposeA = false, transposeB = false }: MatmulOptions,
  where = "matmul",
): MatmulGeometry {
  if (a.length < 2 || b.length < 2) {
    throw new ShapeError(`${where}: a ${showShape(a)} and b ${showShape(b)} must both have at least 2 axes; reshape vectors first`);
  }
  const [rows, innerA] = transposeA ? [a[a.length - 1], a[a.length - 2]] : [a[a.length - 2], a[a.length - 1]];
  const [innerB, columns] = transposeB ? [b[b.length - 1], b[b.length - 2]] : [b[b.length - 2], b[b.length - 1]];
  if (innerA !== innerB) {
    const show = (shape: Shape, turned: boolean): string => `${showShape(shape)}${turned ? " transposed" : ""}`;
    throw new ShapeError(
      `${where}: a ${show(a, transposeA)} has ${innerA} columns, but b ${show(b, transposeB)} has ${innerB} rows; they must be equal`,
    );
  }
  return { batch: broadcastShapes([a.slice(0, -2), b.slice(0, -2)], `${where}: batch axes`), rows, inner: innerA, columns };
}

function multiply({ a, b }: Ins<Tensor>, out: Tensor, options: Required<MatmulOptions>): void {
  const { batch, rows, inner, columns } = matmulGeometry(a.shape, b.shape, options);
  const batchA = broadcastAxes(a.shape.slice(0, -2), batch);
  const batchB = broadcastAxes(b.shape.slice(0, -2), batch);
  const [rowA, innerA] = options.transposeA ? [1, rows] : [inner, 1];
  const [innerB, columnB] = options.transposeB ? [1, inner] : [columns, 1];
  for (let n = 0; n < sizeOf(batch); n++) {
    const startA = offsetAt(batchA, n) * rows * inner;
    const startB = offsetAt(batchB, n) * inner * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let i = 0; i < inner; i++) sum += a.data[startA + r * rowA + i * innerA] * b.data[startB + i * innerB + c * columnB];
        out.data[(n * rows + r) * columns + c] = sum;
      }
    }
  }
}

export const matmulOp: Op = defineOp({
  name: "matmul",
  inputs: ["a", "b"],
  attrs: { transposeA: flag(false, "use a's transpose"), transposeB: flag(false, "use b's transpose") },
  shape({ a, b }, attrs, where) {
    const { batch, rows, columns } = matmulGeometry(a, b, attrs, where);
    return [...batch, rows, columns];
  },
  dtype: ({ all }) => oneFloatType("matmul", all),
  cost({ a, b }, attrs) {
    const { batch, rows, inner, columns } = matmulGeometry(a, b, attrs);
    return { macs: sizeOf(batch) * rows * inner * columns };
  },
  reference: multiply,
  // With A and B as they enter the product, dA = g·Bᵀ and dB = Aᵀ·g; a factor that came in transposed gets the transposed product.
  grad: {
    a: (g, { a, b }, { transposeA, transposeB }) =>
      sumTo(transposeA ? matmul(b, g, { transposeA: transposeB, transposeB: true }) : matmul(g, b, { transposeB: !transposeB }), a.shape),
    b: (g, { a, b }, { transposeA, transposeB }) =>
      sumTo(transposeB ? matmul(g, a, { transposeA: true, transposeB: transposeA }) : matmul(a, g, { transposeA: !transposeA }), b.shape),
  },
  doc: {
    text: "Matrix product over the last two axes; the axes before them are batches and broadcast.",
    example: "matmul(a, b, { transposeB: true })",
  },
  cases: [
    {
      inputs: [
        [5, 7],
        [7, 3],
      ],
    },
    {
      inputs: [
        [7, 5],
        [7, 3],
      ],
      attrs: { transposeA: true },
    },
    {
      inputs: [
        [5, 7],
        [3, 7],
      ],
      attrs: { transposeB: true },
    },
    {
      inputs: [
        [7, 5],
        [3, 7],
      ],
      attrs: { transposeA: true, transposeB: true },
    },
    {
      title: "batches",
      inputs: [
        [2, 3, 4, 5],
        [2, 3, 5, 6],
      ],
    },
    {
      title: "one matrix for all batches",
      inputs: [
        [4, 3, 5],
        [5, 2],
      ],
    },
    {
      title: "broadcast batches, both transposed",
      inputs: [
        [3, 1, 5, 2],
        [2, 4, 5],
      ],
      attrs: { transposeA: true, transposeB: true },
    },
    {
      title: "sizes beyond one tile",
      inputs: [
        [33, 65],
        [65, 35],
      ],
    },
    {
      title: "a single row",
      inputs: [
        [1, 100],
        [10, 100],
      ],
      attrs: { transposeB: true },
    },
  ],
});

/**
 * Matrix product of [..., rows, inner] and [..., inner, columns]; batch axes broadcast. `transposeA` and `transposeB` use the transpose
 * of the last two axes. Throws `ShapeError` when the inner sizes differ.
 */
export function matmul<T extends Operand>(a: T, b: T, options: MatmulOptions = {}): T {
  return apply(matmulOp, [a, b], options);
}
