// The room's settings, as they stand in the address, and the operations that they mean.

import { report } from "fovea";
import { transposedOf } from "fovea/arithmetic";
import { type Field, flag, numbers, oneOf, real, text, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";

export const tabs = ["convolution", "pooling", "edges", "activations"] as const;
export const variants = [
  ...(["plain", "asymmetric", "dilated", "transposed", "grouped", "depthwise", "deformable", "circular"] as const),
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

export const limits = { size: 32, kernel: 11, stride: 8, dilation: 8, padding: 10, channels: 8 } as const;

export const room = roomState("convolve", {
  tab: oneOf(tabs, "convolution"),
  // The convolution. Pairs are rows and columns; pads are top, bottom, left, right; channels are in, out, groups.
  variant: oneOf(variants, "plain"),
  size: wholes([5, 5], 1, limits.size),
  kernel: wholes([3, 3], 1, limits.kernel),
  stride: wholes([1, 1], 1, limits.stride),
  dilation: wholes([1, 1], 1, limits.dilation),
  padding: oneOf(paddings, "numbers"),
  pads: wholes([0, 0, 0, 0], 0, limits.padding),
  channels: wholes([1, 1, 1], 1, limits.channels),
  extra: wholes([0, 0], 0, limits.stride - 1),
  /** Transposed: the size of what comes out, instead of what goes in; 0 for the latter. */
  wanted: whole(0, 0, limits.size),
  seed: whole(0, 0, 999),
  x: own(),
  w: own(),
  b: own(),
  g: own(),
  view: oneOf(["forward", "dX", "dW"], "forward"),
  /** The step on which the animation stands; -1 while it has not been touched. */
  at: whole(-1, -1, 1_000_000),
  pin: text(""),
  matrix: flag(false),
  // Pooling.
  pool: oneOf(poolings, "max"),
  poolSize: wholes([6], 1, limits.size),
  poolKernel: wholes([2], 1, limits.kernel),
  poolStride: wholes([2], 1, limits.stride),
  poolPad: wholes([0], 0, limits.padding),
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
  point: real(1, -10, 10),
  slope: real(0.01, 0, 1),
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
  deformable: { pads: [1, 1, 1, 1] },
  circular: { pads: [1, 1, 1, 1] },
  sequence: { size: [1, 9], kernel: [1, 3], pads: [0, 0, 1, 1] },
  causal: { size: [1, 8], kernel: [1, 3] },
};

/** Goes to a variant's example, away from all numbers of one's own. */
export function chooseVariant(variant: Variant): void {
  Object.assign(room, start, presets[variant], { variant, x: [], w: [], b: [], g: [], at: -1, pin: "", view: "forward" });
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
  const kernel = isSequence(s.variant) ? s.kernel[1] : product(s.kernel);
  const values = fitting(s.x, inChannels * product(shape.input));
  const weights = fitting(s.w, (inChannels * outChannels * kernel) / groups);
  const bias = fitting(s.b, outChannels);
  return { ...shape, seed: s.seed, ...(values && { values }), ...(weights && { weights }), ...(bias && { bias }) };
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
