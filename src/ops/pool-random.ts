// Poolings that leave something to chance. The random numbers are operands, so that a result can be repeated and differentiated: fractional
// max pooling draws where its windows stand, stochastic pooling which element of a window speaks for it.
import { tapTable } from "../arithmetic/taps.ts";
import { type AttrSpec, custom, type SpatialOption, spatial } from "../graph/attrs.ts";
import { dataField, defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, constant, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { type Shape, sameShape, showShape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { type DType, type Tensor, tensor } from "../tensor/tensor.ts";
import { relu } from "./activations.ts";
import { add, gt, mul } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { cast } from "./cast.ts";
import { cumSum } from "./cum-sum.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { gatherElements } from "./gather.ts";
import { checkSpatialRank, oneFloatType } from "./operands.ts";
import { avgPoolOp } from "./pool-average.ts";
import { checkHalfPadding, type PoolOptions, poolAttrSpecs, poolGeometry, poolOutputShape, poolPlanes } from "./pool-geometry.ts";
import { poolGather } from "./pool-unpool.ts";
import { argMax } from "./reduce.ts";
import { reshape, unsqueeze } from "./reshape.ts";
import { slice } from "./slice.ts";
import { take } from "./take.ts";
import { square } from "./unary.ts";

const required = (meaning: string): AttrSpec<readonly number[]> =>
  custom((given, context) => {
    if (given === undefined) throw new ArgumentError(`${context.where} is missing; expected a number or one per spatial axis`);
    return spatial(1).parse(given, context);
  }, meaning);

const fractionalAttrs = {
  kernelSize: required("size of the window per spatial axis"),
  outputSize: required("spatial sizes of the result"),
};

interface FractionalAttrs {
  readonly kernelSize: readonly number[];
  readonly outputSize: readonly number[];
}

function fractionalShape(x: Shape, samples: Shape, { kernelSize, outputSize }: FractionalAttrs, where: string): Shape {
  if (x.length < 3) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...spatial]`);
  const expected = [x[0], x[1], x.length - 2];
  if (!sameShape(samples, expected)) {
    throw new ShapeError(
      `${where}: samples have shape ${showShape(samples)}; expected ${showShape(expected)}, one per map and spatial axis`,
    );
  }
  outputSize.forEach((output, axis) => {
    const most = x[axis + 2] - kernelSize[axis] + 1;
    if (output > most) {
      throw new ShapeError(
        `${where}: spatial axis ${axis} has ${x[axis + 2]} positions, so at most ${most} windows of ${kernelSize[axis]}, not ${output}`,
      );
    }
  });
  return [x[0], x[1], ...outputSize];
}

/** Where the windows of one axis start: steps of ⌊α⌋ and ⌈α⌉ in an order that `sample` in [0, 1) chooses; the last window ends the axis. */
function fractionalStarts(sample: number, input: number, kernel: number, output: number): number[] {
  const alpha = (input - kernel) / (output - 1);
  return Array.from({ length: output }, (_, j) =>
    j === output - 1 ? input - kernel : Math.floor((j + sample) * alpha) - Math.floor(sample * alpha),
  );
}

/** Row-major positions in a box of this size. */
function* positionsIn(size: readonly number[]): Generator<number[]> {
  for (let p = 0; p < sizeOf(size); p++) {
    let rest = p;
    const position = new Array<number>(size.length);
    for (let axis = size.length - 1; axis >= 0; axis--) {
      position[axis] = rest % size[axis];
      rest = Math.floor(rest / size[axis]);
    }
    yield position;
  }
}

const fractionalCases: readonly OpCase[] = [
  {
    inputs: [
      { shape: [2, 3, 7, 8], fill: "distinct" },
      { shape: [2, 3, 2], fill: { values: [0.1, 0.8, 0.45, 0.3] } },
    ],
    attrs: { kernelSize: 2, outputSize: [5, 4] },
  },
  {
    title: "one window",
    inputs: [
      { shape: [1, 2, 5], fill: "distinct" },
      { shape: [1, 2, 1], fill: { values: [0.5] } },
    ],
    attrs: { kernelSize: 3, outputSize: 1 },
  },
  {
    title: "3d",
    inputs: [
      { shape: [1, 1, 4, 5, 4], fill: "distinct" },
      { shape: [1, 1, 3], fill: { values: [0.2, 0.9, 0.6] } },
    ],
    attrs: { kernelSize: [2, 1, 2], outputSize: [2, 3, 3] },
  },
];

export const fractionalMaxPoolIndicesOp: Op = defineOp({
  name: "fractionalMaxPoolIndices",
  inputs: ["x", "samples"],
  attrs: fractionalAttrs,
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x, samples }, attrs, where) => fractionalShape(x, samples, attrs, where),
  dtype: () => "int32",
  field: () => ({ x: dataField, samples: dataField }),
  grad: { x: null, samples: null },
  reference({ x, samples }, y, { kernelSize, outputSize }) {
    const input = x.shape.slice(2);
    const windows = [...positionsIn(kernelSize)];
    const outputs = [...positionsIn(outputSize)];
    const flat = (position: readonly number[]): number => position.reduce((at, p, axis) => at * input[axis] + p, 0);
    for (let plane = 0; plane < x.shape[0] * x.shape[1]; plane++) {
      const starts = input.map((size, axis) =>
        fractionalStarts(samples.data[plane * input.length + axis], size, kernelSize[axis], outputSize[axis]),
      );
      outputs.forEach((output, p) => {
        const elements = windows.map((tap) => flat(tap.map((t, axis) => starts[axis][output[axis]] + t)));
        y.data[plane * outputs.length + p] = largest(x, plane * sizeOf(input), elements);
      });
    }
  },
  /** Starts in double precision, as in the loops, because a rounding decides where a window stands. */
  decompose({ x, samples }, { kernelSize, outputSize }) {
    const input = x.shape.slice(2);
    const planes = x.shape[0] * x.shape[1];
    const strides = stridesOf(input);
    const table = (values: readonly number[], dtype: DType, shape: readonly number[]): Value => constant(tensor(values, shape, dtype));
    const drawn = cast(reshape(samples, [planes, input.length, 1]), { dtype: "float64" });
    const outputs = [...positionsIn(outputSize)];
    const starts = input.map((size, axis) => {
      const alpha = (size - kernelSize[axis]) / (outputSize[axis] - 1);
      const [j, last] = [outputs.map((o) => o[axis]), outputSize[axis] - 1];
      const sample = slice(drawn, { axes: [1], starts: [axis], ends: [axis + 1] });
      const [number, shift] = [e.operand(0), e.operand(1)];
      const place = e.sub(e.floor(e.mul(e.add(number, shift), alpha)), e.floor(e.mul(shift, alpha)));
      const end = size - kernelSize[axis];
      // A single window ends the axis; the sample is there for its shape alone.
      const start = last === 0 ? e.add(e.mul(e.add(number, shift), 0), end) : e.select(e.eq(number, last), end, place);
      return map(e.mul(start, strides[axis]), [table(j, "float64", [1, 1, j.length]), sample]);
    });
    const first = cast(
      reshape(
        starts.reduce((sum, start) => add(sum, start)),
        [planes, outputs.length, 1],
      ),
      { dtype: "int32" },
    );
    const taps = [...positionsIn(kernelSize)].map((tap) => tap.reduce((at, t, axis) => at + t * strides[axis], 0));
    const elements = add(first, table(taps, "int32", [taps.length]));
    const chosen = unsqueeze(argMax(inPlanes(x, elements)), { axes: -1 });
    return reshape(gatherElements(elements, chosen, { axis: 2 }), [...x.shape.slice(0, 2), ...outputSize]);
  },
  doc: { text: "Where fractionalMaxPool found each maximum: row-major index within the plane, int32; the first of equal elements." },
  cases: fractionalCases.map((c) => ({ ...c, gradient: false })),
});

/** Elements of x by their numbers within a plane, [planes, outputs, taps]; -1 gives 0. */
function inPlanes(x: Value, elements: Value): Value {
  const planes = x.shape[0] * x.shape[1];
  const size = sizeOf(x.shape.slice(2));
  const starts = constant(
    tensor(
      Array.from({ length: planes }, (_, i) => i * size),
      [planes, 1, 1],
      "int32",
    ),
  );
  const [number, start] = [e.operand(0), e.operand(1)];
  return take(x, map(e.select(e.lt(number, 0), number, e.add(number, start)), [elements, starts]));
}

/** The first of the largest, where NaN is larger than anything. */
function largest(x: Tensor, plane: number, elements: readonly number[]): number {
  return elements.reduce((best, i) => {
    const [value, most] = [x.data[plane + i], x.data[plane + best]];
    return value > most || (Number.isNaN(value) && !Number.isNaN(most)) ? i : best;
  });
}

export const fractionalMaxPoolOp: Op = defineOp({
  name: "fractionalMaxPool",
  inputs: ["x", "samples"],
  attrs: fractionalAttrs,
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x, samples }, attrs, where) => fractionalShape(x, samples, attrs, where),
  dtype: ({ x, samples }) => oneFloatType("fractionalMaxPool", [x, samples]),
  field: () => ({ x: dataField, samples: dataField }),
  decompose: ({ x, samples }, attrs) => poolGather(x, apply(fractionalMaxPoolIndicesOp, [x, samples], attrs)),
  doc: {
    text: "Maxima of overlapping windows whose steps are ⌊α⌋ and ⌈α⌉, α = (in - k) / (out - 1), in an order that one number per map and axis chooses.",
    cites: ["Graham 2014, arXiv 1412.6071"],
    example: "fractionalMaxPool2d(x, randomUniform(counter, { shape: [N, C, 2] }), 2, { outputRatio: 0.7 })",
  },
  // The chosen places do not change with the samples but jump, so they have no gradient to compare.
  cases: fractionalCases.map((c) => ({ ...c, title: `${c.title ?? "2d"}; the samples' gradient is zero by definition`, gradient: false })),
});

