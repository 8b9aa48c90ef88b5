// Max pooling. Padding is minus infinity, NaN wins, and among equal elements the first in row-major order is chosen: in the value,
// in the indices, and so in the gradient, on every backend.
import { tapTable } from "../arithmetic/taps.ts";
import type { SpatialOption } from "../graph/attrs.ts";
import { defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkSpatialRank, definedOnly, oneFloatType, windowField } from "./operands.ts";
import {
  checkHalfPadding,
  type PoolGeometry,
  type PoolOptions,
  poolAttrSpecs,
  poolGeometry,
  poolOutputShape,
  poolPlanes,
} from "./pool-geometry.ts";
import { maxUnpool } from "./pool-unpool.ts";

/** Calls `found` with the row-major index, within its plane, of each window's maximum; -1 for a window without any element of the input. */
function eachMaximum(x: Tensor, geometry: PoolGeometry, found: (output: number, plane: number, index: number) => void): void {
  const { planes, inputs, outputs, taps } = poolPlanes(geometry);
  const table = tapTable(geometry.axes);
  for (let plane = 0; plane < planes; plane++) {
    for (let p = 0, entry = 0; p < outputs; p++) {
      let best = -1;
      let most = Number.NEGATIVE_INFINITY;
      for (let q = 0; q < taps; q++, entry++) {
        const i = table[entry];
        if (i < 0) continue;
        const value = x.data[plane * inputs + i];
        if (best < 0 || value > most || (Number.isNaN(value) && !Number.isNaN(most))) {
          best = i;
          most = value;
        }
      }
      found(plane * outputs + p, plane * inputs, best);
    }
  }
}

const shapesAndAttrs: readonly (readonly [title: string, x: Shape, attrs: OpCase["attrs"] & object])[] = [
  ["2x2", [2, 3, 6, 8], { kernelSize: 2 }],
  ["2x2 on an odd map", [1, 3, 7, 5], { kernelSize: 2 }],
  ["2x2 on an odd map, ceil mode", [1, 2, 7, 5], { kernelSize: 2, ceilMode: true }],
  ["overlapping 3x3, stride 2, padding 1", [2, 2, 7, 8], { kernelSize: 3, stride: 2, padding: 1 }],
  ["3x3, stride 1, same", [1, 2, 5, 4], { kernelSize: 3, stride: 1, padding: "same" }],
  ["ceil mode drops the window that starts in the padding", [1, 1, 9, 9], { kernelSize: 4, stride: 4, padding: 2, ceilMode: true }],
  ["stride larger than the kernel", [1, 2, 8, 9], { kernelSize: 2, stride: [3, 4] }],
  ["dilation 2", [1, 2, 8, 7], { kernelSize: [3, 2], stride: [2, 1], dilation: 2, padding: 1 }],
  [
    "asymmetric padding",
    [1, 2, 5, 6],
    {
      kernelSize: 3,
      stride: 2,
      padding: [
        [0, 1],
        [2, 0],
      ],
    },
  ],
  ["padding beyond half of the kernel", [1, 2, 5, 4], { kernelSize: 3, stride: 2, padding: 2 }],
  ["whole plane", [2, 3, 4, 5], { kernelSize: [4, 5] }],
  ["1d", [2, 3, 11], { kernelSize: 3, stride: 2 }],
  ["3d", [1, 2, 4, 5, 6], { kernelSize: [2, 2, 3], stride: [2, 1, 2], padding: [0, 1, 1] }],
];

export const maxPoolOp: Op = defineOp({
  name: "maxPool",
  inputs: ["x"],
  attrs: poolAttrSpecs,
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x }, attrs, where) => poolOutputShape(poolGeometry(x, attrs, where)),
  dtype: ({ all }) => oneFloatType("maxPool", all),
  field: ({ x }, attrs) => ({ x: windowField(poolGeometry(x, attrs).axes) }),
  grad: { x: (g, { x }, attrs) => maxUnpool(g, apply(maxPoolIndicesOp, [x], definedOnly(attrs)), { outputSize: x.shape.slice(2) }) },
  reference({ x }, y, attrs) {
    eachMaximum(x, poolGeometry(x.shape, attrs), (output, plane, index) => {
      y.data[output] = index < 0 ? Number.NEGATIVE_INFINITY : x.data[plane + index];
    });
  },
  doc: {
    text: "The largest element of every window. Padding is minus infinity; NaN wins; ties go to the first in row-major order.",
    cites: ["Dumoulin & Visin, relationship 7"],
    example: "maxPool2d(x, 3, { stride: 2, padding: 1 })",
  },
  cases: shapesAndAttrs.map(([title, shape, attrs]) => ({ title, inputs: [{ shape, fill: "distinct" }], attrs })),
});

export const maxPoolIndicesOp: Op = defineOp({
  name: "maxPoolIndices",
  inputs: ["x"],
  attrs: poolAttrSpecs,
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x }, attrs, where) => poolOutputShape(poolGeometry(x, attrs, where)),
  dtype: () => "int32",
  field: ({ x }, attrs) => ({ x: windowField(poolGeometry(x, attrs).axes) }),
  grad: { x: null },
  reference({ x }, y, attrs) {
    eachMaximum(x, poolGeometry(x.shape, attrs), (output, _, index) => {
      y.data[output] = index;
    });
  },
  doc: { text: "Where maxPool found each maximum: row-major index within the plane of the unpadded input (PyTorch's numbering), int32." },
  cases: shapesAndAttrs.map(([title, shape, attrs]) => ({ title, inputs: [{ shape, fill: "distinct" }], attrs, gradient: false })),
});

function bounded<T extends Operand>(op: Op, x: T, options: object): T {
  checkHalfPadding(op, x, options);
  return apply(op, [x], options);
}

function pooled<T extends Operand>(op: Op, spatialRank: number, x: T, kernelSize: SpatialOption, options: PoolOptions): T {
  checkSpatialRank(op.name, x, spatialRank);
  return bounded(op, x, { ...options, kernelSize });
}

/** Max pooling of x [N, C, L] -> [N, C, floor((L + before + after - d(k-1) - 1) / stride) + 1]. Default stride: the kernel size. */
export function maxPool1d<T extends Operand>(x: T, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  return pooled(maxPoolOp, 1, x, kernelSize, options);
}

/** Max pooling of x [N, C, H, W]; sizes as `maxPool1d`, per axis. */
export function maxPool2d<T extends Operand>(x: T, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  return pooled(maxPoolOp, 2, x, kernelSize, options);
}

/** Max pooling of x [N, C, D, H, W]; sizes as `maxPool1d`, per axis. */
export function maxPool3d<T extends Operand>(x: T, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  return pooled(maxPoolOp, 3, x, kernelSize, options);
}

/** Positions of the maxima of `maxPool1d`, `maxPool2d` or `maxPool3d` (any rank): int32, row-major within each plane of x. */
export function maxPoolIndices<T extends Operand>(x: T, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  return bounded(maxPoolIndicesOp, x, { ...options, kernelSize });
}
