// Operators whose result is known while a file is read: written constants, and those made of sizes alone.
import { full, type Tensor, tensor, zeros } from "../../../tensor/tensor.ts";
import type { OnnxNode, OnnxOutput, OnnxReaders } from "../operator.ts";
import { checkSize, dtypeOf, likeInput, typeNumbered } from "./reading.ts";

/** The value is in one attribute out of seven; the ones for texts and for sparse tensors have nothing to compute with. */
function constant(node: OnnxNode): OnnxOutput | Tensor {
  if (node.given("value")) return node.tensor("value");
  if (node.given("value_float")) return { operand: tensor([node.float("value_float")], [], node.floatType), onnxType: "float" };
  if (node.given("value_floats"))
    return { operand: tensor([...node.floatList("value_floats")], undefined, node.floatType), onnxType: "float" };
  if (node.given("value_int")) return { operand: tensor([node.int("value_int")], [], "int32"), onnxType: "int64" };
  if (node.given("value_ints")) return { operand: tensor([...node.ints("value_ints")], undefined, "int32"), onnxType: "int64" };
  return node.unsupported("its value is a text or a sparse tensor");
}

/** Float zeros where no value is given. */
function constantOfShape(node: OnnxNode): OnnxOutput {
  const shape = node.integers(0);
  checkSize(node, shape);
  if (!node.given("value")) return { operand: zeros(shape, node.floatType), onnxType: "float" };
  const value = node.tensor("value");
  return { operand: full(shape, value.item(), value.dtype), onnxType: node.tensorType("value") };
}

/** start, start + delta, ... as far as they lie before the limit. */
function range(node: OnnxNode): Tensor {
  const [start, limit, delta] = [0, 1, 2].map((i) => node.floats(i)[0]);
  if (delta === 0) node.malformed("its step is 0");
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  checkSize(node, [count]);
  return tensor(
    Array.from({ length: count }, (_, i) => start + i * delta),
    [count],
    node.dtype(0),
  );
}

/** Ones on diagonal k of a matrix; only the shape and the type of the input matter. */
function eye(node: OnnxNode): OnnxOutput {
  const [rows, columns, ...rest] = node.shape(0);
  if (columns === undefined || rest.length > 0) node.malformed(`its input has ${node.shape(0).length} axes; expected a matrix`);
  checkSize(node, [rows, columns]);
  const onnxType = node.given("dtype") ? typeNumbered(node, node.int("dtype")) : node.onnxType(0);
  const operand = zeros([rows, columns], dtypeOf(node, onnxType));
  const k = node.int("k", 0);
  for (let row = Math.max(0, -k); row < rows && row + k < columns; row++) operand.data[row * columns + row + k] = 1;
  return { operand, onnxType };
}

export const constantReaders: OnnxReaders = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: (node) => likeInput(node, range(node)),
  EyeLike: eye,
};
