// Resampling to another size. Every mode is a separable linear map, so that a resize is `resample` with tables made for it.
import { type AttrContext, choice, custom, flag, optional, spatial } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { identity } from "./identity.ts";
import { fieldOfTaps, isIdentity, resample, type Taps } from "./resample.ts";
import { areaTaps, type ResizedAxis, type TapRule, tapsOf } from "./resize-taps.ts";

/**
 * "nearest" takes floor(j · ratio), "nearest-exact" floor((j + 0.5) · ratio), "linear" mixes the two neighbours, "cubic" four by cubic
 * convolution, "area" takes the mean of what an output element covers.
 */
export type ResizeMode = "nearest" | "nearest-exact" | "linear" | "cubic" | "area";
export const resizeModes: readonly ResizeMode[] = ["nearest", "nearest-exact", "linear", "cubic", "area"];
const interpolating: readonly ResizeMode[] = ["linear", "cubic"];

function parseScale(given: unknown, { where, spatialRank }: AttrContext): readonly number[] {
  const list = Array.isArray(given) ? given : new Array(spatialRank).fill(given);
  if (list.length !== spatialRank || !list.every((s) => typeof s === "number" && s > 0 && Number.isFinite(s))) {
    throw new ArgumentError(`${where} is ${JSON.stringify(given)}; expected a number > 0, or one for each of ${spatialRank} spatial axes`);
  }
  return list;
}

interface ResizeAttrs {
  readonly size: readonly number[] | undefined;
  readonly scale: readonly number[] | undefined;
  readonly mode: ResizeMode;
  readonly alignCorners: boolean;
  readonly antialias: boolean;
}

/** A table has a row per output position, so a slip of the pen must not fill the memory with rows. */
const mostPositions = 2 ** 22;

