// Layers that PyTorch has by name: a part of one op becomes `nn.Conv2d(...)`, with the same names of parameters.

import type { Value } from "../../graph/value.ts";
import { type ConvAttrs, convGeometry } from "../../ops/conv.ts";
import {
  avgPoolArguments,
  convKeywords,
  isSymmetric,
  keywords,
  list,
  maxPoolArguments,
  pythonNumber,
  transposedKeywords,
  tuple,
} from "./python-ops.ts";
import { type Line, owns, type Part } from "./structure.ts";

/** The layer's constructor; undefined when it is none of PyTorch's. */
type LayerWriter = (value: Value, path: string) => string | undefined;

const plain =
  (name: string, ...options: readonly (readonly [keyword: string, attr: string, standard: number])[]): LayerWriter =>
  ({ attrs }) => {
    const given = options.map(([keyword, attr, standard]): [string, [string, string]] => [
      keyword,
      [pythonNumber(attrs[attr] as number), pythonNumber(standard)],
    ]);
    return `nn.${name}(${keywords(Object.fromEntries(given)).slice(2)})`;
  };

const conv: LayerWriter = ({ inputs, attrs, rank }, path) => {
  const [x, weight, bias] = inputs;
  const geometry = convGeometry(x.shape, weight.shape, attrs as unknown as ConvAttrs);
  if (!owns([weight, bias], path, ["weight", "bias?"]) || !isSymmetric(geometry.axes)) return undefined;
  const { inChannels, outChannels, axes } = geometry;
  const options = `${convKeywords(geometry)}${keywords({ bias: [bias !== undefined, true] })}`;
  return `nn.Conv${rank - 2}d(${inChannels}, ${outChannels}, ${tuple(axes.map((a) => a.kernel))}${options})`;
};

function transposed(value: Value, bias: Value | undefined, path: string): string | undefined {
  const [x, weight] = value.inputs;
  const options = transposedKeywords(value);
  if (options === undefined || !owns([weight, bias], path, ["weight", "bias?"])) return undefined;
  const rest = `${options}${keywords({ bias: [bias !== undefined, true] })}`;
  return `nn.ConvTranspose${value.rank - 2}d(${x.shape[1]}, ${value.shape[1]}, ${tuple(weight.shape.slice(2))}${rest})`;
}

const batchNorm: LayerWriter = ({ inputs, attrs, rank, shape }, path) => {
  const [, ...operands] = inputs;
  if (!owns(operands, path, ["running_mean", "running_var", "weight?", "bias?"]) || operands.length === 3) return undefined;
  const options = keywords({ eps: [String(attrs.eps), "0.00001"], affine: [operands.length === 4, true] });
  return `nn.BatchNorm${Math.max(1, rank - 2)}d(${shape[1]}${options})`;
};

const norm =
  (make: (value: Value) => string): LayerWriter =>
  (value, path) => {
    const [, weight, bias] = value.inputs;
    return owns([weight, bias], path, ["weight", "bias"]) ? make(value) : undefined;
  };

const pool =
  (name: string, options: (value: Value) => string | undefined): LayerWriter =>
  (value) => {
    const written = options(value);
    return written && `nn.${name}${value.rank - 2}d(${written})`;
  };

const epsilon = ({ attrs }: Value): string => keywords({ eps: [String(attrs.eps), "0.00001"] });

