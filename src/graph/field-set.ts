// The exact set of input positions that one unit reads: dilated kernels leave holes in the box, strides larger than the kernel leave gaps,
// padding and crops cut it, and branches that look at different places have no common box at all. A set of positions knows all of it.
import type { FieldStatus } from "../arithmetic/receptive-field.ts";
import { ArgumentError, GraphError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type Field, named } from "./op.ts";
import { showValue, topological, type Value } from "./value.ts";

export interface FieldSet {
  /** "exact", or why the set may hold more than is read. */
  readonly status: FieldStatus;
  /** Row-major positions in a map of the input, ascending; padding is never among them. */
  readonly positions: Int32Array;
}

type WindowField = Extract<Field, { readonly kind: "window" }>;

/** Rounding of fractional strides must not lose a position. */
const slack = 1e-9;

/**
 * Which positions of `input` the unit of `value` at `position` (one entry per spatial axis) reads, in any channel. Works for misaligned
 * branches too. Throws `GraphError` when `value` does not depend on `input`, `ArgumentError` when there is no such position.
 */
export function fieldSet(value: Value, input: Value, position: readonly number[]): FieldSet {
  const size = value.shape.slice(2);
  if (position.length !== size.length || position.some((at, axis) => !Number.isInteger(at) || at < 0 || at >= size[axis])) {
    throw new ArgumentError(`fieldSet: ${showValue(value)} has no position (${position.join(", ")}); its maps are ${size.join(" x ")}`);
  }
  const order = topological([value]);
  const relevant = new Set<Value>();
  for (const v of order) if (v === input || v.inputs.some((i) => relevant.has(i))) relevant.add(v);
  if (!relevant.has(value)) throw new GraphError(`fieldSet: ${showValue(value)} does not depend on ${showValue(input)}`);

  const start = position.reduce((at, p, axis) => at * size[axis] + p, 0);
  const read = new Map<Value, Set<number>>([[value, new Set([start])]]);
  let status: FieldStatus = "exact";
  const weaken = (to: FieldStatus): void => {
    if (trust.indexOf(to) > trust.indexOf(status)) status = to;
  };
  for (let i = order.length - 1; i >= 0; i--) {
    const v = order[i];
    const here = read.get(v);
    if (here === undefined || v === input) continue;
    const shapes = named(
      v.op,
      v.inputs.map((operand) => operand.shape),
    );
    const fields = v.op.field(shapes, v.attrs, v.shape);
    v.inputs.forEach((operand, k) => {
      if (!relevant.has(operand)) return;
      const [through, trusted] = backwards(fields[k], here, v, operand);
      weaken(trusted);
      const known = read.get(operand);
      if (known === undefined) read.set(operand, through);
      else for (const p of through) known.add(p);
    });
  }
  return { status, positions: Int32Array.from(read.get(input) ?? []).sort() };
}

/** From the best answer to the worst. */
const trust: readonly FieldStatus[] = ["exact", "whole input", "upper bound", "data-dependent", "unknown"];

/** The positions of `operand` that the positions `here` of `v` read, and how far that can be trusted. */
function backwards(field: Field, here: ReadonlySet<number>, v: Value, operand: Value): [Set<number>, FieldStatus] {
  const [from, to] = [v.shape.slice(2), operand.shape.slice(2)];
  const all = (): Set<number> => (here.size === 0 ? new Set() : new Set(Array.from({ length: sizeOf(to) }, (_, p) => p)));
  switch (field.kind) {
    case "whole":
      return [all(), "whole input"];
    case "data":
      return [all(), "data-dependent"];
    case "unknown":
      return [all(), "unknown"];
    case "pointwise":
      return from.join() === to.join() ? [new Set(here), "exact"] : [all(), "unknown"];
    case "window": {
      if (field.axes.length !== from.length || from.length !== to.length) return [all(), "unknown"];
      const known = field.bound !== true || field.axes.every((axis) => axis.dilation !== undefined);
      return [throughTaps(field, here, from, to), known ? "exact" : "upper bound"];
    }
  }
}

function throughTaps({ axes }: WindowField, here: ReadonlySet<number>, from: readonly number[], to: readonly number[]): Set<number> {
  // What an output index reads along one axis depends on that axis alone.
  const reads = axes.map((axis, a) => Array.from({ length: from[a] }, (_, o) => tapsOf(axis, o, to[a])));
  const found = new Set<number>();
  for (const p of here) {
    let positions = [0];
    let [rest, scale] = [p, sizeOf(from)];
    for (let a = 0; a < from.length; a++) {
      scale /= from[a];
      const o = Math.floor(rest / scale);
      rest %= scale;
      positions = positions.flatMap((outer) => reads[a][o].map((i) => outer * to[a] + i));
    }
    for (const i of positions) found.add(i);
  }
  return found;
}

/** The whole numbers among o·stride - before + j·dilation, within the window and the operand. */
function tapsOf({ size, stride, before, dilation }: WindowField["axes"][number], o: number, limit: number): number[] {
  const taps: number[] = [];
  const first = o * stride - before;
  // Where taps are not known one by one, every whole position of the window may be read.
  const [start, step] = dilation === undefined ? [Math.ceil(first - slack), 1] : [first, dilation];
  for (let j = 0; start + j * step <= first + size - 1 + slack; j++) {
    const at = start + j * step;
    const whole = Math.round(at);
    if (Math.abs(at - whole) < slack && whole >= 0 && whole < limit) taps.push(whole);
  }
  return taps;
}
