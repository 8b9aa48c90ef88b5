// An elementwise expression as a chain of ONNX nodes. Comparisons give bools there and 1 or 0 here, so every step knows which of the two it
// has, and is converted only where the other kind is wanted.
import { type BinaryFunction, type Expression, type Step, stepsOf, type UnaryFunction } from "../../../ops/expression.ts";
import type { DType } from "../../../tensor/tensor.ts";
import type { Writing } from "./emission.ts";

interface Term {
  readonly name: string;
  readonly isBool: boolean;
}

const elementTypes: Readonly<Record<DType, number>> = { float32: 1, uint8: 2, int32: 6, float64: 11 };
const bool = 9;

/** Functions of one number that are one node. */
const unaryNodes: Partial<Record<UnaryFunction, string>> = {
  neg: "Neg",
  abs: "Abs",
  sign: "Sign",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  reciprocal: "Reciprocal",
  sin: "Sin",
  cos: "Cos",
  tan: "Tan",
  atan: "Atan",
  tanh: "Tanh",
  sigmoid: "Sigmoid",
  erf: "Erf",
  floor: "Floor",
  ceil: "Ceil",
  round: "Round",
};
const binaryNodes: Partial<Record<BinaryFunction, string>> = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  div: "Div",
  pow: "Pow",
  min: "Min",
  max: "Max",
};
const comparisons: Partial<Record<BinaryFunction, string>> = {
  lt: "Less",
  le: "LessOrEqual",
  gt: "Greater",
  ge: "GreaterOrEqual",
  eq: "Equal",
};
const logic: Partial<Record<BinaryFunction, string>> = { and: "And", or: "Or" };

/** What is the same for whole numbers there and here; the rest is computed on floats here, and not at all there. */
const forIntegers: readonly string[] = [
  ...["neg", "abs", "sign", "square", "add", "sub", "mul", "min", "max", "and", "or", "not", "ne"],
  ...Object.keys(comparisons),
];

/** Adds the nodes of `expression` over the value's operands. Undefined when ONNX does not have them for this element type. */
export function writeExpression(expression: Expression, writing: Writing): string | undefined {
  const { value, x, node, number } = writing;
  const steps = stepsOf(expression);
  const isFloat = value.dtype === "float32" || value.dtype === "float64";
  const isKnown = (step: Step): boolean => isFloat || !("fn" in step) || forIntegers.includes(step.fn);
  if (!steps.every(isKnown)) return undefined;
  const terms: Term[] = [];
  const asNumber = ({ name, isBool }: Term): string => (isBool ? node("Cast", [name], { to: elementTypes[value.dtype] }) : name);
  const asBool = ({ name, isBool }: Term): string => (isBool ? name : node("Cast", [name], { to: bool }));
  const plain = (name: string): Term => ({ name, isBool: false });
  const truth = (name: string): Term => ({ name, isBool: true });

  const unary = (fn: UnaryFunction, a: Term): Term => {
    if (fn === "not") return truth(node("Not", [asBool(a)]));
    const given = asNumber(a);
    switch (fn) {
      case "square":
        return plain(node("Mul", [given, given]));
      case "rsqrt":
        return plain(node("Reciprocal", [node("Sqrt", [given])]));
      case "expm1":
        return plain(node("Sub", [node("Exp", [given]), number(1)]));
      case "log1p":
        return plain(node("Log", [node("Add", [given, number(1)])]));
      default:
        return plain(node(unaryNodes[fn] as string, [given]));
    }
  };
  const binary = (fn: BinaryFunction, a: Term, b: Term): Term => {
    const logical = logic[fn];
    if (logical !== undefined) return truth(node(logical, [asBool(a), asBool(b)]));
    if (a.isBool && b.isBool && (fn === "ne" || fn === "eq")) {
      const differ = node("Xor", [a.name, b.name]);
      return truth(fn === "ne" ? differ : node("Not", [differ]));
    }
    const given = [asNumber(a), asNumber(b)];
    if (fn === "ne") return truth(node("Not", [node("Equal", given)]));
    const compared = comparisons[fn];
    return compared === undefined ? plain(node(binaryNodes[fn] as string, given)) : truth(node(compared, given));
  };
  for (const step of steps) {
    switch (step.kind) {
      case "operand":
        terms.push(plain(x[step.index]));
        break;
      case "number":
        terms.push(plain(number(step.value)));
        break;
      case "unary":
        terms.push(unary(step.fn, terms[step.a]));
        break;
      case "binary":
        terms.push(binary(step.fn, terms[step.a], terms[step.b]));
        break;
      case "select":
        terms.push(plain(node("Where", [asBool(terms[step.condition]), asNumber(terms[step.a]), asNumber(terms[step.b])])));
        break;
    }
  }
  return asNumber(terms[terms.length - 1]);
}

/** The number of an element type in files, for Cast. */
export function elementType(dtype: DType): number {
  return elementTypes[dtype];
}
