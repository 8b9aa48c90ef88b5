// Resampling to another size. Every mode is a separable linear map: along each axis an output position mixes a few input positions.
// The table of taps is all a kernel needs, and swapping its two ends gives the adjoint.
import { type AttrContext, choice, custom, flag, integers, optional, spatial } from "../graph/attrs.ts";
import { defineOp, type Field, type Op, unknownField } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** "nearest" takes floor(j · ratio), "nearest-exact" floor((j + 0.5) · ratio), "linear" mixes the two neighbours. */
export type ResizeMode = "nearest" | "nearest-exact" | "linear";
export const resizeModes: readonly ResizeMode[] = ["nearest", "nearest-exact", "linear"];

function parseScale(given: unknown, { where, spatialRank }: AttrContext): readonly number[] {
  const list = Array.isArray(given) ? given : new Array(spatialRank).fill(given);
  if (list.length !== spatialRank || !list.every((s) => typeof s === "number" && s > 0 && Number.isFinite(s))) {
    throw new ArgumentError(`${where} is ${JSON.stringify(given)}; expected a number > 0, or one for each of ${spatialRank} spatial axes`);
  }
  return list;
}

const resizeAttrs = {
  size: optional(spatial(1, 1, "output size per spatial axis; give this or scale")),
  scale: optional(custom(parseScale, "output size / input size per spatial axis; give this or size")),
  mode: choice(resizeModes, "nearest", "how neighbours are mixed"),
  alignCorners: flag(false, "linear only: the first and last elements keep their places, instead of the outer edges"),
};

interface ResizeAttrs {
  readonly size: readonly number[] | undefined;
  readonly scale: readonly number[] | undefined;
  readonly mode: ResizeMode;
  readonly alignCorners: boolean;
}

/** One axis as a table: output j is the sum over t of weight[j · width + t] times input index[j · width + t]. */
export interface ResizeTaps {
  readonly inputSize: number;
  readonly outputSize: number;
  /** Taps per output position. */
  readonly width: number;
  readonly index: Int32Array;
  readonly weight: Float64Array;
}

