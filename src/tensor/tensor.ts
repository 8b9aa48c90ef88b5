// A tensor is a shape, an element type and a plain typed array in row-major order. It owns nothing else and needs no disposal.
import { ArgumentError, DTypeError, ShapeError } from "./errors.ts";
import { showGiven } from "./options.ts";
import { checkShape, type Shape, sameShape, showShape, sizeOf, stridesOf } from "./shape.ts";

export type DType = "float32" | "float64" | "int32" | "uint8";
export type TensorData = Float32Array | Float64Array | Int32Array | Uint8Array;

const arrayTypes = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array } as const;

/** Elements that may still be allocated; without end but within `withRoom`. */
let room = Number.POSITIVE_INFINITY;

/** A new zero-filled typed array for `length` elements of `dtype`. Throws `ShapeError` when `withRoom` has no room for it. */
export function allocate(dtype: DType, length: number): TensorData {
  const ArrayType = arrayTypes[dtype];
  if (ArrayType === undefined) throw new DTypeError(`unknown dtype "${String(dtype)}"; known: ${Object.keys(arrayTypes).join(", ")}`);
  if (length > room) throw new ShapeError(`a tensor of ${length} elements was asked for, where there is room for only ${room} more`);
  room -= length;
  return new ArrayType(length);
}

/**
 * Runs `work`, in which tensors of at most `elements` elements may be made, all together: for files that nobody trusts, whose sizes must
 * not decide how much memory is taken. `work` must not be asynchronous.
 */
export function withRoom<T>(elements: number, work: () => T): T {
  const before = room;
  const start = Math.min(room, elements);
  room = start;
  try {
    return work();
  } finally {
    room = before - (start - room);
  }
}

/** 8 for float64, 4 for float32 and int32, 1 for uint8. */
export function bytesPerElement(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** The element type that a typed array stands for. Throws `DTypeError` for arrays that are no tensor's data. */
export function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "uint8";
  throw new DTypeError(`tensor: the data is ${showGiven(data)}; expected a Float32Array, Float64Array, Int32Array or Uint8Array`);
}

/** Arrays of arrays of numbers, as written in source code: `[[1, 2], [3, 4]]`. */
export type Nested = number | readonly Nested[];

/**
 * Numbers in row-major order under a shape. Immutable in shape and type; `data` may be written to, and is shared by `reshape` and
 * `entry`.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TensorData;

  /** Wraps `data` without copying. Throws `ShapeError` when its length is not the product of `shape`. */
  constructor(data: TensorData, shape: Shape) {
    this.dtype = dtypeOf(data);
    checkShape(shape, "tensor");
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError(`tensor: shape ${showShape(shape)} needs ${sizeOf(shape)} elements, but the data has ${data.length}`);
    }
    this.data = data;
    this.shape = Object.freeze([...shape]);
  }

  /** Number of elements. */
  get size(): number {
    return this.data.length;
  }

  /** Number of axes; 0 for a scalar. */
  get rank(): number {
    return this.shape.length;
  }

  /** The element at one index per axis. */
  at(...index: number[]): number {
    if (index.length !== this.rank) throw new ShapeError(`tensor.at: ${index.length} indices for shape ${showShape(this.shape)}`);
    const strides = stridesOf(this.shape);
    let offset = 0;
    for (let axis = 0; axis < index.length; axis++) {
      const i = index[axis];
      if (!Number.isInteger(i) || i < 0 || i >= this.shape[axis]) {
        throw new ShapeError(`tensor.at: index ${i} on axis ${axis} is outside 0..${this.shape[axis] - 1}`);
      }
      offset += i * strides[axis];
    }
    return this.data[offset];
  }

  /** The only element of a one-element tensor. */
  item(): number {
    if (this.size !== 1) throw new ShapeError(`tensor.item: shape ${showShape(this.shape)} has ${this.size} elements, not 1`);
    return this.data[0];
  }

  /** Nested plain arrays, for printing and comparing. */
  toNested(): Nested {
    const build = (axis: number, offset: number, step: number): Nested => {
      if (axis === this.rank) return this.data[offset];
      const inner = step / this.shape[axis];
      return Array.from({ length: this.shape[axis] }, (_, i) => build(axis + 1, offset + i * inner, inner));
    };
    return build(0, 0, this.size);
  }

  /** The same data under another shape (shared, not copied); one size may be -1. */
  reshape(shape: Shape): Tensor {
    return new Tensor(this.data, inferShape(shape, this.size, "tensor.reshape"));
  }

  /** A copy with another element type; values are rounded and wrapped as typed arrays do. */
  cast(dtype: DType): Tensor {
    const data = allocate(dtype, this.size);
    data.set(this.data);
    return new Tensor(data, this.shape);
  }

  /** A copy with memory of its own. */
  clone(): Tensor {
    return new Tensor(this.data.slice(), this.shape);
  }

  /** Entry `i` of the first axis, sharing memory: picture i of a batch. */
  entry(i: number): Tensor {
    const [count, ...rest] = this.shape;
    if (this.rank === 0 || !Number.isInteger(i) || i < 0 || i >= count) {
      throw new ShapeError(`tensor.entry: index ${i} is outside the first axis of ${showShape(this.shape)}`);
    }
    const step = sizeOf(rest);
    return new Tensor(this.data.subarray(i * step, (i + 1) * step), rest);
  }

  toString(): string {
    const shown = Array.from(this.data.subarray(0, 8), (v) => String(Math.round(v * 1e4) / 1e4)).join(", ");
    return `Tensor(${this.dtype} ${showShape(this.shape)}: ${shown}${this.size > 8 ? ", ..." : ""})`;
  }
}

