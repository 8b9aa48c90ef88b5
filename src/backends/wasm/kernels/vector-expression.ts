// An elementwise expression as SIMD code on four float32. Comparisons stay bit masks until a number is wanted of them.
import { type Expression, type Step, stepsOf, type UnaryFunction } from "../../../ops/expression.ts";
import { f32x4, type V128, v128 } from "../assembler.ts";
import { emitPow, type Helpers } from "./scalar-math.ts";
import { atan, cos, erf, exp, expm1, log, log1p, type MathContext, sigmoid, sign, sin, tan, tanh } from "./vector-math.ts";

type Mask = { readonly mask: V128 };
type Known = V128 | Mask;

const one = (): V128 => f32x4.splat(1);
const asNumber = (k: Known): V128 => ("mask" in k ? v128.and(k.mask, one()) : k);
const asMask = (k: Known): V128 => ("mask" in k ? k.mask : f32x4.ne(k, f32x4.splat(0)));

const series = { atan, cos, erf, exp, expm1, log, log1p, sigmoid, sign, sin, tan, tanh } as const;
const comparisons = { lt: f32x4.lt, le: f32x4.le, gt: f32x4.gt, ge: f32x4.ge, eq: f32x4.eq, ne: f32x4.ne } as const;
const arithmetic = { add: f32x4.add, sub: f32x4.sub, mul: f32x4.mul, div: f32x4.div, min: f32x4.min, max: f32x4.max } as const;

/** Emits the expression and gives its value. `operand(i)` is asked once per operand that occurs. */
export function emitVector(c: MathContext, expression: Expression, operand: (index: number) => V128, helpers: Helpers | undefined): V128 {
  const steps = stepsOf(expression);
  const uses = countUses(steps);
  const known: Known[] = [];
  steps.forEach((step, i) => {
    const result = emitStep(c, step, known, operand, helpers);
    // What is used twice is computed once.
    const keep = uses[i] > 1 && step.kind !== "number";
    known.push(keep ? ("mask" in result ? { mask: c.f.v128(result.mask) } : c.f.v128(result)) : result);
  });
  return asNumber(known[known.length - 1]);
}

function emitStep(
  c: MathContext,
  step: Step,
  known: readonly Known[],
  operand: (index: number) => V128,
  helpers: Helpers | undefined,
): Known {
  switch (step.kind) {
    case "operand":
      return operand(step.index);
    case "number":
      return f32x4.splat(step.value);
    case "unary":
      return step.fn === "not" ? { mask: v128.not(asMask(known[step.a])) } : emitUnary(c, step.fn, asNumber(known[step.a]));
    case "select":
      return v128.bitselect(asNumber(known[step.a]), asNumber(known[step.b]), asMask(known[step.condition]));
    case "binary": {
      const a = known[step.a];
      const b = known[step.b];
      if (step.fn in comparisons) return { mask: comparisons[step.fn as keyof typeof comparisons](asNumber(a), asNumber(b)) };
      if (step.fn === "and") return { mask: v128.and(asMask(a), asMask(b)) };
      if (step.fn === "or") return { mask: v128.or(asMask(a), asMask(b)) };
      if (step.fn === "pow") return emitPow(c.f, asNumber(a), asNumber(b), helpers);
      return arithmetic[step.fn as keyof typeof arithmetic](asNumber(a), asNumber(b));
    }
  }
}

function emitUnary(c: MathContext, fn: Exclude<UnaryFunction, "not">, a: V128): V128 {
  switch (fn) {
    case "neg":
      return f32x4.neg(a);
    case "abs":
      return f32x4.abs(a);
    case "sqrt":
      return f32x4.sqrt(a);
    case "rsqrt":
      return f32x4.div(one(), f32x4.sqrt(a));
    case "reciprocal":
      return f32x4.div(one(), a);
    case "square": {
      const x = c.f.v128(a);
      return f32x4.mul(x, x);
    }
    case "floor":
      return f32x4.floor(a);
    case "ceil":
      return f32x4.ceil(a);
    case "round":
      return f32x4.nearest(a);
    default:
      return series[fn](c, a);
  }
}

function countUses(steps: readonly Step[]): number[] {
  const uses = steps.map(() => 0);
  for (const step of steps) {
    if (step.kind === "unary") uses[step.a]++;
    else if (step.kind === "binary" || step.kind === "select") {
      uses[step.a]++;
      uses[step.b]++;
      if (step.kind === "select") uses[step.condition]++;
    }
  }
  return uses;
}

/** Whether the expression calls functions of its own, which must be in the module first. */
export function needsHelpers(expression: Expression): boolean {
  return stepsOf(expression).some((step) => step.kind === "binary" && step.fn === "pow");
}

const costly: Partial<Record<UnaryFunction, number>> = {
  exp: 4,
  expm1: 8,
  log: 7,
  log1p: 9,
  tanh: 6,
  sigmoid: 6,
  erf: 9,
  sin: 7,
  cos: 7,
  tan: 15,
  atan: 8,
};

/** Rough nanoseconds per vector of four, loads and stores aside. */
export function vectorNanoseconds(expression: Expression): number {
  return stepsOf(expression).reduce(
    (sum, step) =>
      sum + (step.kind === "unary" ? (costly[step.fn] ?? 0.4) : step.kind === "binary" ? (step.fn === "pow" ? 120 : 0.4) : 0.3),
    0,
  );
}
