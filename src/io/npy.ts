// NumPy's file of one array: what most of the field's scripts write when they want to compare numbers with somebody.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { ModelFormatError } from "../tensor/errors.ts";
import { expectBytes, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { showShape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { allocate, type DType, Tensor, type TensorData } from "../tensor/tensor.ts";
import { fromHalf } from "./half-float.ts";

export interface ReadNpyOptions {
  /** What messages call the file. */
  readonly name?: string;
}

/** How one element of a file is read, and what it becomes. */
interface ElementType {
  readonly bytes: number;
  readonly dtype: DType;
  read(view: DataView, at: number, little: boolean): number | bigint;
}

const elementTypes: Readonly<Record<string, ElementType>> = {
  f2: { bytes: 2, dtype: "float32", read: (view, at, little) => fromHalf(view.getUint16(at, little)) },
  f4: { bytes: 4, dtype: "float32", read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, dtype: "float64", read: (view, at, little) => view.getFloat64(at, little) },
  i1: { bytes: 1, dtype: "int32", read: (view, at) => view.getInt8(at) },
  i2: { bytes: 2, dtype: "int32", read: (view, at, little) => view.getInt16(at, little) },
  i4: { bytes: 4, dtype: "int32", read: (view, at, little) => view.getInt32(at, little) },
  i8: { bytes: 8, dtype: "int32", read: (view, at, little) => view.getBigInt64(at, little) },
  u1: { bytes: 1, dtype: "uint8", read: (view, at) => view.getUint8(at) },
  u2: { bytes: 2, dtype: "int32", read: (view, at, little) => view.getUint16(at, little) },
  u4: { bytes: 4, dtype: "int32", read: (view, at, little) => view.getUint32(at, little) },
  u8: { bytes: 8, dtype: "int32", read: (view, at, little) => view.getBigUint64(at, little) },
  b1: { bytes: 1, dtype: "uint8", read: (view, at) => view.getUint8(at) },
};

const descriptions: Readonly<Record<DType, string>> = { float32: "<f4", float64: "<f8", int32: "<i4", uint8: "|u1" };

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Whether the bytes begin like a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads a .npy file: versions 1 to 3, C and Fortran order, either byte order. float16 becomes float32; integers become int32 (range checked)
 * but uint8; bool becomes uint8. Throws `ModelFormatError` when the file is damaged, cut off, or holds something that is no numbers.
 */
export function readNpy(bytes: Uint8Array, options: ReadNpyOptions = {}): Tensor {
  expectBytes("readNpy", bytes);
  checkOptions("readNpy", options, ["name"]);
  const { name = "npy" } = options;
  const { descr, fortran, shape, start } = readHeader(bytes, name);
  const type = elementTypes[descr.slice(1)];
  if (type === undefined || !"<>|=".includes(descr[0])) {
    throw new ModelFormatError(`${name}: elements are of type ${JSON.stringify(descr)}; known: ${Object.keys(elementTypes).join(", ")}`);
  }
  const needed = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, type.bytes);
  if (needed !== bytes.length - start) {
    throw new ModelFormatError(
      `${name}: ${descr} ${showShape(shape)} needs ${needed} bytes after the header, but ${bytes.length - start} are there`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, needed);
  const data = allocate(type.dtype, sizeOf(shape));
  const little = descr[0] !== ">";
  for (let i = 0; i < data.length; i++) {
    const value = type.read(view, i * type.bytes, little);
    const number = Number(value);
    if (type.dtype === "int32" && (number | 0) !== number) {
      throw new ModelFormatError(`${name}: element ${i} is ${value}, which does not fit int32`);
    }
    data[i] = number;
  }
  return fortran ? fromFortranOrder(data, shape) : new Tensor(data, shape);
}

/** Writes a .npy file (version 1, C order, little-endian), in the tensor's own element type. */
export function writeNpy(tensor: Tensor): Uint8Array {
  expectTensor("writeNpy", "the tensor", tensor);
  const { shape, data } = tensor;
  // One axis is written "(3,)", as Python writes a tuple.
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const text = `{'descr': '${descriptions[tensor.dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The format wants the numbers to start at a multiple of 64, the header padded with spaces and closed by a line feed.
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const out = new Uint8Array(start + data.byteLength);
  out.set([...magic, 1, 0]);
  new DataView(out.buffer).setUint16(8, start - 10, true);
  out.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return out;
}

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the numbers begin. */
  readonly start: number;
}

function readHeader(bytes: Uint8Array, name: string): Header {
  if (!isNpy(bytes))
    throw new ModelFormatError(`${name}: not a .npy file: it does not begin with \\x93NUMPY`, {
      reason: { kind: "not this format", file: name, format: "npy" },
    });
  const version = bytes[6];
  if (!(version >= 1 && version <= 3)) throw new ModelFormatError(`${name}: version ${version} of the .npy format; known: 1, 2, 3`);
  const lengthBytes = version === 1 ? 2 : 4;
  const begin = 8 + lengthBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length < begin ? Number.NaN : version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = begin + length;
  if (!(start <= bytes.length))
    throw new ModelFormatError(`${name}: cut off within the header, after ${bytes.length} bytes`, {
      reason: { kind: "damaged file", file: name, format: "npy" },
    });
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(begin, start));
  // A Python literal of three known keys; a general reader of Python would accept far more than NumPy writes.
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const tuple = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || tuple === undefined) {
    throw new ModelFormatError(
      `${name}: the header ${JSON.stringify(text.trim().slice(0, 120))} does not give descr, fortran_order and shape of plain numbers`,
    );
  }
  const shape = tuple
    .split(",")
    .map((part) => part.replace("L", "").trim())
    .filter((part) => part !== "")
    .map(Number);
  if (shape.length > 32 || shape.some((n) => !Number.isSafeInteger(n) || n > 2 ** 31)) {
    throw new ModelFormatError(`${name}: (${tuple}) is no shape`);
  }
  return { descr, fortran: order === "True", shape, start };
}

/** In Fortran order the first index runs fastest. */
function fromFortranOrder(data: TensorData, shape: readonly number[]): Tensor {
  const strides = stridesOf(shape);
  const out = allocate(new Tensor(data, [data.length]).dtype, data.length);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < data.length; i++) {
    out[index.reduce((sum, at, axis) => sum + at * strides[axis], 0)] = data[i];
    for (let axis = 0; axis < shape.length && ++index[axis] === shape[axis]; axis++) index[axis] = 0;
  }
  return new Tensor(out, shape);
}
