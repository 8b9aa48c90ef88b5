// Comparisons, logic and choices. Bools are uint8 ones and zeros here; comparisons and choices work in the type of what is compared or chosen.
import type { Operand } from "../../../graph/record.ts";
import { eq, ge, gt, le, lt, where } from "../../../ops/arithmetic.ts";
import { map } from "../../../ops/elementwise.ts";
import * as e from "../../../ops/expression-build.ts";
import { and, isInf, isNan, not, or, xor } from "../../../ops/logic.ts";
import type { OnnxNode, OnnxReader, OnnxReaders } from "../operator.ts";
import { alignedSecond, asBool, castTo, likeInput, operandOf } from "./reading.ts";

const [x, y] = [e.operand(0), e.operand(1)];

const comparison =
  (compare: (x: Operand, y: Operand) => Operand): OnnxReader =>
  (node) =>
    asBool(compare(operandOf(node, 0), alignedSecond(node)));

const question =
  (ask: (x: Operand, node: OnnxNode) => Operand): OnnxReader =>
  (node) =>
    asBool(ask(operandOf(node, 0), node));

/** Shifts as products and quotients by powers of two; fovea's types hold neither 32 nor 64 bits without a sign. */
function shifted(node: OnnxNode): Operand {
  const bits = { uint8: 8, uint16: 16 }[node.onnxType(0) as string];
  if (bits === undefined) node.unsupported(`it shifts ${node.onnxType(0)}, which is computed as int32 and would lose its highest bits`);
  const power = e.pow(2, y);
  const direction = node.string("direction");
  if (direction !== "LEFT" && direction !== "RIGHT") node.malformed(`direction is "${direction}"; expected "LEFT" or "RIGHT"`);
  const whole = direction === "LEFT" ? e.mul(x, power) : e.floor(e.div(x, power));
  const range = 2 ** bits;
  return map(e.sub(whole, e.mul(range, e.floor(e.div(whole, range)))), [operandOf(node, 0), operandOf(node, 1)]);
}

function chosen(node: OnnxNode): Operand {
  const [ifTrue, ifFalse] = [operandOf(node, 1), operandOf(node, 2)];
  return where(castTo(operandOf(node, 0), ifTrue.dtype), ifTrue, ifFalse);
}

export const logicReaders: OnnxReaders = {
  Equal: comparison(eq),
  Less: comparison(lt),
  LessOrEqual: comparison(le),
  Greater: comparison(gt),
  GreaterOrEqual: comparison(ge),
  And: comparison(and),
  Or: comparison(or),
  Xor: comparison(xor),
  Not: question(not),
  IsNaN: question(isNan),
  IsInf: question((x, node) =>
    isInf(x, { positive: node.int("detect_positive", 1) !== 0, negative: node.int("detect_negative", 1) !== 0 }),
  ),
  BitShift: (node) => likeInput(node, shifted(node)),
  Where: (node) => likeInput(node, chosen(node), 1),
};
