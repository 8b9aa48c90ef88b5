// Normalisations. Batch norm's statistics are buffers of the model, all other weights parameters.
import type { Operand } from "../../../graph/record.ts";
import { apply } from "../../../graph/record.ts";
import { add, div, mul, sub } from "../../../ops/arithmetic.ts";
import { broadcastTo } from "../../../ops/broadcast.ts";
import { map } from "../../../ops/elementwise.ts";
import * as e from "../../../ops/expression-build.ts";
import { groupNorm, instanceNorm, layerNorm, standardise } from "../../../ops/norm.ts";
import { batchNorm, channelMean, channelVariance } from "../../../ops/norm-batch.ts";
import { localResponseNormOp } from "../../../ops/norm-local-response.ts";
import { mean, sum, variance } from "../../../ops/reduce.ts";
import { reshape } from "../../../ops/reshape.ts";
import { abs, rsqrt, sqrt, square } from "../../../ops/unary.ts";
import { normaliseAxes, sameShape, sizeOf } from "../../../tensor/shape.ts";
import type { OnnxNode, OnnxOutput, OnnxReaders } from "../operator.ts";
import { axisOf, keepingType, likeInput } from "./reading.ts";

const defaultEpsilon = 1e-5;
const mostNeighbours = 2 ** 16;
const [x0, x1] = [e.operand(0), e.operand(1)];

/**
 * Inference, unless a file asks for statistics: by `training_mode` since version 14, before that by listing outputs for them. In training,
 * the second and third output are the running statistics, moved by the batch's **biased** variance; before version 14 the fourth and fifth
 * are the batch's own.
 */
function batchNormalised(node: OnnxNode): (OnnxOutput | undefined)[] {
  if (node.opset < 9 && node.int("spatial", 1) === 0) node.unsupported("spatial is 0: statistics per position, not per channel");
  const eps = node.float("epsilon", defaultEpsilon);
  const x = node.operand(0);
  const [scale, bias] = [node.value(1), node.value(2)];
  const [runningMean, runningVariance] = [node.buffer(3), node.buffer(4)];
  const wanted = node.outputs.map((name) => name !== "");
  const training = node.opset >= 14 ? node.int("training_mode", 0) !== 0 : wanted.slice(1).includes(true);
  if (!training) return [likeInput(node, batchNorm<Operand>(x, runningMean, runningVariance, scale, bias, { eps }))];
  const [batchMean, batchVariance] = [channelMean(x), channelVariance(x)];
  const momentum = node.float("momentum", 0.9);
  const moved = (running: Operand, batch: Operand): Operand => map(e.add(e.mul(momentum, x0), e.mul(1 - momentum, x1)), [running, batch]);
  const statistics = [
    () => moved(runningMean, batchMean),
    () => moved(runningVariance, batchVariance),
    () => batchMean,
    () => batchVariance,
  ];
  const y = batchNorm<Operand>(x, batchMean, batchVariance, scale, bias, { eps });
  return [likeInput(node, y), ...statistics.map((statistic, i) => (wanted[i + 1] ? likeInput(node, statistic(), 3) : undefined))];
}

function instanceNormalised(node: OnnxNode): Operand {
  const x = node.operand(0);
  const eps = node.float("epsilon", defaultEpsilon);
  const [scale, bias] = [node.value(1), node.value(2)];
  // fovea's instance norm refuses maps of one position, which are all zero then; groups of one channel are the same sums.
  if (sizeOf(x.shape.slice(2)) === 1) return groupNorm<Operand>(x, scale, bias, { groups: x.shape[1], eps });
  return instanceNorm<Operand>(x, scale, bias, { eps });
}

