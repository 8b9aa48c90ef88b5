// Operators that move elements or change their type without computing. On known tensors they are the arithmetic of shapes, and fold away.
import type { Operand } from "../../../graph/record.ts";
import { ne } from "../../../ops/arithmetic.ts";
import { broadcastTo } from "../../../ops/broadcast.ts";
import { concat } from "../../../ops/concat.ts";
import { reshape, squeeze, unsqueeze } from "../../../ops/reshape.ts";
import { slice } from "../../../ops/slice.ts";
import { tile } from "../../../ops/tile.ts";
import { transpose } from "../../../ops/transpose.ts";
import { broadcastShapes, normaliseAxis, sizeOf } from "../../../tensor/shape.ts";
import { tensor } from "../../../tensor/tensor.ts";
import type { OnnxNode, OnnxOutput, OnnxReaders, OnnxType } from "../operator.ts";
import {
  asBool,
  asInt64,
  axesOf,
  axisOf,
  castTo,
  dtypeOf,
  keepingType,
  likeInput,
  operandFor,
  operandOf,
  operandsOf,
  typeNumbered,
} from "./reading.ts";

/** All float types are computed in the file's; anything but 0 is true. */
function converted(node: OnnxNode, to: OnnxType): OnnxOutput {
  const x = operandOf(node, 0);
  const dtype = dtypeOf(node, to);
  if (node.onnxType(0) === "string") return node.unsupported("it reads numbers out of texts");
  if (to === "bool") return asBool(node.onnxType(0) === "bool" ? x : ne(x, 0));
  return { operand: castTo(x, dtype), onnxType: to };
}

/** A part of the shape since version 15; positions are clamped as in a slice. */
function shapeOf(node: OnnxNode): Operand {
  const shape = node.shape(0);
  const start = node.int("start", 0);
  const part = node.given("end") ? shape.slice(start, node.int("end")) : shape.slice(start);
  return tensor([...part], [part.length], "int32");
}

function reshaped(node: OnnxNode): Operand {
  const x = operandOf(node, 0);
  const copiesZeros = node.int("allowzero", 0) === 0;
  const sizes = node.integers(1).map((n, axis) => {
    if (n !== 0 || !copiesZeros) return n;
    return x.shape[axis] ?? node.malformed(`size ${axis} of its new shape is 0, a copy, but its input has only ${x.shape.length} axes`);
  });
  return reshape(x, sizes);
}

function flattened(x: Operand, node: OnnxNode): Operand {
  const rank = x.shape.length;
  // The end of the axes is a valid place to cut.
  const given = node.int("axis", 1);
  const axis = given === rank ? rank : normaliseAxis(given, rank, `${node.where}: axis`);
  return reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
}

/** Sizes of the parts: written down, or equal; since version 18 the last may be smaller. */
function partSizes(node: OnnxNode, size: number): readonly number[] {
  const written = node.opset < 13 ? (node.given("split") ? node.ints("split") : undefined) : node.has(1) ? node.integers(1) : undefined;
  const count = written?.length ?? node.int("num_outputs", node.outputs.length);
  if (count !== node.outputs.length) node.malformed(`it has ${node.outputs.length} outputs for ${count} parts`);
  const each = Math.ceil(size / count);
  if (written === undefined && !node.given("num_outputs") && each * count !== size)
    node.malformed(`${size} does not divide into ${count} equal parts`);
  const sizes = written ?? node.outputs.map((_, i) => Math.max(0, Math.min(each, size - i * each)));
  const total = sizes.reduce((sum, n) => sum + n, 0);
  if (total !== size || sizes.some((n) => n < 0))
    node.malformed(`parts of ${sizes.join(" + ")} = ${total} do not make up the ${size} of its axis`);
  return sizes;
}

function split(node: OnnxNode): OnnxOutput[] {
  const x = operandOf(node, 0);
  const axis = axisOf(node, x.shape.length, 0);
  let end = 0;
  return partSizes(node, x.shape[axis]).map((size) => {
    const start = end;
    end += size;
    return likeInput(node, slice(x, { axes: [axis], starts: [start], ends: [end] }));
  });
}

function sliced(node: OnnxNode): Operand {
  const x = operandOf(node, 0);
  if (node.opset < 10) {
    const starts = node.ints("starts");
    return slice(x, { starts, ends: node.ints("ends"), ...(node.given("axes") && { axes: node.ints("axes") }) });
  }
  return slice(x, {
    starts: node.integers(1),
    ends: node.integers(2),
    ...(node.has(3) && { axes: node.integers(3) }),
    ...(node.has(4) && { steps: node.integers(4) }),
  });
}

function joined(node: OnnxNode): Operand {
  const parts = operandsOf(node);
  const elements = parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return concat(
    parts.map((_, i) => operandFor(node, i, [elements])),
    { axis: axisOf(node, parts[0].shape.length, 1) },
  );
}

/** The given shape and the operand's own stretch each other. */
function expanded(node: OnnxNode): Operand {
  const shape = broadcastShapes([node.shape(0), node.integers(1)], node.where);
  return broadcastTo(operandFor(node, 0, shape), shape);
}

function tiled(node: OnnxNode): Operand {
  const repeats = node.integers(1);
  const result = node.shape(0).map((n, axis) => n * (repeats[axis] ?? 1));
  return tile(operandFor(node, 0, result), repeats);
}

export const shapeReaders: OnnxReaders = {
  Identity: keepingType((x) => x),
  Cast: (node) => converted(node, typeNumbered(node, node.int("to"))),
  CastLike: (node) => converted(node, node.onnxType(1)),
  Shape: (node) => asInt64(shapeOf(node)),
  Size: (node) => asInt64(tensor([sizeOf(node.shape(0))], [], "int32")),
  Reshape: (node) => likeInput(node, reshaped(node)),
  Flatten: keepingType(flattened),
  Squeeze: keepingType((x, node) => {
    const axes = axesOf(node, 13);
    return squeeze(x, { ...(axes && { axes }) });
  }),
  Unsqueeze: keepingType((x, node) => unsqueeze(x, { axes: axesOf(node, 13) ?? node.malformed("it names no axes") })),
  Transpose: keepingType((x, node) => transpose(x, { ...(node.given("perm") && { permutation: node.ints("perm") }) })),
  Concat: (node) => likeInput(node, joined(node)),
  Split: split,
  Slice: (node) => likeInput(node, sliced(node)),
  Expand: (node) => likeInput(node, expanded(node)),
  Tile: (node) => likeInput(node, tiled(node)),
};
