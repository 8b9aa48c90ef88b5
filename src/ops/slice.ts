// Slicing with steps, as numpy and ONNX do it: negative positions count from the end, ends are exclusive and clamped, steps may go backwards.
import { type AttrContext, custom, integers } from "../graph/attrs.ts";
import { defineOp, type Field, type Op, unknownField } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { normaliseAxis, type Shape, sameShape, showShape } from "../tensor/shape.ts";
import { type AxisMaps, gatherAlong, scatterAlong } from "./axis-maps.ts";
import { pad } from "./pad.ts";

/** One axis of a slice, resolved against its size: positions start, start + step, ... (`size` of them). */
export interface SlicedAxis {
  readonly start: number;
  readonly step: number;
  readonly size: number;
}

export interface SliceAttrs {
  readonly axes: readonly number[] | undefined;
  readonly starts: readonly (number | undefined)[];
  readonly ends: readonly (number | undefined)[];
  readonly steps: readonly number[];
}

function positions(given: unknown, { where }: AttrContext): readonly (number | undefined)[] {
  const list = given ?? [];
  if (!Array.isArray(list) || !list.every((n) => n === undefined || n === null || Number.isInteger(n))) {
    throw new ArgumentError(`${where} is ${JSON.stringify(given)}; expected a list of integers; undefined entries mean all the way`);
  }
  return list.map((n) => n ?? undefined);
}

function parseSteps(given: unknown, { where }: AttrContext): readonly number[] {
  const list = given ?? [];
  if (!Array.isArray(list) || !list.every((n) => Number.isInteger(n) && n !== 0)) {
    throw new ArgumentError(`${where} is ${JSON.stringify(given)}; expected a list of integers other than 0`);
  }
  return list;
}

const sliceAttrs = {
  starts: custom(positions, "first position per sliced axis; negative counts from the end (default: the beginning)"),
  ends: custom(positions, "position after the last per sliced axis; clamped to the size (default: all the way)"),
  steps: custom(parseSteps, "step per sliced axis, not 0 (default 1)"),
  axes: custom(
    (given, context) => (given === undefined ? undefined : integers().parse(given, context)),
    "the axes that starts, ends and steps are for (default: the first ones)",
  ),
};

/** Resolves a slice against a shape: what every backend needs to know. */
export function slicedAxes(shape: Shape, { axes, starts, ends, steps }: SliceAttrs, where = "slice"): SlicedAxis[] {
  const count = Math.max(starts.length, ends.length, steps.length);
  const chosen = axes ?? Array.from({ length: count }, (_, i) => i);
  if (count > chosen.length) throw new ArgumentError(`${where}: ${count} positions are given for ${chosen.length} axes`);
  const sliced: SlicedAxis[] = shape.map((size) => ({ start: 0, step: 1, size }));
  const seen = new Set<number>();
  chosen.forEach((given, i) => {
    const axis = normaliseAxis(given, shape.length, where);
    if (seen.has(axis)) throw new ArgumentError(`${where}: axis ${axis} is sliced twice`);
    seen.add(axis);
    sliced[axis] = resolveAxis(shape[axis], starts[i], ends[i], steps[i] ?? 1);
  });
  return sliced;
}

function resolveAxis(size: number, start: number | undefined, end: number | undefined, step: number): SlicedAxis {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (n: number): number => Math.min(Math.max(n < 0 ? n + size : n, low), high);
  const from = start === undefined ? (step > 0 ? low : high) : clamp(start);
  const to = end === undefined ? (step > 0 ? high : low) : clamp(end);
  return { start: from, step, size: Math.max(0, Math.ceil((to - from) / step)) };
}

function sliceMaps(sliced: readonly SlicedAxis[]): AxisMaps {
  return sliced.map(({ start, step, size }) => Int32Array.from({ length: size }, (_, i) => start + i * step));
}

