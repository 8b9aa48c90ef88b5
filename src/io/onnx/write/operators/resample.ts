// Other sizes and other places: resizing, grids, deformed windows, regions. Tables of taps are products with small matrices, which every
// runtime computes alike; `Resize` is used where its rounding is sure to read the same elements.

import { windowAxes } from "../../../../arithmetic/sizes.ts";
import { constant } from "../../../../graph/record.ts";
import type { Value } from "../../../../graph/value.ts";
import { affineGrid } from "../../../../ops/affine-grid.ts";
import { add, div, mul, sub } from "../../../../ops/arithmetic.ts";
import { concat } from "../../../../ops/concat.ts";
import { deformConvOp } from "../../../../ops/deform-conv.ts";
import { type DeformGeometry, deformGeometry } from "../../../../ops/deform-sample.ts";
import { gridSample } from "../../../../ops/grid-sample.ts";
import { matmul } from "../../../../ops/matmul.ts";
import type { AxisTaps, Taps } from "../../../../ops/resample.ts";
import { reshape } from "../../../../ops/reshape.ts";
import type { ResizeMode } from "../../../../ops/resize.ts";
import { slice } from "../../../../ops/slice.ts";
import { transpose } from "../../../../ops/transpose.ts";
import type { WindowAttrs } from "../../../../ops/unfold.ts";
import { sizeOf } from "../../../../tensor/shape.ts";
import { type Tensor, tensor, zeros } from "../../../../tensor/tensor.ts";
import { float, type OnnxWriter, type OnnxWriters, type Writing, type WrittenAttributes } from "../emission.ts";
import { onnxPads } from "./conv.ts";
import { gather } from "./shape.ts";

/** The table as a matrix [output, input]. */
function matrixOf({ inputSize, reads }: AxisTaps, dtype: Value["dtype"]): Tensor {
  const matrix = zeros([reads.length, inputSize], dtype);
  reads.forEach((row, to) => {
    for (const [from, weight] of row) matrix.data[to * inputSize + from] += weight;
  });
  return matrix;
}

/** One axis by its table: a choice of positions, or a product with a matrix. */
function alongAxis(writing: Writing, x: string, axis: number, table: AxisTaps): string {
  const { value, node } = writing;
  if (table.reads.every((row) => row.length === 1 && row[0][1] === 1)) {
    return gather(
      writing,
      x,
      axis,
      table.reads.map(([[from]]) => from),
    );
  }
  const matrix = writing.tensor(matrixOf(table, value.dtype));
  if (axis === value.rank - 2) return node("MatMul", [matrix, x]);
  const last = value.rank - 1;
  const swapped = Array.from({ length: value.rank }, (_, i) => (i === axis ? last : i === last ? axis : i));
  const turn = (name: string): string => (axis === last ? name : node("Transpose", [name], { perm: swapped }));
  return turn(node("MatMul", [turn(x), node("Transpose", [matrix], { perm: [1, 0] })]));
}

const resample: OnnxWriter = (writing) => {
  const { value, x, node } = writing;
  const taps = value.attrs.taps as Taps;
  const result = taps.reduce((name, table, axis) => (table === undefined ? name : alongAxis(writing, name, axis, table)), x[0]);
  return result === x[0] ? node("Identity", x) : result;
};

interface ResizeAttrs {
  readonly size: readonly number[] | undefined;
  readonly scale: readonly number[] | undefined;
  readonly mode: ResizeMode;
  readonly alignCorners: boolean;
  readonly antialias: boolean;
}

/** A factor in float32 that makes exactly the wanted size; undefined when there is none. */
function scaleTo(input: number, output: number, given: number | undefined): number | undefined {
  const exact = Math.fround(given ?? output / input);
  return [exact, Math.fround(exact * (1 + 2 ** -23))].find((s) => Math.floor(Math.fround(input * s)) === output);
}

/** Whether float32 arithmetic reads the same elements as exact arithmetic does. */
function readsAlike(input: number, output: number, scale: number, shift: number): boolean {
  const exact = (j: number): number => Math.floor(((j + shift) * input) / output);
  const rounded = (j: number): number => Math.floor(Math.fround(Math.fround(j + shift) / scale));
  return Array.from({ length: output }, (_, j) => j).every((j) => exact(j) === rounded(j));
}

