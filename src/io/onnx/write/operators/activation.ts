// Activations that the standard has by name. Those that it lacks, or has only in later versions, are written as their expressions.
import { sizeOf } from "../../../../tensor/shape.ts";
import { float, type OnnxWriter, type OnnxWriters, type Writing } from "../emission.ts";

const named =
  (type: string): OnnxWriter =>
  ({ x, node }) =>
    node(type, x);

function clip({ x, node, number }: Writing, min: number, max: number): string {
  const bounds = [Number.isFinite(min) ? number(min) : "", Number.isFinite(max) ? number(max) : ""];
  while (bounds.at(-1) === "") bounds.pop();
  return node("Clip", [...x, ...bounds]);
}

/** x · gate. */
const gated = ({ x, node }: Writing, gate: string): string => node("Mul", [x[0], gate]);

export const activationWriters: OnnxWriters = {
  relu: named("Relu"),
  sigmoid: named("Sigmoid"),
  tanh: named("Tanh"),
  softsign: named("Softsign"),
  relu6: (writing) => clip(writing, 0, 6),
  hardTanh: (writing) => clip(writing, writing.value.attrs.min as number, writing.value.attrs.max as number),
  clip(writing) {
    const { min, max } = writing.value.attrs as { min: number; max: number };
    return clip(writing, min, max);
  },
  leakyRelu: ({ value, x, node }) => node("LeakyRelu", x, { alpha: float(value.attrs.slope as number) }),
  elu: ({ value, x, node }) => node("Elu", x, { alpha: float(value.attrs.alpha as number) }),
  celu: ({ value, x, node }) => (value.dtype === "float32" ? node("Celu", x, { alpha: float(value.attrs.alpha as number) }) : undefined),
  selu: named("Selu"),
  hardSigmoid({ value, x, node }) {
    return node("HardSigmoid", x, { alpha: float(value.attrs.alpha as number), beta: float(value.attrs.beta as number) });
  },
  hardSwish(writing) {
    const { x, node, opset } = writing;
    return opset >= 14 ? node("HardSwish", x) : gated(writing, node("HardSigmoid", x, { alpha: float(1 / 6), beta: float(0.5) }));
  },
  silu: (writing) => gated(writing, writing.node("Sigmoid", writing.x)),
  mish(writing) {
    const { x, node, opset } = writing;
    return opset >= 18 ? node("Mish", x) : gated(writing, node("Tanh", [node("Softplus", x)]));
  },
  gelu(writing) {
    const { value, x, node, number, opset } = writing;
    if (opset >= 20) return node("Gelu", x, { approximate: value.attrs.approximate as string });
    if (value.attrs.approximate === "tanh") return undefined;
    const spread = node("Erf", [node("Div", [x[0], number(Math.SQRT2)])]);
    return node("Mul", [gated(writing, node("Add", [spread, number(1)])), number(0.5)]);
  },
  softplus({ value, x, node, number }) {
    const { beta, threshold } = value.attrs as { beta: number; threshold: number };
    // Beyond a threshold of 20 the two branches are the same number.
    if (threshold < 20) return undefined;
    return beta === 1 ? node("Softplus", x) : node("Div", [node("Softplus", [node("Mul", [x[0], number(beta)])]), number(beta)]);
  },
  logSigmoid: ({ x, node }) => node("Neg", [node("Softplus", [node("Neg", x)])]),
  softshrink({ value, x, node }) {
    const lambda = float(value.attrs.lambda as number);
    return node("Shrink", x, { lambd: lambda, bias: lambda });
  },
  hardshrink: ({ value, x, node }) => node("Shrink", x, { lambd: float(value.attrs.lambda as number), bias: float(0) }),
  threshold({ value, x, node }) {
    const { threshold, value: replacement } = value.attrs as { threshold: number; value: number };
    return replacement === 0 ? node("ThresholdedRelu", x, { alpha: float(threshold) }) : undefined;
  },
  prelu({ value, x, node, integers }) {
    const [input, weight] = value.inputs;
    // Slopes broadcast from the right: one per channel needs an axis for every axis of space.
    const axes = input.shape.slice(2).map((_, i) => i + 1);
    const slopes = sizeOf(weight.shape) === 1 || axes.length === 0 ? x[1] : node("Unsqueeze", [x[1], integers(axes)]);
    return node("PRelu", [x[0], slopes]);
  },
  softmax: ({ value, x, node }) => node("Softmax", x, { axis: value.attrs.axis as number }),
  logSoftmax: ({ value, x, node }) => node("LogSoftmax", x, { axis: value.attrs.axis as number }),
};
