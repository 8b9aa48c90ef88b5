// Other shapes for the same elements in the same order. One size may stay open (-1), so that a graph can be retraced at another batch size.
import { integers } from "../graph/attrs.ts";
import { defineOp, type Field, type Op, pointwise, unknownField, wholeInput } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { normaliseAxes, normaliseAxis, type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { inferShape } from "../tensor/tensor.ts";
import { checkOperand } from "./operands.ts";

function reshapeField(x: Shape, out: Shape): Field {
  if (sameShape(x.slice(2), out.slice(2)) && x.length === out.length) return pointwise;
  return out.length <= 2 && x[0] === out[0] ? wholeInput : unknownField;
}

export const reshapeOp: Op = defineOp({
  name: "reshape",
  inputs: ["x"],
  attrs: { shape: integers(undefined, "the new sizes; one may be -1 and is inferred") },
  shape: ({ x }, { shape }, where) => inferShape(shape, sizeOf(x), `${where} of ${showShape(x)}`),
  field: ({ x }, _, out) => ({ x: reshapeField(x, out) }),
  grad: { x: (g, { x }) => reshape(g, x.shape) },
  reference: ({ x }, out) => out.data.set(x.data),
  doc: { text: "The same elements in the same row-major order under another shape.", example: "reshape(x, [8, -1])" },
  cases: [
    { inputs: [[2, 3, 4]], attrs: { shape: [4, 6] } },
    { inputs: [[2, 3, 4]], attrs: { shape: [-1] } },
    { inputs: [[1]], attrs: { shape: [] } },
  ],
});

/** `x` under another shape; one size may be -1. Throws `ShapeError` when the elements do not fill it. */
export function reshape<T extends Operand>(x: T, shape: Shape): T {
  return apply(reshapeOp, [x], { shape });
}

/** Merges the axes startAxis..endAxis (default 1..-1: everything but the batch) into one. */
export function flatten<T extends Operand>(x: T, options: { readonly startAxis?: number; readonly endAxis?: number } = {}): T {
  checkOperand("flatten", "x", x);
  checkOptions("flatten", options, ["startAxis", "endAxis"]);
  const { startAxis = 1, endAxis = -1 } = options;
  const { shape } = x;
  if (shape.length === 0) return reshape(x, [1]);
  const start = normaliseAxis(startAxis, Math.max(shape.length, 2), "flatten");
  const end = Math.max(normaliseAxis(endAxis, shape.length, "flatten"), shape.length === 1 ? start : 0);
  if (start > end) throw new ArgumentError(`flatten: startAxis ${startAxis} lies after endAxis ${endAxis}`);
  const merged = sizeOf(shape.slice(start, end + 1));
  return reshape(x, withOpenBatch([...shape.slice(0, start), merged, ...shape.slice(end + 1)]));
}

/** Removes axes of size 1: the given ones, or all. Throws `ShapeError` when a given one is larger. */
export function squeeze<T extends Operand>(x: T, options: { readonly axes?: number | readonly number[] } = {}): T {
  checkOperand("squeeze", "x", x);
  checkOptions("squeeze", options, ["axes"]);
  const { axes } = options;
  const { shape } = x;
  const removed = new Set(
    axes === undefined ? shape.flatMap((n, axis) => (n === 1 ? [axis] : [])) : normaliseAxes(axes, shape.length, "squeeze"),
  );
  for (const axis of removed) {
    if (shape[axis] !== 1) throw new ShapeError(`squeeze: axis ${axis} of ${showShape(shape)} has size ${shape[axis]}, not 1`);
  }
  const kept = shape.filter((_, axis) => !removed.has(axis));
  return reshape(x, removed.has(0) ? kept : withOpenBatch(kept));
}

/** Inserts axes of size 1 at the given positions of the result. */
export function unsqueeze<T extends Operand>(x: T, options: { readonly axes: number | readonly number[] }): T {
  checkOperand("unsqueeze", "x", x);
  checkOptions("unsqueeze", options, ["axes"]);
  const { axes } = options;
  if (typeof axes !== "number") expectList("unsqueeze", "axes", axes, "axes (or one number)");
  const rank = x.shape.length + (typeof axes === "number" ? 1 : axes.length);
  const inserted = new Set(normaliseAxes(axes, rank, "unsqueeze"));
  const old = [...x.shape];
  const shape = Array.from({ length: rank }, (_, axis) => (inserted.has(axis) ? 1 : (old.shift() as number)));
  return reshape(x, inserted.has(0) ? shape : withOpenBatch(shape));
}

/** The first size left open, so that the shape fits any batch. An empty tensor's sizes cannot be inferred and stay. */
function withOpenBatch(shape: Shape): Shape {
  return shape.length === 0 || sizeOf(shape) === 0 ? shape : [-1, ...shape.slice(1)];
}
