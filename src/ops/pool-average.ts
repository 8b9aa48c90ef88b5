// Average pooling and its adjoint. The two differ only in the direction in which values move, so each is the other's gradient.
import { tapTable } from "../arithmetic/taps.ts";
import { type AttrSpec, flag, integers, optional, real, type SpatialOption } from "../graph/attrs.ts";
import { defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { checkSpatialRank, definedOnly, oneFloatType, windowField } from "./operands.ts";
import {
  checkHalfPadding,
  checkPooled,
  type PoolAttrs,
  type PoolGeometry,
  type PoolOptions,
  poolAttrSpecs,
  poolGeometry,
  poolInputShape,
  poolOutputShape,
  poolPlanes,
} from "./pool-geometry.ts";

export interface AvgPoolOptions extends PoolOptions {
  /** Divide by the window's size with its padding (true, the default, PyTorch's) or by the number of real elements (ONNX's default). */
  readonly countIncludePad?: boolean;
  /** Divide by this instead. */
  readonly divisorOverride?: number;
}

export interface AvgPoolAttrs extends PoolAttrs {
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | undefined;
}

const nonZero: AttrSpec<number> = {
  doc: "divide by this instead of a count",
  parse(given, context) {
    const divisor = real(1).parse(given, context);
    if (divisor === 0) throw new ArgumentError(`${context.where} is 0; nothing can be divided by it`);
    return divisor;
  },
};

const avgPoolAttrSpecs: { readonly [K in keyof AvgPoolAttrs]: AttrSpec<AvgPoolAttrs[K]> } = {
  ...poolAttrSpecs,
  countIncludePad: flag(true, "padding counts in the divisor; what hangs beyond input and padding in ceil mode never does"),
  divisorOverride: optional(nonZero),
};

/** What each window's sum is divided by, row-major over the output positions. */
export function avgPoolDivisors({ axes }: PoolGeometry, attrs: Pick<AvgPoolAttrs, "countIncludePad" | "divisorOverride">): Float64Array {
  let divisors = Float64Array.of(1);
  for (const { input, kernel, stride, dilation, before, after, output } of axes) {
    const [low, high] = attrs.countIncludePad ? [-before, input + after] : [0, input];
    const next = new Float64Array(divisors.length * output);
    for (let o = 0; o < output; o++) {
      let counted = 0;
      for (let q = 0; q < kernel; q++) {
        const i = o * stride + q * dilation - before;
        if (i >= low && i < high) counted++;
      }
      // A dilated window may step over every real element; its sum is 0, and 0 is what it should stay.
      for (let p = 0; p < divisors.length; p++) next[p * output + o] = divisors[p] * Math.max(counted, 1);
    }
    divisors = next;
  }
  return attrs.divisorOverride === undefined ? divisors : divisors.fill(attrs.divisorOverride);
}

/** For `avgPoolGrad(g)`: x has the spatial sizes `inputSize`. */
export function avgPoolGradGeometry(
  g: Shape,
  attrs: PoolAttrs & { readonly inputSize: readonly number[] },
  where = "avgPoolGrad",
): PoolGeometry {
  if (attrs.inputSize.length !== g.length - 2) {
    throw new ShapeError(`${where}: inputSize ${showShape(attrs.inputSize)} does not fit a gradient of shape ${showShape(g)}`);
  }
  return checkPooled(g, poolGeometry([g[0], g[1], ...attrs.inputSize], attrs, where), where);
}

const cases: readonly (readonly [title: string, x: Shape, attrs: OpCase["attrs"] & object])[] = [
  ["2x2", [2, 3, 6, 8], { kernelSize: 2 }],
  ["3x3, stride 2, padding counted", [1, 2, 7, 6], { kernelSize: 3, stride: 2, padding: 1 }],
  ["3x3, stride 2, padding not counted", [1, 2, 7, 6], { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false }],
  ["ceil mode, padding counted", [1, 2, 7, 6], { kernelSize: 3, stride: 2, padding: 1, ceilMode: true }],
  ["ceil mode, hanging over", [1, 2, 8, 5], { kernelSize: 3, stride: 3, ceilMode: true }],
  ["ceil mode, padding not counted", [1, 1, 9, 8], { kernelSize: 4, stride: 4, padding: 2, ceilMode: true, countIncludePad: false }],
  ["divisor given", [1, 2, 5, 5], { kernelSize: 2, stride: 1, divisorOverride: 3 }],
  [
    "asymmetric padding",
    [1, 2, 5, 6],
    {
      kernelSize: [3, 2],
      stride: 1,
      padding: [
        [2, 0],
        [0, 1],
      ],
      countIncludePad: false,
    },
  ],
  ["same, stride 2, not counted", [1, 2, 5, 6], { kernelSize: 3, stride: 2, padding: "same", countIncludePad: false }],
  ["dilation 2", [1, 2, 7, 8], { kernelSize: 3, stride: 2, dilation: 2, padding: 2 }],
  ["stride larger than the kernel", [1, 2, 8, 9], { kernelSize: 2, stride: [3, 4] }],
  ["padding beyond half of the kernel, not counted", [1, 2, 5, 4], { kernelSize: 3, stride: 2, padding: 2, countIncludePad: false }],
  ["whole plane", [2, 3, 4, 5], { kernelSize: [4, 5] }],
  ["1d", [2, 3, 11], { kernelSize: 4, stride: 2, padding: 1 }],
  ["3d", [1, 2, 4, 5, 6], { kernelSize: [2, 2, 3], stride: [2, 1, 2], padding: [0, 1, 1] }],
];

export const avgPoolOp: Op = defineOp({
  name: "avgPool",
  inputs: ["x"],
  attrs: avgPoolAttrSpecs,
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x }, attrs, where) => poolOutputShape(poolGeometry(x, attrs, where)),
  dtype: ({ all }) => oneFloatType("avgPool", all),
  field: ({ x }, attrs) => ({ x: windowField(poolGeometry(x, attrs).axes) }),
  grad: { x: (g, { x }, attrs) => apply(avgPoolGradOp, [g], { ...definedOnly(attrs), inputSize: x.shape.slice(2) }) },
  reference({ x }, y, attrs) {
    const geometry = poolGeometry(x.shape, attrs);
    const { planes, inputs, outputs, taps } = poolPlanes(geometry);
    const table = tapTable(geometry.axes);
    const divisors = avgPoolDivisors(geometry, attrs);
    for (let plane = 0; plane < planes; plane++) {
      for (let p = 0, entry = 0; p < outputs; p++) {
        let sum = 0;
        for (let q = 0; q < taps; q++, entry++) if (table[entry] >= 0) sum += x.data[plane * inputs + table[entry]];
        y.data[plane * outputs + p] = sum / divisors[p];
      }
    }
  },
  doc: {
    text: "The mean of every window. Padding is zero, and counts in the divisor unless countIncludePad is false.",
    cites: ["Dumoulin & Visin, relationship 7"],
    example: "avgPool2d(x, 3, { stride: 2, padding: 1, countIncludePad: false })",
  },
  cases: cases.map(([title, x, attrs]) => ({ title, inputs: [x], attrs })),
});