function stochasticShape(x: Shape, uniform: Shape, attrs: Parameters<typeof poolGeometry>[1], where: string): Shape {
  const expected = poolOutputShape(poolGeometry(x, attrs, where));
  if (!sameShape(uniform, expected)) {
    throw new ShapeError(`${where}: uniform has shape ${showShape(uniform)}; expected ${showShape(expected)}, one number per window`);
  }
  return expected;
}

export const stochasticPoolIndicesOp: Op = defineOp({
  name: "stochasticPoolIndices",
  inputs: ["x", "uniform"],
  attrs: poolAttrSpecs,
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x, uniform }, attrs, where) => stochasticShape(x, uniform, attrs, where),
  dtype: () => "int32",
  field: () => ({ x: dataField, uniform: dataField }),
  grad: { x: null, uniform: null },
  reference({ x, uniform }, y, attrs) {
    const geometry = poolGeometry(x.shape, attrs);
    const { planes, inputs, outputs, taps } = poolPlanes(geometry);
    const table = tapTable(geometry.axes);
    for (let o = 0; o < planes * outputs; o++) {
      const plane = Math.floor(o / outputs) * inputs;
      const window = table.subarray((o % outputs) * taps, ((o % outputs) + 1) * taps).filter((i) => i >= 0);
      const shares = Array.from(window, (i) => Math.max(0, x.data[plane + i]));
      const mark = uniform.data[o] * shares.reduce((sum, share) => sum + share, 0);
      let passed = 0;
      const chosen = shares.findIndex((share) => {
        passed += share;
        return passed > mark;
      });
      y.data[o] = window[chosen < 0 ? 0 : chosen];
    }
  },
  /** Running sums in double precision, as in the loops: the first that passes the mark is the one drawn. */
  decompose({ x, uniform }, attrs) {
    const geometry = poolGeometry(x.shape, attrs);
    const { planes, outputs, taps } = poolPlanes(geometry);
    const table = tapTable(geometry.axes);
    // Padding goes to the end, so that the first of every window is an element.
    const windows = Array.from({ length: outputs }, (_, o) => [...table.subarray(o * taps, (o + 1) * taps)]).flatMap((window) => [
      ...window.filter((i) => i >= 0),
      ...window.filter((i) => i < 0),
    ]);
    const elements = broadcastTo(constant(tensor(windows, [1, outputs, taps], "int32")), [planes, outputs, taps]);
    const passed = cumSum(cast(relu(inPlanes(x, elements)), { dtype: "float64" }), { axis: 2 });
    const total = slice(passed, { axes: [2], starts: [taps - 1], ends: [taps] });
    const mark = mul(cast(reshape(uniform, [planes, outputs, 1]), { dtype: "float64" }), total);
    const chosen = unsqueeze(argMax(gt(passed, mark)), { axes: -1 });
    return reshape(gatherElements(elements, chosen, { axis: 2 }), uniform.shape);
  },
  doc: {
    text: "One element of every window, drawn in proportion to the activations (negative ones count as 0): its row-major index within the plane, int32; the first where none is positive.",
    cites: ["Zeiler & Fergus 2013, arXiv 1301.3557"],
  },
  cases: [
    {
      inputs: [{ shape: [2, 3, 6, 8] }, { shape: [2, 3, 3, 4], fill: { values: [0.05, 0.5, 0.93, 0.31, 0.77] } }],
      attrs: { kernelSize: 2 },
      gradient: false,
    },
    {
      title: "overlapping, padding",
      inputs: [
        { shape: [1, 2, 7, 5], fill: "positive" },
        { shape: [1, 2, 4, 3], fill: { values: [0.6, 0.2, 0.99] } },
      ],
      attrs: { kernelSize: 3, stride: 2, padding: 1 },
      gradient: false,
    },
  ],
});