/** Outputs: the result, and what it was made with: mean and 1/√(variance + epsilon), whose normalised axes have size 1. */
function layerNormalised(node: OnnxNode): (OnnxOutput | undefined)[] {
  const x = node.operand(0);
  const axis = axisOf(node, x.shape.length, -1);
  const eps = node.float("epsilon", defaultEpsilon);
  const normalisedShape = x.shape.slice(axis);
  const over = { axes: normalisedShape.map((_, i) => axis + i), keepDims: true };
  const scale = node.value(1);
  const bias = node.has(2) ? node.value(2) : undefined;
  const usual = [scale, bias].every((parameter) => parameter === undefined || sameShape(parameter.shape, normalisedShape));
  const scaled = (): Operand => {
    const y = mul<Operand>(standardise(x, over.axes, eps), scale);
    return bias === undefined ? y : add(y, bias);
  };
  const y = usual ? layerNorm<Operand>(x, scale, bias, { normalisedShape, eps }) : scaled();
  return [
    likeInput(node, y),
    node.outputs[1] ? { operand: mean(x, over), onnxType: "float" } : undefined,
    node.outputs[2] ? { operand: rsqrt(add(variance(x, over), eps)), onnxType: "float" } : undefined,
  ];
}

/** Scale and bias are per group in versions 18 to 20, per channel since version 21. */
function groupNormalised(node: OnnxNode): Operand {
  const x = node.operand(0);
  const groups = node.int("num_groups");
  const channels = x.shape[1];
  if (groups < 1 || channels % groups !== 0) node.malformed(`num_groups is ${groups}, which does not divide ${channels} channels`);
  const perChannel = (i: number): Operand => {
    const parameter = node.value(i);
    if (node.opset >= 21) return parameter;
    if (!sameShape(parameter.shape, [groups]))
      node.malformed(
        `its input ${i} has shape [${parameter.shape.join(", ")}]; before version 21 it has one entry for each of ${groups} groups`,
      );
    return reshape(broadcastTo(reshape(parameter, [groups, 1]), [groups, channels / groups]), [channels]);
  };
  return groupNorm<Operand>(x, perChannel(1), perChannel(2), { groups, eps: node.float("epsilon", defaultEpsilon) });
}

/** x over its norm along one axis; where the norm is 0, so is the result, as in onnxruntime. */
function overNorm(x: Operand, node: OnnxNode): Operand {
  const over = { axes: [axisOf(node, x.shape.length, -1)], keepDims: true };
  const p = node.int("p", 2);
  if (p !== 1 && p !== 2) node.malformed(`p is ${p}; expected 1 or 2`);
  const norm = p === 1 ? sum(abs(x), over) : sqrt(sum(square(x), over));
  return map(e.select(e.eq(x1, 0), 0, e.div(x0, x1)), [x, norm]);
}

/** The standard's own definition, by which a constant input becomes 0 and not NaN. */
function withoutMeanAndVariance(x: Operand, node: OnnxNode): Operand {
  const over = { axes: normaliseAxes(node.ints("axes", [0, 2, 3]), x.shape.length, `${node.where}: axes`), keepDims: true };
  return div(sub(x, mean(x, over)), add(sqrt(variance(x, over)), 1e-9));
}

function dividedByNeighbours(x: Operand, node: OnnxNode): Operand {
  const size = node.int("size");
  if (size > mostNeighbours) node.unsupported(`a window over ${size} channels; fovea's are at most ${mostNeighbours} wide`);
  return apply(localResponseNormOp, [x], {
    size,
    alpha: node.float("alpha", 1e-4),
    beta: node.float("beta", 0.75),
    k: node.float("bias", 1),
    window: "onnx",
  });
}

export const normReaders: OnnxReaders = {
  BatchNormalization: batchNormalised,
  InstanceNormalization: (node) => likeInput(node, instanceNormalised(node)),
  LayerNormalization: layerNormalised,
  GroupNormalization: (node) => likeInput(node, groupNormalised(node)),
  LpNormalization: keepingType(overNorm),
  MeanVarianceNormalization: keepingType(withoutMeanAndVariance),
  LRN: keepingType(dividedByNeighbours),
};
