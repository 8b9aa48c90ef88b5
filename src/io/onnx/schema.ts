// The messages of ONNX (onnx.proto3, IR versions 3 to 12), without those of training, quantisation and distribution: unknown fields are skipped.
// Absent texts are "", absent lists empty. Used for reading and for writing.
import {
  bytes,
  type Draft,
  decodeMessage,
  encodeMessage,
  type Fields,
  floats,
  int,
  ints,
  manyBytes,
  maybeFloat,
  maybeInt,
  message,
  messages,
  packedDoubles,
  packedFloats,
  packedInts,
  packedUints,
  text,
  texts,
} from "./wire.ts";

export interface ModelProto {
  readonly irVersion: number;
  readonly opsetImport: readonly OperatorSetId[];
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: number | undefined;
  readonly docString: string;
  readonly graph: GraphProto | undefined;
  readonly metadataProps: readonly StringStringEntry[];
  readonly functions: readonly FunctionProto[];
}

export interface OperatorSetId {
  readonly domain: string;
  readonly version: number;
}

export interface StringStringEntry {
  readonly key: string;
  readonly value: string;
}

export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name: string;
  readonly initializer: readonly TensorProto[];
  readonly sparseInitializer: readonly SparseTensorProto[];
  readonly docString: string;
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo: readonly ValueInfoProto[];
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly AttributeProto[];
  readonly docString: string;
}

/** `type` says which of the others holds the value; files before IR version 2 leave it at 0. */
export interface AttributeProto {
  readonly name: string;
  readonly refAttrName: string;
  readonly docString: string;
  readonly type: number;
  readonly f: number | undefined;
  readonly i: number | undefined;
  readonly s: Uint8Array | undefined;
  readonly t: TensorProto | undefined;
  readonly g: GraphProto | undefined;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly TensorProto[];
  readonly graphs: readonly GraphProto[];
}

/** AttributeProto.AttributeType. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const;

export interface TensorProto {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly number[];
  readonly name: string;
  readonly docString: string;
  readonly rawData: Uint8Array | undefined;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly number[];
  readonly externalData: readonly StringStringEntry[];
  /** 1: the numbers are in another file. */
  readonly dataLocation: number;
}

export interface SparseTensorProto {
  readonly values: TensorProto | undefined;
  readonly indices: TensorProto | undefined;
  readonly dims: readonly number[];
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: TypeProto | undefined;
  readonly docString: string;
}

/** Only tensors are described further. */
export interface TypeProto {
  readonly tensorType: TensorTypeProto | undefined;
  readonly denotation: string;
}

export interface TensorTypeProto {
  readonly elemType: number;
  readonly shape: TensorShapeProto | undefined;
}

export interface TensorShapeProto {
  readonly dim: readonly DimensionProto[];
}

/** A number, a name for one that is not known yet, or neither. */
export interface DimensionProto {
  readonly dimValue: number | undefined;
  readonly dimParam: string;
}

export interface FunctionProto {
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly string[];
  /** Attributes with a default. */
  readonly attributeProto: readonly AttributeProto[];
  readonly node: readonly NodeProto[];
  readonly docString: string;
  readonly opsetImport: readonly OperatorSetId[];
  readonly domain: string;
}

/** ONNX's own domain is "", which its writers spell out. */
const operatorSetId: Fields<OperatorSetId> = { domain: text(1, true), version: int(2) };
const stringStringEntry: Fields<StringStringEntry> = { key: text(1), value: text(2) };

const tensorProto: Fields<TensorProto> = {
  dims: ints(1),
  dataType: int(2),
  floatData: packedFloats(4),
  int32Data: packedInts(5),
  stringData: manyBytes(6),
  int64Data: packedInts(7),
  name: text(8),
  rawData: bytes(9),
  doubleData: packedDoubles(10),
  uint64Data: packedUints(11),
  docString: text(12),
  externalData: messages(13, () => stringStringEntry),
  dataLocation: int(14),
};

const sparseTensorProto: Fields<SparseTensorProto> = {
  values: message(1, () => tensorProto),
  indices: message(2, () => tensorProto),
  dims: ints(3),
};

const dimensionProto: Fields<DimensionProto> = { dimValue: maybeInt(1), dimParam: text(2) };
const tensorShapeProto: Fields<TensorShapeProto> = { dim: messages(1, () => dimensionProto) };
const tensorTypeProto: Fields<TensorTypeProto> = { elemType: int(1), shape: message(2, () => tensorShapeProto) };
const typeProto: Fields<TypeProto> = { tensorType: message(1, () => tensorTypeProto), denotation: text(6) };
const valueInfoProto: Fields<ValueInfoProto> = { name: text(1), type: message(2, () => typeProto), docString: text(3) };

const attributeProto: Fields<AttributeProto> = {
  name: text(1),
  f: maybeFloat(2),
  i: maybeInt(3),
  s: bytes(4),
  t: message(5, () => tensorProto),
  g: message(6, () => graphProto),
  floats: floats(7),
  ints: ints(8),
  strings: manyBytes(9),
  tensors: messages(10, () => tensorProto),
  graphs: messages(11, () => graphProto),
  docString: text(13),
  type: int(20),
  refAttrName: text(21),
};

const nodeProto: Fields<NodeProto> = {
  input: texts(1),
  output: texts(2),
  name: text(3),
  opType: text(4),
  attribute: messages(5, () => attributeProto),
  docString: text(6),
  domain: text(7),
};

const graphProto: Fields<GraphProto> = {
  node: messages(1, () => nodeProto),
  name: text(2),
  initializer: messages(5, () => tensorProto),
  docString: text(10),
  input: messages(11, () => valueInfoProto),
  output: messages(12, () => valueInfoProto),
  valueInfo: messages(13, () => valueInfoProto),
  sparseInitializer: messages(15, () => sparseTensorProto),
};

const functionProto: Fields<FunctionProto> = {
  name: text(1),
  input: texts(4),
  output: texts(5),
  attribute: texts(6),
  node: messages(7, () => nodeProto),
  docString: text(8),
  opsetImport: messages(9, () => operatorSetId),
  domain: text(10),
  attributeProto: messages(11, () => attributeProto),
};

const modelProto: Fields<ModelProto> = {
  irVersion: int(1),
  producerName: text(2),
  producerVersion: text(3),
  domain: text(4),
  modelVersion: maybeInt(5),
  docString: text(6),
  graph: message(7, () => graphProto),
  opsetImport: messages(8, () => operatorSetId),
  metadataProps: messages(14, () => stringStringEntry),
  functions: messages(25, () => functionProto),
};

/** The messages of an ONNX file. Throws `ModelFormatError` saying at which byte and in which field it is damaged. */
export function decodeModel(file: Uint8Array, name = "the ONNX file"): ModelProto {
  return decodeMessage(modelProto, file, name);
}

/** The bytes of an ONNX file. What is left out, empty or undefined is not written. Same messages, same bytes. */
export function encodeModel(model: Draft<ModelProto>): Uint8Array {
  return encodeMessage(modelProto, model);
}

/** One tensor by itself: the `.pb` files in which ONNX's test data keep inputs and outputs. */
export function decodeTensor(file: Uint8Array, name = "the tensor file"): TensorProto {
  return decodeMessage(tensorProto, file, name);
}

export function encodeTensor(tensor: Draft<TensorProto>): Uint8Array {
  return encodeMessage(tensorProto, tensor);
}