export interface FractionalPoolOptions {
  /** Spatial sizes of the result; give this or `outputRatio`. */
  readonly outputSize?: SpatialOption;
  /** Result per input position, between 0 and 1; sizes are rounded down. */
  readonly outputRatio?: number | readonly number[];
}

function fractional<T extends Operand>(rank: number, x: T, samples: T, kernelSize: SpatialOption, options: FractionalPoolOptions): T {
  const where = `fractionalMaxPool${rank}d`;
  checkSpatialRank("fractionalMaxPool", x, rank);
  checkOptions(where, options, ["outputSize", "outputRatio"]);
  const { outputSize, outputRatio } = options;
  if ((outputSize === undefined) === (outputRatio === undefined))
    throw new ArgumentError(`${where}: give either outputSize or outputRatio`);
  if (outputRatio === undefined) return apply(fractionalMaxPoolOp, [x, samples], { kernelSize, outputSize });
  const ratios = typeof outputRatio === "number" ? new Array<number>(rank).fill(outputRatio) : outputRatio;
  if (ratios.length !== rank || !ratios.every((ratio) => ratio > 0 && ratio < 1)) {
    throw new ArgumentError(`${where}: outputRatio is ${JSON.stringify(outputRatio)}; expected a number between 0 and 1, or ${rank}`);
  }
  return apply(fractionalMaxPoolOp, [x, samples], {
    kernelSize,
    outputSize: ratios.map((ratio, axis) => Math.floor(x.shape[axis + 2] * ratio)),
  });
}

