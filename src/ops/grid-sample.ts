// Sampling a picture at any positions: the differentiable half of a spatial transformer (Jaderberg et al., arXiv 1506.02025).
// The sample is linear in the picture and, between grid lines, a polynomial in every coordinate. So one op with a number per coordinate
// ("differentiate so often") and its adjoint in the picture are closed under derivatives of any order.
import { type AttrContext, choice, custom, flag, integers } from "../graph/attrs.ts";
import { defineOp, type Op, type OpCase } from "../graph/op.ts";
import { apply, fill, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape, sizeOf, stridesOf } from "../tensor/shape.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";
import { mul } from "./arithmetic.ts";
import { concat } from "./concat.ts";
import { cubicPolynomial, gridTaps } from "./grid-taps.ts";
import { mixOp, unmixOp } from "./mix.ts";
import { sum } from "./reduce.ts";
import { reshape, unsqueeze } from "./reshape.ts";

export type GridMode = "bilinear" | "nearest" | "bicubic";
/** What lies beyond the border: zeros, the border itself, or the picture mirrored (at element centres when corners are aligned). */
export type GridPaddingMode = "zeros" | "border" | "reflection";

/** Degree of the polynomial between grid lines: differentiated more often by one coordinate, a sample is zero. */
const degree: Readonly<Record<GridMode, number>> = { nearest: 0, bilinear: 1, bicubic: 3 };

export interface GridAttrs {
  readonly mode: GridMode;
  readonly paddingMode: GridPaddingMode;
  readonly alignCorners: boolean;
  readonly derivative: readonly number[];
}

function parseDerivative(given: unknown, { where, spatialRank }: AttrContext): readonly number[] {
  if (given === undefined) return new Array<number>(spatialRank).fill(0);
  if (!Array.isArray(given) || given.length !== spatialRank || !given.every((d) => Number.isInteger(d) && d >= 0)) {
    throw new ArgumentError(`${where} is ${JSON.stringify(given)}; expected an integer >= 0 for each of ${spatialRank} coordinates`);
  }
  return given;
}

const gridAttrs = {
  mode: choice(["bilinear", "nearest", "bicubic"], "bilinear", "how neighbours are mixed"),
  paddingMode: choice(["zeros", "border", "reflection"], "zeros", "what lies beyond the border"),
  alignCorners: flag(false, "-1 and 1 are the centres of the corner elements, instead of the outer edges"),
  derivative: custom(parseDerivative, "how often the sample is differentiated by every grid coordinate (used by gradients)"),
};

function sampledShape(x: Shape, grid: Shape, where: string): Shape {
  const axes = x.length - 2;
  if (axes < 1 || grid.length !== x.length || grid[grid.length - 1] !== axes || grid[0] !== x[0]) {
    throw new ShapeError(
      `${where}: x ${showShape(x)} and grid ${showShape(grid)} do not fit; expected [N, C, spatial axes...] and [N, output axes..., ${Math.max(axes, 1)}] with the same N and as many output axes`,
    );
  }
  if (sizeOf(x.slice(2)) === 0) throw new ShapeError(`${where}: x ${showShape(x)} has nothing to sample`);
  return [x[0], x[1], ...grid.slice(1, -1)];
}

function oneType(where: string, [a, b]: readonly DType[]): DType {
  if (a !== b) throw new DTypeError(`${where}: operands have dtypes ${a} and ${b}; they must be the same`);
  return a;
}

/** A grid coordinate in elements, and how fast it moves with the coordinate. */
function inElements(coordinate: number, size: number, alignCorners: boolean): { position: number; slope: number } {
  return alignCorners
    ? { position: ((coordinate + 1) / 2) * (size - 1), slope: (size - 1) / 2 }
    : { position: ((coordinate + 1) * size - 1) / 2, slope: size / 2 };
}

/** A position folded back into the picture, and whether it moves there forwards (1), backwards (-1) or not at all. */
function fold(position: number, size: number, { paddingMode, alignCorners }: GridAttrs): { position: number; sign: number } {
  if (paddingMode === "zeros") return { position, sign: 1 };
  const folded = paddingMode === "reflection" ? reflect(position, size, alignCorners) : { position, sign: 1 };
  const clamped = Math.min(Math.max(folded.position, 0), size - 1);
  return { position: clamped, sign: clamped === folded.position ? folded.sign : 0 };
}

