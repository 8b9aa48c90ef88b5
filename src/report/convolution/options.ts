// Which window operation a picture is about: read from options, checked, and brought to two spatial axes.
import { type AxisPadding, dilatedKernel, type PaddingName, resolvePadding, type WindowAxis, windowAxis } from "../../arithmetic/sizes.ts";
import { transposedSame } from "../../arithmetic/transposed.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { deformableOffsets, inputNumbers, kernelNumbers } from "./numbers.ts";

export type WindowKind = "convolution" | "transposed" | "deformable" | "average pooling" | "max pooling" | "L2 pooling";

/** Rows and columns; one number stands for both. */
export type Size = number | readonly number[];

export interface WindowOptions {
  /** Default "convolution". */
  readonly kind?: WindowKind;
  /** [length] or [rows, columns]. */
  readonly input: readonly number[];
  readonly kernel: Size;
  /** Default 1; for poolings the kernel's size. */
  readonly stride?: Size;
  /** Default 1. */
  readonly dilation?: Size;
  /** One padding for every axis, or one per axis (a list as long as `input`). Default 0. */
  readonly padding?: number | PaddingName | readonly AxisPadding[];
  /** What padding reads: zeros, or for a convolution the input's other end, as on a ring (default "zeros"). */
  readonly border?: "zeros" | "circular";
  /** Transposed only: the rows and columns `a` at the bottom and the right. Default 0. */
  readonly outputPadding?: Size;
  /** Poolings only (default false). */
  readonly ceilMode?: boolean;
  /** Average pooling only: padding counts in the divisor (default true). */
  readonly countIncludePad?: boolean;
  /** Default 1 each, and 1 group. Poolings keep the channels. */
  readonly inChannels?: number;
  readonly outChannels?: number;
  readonly groups?: number;
  /** Row-major [channels, ...input] (default: small whole numbers; the guide's own for 5 x 5). */
  readonly values?: ArrayLike<number>;
  /** Row-major [out, in / groups, ...kernel], for "transposed" [in, out / groups, ...kernel] (default: small whole numbers). */
  readonly weights?: ArrayLike<number>;
  /** Added to every output, one number per output channel; not for poolings (default: none). */
  readonly bias?: ArrayLike<number>;
  /** Deformable only: (Δrow, Δcolumn) per tap and output, row-major [2 · taps, ...output] (default: up to half a cell, made from `seed`). */
  readonly offsets?: ArrayLike<number>;
  /** Seed of the numbers that are not given (default 0). */
  readonly seed?: number;
  /** What the three parts are called (default: input, kernel, output). */
  readonly names?: { readonly input?: string; readonly kernel?: string; readonly output?: string };
  /** Instead of a title made from the sizes. */
  readonly title?: string;
}

/** One axis of the operation that is drawn: a direct window operation, for "transposed" over the stretched input. */
export interface DrawnAxis extends WindowAxis {
  /** Positions between input elements + 1: the stride of a transposed convolution; otherwise 1. */
  readonly stretch: number;
  /** How many of the rows `after` are the extra ones of a transposed convolution (a). */
  readonly extra: number;
  /** Size, stride and padding as the user gave them, before a transposed convolution became a direct one. */
  readonly given: { readonly input: number; readonly stride: number; readonly before: number; readonly after: number };
}

/** Everything known, two axes. */
export interface WindowPlan {
  readonly kind: WindowKind;
  /** 1 for sequences: their one row is only a way of drawing. */
  readonly rank: 1 | 2;
  readonly axes: readonly [DrawnAxis, DrawnAxis];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly border: "zeros" | "circular";
  readonly values: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
  readonly bias: ArrayLike<number> | undefined;
  readonly offsets: ArrayLike<number> | undefined;
  readonly names: { readonly input: string; readonly kernel: string; readonly output: string };
  readonly title: string | undefined;
}

export const isPooling = (kind: WindowKind): boolean => kind === "average pooling" || kind === "max pooling" || kind === "L2 pooling";

/**
 * Windows of a pooling that lie wholly in the padding would pool nothing: padding stops where they could appear, at half of the kernel, or
 * short of the whole where the sides differ. Throws `ArgumentError`.
 */
export function checkPoolPadding(
  { kernel, dilation, before, after }: Pick<WindowAxis, "kernel" | "dilation" | "before" | "after">,
  where: string,
): void {
  const extent = dilatedKernel(kernel, dilation);
  const most = before === after ? Math.floor(extent / 2) : extent - 1;
  if (Math.min(before, after) < 0 || Math.max(before, after) > most)
    throw new ArgumentError(
      `${where}: padding [${before}, ${after}] must lie in 0..${most} for a window that spans ${extent}, so that no window lies wholly in it`,
      { reason: { kind: "padding too large", before, after, most, extent } },
    );
}

