// Tells rivals what fovea computes: an inference graph with its weights, node by node as ONNX. Nothing is folded or fused beforehand;
// that is each engine's own affair.

import type { Graph } from "../src/graph/graph.ts";
import { constantOp, inputOp } from "../src/graph/record.ts";
import type { Value } from "../src/graph/value.ts";
import type { OnnxGraph, OnnxNode } from "./onnx.ts";

type Ints = readonly number[];
type Pairs = readonly (readonly [number, number])[];
type Translated = Pick<OnnxNode, "op" | "attributes"> & { readonly inputs?: readonly string[] };

/** All befores, then all afters. */
const pads = (padding: Pairs): Ints => [...padding.map(([before]) => before), ...padding.map(([, after]) => after)];

/** What each op is called there. `scalar` makes a weight of one number and returns its name. */
const translations: Readonly<Record<string, (value: Value, operands: readonly string[], scalar: (n: number) => string) => Translated>> = {
  conv: ({ attrs, inputs }) => ({
    op: "Conv",
    attributes: {
      kernel_shape: inputs[1].shape.slice(2),
      strides: attrs.stride as Ints,
      pads: pads(attrs.padding as Pairs),
      dilations: attrs.dilation as Ints,
      group: attrs.groups as number,
    },
  }),
  batchNorm: ({ attrs }, [x, mean, variance, weight, bias]) => ({
    op: "BatchNormalization",
    inputs: [x, weight, bias, mean, variance],
    attributes: { epsilon: { float: attrs.eps as number } },
  }),
  maxPool: ({ attrs }) => ({
    op: "MaxPool",
    attributes: {
      kernel_shape: attrs.kernelSize as Ints,
      strides: (attrs.stride ?? attrs.kernelSize) as Ints,
      pads: pads(attrs.padding as Pairs),
      dilations: attrs.dilation as Ints,
      ceil_mode: attrs.ceilMode === true ? 1 : 0,
    },
  }),
  adaptiveAvgPool: ({ shape, inputs }) => {
    const { shape: from } = inputs[0];
    if (shape.some((n, axis) => from[axis] % n !== 0)) throw new Error("bench: ONNX has no adaptive pooling with windows of several sizes");
    const window = from.slice(2).map((n, i) => n / shape[2 + i]);
    return { op: "AveragePool", attributes: { kernel_shape: window, strides: window } };
  },
  globalAvgPool: () => ({ op: "GlobalAveragePool" }),
  relu: () => ({ op: "Relu" }),
  relu6: (_, [x], scalar) => ({ op: "Clip", inputs: [x, scalar(0), scalar(6)] }),
  add: () => ({ op: "Add" }),
  identity: () => ({ op: "Identity" }),
  linear: () => ({ op: "Gemm", attributes: { transB: 1 } }),
  reshape: ({ shape }) => {
    if (shape.length !== 2) throw new Error("bench: only reshapes to [batch, features] are translated");
    return { op: "Flatten", attributes: { axis: 1 } };
  },
};

/** The graph, which has one output, as a float32 ONNX model. Throws where an op has no translation here. */
export function onnxOf({ order, outputs }: Graph): OnnxGraph {
  const names = new Map<Value, string>(order.map((value, i) => [value, `v${i}`]));
  const nameOf = (value: Value): string => names.get(value) ?? "";
  const inputs: Record<string, Ints> = {};
  const initialisers: Record<string, { shape: Ints; data: Float32Array }> = {};
  const nodes: OnnxNode[] = [];
  const scalar = (n: number): string => {
    initialisers[`number ${n}`] = { shape: [], data: Float32Array.of(n) };
    return `number ${n}`;
  };
  for (const value of order) {
    if (value.op === inputOp) {
      names.set(value, value.attrs.name as string);
      inputs[nameOf(value)] = value.shape;
    } else if (value.op === constantOp) {
      const { shape, data } = value.attrs.value as { shape: Ints; data: Float32Array };
      initialisers[nameOf(value)] = { shape, data };
    } else {
      const translate = translations[value.op.name];
      if (translate === undefined) throw new Error(`bench: no ONNX for ${value.op.name}`);
      const operands = value.inputs.map(nameOf);
      nodes.push({ inputs: operands, output: nameOf(value), ...translate(value, operands, scalar) });
    }
  }
  const [output] = [...outputs.values()];
  return { inputs, initialisers, nodes, output: [nameOf(output), output.shape] };
}