/** Mirrors a position between the centres (aligned corners) or the outer edges of the first and last elements. */
function reflect(position: number, size: number, alignCorners: boolean): { position: number; sign: number } {
  const low = alignCorners ? 0 : -0.5;
  const span = alignCorners ? size - 1 : size;
  if (span === 0) return { position: 0, sign: 0 };
  const distance = Math.abs(position - low);
  const turns = Math.floor(distance / span);
  const rest = distance - turns * span;
  const forward = turns % 2 === 0;
  return { position: low + (forward ? rest : span - rest), sign: (position < low ? -1 : 1) * (forward ? 1 : -1) };
}

/** Calls `visit(output offset, input offset, weight)`, offsets within one channel plane, for all taps of picture `n`. */
function forEachTap(
  grid: Tensor,
  n: number,
  spatial: Shape,
  attrs: GridAttrs,
  visit: (to: number, from: number, weight: number) => void,
): void {
  const axes = spatial.length;
  const strides = stridesOf(spatial);
  const points = sizeOf(grid.shape.slice(1, -1));
  for (let point = 0; point < points; point++) {
    // Grid coordinates run backwards: the first one belongs to the last axis.
    const taps = spatial.map((size, axis) => {
      const k = axes - 1 - axis;
      return axisTaps(grid.data[(n * points + point) * axes + k], size, attrs.derivative[k], attrs);
    });
    const descend = (axis: number, from: number, weight: number): void => {
      if (axis === axes) {
        visit(point, from, weight);
        return;
      }
      for (const tap of taps[axis]) {
        if (tap.index >= 0 && tap.index < spatial[axis]) descend(axis + 1, from + tap.index * strides[axis], weight * tap.weight);
      }
    };
    descend(0, 0, 1);
  }
}

/** The elements along one axis that a coordinate reads, with their weights or the weights' derivatives of some `order`. */
function axisTaps(coordinate: number, size: number, order: number, attrs: GridAttrs): { index: number; weight: number }[] {
  if (order > degree[attrs.mode]) return [];
  const { position: unfolded, slope } = inElements(coordinate, size, attrs.alignCorners);
  // As in PyTorch, a cubic looks at the folded picture around the place itself; the others look around the folded place.
  if (attrs.mode === "bicubic") {
    const low = Math.floor(unfolded);
    return [-1, 0, 1, 2].map((k) => ({
      index: fold(low + k, size, attrs).position,
      weight: slope ** order * cubicWeight(unfolded - low, k, order),
    }));
  }
  const { position, sign } = fold(unfolded, size, attrs);
  if (attrs.mode === "nearest") return [{ index: roundHalfToEven(position), weight: 1 }];
  const low = Math.floor(position);
  const part = position - low;
  const [first, second] = order === 1 ? [-slope * sign, slope * sign] : [1 - part, part];
  return [
    { index: low, weight: first },
    { index: low + 1, weight: second },
  ];
}

/** The share of element `k` (-1 .. 2) at `part` of the way from element 0 to element 1, differentiated by `part`. */
function cubicWeight(part: number, k: number, order: number): number {
  const distance = k <= 0 ? part - k : k - part;
  const powers = cubicPolynomial(k === 0 || k === 1 ? "inner" : "outer", order);
  return (k <= 0 ? 1 : (-1) ** order) * powers.reduce((sum, factor) => sum * distance + factor, 0);
}

