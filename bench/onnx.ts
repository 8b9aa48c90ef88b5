// Just enough of the ONNX protobuf format to hand a rival a graph of a few nodes; fovea's own reader and writer are not involved,
// so that a mistake in them cannot flatter the comparison. Field numbers: onnx.proto, IR version 8.

type Bytes = number[];

function varint(n: number): Bytes {
  const out: Bytes = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    out.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return out;
}

const integer = (field: number, value: number): Bytes => [...varint(field << 3), ...varint(value)];
const message = (field: number, body: ArrayLike<number>): Bytes => [
  ...varint((field << 3) | 2),
  ...varint(body.length),
  ...Array.from(body),
];
const text = (field: number, value: string): Bytes => message(field, new TextEncoder().encode(value));

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Lists of integers (all that convolutions need). */
  readonly attributes?: Readonly<Record<string, readonly number[]>>;
}

export interface OnnxGraph {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly nodes: readonly OnnxNode[];
  readonly output: readonly [name: string, shape: readonly number[]];
}

function node({ op, inputs, output, attributes = {} }: OnnxNode): Bytes {
  const intsType = 7;
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...text(2, output),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([name, values]) =>
      message(5, [...text(1, name), ...values.flatMap((v) => integer(8, v)), ...integer(20, intsType)]),
    ),
  ];
}

function valueInfo(name: string, shape: readonly number[]): Bytes {
  const float = 1;
  const dimensions = shape.flatMap((n) => message(1, integer(1, n)));
  return [...text(1, name), ...message(2, message(1, [...integer(1, float), ...message(2, dimensions)]))];
}

/** A float32 model of opset 17. */
export function encodeOnnx({ inputs, nodes, output }: OnnxGraph): Uint8Array {
  const graph = [
    ...nodes.flatMap((n) => message(1, node(n))),
    ...text(2, "bench"),
    ...Object.entries(inputs).flatMap(([name, shape]) => message(11, valueInfo(name, shape))),
    ...message(12, valueInfo(...output)),
  ];
  return Uint8Array.from([...integer(1, 8), ...message(7, graph), ...message(8, [...text(1, ""), ...integer(2, 17)])]);
}
