// Adaptive pooling: the output size is given, the windows follow, so that a classifier of fixed size fits pictures of any size.
// Where the sizes divide this is an ordinary pooling; elsewhere windows differ in size, and the mean becomes a table per axis.
import { adaptiveWindow } from "../arithmetic/sizes.ts";
import { type AttrSpec, custom, type SpatialOption, spatial } from "../graph/attrs.ts";
import { defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, constant, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { add } from "./arithmetic.ts";
import { gather } from "./gather.ts";
import { checkSpatialRank, oneFloatType } from "./operands.ts";
import { avgPoolOp } from "./pool-average.ts";
import { maxPoolOp } from "./pool-max.ts";
import { poolGather } from "./pool-unpool.ts";
import { argMax } from "./reduce.ts";
import { fieldOfTaps, resample, type Taps } from "./resample.ts";
import { reshape } from "./reshape.ts";
import { areaTaps } from "./resize-taps.ts";
import { take } from "./take.ts";

const sizes = spatial(1);
const outputSize: AttrSpec<readonly number[]> = custom((given, context) => {
  if (given === undefined) throw new ArgumentError(`${context.where} is missing; expected a number or one per spatial axis`);
  return sizes.parse(given, context);
}, "spatial sizes of the result");

interface AdaptiveAttrs {
  readonly outputSize: readonly number[];
}

function adaptiveShape(x: Shape, attrs: AdaptiveAttrs, where: string): Shape {
  if (x.length < 3 || x.slice(2).includes(0)) {
    throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...spatial] with at least one position`);
  }
  return [x[0], x[1], ...attrs.outputSize];
}

/** The kernel size (and stride) of the ordinary pooling that does the same, when every output size divides its input size. */
function regularKernel(x: Shape, attrs: AdaptiveAttrs): number[] | undefined {
  const kernel = attrs.outputSize.map((o, axis) => x[axis + 2] / o);
  return kernel.every(Number.isInteger) ? kernel : undefined;
}

/** The windows as tables of means: what averages differ in is the axis alone. */
function adaptiveTaps(x: Shape, { outputSize }: AdaptiveAttrs): Taps {
  return x.map((inputSize, axis) => (axis < 2 ? undefined : areaTaps({ inputSize, outputSize: outputSize[axis - 2] })));
}

const configurations: readonly (readonly [title: string, x: Shape, outputSize: SpatialOption])[] = [
  ["regular", [2, 3, 6, 8], [3, 2]],
  ["one position", [2, 3, 5, 4], 1],
  ["windows of different sizes", [1, 2, 7, 10], [3, 4]],
  ["more outputs than inputs", [1, 2, 3, 4], [5, 6]],
  ["1d", [2, 3, 11], 4],
  ["3d", [1, 2, 5, 4, 7], [2, 4, 3]],
];
const casesWith = (fill: "normal" | "distinct"): OpCase[] =>
  configurations.map(([title, shape, size]) => ({ title, inputs: [{ shape, fill }], attrs: { outputSize: size } }));

export const adaptiveAvgPoolOp: Op = defineOp({
  name: "adaptiveAvgPool",
  inputs: ["x"],
  attrs: { outputSize },
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x }, attrs, where) => adaptiveShape(x, attrs, where),
  dtype: ({ all }) => oneFloatType("adaptiveAvgPool", all),
  field: ({ x }, attrs) => ({ x: fieldOfTaps(adaptiveTaps(x, attrs)) }),
  decompose({ x }, attrs) {
    const kernelSize = regularKernel(x.shape, attrs);
    if (kernelSize !== undefined) return apply(avgPoolOp, [x], { kernelSize });
    return resample(x, adaptiveTaps(x.shape, attrs));
  },
  doc: {
    text: "Means over windows floor(j·i/o) .. ceil((j+1)·i/o) of an axis from i to o positions.",
    example: "adaptiveAvgPool2d(x, [6, 6])",
  },
  cases: casesWith("normal"),
});

export const adaptiveMaxPoolIndicesOp: Op = defineOp({
  name: "adaptiveMaxPoolIndices",
  inputs: ["x"],
  attrs: { outputSize },
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x }, attrs, where) => adaptiveShape(x, attrs, where),
  dtype: () => "int32",
  field: ({ x }, attrs) => ({ x: fieldOfTaps(adaptiveTaps(x, attrs)) }),
  grad: { x: null },
  reference({ x }, y, attrs) {
    const input = x.shape.slice(2);
    const plane = sizeOf(input);
    const outputs = sizeOf(attrs.outputSize);
    for (let p = 0; p < outputs; p++) {
      const elements = windowElements(p, input, attrs.outputSize);
      for (let n = 0; n < x.size / plane; n++) {
        let best = elements[0];
        for (const i of elements) {
          const [value, most] = [x.data[n * plane + i], x.data[n * plane + best]];
          if (value > most || (Number.isNaN(value) && !Number.isNaN(most))) best = i;
        }
        y.data[n * outputs + p] = best;
      }
    }
  },
  /** Every window as a row of elements; short ones repeat their first, which changes no maximum. */
  decompose({ x }, attrs) {
    const input = x.shape.slice(2);
    const windows = Array.from({ length: sizeOf(attrs.outputSize) }, (_, p) => windowElements(p, input, attrs.outputSize));
    const length = Math.max(...windows.map((window) => window.length));
    const elements = windows.flatMap((window) => Array.from({ length }, (_, i) => window[i] ?? window[0]));
    const table = constant(tensor(elements, [elements.length], "int32"));
    const rows = gather(reshape(x, [x.shape[0] * x.shape[1], sizeOf(input)]), table, { axis: 1 });
    const chosen = argMax(reshape(rows, [rows.shape[0], windows.length, length]));
    const starts = constant(
      tensor(
        windows.map((_, p) => p * length),
        [windows.length],
        "int32",
      ),
    );
    return reshape(take(table, add(chosen, starts)), [...x.shape.slice(0, 2), ...attrs.outputSize]);
  },
  doc: { text: "Where adaptiveMaxPool found each maximum: row-major index within the plane, int32; the first of equal elements." },
  cases: casesWith("distinct").map((c) => ({ ...c, gradient: false })),
});

/** Row-major indices, within a plane, of the elements of the window that belongs to output position p. */
function windowElements(p: number, input: readonly number[], output: readonly number[]): number[] {
  let rest = p;
  const windows = output.map((): readonly [number, number] => [0, 0]);
  for (let axis = output.length - 1; axis >= 0; axis--) {
    windows[axis] = adaptiveWindow(rest % output[axis], input[axis], output[axis]);
    rest = Math.floor(rest / output[axis]);
  }
  return windows.reduce<number[]>(
    (outer, [first, end], axis) => outer.flatMap((o) => Array.from({ length: end - first }, (_, i) => o * input[axis] + first + i)),
    [0],
  );
}

export const adaptiveMaxPoolOp: Op = defineOp({
  name: "adaptiveMaxPool",
  inputs: ["x"],
  attrs: { outputSize },
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x }, attrs, where) => adaptiveShape(x, attrs, where),
  dtype: ({ all }) => oneFloatType("adaptiveMaxPool", all),
  field: ({ x }, attrs) => ({ x: fieldOfTaps(adaptiveTaps(x, attrs)) }),
  decompose({ x }, attrs) {
    const kernelSize = regularKernel(x.shape, attrs);
    if (kernelSize !== undefined) return apply(maxPoolOp, [x], { kernelSize });
    return poolGather(x, apply(adaptiveMaxPoolIndicesOp, [x], { outputSize: attrs.outputSize }));
  },
  doc: {
    text: "Maxima over windows floor(j·i/o) .. ceil((j+1)·i/o) of an axis from i to o positions; ties and NaN as in maxPool.",
    example: "adaptiveMaxPool2d(x, 7)",
  },
  cases: casesWith("distinct"),
});

function adaptive<T extends Operand>(op: Op, spatialRank: number, x: T, size: SpatialOption): T {
  checkSpatialRank(op.name, x, spatialRank);
  return apply(op, [x], { outputSize: size });
}

/** Adaptive average pooling of x [N, C, L] -> [N, C, outputSize]. */
export function adaptiveAvgPool1d<T extends Operand>(x: T, size: SpatialOption): T {
  return adaptive(adaptiveAvgPoolOp, 1, x, size);
}

/** Adaptive average pooling of x [N, C, H, W] -> [N, C, ...outputSize]; a number stands for both axes. */
export function adaptiveAvgPool2d<T extends Operand>(x: T, size: SpatialOption): T {
  return adaptive(adaptiveAvgPoolOp, 2, x, size);
}

/** Adaptive average pooling of x [N, C, D, H, W] -> [N, C, ...outputSize]; a number stands for all axes. */
export function adaptiveAvgPool3d<T extends Operand>(x: T, size: SpatialOption): T {
  return adaptive(adaptiveAvgPoolOp, 3, x, size);
}

/** Adaptive max pooling of x [N, C, L] -> [N, C, outputSize]. */
export function adaptiveMaxPool1d<T extends Operand>(x: T, size: SpatialOption): T {
  return adaptive(adaptiveMaxPoolOp, 1, x, size);
}

/** Adaptive max pooling of x [N, C, H, W] -> [N, C, ...outputSize]; a number stands for both axes. */
export function adaptiveMaxPool2d<T extends Operand>(x: T, size: SpatialOption): T {
  return adaptive(adaptiveMaxPoolOp, 2, x, size);
}

/** Adaptive max pooling of x [N, C, D, H, W] -> [N, C, ...outputSize]; a number stands for all axes. */
export function adaptiveMaxPool3d<T extends Operand>(x: T, size: SpatialOption): T {
  return adaptive(adaptiveMaxPoolOp, 3, x, size);
}

/** Positions of the maxima of an adaptive max pooling of any rank: int32, row-major within each plane of x. */
export function adaptiveMaxPoolIndices<T extends Operand>(x: T, size: SpatialOption): T {
  return apply(adaptiveMaxPoolIndicesOp, [x], { outputSize: size });
}
