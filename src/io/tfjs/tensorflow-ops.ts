// What the operators of a frozen TensorFlow graph compute, in fovea's ops.
import type { Operand } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Context } from "../../nn/module.ts";
import * as ops from "../../ops/index.ts";
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { ChannelsLast } from "./channels-last.ts";
import { activation, depthwiseKernel, kernel, type Padding, paddingOf, transposedKernel, transposedPadding } from "./conventions.ts";
import { type Json, list, number, record } from "./json.ts";

export interface TensorFlowNode {
  /** How messages name it: `Conv2D "block1/conv"`. */
  readonly where: string;
  readonly op: string;
  readonly inputs: readonly ChannelsLast[];
  /** An attribute as protobuf's JSON writes it: { i }, { list: { i } }, { b }, { s } ... */
  attr(name: string): Json;
}

export type TensorFlowFunction = (node: TensorFlowNode, context: Context) => ChannelsLast;

function attribute(node: TensorFlowNode, name: string, kind: "i" | "f" | "b" | "s"): Json {
  const given = node.attr(name);
  return given === undefined ? undefined : record(given, `${node.where}: ${name}`)[kind];
}

const flag = (node: TensorFlowNode, name: string): boolean => attribute(node, name, "b") === true;

/** Strings are bytes, which JSON writes in base64. */
function word(node: TensorFlowNode, name: string): string | undefined {
  const given = attribute(node, name, "s");
  return given === undefined ? undefined : atob(String(given));
}

function ints(node: TensorFlowNode, name: string): readonly number[] {
  const given = node.attr(name);
  if (given === undefined) return [];
  const { i = [] } = record(record(given, `${node.where}: ${name}`).list ?? {}, node.where);
  return list(i, node.where).map((n) => number(n, `${node.where}: ${name}`));
}

/** An operand whose numbers must be known: shapes, axes, paddings. */
function known(node: TensorFlowNode, i: number): readonly number[] {
  const operand = at(node, i).atHand();
  if (operand instanceof Tensor) return Array.from(operand.data);
  throw new UnsupportedOpError(`${node.where}: operand ${i} depends on the picture; fovea needs to know it beforehand`);
}

function at(node: TensorFlowNode, i: number): ChannelsLast {
  const operand = node.inputs[i];
  if (operand === undefined) throw new ModelFormatError(`${node.where}: has ${node.inputs.length} operands; number ${i} is missing`);
  return operand;
}

/** A stored tensor that is trained: the operand, as `convert` brings it into fovea's order. */
function parameter(node: TensorFlowNode, context: Context, i: number, name: string, convert = (t: Tensor): Tensor => t): Value {
  const operand = at(node, i).last();
  if (!(operand instanceof Tensor)) throw new UnsupportedOpError(`${node.where}: its ${name} is computed from the picture`);
  const tensor = convert(operand);
  return context.parameter(name, tensor.shape, () => tensor);
}

interface Window {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: Padding | readonly (readonly [number, number])[];
}

function windowOf(node: TensorFlowNode): Window {
  const format = word(node, "data_format");
  if (format !== undefined && format !== "NHWC") throw new UnsupportedOpError(`${node.where}: data_format ${format}; NHWC is read`);
  const middle = (name: string): readonly number[] => {
    const values = ints(node, name);
    return values.length === 4 ? values.slice(1, 3) : [1, 1];
  };
  const padding = word(node, "padding") ?? "VALID";
  const explicit = ints(node, "explicit_paddings");
  return {
    stride: middle("strides"),
    dilation: middle("dilations"),
    padding:
      padding === "EXPLICIT" ? [[explicit[2], explicit[3]] as const, [explicit[4], explicit[5]] as const] : paddingOf(padding, node.where),
  };
}

