// What every way of asking "which pixels mattered?" is: one signature, one record, whatever happens in between.
import type { Model } from "../../nn/model.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { QuadratureRule } from "../quadrature.ts";
import type { ReluRule } from "../rules.ts";
import { type RunOptions, runOptionNames } from "../run.ts";
import type { Target } from "../target.ts";
import type { MaxPoolRule } from "./relevance/backward.ts";
import type { LrpComposite } from "./relevance/lrp.ts";
import type { LrpRule } from "./relevance/rules.ts";

/** One picture, and what about it is to be explained. */
export interface AttributionTask {
  /** [C, H, W], as the net sees it. */
  readonly image: Tensor;
  readonly target: Target;
}

/** What a method found for one task; the caller makes the record of it. */
export interface Finding {
  /** Signed and raw: [C, H, W], or [1, H, W] from methods that do not tell channels apart. */
  readonly map: Tensor;
  /** The target's value on the picture. */
  readonly score: number;
  /** The unit that a target without a position turned out to be: the channel's strongest. */
  readonly position?: readonly [row: number, column: number] | undefined;
  /** The map with its sign, where `map` shows the positive part only. */
  readonly signed?: Tensor;
  /** What the map was enlarged from, at the size of the layer that was looked at: [H, W]. */
  readonly layerMap?: Tensor;
  /** Numbers that judge the map. */
  readonly figures?: Readonly<Record<string, number>>;
  /** The settings that the method read, as plain data, defaults filled in: with the target and the picture they decide the map. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly string[];
}

export interface Method<Name extends string = string> {
  /** Under which it is asked for. */
  readonly name: Name;
  /** As people call it: "Grad-CAM". */
  readonly title: string;
  /** Where it was published. */
  readonly cites: string;
  /** Whether negative values mean something: then it is drawn with two colours. */
  readonly signed: boolean;
  /** What one must know to read the map, in a sentence; printed beside it. */
  readonly caveat?: string;
  /** What passes a ReLU on the way back (default: the gradient). */
  readonly rule?: ReluRule;
  /** Whether it draws random numbers, so that its seed belongs to the record. */
  readonly random?: boolean;
  /** All tasks have targets in one layer (or are classes) and pictures of one shape. Checks `signal` and reports `onProgress` as it goes. */
  attribute(model: Model, tasks: readonly AttributionTask[], options: MethodSettings): Promise<readonly Finding[]>;
}

/** What methods can be told; each reads what concerns it. */
export interface MethodSettings extends RunOptions {
  /** Noisy copies of SmoothGrad and its kin (default 25). */
  readonly samples?: number;
  /** Their noise: standard deviation as a share of (max x - min x) (default 0.15). */
  readonly spread?: number;
  /** Seed of everything random (default 0). */
  readonly seed?: number;
  /** Points of integrated gradients (default 50). */
  readonly points?: number;
  readonly quadrature?: QuadratureRule;
  /** Where integrated gradients and DeepLIFT start (default: zeros, which is the data's mean after normalisation). */
  readonly baseline?: Tensor;
  /** Pictures per run (default 16; fewer of more than 128 x 128 pixels, five of 224 x 224). */
  readonly batchSize?: number;
  /** The layer whose maps the CAM family weighs; "input" for the pixels (default: the last one with space before the target). */
  readonly at?: string;
  /** Grad-CAM: what speaks against the target (default false). */
  readonly counterfactual?: boolean;
  /** Height and width of what occlusion covers, in pixels (default: an eighth of the picture, at least 1). */
  readonly window?: number | readonly [height: number, width: number];
  /** From one window to the next (default: half of the window, at least 1). */
  readonly stride?: number | readonly [down: number, across: number];
  /** What covers: a number, or one per channel, as the net sees pixels (default 0, which is the data's mean after normalisation). */
  readonly fill?: number | readonly number[];
  /** How a pixel under several windows is credited (default "mean"). */
  readonly credit?: "mean" | "sum";
  /** Masks of RISE (default 2000). */
  readonly masks?: number;
  /** Cells along each side of a mask of RISE (default 8, and 4 for pictures under 64 pixels). */
  readonly cells?: number;
  /** Share of cells that RISE leaves uncovered (default 0.5). */
  readonly keep?: number;
  /** LRP: one rule for every layer with weights (default: by `composite`). */
  readonly rule?: LrpRule;
  /** LRP: rules by position (default "epsilonPlus": z-plus in convolutions, epsilon in dense layers). */
  readonly composite?: LrpComposite;
  /** LRP: rules of single layers by name. A layer that a batch norm was folded into goes by the batch norm's name. */
  readonly layerRules?: Readonly<Record<string, LrpRule>>;
  /** LRP: who takes the relevance of a max-pool: the "winner" of each window (default), or all of it by contribution, as of an "average" pool. */
  readonly maxPool?: MaxPoolRule;
  /** LRP: added to denominators with their sign (default 1e-6). */
  readonly epsilon?: number;
  /** LRP, rule "gamma": how much more positive weights count (default 0.25). */
  readonly gamma?: number;
  /** LRP, rule "alphaBeta": share of the positive contributions (default 2). */
  readonly alpha?: number;
  /** LRP, rule "zBox": smallest and largest value of a pixel, one or one per channel (default: black and white after preprocessing). */
  readonly bounds?: readonly [low: number | readonly number[], high: number | readonly number[]];
}

export const methodSettingNames: readonly (keyof MethodSettings)[] = [
  ...runOptionNames,
  "samples",
  "spread",
  "seed",
  "points",
  "quadrature",
  "baseline",
  "batchSize",
  "at",
  "counterfactual",
  "window",
  "stride",
  "fill",
  "credit",
  "masks",
  "cells",
  "keep",
  "rule",
  "composite",
  "layerRules",
  "maxPool",
  "epsilon",
  "gamma",
  "alpha",
  "bounds",
];

/** A baseline as plain data: its number where it has only one, else that it was a picture. */
export function plainBaseline(baseline: Tensor | undefined): number | "picture" {
  if (baseline === undefined) return 0;
  return baseline.data.every((v) => v === baseline.data[0]) ? baseline.data[0] : "picture";
}

/** Element by element; both have the shape of `a`. */
export function zip(a: Tensor, b: Tensor, of: (a: number, b: number) => number): Tensor {
  const out = a.clone();
  for (let p = 0; p < out.size; p++) out.data[p] = of(a.data[p], b.data[p]);
  return out;
}