/** Replaces a -1 in `shape` by the size that makes it hold `size` elements; throws `ShapeError` when none does. */
export function inferShape(shape: Shape, size: number, where: string): number[] {
  const unknown = shape.filter((n) => n === -1).length;
  if (unknown > 1) throw new ShapeError(`${where}: ${showShape(shape)} has more than one -1`);
  const known = shape.reduce((p, n) => (n === -1 ? p : p * n), 1);
  const out = shape.map((n) => (n === -1 ? (known === 0 ? 0 : size / known) : n));
  if (sizeOf(out) !== size || !out.every(Number.isInteger)) {
    throw new ShapeError(`${where}: ${size} elements do not fill the shape ${showShape(shape)}`);
  }
  return out;
}

/**
 * A tensor from nested arrays (shape read off the nesting), or from a flat array and a shape.
 * Default dtype float32; data is copied.
 */
export function tensor(values: Nested | TensorData, shape?: Shape, dtype?: DType): Tensor {
  if (ArrayBuffer.isView(values)) {
    const data = dtype === undefined || dtype === dtypeOf(values) ? values.slice() : new Tensor(values, [values.length]).cast(dtype).data;
    return new Tensor(data, shape ?? [values.length]);
  }
  const found: number[] = [];
  for (let v: Nested = values; Array.isArray(v); v = v[0]) {
    found.push(v.length);
    if (v.length === 0) break;
  }
  const flat: number[] = [];
  const walk = (v: Nested, axis: number): void => {
    if (typeof v === "number") {
      if (axis !== found.length) throw new ShapeError("tensor: nested arrays of different depth");
      flat.push(v);
      return;
    }
    if (!Array.isArray(v))
      throw new ArgumentError(`tensor: found ${showGiven(v)}; expected numbers, nested lists of numbers or a typed array`);
    if (axis >= found.length || v.length !== found[axis]) {
      throw new ShapeError(`tensor: ragged nested array; axis ${axis} has sizes ${found[axis]} and ${v.length}`);
    }
    for (const inner of v) walk(inner, axis + 1);
  };
  walk(values, 0);
  const data = allocate(dtype ?? "float32", flat.length);
  data.set(flat);
  if (shape !== undefined && !(found.length <= 1) && !sameShape(shape, found)) {
    throw new ShapeError(`tensor: the nesting has shape ${showShape(found)}, not ${showShape(shape)}`);
  }
  return new Tensor(data, shape ?? found);
}

/** A tensor of zeros (default float32). Throws `ShapeError` for sizes that are not integers >= 0, `DTypeError` for unknown types. */
export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  checkShape(shape, "zeros");
  return new Tensor(allocate(dtype, sizeOf(shape)), shape);
}

/** A tensor of one repeated number (default float32). Errors as `zeros`. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  if (typeof value !== "number") throw new ArgumentError(`full: the value is ${showGiven(value)}; expected a number`);
  const t = zeros(shape, dtype);
  t.data.fill(value);
  return t;
}

/** A tensor of ones (default float32). Errors as `zeros`. */
export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return full(shape, 1, dtype);
}

/** 0, 1, ... count-1 in the given shape: handy for tests and examples. */
export function arange(count: number, shape: Shape = [count], dtype: DType = "float32"): Tensor {
  if (!Number.isInteger(count) || count < 0) throw new ArgumentError(`arange: count ${count} is not an integer >= 0`);
  const t = zeros(shape, dtype);
  if (t.size !== count) throw new ShapeError(`arange: ${count} elements do not fill the shape ${showShape(shape)}`);
  for (let i = 0; i < count; i++) t.data[i] = i;
  return t;
}
