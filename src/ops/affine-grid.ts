// Sampling positions of an affine map: the other half of a spatial transformer (Jaderberg et al., arXiv 1506.02025, equation 1).
import { flag, integers } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, constant, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { allocate, type DType, Tensor } from "../tensor/tensor.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

interface AffineAttrs {
  readonly size: readonly number[];
  readonly alignCorners: boolean;
}

const affineAttrs = {
  size: integers(undefined, "spatial sizes of the grid"),
  alignCorners: flag(false, "-1 and 1 are the centres of the corner elements, instead of the outer edges"),
};

const thetaShape = (batch: number, axes: number): Shape => [batch, axes, axes + 1];

/** Calls `visit(point, [x, y, ..., 1])` for every grid point in row-major order; x belongs to the last axis. */
function forEachPoint({ size, alignCorners }: AffineAttrs, visit: (point: number, position: readonly number[]) => void): void {
  const along = size.map((n) =>
    Array.from({ length: n }, (_, i) => {
      if (alignCorners) return n === 1 ? 0 : (2 * i) / (n - 1) - 1;
      return (2 * i + 1) / n - 1;
    }),
  );
  let point = 0;
  const descend = (axis: number, position: readonly number[]): void => {
    if (axis === size.length) visit(point++, position);
    else for (const coordinate of along[axis]) descend(axis + 1, [coordinate, ...position]);
  };
  descend(0, [1]);
}

/** Every grid point as a column (x, y, ..., 1): [axes + 1, points]. */
function pointColumns(attrs: AffineAttrs, dtype: DType): Value {
  const rows = attrs.size.length + 1;
  const points = sizeOf(attrs.size);
  const data = allocate(dtype, rows * points);
  forEachPoint(attrs, (point, position) => {
    position.forEach((p, row) => {
      data[row * points + point] = p;
    });
  });
  return constant(new Tensor(data, [rows, points]));
}

export const affineGridOp: Op = defineOp({
  name: "affineGrid",
  inputs: ["theta"],
  attrs: affineAttrs,
  shape({ theta }, { size }, where) {
    const expected = thetaShape(theta[0] ?? 1, size.length);
    if (theta.length !== 3 || expected.some((n, axis) => n !== theta[axis])) {
      throw new ShapeError(
        `${where}: theta has shape ${showShape(theta)}; for ${size.length} spatial axes expected ${showShape(expected)}`,
      );
    }
    return [theta[0], ...size, size.length];
  },
  grad: { theta: (g, _, attrs) => apply(affineGridGradOp, [g], attrs) },
  decompose({ theta }, attrs) {
    const rows = matmul(theta, pointColumns(attrs, theta.dtype));
    return reshape(transpose(rows, { permutation: [0, 2, 1] }), [theta.shape[0], ...attrs.size, attrs.size.length]);
  },
  reference({ theta }, out, attrs) {
    const axes = attrs.size.length;
    const points = sizeOf(attrs.size);
    for (let n = 0; n < theta.shape[0]; n++) {
      forEachPoint(attrs, (point, position) => {
        for (let k = 0; k < axes; k++) {
          const row = (n * axes + k) * (axes + 1);
          out.data[(n * points + point) * axes + k] = position.reduce((sum, p, j) => sum + theta.data[row + j] * p, 0);
        }
      });
    }
  },
  doc: {
    text: "The positions theta · (x, y, 1) for every point of a regular grid: what gridSample needs to move, turn, scale and shear a picture.",
    cites: ["Jaderberg et al., Spatial transformer networks, arXiv 1506.02025, equation 1"],
    example: "affineGrid(theta, { size: [28, 28] })",
  },
  cases: [
    { inputs: [[2, 2, 3]], attrs: { size: [3, 4] } },
    { title: "aligned corners", inputs: [[1, 2, 3]], attrs: { size: [3, 1], alignCorners: true } },
    { title: "3-D", inputs: [[1, 3, 4]], attrs: { size: [2, 1, 3] } },
  ],
});

/** The adjoint of `affineGrid`: g [N, ...size, n] -> [N, n, n + 1]. */
export const affineGridGradOp: Op = defineOp({
  name: "affineGridGrad",
  inputs: ["g"],
  attrs: affineAttrs,
  shape({ g }, { size }, where) {
    const expected = [g[0], ...size, size.length];
    if (expected.length !== g.length || expected.some((n, axis) => n !== g[axis])) {
      throw new ShapeError(`${where}: g has shape ${showShape(g)}; expected ${showShape(expected)}`);
    }
    return thetaShape(g[0], size.length);
  },
  grad: { g: (u, _, attrs) => apply(affineGridOp, [u], attrs) },
  decompose({ g }, attrs) {
    const points = reshape(g, [g.shape[0], sizeOf(attrs.size), attrs.size.length]);
    return matmul(points, pointColumns(attrs, g.dtype), { transposeA: true, transposeB: true });
  },
  reference({ g }, out, attrs) {
    const axes = attrs.size.length;
    const points = sizeOf(attrs.size);
    for (let n = 0; n < g.shape[0]; n++) {
      forEachPoint(attrs, (point, position) => {
        for (let k = 0; k < axes; k++) {
          const row = (n * axes + k) * (axes + 1);
          position.forEach((p, j) => {
            out.data[row + j] += g.data[(n * points + point) * axes + k] * p;
          });
        }
      });
    }
  },
  doc: { text: "The adjoint of affineGrid." },
  cases: [{ inputs: [[2, 3, 4, 2]], attrs: { size: [3, 4] } }],
});

/**
 * Sampling positions theta · (x, y, 1) for a grid of spatial sizes `size`: theta [N, 2, 3] -> [N, H, W, 2] (three axes: [N, 3, 4]).
 * The identity is [[1, 0, 0], [0, 1, 0]]; `alignCorners` (default false) must be the same as in `gridSample`.
 */
export function affineGrid<T extends Operand>(theta: T, options: { readonly size: readonly number[]; readonly alignCorners?: boolean }): T {
  return apply(affineGridOp, [theta], options);
}