function sliceField(x: Shape, sliced: readonly SlicedAxis[]): Field {
  const whole = (axis: number): boolean => sliced[axis] === undefined || (sliced[axis].step > 0 && sliced[axis].size === x[axis]);
  if (!whole(0) || sliced.some(({ step }, axis) => axis >= 2 && step < 0)) return unknownField;
  return { kind: "window", axes: sliced.slice(2).map(({ start, step }) => ({ size: 1, stride: step, before: -start })) };
}

export const sliceOp: Op = defineOp({
  name: "slice",
  inputs: ["x"],
  attrs: sliceAttrs,
  shape: ({ x }, attrs, where) => slicedAxes(x, attrs, where).map(({ size }) => size),
  field: ({ x }, attrs) => ({ x: sliceField(x, slicedAxes(x, attrs)) }),
  grad: {
    x(g, { x }, attrs) {
      const sliced = slicedAxes(x.shape, attrs);
      if (sliced.some(({ step }) => step !== 1)) return apply(sliceGradOp, [g], { ...attrs, inputShape: x.shape });
      return pad(
        g,
        sliced.map(({ start, size }, axis) => [start, x.shape[axis] - start - size]),
      );
    },
  },
  reference: ({ x }, out, attrs) => gatherAlong(x, out, sliceMaps(slicedAxes(x.shape, attrs))),
  doc: {
    text: "A regular part of a tensor.",
    example: "slice(x, { axes: [2, 3], starts: [1, 1], steps: [2, 2] })   // x[:, :, 1::2, 1::2]",
  },
  cases: [
    { inputs: [[4, 5]], attrs: { starts: [1, 0], ends: [3, 4] } },
    { inputs: [[2, 7, 6]], attrs: { axes: [1, 2], starts: [1, 0], ends: [7, 6], steps: [3, 2] } },
    { title: "backwards", inputs: [[2, 7, 6]], attrs: { axes: [-1, 1], starts: [undefined, -2], ends: [undefined, 0], steps: [-2, -1] } },
    { title: "ends beyond the size are clamped", inputs: [[3, 4]], attrs: { starts: [-2], ends: [99] } },
  ],
});

/** Puts each element of g where `slice` took it from, zeros elsewhere: the adjoint of `slice`. */
export const sliceGradOp: Op = defineOp({
  name: "sliceGrad",
  inputs: ["g"],
  attrs: { ...sliceAttrs, inputShape: integers(undefined, "shape of what was sliced") },
  shape({ g }, { inputShape, ...attrs }, where) {
    const expected = slicedAxes(inputShape, attrs, where).map(({ size }) => size);
    if (!sameShape(expected, g)) {
      throw new ShapeError(`${where}: slicing ${showShape(inputShape)} gives ${showShape(expected)}, but g has ${showShape(g)}`);
    }
    return inputShape;
  },
  grad: { g: (u, _, { inputShape: _shape, ...attrs }) => apply(sliceOp, [u], attrs) },
  reference: ({ g }, out, { inputShape, ...attrs }) => scatterAlong(g, out, sliceMaps(slicedAxes(inputShape, attrs))),
  doc: { text: "The adjoint of slice: every element of g goes to the position that slice read it from, zeros elsewhere." },
  cases: [
    { inputs: [[2, 2, 3]], attrs: { axes: [1, 2], starts: [1, 0], ends: [7, 6], steps: [3, 2], inputShape: [2, 7, 6] } },
    { title: "backwards", inputs: [[3]], attrs: { steps: [-2], inputShape: [6] } },
  ],
});

export interface SliceOptions {
  readonly starts?: readonly (number | undefined)[];
  readonly ends?: readonly (number | undefined)[];
  readonly steps?: readonly number[];
  readonly axes?: readonly number[];
}

/**
 * x[start:end:step] along `axes` (default: the first axes). Negative positions count from the end, ends are exclusive and clamped,
 * undefined entries mean all the way, and a negative step walks backwards.
 */
export function slice<T extends Operand>(x: T, options: SliceOptions): T {
  return apply(sliceOp, [x], options);
}
