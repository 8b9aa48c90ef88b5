// Elementary functions of one operand.
import { real } from "../graph/attrs.ts";
import type { Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { defineElementwise } from "./elementwise.ts";
import type { Expression, UnaryFunction } from "./expression.ts";
import * as e from "./expression-build.ts";

interface UnaryOptions {
  readonly fill?: "normal" | "positive";
  readonly derivativeFromResult?: (y: Expression) => Expression;
}

function unaryOp(fn: UnaryFunction, text: string, { fill = "normal", derivativeFromResult }: UnaryOptions = {}): Op {
  return defineElementwise({
    name: fn,
    inputs: ["x"],
    expression: ([x]) => e.unary(fn, x),
    ...(derivativeFromResult && { derivativeFromResult }),
    doc: { text },
    cases: [{ inputs: [{ shape: [3, 37], fill }] }],
  });
}

/** A step function has a derivative of 0 that finite differences across a step would not see. */
function stepOp(fn: UnaryFunction, text: string): Op {
  return defineElementwise({
    name: fn,
    inputs: ["x"],
    expression: ([x]) => e.unary(fn, x),
    doc: { text },
    cases: [
      {
        title: "a step, so finite differences make no sense",
        inputs: [{ shape: [9], fill: { values: [-2, -1.5, -0.5, -0.25, 0, 0.5, 1.5, 2.5, 3] } }],
        gradient: false,
      },
    ],
  });
}

export const negOp: Op = unaryOp("neg", "-x.");
export const absOp: Op = unaryOp("abs", "|x|; the derivative at 0 is 0.");
export const signOp: Op = stepOp("sign", "-1, 0 or 1; the derivative is 0.");
export const expOp: Op = unaryOp("exp", "e^x.", { derivativeFromResult: (y) => y });
export const expm1Op: Op = unaryOp("expm1", "e^x - 1, precise near 0.", { derivativeFromResult: (y) => e.add(y, 1) });
export const logOp: Op = unaryOp("log", "Natural logarithm.", { fill: "positive" });
export const log1pOp: Op = unaryOp("log1p", "log(1 + x), precise near 0.", { fill: "positive" });
export const sqrtOp: Op = unaryOp("sqrt", "Square root.", { fill: "positive", derivativeFromResult: (y) => e.div(0.5, y) });
export const rsqrtOp: Op = unaryOp("rsqrt", "1 / √x.", { fill: "positive" });
export const reciprocalOp: Op = unaryOp("reciprocal", "1 / x.", { fill: "positive" });
export const squareOp: Op = unaryOp("square", "x².");
export const sinOp: Op = unaryOp("sin", "Sine of an angle in radians.");
export const cosOp: Op = unaryOp("cos", "Cosine of an angle in radians.");
export const tanOp: Op = unaryOp("tan", "Tangent of an angle in radians.");
export const atanOp: Op = unaryOp("atan", "Inverse tangent, in radians.");
export const erfOp: Op = unaryOp("erf", "The error function, 2/√π · ∫₀ˣ e^(-t²) dt.");
export const floorOp: Op = stepOp("floor", "The integer below; the derivative is 0.");
export const ceilOp: Op = stepOp("ceil", "The integer above; the derivative is 0.");
export const roundOp: Op = stepOp("round", "The nearest integer, halves to the even one; the derivative is 0.");

export const clipOp: Op = defineElementwise({
  name: "clip",
  inputs: ["x"],
  attrs: {
    min: real(Number.NEGATIVE_INFINITY, "lower bound (default none)"),
    max: real(Number.POSITIVE_INFINITY, "upper bound (default none)"),
  },
  expression([x], { min, max }) {
    const below = max === Number.POSITIVE_INFINITY ? x : e.select(e.gt(x, max), max, x);
    return min === Number.NEGATIVE_INFINITY ? below : e.select(e.lt(x, min), min, below);
  },
  doc: { text: "x limited to [min, max]; the derivative is 1 at the bounds and 0 beyond them." },
  cases: [
    { inputs: [[3, 17]], attrs: { min: -0.7, max: 0.9 } },
    { inputs: [[19]], attrs: { min: 0.1 } },
  ],
});

/** -x. */
export function neg<T extends Operand>(x: T): T {
  return apply(negOp, [x]);
}
/** |x|; derivative 0 at 0. */
export function abs<T extends Operand>(x: T): T {
  return apply(absOp, [x]);
}
/** -1, 0 or 1. */
export function sign<T extends Operand>(x: T): T {
  return apply(signOp, [x]);
}
/** e^x. */
export function exp<T extends Operand>(x: T): T {
  return apply(expOp, [x]);
}
/** e^x - 1, precise near 0. */
export function expm1<T extends Operand>(x: T): T {
  return apply(expm1Op, [x]);
}
/** Natural logarithm. */
export function log<T extends Operand>(x: T): T {
  return apply(logOp, [x]);
}
/** log(1 + x), precise near 0. */
export function log1p<T extends Operand>(x: T): T {
  return apply(log1pOp, [x]);
}
/** Square root. */
export function sqrt<T extends Operand>(x: T): T {
  return apply(sqrtOp, [x]);
}
/** 1 / √x. */
export function rsqrt<T extends Operand>(x: T): T {
  return apply(rsqrtOp, [x]);
}
/** 1 / x. */
export function reciprocal<T extends Operand>(x: T): T {
  return apply(reciprocalOp, [x]);
}
/** x². */
export function square<T extends Operand>(x: T): T {
  return apply(squareOp, [x]);
}
/** Sine, radians. */
export function sin<T extends Operand>(x: T): T {
  return apply(sinOp, [x]);
}
/** Cosine, radians. */
export function cos<T extends Operand>(x: T): T {
  return apply(cosOp, [x]);
}
/** Tangent, radians. */
export function tan<T extends Operand>(x: T): T {
  return apply(tanOp, [x]);
}
/** Inverse tangent, radians. */
export function atan<T extends Operand>(x: T): T {
  return apply(atanOp, [x]);
}
/** The error function. */
export function erf<T extends Operand>(x: T): T {
  return apply(erfOp, [x]);
}
/** The integer below. */
export function floor<T extends Operand>(x: T): T {
  return apply(floorOp, [x]);
}
/** The integer above. */
export function ceil<T extends Operand>(x: T): T {
  return apply(ceilOp, [x]);
}
/** The nearest integer, halves to the even one. */
export function round<T extends Operand>(x: T): T {
  return apply(roundOp, [x]);
}

/** x limited to [min, max]. Throws `ArgumentError` when min > max. */
export function clip<T extends Operand>(x: T, options: { readonly min?: number; readonly max?: number }): T {
  if ((options.min ?? Number.NEGATIVE_INFINITY) > (options.max ?? Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(`clip: min ${options.min} lies above max ${options.max}`);
  }
  return apply(clipOp, [x], options);
}
