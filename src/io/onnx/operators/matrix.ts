// Products of matrices and tensors.
import type { Operand } from "../../../graph/record.ts";
import { add, mul, where } from "../../../ops/arithmetic.ts";
import { einsum } from "../../../ops/einsum.ts";
import { linear } from "../../../ops/linear.ts";
import { type MatmulOptions, matmul } from "../../../ops/matmul.ts";
import { reshape } from "../../../ops/reshape.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { Tensor, zeros } from "../../../tensor/tensor.ts";
import type { OnnxNode, OnnxReaders } from "../operator.ts";
import { allKnown, castTo, checkSize, integerOf, likeInput, operandOf } from "./reading.ts";

/** A product of constants whose multiply-adds (at most all combinations of elements) are more is left to the network. */
const mostFolded = 2 ** 28;

/** The first `count` inputs as factors, all known only where their product is soon done. */
function factors(node: OnnxNode, count: number): Operand[] {
  const operands = Array.from({ length: count }, (_, i) => operandOf(node, i));
  const combinations = operands.reduce((product, x) => product * (x instanceof Tensor ? x.size : 0), 1);
  return combinations > mostFolded ? operands.map((_, i) => node.value(i)) : operands;
}

/** Products of integers go through float64, which holds every int32. */
function product(a: Operand, b: Operand, options: MatmulOptions = {}): Operand {
  if (a.dtype === "float32" || a.dtype === "float64") return matmul(a, b, options);
  return castTo(matmul(castTo(a, "float64"), castTo(b, "float64"), options), a.dtype);
}

/** A vector on the left is a row, on the right a column, and its axis is not in the result. */
function batchedProduct(node: OnnxNode): Operand {
  const [a, b] = factors(node, 2);
  if (a.shape.length === 0 || b.shape.length === 0) node.malformed("it multiplies a scalar; expected vectors or matrices");
  const [isRow, isColumn] = [a.shape.length === 1, b.shape.length === 1];
  const y = product(isRow ? reshape(a, [1, ...a.shape]) : a, isColumn ? reshape(b, [...b.shape, 1]) : b);
  if (!isRow && !isColumn) return y;
  const batch = y.shape.slice(0, -2);
  return reshape(y, [...batch, ...(isRow ? [] : y.shape.slice(-2, -1)), ...(isColumn ? [] : y.shape.slice(-1))]);
}

/**
 * alpha · A·B + beta · C. What a dense layer is exported as becomes a dense layer again: its kernels are the fast ones, and every reading of a
 * graph knows it.
 */
function gemm(node: OnnxNode): Operand {
  const [alpha, beta] = [node.float("alpha", 1), node.float("beta", 1)];
  const options = { transposeA: node.int("transA", 0) !== 0, transposeB: node.int("transB", 0) !== 0 };
  const [a, b] = factors(node, 2);
  if (a.shape.length !== 2 || b.shape.length !== 2)
    node.malformed(`it multiplies tensors of ${a.shape.length} and ${b.shape.length} axes; expected matrices`);
  const outputs = b.shape[options.transposeB ? 0 : 1];
  const bias = node.has(2) && beta !== 0 ? parameterOf(node, 2) : undefined;
  const isDense = options.transposeB && !options.transposeA && alpha === 1 && beta === 1 && a.dtype === node.floatType;
  const isRow = bias === undefined || (sizeOf(bias.shape) === outputs && bias.shape.at(-1) === outputs);
  if (isDense && isRow) return linear(a, b, bias && reshape(bias, [outputs]));
  const scaled = alpha === 1 ? product(a, b, options) : mul(product(a, b, options), alpha);
  if (bias === undefined) return scaled;
  return add(scaled, beta === 1 ? bias : mul(bias, beta));
}

/** A bias stays a parameter even where it is a single number. */
function parameterOf(node: OnnxNode, i: number): Operand {
  return allKnown(node) ? node.operand(i) : node.value(i);
}

/** The part of each matrix on, and above or below, diagonal k. */
function triangle(node: OnnxNode): Operand {
  const x = operandOf(node, 0);
  const [rows, columns] = x.shape.slice(-2);
  if (columns === undefined) node.malformed(`its input has ${x.shape.length} axes; expected a matrix or several`);
  checkSize(node, [rows, columns]);
  const k = node.has(1) ? integerOf(node, 1) : 0;
  const upper = node.int("upper", 1) !== 0;
  const kept = zeros([rows, columns], x.dtype);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const above = column - row;
      if (upper ? above >= k : above <= k) kept.data[row * columns + column] = 1;
    }
  }
  return where<Operand>(kept, x, 0);
}

export const matrixReaders: OnnxReaders = {
  MatMul: (node) => likeInput(node, batchedProduct(node)),
  Gemm: (node) => likeInput(node, gemm(node)),
  Einsum: (node) => likeInput(node, einsum(node.string("equation"), factors(node, node.inputCount))),
  Trilu: (node) => likeInput(node, triangle(node)),
};