/** The epilogue of a fused operator: bias, then an activation, in the order in which `fused_ops` lists them. */
function fused(node: TensorFlowNode, context: Context, y: Operand, channelAxis: number): Operand {
  const given = node.attr("fused_ops");
  const names =
    given === undefined
      ? []
      : list(record(record(given, node.where).list ?? {}, node.where).s ?? [], node.where).map((s) => atob(String(s)));
  let operand = 2;
  return names.reduce((value: Operand, name) => {
    if (name === "BiasAdd") return ops.add(value, alongChannels(parameter(node, context, operand++, "bias"), value.rank, channelAxis));
    if (name === "Prelu") {
      const slope = parameter(node, context, operand++, "slope", (t) => ops.reshape(t, [sizeOf(t.shape)]));
      return ops.prelu(value, slope);
    }
    if (name === "LeakyRelu") return ops.leakyRelu(value, { slope: number(attribute(node, "leakyrelu_alpha", "f") ?? 0.2, node.where) });
    const known = activation(name);
    if (known === undefined) throw new UnsupportedOpError(`${node.where}: is fused with ${name}, which is not read`);
    return known(value);
  }, y);
}

/** [C] in the shape that broadcasts along the channels of fovea's order. */
function alongChannels(vector: Operand, rank: number, axis: number): Operand {
  return ops.reshape(
    vector,
    Array.from({ length: rank - axis }, (_, i) => (i === 0 ? vector.shape[0] : 1)),
  );
}

const first = (operand: Operand): ChannelsLast => ChannelsLast.ofChannelsFirst(operand);
const last = (operand: Operand): ChannelsLast => ChannelsLast.of(operand);

const convolution: TensorFlowFunction = (node, context) => {
  const x = at(node, 0).first();
  const weight = parameter(node, context, 1, "weight", kernel);
  const y = ops.conv2d(x, weight, { ...windowOf(node), groups: x.shape[1] / weight.shape[1] });
  return first(fused(node, context, y, 1));
};

const depthwise: TensorFlowFunction = (node, context) => {
  const x = at(node, 0).first();
  const y = ops.conv2d(x, parameter(node, context, 1, "weight", depthwiseKernel), { ...windowOf(node), groups: x.shape[1] });
  return first(fused(node, context, y, 1));
};

const transposed: TensorFlowFunction = (node, context) => {
  const x = at(node, 2).first();
  const [, height, width] = known(node, 0);
  const weight = parameter(node, context, 1, "weight", transposedKernel);
  const { stride, padding } = windowOf(node);
  if (typeof padding !== "string") throw new UnsupportedOpError(`${node.where}: explicit padding is not read`);
  const places = transposedPadding(x.shape.slice(2), [height, width], weight.shape.slice(2), stride, padding, node.where);
  return first(ops.convTranspose2d(x, weight, { stride, ...places }));
};

const pooling =
  (kind: "max" | "average"): TensorFlowFunction =>
  (node) => {
    const { stride, padding } = windowOf(node);
    const size = ints(node, "ksize").slice(1, 3);
    const x = at(node, 0).first();
    return first(
      kind === "max" ? ops.maxPool2d(x, size, { stride, padding }) : ops.avgPool2d(x, size, { stride, padding, countIncludePad: false }),
    );
  };

const matmul: TensorFlowFunction = (node, context) => {
  const transposeA = flag(node, "transpose_a") || flag(node, "adj_x");
  const transposeB = flag(node, "transpose_b") || flag(node, "adj_y");
  const b = at(node, 1).last();
  const right = b instanceof Tensor ? parameter(node, context, 1, "weight") : b;
  const y = ops.matmul(at(node, 0).last(), right, { transposeA, transposeB });
  return last(fused(node, context, y, y.rank - 1));
};

const batchNorm: TensorFlowFunction = (node, context) => {
  const eps = number(attribute(node, "epsilon", "f") ?? 1e-4, node.where);
  const [weight, bias] = [parameter(node, context, 1, "weight"), parameter(node, context, 2, "bias")];
  const [mean, variance] = [3, 4].map((i) => {
    const tensor = at(node, i).last();
    if (!(tensor instanceof Tensor)) throw new UnsupportedOpError(`${node.where}: its statistics are computed from the picture`);
    return context.buffer(i === 3 ? "running_mean" : "running_var", tensor);
  });
  return first(ops.batchNorm(at(node, 0).first(), mean, variance, weight, bias, { eps }));
};