const layerWriters: Readonly<Record<string, LayerWriter>> = {
  conv,
  convInputGrad: (value, path) => transposed(value, undefined, path),
  batchNorm,
  linear({ inputs: [, weight, bias] }, path) {
    if (!owns([weight, bias], path, ["weight", "bias?"])) return undefined;
    return `nn.Linear(${weight.shape[1]}, ${weight.shape[0]}${keywords({ bias: [bias !== undefined, true] })})`;
  },
  layerNorm: norm(
    (value) => `nn.LayerNorm(${list((value.attrs.normalisedShape as readonly number[]) ?? value.shape.slice(-1))}${epsilon(value)})`,
  ),
  groupNorm: norm((value) => `nn.GroupNorm(${String(value.attrs.groups)}, ${value.shape[1]}${epsilon(value)})`),
  prelu: ({ inputs: [, weight] }, path) => (owns([weight], path, ["weight"]) ? `nn.PReLU(${weight.shape[0]})` : undefined),
  maxPool: pool("MaxPool", maxPoolArguments),
  avgPool: pool("AvgPool", avgPoolArguments),
  adaptiveAvgPool: pool("AdaptiveAvgPool", ({ attrs }) => tuple(attrs.outputSize as readonly number[])),
  adaptiveMaxPool: pool("AdaptiveMaxPool", ({ attrs }) => tuple(attrs.outputSize as readonly number[])),
  globalAvgPool: pool("AdaptiveAvgPool", () => "1"),
  globalMaxPool: pool("AdaptiveMaxPool", () => "1"),
  relu: plain("ReLU"),
  relu6: plain("ReLU6"),
  sigmoid: plain("Sigmoid"),
  tanh: plain("Tanh"),
  selu: plain("SELU"),
  silu: plain("SiLU"),
  mish: plain("Mish"),
  softsign: plain("Softsign"),
  logSigmoid: plain("LogSigmoid"),
  tanhshrink: plain("Tanhshrink"),
  hardSwish: plain("Hardswish"),
  leakyRelu: plain("LeakyReLU", ["negative_slope", "slope", 0.01]),
  elu: plain("ELU", ["alpha", "alpha", 1]),
  celu: plain("CELU", ["alpha", "alpha", 1]),
  softplus: plain("Softplus", ["beta", "beta", 1], ["threshold", "threshold", 20]),
  hardTanh: plain("Hardtanh", ["min_val", "min", -1], ["max_val", "max", 1]),
  hardSigmoid: ({ attrs }) => (attrs.alpha === 1 / 6 && attrs.beta === 0.5 ? "nn.Hardsigmoid()" : undefined),
  gelu: ({ attrs }) => (attrs.approximate === "none" ? "nn.GELU()" : 'nn.GELU(approximate="tanh")'),
  softmax: ({ attrs }) => `nn.Softmax(dim=${String(attrs.axis)})`,
  logSoftmax: ({ attrs }) => `nn.LogSoftmax(dim=${String(attrs.axis)})`,
  identity: plain("Identity"),
  reshape({ inputs: [x], shape, rank }) {
    return x.rank > 1 && rank === 2 && x.shape[0] === shape[0] ? "nn.Flatten()" : undefined;
  },
  pixelShuffle: ({ attrs, rank }) => (rank === 4 ? `nn.PixelShuffle(${String(attrs.factor)})` : undefined),
  pixelUnshuffle: ({ attrs, rank }) => (rank === 4 ? `nn.PixelUnshuffle(${String(attrs.factor)})` : undefined),
};

const isOp = (line: Line): line is Extract<Line, { kind: "op" }> => line.kind === "op";

/** The constructor of a part that is a layer of PyTorch. */
export function pythonLayer(part: Part): string | undefined {
  const { lines, path } = part;
  const values = lines.filter(isOp).map(({ value }) => value);
  if (values.length !== lines.length) return undefined;
  const [output] = part.outputs.values();
  const reads = (value: Value): boolean => value.inputs[0] === part.inputs[0];
  if (values.length === 1) return reads(output) ? layerWriters[output.op.name]?.(output, path) : undefined;
  // A transposed convolution and its bias are a sum.
  const [first] = output.inputs;
  if (values.length === 3 && output.op.name === "add" && first.op.name === "convInputGrad" && reads(first)) {
    const [bias] = output.inputs[1].inputs;
    return output.inputs[1].op.name === "reshape" && bias.rank === 1 ? transposed(first, bias, path) : undefined;
  }
  return undefined;
}
