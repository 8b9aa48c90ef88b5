// Bands: stretches of rows that share their taps. Where a window reaches out of its image, the taps that would only meet padding are left out.
import { type FunctionBuilder, i32, type Local } from "../assembler.ts";
import { floatBytes, iterations, type PanelPlan } from "./conv-plan.ts";
import { type Tile, vectorBytes } from "./matmul-tile.ts";

/** Rows of a panel per tap of a band. */
export function bandDepth({ taps, run }: PanelPlan): number {
  return iterations(taps) * run;
}

export function bandCount({ bands }: PanelPlan): number {
  return bands?.ranges.length ?? 1;
}

/** What `emitPanels` reads of the bands at run time: first tap and number of taps. */
export function bandTable({ bands }: PanelPlan): Int32Array | undefined {
  return bands && Int32Array.from(bands.ranges.flat());
}

/** What changes from band to band. */
export interface BandLocals {
  /** Addresses of its first pixel. */
  readonly source: Local<"i32">;
  readonly results: readonly Local<"i32">[];
  /** Bytes of a panel before its first tap; number of its taps. */
  readonly skipped: Local<"i32">;
  readonly taps: Local<"i32">;
}

export interface BandArguments {
  /** Addresses of the plan's origins. */
  readonly source: Local<"i32">;
  readonly results: readonly Local<"i32">[];
  /** Address of the `bandTable`, if there is one. */
  readonly bands?: Local<"i32">;
}

export function bandLocals(f: FunctionBuilder, { results }: PanelPlan): BandLocals {
  return { source: f.local("i32"), results: results.map(() => f.local("i32")), skipped: f.local("i32"), taps: f.local("i32") };
}

/** Sets the locals for band number `band`. */
export function enterBand(
  f: FunctionBuilder,
  plan: PanelPlan,
  tile: Tile,
  args: BandArguments,
  band: Local<"i32">,
  locals: BandLocals,
): void {
  const { bands } = plan;
  f.set(locals.source, i32.add(args.source, plan.sourceOffset));
  for (const [i, result] of locals.results.entries()) f.set(result, i32.add(args.results[i], plan.results[i].offset));
  if (bands === undefined || args.bands === undefined) return;
  const first = f.i32(i32.load(i32.add(args.bands, i32.mul(band, 2 * floatBytes))));
  f.set(locals.taps, i32.load(i32.add(args.bands, i32.mul(band, 2 * floatBytes)), floatBytes));
  f.set(locals.skipped, i32.mul(first, bandDepth(plan) * tile.vectors * vectorBytes));
  f.advance(locals.source, i32.mul(band, bands.steps[0]));
  f.advance(locals.source, i32.mul(first, bands.tapStep));
  for (const [i, result] of locals.results.entries()) f.advance(result, i32.mul(band, bands.steps[i + 1]));
}