/** Checks the options of the axes and resolves every size. */
function drawnAxes(options: WindowOptions): readonly [DrawnAxis, DrawnAxis] {
  checkOptions("planWindow", options, windowOptionNames);
  const { kind = "convolution", input, ceilMode = false } = options;
  const rank = input.length;
  if (rank !== 1 && rank !== 2) throw new ArgumentError(`${kind}: pictures have 1 or 2 axes; the input has ${rank}`);
  const pooling = isPooling(kind);
  if (ceilMode && !pooling) throw new ArgumentError(`ceil mode is for pooling, not for ${kind}`);
  if (options.outputPadding !== undefined && kind !== "transposed")
    throw new ArgumentError(`output padding is for transposed convolutions, not for ${kind}`);
  if (options.border === "circular" && kind !== "convolution")
    throw new ArgumentError(`a circular border is for convolutions, not for ${kind}`);
  if (options.bias !== undefined && pooling) throw new ArgumentError(`a bias is for convolutions, not for ${kind}`);
  const per = (name: string, given: Size | undefined, fallback: number): readonly number[] =>
    perAxis(`${kind}: ${name}`, given ?? fallback, rank);
  const kernel = per("kernel", options.kernel, 1);
  const stride = options.stride === undefined && pooling ? kernel : per("stride", options.stride, 1);
  const dilation = per("dilation", options.dilation, 1);
  const outputPadding = per("output padding", options.outputPadding, 0);
  const paddings = perAxisPadding(options.padding ?? 0, rank);
  const axes = input.map((size, axis): DrawnAxis => {
    const where = `${kind}${rank === 1 ? "" : axis === 0 ? ": rows" : ": columns"}`;
    const given = { input: size, kernel: kernel[axis], stride: stride[axis], dilation: dilation[axis], padding: paddings[axis] };
    if (kind === "transposed") return transposedAxis({ ...given, outputPadding: outputPadding[axis] }, where);
    const resolved = windowAxis({ ...given, ceilMode }, where);
    const { before, after } = resolved;
    if (pooling && typeof given.padding !== "string") checkPoolPadding(resolved, where);
    return { ...resolved, stretch: 1, extra: 0, given: { input: size, stride: stride[axis], before, after } };
  });
  return (axes.length === 1 ? [singleRow, axes[0]] : axes) as unknown as readonly [DrawnAxis, DrawnAxis];
}

function channelsOf({ kind = "convolution", inChannels = 1, outChannels = 1, groups = 1 }: WindowOptions): Channels {
  const channels = isPooling(kind) ? { inChannels, outChannels: inChannels, groups: inChannels } : { inChannels, outChannels, groups };
  checkChannels(kind, channels);
  return channels;
}

/** Cells along a drawn axis: the input, its padding, and where the last window hangs over. */
export const gridLength = ({ input, before, after, kernel, dilation, stride, output }: DrawnAxis): number =>
  Math.max(0, before) + Math.max(input, input + after, (output - 1) * stride + dilatedKernel(kernel, dilation) - before);

/** Cells and products that a picture may have. */
export const mostDrawn = 100_000;

/** Cells of the drawn grid, or products of all windows, whichever are more: `planWindow` refuses more than `mostDrawn`. */
export function drawnSize(options: WindowOptions): number {
  return sizeOf(drawnAxes(options), channelsOf(options));
}

function sizeOf(axes: readonly [DrawnAxis, DrawnAxis], { inChannels, outChannels, groups }: Channels): number {
  const product = (count: (axis: DrawnAxis) => number): number => count(axes[0]) * count(axes[1]);
  return Math.max(product(gridLength) * inChannels, (product((a) => a.output * a.kernel) * outChannels * inChannels) / groups);
}

/** Checks the options and resolves every size. Throws `ShapeError` or `ArgumentError` with the arithmetic spelled out. */
export function planWindow(options: WindowOptions): WindowPlan {
  const drawn = drawnAxes(options);
  const { kind = "convolution", ceilMode = false, countIncludePad = true, border = "zeros", seed = 0 } = options;
  const { inChannels, outChannels, groups } = channelsOf(options);
  const rank = options.input.length === 1 ? 1 : 2;
  const pooling = isPooling(kind);
  const size = sizeOf(drawn, { inChannels, outChannels, groups });
  if (size > mostDrawn)
    throw new ArgumentError(`${kind}: a picture of ${size} cells or products is too large; at most ${mostDrawn}`, {
      reason: { kind: "too large to draw", size, most: mostDrawn },
    });
  const taps = drawn[0].kernel * drawn[1].kernel;
  const outputs = drawn[0].output * drawn[1].output;
  const plane = drawn[0].given.input * drawn[1].given.input;
  const weightCount = pooling ? 0 : (inChannels * outChannels * taps) / groups;
  const names = { input: "input", kernel: "kernel", output: "output", ...options.names };
  return {
    kind,
    rank,
    axes: drawn,
    inChannels,
    outChannels,
    groups,
    ceilMode,
    countIncludePad,
    border,
    values: checkCount(
      options.values ?? inputNumbers(inChannels, drawn[0].given.input, drawn[1].given.input, seed),
      inChannels * plane,
      "values",
    ),
    weights: checkCount(options.weights ?? kernelNumbers(weightCount, drawn[0].kernel, drawn[1].kernel, seed), weightCount, "weights"),
    bias: options.bias && checkCount(options.bias, outChannels, "bias"),
    offsets:
      kind === "deformable"
        ? checkCount(options.offsets ?? deformableOffsets(taps, outputs, seed), 2 * taps * outputs, "offsets")
        : undefined,
    names,
    title: options.title,
  };
}

