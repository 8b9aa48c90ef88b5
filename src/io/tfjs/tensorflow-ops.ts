// What the operators of a frozen TensorFlow graph compute, in fovea's ops.
import * as ops from "../../ops/index.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { number } from "./json.ts";
import { binary, reduction, unary } from "./tensorflow-elementwise.ts";
import { at, attribute, first, known, last, parameter, type TensorFlowFunction } from "./tensorflow-node.ts";
import {
  batchToSpace,
  concat,
  depthToSpace,
  expandDims,
  mirrorPad,
  pack,
  padding,
  resize,
  same,
  spaceToBatch,
  squeeze,
  stridedSlice,
} from "./tensorflow-shapes.ts";
import { alongChannels, batchNorm, convolution, depthwise, matmul, pooling, transposed } from "./tensorflow-windows.ts";

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