/** Two operands that broadcast from the right, as in TensorFlow's order; kept in fovea's where that means the same. */
const binary =
  (f: (a: Operand, b: Operand) => Operand): TensorFlowFunction =>
  (node) => {
    const [a, b] = [at(node, 0), at(node, 1)];
    const rank = Math.max(a.rank, b.rank);
    if (rank < 3 || !(a.isChannelsFirst || b.isChannelsFirst)) return last(f(a.last(), b.last()));
    const widened = (x: ChannelsLast): Operand =>
      x.rank === rank ? x.first() : last(ops.reshape(x.last(), [...new Array<number>(rank - x.rank).fill(1), ...x.shape])).first();
    return first(f(widened(a), widened(b)));
  };

const unary =
  (f: (x: Operand, node: TensorFlowNode) => Operand): TensorFlowFunction =>
  (node) => {
    const x = at(node, 0);
    return x.isChannelsFirst ? first(f(x.first(), node)) : last(f(x.last(), node));
  };

const reduction =
  (f: (x: Operand, options: { readonly axes: readonly number[]; readonly keepDims: boolean }) => Operand): TensorFlowFunction =>
  (node) => {
    const x = at(node, 0);
    const keepDims = flag(node, "keep_dims");
    const axes = known(node, 1);
    const spatialOnly = x.isChannelsFirst && axes.every((axis) => x.axisInFirst(axis) >= 2);
    if (!spatialOnly) return last(f(x.last(), { axes, keepDims }));
    return first(f(x.first(), { axes: axes.map((axis) => x.axisInFirst(axis)), keepDims }));
  };

/** [[before, after]] of each axis of TensorFlow's order, in fovea's. */
function padsOf(node: TensorFlowNode): readonly (readonly [number, number])[] {
  const flat = known(node, 1);
  const pads = Array.from({ length: flat.length / 2 }, (_, axis) => [flat[2 * axis], flat[2 * axis + 1]] as const);
  return pads.length < 3 ? pads : [pads[0], pads[pads.length - 1], ...pads.slice(1, -1)];
}

const padding: TensorFlowFunction = (node) => {
  const value = node.inputs[2] === undefined ? 0 : known(node, 2)[0];
  const x = at(node, 0).first();
  if (value === 0) return first(ops.pad(x, padsOf(node)));
  // fovea pads with zeros; any other value is what remains after moving zero there.
  return first(ops.add(ops.pad(ops.sub(x, value), padsOf(node)), value));
};

const mirrorPad: TensorFlowFunction = (node) =>
  first(ops.pad(at(node, 0).first(), padsOf(node), { mode: word(node, "mode") === "SYMMETRIC" ? "symmetric" : "reflect" }));

const resize =
  (kind: "nearest" | "linear"): TensorFlowFunction =>
  (node) => {
    const x = at(node, 0).first();
    const size = known(node, 1);
    const aligned = flag(node, "align_corners");
    const halfPixel = flag(node, "half_pixel_centers");
    const positions = aligned ? "align-corners" : halfPixel ? (kind === "nearest" ? "tf-half-pixel-for-nn" : "half-pixel") : "asymmetric";
    const taps = size.map((outputSize, axis) =>
      ops.tapsOf({ inputSize: x.shape[axis + 2], outputSize }, { kernel: kind, positions, rounding: aligned ? "prefer-ceil" : "floor" }),
    );
    return first(ops.resample(x, [undefined, undefined, ...taps]));
  };

const concat: TensorFlowFunction = (node) => {
  const parts = node.inputs.slice(0, -1);
  const [axis] = known(node, node.inputs.length - 1);
  const firsts = parts.some((part) => part.isChannelsFirst);
  return firsts
    ? first(
        ops.concat(
          parts.map((part) => part.first()),
          { axis: parts[0].axisInFirst(axis) },
        ),
      )
    : last(
        ops.concat(
          parts.map((part) => part.last()),
          { axis },
        ),
      );
};

const pack: TensorFlowFunction = (node) => {
  const axis = number(attribute(node, "axis", "i") ?? 0, node.where);
  const parts = node.inputs.map((part) => {
    const at = axis < 0 ? axis + part.rank + 1 : axis;
    return ops.reshape(part.last(), part.shape.toSpliced(at, 0, 1));
  });
  return last(ops.concat(parts, { axis: axis < 0 ? axis + parts[0].rank : axis }));
};