/**
 * Fractional max pooling of x [N, C, H, W]: windows of `kernelSize`, laid irregularly so that any smaller size can come out. `samples`
 * [N, C, 2] in [0, 1) choose the layout of every map's rows and columns. Throws `ShapeError` where the windows do not fit.
 */
export function fractionalMaxPool2d<T extends Operand>(x: T, samples: T, kernelSize: SpatialOption, options: FractionalPoolOptions): T {
  return fractional(2, x, samples, kernelSize, options);
}

/** Fractional max pooling of x [N, C, D, H, W] with samples [N, C, 3]. */
export function fractionalMaxPool3d<T extends Operand>(x: T, samples: T, kernelSize: SpatialOption, options: FractionalPoolOptions): T {
  return fractional(3, x, samples, kernelSize, options);
}

/**
 * Stochastic pooling of x [N, C, H, W] in training: every window gives one of its activations, drawn in proportion to them by `uniform`, one
 * number in [0, 1) per window of the result [N, C, H', W']. Activations are meant to be positive; negative ones are never drawn unless no other is.
 */
export function stochasticPool2d<T extends Operand>(x: T, uniform: T, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  checkSpatialRank("stochasticPool", x, 2);
  checkHalfPadding(stochasticPoolIndicesOp, x, { ...options, kernelSize });
  return poolGather(x, apply(stochasticPoolIndicesOp, [x, uniform], { ...options, kernelSize }));
}

/** What `stochasticPool2d` gives on average: Σa² / Σa over the positive activations of a window, 0 where there are none. */
export function stochasticPoolMean2d<T extends Operand>(x: T, kernelSize: SpatialOption, options: PoolOptions = {}): T {
  checkSpatialRank("stochasticPoolMean", x, 2);
  checkHalfPadding(stochasticPoolIndicesOp, x, { ...options, kernelSize });
  const sum = (of: T): T => apply(avgPoolOp, [of], { ...options, kernelSize, divisorOverride: 1 });
  const positive = relu(x);
  return map(e.select(e.lt(0, e.operand(1)), e.div(e.operand(0), e.operand(1)), 0), [sum(square(positive)), sum(positive)]);
}
