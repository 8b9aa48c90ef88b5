// One expression per elementwise op. From it come the reference loop, the WASM and WGSL kernels, the derivative and the printed formula.
// An expression is a plain tree over the op's operands; whole chains of elementwise ops fuse by putting trees into trees.
// Subtrees may be shared: walk an expression through `stepsOf`, which visits every distinct subtree once.
import { binary, select, unary } from "./expression-build.ts";

export type UnaryFunction =
  | "neg"
  | "abs"
  | "sign"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sqrt"
  | "rsqrt"
  | "reciprocal"
  | "square"
  | "sin"
  | "cos"
  | "tan"
  | "atan"
  | "tanh"
  | "sigmoid"
  | "erf"
  | "floor"
  | "ceil"
  | "round"
  | "not";
/**
 * Comparisons and logic give 1 or 0; a comparison with NaN gives 0, but `ne` gives 1. `min` and `max` return NaN when either side is NaN.
 * `sign` keeps NaN and zeros; `round` takes halves to the even neighbour.
 */
export type BinaryFunction = "add" | "sub" | "mul" | "div" | "pow" | "min" | "max" | "lt" | "le" | "gt" | "ge" | "eq" | "ne" | "and" | "or";

export type Expression =
  | { readonly kind: "operand"; readonly index: number }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "unary"; readonly fn: UnaryFunction; readonly a: Expression }
  | { readonly kind: "binary"; readonly fn: BinaryFunction; readonly a: Expression; readonly b: Expression }
  /** `condition` non-zero ? a : b, both computed, the unchosen one without influence (not even NaN). */
  | { readonly kind: "select"; readonly condition: Expression; readonly a: Expression; readonly b: Expression };

/** One instruction of an expression in straight-line form; `a`, `b` and `condition` are positions of earlier steps. */
export type Step =
  | { readonly kind: "operand"; readonly index: number }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "unary"; readonly fn: UnaryFunction; readonly a: number }
  | { readonly kind: "binary"; readonly fn: BinaryFunction; readonly a: number; readonly b: number }
  | { readonly kind: "select"; readonly condition: number; readonly a: number; readonly b: number };

interface Straightened {
  readonly steps: readonly Step[];
  readonly key: string;
}

const straightened = new WeakMap<Expression, Straightened>();

/** Common subexpressions are found by structure, so a derivative that repeats its function costs nothing extra. */
function straighten(expression: Expression): Straightened {
  const known = straightened.get(expression);
  if (known !== undefined) return known;
  const steps: Step[] = [];
  const byKey = new Map<string, number>();
  const byNode = new Map<Expression, number>();
  const add = (key: string, step: Step): number => {
    const found = byKey.get(key);
    if (found !== undefined) return found;
    byKey.set(key, steps.length);
    return steps.push(step) - 1;
  };
  const visit = (e: Expression): number => {
    const found = byNode.get(e);
    if (found !== undefined) return found;
    const position = visitNew(e);
    byNode.set(e, position);
    return position;
  };
  const visitNew = (e: Expression): number => {
    switch (e.kind) {
      case "operand":
        return add(`x${e.index}`, e);
      case "number":
        return add(Object.is(e.value, -0) ? "-0" : String(e.value), e);
      case "unary": {
        const a = visit(e.a);
        return add(`${e.fn} ${a}`, { kind: "unary", fn: e.fn, a });
      }
      case "binary": {
        const a = visit(e.a);
        const b = visit(e.b);
        return add(`${e.fn} ${a} ${b}`, { kind: "binary", fn: e.fn, a, b });
      }
      case "select": {
        const condition = visit(e.condition);
        const a = visit(e.a);
        const b = visit(e.b);
        return add(`? ${condition} ${a} ${b}`, { kind: "select", condition, a, b });
      }
    }
  };
  visit(expression);
  const result = { steps, key: [...byKey.keys()].join(";") };
  straightened.set(expression, result);
  return result;
}

/** The expression as instructions, operands before users, each distinct subtree once; the last step is the result. */
export function stepsOf(expression: Expression): readonly Step[] {
  return straighten(expression).steps;
}

/** A string that is equal for expressions of equal structure: for caching what was made from one. */
export function expressionKey(expression: Expression): string {
  return straighten(expression).key;
}

/** The operands that occur, ascending. */
export function operandsOf(expression: Expression): number[] {
  return stepsOf(expression)
    .flatMap((s) => (s.kind === "operand" ? [s.index] : []))
    .sort((a, b) => a - b);
}

/** Puts an expression in the place of each operand: how chains of elementwise ops become one. Arithmetic on numbers alone is done. */
export function substituteOperands(expression: Expression, replacement: (index: number) => Expression): Expression {
  const done = new Map<Expression, Expression>();
  const visit = (e: Expression): Expression => {
    const found = done.get(e);
    if (found !== undefined) return found;
    const next = rebuilt(e);
    done.set(e, next);
    return next;
  };
  const rebuilt = (e: Expression): Expression => {
    switch (e.kind) {
      case "operand":
        return replacement(e.index);
      case "number":
        return e;
      case "unary":
        return unary(e.fn, visit(e.a));
      case "binary":
        return binary(e.fn, visit(e.a), visit(e.b));
      case "select":
        return select(visit(e.condition), visit(e.a), visit(e.b));
    }
  };
  return visit(expression);
}

const infix: Partial<Record<BinaryFunction, readonly [symbol: string, precedence: number]>> = {
  or: ["or", 1],
  and: ["and", 2],
  lt: ["<", 3],
  le: ["<=", 3],
  gt: [">", 3],
  ge: [">=", 3],
  eq: ["==", 3],
  ne: ["!=", 3],
  add: ["+", 4],
  sub: ["-", 4],
  mul: ["*", 5],
  div: ["/", 5],
  pow: ["^", 7],
};

/** The expression as a formula, e.g. `x <= 0 ? 0 : x`. */
export function showExpression(expression: Expression, names: readonly string[] = []): string {
  const show = (e: Expression, outer: number): string => {
    const wrap = (precedence: number, text: string): string => (precedence < outer ? `(${text})` : text);
    switch (e.kind) {
      case "operand":
        return names[e.index] ?? `x${e.index}`;
      case "number":
        return wrap(e.value < 0 ? 6 : 9, String(e.value));
      case "unary":
        return e.fn === "neg" ? wrap(6, `-${show(e.a, 7)}`) : `${e.fn}(${show(e.a, 0)})`;
      case "binary": {
        const notation = infix[e.fn];
        if (notation === undefined) return `${e.fn}(${show(e.a, 0)}, ${show(e.b, 0)})`;
        const [symbol, precedence] = notation;
        return wrap(precedence, `${show(e.a, precedence)} ${symbol} ${show(e.b, precedence + 1)}`);
      }
      case "select":
        return wrap(0, `${show(e.condition, 1)} ? ${show(e.a, 1)} : ${show(e.b, 0)}`);
    }
  };
  return show(expression, 0);
}