const stridedSlice: TensorFlowFunction = (node) => {
  const masks = ["ellipsis_mask", "new_axis_mask"].map((name) => number(attribute(node, name, "i") ?? 0, node.where));
  if (masks.some((mask) => mask !== 0)) throw new UnsupportedOpError(`${node.where}: slices with an ellipsis or new axes are not read`);
  const [begin, end, steps] = [known(node, 1), known(node, 2), known(node, 3)];
  const bit = (name: string, i: number): boolean => ((number(attribute(node, name, "i") ?? 0, node.where) >> i) & 1) === 1;
  const x = at(node, 0).last();
  const far = 2 ** 31 - 1;
  const shrunk = begin.map((_, i) => bit("shrink_axis_mask", i));
  const sliced = ops.slice(x, {
    axes: begin.map((_, i) => i),
    starts: begin.map((b, i) => (bit("begin_mask", i) && !shrunk[i] ? (steps[i] < 0 ? far : 0) : b)),
    ends: end.map((e, i) => (shrunk[i] ? (begin[i] === -1 ? far : begin[i] + 1) : bit("end_mask", i) ? (steps[i] < 0 ? -far : far) : e)),
    steps: steps.map((s, i) => (shrunk[i] ? 1 : s)),
  });
  return last(
    ops.reshape(
      sliced,
      sliced.shape.filter((_, i) => shrunk[i] !== true),
    ),
  );
};

const spaceToBatch: TensorFlowFunction = (node) => {
  // Half of how TensorFlow writes a dilated convolution: the pixels of each residue become a picture of their own.
  const [block, pads] = [known(node, 1), known(node, 2)];
  const x = at(node, 0).last();
  const padded = ops.pad(x, [[0, 0], ...block.map((_, i) => [pads[2 * i], pads[2 * i + 1]] as const), [0, 0]]);
  const [batch, height, width, channels] = padded.shape;
  const [rows, columns] = block;
  const cut = ops.reshape(padded, [batch, height / rows, rows, width / columns, columns, channels]);
  const moved = ops.transpose(cut, { permutation: [2, 4, 0, 1, 3, 5] });
  return last(ops.reshape(moved, [rows * columns * batch, height / rows, width / columns, channels]));
};

const batchToSpace: TensorFlowFunction = (node) => {
  const [[rows, columns], crops] = [known(node, 1), known(node, 2)];
  const x = at(node, 0).last();
  const [all, height, width, channels] = x.shape;
  const batch = all / (rows * columns);
  const cut = ops.reshape(x, [rows, columns, batch, height, width, channels]);
  const moved = ops.transpose(cut, { permutation: [2, 3, 0, 4, 1, 5] });
  const whole = ops.reshape(moved, [batch, height * rows, width * columns, channels]);
  return last(ops.pad(whole, [[0, 0], [-crops[0], -crops[1]], [-crops[2], -crops[3]], [0, 0]])); // biome-ignore format: one shape
};

const depthToSpace: TensorFlowFunction = (node) => {
  const block = number(attribute(node, "block_size", "i"), node.where);
  const x = at(node, 0).last();
  const [batch, height, width, channels] = x.shape;
  const cut = ops.reshape(x, [batch, height, width, block, block, channels / block ** 2]);
  const moved = ops.transpose(cut, { permutation: [0, 1, 3, 2, 4, 5] });
  return last(ops.reshape(moved, [batch, height * block, width * block, channels / block ** 2]));
};

const squeeze: TensorFlowFunction = (node) => {
  const x = at(node, 0);
  const given = ints(node, "squeeze_dims");
  const axes = (given.length > 0 ? given : ints(node, "axis")).map((axis) => (axis < 0 ? axis + x.rank : axis));
  return last(
    ops.reshape(
      x.last(),
      x.shape.filter((n, axis) => n !== 1 || (axes.length > 0 && !axes.includes(axis))),
    ),
  );
};

const expandDims: TensorFlowFunction = (node) => {
  const x = at(node, 0);
  const [axis] = known(node, 1);
  return last(ops.reshape(x.last(), x.shape.toSpliced(axis < 0 ? axis + x.rank + 1 : axis, 0, 1)));
};

const same: TensorFlowFunction = (node) => at(node, 0);

