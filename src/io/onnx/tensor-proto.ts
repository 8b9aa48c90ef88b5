// The numbers of a TensorProto: in raw bytes, in typed fields or in another file, in any of ONNX's types, as one of fovea's tensors.
// Sizes are checked against the bytes that are there before anything is allocated.
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import { showShape, sizeOf } from "../../tensor/shape.ts";
import { allocate, Tensor, type TensorData } from "../../tensor/tensor.ts";
import { fromBfloat16, fromHalf } from "../half-float.ts";
import type { OnnxType } from "./operator.ts";
import type { TensorProto } from "./schema.ts";
import { dtypeFor, type FloatType, onnxTypeOf } from "./types.ts";

export interface TensorOptions {
  /** What float tensors become (default float32). */
  readonly floatType?: FloatType;
  /** The files that tensors may have their numbers in, by the name that the tensor gives. */
  readonly external?: ReadonlyMap<string, Uint8Array>;
}

export interface DecodedTensor {
  readonly tensor: Tensor;
  readonly onnxType: OnnxType;
}

/** `readTensor` with the options of one file; asked again for the same tensor, it may give the same result. `where` starts its messages. */
export type TensorDecoder = (proto: TensorProto, where: string) => DecodedTensor;

/** Bytes per element in raw data, and how one is read from there. Integers of 64 bits saturate at the limits of 32. */
interface RawType {
  readonly size: number;
  read(view: DataView, at: number): number;
}

const rawTypes: Readonly<Record<Exclude<OnnxType, "string">, RawType>> = {
  float: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  double: { size: 8, read: (view, at) => view.getFloat64(at, true) },
  float16: { size: 2, read: (view, at) => fromHalf(view.getUint16(at, true)) },
  bfloat16: { size: 2, read: (view, at) => fromBfloat16(view.getUint16(at, true)) },
  int64: { size: 8, read: (view, at) => saturate(view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)) },
  uint64: { size: 8, read: (view, at) => saturate(view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)) },
  int32: { size: 4, read: (view, at) => view.getInt32(at, true) },
  uint32: { size: 4, read: (view, at) => saturate(view.getUint32(at, true)) },
  int16: { size: 2, read: (view, at) => view.getInt16(at, true) },
  uint16: { size: 2, read: (view, at) => view.getUint16(at, true) },
  int8: { size: 1, read: (view, at) => view.getInt8(at) },
  uint8: { size: 1, read: (view, at) => view.getUint8(at) },
  bool: { size: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
};

/** An integer within the range of int32: 2^63 - 1, which ONNX writes for "to the end", becomes 2^31 - 1. */
export function saturate(n: number): number {
  return Math.min(Math.max(n, -(2 ** 31)), 2 ** 31 - 1);
}

/**
 * Decodes a tensor. `where` starts every message. Throws `ModelFormatError` when sizes and bytes do not agree, `UnsupportedOpError` for types
 * that fovea does not compute with.
 */
export function readTensor(proto: TensorProto, where: string, options: TensorOptions = {}): DecodedTensor {
  const { floatType = "float32" } = options;
  const onnxType = onnxTypeOf(proto.dataType);
  if (onnxType === undefined || onnxType === "string") {
    throw new UnsupportedOpError(
      `${where}: its elements are of ${onnxType === "string" ? "type string" : `ONNX's data type ${proto.dataType}`}`,
    );
  }
  const count = checkDims(proto.dims, where);
  const shape = proto.dims;
  const raw = rawBytes(proto, where, options);
  const typed = raw === undefined ? typedNumbers(proto, onnxType) : undefined;
  if (raw !== undefined) {
    const { size } = rawTypes[onnxType];
    if (raw.length !== count * size) {
      throw new ModelFormatError(
        `${where}: ${showShape(shape)} ${onnxType} takes ${count} × ${size} = ${count * size} bytes, but there are ${raw.length}`,
      );
    }
  } else if (typed !== undefined && typed.length !== count) {
    throw new ModelFormatError(`${where}: ${showShape(shape)} takes ${count} numbers, but there are ${typed.length}`);
  }
  const data = allocate(dtypeFor(onnxType, floatType), count);
  if (raw !== undefined) fillFromRaw(data, raw, onnxType);
  else if (typed !== undefined) fillFromTyped(data, typed, onnxType);
  return { tensor: new Tensor(data, shape), onnxType };
}

