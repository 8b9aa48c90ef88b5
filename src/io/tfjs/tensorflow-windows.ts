// The operators with weights and windows: convolutions, products, batch norm, pooling, with what the converter fused onto them.
import type { Operand } from "../../graph/record.ts";
import type { Context } from "../../nn/module.ts";
import * as ops from "../../ops/index.ts";
import { UnsupportedOpError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { activation, depthwiseKernel, kernel, type Padding, paddingOf, transposedKernel, transposedPadding } from "./conventions.ts";
import { list, number, record } from "./json.ts";
import {
  at,
  attribute,
  first,
  flag,
  ints,
  known,
  last,
  parameter,
  type TensorFlowFunction,
  type TensorFlowNode,
  word,
} from "./tensorflow-node.ts";

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
export function alongChannels(vector: Operand, rank: number, axis: number): Operand {
  return ops.reshape(
    vector,
    Array.from({ length: rank - axis }, (_, i) => (i === 0 ? vector.shape[0] : 1)),
  );
}

export const convolution: TensorFlowFunction = (node, context) => {
  const x = at(node, 0).first();
  const weight = parameter(node, context, 1, "weight", kernel);
  const y = ops.conv2d(x, weight, { ...windowOf(node), groups: x.shape[1] / weight.shape[1] });
  return first(fused(node, context, y, 1));
};

export const depthwise: TensorFlowFunction = (node, context) => {
  const x = at(node, 0).first();
  const y = ops.conv2d(x, parameter(node, context, 1, "weight", depthwiseKernel), { ...windowOf(node), groups: x.shape[1] });
  return first(fused(node, context, y, 1));
};

export const transposed: TensorFlowFunction = (node, context) => {
  const x = at(node, 2).first();
  const [, height, width] = known(node, 0);
  const weight = parameter(node, context, 1, "weight", transposedKernel);
  const { stride, padding } = windowOf(node);
  if (typeof padding !== "string") throw new UnsupportedOpError(`${node.where}: explicit padding is not read`);
  const places = transposedPadding(x.shape.slice(2), [height, width], weight.shape.slice(2), stride, padding, node.where);
  return first(ops.convTranspose2d(x, weight, { stride, ...places }));
};

export const pooling =
  (kind: "max" | "average"): TensorFlowFunction =>
  (node) => {
    const { stride, padding } = windowOf(node);
    const size = ints(node, "ksize").slice(1, 3);
    const x = at(node, 0).first();
    return first(
      kind === "max" ? ops.maxPool2d(x, size, { stride, padding }) : ops.avgPool2d(x, size, { stride, padding, countIncludePad: false }),
    );
  };

export const matmul: TensorFlowFunction = (node, context) => {
  const transposeA = flag(node, "transpose_a") || flag(node, "adj_x");
  const transposeB = flag(node, "transpose_b") || flag(node, "adj_y");
  const b = at(node, 1).last();
  const right = b instanceof Tensor ? parameter(node, context, 1, "weight") : b;
  const y = ops.matmul(at(node, 0).last(), right, { transposeA, transposeB });
  return last(fused(node, context, y, y.rank - 1));
};

export const batchNorm: TensorFlowFunction = (node, context) => {
  const eps = number(attribute(node, "epsilon", "f") ?? 1e-4, node.where);
  const [weight, bias] = [parameter(node, context, 1, "weight"), parameter(node, context, 2, "bias")];
  const [mean, variance] = [3, 4].map((i) => {
    const tensor = at(node, i).last();
    if (!(tensor instanceof Tensor)) throw new UnsupportedOpError(`${node.where}: its statistics are computed from the picture`);
    return context.buffer(i === 3 ? "running_mean" : "running_var", tensor);
  });
  return first(ops.batchNorm(at(node, 0).first(), mean, variance, weight, bias, { eps }));
};
