// ONNX files of a single node, made for a test: the operator in any version, with inputs that are fed or stored.
import { compile } from "../../../src/backends/compile.ts";
import { readOnnx } from "../../../src/io/onnx/network.ts";
import type { OnnxType } from "../../../src/io/onnx/operator.ts";
import { type AttributeProto, attributeTypes, encodeModel, type TensorProto } from "../../../src/io/onnx/schema.ts";
import { dataTypes, defaultOnnxType } from "../../../src/io/onnx/types.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

export type NodeAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly tensor: Tensor };

export interface NodeInput {
  readonly tensor: Tensor;
  /** Default: what the tensor's dtype is called in ONNX; int64 for int32. */
  readonly type?: OnnxType;
  /** Stored in the file instead of fed. */
  readonly stored?: boolean;
}

export interface OneNode {
  readonly operator: string;
  readonly opset: number;
  /** A tensor by itself is fed; undefined is absent. */
  readonly inputs: readonly (Tensor | NodeInput | undefined)[];
  readonly attributes?: Readonly<Record<string, NodeAttribute>>;
  readonly outputs?: number;
}

/** A stored input: sizes, axes, counts. */
export function stored(tensor: Tensor): NodeInput {
  return { tensor, stored: true };
}

/** The file. */
export function oneNodeFile({ operator, opset, inputs, attributes = {}, outputs = 1 }: OneNode): Uint8Array {
  const given = inputs.map((input) => (input === undefined || "tensor" in input ? input : { tensor: input }));
  const name = (i: number): string => (given[i] === undefined ? "" : `x${i}`);
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      node: [
        {
          opType: operator,
          input: given.map((_, i) => name(i)),
          output: results,
          attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
        },
      ],
      input: given.flatMap((input, i) => {
        if (input === undefined || input.stored) return [];
        const dim = input.tensor.shape.map((dimValue) => ({ dimValue }));
        return [{ name: name(i), type: { tensorType: { elemType: dataTypes[typeOf(input)], shape: { dim } } } }];
      }),
      initializer: given.flatMap((input, i) => (input?.stored ? [{ ...tensorProto(input.tensor, typeOf(input)), name: name(i) }] : [])),
      output: results.map((output) => ({ name: output })),
    },
  });
}

/** Every output of the node, by default as the reference loops compute it. */
export async function runOneNode(node: OneNode, device: "reference" | "wasm" = "reference"): Promise<Tensor[]> {
  const network = await readOnnx(oneNodeFile(node), { name: node.operator });
  const program = await compile(network.graph(), { device });
  const feeds = node.inputs.flatMap((input, i): [string, Tensor][] => {
    if (input === undefined) return [];
    if (!("tensor" in input)) return [[`x${i}`, input]];
    return input.stored ? [] : [[`x${i}`, input.tensor]];
  });
  const results = await program.run(Object.fromEntries(feeds.filter(([name]) => program.graph.inputs.has(name))));
  return Object.values(results);
}

/** As `runOneNode`, for nodes with one output. */
export async function outputOf(node: OneNode): Promise<Tensor> {
  return (await runOneNode(node))[0];
}

function typeOf({ tensor, type }: NodeInput): OnnxType {
  return type ?? (tensor.dtype === "int32" ? "int64" : defaultOnnxType(tensor.dtype));
}

function tensorProto({ shape, data }: Tensor, type: OnnxType): Partial<TensorProto> {
  const numbers = [...data];
  const field = { float: "floatData", double: "doubleData", int64: "int64Data" }[type as string] ?? "int32Data";
  return { dims: shape, dataType: dataTypes[type], [field]: numbers };
}

function attributeOf(name: string, value: NodeAttribute): Partial<AttributeProto> {
  if ("int" in value) return { name, type: attributeTypes.int, i: value.int };
  if ("ints" in value) return { name, type: attributeTypes.ints, ints: value.ints };
  if ("float" in value) return { name, type: attributeTypes.float, f: value.float };
  if ("floats" in value) return { name, type: attributeTypes.floats, floats: value.floats };
  if ("string" in value) return { name, type: attributeTypes.string, s: new TextEncoder().encode(value.string) };
  return { name, type: attributeTypes.tensor, t: tensorProto(value.tensor, typeOf({ tensor: value.tensor })) as TensorProto };
}
