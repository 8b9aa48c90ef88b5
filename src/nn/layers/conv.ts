// Convolutions as layers: the op plus its weight [out, in/groups, k...] and bias, named and initialised as in PyTorch.
import type { PaddingOption, SpatialOption } from "../../graph/attrs.ts";
import type { Value } from "../../graph/value.ts";
import * as ops from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { expectList } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import { type Fans, fanInUniform, fansOf, type Initialiser } from "../initialise.ts";
import { type Context, defineModule, type Module } from "../module.ts";

/** Initialisers of a layer with a weight and a bias (default of both: U(±1/√fanIn), PyTorch's). */
export interface WeightOptions {
  /** Add a learned constant per output channel (default true). */
  readonly bias?: boolean;
  readonly initialise?: Initialiser;
  readonly initialiseBias?: Initialiser;
}

/** For `checkOptions`. */
export const weightOptionNames: readonly (keyof WeightOptions)[] = ["bias", "initialise", "initialiseBias"];

export interface ConvLayerOptions extends WeightOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
  readonly groups?: number;
  readonly paddingMode?: "zeros" | "reflect" | "replicate" | "circular" | "symmetric";
}

export interface ConvTransposeLayerOptions extends WeightOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly outputPadding?: SpatialOption;
  readonly dilation?: SpatialOption;
  readonly groups?: number;
}

/** A weight and, unless switched off, a bias whose default follows the weight's fan-in. */
export function weightAndBias(
  context: Context,
  shape: readonly number[],
  biasSize: number,
  { bias = true, initialise = fanInUniform(), initialiseBias = fanInUniform() }: WeightOptions,
): [weight: Value, bias: Value | undefined] {
  const fans: Fans = fansOf(shape);
  const weight = context.parameter("weight", shape, initialise, fans);
  return [weight, bias ? context.parameter("bias", [biasSize], initialiseBias, fans) : undefined];
}

/** Throws `ArgumentError`, in the name of the layer `kind`, unless all counts are integers >= 1. */
export function checkChannels(kind: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(counts)) {
    if (!Number.isInteger(n) || n < 1) throw new ArgumentError(`${kind}: ${name} is ${n}; expected an integer >= 1`);
  }
}

function checkGroups(kind: string, inChannels: number, outChannels: number, groups: number): void {
  checkChannels(kind, { inChannels, outChannels, groups });
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ArgumentError(`${kind}: ${inChannels} input and ${outChannels} output channels do not both divide into ${groups} groups`);
  }
}

/** One kernel size per spatial axis. */
export function kernelOf(kind: string, kernelSize: SpatialOption, rank: number): number[] {
  if (typeof kernelSize !== "number") expectList(kind, "kernelSize", kernelSize, "numbers (or one number)");
  const kernel = typeof kernelSize === "number" ? new Array<number>(rank).fill(kernelSize) : [...kernelSize];
  if (kernel.length !== rank) throw new ArgumentError(`${kind}: kernelSize has ${kernel.length} entries for ${rank} spatial axes`);
  checkChannels(kind, Object.fromEntries(kernel.map((k, axis) => [`kernelSize[${axis}]`, k])));
  return kernel;
}

/** A layer made from channels, a kernel size (one number stands for all axes) and options. */
export type WindowLayer<O> = (inChannels: number, outChannels: number, kernelSize: SpatialOption, options?: O) => Module;

function convLayer(
  rank: 1 | 2 | 3,
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  options: ConvLayerOptions = {},
): Module {
  const kind = `conv${rank}d`;
  checkOptions(kind, options, [...weightOptionNames, "stride", "padding", "dilation", "groups", "paddingMode"]);
  const { bias, initialise, initialiseBias, ...attributes } = options;
  const { groups = 1 } = options;
  checkGroups(kind, inChannels, outChannels, groups);
  const shape = [outChannels, inChannels / groups, ...kernelOf(kind, kernelSize, rank)];
  const conv = [ops.conv1d, ops.conv2d, ops.conv3d][rank - 1];
  return defineModule(kind, (x, context) => conv(x, ...weightAndBias(context, shape, outChannels, options), attributes));
}

/** x [N, in, length] → [N, out, ⌊(length + padding − dilation(k−1) − 1)/stride⌋ + 1]. Parameters: weight [out, in/groups, k], bias [out]. */
export const conv1d: WindowLayer<ConvLayerOptions> = (...given) => convLayer(1, ...given);

/** x [N, in, H, W] → [N, out, H', W']. Parameters: weight [out, in/groups, kh, kw], bias [out]. `padding: "same"` keeps H and W at stride 1. */
export const conv2d: WindowLayer<ConvLayerOptions> = (...given) => convLayer(2, ...given);

/** x [N, in, D, H, W] → [N, out, D', H', W']. Parameters: weight [out, in/groups, kd, kh, kw], bias [out]. */
export const conv3d: WindowLayer<ConvLayerOptions> = (...given) => convLayer(3, ...given);

function convTransposeLayer(
  rank: 1 | 2 | 3,
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  options: ConvTransposeLayerOptions = {},
): Module {
  const kind = `convTranspose${rank}d`;
  checkOptions(kind, options, [...weightOptionNames, "stride", "padding", "outputPadding", "dilation", "groups"]);
  const { bias, initialise, initialiseBias, ...attributes } = options;
  const { groups = 1 } = options;
  checkGroups(kind, inChannels, outChannels, groups);
  const shape = [inChannels, outChannels / groups, ...kernelOf(kind, kernelSize, rank)];
  const convTranspose = [ops.convTranspose1d, ops.convTranspose2d, ops.convTranspose3d][rank - 1];
  return defineModule(kind, (x, context) => convTranspose(x, ...weightAndBias(context, shape, outChannels, options), attributes));
}

/** x [N, in, length] → [N, out, (length−1)·stride − padding + dilation(k−1) + outputPadding + 1]. Parameters: weight [in, out/groups, k], bias [out]. */
export const convTranspose1d: WindowLayer<ConvTransposeLayerOptions> = (...given) => convTransposeLayer(1, ...given);

/** As `convTranspose1d`, on [N, in, H, W]. */
export const convTranspose2d: WindowLayer<ConvTransposeLayerOptions> = (...given) => convTransposeLayer(2, ...given);

/** As `convTranspose1d`, on [N, in, D, H, W]. */
export const convTranspose3d: WindowLayer<ConvTransposeLayerOptions> = (...given) => convTransposeLayer(3, ...given);

/** y = x·weightᵀ + bias over the last axis: [..., in] → [..., out]. Parameters: weight [out, in], bias [out]. */
export function linear(inFeatures: number, outFeatures: number, options: WeightOptions = {}): Module {
  checkOptions("linear", options, weightOptionNames);
  checkChannels("linear", { inFeatures, outFeatures });
  return defineModule("linear", (x, context) => ops.linear(x, ...weightAndBias(context, [outFeatures, inFeatures], outFeatures, options)));
}
