// Windows whose taps have been pushed about: columns of a picture read between its pixels. All that is special about deformable
// convolution is here. The columns are linear in the picture and, between grid lines, linear in each offset, so one op with a flag per
// coordinate ("differentiate here") and its adjoint in the picture are closed under derivatives of any order.
import type { WindowAxis } from "../arithmetic/sizes.ts";
import { custom, integers } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, fill } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mul } from "./arithmetic.ts";
import { concat } from "./concat.ts";
import { deformTaps } from "./deform-taps.ts";
import { mixOp, unmixOp } from "./mix.ts";
import { oneFloatType } from "./operands.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { type WindowAttrs, windowAttrSpecs, windowsOver } from "./unfold.ts";

export interface DeformGeometry {
  readonly batch: number;
  readonly channels: number;
  readonly rows: WindowAxis;
  readonly columns: WindowAxis;
  readonly taps: number;
  /** Runs of channels that share their offsets. */
  readonly offsetGroups: number;
}

/** Throws `ShapeError` unless x is [N, C, H, W] and offset [N, 2·og·kh·kw, oh, ow] with og dividing C. */
export function deformGeometry(x: Shape, offset: Shape, attrs: WindowAttrs, where: string): DeformGeometry {
  if (x.length !== 4) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, height, width]`);
  const [rows, columns] = windowsOver(x, attrs, where);
  const taps = rows.kernel * columns.kernel;
  const [batch, channels] = x;
  const offsetGroups = offset[1] / (2 * taps);
  const fits = offset.length === 4 && sameShape([offset[0], ...offset.slice(2)], [batch, rows.output, columns.output]);
  if (!fits || !Number.isInteger(offsetGroups) || offsetGroups < 1 || channels % offsetGroups !== 0) {
    throw new ShapeError(
      `${where}: offset has shape ${showShape(offset)}; expected [${batch}, 2·${taps}·offsetGroups, ${rows.output}, ${columns.output}] with offsetGroups dividing ${channels} channels`,
    );
  }
  return { batch, channels, rows, columns, taps, offsetGroups };
}

/** Up to four elements of a plane that one tap mixes. */
export interface Mixture {
  count: number;
  readonly position: Int32Array;
  readonly weight: Float64Array;
}

/** Room for the four pixels around a place; `mix` fills it. */
export function emptyMixture(): Mixture {
  return { count: 0, position: new Int32Array(4), weight: new Float64Array(4) };
}

/** Whether each coordinate's weight is to be replaced by its derivative. */
type Derivative = readonly number[];

/**
 * Bilinear weights g(a, b) = max(0, 1 - |a - b|) per axis, zero outside. At whole positions the derivative is that from above, as in
 * torchvision. Elements that do not count are left out, so that whole positions read one element exactly.
 */
export function mix(row: number, column: number, height: number, width: number, [byRow, byColumn]: Derivative, into: Mixture): void {
  into.count = 0;
  const top = Math.floor(row);
  const left = Math.floor(column);
  for (let i = 0; i < 2; i++) {
    const y = top + i;
    if (y < 0 || y >= height) continue;
    const rowWeight = byRow === 1 ? 2 * i - 1 : i === 0 ? 1 - (row - top) : row - top;
    for (let j = 0; j < 2; j++) {
      const x = left + j;
      const weight = rowWeight * (byColumn === 1 ? 2 * j - 1 : j === 0 ? 1 - (column - left) : column - left);
      if (x < 0 || x >= width || weight === 0) continue;
      into.position[into.count] = y * width + x;
      into.weight[into.count++] = weight;
    }
  }
}

/** Calls `visit` for every picture, offset group, tap and output position, with what is mixed there. */
export function eachMixture(
  offset: Tensor,
  { batch, rows, columns, taps, offsetGroups }: DeformGeometry,
  derivative: Derivative,
  visit: (n: number, group: number, tap: number, position: number, mixture: Mixture) => void,
): void {
  const mixture = emptyMixture();
  const positions = rows.output * columns.output;
  for (let n = 0; n < batch; n++) {
    for (let group = 0; group < offsetGroups; group++) {
      for (let tap = 0; tap < taps; tap++) {
        const shifts = ((n * offsetGroups + group) * taps + tap) * 2 * positions;
        const firstRow = Math.floor(tap / columns.kernel) * rows.dilation - rows.before;
        const firstColumn = (tap % columns.kernel) * columns.dilation - columns.before;
        for (let p = 0; p < positions; p++) {
          const row = firstRow + Math.floor(p / columns.output) * rows.stride + offset.data[shifts + p];
          const column = firstColumn + (p % columns.output) * columns.stride + offset.data[shifts + positions + p];
          mix(row, column, rows.input, columns.input, derivative, mixture);
          visit(n, group, tap, p, mixture);
        }
      }
    }
  }
}

const sampleAttrs = {
  ...windowAttrSpecs,
  derivative: custom((given = [0, 0], { where }): Derivative => {
    if (!Array.isArray(given) || given.length !== 2 || !given.every((d) => d === 0 || d === 1)) {
      throw new ArgumentError(`${where} is ${JSON.stringify(given)}; expected 0 or 1 for the row and for the column`);
    }
    return given;
  }, "1 for each of (row, column) by which the sample is differentiated (used by gradients)"),
};

interface SampleAttrs extends WindowAttrs {
  readonly derivative: Derivative;
}

function sampledShape({ batch, channels, taps, rows, columns }: DeformGeometry): number[] {
  return [batch, channels, taps, rows.output, columns.output];
}

/** d(samples · g) / d(offset): samples differentiated by row and by column, summed over the channels that share the offset. */
function offsetGradient(g: Value, x: Value, offset: Value, attrs: SampleAttrs): Value {
  const { batch, channels, taps, offsetGroups, rows, columns } = deformGeometry(x.shape, offset.shape, attrs, "deformSample");
  const space = [rows.output, columns.output];
  const parts = attrs.derivative.map((done, k) => {
    const shape = [batch, offsetGroups, taps, 1, ...space];
    // Between grid lines a sample is linear in each coordinate: a second derivative by the same one is zero.
    if (done === 1) return fill(shape, 0, offset.dtype);
    const slope = apply<Value>(deformSampleOp, [x, offset], { ...attrs, derivative: attrs.derivative.with(k, 1) });
    const products = reshape(mul(g, slope), [batch, offsetGroups, channels / offsetGroups, taps, ...space]);
    return reshape(sum(products, { axes: 2 }), shape);
  });
  return reshape(concat(parts, { axis: 3 }), offset.shape);
}

export const deformSampleOp: Op = defineOp({
  name: "deformSample",
  inputs: ["x", "offset"],
  attrs: sampleAttrs,
  spatialRank: () => 2,
  shape: ({ x, offset }, attrs, where) => sampledShape(deformGeometry(x, offset, attrs, where)),
  dtype: ({ all }) => oneFloatType("deformSample", all),
  grad: {
    x: (g, { x, offset }, attrs) => apply(deformSampleInputGradOp, [g, offset], { ...attrs, inputSize: x.shape.slice(2) }),
    offset: (g, { x, offset }, attrs) => offsetGradient(g, x, offset, attrs),
  },
  decompose({ x, offset }, attrs) {
    const geometry = deformGeometry(x.shape, offset.shape, attrs, "deformSample");
    const { indices, weights } = deformTaps(offset, geometry, attrs.derivative);
    const planes = reshape(x, [...x.shape.slice(0, 2), sizeOf(x.shape.slice(2))]);
    return reshape(apply<Value>(mixOp, [planes, indices, weights]), sampledShape(geometry));
  },
  reference({ x, offset }, out, attrs) {
    const geometry = deformGeometry(x.shape, offset.shape, attrs, "deformSample");
    walkColumns(geometry, offset, attrs.derivative, (entry, plane, mixture) => {
      let value = 0;
      for (let i = 0; i < mixture.count; i++) value += mixture.weight[i] * x.data[plane + mixture.position[i]];
      out.data[entry] = value;
    });
  },
  doc: {
    text: "Windows of x with every tap moved by its own offset, read bilinearly with zeros outside: [N, C, H, W] -> [N, C, kh·kw, oh, ow].",
    cites: ["Dai et al., Deformable convolutional networks, arXiv 1703.06211, equations 3 and 4"],
    example: "deformSample(x, offset, { kernelSize: 3 })",
  },
  cases: [
    {
      inputs: [
        [1, 2, 4, 5],
        [1, 8, 3, 4],
      ],
      attrs: { kernelSize: 2 },
    },
    {
      title: "two offset groups, stride, padding, dilation",
      inputs: [
        [2, 4, 6, 5],
        [2, 16, 3, 3],
      ],
      attrs: { kernelSize: 2, stride: 2, padding: 1, dilation: 2 },
    },
    {
      title: "a derivative by the column",
      inputs: [
        [1, 2, 4, 4],
        [1, 8, 3, 3],
      ],
      attrs: { kernelSize: 2, derivative: [0, 1] },
    },
  ],
});

function walkColumns(
  geometry: DeformGeometry,
  offset: Tensor,
  derivative: Derivative,
  visit: (entry: number, plane: number, mixture: Mixture) => void,
): void {
  const { channels, offsetGroups, taps, rows, columns } = geometry;
  const positions = rows.output * columns.output;
  const inputs = rows.input * columns.input;
  const perGroup = channels / offsetGroups;
  eachMixture(offset, geometry, derivative, (n, group, tap, p, mixture) => {
    const first = n * channels + group * perGroup;
    for (let plane = first; plane < first + perGroup; plane++) visit((plane * taps + tap) * positions + p, plane * inputs, mixture);
  });
}

export const deformSampleInputGradOp: Op = defineOp({
  name: "deformSampleInputGrad",
  inputs: ["g", "offset"],
  attrs: { ...sampleAttrs, inputSize: integers(undefined, "height and width of what was sampled") },
  spatialRank: () => 2,
  shape({ g, offset }, { inputSize, ...attrs }, where) {
    const x = [g[0], g[1], ...inputSize];
    const expected = sampledShape(deformGeometry(x, offset, attrs, where));
    if (!sameShape(expected, g)) throw new ShapeError(`${where}: sampling gives ${showShape(expected)}, but g has ${showShape(g)}`);
    return x;
  },
  dtype: ({ all }) => oneFloatType("deformSampleInputGrad", all),
  grad: {
    g: (u, { offset }, { inputSize: _, ...attrs }) => apply(deformSampleOp, [u, offset], attrs),
    // <u, adjoint(g)> = <g, sample(u)>, so by the offset it changes as the sample of u does.
    offset: (u, { g, offset }, { inputSize: _, ...attrs }) => offsetGradient(g, u, offset, attrs),
  },
  decompose({ g, offset }, { inputSize, ...attrs }) {
    const shape = [...g.shape.slice(0, 2), ...inputSize];
    const geometry = deformGeometry(shape, offset.shape, attrs, "deformSampleInputGrad");
    const { indices, weights } = deformTaps(offset, geometry, attrs.derivative);
    const columns = reshape(g, [...g.shape.slice(0, 2), sizeOf(g.shape.slice(2))]);
    return reshape(apply<Value>(unmixOp, [columns, indices, weights], { pixels: [sizeOf(inputSize)] }), shape);
  },
  reference({ g, offset }, out, attrs) {
    const geometry = deformGeometry(out.shape, offset.shape, attrs, "deformSampleInputGrad");
    walkColumns(geometry, offset, attrs.derivative, (entry, plane, mixture) => {
      for (let i = 0; i < mixture.count; i++) out.data[plane + mixture.position[i]] += mixture.weight[i] * g.data[entry];
    });
  },
  doc: { text: "The adjoint of deformSample in the picture: every entry of g is spread over the elements that were mixed into it." },
  cases: [
    {
      inputs: [
        [1, 2, 4, 3, 4],
        [1, 8, 3, 4],
      ],
      attrs: { kernelSize: 2, inputSize: [4, 5] },
    },
    {
      title: "two offset groups, stride, padding",
      inputs: [
        [1, 2, 6, 3, 3],
        [1, 24, 3, 3],
      ],
      attrs: { kernelSize: [2, 3], stride: 2, padding: 1, inputSize: [4, 5] },
    },
  ],
});
