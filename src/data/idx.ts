// The IDX format of MNIST and its relatives: a magic number that tells element type and rank, the sizes, the values, all big-endian.
// http://yann.lecun.com/exdb/mnist, "file formats". Everything is checked against the file's length before memory is taken.
import { DataError } from "../tensor/errors.ts";
import { expectBytes } from "../tensor/expect.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

interface ElementType {
  readonly bytes: number;
  readonly read: (view: DataView, count: number) => Float32Array | Float64Array | Int32Array;
}

/** By the third byte of the magic number; unsigned bytes (8) are copied directly. */
const elementTypes: ReadonlyMap<number, ElementType> = new Map([
  [0x09, { bytes: 1, read: (view, count) => Int32Array.from({ length: count }, (_, i) => view.getInt8(i)) }],
  [0x0b, { bytes: 2, read: (view, count) => Int32Array.from({ length: count }, (_, i) => view.getInt16(2 * i)) }],
  [0x0c, { bytes: 4, read: (view, count) => Int32Array.from({ length: count }, (_, i) => view.getInt32(4 * i)) }],
  [0x0d, { bytes: 4, read: (view, count) => Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i)) }],
  [0x0e, { bytes: 8, read: (view, count) => Float64Array.from({ length: count }, (_, i) => view.getFloat64(8 * i)) }],
]);

/**
 * Parses an (unpacked) IDX file: unsigned bytes become uint8, signed integers int32, floats float32 or float64.
 * Throws `DataError` with the byte position and what was expected there.
 */
export function parseIdx(bytes: Uint8Array, name = "IDX file"): Tensor {
  expectBytes("parseIdx", bytes);
  if (bytes.length < 4)
    throw new DataError(`${name}: ${bytes.length} bytes are too few for an IDX file, which begins with a magic number of 4`);
  const [zero, alsoZero, type, rank] = bytes;
  const elementType = elementTypes.get(type);
  if (zero !== 0 || alsoZero !== 0 || (type !== 0x08 && elementType === undefined)) {
    const found = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, "0")).join(" ");
    const hint = zero === 0x1f && alsoZero === 0x8b ? " (this is gzip: unpack it first)" : "";
    throw new DataError(
      `${name}: the magic number at byte 0 is ${found}, expected 00 00, an element type (08, 09, 0b..0e) and a rank${hint}`,
    );
  }
  const headerLength = 4 + 4 * rank;
  if (bytes.length < headerLength) {
    throw new DataError(`${name}: cut off in the header: ${rank} sizes need ${headerLength} bytes, the file has ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, 1);
  const needed = headerLength + count * (elementType?.bytes ?? 1);
  if (bytes.length !== needed) {
    const what = bytes.length < needed ? "cut off" : "too long";
    throw new DataError(`${name}: ${what}: sizes ${showShape(shape)} need ${needed} bytes with the header, the file has ${bytes.length}`);
  }
  if (elementType === undefined) return new Tensor(bytes.subarray(headerLength), shape);
  return new Tensor(elementType.read(new DataView(bytes.buffer, bytes.byteOffset + headerLength), count), shape);
}
