// The derivative of an expression is an expression. At kinks the side that `select` takes decides, so that each op's definition says
// what its derivative is there; `min` and `max` give each of two equal sides one half.
import type { BinaryFunction, Expression, UnaryFunction } from "./expression.ts";
import * as e from "./expression-build.ts";

const zero = e.number(0);
const isZero = (x: Expression): boolean => e.isNumber(x, 0);

// A derivative that is nought by structure annihilates its factor, whatever that evaluates to.
const times = (a: Expression, b: e.Term): Expression => (isZero(a) || e.isNumber(b, 0) ? zero : e.mul(a, b));

/** d(fn(a))/da, given the argument `a` and the result `y`; shared subtrees are computed once. */
const unaryDerivative: Readonly<Record<UnaryFunction, (a: Expression, y: Expression) => Expression>> = {
  neg: () => e.number(-1),
  abs: (a) => e.sign(a),
  sign: () => zero,
  exp: (_, y) => y,
  expm1: (a) => e.exp(a),
  log: (a) => e.reciprocal(a),
  log1p: (a) => e.reciprocal(e.add(1, a)),
  sqrt: (_, y) => e.div(0.5, y),
  rsqrt: (_, y) => e.mul(-0.5, e.mul(y, e.square(y))),
  reciprocal: (_, y) => e.neg(e.square(y)),
  square: (a) => e.mul(2, a),
  sin: (a) => e.cos(a),
  cos: (a) => e.neg(e.sin(a)),
  tan: (_, y) => e.add(1, e.square(y)),
  atan: (a) => e.reciprocal(e.add(1, e.square(a))),
  tanh: (_, y) => e.sub(1, e.square(y)),
  sigmoid: (_, y) => e.mul(y, e.sub(1, y)),
  erf: (a) => e.mul(2 / Math.sqrt(Math.PI), e.exp(e.neg(e.square(a)))),
  floor: () => zero,
  ceil: () => zero,
  round: () => zero,
  not: () => zero,
};

const noDerivative: ReadonlySet<BinaryFunction> = new Set(["lt", "le", "gt", "ge", "eq", "ne", "and", "or"]);

/** 1 where `chosen` is the winner, 1/2 at a tie. */
const share = (fn: "gt" | "lt", a: Expression, b: Expression): Expression => e.select(e.eq(a, b), 0.5, e.binary(fn, a, b));

function binaryDerivative(y: Expression & { kind: "binary" }, da: Expression, db: Expression): Expression {
  const { fn, a, b } = y;
  switch (fn) {
    case "add":
      return e.add(da, db);
    case "sub":
      return e.sub(da, db);
    case "mul":
      return e.add(times(da, b), times(db, a));
    case "div":
      return e.sub(isZero(da) ? zero : e.div(da, b), isZero(db) ? zero : e.div(times(db, y), b));
    case "max":
      return e.add(times(da, share("gt", a, b)), times(db, share("gt", b, a)));
    case "min":
      return e.add(times(da, share("lt", a, b)), times(db, share("lt", b, a)));
    case "pow":
      return e.add(times(da, powerInBase(a, b)), times(db, powerInExponent(a, b, y)));
    default:
      return zero;
  }
}

// 0^0 is constant in its base, and 0^b for b >= 0 in its exponent; the plain formulas would give NaN there.
function powerInBase(a: Expression, b: Expression): Expression {
  if (b.kind === "number") return b.value === 0 ? zero : e.mul(b, e.pow(a, b.value - 1));
  return e.select(e.eq(b, 0), 0, e.mul(b, e.pow(a, e.sub(b, 1))));
}

function powerInExponent(a: Expression, b: Expression, y: Expression): Expression {
  return e.select(e.and(e.eq(a, 0), e.ge(b, 0)), 0, e.mul(y, e.log(a)));
}

/** d(expression)/d(operand `index`), an expression over the same operands. Structural zeros and ones are simplified away. */
export function differentiate(expression: Expression, index: number): Expression {
  const done = new Map<Expression, Expression>();
  const d = (y: Expression): Expression => {
    const found = done.get(y);
    if (found !== undefined) return found;
    const result = derivative(y);
    done.set(y, result);
    return result;
  };
  const derivative = (y: Expression): Expression => {
    switch (y.kind) {
      case "operand":
        return e.number(y.index === index ? 1 : 0);
      case "number":
        return zero;
      case "unary": {
        const da = d(y.a);
        return isZero(da) ? zero : times(da, unaryDerivative[y.fn](y.a, y));
      }
      case "binary":
        return noDerivative.has(y.fn) ? zero : binaryDerivative(y, d(y.a), d(y.b));
      case "select":
        return e.select(y.condition, d(y.a), d(y.b));
    }
  };
  return d(expression);
}
