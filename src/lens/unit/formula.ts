// A pointwise function as people write it. The engine's expressions hold branches that only keep NaN, overflow and derivatives at kinks right;
// on paper relu is max(0, x), and the guards of exponentials are nowhere.
import { type BinaryFunction, type Expression, showExpression } from "../../ops/expression.ts";

const isX = (e: Expression): boolean => e.kind === "operand";
const isNumber = (e: Expression, value?: number): e is Extract<Expression, { kind: "number" }> =>
  e.kind === "number" && (value === undefined || e.value === value);
/** Beyond these, functions are their own limits: where the engine changes over to a shorter way. */
const isGuard = (e: Expression): boolean => isNumber(e) && Math.abs(e.value) >= 20;

function compares(e: Expression, ...names: readonly BinaryFunction[]): e is Extract<Expression, { kind: "binary" }> {
  return e.kind === "binary" && names.includes(e.fn);
}

/** The limits lo and hi of "lo where x <= lo, hi where x >= hi, else x". */
function limits(e: Expression): readonly [low: number | undefined, high: number | undefined] | undefined {
  if (isX(e)) return [undefined, undefined];
  if (
    e.kind !== "select" ||
    !isNumber(e.a) ||
    !compares(e.condition, "le", "ge") ||
    !isX(e.condition.a) ||
    !isNumber(e.condition.b, e.a.value)
  )
    return undefined;
  const inner = limits(e.b);
  if (inner === undefined) return undefined;
  return e.condition.fn === "le" ? [e.a.value, inner[1]] : [inner[0], e.a.value];
}

/** `expression` of one variable x. */
export function pointwiseFormula(expression: Expression): string {
  if (expression.kind === "select") {
    const { condition, a, b } = expression;
    const found = limits(expression);
    if (found !== undefined) {
      const [low, high] = found;
      const raised = low === undefined ? "x" : `max(${low}, x)`;
      return high === undefined ? raised : `min(${high}, ${raised})`;
    }
    if (compares(condition, "lt", "gt") && isGuard(condition.b)) return pointwiseFormula(b);
    const branch = (e: Expression): string => pointwiseFormula(e);
    return `${branch(a)} where ${write(condition)}, else ${branch(b)}`;
  }
  return write(expression);
}

function write(e: Expression): string {
  return showExpression(plain(e), ["x"])
    .replaceAll("*", "·")
    .replaceAll("<=", "≤")
    .replaceAll(">=", "≥")
    .replaceAll(/\d+\.\d{5,}/g, (digits) => String(Number(Number(digits).toPrecision(5))));
}

/** Without guards, and with expm1 and log1p written out. */
function plain(e: Expression): Expression {
  switch (e.kind) {
    case "unary": {
      const a = plain(e.a);
      const one: Expression = { kind: "number", value: 1 };
      if (e.fn === "expm1") return { kind: "binary", fn: "sub", a: { kind: "unary", fn: "exp", a }, b: one };
      if (e.fn === "log1p") return { kind: "unary", fn: "log", a: { kind: "binary", fn: "add", a: one, b: a } };
      return { ...e, a };
    }
    case "binary": {
      if (e.fn === "min" && isGuard(e.b)) return plain(e.a);
      const [a, b] = [plain(e.a), plain(e.b)];
      if ((e.fn === "mul" || e.fn === "div") && isNumber(b, 1)) return a;
      return e.fn === "mul" && isNumber(a, 1) ? b : { ...e, a, b };
    }
    case "select":
      if (compares(e.condition, "lt", "gt") && isGuard(e.condition.b)) return plain(e.b);
      return { ...e, a: plain(e.a), b: plain(e.b) };
    default:
      return e;
  }
}
