// The room's settings, as they stand in the address, and the operations that they mean.

import { report } from "fovea";
import { transposedOf } from "fovea/arithmetic";
import { type Field, flag, numbers, oneOf, real, text, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";

export const tabs = ["convolution", "pooling", "edges", "activations"] as const;
export const variants = [
  ...(["plain", "asymmetric", "dilated", "transposed", "grouped", "depthwise", "pointwise", "deformable", "circular"] as const),
  ...(["sequence", "causal"] as const),
] as const;
export type Variant = (typeof variants)[number];
export const paddings = ["numbers", "valid", "same", "full"] as const;
export const poolings = ["max", "average", "L2"] as const;

/** A list of as many whole numbers as the fallback has, each within the bounds. */
function wholes(fallback: readonly number[], least: number, most: number): Field<readonly number[]> {
  const list = numbers(fallback);
  return {
    ...list,
    read: (given) => {
      const values = list.read(given);
      const fits = values.length === fallback.length && values.every((v) => Number.isInteger(v) && v >= least && v <= most);
      return fits ? values : fallback;
    },
  };
}

/** Numbers of the reader's own; none stands for the library's examples. */
const own = (): Field<readonly number[]> => numbers([]);

/** The sensible range of sliders. What is typed may leave it; then only arithmetic refuses. */
export const limits = { size: 32, kernel: 11, stride: 8, dilation: 8, padding: 10, channels: 8 } as const;
/** What an address may ask for: whole numbers of any reasonable length; what is impossible, the arithmetic says. */
const most = 100_000;

export const room = roomState("convolve", {
  tab: oneOf(tabs, "convolution"),
  // The convolution. Pairs are rows and columns; pads are top, bottom, left, right; channels are in, out, groups.
  variant: oneOf(variants, "plain"),
  size: wholes([5, 5], 1, most),
  kernel: wholes([3, 3], 1, most),
  stride: wholes([1, 1], 1, most),
  dilation: wholes([1, 1], 1, most),
  padding: oneOf(paddings, "numbers"),
  pads: wholes([0, 0, 0, 0], -most, most),
  channels: wholes([1, 1, 1], 1, most),
  extra: wholes([0, 0], 0, most),
  /** Transposed: the size of what comes out, instead of what goes in; 0 for the latter. */
  wanted: whole(0, 0, most),
  seed: whole(0, 0, 999),
  x: own(),
  w: own(),
  b: own(),
  g: own(),
  /** The kernel lies turned by 180°: the convolution of mathematics. */
  turn: flag(false),
  /** Sampling points of a deformable kernel that were moved, four numbers each: output, tap, and the offset in rows and columns. */
  moved: own(),
  view: oneOf(["forward", "dX", "dW"], "forward"),
  /** Of the step that dW asks for. */
  rate: real(0.01),
  /** The step on which the animation stands; -1 while it has not been touched. */
  at: whole(-1, -1, 1_000_000),
  pin: text(""),
  matrix: flag(false),
  // Pooling.
  pool: oneOf(poolings, "max"),
  poolSize: wholes([6], 1, most),
  poolKernel: wholes([2], 1, most),
  poolStride: wholes([2], 1, most),
  poolPad: wholes([0], 0, most),
  ceil: flag(false),
  countPad: flag(true),
  poolSeed: whole(1, 0, 999),
  poolX: own(),
  poolG: own(),
  poolView: oneOf(["forward", "dX"], "forward"),
  poolAt: whole(-1, -1, 1_000_000),
  poolPin: text(""),
  // The edge bench.
  filter: text("sobel-x"),
  taps: own(),
  tapRows: whole(3, 1, 9),
  picture: text("shapes:0"),
  flip: flag(false),
  // Activation functions.
  fn: oneOf(report.curveNames, "sigmoid"),
  beside: text("relu"),
  point: real(1),
  slope: real(0.01),
  /** The net's layer whose sums lie under the curve; the first one where there is none of that name. */
  actLayer: text(""),
  /** Puts the function in the place of the net's own. */
  swap: flag(false),
  actPicture: whole(0, 0),
});
export type RoomSettings = typeof room;
export type ConvolutionSettings = Pick<
  RoomSettings,
  "variant" | "size" | "kernel" | "stride" | "dilation" | "padding" | "pads" | "channels" | "extra" | "wanted"
>;

const start: ConvolutionSettings = {
  ...{ variant: "plain", size: [5, 5], kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: "numbers", pads: [0, 0, 0, 0] },
  ...{ channels: [1, 1, 1], extra: [0, 0], wanted: 0 },
};

/** Where each variant begins: the smallest example that shows what it is about. */
const presets: Readonly<Record<Variant, Partial<ConvolutionSettings>>> = {
  plain: {},
  asymmetric: { size: [5, 7], kernel: [1, 3], stride: [1, 2], pads: [0, 0, 1, 1] },
  dilated: { size: [7, 7], dilation: [2, 2] },
  transposed: { size: [3, 3], stride: [2, 2], pads: [1, 1, 1, 1] },
  grouped: { size: [4, 4], channels: [4, 4, 2] },
  depthwise: { channels: [3, 3, 3] },
  pointwise: { size: [4, 4], kernel: [1, 1], channels: [3, 2, 1] },
  deformable: { pads: [1, 1, 1, 1] },
  circular: { pads: [1, 1, 1, 1] },
  sequence: { size: [1, 9], kernel: [1, 3], pads: [0, 0, 1, 1] },
  causal: { size: [1, 8], kernel: [1, 3] },
};

/** Goes to a variant's example, away from all numbers of one's own. */
export function chooseVariant(variant: Variant): void {
  Object.assign(room, start, presets[variant], {
    variant,
    x: [],
    w: [],
    b: [],
    g: [],
    moved: [],
    turn: false,
    at: -1,
    pin: "",
    view: "forward",
  });
}

export const isSequence = (variant: Variant): boolean => variant === "sequence" || variant === "causal";
export const isLinear = (variant: Variant): boolean => variant !== "deformable" && variant !== "circular";

/** Input size along each axis, and the output padding: given, or found from the output that is wanted. */
export function sizesOf(s: ConvolutionSettings): { readonly size: readonly number[]; readonly extra: readonly number[] } {
  if (s.variant !== "transposed" || s.wanted === 0) return { size: s.size, extra: s.extra };
  const axes = [0, 1].map((axis) =>
    transposedOf({
      ...{ input: s.wanted, kernel: s.kernel[axis], stride: s.stride[axis], dilation: s.dilation[axis] },
      padding: s.padding === "numbers" ? s.pads[2 * axis] : 0,
    }),
  );
  return { size: axes.map((a) => a.input), extra: axes.map((a) => a.extra) };
}

/** The sizes alone: enough to ask what is possible. */
export function shapeOf(s: ConvolutionSettings): report.WindowOptions {
  const axes = isSequence(s.variant) ? [1] : [0, 1];
  const { size, extra } = sizesOf(s);
  const pick = (list: readonly number[]): readonly number[] => axes.map((a) => list[a]);
  const [inChannels, outChannels, groups] = s.channels;
  return {
    kind: s.variant === "transposed" ? "transposed" : s.variant === "deformable" ? "deformable" : "convolution",
    input: pick(size),
    kernel: pick(s.kernel),
    stride: pick(s.stride),
    dilation: pick(s.dilation),
    padding:
      s.variant === "causal"
        ? "causal"
        : s.padding === "numbers"
          ? axes.map((a) => [s.pads[2 * a], s.pads[2 * a + 1]] as const)
          : s.padding,
    ...(s.variant === "transposed" && { outputPadding: pick(extra) }),
    ...(s.variant === "circular" && { border: "circular" as const }),
    ...{ inChannels, outChannels, groups },
  };
}

/** A list of the reader's own, as long as it fits what it is for. */
const fitting = (list: readonly number[], count: number): readonly number[] | undefined => (list.length === count ? list : undefined);
const product = (list: readonly number[]): number => list.reduce((p, n) => p * n, 1);

/** The convolution of the settings, with its numbers. */
export function convolutionOf(s: RoomSettings): report.WindowOptions {
  const shape = shapeOf(s);
  const [inChannels, outChannels, groups] = s.channels;
  const kernel = kernelCells(s);
  const values = fitting(s.x, inChannels * product(shape.input));
  const bias = fitting(s.b, outChannels);
  const written = fitting(s.w, (inChannels * outChannels * kernel) / groups);
  const options = { ...shape, seed: s.seed, ...(values && { values }), ...(written && { weights: written }), ...(bias && { bias }) };
  if (!s.turn && s.moved.length === 0) return options;
  const { weights, offsets } = report.planWindow(options);
  return {
    ...options,
    ...(s.turn && { weights: turned(weights, kernel) }),
    ...(offsets !== undefined && { offsets: shifted(offsets, s.moved, kernel) }),
  };
}

export const kernelCells = (s: RoomSettings): number => (isSequence(s.variant) ? s.kernel[1] : product(s.kernel));

/** Kernels of `cells` numbers each, every one from its last number to its first. */
export function turned(weights: ArrayLike<number>, cells: number): readonly number[] {
  return Array.from(weights, (_, i) => weights[i - (i % cells) + cells - 1 - (i % cells)]);
}

/** The library's offsets with those in their place that the reader moved; what names no tap or output is passed over. */
function shifted(offsets: ArrayLike<number>, moved: readonly number[], taps: number): readonly number[] {
  const all = Array.from(offsets);
  const outputs = all.length / (2 * taps);
  for (let i = 0; i + 3 < moved.length; i += 4) {
    const [output, tap, rows, columns] = moved.slice(i, i + 4);
    if (!Number.isInteger(output) || !Number.isInteger(tap) || output < 0 || output >= outputs || tap < 0 || tap >= taps) continue;
    all[2 * tap * outputs + output] = rows;
    all[(2 * tap + 1) * outputs + output] = columns;
  }
  return all;
}

/** `moved` with one point at another offset; what was said of it before is forgotten. */
export function withPoint(moved: readonly number[], output: number, tap: number, offset: readonly [number, number]): readonly number[] {
  const others = [];
  for (let i = 0; i + 3 < moved.length; i += 4) if (moved[i] !== output || moved[i + 1] !== tap) others.push(...moved.slice(i, i + 4));
  return [...others, output, tap, ...offset];
}

export type PoolingSettings = Pick<RoomSettings, "pool" | "poolSize" | "poolKernel" | "poolStride" | "poolPad" | "ceil" | "countPad">;

/** The pooling of the settings, without its numbers. */
export function poolShapeOf(s: PoolingSettings): report.WindowOptions {
  return {
    kind: `${s.pool} pooling`,
    input: [s.poolSize[0], s.poolSize[0]],
    ...{ kernel: s.poolKernel[0], stride: s.poolStride[0], padding: s.poolPad[0], ceilMode: s.ceil },
    ...(s.pool === "average" && { countIncludePad: s.countPad }),
  };
}

export function poolingOf(s: RoomSettings): report.WindowOptions {
  const values = fitting(s.poolX, s.poolSize[0] ** 2);
  return { ...poolShapeOf(s), seed: s.poolSeed, ...(values && { values }) };
}

/** The output's gradient: the reader's own, or ones. */
export function upstreamOf(list: readonly number[], count: number): readonly number[] {
  return fitting(list, count) ?? new Array<number>(count).fill(1);
}

/** A list with one number changed. */
export function changed(list: ArrayLike<number>, at: number, value: number): readonly number[] {
  return Array.from(list, (v, i) => (i === at ? value : v));
}