export const avgPoolGradOp: Op = defineOp({
  name: "avgPoolGrad",
  inputs: ["g"],
  attrs: { ...avgPoolAttrSpecs, inputSize: integers(undefined, "spatial sizes of the pooling's input") },
  spatialRank: ({ g }) => g.length - 2,
  shape: ({ g }, attrs, where) => poolInputShape(avgPoolGradGeometry(g, attrs, where)),
  dtype: ({ all }) => oneFloatType("avgPoolGrad", all),
  grad: { g: (gg, _, { inputSize: __, ...attrs }) => apply(avgPoolOp, [gg], definedOnly(attrs)) },
  reference({ g }, dx, attrs) {
    const geometry = avgPoolGradGeometry(g.shape, attrs);
    const { planes, inputs, outputs, taps } = poolPlanes(geometry);
    const table = tapTable(geometry.axes);
    const divisors = avgPoolDivisors(geometry, attrs);
    const sums = new Float64Array(inputs);
    for (let plane = 0; plane < planes; plane++) {
      sums.fill(0);
      for (let p = 0, entry = 0; p < outputs; p++) {
        const share = g.data[plane * outputs + p] / divisors[p];
        for (let q = 0; q < taps; q++, entry++) if (table[entry] >= 0) sums[table[entry]] += share;
      }
      dx.data.set(sums, plane * inputs);
    }
  },
  doc: { text: "The transpose of avgPool: spreads every entry of g evenly over the window that it was the mean of." },
  cases: cases.map(([title, x, attrs]) => {
    const shapes = { x, all: [x] };
    const pooled = avgPoolOp.shape(shapes as never, avgPoolOp.parse(attrs, shapes as never, title), title);
    return { title, inputs: [pooled], attrs: { ...attrs, inputSize: x.slice(2) } };
  }),
});

function averaged<T extends Operand>(spatialRank: number, x: T, kernelSize: SpatialOption, options: AvgPoolOptions): T {
  checkSpatialRank("avgPool", x, spatialRank);
  const given = { ...options, kernelSize };
  checkHalfPadding(avgPoolOp, x, given);
  return apply(avgPoolOp, [x], given);
}

/** Average pooling of x [N, C, L] -> [N, C, floor((L + before + after - k) / stride) + 1]. Default stride: the kernel size. */
export function avgPool1d<T extends Operand>(x: T, kernelSize: SpatialOption, options: AvgPoolOptions = {}): T {
  return averaged(1, x, kernelSize, options);
}

/** Average pooling of x [N, C, H, W]; sizes as `avgPool1d`, per axis. */
export function avgPool2d<T extends Operand>(x: T, kernelSize: SpatialOption, options: AvgPoolOptions = {}): T {
  return averaged(2, x, kernelSize, options);
}

/** Average pooling of x [N, C, D, H, W]; sizes as `avgPool1d`, per axis. */
export function avgPool3d<T extends Operand>(x: T, kernelSize: SpatialOption, options: AvgPoolOptions = {}): T {
  return averaged(3, x, kernelSize, options);
}
