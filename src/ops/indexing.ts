// Where elements lie that are named by index tensors. Gathers and scatters all come down to row-major element numbers, which `take` and `put`
// understand; here indices become such numbers, one way for the reference loops and one for graphs.
import { constant } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { normaliseAxis, type Shape, sameShape, showShape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { type DType, Tensor } from "../tensor/tensor.ts";
import { map } from "./elementwise.ts";
import type { Expression } from "./expression.ts";
import * as e from "./expression-build.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

/** Throws `DTypeError` unless indices are int32. */
export function checkIndexType(name: string, indices: DType): void {
  if (indices !== "int32") throw new DTypeError(`${name}: indices have dtype ${indices}; they are int32, cast them`);
}

/** A position on an axis of `size` elements, negative ones counted from the end. Throws `ArgumentError` outside. */
export function resolveIndex(index: number, size: number, where: string): number {
  if (index < -size || index >= size) {
    throw new ArgumentError(`${where}: index ${index} is out of range for an axis of ${size} elements (${-size}..${size - 1})`);
  }
  return index < 0 ? index + size : index;
}

/** 0, step, 2·step, ... as an int32 constant along axis `axis` of `rank` axes. */
export function steps(count: number, step: number, axis: number, rank: number): Value {
  const shape = Array.from({ length: rank }, (_, i) => (i === axis ? count : 1));
  return constant(
    new Tensor(
      Int32Array.from({ length: count }, (_, i) => i * step),
      shape,
    ),
  );
}

/** Indices into one axis: how many positions it has, and how far apart they lie. */
export interface IndexPart {
  readonly index: Value;
  readonly size: number;
  readonly step: number;
}

/**
 * Element numbers as a graph value: each index times its step, negative ones counted from the end, plus `offsets`; all broadcast. Where an
 * index lies outside its axis the number is -1, which take and put leave alone: a compiled program cannot throw for a single element.
 */
export function elementNumbers(parts: readonly IndexPart[], offsets: readonly Value[]): Value {
  const resolved = parts.map(({ size }, i) => e.select(e.lt(e.operand(i), 0), e.add(e.operand(i), size), e.operand(i)));
  const inside = parts
    .map(({ size }, i) => e.and(e.ge(resolved[i], 0), e.lt(resolved[i], size)))
    .reduce<Expression>((all, one) => e.and(all, one), e.number(1));
  const shifts = offsets.map((_, i) => e.operand(parts.length + i));
  const number = [...parts.map(({ step }, i) => e.mul(resolved[i], step)), ...shifts].reduce<Expression>(
    (sum, t) => e.add(sum, t),
    e.number(0),
  );
  return map(e.select(inside, number, -1), [...parts.map(({ index }) => index), ...offsets]);
}

/** Row-major counting without divisions: calls `visit` with the multi-index of every element of `shape`, which is reused. */
export function eachPosition(shape: readonly number[], visit: (position: readonly number[], i: number) => void): void {
  const position = shape.map(() => 0);
  const size = sizeOf(shape);
  for (let i = 0; i < size; i++) {
    visit(position, i);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis]++;
      if (position[axis] < shape[axis]) break;
      position[axis] = 0;
    }
  }
}

/** Indices may be smaller than x on the other axes, but not larger. */
export function checkElementIndices(x: Shape, indices: Shape, axis: number, where: string): number {
  const at = normaliseAxis(axis, x.length, where);
  if (indices.length !== x.length || indices.some((n, a) => a !== at && n > x[a])) {
    throw new ShapeError(
      `${where}: indices ${showShape(indices)} must have as many axes as x ${showShape(x)}, and be no larger but along axis ${at}`,
    );
  }
  return at;
}

/** Element numbers of x[..., indices, ...], every other coordinate being the index's own. */
export function alongAxisNumbers(x: Shape, indices: Value, at: number): Value {
  const strides = stridesOf(x);
  const offsets = indices.shape.flatMap((n, a) => (a === at || n === 1 ? [] : [steps(n, strides[a], a, x.length)]));
  return elementNumbers([{ index: indices, size: x[at], step: strides[at] }], offsets);
}

/** How a tuple of `depth` indices, after `batch` axes that x and indices share, addresses slices of x. */
export function tupleLayout(x: Shape, indices: Shape, batch: number, where: string): { readonly depth: number; readonly slice: Shape } {
  const depth = indices.at(-1);
  if (depth === undefined) throw new ShapeError(`${where}: indices have no axes; their last axis holds the tuples`);
  if (batch >= Math.min(x.length, indices.length)) {
    throw new ArgumentError(`${where}: ${batch} batch axes leave nothing of x ${showShape(x)} or indices ${showShape(indices)}`);
  }
  if (!sameShape(x.slice(0, batch), indices.slice(0, batch))) {
    throw new ShapeError(`${where}: the first ${batch} axes of x ${showShape(x)} and indices ${showShape(indices)} must be the same`);
  }
  if (depth > x.length - batch) {
    throw new ShapeError(`${where}: tuples of ${depth} indices (${showShape(indices)}) for ${x.length - batch} axes of ${showShape(x)}`);
  }
  return { depth, slice: x.slice(batch + depth) };
}

/** Element numbers of the slices that tuples name, [batches, tuples, elements of a slice]. */
export function tupleNumbers(x: Shape, indices: Value, batch: number): Value {
  const { depth, slice: rest } = tupleLayout(x, indices.shape, batch, "indices");
  const strides = stridesOf(x);
  const batches = sizeOf(x.slice(0, batch));
  const tuples = sizeOf(indices.shape.slice(batch, -1));
  const flat = reshape(indices, [batches, tuples, depth]);
  const parts = Array.from({ length: depth }, (_, i) => ({
    index: slice(flat, { axes: [2], starts: [i], ends: [i + 1] }),
    size: x[batch + i],
    step: strides[batch + i],
  }));
  const none = steps(tuples, 0, 1, 3);
  return elementNumbers(parts, [steps(batches, sizeOf(x.slice(batch)), 0, 3), none, steps(sizeOf(rest), 1, 2, 3)]);
}

/** Calls `visit` with the start of the slice that each tuple names in x, the start of its place in a list of slices, and its length. */
export function eachTuple(
  x: Shape,
  indices: { readonly shape: Shape; readonly data: ArrayLike<number> },
  batch: number,
  where: string,
  visit: (inX: number, inList: number, size: number) => void,
): void {
  const { depth, slice: rest } = tupleLayout(x, indices.shape, batch, where);
  const strides = stridesOf(x);
  const size = sizeOf(rest);
  const tuples = sizeOf(indices.shape.slice(0, -1));
  const perBatch = sizeOf(indices.shape.slice(batch, -1));
  for (let t = 0; t < tuples; t++) {
    let from = Math.floor(t / perBatch) * sizeOf(x.slice(batch));
    for (let i = 0; i < depth; i++) from += resolveIndex(indices.data[t * depth + i], x[batch + i], where) * strides[batch + i];
    visit(from, t * size, size);
  }
}