/** Operators by TensorFlow's names. */
export const tensorFlowOps: Readonly<Record<string, TensorFlowFunction>> = {
  Conv2D: convolution,
  _FusedConv2D: convolution,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2dNative: depthwise,
  Conv2DBackpropInput: transposed,
  MaxPool: pooling("max"),
  AvgPool: pooling("average"),
  MatMul: matmul,
  _FusedMatMul: matmul,
  BatchMatMul: matmul,
  BatchMatMulV2: matmul,
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  BiasAdd: (node, context) => {
    const x = at(node, 0);
    return first(ops.add(x.first(), alongChannels(parameter(node, context, 1, "bias"), x.rank, x.rank < 3 ? x.rank - 1 : 1)));
  },
  Add: binary((a, b) => ops.add(a, b)),
  AddV2: binary((a, b) => ops.add(a, b)),
  Sub: binary((a, b) => ops.sub(a, b)),
  Mul: binary((a, b) => ops.mul(a, b)),
  RealDiv: binary((a, b) => ops.div(a, b)),
  Div: binary((a, b) => ops.div(a, b)),
  Maximum: binary((a, b) => ops.maximum(a, b)),
  Minimum: binary((a, b) => ops.minimum(a, b)),
  Pow: binary((a, b) => ops.pow(a, b)),
  SquaredDifference: binary((a, b) => ops.square(ops.sub(a, b))),
  AddN: (node) => node.inputs.slice(1).reduce((sum, x) => first(ops.add(sum.first(), x.first())), at(node, 0)),
  Relu: unary((x) => ops.relu(x)),
  Relu6: unary((x) => ops.relu6(x)),
  Elu: unary((x) => ops.elu(x)),
  Selu: unary((x) => ops.selu(x)),
  Sigmoid: unary((x) => ops.sigmoid(x)),
  Tanh: unary((x) => ops.tanh(x)),
  Softplus: unary((x) => ops.softplus(x)),
  Softsign: unary((x) => ops.softsign(x)),
  Exp: unary((x) => ops.exp(x)),
  Log: unary((x) => ops.log(x)),
  Neg: unary((x) => ops.neg(x)),
  Abs: unary((x) => ops.abs(x)),
  Sqrt: unary((x) => ops.sqrt(x)),
  Rsqrt: unary((x) => ops.rsqrt(x)),
  Square: unary((x) => ops.square(x)),
  Reciprocal: unary((x) => ops.reciprocal(x)),
  Erf: unary((x) => ops.erf(x)),
  LeakyRelu: unary((x, node) => ops.leakyRelu(x, { slope: number(attribute(node, "alpha", "f") ?? 0.2, node.where) })),
  Prelu: (node, context) => {
    const slope = parameter(node, context, 1, "slope", (t) => ops.reshape(t, [sizeOf(t.shape)]));
    return first(ops.prelu(at(node, 0).first(), slope));
  },
  Softmax: (node) => {
    const x = at(node, 0);
    return first(ops.softmax(x.first(), { axis: x.axisInFirst(-1) }));
  },
  LogSoftmax: (node) => {
    const x = at(node, 0);
    return first(ops.logSoftmax(x.first(), { axis: x.axisInFirst(-1) }));
  },
  Mean: reduction((x, options) => ops.mean(x, options)),
  Sum: reduction((x, options) => ops.sum(x, options)),
  Max: reduction((x, options) => ops.max(x, options)),
  Min: reduction((x, options) => ops.min(x, options)),
  Pad: padding,
  PadV2: padding,
  MirrorPad: mirrorPad,
  ResizeBilinear: resize("linear"),
  ResizeNearestNeighbor: resize("nearest"),
  ConcatV2: concat,
  Pack: pack,
  StridedSlice: stridedSlice,
  Shape: (node) => {
    const { shape } = at(node, 0);
    return last(new Tensor(Int32Array.from(shape), [shape.length]));
  },
  Reshape: (node) => last(ops.reshape(at(node, 0).last(), known(node, 1))),
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Transpose: (node) => last(ops.transpose(at(node, 0).last(), { permutation: known(node, 1) })),
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
  Identity: same,
  StopGradient: same,
  NoOp: same,
};
