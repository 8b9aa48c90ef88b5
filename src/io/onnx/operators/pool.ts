// Poolings over windows and over whole maps. Windows of int8 and uint8 are pooled as floats, which hold all of them exactly.
import { apply, fill, type Operand } from "../../../graph/record.ts";
import type { Value } from "../../../graph/value.ts";
import { add } from "../../../ops/arithmetic.ts";
import { pad } from "../../../ops/pad.ts";
import { avgPoolOp } from "../../../ops/pool-average.ts";
import { globalAvgPool, globalLpPool, globalMaxPool } from "../../../ops/pool-global.ts";
import { lpPoolOp } from "../../../ops/pool-lp.ts";
import { maxPoolIndicesOp, maxPoolOp } from "../../../ops/pool-max.ts";
import { putOp } from "../../../ops/scatter.ts";
import { take } from "../../../ops/take.ts";
import { type Shape, showShape, sizeOf } from "../../../tensor/shape.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import type { OnnxNode, OnnxOutput, OnnxReader, OnnxReaders } from "../operator.ts";
import { asInt64, castTo, likeInput } from "./reading.ts";
import { padsOf, perAxis, spatialRank, windowsOf } from "./windows.ts";

/** Elements of a window; poolings make a table of all of them. */
const mostTaps = 2 ** 20;

/** Ceil mode counts under every `auto_pad`, as in the standard's shape inference and in onnxruntime. */
function poolOptions(node: OnnxNode): object {
  const axes = spatialRank(node);
  const kernelSize = perAxis(node, "kernel_shape", axes);
  if (sizeOf(kernelSize) > mostTaps) node.unsupported(`windows of ${showShape(kernelSize)} are more than ${mostTaps} elements large`);
  return { kernelSize, ...windowsOf(node, axes), ceilMode: node.int("ceil_mode", 0) !== 0 };
}

/** The first element of every plane, counted over the whole tensor. */
function planeStarts([batch, channels, ...spatial]: Shape): Tensor {
  const starts = Int32Array.from({ length: batch * channels }, (_, plane) => plane * sizeOf(spatial));
  return tensor(starts, [batch, channels, ...spatial.map(() => 1)]);
}

/** For every element of a plane in row-major order, its number in column-major order, where the first axis runs fastest. */
function columnMajor(spatial: Shape): Tensor {
  const numbers = Int32Array.from({ length: sizeOf(spatial) }, (_, element) => {
    let rest = element;
    return spatial.reduceRight((number, size, axis) => {
      const position = rest % size;
      rest = Math.floor(rest / size);
      return number + position * sizeOf(spatial.slice(0, axis));
    }, 0);
  });
  return tensor(numbers, [numbers.length]);
}

/** Where the maxima are: fovea counts within each plane, ONNX over the whole tensor and, if `storage_order` says so, by columns. */
function maximaOf(node: OnnxNode, x: Operand, options: object): Operand {
  const within = apply(maxPoolIndicesOp, [x], options);
  const ordered = node.int("storage_order", 0) === 0 ? within : take<Operand>(columnMajor(x.shape.slice(2)), within);
  return add(ordered, planeStarts(x.shape));
}

function maxPooled(node: OnnxNode): (OnnxOutput | undefined)[] {
  const given = node.value(0);
  const x = given.dtype === "float64" ? given : castTo(given, node.floatType);
  const options = poolOptions(node);
  const y = castTo(apply(maxPoolOp, [x], options), given.dtype);
  return [likeInput(node, y), node.outputs[1] ? asInt64(maximaOf(node, x, options)) : undefined];
}

/**
 * Every value at its number within the whole tensor, zeros elsewhere; where windows overlapped, their values are the same. Numbers count in
 * the size that the windows give, even where `output_shape` asks for a larger one, which is filled up at the ends: so have the public
 * vector maxunpool_export_with_output_shape and the standard's reference it. (onnxruntime counts in the larger size.)
 */
function unpooled(node: OnnxNode): Operand {
  const axes = spatialRank(node);
  const [batch, channels, ...pooled] = node.shape(0);
  const [kernel, strides] = [perAxis(node, "kernel_shape", axes), perAxis(node, "strides", axes, 1)];
  const sides = padsOf(node, axes);
  const sizes = pooled.map((n, i) => (n - 1) * strides[i] + kernel[i] - sides[i][0] - sides[i][1]);
  if (sizes.some((n) => n < 1)) node.malformed(`its windows cover maps of ${showShape(sizes)}; sizes must be at least 1`);
  const x = node.value(0);
  const y = apply<Operand>(putOp, [fill([batch, channels, ...sizes], 0, x.dtype), castTo(node.operand(1), "int32"), x]);
  if (!node.has(2)) return y;
  const shape = node.integers(2);
  if (shape.length !== axes + 2) node.malformed(`output_shape is ${showShape(shape)}; expected ${axes + 2} sizes`);
  return pad(
    y,
    shape.map((n, axis) => [0, n - y.shape[axis]] as const),
  );
}

/** A reader of a pooling with one result. Poolings are not worth computing while a file is read, even where their input is stored. */
function pooling(compute: (x: Value, node: OnnxNode) => Operand): OnnxReader {
  return (node) => likeInput(node, compute(node.value(0), node));
}

export const poolReaders: OnnxReaders = {
  MaxPool: maxPooled,
  AveragePool: pooling((x, node) =>
    apply(avgPoolOp, [x], { ...poolOptions(node), countIncludePad: node.int("count_include_pad", 0) !== 0 }),
  ),
  LpPool: pooling((x, node) => apply(lpPoolOp, [x], { ...poolOptions(node), p: node.int("p", 2) })),
  MaxUnpool: (node) => likeInput(node, unpooled(node)),
  GlobalAveragePool: pooling(globalAvgPool),
  GlobalMaxPool: pooling(globalMaxPool),
  GlobalLpPool: pooling((x, node) => globalLpPool(x, { p: node.int("p", 2) })),
};
