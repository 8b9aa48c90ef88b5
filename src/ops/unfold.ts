// The windows of a picture as columns of a matrix (im2col), and back. With it a convolution is a matrix product, and what is no
// convolution but looks through windows (unshared weights, patches of pictures) needs no loops of its own.
import { type WindowAxis, windowAxes } from "../arithmetic/sizes.ts";
import { tapTable } from "../arithmetic/taps.ts";
import {
  type AttrSpec,
  custom,
  integers,
  type Padding,
  type PaddingOption,
  padding,
  parseAttrs,
  type SpatialOption,
  spatial,
} from "../graph/attrs.ts";
import { gradient } from "../graph/grad.ts";
import { defineOp, type Op } from "../graph/op.ts";
import { apply, fill, type Operand } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { concat } from "./concat.ts";
import { spatialAxes } from "./operands.ts";
import { pad } from "./pad.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

/** Canonical attributes of everything that looks through windows without having a kernel tensor. */
export interface WindowAttrs {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: Padding;
  readonly dilation: readonly number[];
}

export interface WindowOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
}

const kernelSizes = spatial(1);

export const windowAttrSpecs: { readonly [K in keyof WindowAttrs]: AttrSpec<WindowAttrs[K]> } = {
  kernelSize: custom((given, context) => {
    if (given === undefined) throw new ArgumentError(`${context.where} is missing; expected a number or one per spatial axis`);
    return kernelSizes.parse(given, context);
  }, "size of the window per spatial axis"),
  stride: spatial(1, 1, "step of the window per spatial axis"),
  padding: padding(0, "zeros before and after each spatial axis, or a convention's name"),
  dilation: spatial(1, 1, "distance between the elements of a window per spatial axis"),
};

