// Operators that find elements by number, or numbers by element. What has as many results as the data decide can only be read when the data are known.
import type { Operand } from "../../../graph/record.ts";
import { where } from "../../../ops/arithmetic.ts";
import { map } from "../../../ops/elementwise.ts";
import * as e from "../../../ops/expression-build.ts";
import { gather, gatherElements, gatherNd } from "../../../ops/gather.ts";
import { oneHot } from "../../../ops/one-hot.ts";
import { reshape } from "../../../ops/reshape.ts";
import { type ScatterReduction, scatterElements, scatterNd } from "../../../ops/scatter.ts";
import { slice } from "../../../ops/slice.ts";
import { topKIndices, topKValues } from "../../../ops/top-k.ts";
import { sizeOf, stridesOf } from "../../../tensor/shape.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import type { OnnxNode, OnnxOutput, OnnxReaders } from "../operator.ts";
import { asInt64, axisOf, castTo, checkSize, integerOf, likeInput, operandFor, operandOf } from "./reading.ts";

/** Positions as int32, known ones within -size..size-1. */
function indicesOf(node: OnnxNode, i: number, size: number): Operand {
  const known = node.known(i);
  const outside = known?.data.find((n) => n < -size || n >= size);
  if (outside !== undefined) node.malformed(`index ${outside} is outside the ${size} elements of its axis`);
  return castTo(operandOf(node, i), "int32");
}

/** A single known position is a slice, which costs nothing. */
function gathered(node: OnnxNode): Operand {
  const x = operandOf(node, 0);
  const axis = axisOf(node, x.shape.length, 0);
  const indices = indicesOf(node, 1, x.shape[axis]);
  const known = node.known(1);
  if (known?.rank !== 0) return gather(x, indices, { axis });
  const start = known.item() < 0 ? known.item() + x.shape[axis] : known.item();
  const part = slice(x, { axes: [axis], starts: [start], ends: [start + 1] });
  return reshape(
    part,
    part.shape.filter((_, i) => i !== axis),
  );
}

function scatterReduction(node: OnnxNode): ScatterReduction {
  const given = node.string("reduction", "none");
  if (given !== "none" && given !== "add" && given !== "mul" && given !== "min" && given !== "max") {
    return node.malformed(`reduction is "${given}"; expected none, add, mul, min or max`);
  }
  return given;
}

function scattered(node: OnnxNode): Operand {
  const x = operandOf(node, 0);
  const axis = axisOf(node, x.shape.length, 0);
  return scatterElements(x, indicesOf(node, 1, x.shape[axis]), operandOf(node, 2), { axis, reduction: scatterReduction(node) });
}

/** Rows of ones and zeros, or of what input 2 has instead: [off, on]. */
function expandedClasses(node: OnnxNode): OnnxOutput {
  const classes = integerOf(node, 1);
  checkSize(node, [classes]);
  const indices = castTo(operandFor(node, 0, [...node.shape(0), classes]), "int32");
  // Negative classes count from the end; what lies outside on either side is no class.
  const labels = map(e.select(e.lt(e.operand(0), 0), e.add(e.operand(0), classes), e.operand(0)), [indices]);
  const values = operandOf(node, 2);
  const [off, on] = [0, 1].map((i) => reshape(slice(values, { starts: [i], ends: [i + 1] }), []));
  const chosen = oneHot(labels, { classes, axis: axisOf(node, indices.shape.length + 1, -1), dtype: "int32" });
  return likeInput(node, where(castTo(chosen, values.dtype), on, off), 2);
}

function knownInput(node: OnnxNode, i: number): Tensor {
  return (
    node.known(i) ??
    node.unsupported(`the size of its result depends on the numbers of input ${i}, which are known only when the network runs`)
  );
}

/** One column of positions per element that is not 0. */
function nonZero(node: OnnxNode): Tensor {
  const { data, shape } = knownInput(node, 0);
  const found = [...data.keys()].filter((i) => data[i] !== 0);
  const strides = stridesOf(shape);
  const positions = shape.flatMap((size, axis) => found.map((i) => Math.floor(i / strides[axis]) % size));
  return tensor(positions, [shape.length, found.length], "int32");
}

/** The entries along an axis, or of all elements in a row, whose condition is true; a short condition ends early. */
function compressed(node: OnnxNode): Operand {
  const x = operandOf(node, 0);
  const condition = knownInput(node, 1);
  const source = node.given("axis") ? x : reshape(x, [sizeOf(x.shape)]);
  const axis = node.given("axis") ? axisOf(node, x.shape.length) : 0;
  const kept = [...condition.data.keys()].filter((i) => condition.data[i] !== 0);
  if (kept.some((i) => i >= source.shape[axis])) node.malformed(`its condition picks entry ${kept.at(-1)} of ${source.shape[axis]}`);
  return gather(source, tensor(kept, [kept.length], "int32"), { axis });
}

/** k was an attribute before version 10. */
function largest(node: OnnxNode): OnnxOutput[] {
  const x = operandOf(node, 0);
  const k = node.opset < 10 ? node.int("k") : integerOf(node, 1);
  const options = { k, axis: axisOf(node, x.shape.length, -1), largest: node.int("largest", 1) !== 0 };
  return [likeInput(node, topKValues(x, options)), asInt64(topKIndices(x, options))];
}

export const indexReaders: OnnxReaders = {
  Gather: (node) => likeInput(node, gathered(node)),
  GatherElements: (node) => {
    const x = operandOf(node, 0);
    const axis = axisOf(node, x.shape.length, 0);
    return likeInput(node, gatherElements(x, indicesOf(node, 1, x.shape[axis]), { axis }));
  },
  GatherND: (node) =>
    likeInput(node, gatherNd(operandOf(node, 0), castTo(operandOf(node, 1), "int32"), { batchDims: node.int("batch_dims", 0) })),
  Scatter: (node) => likeInput(node, scattered(node)),
  ScatterElements: (node) => likeInput(node, scattered(node)),
  ScatterND: (node) =>
    likeInput(
      node,
      scatterNd(operandOf(node, 0), castTo(operandOf(node, 1), "int32"), operandOf(node, 2), { reduction: scatterReduction(node) }),
    ),
  OneHot: expandedClasses,
  NonZero: (node) => asInt64(nonZero(node)),
  Compress: (node) => likeInput(node, compressed(node)),
  TopK: largest,
};
