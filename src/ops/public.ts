// The ops as users call them, which is what the root of the package has of this room. The op objects, their geometry and tables, the gradient
// maps and the passes are for those who build ops and backends: fovea/ops has them all. An op's new function gets its line here.
// Left out here: randomUniform and randomNormal, whose names mean random tensors at the root. Loading this registers every op.
import "./index.ts";

export type { Operand } from "../graph/record.ts";
export {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  hardshrink,
  hardTanh,
  leakyRelu,
  logSigmoid,
  mish,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softplus,
  softshrink,
  softsign,
  tanh,
  tanhshrink,
  threshold,
} from "./activations.ts";
export { affineGrid } from "./affine-grid.ts";
export { add, div, eq, ge, gt, le, lt, maximum, minimum, mul, ne, pow, sub, where } from "./arithmetic.ts";
export { broadcastTo } from "./broadcast.ts";
export { cast } from "./cast.ts";
export { glu, maxout, prelu } from "./channel-activations.ts";
export { channelShuffle } from "./channel-shuffle.ts";
export { concat } from "./concat.ts";
export { type ConvMapOptions, type ConvOptions, conv1d, conv2d, conv3d } from "./conv.ts";
export { type ConvTransposeOptions, convTranspose1d, convTranspose2d, convTranspose3d } from "./conv-transpose.ts";
export { type CumSumOptions, cumSum } from "./cum-sum.ts";
export { type DeformConvOptions, deformConv2d } from "./deform-conv.ts";
export { einsum } from "./einsum.ts";
export { map } from "./elementwise.ts";
export type { Expression } from "./expression.ts";
export * as expression from "./expression-build.ts";
export { flip } from "./flip.ts";
export { gather, gatherElements, gatherNd } from "./gather.ts";
export { type GridMode, type GridPaddingMode, type GridSampleOptions, gridSample } from "./grid-sample.ts";
export { hardmax } from "./hard-max.ts";
export { identity, stopGradient } from "./identity.ts";
export { linear } from "./linear.ts";
export { type LocallyConnectedOptions, locallyConnected1d, locallyConnected2d, locallyConnected3d } from "./locally-connected.ts";
export { and, fmod, isInf, isNan, mod, not, or, xor } from "./logic.ts";
export { crossEntropy, type LossOptions, mse, nllLoss, type Reduction } from "./loss.ts";
export { type MatmulOptions, matmul } from "./matmul.ts";
export { type ConvParameters, mergeConvs } from "./merge-convs.ts";
export { type GroupNormOptions, groupNorm, instanceNorm, layerNorm, rmsNorm, type TrailingNormOptions } from "./norm.ts";
export { batchNorm, batchNormTraining, channelMean, channelVariance, type NormOptions } from "./norm-batch.ts";
export { type LocalResponseNormOptions, localResponseNorm } from "./norm-local-response.ts";
export { type OneHotOptions, oneHot } from "./one-hot.ts";
export type { Maybe } from "./operands.ts";
export { type PadMode, type PadOptions, type Pads, pad } from "./pad.ts";
export { type PartialConvOptions, type PartialConvResult, partialConv } from "./partial-conv.ts";
export { pixelShuffle, pixelUnshuffle, subPixelKernel } from "./pixel-shuffle.ts";
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  adaptiveMaxPoolIndices,
} from "./pool-adaptive.ts";
export { type AvgPoolOptions, avgPool1d, avgPool2d, avgPool3d } from "./pool-average.ts";
export type { PoolOptions } from "./pool-geometry.ts";
export { globalAvgPool, globalLpPool, globalMaxPool } from "./pool-global.ts";
export { lpPool1d, lpPool2d, lpPool3d } from "./pool-lp.ts";
export { maxPool1d, maxPool2d, maxPool3d, maxPoolIndices } from "./pool-max.ts";
export {
  type FractionalPoolOptions,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  stochasticPool2d,
  stochasticPoolMean2d,
} from "./pool-random.ts";
export { maxUnpool } from "./pool-unpool.ts";
export { type DropoutOptions, dropout, type RandomOptions } from "./random.ts";
export { argMax, argMin, max, mean, min, type PositionOptions, type ReduceOptions, sum, type VarianceOptions, variance } from "./reduce.ts";
export { l1Norm, l2Norm, logSumExp, prod } from "./reduce-composed.ts";
export { flatten, reshape, squeeze, unsqueeze } from "./reshape.ts";
export { type ResizeMode, type ResizeOptions, resize } from "./resize.ts";
export type { RoiOptions } from "./roi.ts";
export { type RoiAlignOptions, roiAlign } from "./roi-align.ts";
export { type RoiPoolOptions, roiPool } from "./roi-pool.ts";
export { roll } from "./roll.ts";
export { type ScatterOptions, type ScatterReduction, scatterElements, scatterNd } from "./scatter.ts";
export { type SliceOptions, slice } from "./slice.ts";
export { type AxisOptions, logSoftmax, softmax } from "./softmax.ts";
export { take } from "./take.ts";
export { tile } from "./tile.ts";
export { type TopKOptions, topKIndices, topKValues } from "./top-k.ts";
export { transpose } from "./transpose.ts";
export {
  abs,
  atan,
  ceil,
  clip,
  cos,
  erf,
  exp,
  expm1,
  floor,
  log,
  log1p,
  neg,
  reciprocal,
  round,
  rsqrt,
  sign,
  sin,
  sqrt,
  square,
  tan,
} from "./unary.ts";
export { type FoldOptions, fold, unfold, type WindowOptions } from "./unfold.ts";
