// Integer helpers over shapes. A shape is a read-only list of sizes, outermost axis first; a scalar has the empty shape.
import { ArgumentError, ShapeError } from "./errors.ts";
import { showGiven } from "./options.ts";

/** Sizes of a tensor's axes, outermost first. */
export type Shape = readonly number[];

/** Number of elements of a tensor of this shape (1 for a scalar). */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Row-major strides in elements: the last axis has stride 1. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/** Whether both have the same sizes in the same order; a missing axis is not a size of 1. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, axis) => n === b[axis]);
}

/** `[2, 3]` as it is printed in every message. */
export function showShape(shape: Shape): string {
  if (!Array.isArray(shape)) return showGiven(shape);
  return `[${shape.join(", ")}]`;
}

/** Throws a `ShapeError` unless every size is a non-negative integer that a typed array can hold. */
export function checkShape(shape: Shape, where = "shape"): void {
  if (!Array.isArray(shape)) throw new ShapeError(`${where}: the shape is ${showGiven(shape)}; expected a list of sizes, outermost first`);
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 0) throw new ShapeError(`${where}: ${showShape(shape)} has the size ${n}; sizes are integers >= 0`);
  }
  if (sizeOf(shape) > 2 ** 31) throw new ShapeError(`${where}: ${showShape(shape)} has more than 2^31 elements`);
}

/** Numpy's broadcasting: axes are aligned at the right, and a size of 1 stretches. */
export function broadcastShapes(shapes: readonly Shape[], where = "broadcast"): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const axis = rank - shape.length + i;
      const n = shape[i];
      if (n === 1) continue;
      if (out[axis] !== 1 && out[axis] !== n) {
        throw new ShapeError(
          `${where}: shapes ${shapes.map(showShape).join(" and ")} do not broadcast: axis ${axis - rank} has sizes ${out[axis]} and ${n}, which must be equal or 1`,
        );
      }
      out[axis] = n;
    }
  }
  return out;
}

/** An axis in -rank..rank-1 as one in 0..rank-1. */
export function normaliseAxis(axis: number, rank: number, where = "axis"): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ArgumentError(`${where}: axis ${axis} is out of range for ${rank} axes (${-rank}..${rank - 1})`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Several axes, made non-negative, sorted, without repetition; `undefined` means all. */
export function normaliseAxes(axes: number | readonly number[] | undefined, rank: number, where = "axes"): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === "number" ? [axes] : axes).map((a) => normaliseAxis(a, rank, where));
  if (new Set(list).size !== list.length) throw new ArgumentError(`${where}: [${list.join(", ")}] names an axis twice`);
  return list.sort((a, b) => a - b);
}
