// Activation functions, with the defaults of the standard, and the softmax family, which treated its input as a matrix before version 13.
import type { Operand } from "../../../graph/record.ts";
import {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  relu,
  selu,
  sigmoid,
  silu,
  softplus,
  softsign,
  threshold,
} from "../../../ops/activations.ts";
import { mul } from "../../../ops/arithmetic.ts";
import { prelu } from "../../../ops/channel-activations.ts";
import { map } from "../../../ops/elementwise.ts";
import * as e from "../../../ops/expression-build.ts";
import { hardmax } from "../../../ops/hard-max.ts";
import { reshape } from "../../../ops/reshape.ts";
import { logSoftmax, softmax } from "../../../ops/softmax.ts";
import { type Shape, sizeOf } from "../../../tensor/shape.ts";
import type { OnnxNode, OnnxReader, OnnxReaders } from "../operator.ts";
import { axisOf, keepingType, likeInput } from "./reading.ts";

const [x0, x1] = [e.operand(0), e.operand(1)];

/** The constants of the paper are fovea's; any other pair is a scaled ELU. */
function scaledElu(x: Operand, node: OnnxNode): Operand {
  if (!node.given("alpha") && !node.given("gamma")) return selu(x);
  const alpha = node.float("alpha", 1.6732632423543772);
  return mul(elu(x, { alpha }), node.float("gamma", 1.0507009873554805));
}

/** Whether `slope` lies along axis 1 of x alone, as slopes per channel do. */
function isPerChannel(slope: Shape, x: Shape): boolean {
  const aligned = [...new Array<number>(Math.max(0, x.length - slope.length)).fill(1), ...slope];
  return x.length >= 2 && aligned.every((n, axis) => n === 1 || (axis === 1 && n === x[1]));
}

/** Before version 7 the slopes are [C] or one; since then they broadcast, so that slopes per channel are [C, 1, 1]. */
function learnedSlope(node: OnnxNode): Operand {
  const x = node.operand(0);
  const slope = node.has(1) && node.known(0) === undefined ? node.value(1) : node.operand(1);
  const count = sizeOf(slope.shape);
  if (count === 1 || node.opset < 7 || isPerChannel(slope.shape, x.shape)) return prelu(x, reshape(slope, [count]));
  return map(e.select(e.gt(x0, 0), x0, e.mul(x1, x0)), [x, slope]);
}

/** 0 between -lambd and lambd; outside, moved towards 0 by the bias. */
function shrink(x: Operand, node: OnnxNode): Operand {
  const lambda = node.float("lambd", 0.5);
  const bias = node.float("bias", 0);
  return map(e.select(e.lt(x0, -lambda), e.add(x0, bias), e.select(e.gt(x0, lambda), e.sub(x0, bias), 0)), [x]);
}

/** Before version 13 the classes are all axes from `axis` on taken together; since then `axis` alone. */
function overClasses(compute: (x: Operand, axis: number) => Operand): OnnxReader {
  return keepingType((x, node) => {
    const { shape } = x;
    if (node.opset >= 13) return compute(x, axisOf(node, shape.length, -1));
    const axis = axisOf(node, shape.length, 1);
    const classes = sizeOf(shape.slice(axis));
    if (classes === shape[axis]) return compute(x, axis);
    return reshape(compute(reshape(x, [sizeOf(shape.slice(0, axis)), classes]), 1), shape);
  });
}

function scaledSwish(x: Operand, node: OnnxNode): Operand {
  const alpha = node.float("alpha", 1);
  return alpha === 1 ? silu(x) : mul(x, sigmoid(mul(x, alpha)));
}

function approximation(node: OnnxNode): "none" | "tanh" {
  const given = node.string("approximate", "none");
  if (given !== "none" && given !== "tanh") node.malformed(`approximate is "${given}"; expected "none" or "tanh"`);
  return given;
}

export const activationReaders: OnnxReaders = {
  Relu: keepingType(relu),
  LeakyRelu: keepingType((x, node) => leakyRelu(x, { slope: node.float("alpha", 0.01) })),
  PRelu: (node) => likeInput(node, learnedSlope(node)),
  Elu: keepingType((x, node) => elu(x, { alpha: node.float("alpha", 1) })),
  Selu: keepingType(scaledElu),
  Celu: keepingType((x, node) => celu(x, { alpha: node.float("alpha", 1) })),
  ThresholdedRelu: keepingType((x, node) => threshold(x, { threshold: node.float("alpha", 1), value: 0 })),
  Sigmoid: keepingType(sigmoid),
  HardSigmoid: keepingType((x, node) => hardSigmoid(x, { alpha: node.float("alpha", 0.2), beta: node.float("beta", 0.5) })),
  HardSwish: keepingType(hardSwish),
  Softplus: keepingType((x) => softplus(x)),
  Softsign: keepingType(softsign),
  Gelu: keepingType((x, node) => gelu(x, { approximate: approximation(node) })),
  Mish: keepingType(mish),
  Swish: keepingType(scaledSwish),
  Shrink: keepingType(shrink),
  Softmax: overClasses((x, axis) => softmax(x, { axis })),
  LogSoftmax: overClasses((x, axis) => logSoftmax(x, { axis })),
  Hardmax: overClasses((x, axis) => hardmax(x, { axis })),
};