function roundHalfToEven(n: number): number {
  const floor = Math.floor(n);
  if (n - floor !== 0.5) return Math.round(n);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Whether the sample is differentiated more often than its polynomial allows. */
const vanishes = ({ mode, derivative }: GridAttrs): boolean => derivative.some((order) => order > degree[mode]);

/** d(sample · g)/d(grid): one sample per coordinate, differentiated there, summed over channels. */
function gridGradient(g: Value, x: Value, grid: Value, attrs: GridAttrs): Value {
  const isZero = (done: number): boolean => done >= degree[attrs.mode];
  if (attrs.derivative.every(isZero)) return fill(grid.shape, 0, grid.dtype);
  const parts = attrs.derivative.map((done, k) => {
    if (isZero(done)) return fill([...grid.shape.slice(0, -1), 1], 0, grid.dtype);
    const slope = apply(gridSampleOp, [x, grid], { ...attrs, derivative: attrs.derivative.with(k, done + 1) });
    return unsqueeze(sum(mul(g, slope), { axes: [1] }), { axes: -1 });
  });
  return concat(parts, { axis: -1 });
}

const fixedGrid: OpCase["inputs"][number] = {
  shape: [1, 2, 3, 2],
  fill: { values: [-0.91, -0.83, 0.11, 0.23, 0.87, -0.42, -1.37, 0.55, 1.62, 1.21, 0.37, -2.83] },
};
const sampleCases: readonly OpCase[] = (["zeros", "border", "reflection"] as const).flatMap((paddingMode) =>
  [false, true].map((alignCorners) => ({
    title: `${paddingMode}${alignCorners ? ", aligned corners" : ""}`,
    inputs: [[1, 2, 3, 4], fixedGrid],
    attrs: { paddingMode, alignCorners },
  })),
);

export const gridSampleOp: Op = defineOp({
  name: "gridSample",
  inputs: ["x", "grid"],
  attrs: gridAttrs,
  spatialRank: ({ x }) => Math.max(0, x.length - 2),
  shape: ({ x, grid }, _, where) => sampledShape(x, grid, where),
  dtype: ({ all }) => oneType("gridSample", all),
  grad: {
    x: (g, { x, grid }, attrs) => apply(gridSampleInputGradOp, [g, grid], { ...attrs, inputSize: x.shape.slice(2) }),
    grid: (g, { x, grid }, attrs) => gridGradient(g, x, grid, attrs),
  },
  decompose({ x, grid }, attrs) {
    const shape = [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)];
    if (vanishes(attrs)) return fill(shape, 0, x.dtype);
    const { indices, weights } = gridTaps(grid, x.shape.slice(2), attrs);
    const planes = reshape(x, [...x.shape.slice(0, 2), sizeOf(x.shape.slice(2))]);
    return reshape(apply<Value>(mixOp, [planes, indices, weights]), shape);
  },
  reference({ x, grid }, out, attrs) {
    const spatial = x.shape.slice(2);
    const [inPlane, outPlane] = [sizeOf(spatial), sizeOf(out.shape.slice(2))];
    const [batch, channels] = x.shape;
    for (let n = 0; n < batch; n++) {
      forEachTap(grid, n, spatial, attrs, (to, from, weight) => {
        for (let c = n * channels; c < (n + 1) * channels; c++) out.data[c * outPlane + to] += weight * x.data[c * inPlane + from];
      });
    }
  },
  doc: {
    text: "Samples x [N, C, H, W] at the positions grid [N, H', W', 2], given as (x, y) in -1..1 from border to border. Any number of spatial axes.",
    cites: ["Jaderberg et al., Spatial transformer networks, arXiv 1506.02025, section 3.3"],
    example: "gridSample(x, affineGrid(theta, { size: [28, 28] }))",
  },
  cases: [
    ...sampleCases,
    { title: "nearest", inputs: [[1, 2, 3, 4], fixedGrid], attrs: { mode: "nearest" } },
    { title: "bicubic", inputs: [[1, 2, 3, 4], fixedGrid], attrs: { mode: "bicubic" } },
    { title: "bicubic, border", inputs: [[1, 1, 5, 4], fixedGrid], attrs: { mode: "bicubic", paddingMode: "border" } },
    {
      title: "bicubic, reflection, aligned corners",
      inputs: [[1, 1, 3, 5], fixedGrid],
      attrs: { mode: "bicubic", paddingMode: "reflection", alignCorners: true },
    },
    {
      title: "batch, random positions",
      inputs: [
        [2, 3, 5, 4],
        [2, 3, 2, 2],
      ],
    },
    {
      title: "3-D",
      inputs: [[1, 2, 2, 3, 3], { shape: [1, 2, 1, 2, 3], fill: { values: [-0.4, 0.3, 0.11, 0.62, -0.53, 0.29, -0.83, 0.05, 0.7] } }],
    },
    { title: "a derivative", inputs: [[1, 2, 3, 4], fixedGrid], attrs: { derivative: [0, 1] } },
    { title: "bicubic, higher derivatives", inputs: [[1, 1, 3, 4], fixedGrid], attrs: { mode: "bicubic", derivative: [2, 1] } },
  ],
});