/** The windows over x [N, C, ...spatial], per spatial axis. Throws `ShapeError` when none fits. */
export function windowsOver(x: Shape, { kernelSize, stride, padding, dilation }: WindowAttrs, where: string): WindowAxis[] {
  if (x.length < 3) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...spatial]`);
  return windowAxes({ input: x.slice(2), kernel: kernelSize, stride, dilation, padding }, where);
}

/** Product of one size over all axes. */
export function axesProduct(axes: readonly WindowAxis[], pick: "input" | "kernel" | "output"): number {
  return axes.reduce((p, axis) => p * axis[pick], 1);
}

function unfoldedShape(x: Shape, axes: readonly WindowAxis[]): number[] {
  return [x[0], x[1] * axesProduct(axes, "kernel"), axesProduct(axes, "output")];
}

export const unfoldOp: Op = defineOp({
  name: "unfold",
  inputs: ["x"],
  attrs: windowAttrSpecs,
  spatialRank: ({ x }) => Math.max(0, x.length - 2),
  shape: ({ x }, attrs, where) => unfoldedShape(x, windowsOver(x, attrs, where)),
  grad: { x: (g, { x }, attrs) => apply(foldOp, [g], { ...attrs, outputSize: x.shape.slice(2) }) },
  decompose: ({ x }, attrs) => slicedWindows(x, attrs),
  reference({ x }, out, attrs) {
    eachEntry(x.shape, windowsOver(x.shape, attrs, "unfold"), (column, position) => {
      out.data[column] = x.data[position];
    });
  },
  doc: {
    text: "Every window as a column: [N, C, ...] -> [N, C · Πk, L]. Rows are channel-major, then kernel row-major; columns are output positions, row-major.",
    example: "unfold(x, { kernelSize: 3, padding: 1 })",
  },
  cases: [
    { inputs: [[2, 3, 5, 6]], attrs: { kernelSize: [3, 2] } },
    { title: "stride, padding, dilation", inputs: [[1, 2, 7, 6]], attrs: { kernelSize: 3, stride: [2, 3], padding: [1, 2], dilation: 2 } },
    { title: "stride larger than the kernel", inputs: [[1, 2, 8, 9]], attrs: { kernelSize: 2, stride: 3 } },
    { title: "same, even kernel", inputs: [[1, 2, 4, 5]], attrs: { kernelSize: 2, padding: "same" } },
    { title: "1d", inputs: [[2, 2, 9]], attrs: { kernelSize: 3, stride: 2 } },
    { title: "3d", inputs: [[1, 2, 3, 4, 3]], attrs: { kernelSize: [2, 3, 2], padding: [0, 1, 0] } },
  ],
});

/** Unfolding by one strided slice per tap: every tap of every window at once. */
function slicedWindows(x: Value, attrs: WindowAttrs): Value {
  const axes = windowsOver(x.shape, attrs, "unfold");
  const borders = axes.map((a) => [a.before, a.after] as const);
  const padded = borders.every(([before, after]) => before === 0 && after === 0) ? x : pad(x, borders);
  const taps = tapPositions(axes).map((tap) => {
    const ends = tap.map((start, i) => start + (axes[i].output - 1) * axes[i].stride + 1);
    const read = slice(padded, { axes: spatialAxes(x.shape), starts: tap, ends, steps: axes.map((a) => a.stride) });
    return reshape(read, [x.shape[0], x.shape[1], 1, axesProduct(axes, "output")]);
  });
  return reshape(concat(taps, { axis: 2 }), unfoldedShape(x.shape, axes));
}

/** The first input position of every tap, counted from the start of the padding; row-major over the kernel. */
function tapPositions(axes: readonly WindowAxis[]): number[][] {
  return axes.reduce<number[][]>(
    (taps, { kernel, dilation }) => taps.flatMap((tap) => Array.from({ length: kernel }, (_, q) => [...tap, q * dilation])),
    [[]],
  );
}

/** Calls `visit` with the flat position of every entry of the unfolded tensor that lies inside the input, and of what it copies. */
function eachEntry(x: Shape, axes: readonly WindowAxis[], visit: (column: number, position: number) => void): void {
  const [inputs, taps, outputs] = [axesProduct(axes, "input"), axesProduct(axes, "kernel"), axesProduct(axes, "output")];
  const table = tapTable(axes);
  for (let plane = 0; plane < x[0] * x[1]; plane++) {
    for (let p = 0, entry = 0; p < outputs; p++) {
      for (let q = 0; q < taps; q++, entry++) {
        if (table[entry] >= 0) visit((plane * taps + q) * outputs + p, plane * inputs + table[entry]);
      }
    }
  }
}

/** Folding starts from a matrix, which does not say how many spatial axes there were; lists in the options do. */
function perGivenAxis<T>(spec: AttrSpec<T>): AttrSpec<T> {
  return custom((given, { where }) => {
    const spatialRank = Array.isArray(given) ? given.length : 0;
    return spec.parse(given, { where, spatialRank });
  }, spec.doc);
}

interface FoldAttrs extends WindowAttrs {
  readonly outputSize: readonly number[];
}

function foldedWindows(g: Shape, { outputSize, ...attrs }: FoldAttrs, where: string): { shape: number[]; axes: WindowAxis[] } {
  for (const [name, list] of Object.entries({ kernelSize: attrs.kernelSize, stride: attrs.stride, dilation: attrs.dilation })) {
    if (list.length !== outputSize.length) {
      throw new ArgumentError(
        `${where}: ${name} has ${list.length} entries, but outputSize ${showShape(outputSize)} has ${outputSize.length}`,
      );
    }
  }
  if (g.length !== 3) throw new ShapeError(`${where}: g has shape ${showShape(g)}; expected [batch, channels · Πk, windows]`);
  const axes = windowsOver([g[0], 1, ...outputSize], attrs, where);
  const taps = axesProduct(axes, "kernel");
  const windows = axesProduct(axes, "output");
  if (g[1] % taps !== 0 || g[2] !== windows) {
    throw new ShapeError(
      `${where}: ${showShape(g)} does not fold into ${showShape(outputSize)}: axis 1 must be a multiple of ${taps} taps, and axis 2 must have ${windows} windows`,
    );
  }
  return { shape: [g[0], g[1] / taps, ...outputSize], axes };
}

export const foldOp: Op = defineOp({
  name: "fold",
  inputs: ["g"],
  attrs: {
    kernelSize: perGivenAxis(windowAttrSpecs.kernelSize),
    stride: perGivenAxis(windowAttrSpecs.stride),
    padding: perGivenAxis(windowAttrSpecs.padding),
    dilation: perGivenAxis(windowAttrSpecs.dilation),
    outputSize: integers(undefined, "spatial sizes of the picture"),
  },
  shape: ({ g }, attrs, where) => foldedWindows(g, attrs, where).shape,
  grad: { g: (u, _, { outputSize: __, ...attrs }) => apply(unfoldOp, [u], attrs) },
  // The gradient of a linear map does not depend on where it is taken.
  decompose({ g }, { outputSize, ...attrs }) {
    const { shape } = foldedWindows(g.shape, { outputSize, ...attrs }, "fold");
    const anywhere = fill(shape, 0, g.dtype);
    const unfolded = slicedWindows(anywhere, attrs);
    return gradient(unfolded, [anywhere], { seed: g })[0];
  },
  reference({ g }, out, attrs) {
    eachEntry(out.shape, foldedWindows(g.shape, attrs, "fold").axes, (column, position) => {
      out.data[position] += g.data[column];
    });
  },
  doc: {
    text: "Adds every column back to the window that it came from, [N, C · Πk, L] -> [N, C, ...outputSize]: the adjoint of unfold. Overlaps add up.",
    example: "fold(columns, { outputSize: [5, 5], kernelSize: 3, padding: 1 })",
  },
  cases: [
    { inputs: [[2, 12, 12]], attrs: { outputSize: [4, 5], kernelSize: [2, 2], stride: [1, 1], dilation: [1, 1], padding: [0, 0] } },
    {
      title: "stride, padding, dilation",
      inputs: [[1, 18, 8]],
      attrs: {
        outputSize: [7, 6],
        kernelSize: [3, 3],
        stride: [2, 3],
        dilation: [1, 2],
        padding: [
          [1, 1],
          [2, 2],
        ],
      },
    },
    { title: "1d", inputs: [[2, 6, 4]], attrs: { outputSize: [9], kernelSize: [3], stride: [2], dilation: [1], padding: [0] } },
  ],
});

/** Windows of x [N, C, ...] as columns: [N, C · Πk, L]. Defaults: stride 1, padding 0, dilation 1. Throws `ShapeError` when none fits. */
export function unfold<T extends Operand>(x: T, options: WindowOptions & { readonly kernelSize: SpatialOption }): T {
  return apply(unfoldOp, [x], options);
}

export interface FoldOptions extends WindowOptions {
  readonly kernelSize: SpatialOption;
  /** Spatial sizes of the picture, one per axis. */
  readonly outputSize: readonly number[];
}

/** Columns [N, C · Πk, L] added back to where `unfold` reads them: [N, C, ...outputSize]. Overlaps add up. */
export function fold<T extends Operand>(columns: T, options: FoldOptions): T {
  checkOptions("fold", options, ["outputSize", "kernelSize", "stride", "padding", "dilation"]);
  const { outputSize, kernelSize, stride = 1, padding = 0, dilation = 1 } = options;
  expectList("fold", "outputSize", outputSize, "sizes, one per spatial axis");
  const perAxis = (given: SpatialOption): readonly number[] => (typeof given === "number" ? outputSize.map(() => given) : given);
  return apply(foldOp, [columns], {
    outputSize,
    kernelSize: perAxis(kernelSize),
    stride: perAxis(stride),
    padding: typeof padding === "number" ? outputSize.map(() => padding) : padding,
    dilation: perAxis(dilation),
  });
}

/** Output sizes, one per spatial axis, of windows over x under options as users write them: what a layer must know to make its weights. */
export function windowSizes(x: Shape, options: WindowOptions & { readonly kernelSize: SpatialOption }, where: string): number[] {
  const attrs = parseAttrs(windowAttrSpecs, options, where, x.length - 2) as unknown as WindowAttrs;
  return windowsOver(x, attrs, where).map((a) => a.output);
}
