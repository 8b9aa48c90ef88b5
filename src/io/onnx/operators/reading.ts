// What the readers of many operators ask of their node: operands for arithmetic, axes given in either form, and the type that a file's users see.
import { fill, type Operand } from "../../../graph/record.ts";
import { cast } from "../../../ops/cast.ts";
import { reshape } from "../../../ops/reshape.ts";
import { normaliseAxis, type Shape, showShape, sizeOf } from "../../../tensor/shape.ts";
import type { DType } from "../../../tensor/tensor.ts";
import type { OnnxNode, OnnxOutput, OnnxReader, OnnxType } from "../operator.ts";
import { dtypeFor, onnxTypeOf } from "../types.ts";

/** Elements that a constant made out of sizes may have: far more than any shape arithmetic or mask, far less than a hostile file would like. */
const mostFolded = 2 ** 24;

/**
 * Input `i` as an operand of arithmetic. Where every input is known the result is, too; beside a value that is fed, stored weights are parameters, and
 * single numbers are numbers: the 6 of a ReLU6 spelled as a minimum is nothing to train.
 */
export function operandOf(node: OnnxNode, i: number): Operand {
  if (allKnown(node)) return node.operand(i);
  const known = node.known(i);
  if (known === undefined || known.size !== 1) return node.value(i);
  return fill(known.shape, known.data[0], known.dtype);
}

/** As `operandOf`, for operators whose result is larger than their inputs: one too large for a constant is left to the network. */
export function operandFor(node: OnnxNode, i: number, result: Shape): Operand {
  return sizeOf(result) <= mostFolded ? operandOf(node, i) : node.value(i);
}

/** Every input in order, as `operandOf` gives them; for operators that take any number. */
export function operandsOf(node: OnnxNode): Operand[] {
  if (node.inputCount === 0) node.malformed("it has no inputs");
  return Array.from({ length: node.inputCount }, (_, i) => operandOf(node, i));
}

/** Whether the result is known while reading: every input is, and stretched against each other they are no more than a constant may be. */
export function allKnown(node: OnnxNode): boolean {
  const given = Array.from({ length: node.inputCount }, (_, i) => i).filter((i) => node.has(i));
  if (given.some((i) => node.known(i) === undefined)) return false;
  const sizes: number[] = [];
  for (const i of given) {
    for (const [fromEnd, n] of [...node.shape(i)].reverse().entries()) sizes[fromEnd] = Math.max(sizes[fromEnd] ?? 0, n);
  }
  return sizeOf(sizes) <= mostFolded;
}

/** `operand` under the element type that the file gives input `i`: for operators that keep it. */
export function likeInput(node: OnnxNode, operand: Operand, i = 0): OnnxOutput {
  return { operand, onnxType: node.onnxType(i) };
}

/** Whole numbers that the standard makes int64. */
export function asInt64(operand: Operand): OnnxOutput {
  return { operand, onnxType: "int64" };
}

/** Ones and zeros of any type as bool. */
export function asBool(operand: Operand): OnnxOutput {
  return { operand: castTo(operand, "uint8"), onnxType: "bool" };
}

export function castTo(x: Operand, dtype: DType): Operand {
  return x.dtype === dtype ? x : cast(x, { dtype });
}

/** A reader of an operator with one input whose type it keeps. */
export function keepingType(compute: (x: Operand, node: OnnxNode) => Operand): OnnxReader {
  return (node) => likeInput(node, compute(operandOf(node, 0), node));
}

/** The axes that moved from an attribute to input 1 at version `since`; undefined where neither names any. */
export function axesOf(node: OnnxNode, since: number): readonly number[] | undefined {
  if (node.opset < since) return node.given("axes") ? node.ints("axes") : undefined;
  return node.has(1) ? node.integers(1) : undefined;
}

/** The attribute `axis` as one of 0..rank-1. */
export function axisOf(node: OnnxNode, rank: number, fallback?: number): number {
  return normaliseAxis(node.int("axis", fallback), rank, `${node.where}: axis`);
}

/** Axes as 0..rank-1 in the order in which they are named, which other lists follow. */
export function orderedAxes(node: OnnxNode, axes: readonly number[], rank: number): number[] {
  const ordered = axes.map((axis) => normaliseAxis(axis, rank, `${node.where}: axes`));
  if (new Set(ordered).size !== ordered.length) node.malformed(`its axes [${axes.join(", ")}] name an axis twice`);
  return ordered;
}

/** Before version 7, the second operand of arithmetic and logic lay along the axes that `broadcast` and `axis` say. */
export function alignedSecond(node: OnnxNode): Operand {
  const y = operandOf(node, 1);
  if (node.opset >= 7 || node.int("broadcast", 0) === 0) return y;
  const rank = node.shape(0).length;
  const axis = node.given("axis") ? axisOf(node, rank) : rank - y.shape.length;
  const behind = rank - axis - y.shape.length;
  if (axis < 0 || behind < 0)
    node.malformed(`its second input has ${y.shape.length} axes, which do not fit behind axis ${axis} of ${rank}`);
  return behind === 0 ? y : reshape(y, [...y.shape, ...new Array<number>(behind).fill(1)]);
}

/** The only number of input `i`: a count, an axis, a diagonal. */
export function integerOf(node: OnnxNode, i: number): number {
  const numbers = node.integers(i);
  if (numbers.length !== 1) node.malformed(`its input ${i} has ${numbers.length} numbers; expected one`);
  return numbers[0];
}

/** The element type that an attribute names by its number. */
export function typeNumbered(node: OnnxNode, number: number): OnnxType {
  return onnxTypeOf(number) ?? node.unsupported(`its result has ONNX's element type ${number}, which fovea does not compute with`);
}

/** The element type in which fovea computes an ONNX type. */
export function dtypeOf(node: OnnxNode, type: OnnxType): DType {
  return type === "string" ? node.unsupported("its result is text") : dtypeFor(type, node.floatType);
}

/** Throws `ModelFormatError` for the shape of a constant that no honest file makes out of nothing, before memory is asked for. */
export function checkSize(node: OnnxNode, shape: Shape): void {
  if (shape.some((n) => !Number.isInteger(n) || n < 0))
    node.malformed(`its result would have the shape ${showShape(shape)}; sizes are integers >= 0`);
  if (sizeOf(shape) > mostFolded) {
    node.malformed(
      `its result would have ${sizeOf(shape)} elements, shape ${showShape(shape)}; at most ${mostFolded} are made while a file is read`,
    );
  }
}
