// Small ONNX files for tests, written in a few words: nodes as lists of names, tensors as tensors.

import type { OnnxType } from "../../../src/io/onnx/operator.ts";
import { attributeTypes, encodeModel } from "../../../src/io/onnx/schema.ts";
import { dataTypes } from "../../../src/io/onnx/types.ts";
import { Tensor } from "../../../src/tensor/tensor.ts";

type Draft = Parameters<typeof encodeModel>[0];
export type GraphDraft = NonNullable<Draft["graph"]>;
export type NodeDraft = NonNullable<GraphDraft["node"]>[number];
type AttributeDraft = NonNullable<NodeDraft["attribute"]>[number];
type TensorDraft = NonNullable<GraphDraft["initializer"]>[number];
type PortDraft = NonNullable<GraphDraft["input"]>[number];

/** Whole numbers become ints, others floats; lists likewise. */
export type AttributeGiven = number | readonly number[] | string | Tensor | GraphDraft;

/** `node("Conv", "x w b", "y", { pads: [1, 1, 1, 1] })`; "-" is an absent input. */
export function node(
  opType: string,
  inputs: string,
  outputs: string,
  attributes: Readonly<Record<string, AttributeGiven>> = {},
  name = "",
): NodeDraft {
  const names = (list: string): string[] =>
    list
      .split(" ")
      .filter((n) => n !== "")
      .map((n) => (n === "-" ? "" : n));
  return {
    opType,
    name,
    input: names(inputs),
    output: names(outputs),
    attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
  };
}

export function attribute(name: string, given: AttributeGiven): AttributeDraft {
  const { float, floats, graph, int, ints, string, tensor } = attributeTypes;
  if (typeof given === "number") return Number.isInteger(given) ? { name, type: int, i: given } : { name, type: float, f: given };
  if (typeof given === "string") return { name, type: string, s: new TextEncoder().encode(given) };
  if (given instanceof Tensor) return { name, type: tensor, t: stored("", given) };
  if (!("length" in given)) return { name, type: graph, g: given };
  return given.every(Number.isInteger) ? { name, type: ints, ints: given } : { name, type: floats, floats: given };
}

const typeOf: Readonly<Record<Tensor["dtype"], OnnxType>> = { float32: "float", float64: "double", int32: "int64", uint8: "uint8" };

/** An initialiser; int32 tensors are stored as int64, which shapes and axes are. */
export function stored(name: string, tensor: Tensor, type: OnnxType = typeOf[tensor.dtype]): TensorDraft {
  const numbers = [...tensor.data];
  const field =
    type === "float"
      ? { floatData: numbers }
      : type === "double"
        ? { doubleData: numbers }
        : type === "int64"
          ? { int64Data: numbers }
          : { int32Data: numbers };
  return { name, dims: tensor.shape, dataType: dataTypes[type], ...field };
}

/** An input or output: sizes, names, or null for axes about which nothing is said. */
export function port(name: string, shape?: readonly (number | string | null)[], type: OnnxType = "float"): PortDraft {
  const dim = shape?.map((n) => (n === null ? {} : typeof n === "number" ? { dimValue: n } : { dimParam: n }));
  return { name, type: { tensorType: { elemType: dataTypes[type], ...(dim && { shape: { dim } }) } } };
}

/** A file with this graph, of opset 13. */
export function fileOf(graph: GraphDraft, rest: Partial<Draft> = {}): Uint8Array {
  return encodeModel({ irVersion: 8, opsetImport: [{ domain: "", version: 13 }], graph, ...rest });
}
