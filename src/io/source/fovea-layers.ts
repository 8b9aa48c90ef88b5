// Layers of `nn` that a part of one op is.

import type { Value } from "../../graph/value.ts";
import { type ConvAttrs, convInputGradGeometry } from "../../ops/conv.ts";
import { transposedWindow } from "../onnx/write/operators/conv.ts";
import { compact, literal, object, options } from "./fovea-ops.ts";
import { owns, type Part } from "./structure.ts";

type LayerWriter = (value: Value, path: string) => string | undefined;

function layer(name: string, first: readonly unknown[], given: Readonly<Record<string, unknown>>): string {
  const shown = Object.values(given).every((v) => v === undefined) ? [] : [object(given)];
  return `nn.${name}(${[...first.map(literal), ...shown].join(", ")})`;
}

/** Layers called as their ops are, with the same options. */
const plain: readonly string[] = [
  ..."relu relu6 leakyRelu elu selu celu gelu silu mish softplus softsign sigmoid logSigmoid tanh tanhshrink softshrink hardshrink".split(
    " ",
  ),
  ..."hardTanh hardSwish globalAvgPool globalMaxPool globalLpPool identity".split(" "),
];

const withoutBias = (bias: Value | undefined): { readonly bias?: false } => (bias === undefined ? { bias: false } : {});

const windowed =
  (name: string): LayerWriter =>
  (value) => {
    const { kernelSize: _, ...given } = options(value);
    return layer(`${name}${value.rank - 2}d`, [compact(value.attrs.kernelSize)], given);
  };

const adaptive =
  (name: string): LayerWriter =>
  ({ attrs, rank }) =>
    layer(`${name}${rank - 2}d`, [compact(attrs.outputSize)], {});

function transposed(value: Value, bias: Value | undefined, path: string): string | undefined {
  const { inputs, attrs } = value;
  const [x, weight] = inputs;
  const { axes } = convInputGradGeometry(x.shape, weight.shape, attrs as unknown as ConvAttrs & { readonly inputSize: readonly number[] });
  const { pads, added, zeros } = transposedWindow(axes);
  if (!owns([weight, bias], path, ["weight", "bias?"]) || zeros.flat().some((n) => n !== 0)) return undefined;
  const { inputSize: _, padding: __, ...given } = options(value);
  return layer(`convTranspose${value.rank - 2}d`, [x.shape[1], value.shape[1], compact(weight.shape.slice(2))], {
    ...given,
    ...(pads.flat().some((n) => n !== 0) && { padding: compact(pads) }),
    ...(added.some((n) => n !== 0) && { outputPadding: compact(added) }),
    ...withoutBias(bias),
  });
}

const layerWriters: Readonly<Record<string, LayerWriter>> = {
  conv(value, path) {
    const [x, weight, bias] = value.inputs;
    if (!owns([weight, bias], path, ["weight", "bias?"])) return undefined;
    return layer(`conv${value.rank - 2}d`, [x.shape[1], value.shape[1], compact(weight.shape.slice(2))], {
      ...options(value),
      ...withoutBias(bias),
    });
  },
  convInputGrad: (value, path) => transposed(value, undefined, path),
  linear({ inputs: [, weight, bias] }, path) {
    if (!owns([weight, bias], path, ["weight", "bias?"])) return undefined;
    return layer("linear", [weight.shape[1], weight.shape[0]], withoutBias(bias));
  },
  batchNorm(value, path) {
    const [, ...operands] = value.inputs;
    if (!owns(operands, path, ["running_mean", "running_var", "weight?", "bias?"]) || operands.length === 3) return undefined;
    return layer(`batchNorm${Math.max(1, value.rank - 2)}d`, [value.shape[1]], {
      ...options(value),
      ...(operands.length === 2 && { affine: false }),
    });
  },
  layerNorm(value, path) {
    if (!owns(value.inputs.slice(1), path, ["weight", "bias"])) return undefined;
    const { normalisedShape: _, ...given } = options(value);
    return layer("layerNorm", [(value.attrs.normalisedShape as readonly number[] | undefined) ?? value.shape.slice(-1)], given);
  },
  groupNorm(value, path) {
    if (!owns(value.inputs.slice(1), path, ["weight", "bias"])) return undefined;
    const { groups: _, ...given } = options(value);
    return layer("groupNorm", [value.attrs.groups, value.shape[1]], given);
  },
  localResponseNorm(value) {
    const { size: _, window, ...given } = options(value);
    return window === undefined ? layer("localResponseNorm", [value.attrs.size], given) : undefined;
  },
  prelu: ({ inputs: [, weight] }, path) => (owns([weight], path, ["weight"]) ? layer("prelu", [weight.shape[0]], {}) : undefined),
  maxPool: windowed("maxPool"),
  avgPool: (value, path) =>
    (value.attrs.dilation as readonly number[]).every((d) => d === 1) ? windowed("avgPool")(value, path) : undefined,
  adaptiveAvgPool: adaptive("adaptiveAvgPool"),
  adaptiveMaxPool: adaptive("adaptiveMaxPool"),
  hardSigmoid: (value) => (Object.keys(options(value)).length === 0 ? "nn.hardSigmoid()" : undefined),
  softmax: ({ attrs }) => layer("softmax", [], { axis: attrs.axis }),
  logSoftmax: ({ attrs }) => layer("logSoftmax", [], { axis: attrs.axis }),
  reshape: ({ inputs: [x], shape, rank }) => (x.rank > 1 && rank === 2 && x.shape[0] === shape[0] ? "nn.flatten()" : undefined),
  pixelShuffle: ({ attrs }) => layer("pixelShuffle", [attrs.factor], {}),
  pixelUnshuffle: ({ attrs }) => layer("pixelUnshuffle", [attrs.factor], {}),
  channelShuffle: ({ attrs }) => layer("channelShuffle", [attrs.groups], {}),
};

/** The layer of a part that is one op, or a transposed convolution and its bias, which are two. */
export function foveaLayer({ lines, path, inputs, outputs }: Part): string | undefined {
  const values = lines.flatMap((line) => (line.kind === "op" ? [line.value] : []));
  if (values.length !== lines.length) return undefined;
  const [output] = outputs.values();
  const reads = (value: Value): boolean => value.inputs[0] === inputs[0];
  if (values.length === 1) {
    if (!reads(output)) return undefined;
    return (
      layerWriters[output.op.name]?.(output, path) ??
      (plain.includes(output.op.name) ? layer(output.op.name, [], options(output)) : undefined)
    );
  }
  const [first, shaped] = output.inputs;
  const isBiased = values.length === 3 && output.op.name === "add" && first.op.name === "convInputGrad" && reads(first);
  return isBiased && shaped.op.name === "reshape" && shaped.inputs[0].rank === 1 ? transposed(first, shaped.inputs[0], path) : undefined;
}