function resizedShape(x: Shape, { size, scale, mode, alignCorners, antialias }: ResizeAttrs, where: string): Shape {
  if (x.length < 3) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, spatial axes...]`);
  if ((size === undefined) === (scale === undefined)) throw new ArgumentError(`${where}: give either size or scale`);
  for (const [name, given] of Object.entries({ alignCorners, antialias })) {
    if (given && !interpolating.includes(mode)) {
      throw new ArgumentError(`${where}: ${name} is for the modes "${interpolating.join('" and "')}", not "${mode}"`);
    }
  }
  if (alignCorners && antialias) throw new ArgumentError(`${where}: antialias needs half-pixel positions, but alignCorners is set too`);
  const spatialSizes = x.slice(2).map((n, i) => size?.[i] ?? Math.floor(n * (scale as readonly number[])[i]));
  if (spatialSizes.some((n) => n < 1) || x.slice(2).some((n) => n < 1)) {
    throw new ShapeError(
      `${where}: ${showShape(x)} would become ${showShape([...x.slice(0, 2), ...spatialSizes])}; sizes must be at least 1`,
    );
  }
  const longest = Math.max(...spatialSizes);
  if (longest > mostPositions) {
    throw new ShapeError(
      `${where}: ${showShape(x)} would get an axis of ${longest} positions; resizing makes tables of at most ${mostPositions}`,
    );
  }
  return [...x.slice(0, 2), ...spatialSizes];
}

/** PyTorch's conventions. Its antialiased cubic kernel is Pillow's, with a = -1/2. */
function ruleOf({ mode, alignCorners, antialias }: ResizeAttrs): TapRule {
  if (mode === "nearest") return { kernel: "nearest", positions: "asymmetric" };
  if (mode === "nearest-exact") return { kernel: "nearest", positions: "tf-half-pixel-for-nn" };
  const positions = alignCorners ? "align-corners" : "half-pixel";
  const kernel = mode === "cubic" ? "cubic" : "linear";
  return antialias ? { kernel, positions, antialias, excludeOutside: true, cubicCoefficient: -0.5 } : { kernel, positions };
}

/** A table for every axis that changes. */
function resizeTaps(x: Shape, attrs: ResizeAttrs): Taps {
  const rule = ruleOf(attrs);
  return resizedShape(x, attrs, "resize").map((outputSize, i) => {
    if (i < 2) return undefined;
    const axis: ResizedAxis = { inputSize: x[i], outputSize, scale: attrs.alignCorners ? undefined : attrs.scale?.[i - 2] };
    const taps = attrs.mode === "area" ? areaTaps(axis) : tapsOf(axis, rule);
    return isIdentity(taps) ? undefined : taps;
  });
}

export const resizeOp: Op = defineOp({
  name: "resize",
  inputs: ["x"],
  attrs: {
    size: optional(spatial(1, 1, "output size per spatial axis; give this or scale")),
    scale: optional(custom(parseScale, "output size / input size per spatial axis; give this or size")),
    mode: choice(resizeModes, "nearest", "how neighbours are mixed"),
    alignCorners: flag(false, "linear and cubic: the first and last elements keep their places, instead of the outer edges"),
    antialias: flag(false, "linear and cubic: where the axis shrinks, widen the kernel so that every element counts"),
  },
  spatialRank: ({ x }) => Math.max(0, x.length - 2),
  shape: ({ x }, attrs, where) => resizedShape(x, attrs, where),
  field: ({ x }, attrs) => ({ x: fieldOfTaps(resizeTaps(x, attrs)) }),
  decompose({ x }, attrs) {
    const taps = resizeTaps(x.shape, attrs);
    return taps.every((table) => table === undefined) ? identity(x) : resample(x, taps);
  },
  doc: {
    text: "Resamples the spatial axes: nearest, linear, cubic (a = -3/4) or the mean of an area; half-pixel centres or aligned corners.",
    cites: ["Keys 1981"],
    example: 'resize(x, { scale: 2, mode: "linear" })',
  },
  cases: [
    { inputs: [[2, 3, 4, 5]], attrs: { scale: 2 } },
    { title: "nearest to an odd size", inputs: [[1, 2, 5, 7]], attrs: { size: [7, 3] } },
    { title: "nearest-exact", inputs: [[1, 2, 5, 7]], attrs: { size: [8, 3], mode: "nearest-exact" } },
    { title: "linear, enlarged", inputs: [[1, 2, 3, 4]], attrs: { size: [7, 9], mode: "linear" } },
    { title: "linear, aligned corners", inputs: [[1, 2, 3, 4]], attrs: { size: [7, 9], mode: "linear", alignCorners: true } },
    { title: "linear, reduced, by a scale that rounds", inputs: [[1, 1, 7, 5]], attrs: { scale: [0.6, 1.5], mode: "linear" } },
    { title: "linear, antialiased", inputs: [[1, 1, 7, 5]], attrs: { size: [3, 8], mode: "linear", antialias: true } },
    { title: "linear, 1-D", inputs: [[2, 1, 5]], attrs: { size: 8, mode: "linear" } },
    { title: "linear, 3-D", inputs: [[1, 2, 2, 3, 2]], attrs: { scale: 2, mode: "linear" } },
    { title: "cubic", inputs: [[1, 2, 5, 6]], attrs: { size: [9, 4], mode: "cubic" } },
    { title: "cubic, aligned corners", inputs: [[1, 1, 3, 4]], attrs: { size: [5, 1], mode: "cubic", alignCorners: true } },
    { title: "cubic, antialiased", inputs: [[1, 1, 8, 3]], attrs: { size: [3, 4], mode: "cubic", antialias: true } },
    { title: "area", inputs: [[1, 2, 7, 4]], attrs: { size: [3, 6], mode: "area" } },
    { title: "to the same size", inputs: [[1, 2, 3, 2]], attrs: { size: [3, 2], mode: "cubic" } },
  ],
});

export interface ResizeOptions {
  /** Output size per spatial axis; a number stands for all. Give this or `scale`. */
  readonly size?: number | readonly number[];
  /** Factor per spatial axis; sizes are rounded down. */
  readonly scale?: number | readonly number[];
  /** Default "nearest". */
  readonly mode?: ResizeMode;
  /** Modes "linear" and "cubic" (default false). */
  readonly alignCorners?: boolean;
  /** Modes "linear" and "cubic": widen the kernel by which an axis is reduced, so that no element is skipped (default false). */
  readonly antialias?: boolean;
}

/**
 * Resamples the spatial axes of x [N, C, ...], with the conventions of PyTorch's `interpolate`. "nearest" takes floor(j · in/out),
 * "nearest-exact" floor((j + 0.5) · in/out); "linear" and "cubic" (a = -3/4; antialiased -1/2) interpolate between half-pixel centres,
 * repeating the last element, or, with `alignCorners`, so that the corner elements keep their places; "area" is the mean of the elements
 * from floor(j · in/out) to ceil((j + 1) · in/out).
 */
export function resize<T extends Operand>(x: T, options: ResizeOptions): T {
  return apply(resizeOp, [x], options);
}
