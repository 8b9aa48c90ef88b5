// Lp pooling: (sum of |x|^p)^(1/p) over each window. Between the average (p = 1, up to a factor) and the maximum (p = infinity).
import { type AttrSpec, real, type SpatialOption } from "../graph/attrs.ts";
import { defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { div, eq, mul, pow, where } from "./arithmetic.ts";
import { checkSpatialRank, definedOnly, oneFloatType, windowField } from "./operands.ts";
import { avgPoolGradOp, avgPoolOp } from "./pool-average.ts";
import { checkHalfPadding, type PoolAttrs, type PoolOptions, poolAttrSpecs, poolGeometry, poolOutputShape } from "./pool-geometry.ts";
import { abs, sign, sqrt, square } from "./unary.ts";

export const lpExponent: AttrSpec<number> = real(2, "the exponent p >= 1", { min: 1, max: Number.MAX_VALUE });

/** |x|^p, by the cheapest way. */
export function absolutePower(x: Value, p: number): Value {
  if (p === 1) return abs(x);
  return p === 2 ? square(x) : pow(abs(x), p);
}

/** y^(1/p) of non-negative y. */
export function root(y: Value, p: number): Value {
  if (p === 1) return y;
  return p === 2 ? sqrt(y) : pow(y, 1 / p);
}

/**
 * d(sum of y · g) / dx for y = (sum of |x|^p)^(1/p): sign(x) · |x|^(p-1) · spread(g · y^(1-p)), with 0 where y is 0, because the root has
 * no finite slope there. `spread` is the adjoint of the summing.
 */
export function lpGradient(g: Value, x: Value, y: Value, p: number, spread: (share: Value) => Value): Value {
  if (p === 1) return mul(sign(x), spread(g));
  const empty = eq(y, 0);
  const divisor = where(empty, 1, y);
  const share = where(empty, 0, p === 2 ? div(g, divisor) : mul(g, pow(divisor, 1 - p)));
  return mul(p === 2 ? x : mul(sign(x), pow(abs(x), p - 1)), spread(share));
}

/** The sum of every window: averages that divide by 1. */
function sumAttrs({ kernelSize, stride, padding, dilation, ceilMode }: PoolAttrs): object {
  return { ...definedOnly({ kernelSize, stride, padding, dilation, ceilMode }), divisorOverride: 1 };
}

const cases: readonly OpCase[] = [
  { title: "p 2", inputs: [[2, 3, 6, 8]], attrs: { p: 2, kernelSize: 2 } },
  { title: "p 3, overlapping, padding", inputs: [[1, 2, 7, 6]], attrs: { p: 3, kernelSize: 3, stride: 2, padding: 1 } },
  { title: "p 1, ceil mode", inputs: [[1, 2, 7, 5]], attrs: { p: 1, kernelSize: 2, ceilMode: true } },
  {
    title: "p 2.5, dilation",
    inputs: [{ shape: [1, 2, 8, 7], fill: "positive" }],
    attrs: { p: 2.5, kernelSize: [3, 2], stride: 1, dilation: 2 },
  },
  { title: "1d", inputs: [[2, 3, 11]], attrs: { p: 2, kernelSize: 3, stride: 2 } },
];

export const lpPoolOp: Op = defineOp({
  name: "lpPool",
  inputs: ["x"],
  attrs: { p: lpExponent, ...poolAttrSpecs },
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x }, attrs, where) => poolOutputShape(poolGeometry(x, attrs, where)),
  dtype: ({ all }) => oneFloatType("lpPool", all),
  field: ({ x }, attrs) => ({ x: windowField(poolGeometry(x, attrs).axes) }),
  decompose: ({ x }, attrs) => root(apply(avgPoolOp, [absolutePower(x, attrs.p)], sumAttrs(attrs)), attrs.p),
  grad: {
    x(g, { x }, attrs, y) {
      const inputSize = x.shape.slice(2);
      return lpGradient(g, x, y, attrs.p, (share) => apply(avgPoolGradOp, [share], { ...sumAttrs(attrs), inputSize }));
    },
  },
  doc: {
    text: "(sum of |x|^p)^(1/p) over every window. The absolute value makes odd exponents a norm (PyTorch omits it). The gradient of an all-zero window is 0.",
    example: "lpPool2d(x, 2, 3, { stride: 2 })",
  },
  cases,
});

function lpPooled<T extends Operand>(spatialRank: number, x: T, p: number, kernelSize: SpatialOption, options: PoolOptions): T {
  checkSpatialRank("lpPool", x, spatialRank);
  const given = { ...options, p, kernelSize };
  checkHalfPadding(lpPoolOp, x, given);
  return apply(lpPoolOp, [x], given);
}

/** Lp pooling of x [N, C, L] with exponent p >= 1; sizes and options as `maxPool1d`, padding is zero. */
export function lpPool1d<T extends Operand>(x: T, p: number, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  return lpPooled(1, x, p, kernelSize, options);
}

/** Lp pooling of x [N, C, H, W]; as `lpPool1d`, per axis. */
export function lpPool2d<T extends Operand>(x: T, p: number, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  return lpPooled(2, x, p, kernelSize, options);
}

/** Lp pooling of x [N, C, D, H, W]; as `lpPool1d`, per axis. */
export function lpPool3d<T extends Operand>(x: T, p: number, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  return lpPooled(3, x, p, kernelSize, options);
}