function resizedShape(x: Shape, { size, scale, mode, alignCorners }: ResizeAttrs, where: string): Shape {
  if (x.length < 3) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, spatial axes...]`);
  if ((size === undefined) === (scale === undefined)) throw new ArgumentError(`${where}: give either size or scale`);
  if (alignCorners && mode !== "linear") throw new ArgumentError(`${where}: alignCorners is for the mode "linear", not "${mode}"`);
  const spatialSizes = x.slice(2).map((n, i) => size?.[i] ?? Math.floor(n * (scale as readonly number[])[i]));
  if (spatialSizes.some((n) => n < 1) || x.slice(2).some((n) => n < 1)) {
    throw new ShapeError(
      `${where}: ${showShape(x)} would become ${showShape([...x.slice(0, 2), ...spatialSizes])}; sizes must be at least 1`,
    );
  }
  return [...x.slice(0, 2), ...spatialSizes];
}

/** The tables of all spatial axes. */
export function resizeTaps(x: Shape, attrs: ResizeAttrs): ResizeTaps[] {
  const out = resizedShape(x, attrs, "resize");
  return out.slice(2).map((outputSize, i) => {
    const inputSize = x[i + 2];
    const scale = attrs.scale?.[i];
    // A given scale counts as written, even where rounding the size changed the true ratio (as in PyTorch and ONNX). Multiplying
    // before dividing keeps positions that fall on an element exactly there.
    const position = (j: number): number => (scale === undefined ? (j * inputSize) / outputSize : j / scale);
    if (attrs.mode !== "linear") return nearestTaps(inputSize, outputSize, attrs.mode === "nearest" ? position : (j) => position(j + 0.5));
    if (!attrs.alignCorners) return linearTaps(inputSize, outputSize, (j) => Math.max(0, position(j + 0.5) - 0.5));
    return linearTaps(inputSize, outputSize, (j) => (outputSize === 1 ? 0 : (j * (inputSize - 1)) / (outputSize - 1)));
  });
}

function nearestTaps(inputSize: number, outputSize: number, position: (j: number) => number): ResizeTaps {
  const index = Int32Array.from({ length: outputSize }, (_, j) => Math.min(Math.floor(position(j)), inputSize - 1));
  return { inputSize, outputSize, width: 1, index, weight: new Float64Array(outputSize).fill(1) };
}

function linearTaps(inputSize: number, outputSize: number, position: (j: number) => number): ResizeTaps {
  const index = new Int32Array(2 * outputSize);
  const weight = new Float64Array(2 * outputSize);
  for (let j = 0; j < outputSize; j++) {
    const low = Math.min(Math.floor(position(j)), inputSize - 1);
    const part = low === inputSize - 1 ? 0 : position(j) - low;
    index[2 * j] = low;
    index[2 * j + 1] = Math.min(low + 1, inputSize - 1);
    weight[2 * j] = 1 - part;
    weight[2 * j + 1] = part;
  }
  return { inputSize, outputSize, width: 2, index, weight };
}

/** Applies the tables axis by axis (`adjoint`: from output to input size). Intermediate sums are float64. */
function applyTaps(from: Tensor, into: Tensor, taps: readonly ResizeTaps[], adjoint: boolean): void {
  let data: ArrayLike<number> = from.data;
  let shape = [...from.shape];
  taps.forEach((axisTaps, i) => {
    const axis = i + 2;
    const next = shape.with(axis, adjoint ? axisTaps.inputSize : axisTaps.outputSize);
    const result = new Float64Array(sizeOf(next));
    const rows = sizeOf(shape.slice(0, axis));
    const inner = sizeOf(shape.slice(axis + 1));
    for (let row = 0; row < rows; row++) {
      const source = row * shape[axis] * inner;
      const target = row * next[axis] * inner;
      const { outputSize, width, index, weight } = axisTaps;
      for (let j = 0; j < outputSize; j++) {
        for (let t = j * width; t < (j + 1) * width; t++) {
          const [read, write] = adjoint ? [j, index[t]] : [index[t], j];
          for (let k = 0; k < inner; k++) result[target + write * inner + k] += weight[t] * data[source + read * inner + k];
        }
      }
    }
    data = result;
    shape = next;
  });
  into.data.set(data);
}

/** Sampling by a whole factor is a strided read; other ratios have no window of fixed stride. */
function resizeField(x: Shape, attrs: ResizeAttrs): Field {
  const taps = resizeTaps(x, attrs);
  const strides = taps.map(({ index }) => index[1] ?? 1);
  const strided = taps.every(({ width, index }, i) => width === 1 && strides[i] > 0 && index.every((from, j) => from === j * strides[i]));
  return strided ? { kind: "window", axes: strides.map((stride) => ({ size: 1, stride, before: 0 })) } : unknownField;
}

export const resizeOp: Op = defineOp({
  name: "resize",
  inputs: ["x"],
  attrs: resizeAttrs,
  spatialRank: ({ x }) => Math.max(0, x.length - 2),
  shape: ({ x }, attrs, where) => resizedShape(x, attrs, where),
  field: ({ x }, attrs) => ({ x: resizeField(x, attrs) }),
  grad: { x: (g, { x }, attrs) => apply(resizeGradOp, [g], { ...attrs, inputSize: x.shape.slice(2) }) },
  reference: ({ x }, out, attrs) => applyTaps(x, out, resizeTaps(x.shape, attrs), false),
  doc: {
    text: "Resamples the spatial axes. Nearest takes floor(j · ratio); linear uses half-pixel centres, clamped at 0, or aligned corners.",
    example: 'resize(x, { scale: 2, mode: "linear" })',
  },
  cases: [
    { inputs: [[2, 3, 4, 5]], attrs: { scale: 2 } },
    { title: "nearest to an odd size", inputs: [[1, 2, 5, 7]], attrs: { size: [7, 3] } },
    { title: "nearest-exact", inputs: [[1, 2, 5, 7]], attrs: { size: [8, 3], mode: "nearest-exact" } },
    { title: "linear, enlarged", inputs: [[1, 2, 3, 4]], attrs: { size: [7, 9], mode: "linear" } },
    { title: "linear, aligned corners", inputs: [[1, 2, 3, 4]], attrs: { size: [7, 9], mode: "linear", alignCorners: true } },
    { title: "linear, reduced, by a scale that rounds", inputs: [[1, 1, 7, 5]], attrs: { scale: [0.6, 1.5], mode: "linear" } },
    { title: "linear, 1-D", inputs: [[2, 1, 5]], attrs: { size: 8, mode: "linear" } },
    { title: "linear, 3-D", inputs: [[1, 2, 2, 3, 2]], attrs: { scale: 2, mode: "linear" } },
  ],
});

/** Spreads a resized gradient over the positions that were mixed: the adjoint of `resize`. */
export const resizeGradOp: Op = defineOp({
  name: "resizeGrad",
  inputs: ["g"],
  attrs: { ...resizeAttrs, inputSize: integers(undefined, "spatial sizes of what was resized") },
  spatialRank: ({ g }) => Math.max(0, g.length - 2),
  shape({ g }, { inputSize, ...attrs }, where) {
    const x = [...g.slice(0, 2), ...inputSize];
    const expected = resizedShape(x, attrs, where);
    if (!sameShape(expected, g))
      throw new ShapeError(`${where}: resizing ${showShape(x)} gives ${showShape(expected)}, but g has ${showShape(g)}`);
    return x;
  },
  grad: { g: (u, _, { inputSize: _size, ...attrs }) => apply(resizeOp, [u], attrs) },
  reference: ({ g }, out, { inputSize: _size, ...attrs }) => applyTaps(g, out, resizeTaps(out.shape, attrs), true),
  doc: { text: "The adjoint of resize: every element of g is spread over the elements that were mixed into it." },
  cases: [
    { inputs: [[2, 1, 8, 10]], attrs: { scale: 2, inputSize: [4, 5] } },
    { title: "linear", inputs: [[1, 2, 7, 9]], attrs: { size: [7, 9], mode: "linear", inputSize: [3, 4] } },
    {
      title: "linear, aligned corners",
      inputs: [[1, 1, 3, 2]],
      attrs: { size: [3, 2], mode: "linear", alignCorners: true, inputSize: [5, 4] },
    },
  ],
});

export interface ResizeOptions {
  /** Output size per spatial axis; a number stands for all. Give this or `scale`. */
  readonly size?: number | readonly number[];
  /** Factor per spatial axis; sizes are rounded down. */
  readonly scale?: number | readonly number[];
  /** Default "nearest". */
  readonly mode?: ResizeMode;
  /** Mode "linear" only (default false). */
  readonly alignCorners?: boolean;
}

/**
 * Resamples the spatial axes of x [N, C, ...]. "nearest" takes floor(j · in/out), "nearest-exact" floor((j + 0.5) · in/out), "linear"
 * interpolates between half-pixel centres (clamped at 0) or, with `alignCorners`, so that the corner elements keep their places.
 */
export function resize<T extends Operand>(x: T, options: ResizeOptions): T {
  return apply(resizeOp, [x], options);
}
