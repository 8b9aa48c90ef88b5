// Padding beyond the border, in the five ways that convolution layers use, and cropping, which is padding by a negative number.
import { type AttrContext, choice, custom, integers, real } from "../graph/attrs.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { type AxisMaps, fieldOfMaps, gatherAlong, scatterAlong } from "./axis-maps.ts";

/** What lies beyond the border of abcd: constant 00·abcd·00, reflect cb·abcd·cb, replicate aa·abcd·dd, circular cd·abcd·ab, symmetric ba·abcd·dc. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular" | "symmetric";
export const padModes: readonly PadMode[] = ["constant", "reflect", "replicate", "circular", "symmetric"];

/** [before, after] per axis; a shorter list is for the last axes. Negative numbers crop. */
export type Pads = readonly (readonly [before: number, after: number])[];

function parsePads(given: unknown, { where, spatialRank: rank }: AttrContext): Pads {
  const isPair = (p: unknown): p is [number, number] => Array.isArray(p) && p.length === 2 && p.every(Number.isInteger);
  if (!Array.isArray(given) || !given.every(isPair)) {
    throw new ArgumentError(`${where} is ${JSON.stringify(given)}; expected [before, after] integers per axis`);
  }
  if (given.length > rank) throw new ArgumentError(`${where} has ${given.length} entries for ${rank} axes`);
  return [...Array.from({ length: rank - given.length }, () => [0, 0] as const), ...given];
}

const padAttrs = {
  pads: custom(parsePads, "[before, after] per axis; a shorter list is for the last axes; negative numbers crop"),
  mode: choice(padModes, "constant", "what lies beyond the border"),
};

/** The input position that position `i` (may lie outside 0..size-1) reads; -1 for none. */
export function paddedSource(i: number, size: number, mode: PadMode): number {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case "constant":
      return -1;
    case "replicate":
      return i < 0 ? 0 : size - 1;
    case "circular":
      return ((i % size) + size) % size;
    case "reflect":
      return i < 0 ? -i : 2 * (size - 1) - i;
    case "symmetric": {
      const j = ((i % (2 * size)) + 2 * size) % (2 * size);
      return j < size ? j : 2 * size - 1 - j;
    }
  }
}

/** Per axis, where each position of the result reads in x, or -1 for the padding value. */
export function padMaps(shape: Shape, pads: Pads, mode: PadMode): AxisMaps {
  return shape.map((size, axis) => {
    const [before, after] = pads[axis];
    return Int32Array.from({ length: size + before + after }, (_, o) => paddedSource(o - before, size, mode));
  });
}

function paddedShape(shape: Shape, pads: Pads, mode: PadMode, where: string): Shape {
  return shape.map((size, axis) => {
    const [before, after] = pads[axis];
    const padded = size + before + after;
    if (padded < 0) throw new ShapeError(`${where}: axis ${axis} of ${showShape(shape)}: ${size} + ${before} + ${after} = ${padded} < 0`);
    const most = Math.max(before, after);
    if (mode === "reflect" && most > 0 && most >= size) {
      throw new ShapeError(
        `${where}: axis ${axis} of ${showShape(shape)}: reflecting ${most} needs a size of at least ${most + 1}, not ${size}`,
      );
    }
    if (mode !== "constant" && most > 0 && size === 0) {
      throw new ShapeError(`${where}: axis ${axis} of ${showShape(shape)} is empty; the mode "${mode}" has nothing to repeat`);
    }
    return padded;
  });
}

