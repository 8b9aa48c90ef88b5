// An elementwise expression as Python.
import type { BinaryFunction, Expression, UnaryFunction } from "../../ops/expression.ts";
import type { DType } from "../../tensor/tensor.ts";
import { pythonNumber, pythonTypes } from "./python-ops.ts";

const unaryNames: Readonly<Record<Exclude<UnaryFunction, "neg" | "not">, string>> = {
  abs: "torch.abs",
  sign: "torch.sign",
  exp: "torch.exp",
  expm1: "torch.expm1",
  log: "torch.log",
  log1p: "torch.log1p",
  sqrt: "torch.sqrt",
  rsqrt: "torch.rsqrt",
  reciprocal: "torch.reciprocal",
  square: "torch.square",
  sin: "torch.sin",
  cos: "torch.cos",
  tan: "torch.tan",
  atan: "torch.atan",
  tanh: "torch.tanh",
  sigmoid: "torch.sigmoid",
  erf: "torch.erf",
  floor: "torch.floor",
  ceil: "torch.ceil",
  round: "torch.round",
};
const symbols: Partial<Record<BinaryFunction, string>> = { add: "+", sub: "-", mul: "*", div: "/", pow: "**" };
const comparisons: Partial<Record<BinaryFunction, string>> = { lt: "<", le: "<=", gt: ">", ge: ">=", eq: "==", ne: "!=" };

/** The expression over operands `x`. Comparisons are bools within it, and become numbers where they are computed with. */
export function pythonExpression(expression: Expression, x: readonly string[], dtype: DType): string {
  const number = (e: Expression): string => (isBool(e) ? `${write(e)}.to(${pythonTypes[dtype]})` : write(e));
  const bool = (e: Expression): string => (isBool(e) ? write(e) : `(${write(e)} != 0)`);
  // Functions of PyTorch take tensors where Python's operators take numbers too.
  const tensor = (e: Expression): string =>
    e.kind === "number" ? `torch.tensor(${pythonNumber(e.value)}, dtype=${pythonTypes[dtype]})` : number(e);
  const write = (e: Expression): string => {
    switch (e.kind) {
      case "operand":
        return x[e.index];
      case "number":
        return e.value < 0 ? `(${pythonNumber(e.value)})` : pythonNumber(e.value);
      case "unary":
        if (e.fn === "neg") return `(-${number(e.a)})`;
        return e.fn === "not" ? `(~${bool(e.a)})` : `${unaryNames[e.fn]}(${tensor(e.a)})`;
      case "binary": {
        if (e.fn === "and" || e.fn === "or") return `(${bool(e.a)} ${e.fn === "and" ? "&" : "|"} ${bool(e.b)})`;
        const symbol = symbols[e.fn] ?? comparisons[e.fn];
        if (symbol !== undefined) return `(${number(e.a)} ${symbol} ${number(e.b)})`;
        return `torch.${e.fn === "min" ? "minimum" : "maximum"}(${tensor(e.a)}, ${tensor(e.b)})`;
      }
      case "select":
        return `torch.where(${bool(e.condition)}, ${tensor(e.a)}, ${tensor(e.b)})`;
    }
  };
  const written = number(expression);
  return written.startsWith("(") && written.endsWith(")") && balanced(written.slice(1, -1)) ? written.slice(1, -1) : written;
}

const isBool = (e: Expression): boolean =>
  (e.kind === "unary" && e.fn === "not") || (e.kind === "binary" && (comparisons[e.fn] !== undefined || e.fn === "and" || e.fn === "or"));

/** Whether a text's brackets belong together within it. */
function balanced(text: string): boolean {
  let depth = 0;
  for (const c of text) {
    if (c === "(") depth++;
    else if (c === ")" && --depth < 0) return false;
  }
  return depth === 0;
}
