// Layers that move, resize or drop values without weights.
import type { SpatialOption } from "../../graph/attrs.ts";
import * as ops from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { expectList } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import { defineModule, type Module } from "../module.ts";

/** [N, C, H, W] → [N, C·H·W]: axes from `startAxis` (default 1) become one. */
export function flatten(options: { readonly startAxis?: number } = {}): Module {
  checkOptions("flatten", options, ["startAxis"]);
  return defineModule("flatten", (x) => ops.flatten(x, { startAxis: 1, ...options }));
}

/** Passes its input on: a place to tap, or to put something later. */
export function identity(): Module {
  return defineModule("identity", (x) => ops.identity(x));
}

/**
 * In training sets each value to 0 with probability p (default 0.5) and scales the rest by 1/(1−p); otherwise passes its input on.
 * `perChannel` drops whole feature maps. The mask depends on the training seed, the layer's path and the step alone. Srivastava et al. 2014.
 */
export function dropout(p = 0.5, options: { readonly perChannel?: boolean } = {}): Module {
  checkOptions("dropout", options, ["perChannel"]);
  const { perChannel = false } = options;
  if (!(p >= 0 && p < 1)) throw new ArgumentError(`dropout: p is ${p}; expected a probability in [0, 1)`);
  return defineModule("dropout", (x, context) =>
    context.training && p > 0 ? ops.dropout(x, context.counter(), { p, seed: context.seed(), perChannel }) : x,
  );
}

export interface PadLayerOptions {
  readonly mode?: "constant" | "reflect" | "replicate" | "circular" | "symmetric";
  readonly value?: number;
}

/** Adds a border to the last axes; `pads` gives [before, after] for each of them, in order. */
export function pad(pads: readonly (readonly [number, number])[], options: PadLayerOptions = {}): Module {
  expectList("pad", "pads", pads, "pairs [before, after]");
  checkOptions("pad", options, ["mode", "value"]);
  return defineModule("pad", (x) => {
    if (pads.length > x.rank) throw new ArgumentError(`pad: ${pads.length} pairs for ${x.rank} axes`);
    const untouched = Array.from({ length: x.rank - pads.length }, () => [0, 0] as const);
    return ops.pad(x, [...untouched, ...pads], options);
  });
}

export interface UpsampleOptions {
  readonly mode?: ops.ResizeMode;
  readonly alignCorners?: boolean;
}

/** Enlarges the spatial axes by a factor. */
export function upsample(scale: SpatialOption, options: UpsampleOptions = {}): Module {
  checkOptions("upsample", options, ["mode", "alignCorners"]);
  return defineModule("upsample", (x) => ops.resize(x, { scale, ...options }));
}