/** Number of elements. Throws `ModelFormatError` for sizes that no tensor has. */
export function checkDims(dims: readonly number[], where: string): number {
  const count = sizeOf(dims);
  if (!dims.every((n) => Number.isInteger(n) && n >= 0) || !(count <= 2 ** 31)) {
    throw new ModelFormatError(`${where}: its shape is ${showShape(dims)}; sizes are integers >= 0, and their product is at most 2^31`);
  }
  return count;
}

function rawBytes(proto: TensorProto, where: string, { external }: TensorOptions): Uint8Array | undefined {
  if (proto.dataLocation !== 1) return proto.rawData;
  const { location, offset, length } = externalPlace(proto, where);
  const file = external?.get(location);
  if (file === undefined) {
    throw new ModelFormatError(
      `${where}: its numbers are in another file, "${location}"; give readOnnx the option externalData, or open the model with openOnnx (in Node)`,
    );
  }
  const end = length === undefined ? file.length : offset + length;
  if (end > file.length) {
    throw new ModelFormatError(`${where}: it ends at byte ${end} of "${location}", which has only ${file.length}`);
  }
  return file.subarray(offset, end);
}

/** Where the numbers of an external tensor are. Throws `ModelFormatError` for a path that leads out of the model's folder. */
export function externalPlace(
  proto: TensorProto,
  where: string,
): { readonly location: string; readonly offset: number; readonly length: number | undefined } {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get("location") ?? "";
  const parts = location.split(/[/\\]/);
  if (location === "" || parts.some((part) => part === ".." || part === "") || /^[a-z]+:/i.test(location) || location.includes("\0")) {
    throw new ModelFormatError(`${where}: its numbers are said to be in the file "${location}"; only files in the model's folder are read`);
  }
  const whole = (key: string): number | undefined => {
    const given = entries.get(key);
    if (given === undefined || given === "") return undefined;
    if (!/^\d{1,15}$/.test(given))
      throw new ModelFormatError(`${where}: the ${key} of its numbers is "${given}"; expected a number of bytes`);
    return Number(given);
  };
  return { location, offset: whole("offset") ?? 0, length: whole("length") };
}

/** The field that holds the numbers of a type, when they are not raw. */
function typedNumbers(proto: TensorProto, type: OnnxType): readonly number[] {
  if (type === "float") return proto.floatData;
  if (type === "double") return proto.doubleData;
  if (type === "int64") return proto.int64Data;
  return type === "uint32" || type === "uint64" ? proto.uint64Data : proto.int32Data;
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function fillFromRaw(data: TensorData, raw: Uint8Array, type: Exclude<OnnxType, "string">): void {
  const same =
    (type === "float" && data instanceof Float32Array) ||
    (type === "double" && data instanceof Float64Array) ||
    (type === "int32" && data instanceof Int32Array) ||
    (type === "uint8" && data instanceof Uint8Array);
  if (same && littleEndian) {
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(raw);
    return;
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const { size, read } = rawTypes[type];
  for (let i = 0; i < data.length; i++) data[i] = read(view, i * size);
}

function fillFromTyped(data: TensorData, typed: readonly number[], type: OnnxType): void {
  const half = type === "float16" ? fromHalf : type === "bfloat16" ? fromBfloat16 : undefined;
  for (let i = 0; i < data.length; i++) {
    const n = typed[i];
    data[i] = half !== undefined ? half(n & 0xffff) : type === "bool" ? Number(n !== 0) : data instanceof Int32Array ? saturate(n) : n;
  }
}
