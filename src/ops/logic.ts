// Logic, remainders and questions about single elements. Truth is 1 and falsehood 0 in the operands' element type, as for comparisons.
import { flag } from "../graph/attrs.ts";
import type { Op, OpCase } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { defineElementwise, liftNumber } from "./elementwise.ts";
import type { Expression } from "./expression.ts";
import * as e from "./expression-build.ts";

const bytes = (values: readonly number[]) => ({ shape: [values.length], dtype: "uint8" as const, fill: { values } });
const twoTruths: readonly OpCase[] = [
  { title: "bytes", inputs: [bytes([0, 0, 1, 3]), bytes([0, 2, 0, 1])] },
  {
    title: "a step, so finite differences make no sense",
    inputs: [
      { shape: [2, 4], fill: { values: [0, -1, 0, 0.5] } },
      { shape: [4], fill: { values: [0, 0, 2, 1] } },
    ],
    gradient: false,
  },
];

function logicOp(name: string, expression: (x: Expression, y: Expression) => Expression, text: string): Op {
  return defineElementwise({ name, inputs: ["x", "y"], expression: ([x, y]) => expression(x, y), doc: { text }, cases: twoTruths });
}

export const andOp: Op = logicOp("and", e.and, "1 where neither x nor y is 0, else 0. No gradient.");
export const orOp: Op = logicOp("or", e.or, "0 where both x and y are 0, else 1. No gradient.");
export const xorOp: Op = logicOp("xor", (x, y) => e.ne(e.not(x), e.not(y)), "1 where exactly one of x and y is 0, else 0. No gradient.");

const specials: OpCase = {
  title: "numbers and others; a step, so finite differences make no sense",
  inputs: [{ shape: [6], fill: { values: [0, Number.NaN, Number.POSITIVE_INFINITY, -1.5, Number.NEGATIVE_INFINITY, 3e38] } }],
  gradient: false,
};

export const notOp: Op = defineElementwise({
  name: "not",
  inputs: ["x"],
  expression: ([x]) => e.not(x),
  doc: { text: "1 where x is 0, else 0. No gradient." },
  cases: [{ title: "bytes", inputs: [bytes([0, 1, 7])] }, specials],
});

export const isNanOp: Op = defineElementwise({
  name: "isNan",
  inputs: ["x"],
  expression: ([x]) => e.ne(x, x),
  doc: { text: "1 where x is not a number, else 0. No gradient." },
  cases: [specials],
});

export const isInfOp: Op = defineElementwise({
  name: "isInf",
  inputs: ["x"],
  attrs: { positive: flag(true, "whether +∞ counts"), negative: flag(true, "whether -∞ counts") },
  expression([x], { positive, negative }) {
    const plus = e.eq(x, Number.POSITIVE_INFINITY);
    const minus = e.eq(x, Number.NEGATIVE_INFINITY);
    return positive && negative ? e.or(plus, minus) : positive ? plus : negative ? minus : e.select(e.eq(x, x), 0, 0);
  },
  doc: { text: "1 where x is infinite, else 0. No gradient." },
  cases: [specials, { ...specials, attrs: { positive: false } }, { ...specials, attrs: { negative: false } }],
});

const quotient = (x: Expression, y: Expression): Expression => e.div(x, y);
/** Where the quotient was rounded up to a whole number, the remainder comes out with the wrong sign and is short of one divisor. */
const mended = (r: Expression, sign: Expression, divisor: Expression): Expression =>
  e.select(e.lt(e.mul(r, e.sign(sign)), 0), e.add(r, divisor), r);

function floored([x, y]: readonly Expression[]): Expression {
  return mended(e.sub(x, e.mul(y, e.floor(quotient(x, y)))), y, y);
}

function truncated([x, y]: readonly Expression[]): Expression {
  const q = quotient(x, y);
  const r = e.sub(x, e.mul(y, e.select(e.lt(q, 0), e.ceil(q), e.floor(q))));
  return mended(r, x, e.mul(e.abs(y), e.sign(x)));
}

const remainders: readonly OpCase[] = [
  {
    title: "a saw: linear by pieces alone, so its slope is no adjoint",
    gradient: false,
    inputs: [
      { shape: [8], fill: { values: [5.3, -5.3, 5.3, -5.3, 0.7, 7.1, -0.2, 2.5] } },
      { shape: [8], fill: { values: [3, 3, -3, -3, 0.2, -2, 1.5, 4] } },
    ],
  },
  {
    title: "integers",
    inputs: [
      { shape: [2, 4], dtype: "int32", fill: { values: [5, -5, 5, -5, 6, -6, 0, 2147483647] } },
      { shape: [4], dtype: "int32", fill: { values: [3, 3, -3, -3] } },
    ],
  },
];

export const modOp: Op = defineElementwise({
  name: "mod",
  inputs: ["x", "y"],
  expression: floored,
  doc: { text: "The remainder x - y·⌊x/y⌋, which has the sign of y (Python's %, torch.remainder)." },
  cases: remainders,
});

export const fmodOp: Op = defineElementwise({
  name: "fmod",
  inputs: ["x", "y"],
  expression: truncated,
  doc: { text: "The remainder of x / y cut off towards zero, which has the sign of x (C's fmod and JavaScript's %)." },
  cases: remainders,
});

function applyBinary<T extends Operand>(op: Op, x: T | number, y: T | number): T {
  return apply(op, [liftNumber(x, y, op.name), liftNumber(y, x, op.name)]);
}

/** 1 where neither x nor y is 0, else 0. */
export function and<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(andOp, x, y);
}
/** 0 where both x and y are 0, else 1. */
export function or<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(orOp, x, y);
}
/** 1 where exactly one of x and y is 0, else 0. */
export function xor<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(xorOp, x, y);
}
/** 1 where x is 0, else 0. */
export function not<T extends Operand>(x: T): T {
  return apply(notOp, [x]);
}
/** 1 where x is not a number, else 0. */
export function isNan<T extends Operand>(x: T): T {
  return apply(isNanOp, [x]);
}
/** 1 where x is infinite, else 0; `positive` and `negative` (both default true) say which infinities count. */
export function isInf<T extends Operand>(x: T, options: { readonly positive?: boolean; readonly negative?: boolean } = {}): T {
  return apply(isInfOp, [x], options);
}
/** The remainder of x / y with the sign of y. */
export function mod<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(modOp, x, y);
}
/** The remainder of x / y with the sign of x. */
export function fmod<T extends Operand>(x: T | number, y: T | number): T {
  return applyBinary(fmodOp, x, y);
}