export const padOp: Op = defineOp({
  name: "pad",
  inputs: ["x"],
  attrs: { ...padAttrs, value: real(0, "the constant beyond the border") },
  spatialRank: ({ x }) => x.length,
  shape: ({ x }, { pads, mode }, where) => paddedShape(x, pads, mode, where),
  field: ({ x }, { pads, mode }) => ({
    x: fieldOfMaps(
      padMaps(x, pads, mode),
      pads.map(([before]) => before),
    ),
  }),
  grad: {
    // Cropping what was added and adding what was cropped is the adjoint of a constant border.
    x: (g, { x }, { pads, mode }) =>
      mode === "constant"
        ? pad(
            g,
            pads.map(([before, after]) => [-before, -after]),
          )
        : apply(padGradOp, [g], { pads, mode, inputShape: x.shape }),
  },
  reference: ({ x }, out, { pads, mode, value }) => gatherAlong(x, out, padMaps(x.shape, pads, mode), value),
  doc: {
    text: "Adds elements before and after each axis: a constant, or the tensor reflected, replicated, repeated or mirrored. Crops where negative.",
    example: 'pad(x, [[2, 2], [2, 2]], { mode: "reflect" })',
  },
  cases: [
    {
      inputs: [[2, 3, 4]],
      attrs: {
        pads: [
          [1, 2],
          [0, 3],
        ],
        value: 1.5,
      },
    },
    {
      title: "negative crops",
      inputs: [[3, 5, 4]],
      attrs: {
        pads: [
          [0, -1],
          [-2, 3],
          [1, -1],
        ],
      },
    },
    {
      inputs: [[2, 1, 4, 5]],
      attrs: {
        pads: [
          [3, 2],
          [1, 4],
        ],
        mode: "reflect",
      },
    },
    {
      inputs: [[2, 1, 4, 5]],
      attrs: {
        pads: [
          [5, 2],
          [1, 7],
        ],
        mode: "replicate",
      },
    },
    {
      inputs: [[1, 2, 4, 3]],
      attrs: {
        pads: [
          [3, 2],
          [1, 3],
        ],
        mode: "circular",
      },
    },
    {
      inputs: [[1, 2, 4, 3]],
      attrs: {
        pads: [
          [4, 2],
          [1, 3],
        ],
        mode: "symmetric",
      },
    },
    { title: "reflect one side, crop the other", inputs: [[1, 1, 6]], attrs: { pads: [[3, -2]], mode: "reflect" } },
    {
      title: "3-D",
      inputs: [[1, 2, 3, 2, 4]],
      attrs: {
        pads: [
          [1, 0],
          [1, 1],
          [0, 2],
        ],
        mode: "replicate",
      },
    },
  ],
});

/** Adds each element of a padded gradient to the element it was copied from: the adjoint of `pad` (with value 0). */
export const padGradOp: Op = defineOp({
  name: "padGrad",
  inputs: ["g"],
  attrs: { ...padAttrs, inputShape: integers(undefined, "shape of what was padded") },
  spatialRank: ({ g }) => g.length,
  shape({ g }, { pads, mode, inputShape }, where) {
    const expected = paddedShape(inputShape, pads, mode, where);
    if (expected.some((n, axis) => n !== g[axis])) {
      throw new ShapeError(`${where}: padding ${showShape(inputShape)} gives ${showShape(expected)}, but g has ${showShape(g)}`);
    }
    return inputShape;
  },
  grad: { g: (u, _, { pads, mode }) => pad(u, pads, { mode }) },
  reference: ({ g }, out, { pads, mode, inputShape }) => scatterAlong(g, out, padMaps(inputShape, pads, mode)),
  doc: { text: "The adjoint of pad: every element of g is added to the element that pad copied it from." },
  cases: [
    {
      inputs: [[2, 6, 8]],
      attrs: {
        pads: [
          [1, 1],
          [2, 2],
        ],
        mode: "reflect",
        inputShape: [2, 4, 4],
      },
    },
    {
      inputs: [[2, 6, 8]],
      attrs: {
        pads: [
          [1, 1],
          [0, 5],
        ],
        mode: "replicate",
        inputShape: [2, 4, 3],
      },
    },
    { inputs: [[1, 7]], attrs: { pads: [[3, 1]], mode: "circular", inputShape: [1, 3] } },
    { inputs: [[1, 7]], attrs: { pads: [[3, 1]], mode: "symmetric", inputShape: [1, 3] } },
  ],
});

export interface PadOptions {
  /** Default "constant". */
  readonly mode?: PadMode;
  /** The constant of mode "constant" (default 0). */
  readonly value?: number;
}

/**
 * Pads `x` by [before, after] per axis; a list shorter than the rank is for the last axes. Negative numbers crop.
 * Mode "reflect" needs padding < size. Throws `ShapeError` when an axis would become negative.
 */
export function pad<T extends Operand>(x: T, pads: Pads, options: PadOptions = {}): T {
  return apply(padOp, [x], { pads, ...options });
}