const windowOptionNames = [
  ...(["kind", "input", "kernel", "stride", "dilation", "padding", "outputPadding", "ceilMode", "countIncludePad"] as const),
  ...(["inChannels", "outChannels", "groups", "border", "values", "weights", "bias", "offsets", "seed", "names", "title"] as const),
] as const;

/** A sequence is drawn as one row. */
const singleRow: DrawnAxis = {
  ...{ input: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, output: 1, stretch: 1, extra: 0 },
  given: { input: 1, stride: 1, before: 0, after: 0 },
};

function perAxis(where: string, given: Size, rank: number): readonly number[] {
  const list = typeof given === "number" ? new Array<number>(rank).fill(given) : given;
  if (list.length !== rank) throw new ArgumentError(`${where}: ${list.length} numbers for ${rank} axes`);
  return list;
}

function perAxisPadding(given: NonNullable<WindowOptions["padding"]>, rank: number): readonly AxisPadding[] {
  if (typeof given === "number" || typeof given === "string") return new Array<AxisPadding>(rank).fill(given);
  if (given.length !== rank) throw new ArgumentError(`padding: ${given.length} entries for ${rank} axes; give one per axis`);
  return given;
}

/** The direct convolution that a transposed one equals: stretched by the stride, padded by k - p - 1, the extra rows at the far end. */
function transposedAxis(
  axis: {
    readonly input: number;
    readonly kernel: number;
    readonly stride: number;
    readonly dilation: number;
    readonly padding: AxisPadding;
    readonly outputPadding: number;
  },
  where: string,
): DrawnAxis {
  const { input, kernel, stride, dilation, outputPadding } = axis;
  const extent = dilatedKernel(kernel, dilation);
  // Checks the four numbers; a transposed convolution has room for any of them.
  windowAxis({ input: extent, kernel, stride, dilation }, where);
  if (!Number.isInteger(input) || input < 1) throw new ArgumentError(`${where}: input size is ${input}; expected an integer >= 1`);
  if (!Number.isInteger(outputPadding) || outputPadding < 0 || outputPadding >= Math.max(stride, dilation)) {
    throw new ArgumentError(
      `${where}: output padding is ${outputPadding}; expected an integer from 0 to ${Math.max(stride, dilation) - 1}: a larger one is a larger input`,
    );
  }
  const [before, after, extra] = cropOf(axis, extent);
  const stretched = (input - 1) * stride + 1;
  const edge = { before: extent - 1 - before, after: extent - 1 - after + extra };
  const output = stretched + edge.before + edge.after - extent + 1;
  if (output < 1) {
    throw new ShapeError(
      `${where}: (${input} - 1)·${stride} - ${before} - ${after} + ${extent} + ${extra} = ${output}; the padding crops everything away`,
      { reason: { kind: "nothing left", output } },
    );
  }
  return {
    input: stretched,
    kernel,
    stride: 1,
    dilation,
    ...edge,
    output,
    stretch: stride,
    extra,
    given: { input, stride, before, after },
  };
}

/** What the padding crops before and after, and the rows to add. The word "same" stands for ONNX's: an output of i'·s. */
function cropOf(
  { input, stride, padding, outputPadding }: { input: number; stride: number; padding: AxisPadding; outputPadding: number },
  extent: number,
): readonly [before: number, after: number, extra: number] {
  if (padding !== "same" && padding !== "same-lower") return [...resolvePadding(padding, { input, extent, stride }), outputPadding];
  const same = transposedSame(input, extent, stride, outputPadding, padding === "same-lower");
  return [same.before, same.after, same.outputPadding];
}

interface Channels {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

function checkChannels(kind: WindowKind, { inChannels, outChannels, groups }: Channels): void {
  for (const [name, n] of Object.entries({ "input channels": inChannels, "output channels": outChannels, groups })) {
    if (!Number.isInteger(n) || n < 1) throw new ArgumentError(`${kind}: ${name} is ${n}; expected an integer >= 1`);
  }
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ArgumentError(
      `${kind}: groups ${groups} must divide ${inChannels} input channels and ${outChannels} output channels: ${inChannels} / ${groups} and ${outChannels} / ${groups}`,
      { reason: { kind: "groups do not divide", groups, inChannels, outChannels } },
    );
  }
}

function checkCount(given: ArrayLike<number>, count: number, name: string): ArrayLike<number> {
  if (given.length !== count) throw new ShapeError(`${name}: ${given.length} numbers given, ${count} needed`);
  return given;
}
