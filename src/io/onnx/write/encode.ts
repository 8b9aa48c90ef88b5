// What was written, as the bytes of a file.
import type { Shape } from "../../../tensor/shape.ts";
import type { DType, Tensor } from "../../../tensor/tensor.ts";
import { attributeTypes, encodeModel } from "../schema.ts";
import { dataTypes, defaultOnnxType } from "../types.ts";
import type { WrittenAttribute, WrittenNode, WrittenTensor } from "./emission.ts";

/** Checked against package.json by a test; a browser has no package.json to read. */
export const producerVersion = "0.1.0";

/** An input or output of the file. A size that is a text is a name for any number. */
export interface WrittenPort {
  readonly name: string;
  readonly dtype: DType;
  readonly sizes: readonly (number | string)[];
}

export interface WrittenFile {
  readonly opset: number;
  readonly nodes: readonly WrittenNode[];
  readonly tensors: ReadonlyMap<string, WrittenTensor>;
  readonly inputs: readonly WrittenPort[];
  readonly outputs: readonly WrittenPort[];
  readonly metadata: Readonly<Record<string, string>>;
}

type Draft = Parameters<typeof encodeModel>[0];
type GraphDraft = NonNullable<Draft["graph"]>;
type NodeDraft = NonNullable<GraphDraft["node"]>[number];
type TensorDraft = NonNullable<GraphDraft["initializer"]>[number];
type PortDraft = NonNullable<GraphDraft["input"]>[number];
type AttributeDraft = NonNullable<NodeDraft["attribute"]>[number];

/** The version of the format that came with a version of the operators. */
function irVersion(opset: number): number {
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  return opset >= 15 ? 8 : 7;
}

/** Deterministic: the same file, the same bytes. */
export function encodeFile({ opset, nodes, tensors, inputs, outputs, metadata }: WrittenFile): Uint8Array {
  return encodeModel({
    irVersion: irVersion(opset),
    producerName: "fovea",
    producerVersion,
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      name: "fovea",
      node: nodes.map(({ type, name, inputs: from, outputs: to, attributes }) => ({
        opType: type,
        name,
        input: from,
        output: to,
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
      })),
      initializer: [...tensors].map(([name, tensor]) => tensorProto(name, tensor)),
      input: inputs.map(port),
      output: outputs.map(port),
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

function attribute(name: string, value: WrittenAttribute): AttributeDraft {
  if (typeof value === "number") return { name, type: attributeTypes.int, i: value };
  if (typeof value === "string") return { name, type: attributeTypes.string, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: attributeTypes.float, f: value.float };
  if ("tensor" in value) {
    const { tensor } = value;
    return { name, type: attributeTypes.tensor, t: tensorProto("", { tensor, type: defaultOnnxType(tensor.dtype) }) };
  }
  return { name, type: attributeTypes.ints, ints: value };
}

function tensorProto(name: string, { type, tensor }: WrittenTensor): TensorDraft {
  return { name, dims: tensor.shape, dataType: dataTypes[type], rawData: type === "int64" ? widened(tensor) : bytesOf(tensor) };
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function bytesOf({ data }: Tensor): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (littleEndian || data.BYTES_PER_ELEMENT === 1) return bytes;
  const turned = bytes.slice();
  for (let at = 0; at < turned.length; at += data.BYTES_PER_ELEMENT) turned.subarray(at, at + data.BYTES_PER_ELEMENT).reverse();
  return turned;
}

function widened({ data }: Tensor): Uint8Array {
  const bytes = new Uint8Array(8 * data.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) view.setBigInt64(8 * i, BigInt(data[i]), true);
  return bytes;
}

function port({ name, dtype, sizes }: WrittenPort): PortDraft {
  const dim = sizes.map((n) => (typeof n === "number" ? { dimValue: n } : { dimParam: n }));
  return { name, type: { tensorType: { elemType: dataTypes[defaultOnnxType(dtype)], shape: { dim } } } };
}

/** Sizes of a port, of which those that follow the batch are called N. */
export function portSizes(shape: Shape, other: Shape, batches: readonly [number, number]): (number | string)[] {
  return shape.map((n, axis) => {
    if (n === other[axis]) return n;
    const factor = n / batches[0];
    return factor === other[axis] / batches[1] && factor === 1 ? "N" : `size_${axis}`;
  });
}