export const gridSampleInputGradOp: Op = defineOp({
  name: "gridSampleInputGrad",
  inputs: ["g", "grid"],
  attrs: { ...gridAttrs, inputSize: integers(undefined, "spatial sizes of what was sampled") },
  spatialRank: ({ g }) => Math.max(0, g.length - 2),
  shape({ g, grid }, { inputSize }, where) {
    const x = [...g.slice(0, 2), ...inputSize];
    const expected = sampledShape(x, grid, where);
    if (expected.some((n, axis) => n !== g[axis]))
      throw new ShapeError(`${where}: sampling gives ${showShape(expected)}, but g has ${showShape(g)}`);
    return x;
  },
  dtype: ({ all }) => oneType("gridSampleInputGrad", all),
  grad: {
    g: (u, { grid }, { inputSize: _size, ...attrs }) => apply(gridSampleOp, [u, grid], attrs),
    // <u, adjoint(g)> = <g, sample(u)>, so by the grid it changes as the sample of u does.
    grid: (u, { g, grid }, { inputSize: _size, ...attrs }) => gridGradient(g, u, grid, attrs),
  },
  decompose({ g, grid }, { inputSize, ...attrs }) {
    const shape = [...g.shape.slice(0, 2), ...inputSize];
    if (vanishes(attrs)) return fill(shape, 0, g.dtype);
    const { indices, weights } = gridTaps(grid, inputSize, attrs);
    const samples = reshape(g, [...g.shape.slice(0, 2), sizeOf(g.shape.slice(2))]);
    return reshape(apply<Value>(unmixOp, [samples, indices, weights], { pixels: [sizeOf(inputSize)] }), shape);
  },
  reference({ g, grid }, out, attrs) {
    const spatial = out.shape.slice(2);
    const [inPlane, outPlane] = [sizeOf(spatial), sizeOf(g.shape.slice(2))];
    const [batch, channels] = out.shape;
    for (let n = 0; n < batch; n++) {
      forEachTap(grid, n, spatial, attrs, (to, from, weight) => {
        for (let c = n * channels; c < (n + 1) * channels; c++) out.data[c * inPlane + from] += weight * g.data[c * outPlane + to];
      });
    }
  },
  doc: { text: "The adjoint of gridSample in the picture: every element of g is spread over the elements that were mixed into it." },
  cases: [
    { inputs: [[1, 2, 2, 3], fixedGrid], attrs: { inputSize: [3, 4] } },
    { title: "reflection", inputs: [[1, 2, 2, 3], fixedGrid], attrs: { inputSize: [4, 2], paddingMode: "reflection" } },
    { title: "bicubic", inputs: [[1, 1, 2, 3], fixedGrid], attrs: { inputSize: [4, 3], mode: "bicubic" } },
  ],
});

export interface GridSampleOptions {
  /** Default "bilinear". All go with any number of dimensions; "bicubic" is cubic convolution with a = -0.75, as in PyTorch. */
  readonly mode?: GridMode;
  /** Default "zeros". */
  readonly paddingMode?: GridPaddingMode;
  /** Default false: -1 and 1 are the outer edges. */
  readonly alignCorners?: boolean;
}

/**
 * Samples x [N, C, H, W] at grid [N, H', W', 2], (x, y) in -1..1: [N, C, H', W']. With three spatial axes the grid holds (x, y, z).
 * Differentiable any number of times in x and in the grid (between grid lines).
 */
export function gridSample<T extends Operand>(x: T, grid: T, options: GridSampleOptions = {}): T {
  return apply(gridSampleOp, [x, grid], options);
}
