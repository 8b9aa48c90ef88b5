// Gradient clipping inside the graph, so that a step stays one run.
import type { Value } from "../graph/value.ts";
import { add, clip, div, minimum, mul, sqrt, square, sum } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";

export interface ClipOptions {
  /** All gradients are scaled by min(1, norm/(‖g‖ + 1e-6)), ‖g‖ being the L2 norm of all of them together. Pascanu et al. 2013. */
  readonly norm?: number;
  /** Every element is clipped to ±value (before the norm is taken). */
  readonly value?: number;
}

/** L2 norm of all gradients together, [] . */
export function globalNorm(gradients: readonly Value[]): Value {
  return sqrt(gradients.map((g) => sum(square(g))).reduce((a, b) => add(a, b)));
}

/** Throws `ArgumentError` unless both limits are absent or numbers above 0. */
export function checkClip(where: string, options: ClipOptions): void {
  checkOptions(where, options, ["norm", "value"]);
  for (const [what, limit] of Object.entries(options)) {
    if (limit !== undefined && !(limit > 0)) throw new ArgumentError(`${where}: ${what} is ${showGiven(limit)}; expected a number > 0`);
  }
}

/** The gradients, clipped by value and then scaled by their norm, as the options say. */
export function clipGradients(gradients: readonly Value[], options: ClipOptions): readonly Value[] {
  checkClip("clip", options);
  const { norm, value } = options;
  const bounded = value === undefined ? gradients : gradients.map((g) => clip(g, { min: -value, max: value }));
  if (norm === undefined) return bounded;
  const factor = minimum(div(norm, add(globalNorm(bounded), 1e-6)), 1);
  return bounded.map((g) => mul(g, factor));
}
