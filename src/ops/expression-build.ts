// The small language in which elementwise ops are written down: `mul(x, sigmoid(x))`. Numbers stand for themselves, and
// arithmetic on numbers alone is done here, so attribute values leave no work behind.
import type { BinaryFunction, Expression, UnaryFunction } from "./expression.ts";
import { binaryFunctions, unaryFunctions } from "./expression-functions.ts";

/** An expression, or a number that stands for itself. */
export type Term = Expression | number;

/** The operand of this index, from 0. */
export function operand(index: number): Expression {
  return { kind: "operand", index };
}

/** A constant. */
export function number(value: number): Expression {
  return { kind: "number", value };
}

/** Whether a term is this very constant. */
export function isNumber(term: Term, value: number): boolean {
  return typeof term === "number" ? term === value : term.kind === "number" && term.value === value;
}

const lift = (term: Term): Expression => (typeof term === "number" ? number(term) : term);

/** A function of one term; of a constant, its value, and two minus signs cancel. */
export function unary(fn: UnaryFunction, a: Term): Expression {
  const x = lift(a);
  if (x.kind === "number") return number(unaryFunctions[fn](x.value));
  if (fn === "neg" && x.kind === "unary" && x.fn === "neg") return x.a;
  return { kind: "unary", fn, a: x };
}

/** A function of two terms; of constants, its value, and neutral elements fall away. */
export function binary(fn: BinaryFunction, a: Term, b: Term): Expression {
  const x = lift(a);
  const y = lift(b);
  if (x.kind === "number" && y.kind === "number") return number(binaryFunctions[fn](x.value, y.value));
  // Only identities that hold for every number, infinities and NaN included (the sign of a zero aside).
  if (fn === "add" && isNumber(x, 0)) return y;
  if ((fn === "add" || fn === "sub") && isNumber(y, 0)) return x;
  if (fn === "sub" && isNumber(x, 0)) return neg(y);
  if (fn === "mul" && isNumber(x, 1)) return y;
  if ((fn === "mul" || fn === "div" || fn === "pow") && isNumber(y, 1)) return x;
  if (fn === "mul" && isNumber(x, -1)) return neg(y);
  if (fn === "mul" && isNumber(y, -1)) return neg(x);
  if (fn === "pow" && isNumber(y, 2)) return square(x);
  return { kind: "binary", fn, a: x, b: y };
}

/** `condition` non-zero ? a : b. */
export function select(condition: Term, a: Term, b: Term): Expression {
  const c = lift(condition);
  const x = lift(a);
  const y = lift(b);
  if (c.kind === "number") return c.value !== 0 ? x : y;
  if (x === y || (x.kind === "number" && y.kind === "number" && Object.is(x.value, y.value))) return x;
  return { kind: "select", condition: c, a: x, b: y };
}

export const neg = (a: Term): Expression => unary("neg", a);
export const abs = (a: Term): Expression => unary("abs", a);
export const sign = (a: Term): Expression => unary("sign", a);
export const exp = (a: Term): Expression => unary("exp", a);
export const expm1 = (a: Term): Expression => unary("expm1", a);
export const log = (a: Term): Expression => unary("log", a);
export const log1p = (a: Term): Expression => unary("log1p", a);
export const sqrt = (a: Term): Expression => unary("sqrt", a);
export const rsqrt = (a: Term): Expression => unary("rsqrt", a);
export const reciprocal = (a: Term): Expression => unary("reciprocal", a);
export const square = (a: Term): Expression => unary("square", a);
export const sin = (a: Term): Expression => unary("sin", a);
export const cos = (a: Term): Expression => unary("cos", a);
export const tan = (a: Term): Expression => unary("tan", a);
export const atan = (a: Term): Expression => unary("atan", a);
export const tanh = (a: Term): Expression => unary("tanh", a);
export const sigmoid = (a: Term): Expression => unary("sigmoid", a);
export const erf = (a: Term): Expression => unary("erf", a);
export const floor = (a: Term): Expression => unary("floor", a);
export const ceil = (a: Term): Expression => unary("ceil", a);
export const round = (a: Term): Expression => unary("round", a);
export const not = (a: Term): Expression => unary("not", a);

export const add = (a: Term, b: Term): Expression => binary("add", a, b);
export const sub = (a: Term, b: Term): Expression => binary("sub", a, b);
export const mul = (a: Term, b: Term): Expression => binary("mul", a, b);
export const div = (a: Term, b: Term): Expression => binary("div", a, b);
export const pow = (a: Term, b: Term): Expression => binary("pow", a, b);
export const min = (a: Term, b: Term): Expression => binary("min", a, b);
export const max = (a: Term, b: Term): Expression => binary("max", a, b);
export const lt = (a: Term, b: Term): Expression => binary("lt", a, b);
export const le = (a: Term, b: Term): Expression => binary("le", a, b);
export const gt = (a: Term, b: Term): Expression => binary("gt", a, b);
export const ge = (a: Term, b: Term): Expression => binary("ge", a, b);
export const eq = (a: Term, b: Term): Expression => binary("eq", a, b);
export const ne = (a: Term, b: Term): Expression => binary("ne", a, b);
export const and = (a: Term, b: Term): Expression => binary("and", a, b);
export const or = (a: Term, b: Term): Expression => binary("or", a, b);
