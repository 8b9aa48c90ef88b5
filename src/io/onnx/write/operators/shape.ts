// Ops that move elements without computing: shapes, slices, borders, shuffles.
import type { Value } from "../../../../graph/value.ts";
import { type PadMode, type Pads, padMaps, pad as padValue } from "../../../../ops/pad.ts";
import { type AxisTaps, resample, transposeTaps } from "../../../../ops/resample.ts";
import { rollShifts } from "../../../../ops/roll.ts";
import { type SliceAttrs, slice, slicedAxes } from "../../../../ops/slice.ts";
import { resolvePermutation } from "../../../../ops/transpose.ts";
import { normaliseAxes, sizeOf } from "../../../../tensor/shape.ts";
import { Tensor } from "../../../../tensor/tensor.ts";
import type { OnnxWriter, OnnxWriters, Writing } from "../emission.ts";
import { elementType } from "../expression.ts";
import { onnxPads } from "./conv.ts";

/**
 * Sizes of a reshape that hold for every batch: a first size that stays is copied (0), one that changes is inferred (-1). Where the result
 * is fixed there is no batch, and the numbers stand as they are.
 */
function openShape({ value, isFixed }: Writing): readonly number[] {
  const { shape } = value;
  const [input] = value.inputs;
  if (isFixed || shape.length === 0 || sizeOf(shape) === 0) return shape;
  return [input.rank > 0 && input.shape[0] === shape[0] ? 0 : -1, ...shape.slice(1)];
}

const reshape: OnnxWriter = (writing) => {
  const { value, x, node, integers } = writing;
  const [input] = value.inputs;
  const isFlatten = input.rank > 2 && value.rank === 2 && value.shape[0] === input.shape[0];
  return isFlatten ? node("Flatten", x, { axis: 1 }) : node("Reshape", [x[0], integers(openShape(writing))]);
};

const transpose: OnnxWriter = ({ value, x, node }) =>
  node("Transpose", x, { perm: resolvePermutation(value.rank, value.attrs.permutation as readonly number[] | undefined) });

/** Sizes that stay are written as 1, so that they may be any. */
const broadcastTo: OnnxWriter = ({ value, x, node, integers }) => {
  const [input] = value.inputs;
  const missing = value.rank - input.rank;
  return node("Expand", [x[0], integers(value.shape.map((n, axis) => (axis >= missing && input.shape[axis - missing] === n ? 1 : n)))]);
};

const sliceWriter: OnnxWriter = ({ value, x, node, integers }) => {
  const [input] = value.inputs;
  const sliced = slicedAxes(input.shape, value.attrs as unknown as SliceAttrs)
    .map((axis, number) => ({ ...axis, number }))
    .filter(({ start, step, size, number }) => start !== 0 || step !== 1 || size !== input.shape[number]);
  if (sliced.length === 0) return node("Identity", x);
  const ends = sliced.map(({ start, step, size, number }) => {
    const end = start + (size === 0 ? 0 : (size - 1) * step + Math.sign(step));
    // An end before the first position must not be taken for one that counts from the last.
    return end < 0 ? -input.shape[number] - 1 : end;
  });
  return node("Slice", [
    x[0],
    integers(sliced.map((a) => a.start)),
    integers(ends),
    integers(sliced.map((a) => a.number)),
    ...(sliced.some((a) => a.step !== 1) ? [integers(sliced.map((a) => a.step))] : []),
  ]);
};

/** The adjoint of a map of positions: every input position sums what was read from it. */
function adjointTaps(map: ArrayLike<number>, inputSize: number): AxisTaps | undefined {
  const reads = Array.from(map, (from) => (from < 0 ? [] : ([[from, 1]] as const)));
  const isIdentity = reads.length === inputSize && reads.every((row, i) => row[0]?.[0] === i);
  return isIdentity ? undefined : transposeTaps({ inputSize, step: 1, reads });
}

const sliceGrad: OnnxWriter = ({ value }) => {
  const sliced = slicedAxes(value.shape, value.attrs as unknown as SliceAttrs);
  const taps = sliced.map(({ start, step, size }, axis) =>
    adjointTaps(
      Array.from({ length: size }, (_, i) => start + i * step),
      value.shape[axis],
    ),
  );
  return resample(value.inputs[0], taps);
};

