// Arithmetic and functions of single elements. Integers are computed as int32 or uint8, whose division cuts towards zero.
import { apply, type Operand } from "../../../graph/record.ts";
import { tanh } from "../../../ops/activations.ts";
import { add, div, maximum, minimum, mul, pow, powOp, sub } from "../../../ops/arithmetic.ts";
import { map } from "../../../ops/elementwise.ts";
import type { Expression } from "../../../ops/expression.ts";
import * as e from "../../../ops/expression-build.ts";
import { fmod, mod } from "../../../ops/logic.ts";
import { abs, atan, ceil, clip, cos, erf, exp, floor, log, neg, reciprocal, round, sign, sin, sqrt, tan } from "../../../ops/unary.ts";
import type { OnnxNode, OnnxReader, OnnxReaders } from "../operator.ts";
import { alignedSecond, castTo, keepingType, likeInput, operandOf, operandsOf } from "./reading.ts";

const binary =
  (compute: (x: Operand, y: Operand) => Operand): OnnxReader =>
  (node) =>
    likeInput(node, compute(operandOf(node, 0), alignedSecond(node)));

const x = e.operand(0);
const mapped = (expression: Expression): OnnxReader => keepingType((operand) => map(expression, [operand]));

// Each in the form that loses no digits near the points where the textbook's formula subtracts nearly equal numbers.
const sinh = e.mul(0.5, e.sub(e.expm1(x), e.expm1(e.neg(x))));
const cosh = e.mul(0.5, e.add(e.exp(x), e.exp(e.neg(x))));
const asin = e.mul(2, e.atan(e.div(x, e.add(1, e.sqrt(e.mul(e.sub(1, x), e.add(1, x)))))));
const acos = e.mul(2, e.atan(e.sqrt(e.div(e.sub(1, x), e.add(1, x)))));
const asinh = e.mul(e.sign(x), e.log1p(e.add(e.abs(x), e.div(e.square(x), e.add(1, e.sqrt(e.add(1, e.square(x))))))));
const acosh = e.log1p(e.add(e.sub(x, 1), e.sqrt(e.mul(e.sub(x, 1), e.add(x, 1)))));
const atanh = e.mul(0.5, e.log1p(e.div(e.mul(2, x), e.sub(1, x))));

/** The result has the base's type, so powers of integers are cut towards zero; the exponent's type is free. */
function power(node: OnnxNode): Operand {
  const base = operandOf(node, 0);
  const exponent = alignedSecond(node);
  if (base.dtype === exponent.dtype) return pow(base, exponent);
  if (base.dtype === node.floatType) return pow(base, castTo(exponent, base.dtype));
  return castTo(apply(powOp, [castTo(base, "float64"), castTo(exponent, "float64")]), base.dtype);
}

/** The bounds were attributes before version 11. One that is no number when the file is read is an operand like any other. */
function clipped(node: OnnxNode): Operand {
  const operand = operandOf(node, 0);
  if (node.opset < 11)
    return clip(operand, { min: node.float("min", Number.NEGATIVE_INFINITY), max: node.float("max", Number.POSITIVE_INFINITY) });
  const [min, max] = [1, 2].map((i) => (node.has(i) ? node.known(i)?.item() : undefined));
  const unknown = [1, 2].some((i) => node.has(i) && node.known(i) === undefined);
  if (!unknown && !(min !== undefined && max !== undefined && min > max)) {
    return clip(operand, { ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
  }
  const raised = node.has(1) ? maximum(operand, operandOf(node, 1)) : operand;
  return node.has(2) ? minimum(raised, operandOf(node, 2)) : raised;
}

const total = (node: OnnxNode): Operand => operandsOf(node).reduce((sum, term) => add(sum, term));

function variadic(combine: (x: Operand, y: Operand) => Operand): OnnxReader {
  return (node) =>
    likeInput(
      node,
      operandsOf(node).reduce((a, b) => combine(a, b)),
    );
}

export const elementwiseReaders: OnnxReaders = {
  Add: binary(add),
  Sub: binary(sub),
  Mul: binary(mul),
  Div: binary(div),
  Pow: (node) => likeInput(node, power(node)),
  Mod: (node) => likeInput(node, (node.int("fmod", 0) === 0 ? mod : fmod)(operandOf(node, 0), operandOf(node, 1))),
  Max: variadic(maximum),
  Min: variadic(minimum),
  Sum: (node) => likeInput(node, total(node)),
  Mean: (node) => likeInput(node, div(total(node), node.inputCount)),
  Clip: (node) => likeInput(node, clipped(node)),
  Neg: keepingType(neg),
  Abs: keepingType(abs),
  Sign: keepingType(sign),
  Exp: keepingType(exp),
  Log: keepingType(log),
  Sqrt: keepingType(sqrt),
  Reciprocal: keepingType(reciprocal),
  Floor: keepingType(floor),
  Ceil: keepingType(ceil),
  Round: keepingType(round),
  Erf: keepingType(erf),
  Sin: keepingType(sin),
  Cos: keepingType(cos),
  Tan: keepingType(tan),
  Asin: mapped(asin),
  Acos: mapped(acos),
  Atan: keepingType(atan),
  Sinh: mapped(sinh),
  Cosh: mapped(cosh),
  Tanh: keepingType(tanh),
  Asinh: mapped(asinh),
  Acosh: mapped(acosh),
  Atanh: mapped(atanh),
};
