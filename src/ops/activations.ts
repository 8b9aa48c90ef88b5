// Activation functions, each one expression. Their derivatives at kinks are PyTorch's, and NaN passes through all of them.
import { choice, real } from "../graph/attrs.ts";
import type { Op, OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { defineElementwise } from "./elementwise.ts";
import type { Expression } from "./expression.ts";
import * as e from "./expression-build.ts";

const cases: readonly OpCase[] = [{ inputs: [[2, 3, 5, 7]] }, { inputs: [[1037]] }];
const casesWith = (...attrs: readonly Readonly<Record<string, unknown>>[]): readonly OpCase[] => [
  ...cases,
  ...attrs.map((a) => ({ inputs: [[3, 41]], attrs: a })),
];

/** x limited to [min, max] with derivative 0 at both bounds. */
const saturate = (x: Expression, min: number, max: number): Expression => e.select(e.le(x, min), min, e.select(e.ge(x, max), max, x));
/** 0 where a saturated result lies at a bound, else `slope`. */
const insideBounds = (y: Expression, min: number, max: number, slope: number): Expression =>
  e.select(e.le(y, min), 0, e.select(e.ge(y, max), 0, slope));

/** x · gate where the gate vanishes faster than x grows: without the cut, minus infinity would give NaN instead of the limit 0. */
const gated = (x: Expression, gate: Expression): Expression => e.select(e.lt(x, -1000), 0, e.mul(x, gate));

export const reluOp: Op = defineElementwise({
  name: "relu",
  inputs: ["x"],
  expression: ([x]) => e.select(e.le(x, 0), 0, x),
  derivativeFromResult: (y) => e.select(e.le(y, 0), 0, 1),
  doc: { text: "max(x, 0); the derivative at 0 is 0.", cites: ["Nair & Hinton 2010"], example: "relu(x)" },
  cases,
});

export const relu6Op: Op = defineElementwise({
  name: "relu6",
  inputs: ["x"],
  expression: ([x]) => saturate(x, 0, 6),
  derivativeFromResult: (y) => insideBounds(y, 0, 6, 1),
  doc: { text: "min(max(x, 0), 6); the derivative at 0 and 6 is 0." },
  cases,
});

export const leakyReluOp: Op = defineElementwise({
  name: "leakyRelu",
  inputs: ["x"],
  attrs: { slope: real(0.01, "factor of negative x") },
  expression: ([x], { slope }) => e.select(e.gt(x, 0), x, e.mul(slope, x)),
  derivativeFromResult: (y, { slope }) => (slope >= 0 ? e.select(e.gt(y, 0), 1, slope) : undefined),
  doc: { text: "x where x > 0, else slope · x; the derivative at 0 is the slope.", cites: ["Maas, Hannun & Ng 2013"] },
  cases: casesWith({ slope: 0.3 }, { slope: -0.5 }),
});

export const eluOp: Op = defineElementwise({
  name: "elu",
  inputs: ["x"],
  attrs: { alpha: real(1, "limit at minus infinity, negated") },
  expression: ([x], { alpha }) => e.select(e.gt(x, 0), x, e.mul(alpha, e.expm1(x))),
  derivativeFromResult: (y, { alpha }) => (alpha >= 0 ? e.select(e.gt(y, 0), 1, e.add(y, alpha)) : undefined),
  doc: { text: "x where x > 0, else alpha · (e^x - 1); the derivative at 0 is alpha.", cites: ["Clevert, Unterthiner & Hochreiter 2016"] },
  cases: casesWith({ alpha: 0.5 }, { alpha: -0.5 }),
});

const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;

export const seluOp: Op = defineElementwise({
  name: "selu",
  inputs: ["x"],
  expression: ([x]) => e.select(e.gt(x, 0), e.mul(seluScale, x), e.mul(seluScale * seluAlpha, e.expm1(x))),
  derivativeFromResult: (y) => e.select(e.gt(y, 0), seluScale, e.add(y, seluScale * seluAlpha)),
  doc: {
    text: "Self-normalising ELU, scale · elu(x; alpha) with fixed constants; the derivative at 0 is scale · alpha = 1.7581.",
    cites: ["Klambauer et al. 2017"],
  },
  cases,
});

export const celuOp: Op = defineElementwise({
  name: "celu",
  inputs: ["x"],
  attrs: { alpha: real(1, "limit at minus infinity, negated; not 0") },
  expression: ([x], { alpha }) => e.select(e.gt(x, 0), x, e.mul(alpha, e.expm1(e.div(x, alpha)))),
  derivativeFromResult: (y, { alpha }) => (alpha > 0 ? e.select(e.gt(y, 0), 1, e.add(e.div(y, alpha), 1)) : undefined),
  doc: { text: "x where x > 0, else alpha · (e^(x/alpha) - 1); the derivative at 0 is 1.", cites: ["Barron 2017"] },
  cases: casesWith({ alpha: 2 }),
});

export const geluOp: Op = defineElementwise({
  name: "gelu",
  inputs: ["x"],
  attrs: { approximate: choice(["none", "tanh"], "none", "exact by erf, or the tanh formula") },
  expression([x], { approximate }) {
    const inner = e.mul(Math.sqrt(2 / Math.PI), e.add(x, e.mul(0.044715, e.mul(x, e.square(x)))));
    return gated(x, e.mul(0.5, e.add(1, approximate === "none" ? e.erf(e.mul(x, Math.SQRT1_2)) : e.tanh(inner))));
  },
  doc: { text: "x · Φ(x) with Φ the distribution function of the standard normal.", cites: ["Hendrycks & Gimpel 2016"] },
  cases: casesWith({ approximate: "tanh" }),
});

export const siluOp: Op = defineElementwise({
  name: "silu",
  inputs: ["x"],
  expression: ([x]) => gated(x, e.sigmoid(x)),
  doc: { text: "x · sigmoid(x), also called swish.", cites: ["Elfwing, Uchibe & Doya 2018"] },
  cases,
});

export const mishOp: Op = defineElementwise({
  name: "mish",
  inputs: ["x"],
  expression([x]) {
    // tanh(log(1 + w)) = n / (n + 2) with n = w(w + 2), w = e^x: one exponential instead of three, and exactly 1 from x = 20 on.
    const w = e.exp(e.min(x, 20));
    const n = e.mul(w, e.add(w, 2));
    return gated(x, e.div(n, e.add(n, 2)));
  },
  doc: { text: "x · tanh(softplus(x)).", cites: ["Misra 2019"] },
  cases,
});

export const softplusOp: Op = defineElementwise({
  name: "softplus",
  inputs: ["x"],
  attrs: { beta: real(1, "sharpness of the bend; not 0"), threshold: real(20, "beta · x above which the function is linear") },
  expression([x], { beta, threshold }) {
    const bx = e.mul(beta, x);
    return e.select(e.gt(bx, threshold), x, e.div(e.log1p(e.exp(e.min(bx, threshold))), beta));
  },
  derivativeFromResult(y, { beta, threshold }) {
    // With a low threshold the two branches overlap in y, so y no longer tells which one it came from.
    if (threshold < 20) return undefined;
    const by = e.mul(beta, y);
    return e.select(e.gt(by, threshold), 1, e.neg(e.expm1(e.neg(by))));
  },
  doc: { text: "log(1 + e^(beta·x)) / beta, a smooth relu; x itself where beta · x exceeds the threshold." },
  cases: casesWith({ beta: 3 }, { beta: 2, threshold: 1.5 }),
});

export const softsignOp: Op = defineElementwise({
  name: "softsign",
  inputs: ["x"],
  expression: ([x]) => e.div(x, e.add(1, e.abs(x))),
  doc: { text: "x / (1 + |x|)." },
  cases,
});

export const sigmoidOp: Op = defineElementwise({
  name: "sigmoid",
  inputs: ["x"],
  expression: ([x]) => e.sigmoid(x),
  derivativeFromResult: (y) => e.mul(y, e.sub(1, y)),
  doc: { text: "1 / (1 + e^-x), in the open interval (0, 1)." },
  cases,
});

export const logSigmoidOp: Op = defineElementwise({
  name: "logSigmoid",
  inputs: ["x"],
  expression: ([x]) => e.sub(e.min(x, 0), e.log1p(e.exp(e.neg(e.abs(x))))),
  derivativeFromResult: (y) => e.neg(e.expm1(y)),
  doc: { text: "log(sigmoid(x)), finite for every finite x." },
  cases,
});

export const tanhOp: Op = defineElementwise({
  name: "tanh",
  inputs: ["x"],
  expression: ([x]) => e.tanh(x),
  derivativeFromResult: (y) => e.sub(1, e.square(y)),
  doc: { text: "Hyperbolic tangent, in the open interval (-1, 1)." },
  cases,
});

export const tanhshrinkOp: Op = defineElementwise({
  name: "tanhshrink",
  inputs: ["x"],
  expression: ([x]) => e.sub(x, e.tanh(x)),
  doc: { text: "x - tanh(x)." },
  cases,
});

export const softshrinkOp: Op = defineElementwise({
  name: "softshrink",
  inputs: ["x"],
  attrs: { lambda: real(0.5, "half width of the dead zone", { min: 0 }) },
  expression: ([x], { lambda }) => e.select(e.le(e.abs(x), lambda), 0, e.sub(x, e.mul(lambda, e.sign(x)))),
  doc: { text: "x moved towards 0 by lambda, and 0 where |x| <= lambda." },
  cases: casesWith({ lambda: 0.2 }),
});

export const hardshrinkOp: Op = defineElementwise({
  name: "hardshrink",
  inputs: ["x"],
  attrs: { lambda: real(0.5, "half width of the dead zone", { min: 0 }) },
  expression: ([x], { lambda }) => e.select(e.le(e.abs(x), lambda), 0, x),
  doc: { text: "x, but 0 where |x| <= lambda." },
  cases: casesWith({ lambda: 0.2 }),
});

export const hardTanhOp: Op = defineElementwise({
  name: "hardTanh",
  inputs: ["x"],
  attrs: { min: real(-1, "lower bound"), max: real(1, "upper bound") },
  expression: ([x], { min, max }) => saturate(x, min, max),
  derivativeFromResult: (y, { min, max }) => insideBounds(y, min, max, 1),
  doc: { text: "x limited to [min, max]; the derivative at both bounds is 0." },
  cases: casesWith({ min: -0.4, max: 2 }),
});

export const hardSigmoidOp: Op = defineElementwise({
  name: "hardSigmoid",
  inputs: ["x"],
  attrs: { alpha: real(1 / 6, "slope (ONNX's default is 0.2)"), beta: real(0.5, "value at 0") },
  expression: ([x], { alpha, beta }) => saturate(e.add(e.mul(alpha, x), beta), 0, 1),
  derivativeFromResult: (y, { alpha }) => insideBounds(y, 0, 1, alpha),
  doc: { text: "alpha · x + beta limited to [0, 1]; the derivative at both bounds is 0." },
  cases: casesWith({ alpha: 0.2 }),
});

export const hardSwishOp: Op = defineElementwise({
  name: "hardSwish",
  inputs: ["x"],
  expression: ([x]) => e.select(e.lt(x, -3), 0, e.select(e.gt(x, 3), x, e.div(e.mul(x, e.add(x, 3)), 6))),
  doc: { text: "x · relu6(x + 3) / 6; the derivative at -3 is -1/2 and at 3 it is 3/2, as in PyTorch.", cites: ["Howard et al. 2019"] },
  cases,
});

export const thresholdOp: Op = defineElementwise({
  name: "threshold",
  inputs: ["x"],
  attrs: { threshold: real(0, "x up to here is replaced"), value: real(0, "the replacement") },
  expression: ([x], { threshold, value }) => e.select(e.le(x, threshold), value, x),
  doc: { text: "x where it exceeds the threshold, else the value." },
  cases: casesWith({ threshold: 0.3, value: -2 }),
});

/** max(x, 0). */
export function relu<T extends Operand>(x: T): T {
  return apply(reluOp, [x]);
}
/** min(max(x, 0), 6). */
export function relu6<T extends Operand>(x: T): T {
  return apply(relu6Op, [x]);
}
/** x where x > 0, else slope · x (slope 0.01). */
export function leakyRelu<T extends Operand>(x: T, options: { readonly slope?: number } = {}): T {
  return apply(leakyReluOp, [x], options);
}
/** x where x > 0, else alpha · (e^x - 1) (alpha 1). */
export function elu<T extends Operand>(x: T, options: { readonly alpha?: number } = {}): T {
  return apply(eluOp, [x], options);
}
/** Self-normalising ELU. */
export function selu<T extends Operand>(x: T): T {
  return apply(seluOp, [x]);
}
/** x where x > 0, else alpha · (e^(x/alpha) - 1) (alpha 1). Throws `ArgumentError` for alpha 0. */
export function celu<T extends Operand>(x: T, options: { readonly alpha?: number } = {}): T {
  if (options.alpha === 0) throw new ArgumentError("celu: alpha is 0; expected a number other than 0");
  return apply(celuOp, [x], options);
}
/** x · Φ(x), exactly or by the tanh formula. */
export function gelu<T extends Operand>(x: T, options: { readonly approximate?: "none" | "tanh" } = {}): T {
  return apply(geluOp, [x], options);
}
/** x · sigmoid(x). */
export function silu<T extends Operand>(x: T): T {
  return apply(siluOp, [x]);
}
/** x · tanh(softplus(x)). */
export function mish<T extends Operand>(x: T): T {
  return apply(mishOp, [x]);
}
/** log(1 + e^(beta·x)) / beta (beta 1), linear where beta · x exceeds the threshold (20). Throws `ArgumentError` for beta 0. */
export function softplus<T extends Operand>(x: T, options: { readonly beta?: number; readonly threshold?: number } = {}): T {
  if (options.beta === 0) throw new ArgumentError("softplus: beta is 0; expected a number other than 0");
  return apply(softplusOp, [x], options);
}
/** x / (1 + |x|). */
export function softsign<T extends Operand>(x: T): T {
  return apply(softsignOp, [x]);
}
/** 1 / (1 + e^-x). */
export function sigmoid<T extends Operand>(x: T): T {
  return apply(sigmoidOp, [x]);
}
/** log(sigmoid(x)). */
export function logSigmoid<T extends Operand>(x: T): T {
  return apply(logSigmoidOp, [x]);
}
/** Hyperbolic tangent. */
export function tanh<T extends Operand>(x: T): T {
  return apply(tanhOp, [x]);
}
/** x - tanh(x). */
export function tanhshrink<T extends Operand>(x: T): T {
  return apply(tanhshrinkOp, [x]);
}
/** x moved towards 0 by lambda (0.5), 0 in between. */
export function softshrink<T extends Operand>(x: T, options: { readonly lambda?: number } = {}): T {
  return apply(softshrinkOp, [x], options);
}
/** x, but 0 where |x| <= lambda (0.5). */
export function hardshrink<T extends Operand>(x: T, options: { readonly lambda?: number } = {}): T {
  return apply(hardshrinkOp, [x], options);
}
/** x limited to [min, max] (-1, 1), derivative 0 at the bounds. Throws `ArgumentError` unless min < max. */
export function hardTanh<T extends Operand>(x: T, options: { readonly min?: number; readonly max?: number } = {}): T {
  const { min = -1, max = 1 } = options;
  if (min >= max) throw new ArgumentError(`hardTanh: min ${min} is not below max ${max}`);
  return apply(hardTanhOp, [x], options);
}
/** alpha · x + beta limited to [0, 1] (alpha 1/6, beta 1/2). */
export function hardSigmoid<T extends Operand>(x: T, options: { readonly alpha?: number; readonly beta?: number } = {}): T {
  return apply(hardSigmoidOp, [x], options);
}
/** x · relu6(x + 3) / 6. */
export function hardSwish<T extends Operand>(x: T): T {
  return apply(hardSwishOp, [x]);
}
/** x where it exceeds `threshold`, else `value` (both 0). */
export function threshold<T extends Operand>(x: T, options: { readonly threshold?: number; readonly value?: number } = {}): T {
  return apply(thresholdOp, [x], options);
}
