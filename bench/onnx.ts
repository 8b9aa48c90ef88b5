// Just enough of the ONNX protobuf format to hand a rival a network; fovea's own reader and writer are not involved,
// so that a mistake in them cannot flatter the comparison. Field numbers: onnx.proto, IR version 8.

/** Pieces that follow each other: a network's weights are copied once, at the very end. */
type Bytes = readonly Uint8Array[];

function lengthOf(bytes: Bytes): number {
  return bytes.reduce((sum, piece) => sum + piece.length, 0);
}

function varint(n: number): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    out.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(out);
}

const integer = (field: number, value: number): Bytes => [varint(field << 3), varint(value)];
const float = (field: number, value: number): Bytes => [varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)];
const message = (field: number, body: Bytes): Bytes => [varint((field << 3) | 2), varint(lengthOf(body)), ...body];
const text = (field: number, value: string): Bytes => message(field, [new TextEncoder().encode(value)]);

/** An integer, a list of integers, or a float. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  /** An empty name stands for an operand that is left out. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxGraph {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Weights: tensors that are part of the model. */
  readonly initialisers?: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;
  readonly nodes: readonly OnnxNode[];
  readonly output: readonly [name: string, shape: readonly number[]];
}

const types = { float: 1, integer: 2, integers: 7 } as const;

function attribute(name: string, value: OnnxAttribute): Bytes {
  if (typeof value === "number") return message(5, [...text(1, name), ...integer(3, value), ...integer(20, types.integer)]);
  if ("float" in value) return message(5, [...text(1, name), ...float(2, value.float), ...integer(20, types.float)]);
  return message(5, [...text(1, name), ...value.flatMap((v) => integer(8, v)), ...integer(20, types.integers)]);
}

function node({ op, inputs, output, attributes = {} }: OnnxNode): Bytes {
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...text(2, output),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => attribute(name, value)),
  ];
}

const float32 = 1;

function initialiser(name: string, shape: readonly number[], data: Float32Array): Bytes {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [...shape.flatMap((n) => integer(1, n)), ...integer(2, float32), ...text(8, name), ...message(9, [raw])];
}

function valueInfo(name: string, shape: readonly number[]): Bytes {
  const dimensions = shape.flatMap((n) => message(1, integer(1, n)));
  return [...text(1, name), ...message(2, message(1, [...integer(1, float32), ...message(2, dimensions)]))];
}

/** A float32 model of opset 17. */
export function encodeOnnx({ inputs, initialisers = {}, nodes, output }: OnnxGraph): Uint8Array {
  const graph = [
    ...nodes.flatMap((n) => message(1, node(n))),
    ...text(2, "bench"),
    ...Object.entries(initialisers).flatMap(([name, { shape, data }]) => message(5, initialiser(name, shape, data))),
    ...Object.entries(inputs).flatMap(([name, shape]) => message(11, valueInfo(name, shape))),
    ...message(12, valueInfo(...output)),
  ];
  const model = [...integer(1, 8), ...message(7, graph), ...message(8, [...text(1, ""), ...integer(2, 17)])];
  const out = new Uint8Array(lengthOf(model));
  let at = 0;
  for (const piece of model) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