const resize: OnnxWriter = ({ value, x, node, floats }) => {
  const attrs = value.attrs as unknown as ResizeAttrs;
  const { mode, alignCorners, antialias } = attrs;
  // Runtimes disagree on what a widened kernel does along an axis that grows.
  if (mode === "area" || antialias || value.dtype !== "float32") return undefined;
  const sizes = value.shape.slice(2).map((output, i) => ({ input: value.inputs[0].shape[i + 2], output, given: attrs.scale?.[i] }));
  const scales = sizes.map(({ input, output, given }) => scaleTo(input, output, given));
  if (scales.includes(undefined)) return undefined;
  const isNearest = mode === "nearest" || mode === "nearest-exact";
  const shift = mode === "nearest-exact" ? 0.5 : 0;
  // A scale that is no ratio of the sizes, or whose quotients round to another element, is written as a table.
  if (
    isNearest &&
    !sizes.every(
      ({ input, output }, i) => input * (scales[i] as number) === output && readsAlike(input, output, scales[i] as number, shift),
    )
  ) {
    return undefined;
  }
  const written: WrittenAttributes = isNearest
    ? mode === "nearest"
      ? { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" }
      : { mode: "nearest", coordinate_transformation_mode: "half_pixel", nearest_mode: "round_prefer_ceil" }
    : {
        mode,
        coordinate_transformation_mode: alignCorners ? "align_corners" : "half_pixel",
        ...(mode === "cubic" && { cubic_coeff_a: float(-0.75) }),
      };
  return node("Resize", [x[0], "", floats([1, 1, ...(scales as number[])])], written);
};

const isDerived = ({ attrs }: Value): boolean => ((attrs.derivative as readonly number[] | undefined) ?? []).some((d) => d !== 0);

const gridModesSince20: Readonly<Record<string, string>> = { bilinear: "linear", bicubic: "cubic" };

const gridSampleWriter: OnnxWriter = ({ value, x, node, opset }) => {
  const { mode, paddingMode, alignCorners } = value.attrs as { mode: string; paddingMode: string; alignCorners: boolean };
  if (isDerived(value) || opset < 16 || (value.rank !== 4 && opset < 20)) return undefined;
  return node("GridSample", x, {
    mode: opset >= 20 ? (gridModesSince20[mode] ?? mode) : mode,
    padding_mode: paddingMode,
    align_corners: alignCorners ? 1 : 0,
  });
};

/** The points that theta is applied to, [points, axes + 1]: what the identity map makes of the grid, and ones. */
function basePoints(size: readonly number[], alignCorners: boolean, dtype: Value["dtype"]): Value {
  const axes = size.length;
  const identity = zeros([1, axes, axes + 1], dtype);
  for (let i = 0; i < axes; i++) identity.data[i * (axes + 1) + i] = 1;
  const grid = affineGrid(identity, { size, alignCorners });
  const points = zeros([sizeOf(size), axes + 1], dtype);
  for (let p = 0; p < sizeOf(size); p++) {
    for (let k = 0; k < axes; k++) points.data[p * (axes + 1) + k] = grid.data[p * axes + k];
    points.data[p * (axes + 1) + axes] = 1;
  }
  return constant(points);
}

const affineGridWriter: OnnxWriter = ({ value }) => {
  const { size, alignCorners } = value.attrs as { size: readonly number[]; alignCorners: boolean };
  return reshape(matmul(basePoints(size, alignCorners, value.dtype), value.inputs[0], { transposeB: true }), value.shape);
};

const affineGridGrad: OnnxWriter = ({ value }) => {
  const { size, alignCorners } = value.attrs as { size: readonly number[]; alignCorners: boolean };
  const [g] = value.inputs;
  const points = reshape(g, [g.shape[0], sizeOf(size), size.length]);
  return matmul(points, basePoints(size, alignCorners, value.dtype), { transposeA: true });
};

/** Windows with moved taps as a grid to sample: positions are turned into -1..1 from edge to edge. */
const deformSample: OnnxWriter = ({ value, opset }) => {
  if (isDerived(value) || opset < 16) return undefined;
  const [x, offset] = value.inputs;
  const geometry = deformGeometry(x.shape, offset.shape, value.attrs as unknown as WindowAttrs, "deformSample");
  const { batch, channels, taps, offsetGroups, rows, columns } = geometry;
  const space = [rows.output, columns.output];
  const moved = add(reshape(offset, [batch * offsetGroups, taps, 2, ...space]), tapPositions(geometry, value.dtype));
  const columnFirst = concat(
    [1, 0].map((k) => slice(moved, { axes: [2], starts: [k], ends: [k + 1] })),
    { axis: 2 },
  );
  const last = transpose(columnFirst, { permutation: [0, 1, 3, 4, 2] });
  const sizes = constant(tensor([columns.input, rows.input], [2], value.dtype as "float32"));
  const grid = sub(div(mul(add(last, 0.5), 2), sizes), 1);
  const pictures = reshape(x, [batch * offsetGroups, channels / offsetGroups, rows.input, columns.input]);
  const sampled = gridSample(pictures, reshape(grid, [batch * offsetGroups, taps * rows.output, columns.output, 2]));
  return reshape(sampled, value.shape);
};

/** Where every tap of every window reads without offsets: [taps, (row, column), oh, ow]. */
function tapPositions({ taps, rows, columns }: DeformGeometry, dtype: Value["dtype"]): Value {
  const positions = zeros([taps, 2, rows.output, columns.output], dtype);
  let i = 0;
  for (let tap = 0; tap < taps; tap++) {
    const [row, column] = [Math.floor(tap / columns.kernel), tap % columns.kernel];
    for (const isRow of [true, false]) {
      for (let r = 0; r < rows.output; r++) {
        for (let c = 0; c < columns.output; c++) {
          positions.data[i++] = isRow
            ? r * rows.stride + row * rows.dilation - rows.before
            : c * columns.stride + column * columns.dilation - columns.before;
        }
      }
    }
  }
  return constant(positions);
}

const deformConv: OnnxWriter = ({ value, x, node, opset }) => {
  if (opset < 19) return undefined;
  const masked = value.op !== deformConvOp;
  const [input, offset, weight] = value.inputs;
  const [mask, bias] = masked ? [x[3], x[4]] : ["", x[3]];
  const { stride, padding, dilation } = value.attrs as { stride: number[]; padding: [number, number][]; dilation: number[] };
  const kernel = weight.shape.slice(2);
  const axes = windowAxes({ input: input.shape.slice(2), kernel, stride, dilation, padding }, "deformConv");
  const operands = [x[0], x[2], x[1], bias ?? "", mask];
  while (operands.at(-1) === "") operands.pop();
  return node("DeformConv", operands, {
    kernel_shape: kernel,
    strides: stride,
    dilations: dilation,
    pads: onnxPads(axes.map((a) => [a.before, a.after])),
    group: input.shape[1] / weight.shape[1],
    offset_group: offset.shape[1] / (2 * sizeOf(kernel)),
  });
};

/** Boxes here name their picture first; the standard has the pictures' numbers apart. */
const roiAligned =
  (mode: "avg" | "max"): OnnxWriter =>
  ({ value, x, node, integers, opset }) => {
    const { outputSize, spatialScale, samplingRatio, aligned } = value.attrs as {
      outputSize: readonly number[];
      spatialScale: number;
      samplingRatio: number;
      aligned: boolean;
    };
    if (aligned && opset < 16) return undefined;
    const corners = node("Slice", [x[1], integers([1]), integers([5]), integers([1])]);
    const first = node("Gather", [x[1], integers([0])], { axis: 1 });
    const pictures = node("Cast", [node("Squeeze", [first, integers([1])])], { to: 7 });
    return node("RoiAlign", [x[0], corners, pictures], {
      mode,
      output_height: outputSize[0],
      output_width: outputSize[1],
      sampling_ratio: samplingRatio,
      spatial_scale: float(spatialScale),
      ...(opset >= 16 && { coordinate_transformation_mode: aligned ? "half_pixel" : "output_half_pixel" }),
    });
  };

const roiPool: OnnxWriter = ({ value, x, node }) => {
  const { outputSize, spatialScale, bins } = value.attrs as { outputSize: readonly number[]; spatialScale: number; bins: string };
  if (bins !== "overlapping") return undefined;
  return node("MaxRoiPool", x, { pooled_shape: outputSize, spatial_scale: float(spatialScale) });
};

const fold: OnnxWriter = ({ value, x, node, integers, opset }) => {
  const { kernelSize, stride, padding, dilation, outputSize } = value.attrs as {
    kernelSize: readonly number[];
    stride: readonly number[];
    padding: [number, number][];
    dilation: readonly number[];
    outputSize: readonly number[];
  };
  if (opset < 18 || outputSize.length !== 2) return undefined;
  const axes = windowAxes({ input: outputSize, kernel: kernelSize, stride, dilation, padding }, "fold");
  if (axes.some((a) => a.before < 0 || a.after < 0)) return undefined;
  return node("Col2Im", [x[0], integers(outputSize), integers(kernelSize)], {
    strides: stride,
    dilations: dilation,
    pads: onnxPads(axes.map((a) => [a.before, a.after])),
  });
};

export const resampleWriters: OnnxWriters = {
  resample,
  resize,
  gridSample: gridSampleWriter,
  affineGrid: affineGridWriter,
  affineGridGrad,
  deformSample,
  deformConv,
  modulatedDeformConv: deformConv,
  roiAlign: roiAligned("avg"),
  roiAlignMax: roiAligned("max"),
  roiPool,
  fold,
};