const padGrad: OnnxWriter = ({ value }) => {
  const { pads, mode } = value.attrs as { pads: Pads; mode: PadMode };
  return resample(
    value.inputs[0],
    padMaps(value.shape, pads, mode).map((map, axis) => adjointTaps(map, value.shape[axis])),
  );
};

/** Reads an axis in any order. */
export function gather({ node, integers }: Writing, x: string, axis: number, positions: readonly number[]): string {
  return node("Gather", [x, integers(positions)], { axis });
}

const onnxPadModes: Readonly<Record<PadMode, string | undefined>> = {
  constant: "constant",
  reflect: "reflect",
  replicate: "edge",
  circular: "wrap",
  symmetric: undefined,
};

const pad: OnnxWriter = (writing) => {
  const { value, x, node, integers, number, opset } = writing;
  const { pads, mode, value: border } = value.attrs as { pads: Pads; mode: PadMode; value: number };
  const [input] = value.inputs;
  const grown = pads.map(([before, after]) => [Math.max(before, 0), Math.max(after, 0)] as const);
  const isGrown = grown.some(([before, after]) => before > 0 || after > 0);
  const isCropped = pads.some(([before, after]) => before < 0 || after < 0);
  if (isGrown && isCropped && mode !== "constant") {
    // Mirrors first see the whole axis, and then it is cut.
    return cropped(padValue(input, grown, { mode }), pads);
  }
  if (isCropped && !isGrown) return cropped(input, pads);
  const isNative =
    onnxPadModes[mode] !== undefined && (mode !== "circular" || (opset >= 19 && grown.every((p, a) => Math.max(...p) <= input.shape[a])));
  if (isNative) {
    const filling = mode === "constant" && border !== 0 ? [number(border)] : [];
    return node("Pad", [x[0], integers(onnxPads(pads)), ...filling], { mode: onnxPadModes[mode] as string });
  }
  const maps = padMaps(input.shape, pads, mode);
  return maps.reduce((name, map, axis) => (pads[axis].every((n) => n === 0) ? name : gather(writing, name, axis, [...map])), x[0]);
};

function cropped(x: Value, pads: Pads): Value {
  const cut = pads.flatMap(([before, after], axis) =>
    before < 0 || after < 0 ? [{ axis, before: Math.min(before, 0), after: Math.min(after, 0) }] : [],
  );
  return slice(x, {
    axes: cut.map((c) => c.axis),
    starts: cut.map((c) => -c.before),
    ends: cut.map((c) => x.shape[c.axis] + c.after),
  });
}

const roll: OnnxWriter = ({ value, x, node, integers }) => {
  const shifts = rollShifts(value.shape, value.attrs as unknown as Parameters<typeof rollShifts>[1]);
  return shifts.reduce((name, shift, axis) => {
    if (shift === 0) return name;
    const cut = value.shape[axis] - shift;
    const part = (start: number, end: number): string => node("Slice", [name, integers([start]), integers([end]), integers([axis])]);
    return node("Concat", [part(cut, value.shape[axis]), part(0, cut)], { axis });
  }, x[0]);
};

const flip: OnnxWriter = ({ value }) => {
  const axes = normaliseAxes(value.attrs.axes as readonly number[], value.rank);
  return slice(value.inputs[0], { axes, starts: axes.map(() => undefined as never), ends: [], steps: axes.map(() => -1) });
};

const pixelShuffle: OnnxWriter = ({ value, x, node }) =>
  value.rank === 4 ? node("DepthToSpace", x, { blocksize: value.attrs.factor as number, mode: "CRD" }) : undefined;

/** One repeated number. */
const fill: OnnxWriter = ({ value, node, integers, number }) => {
  const n = value.attrs.value as number;
  if (value.rank === 0) return number(n);
  const data = new Float32Array([n]);
  const one = value.dtype === "float32" ? new Tensor(data, [1]) : new Tensor(data, [1]).cast(value.dtype);
  return node("ConstantOfShape", [integers(value.shape)], { value: { tensor: one } });
};

export const shapeWriters: OnnxWriters = {
  reshape,
  transpose,
  broadcastTo,
  slice: sliceWriter,
  sliceGrad,
  pad,
  padGrad,
  roll,
  flip,
  pixelShuffle,
  fill,
  concat: ({ value, x, node }) => node("Concat", x, { axis: value.attrs.axis as number }),
  cast: ({ value, x, node }) => node("Cast", x, { to: elementType(value.dtype) }),
};
