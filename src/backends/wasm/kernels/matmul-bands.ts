// Bands: stretches of rows that share their taps. Where a window reaches out of its image, the taps that would only meet padding are left out.
import { type FunctionBuilder, i32, type Local } from "../assembler.ts";
import { floatBytes, iterations, type PanelPlan } from "./conv-plan.ts";
import { type Tile, vectorBytes } from "./matmul-tile.ts";

/** Rows of a panel per tap of band axis `axis`; after the last axis, those of a band's innermost taps. */
export function bandDepth({ bands, taps, run }: PanelPlan, axis: number): number {
  return bands.slice(axis + 1).reduce((depth, inner) => depth * inner.taps, iterations(taps) * run);
}

/** Combinations of positions. */
export function bandCount({ bands }: PanelPlan): number {
  return bands.reduce((count, { ranges }) => count * ranges.length, 1);
}

/** What `enterBand` reads at run time: first tap and number of taps, position after position, axis after axis. */
export function bandTable({ bands }: PanelPlan): Int32Array | undefined {
  return bands.length === 0 ? undefined : Int32Array.from(bands.flatMap(({ ranges }) => ranges.flat()));
}

/** What changes from band to band. */
export interface BandLocals {
  /** Addresses of its first pixel at its first tap. */
  readonly source: Local<"i32">;
  readonly results: readonly Local<"i32">[];
  /** Bytes of a panel before its first tap. */
  readonly skipped: Local<"i32">;
  /** Number of taps per axis. */
  readonly taps: readonly Local<"i32">[];
  /** Per axis but the last: how far source and panel move on when the taps of the axis inside are done. */
  readonly sourceTurns: readonly Local<"i32">[];
  readonly panelTurns: readonly Local<"i32">[];
}

export interface BandArguments {
  /** Addresses of the plan's origins. */
  readonly source: Local<"i32">;
  readonly results: readonly Local<"i32">[];
  /** Address of the `bandTable`, if there is one. */
  readonly bands?: Local<"i32">;
}

export function bandLocals(f: FunctionBuilder, { bands, results }: PanelPlan): BandLocals {
  const turns = Math.max(0, bands.length - 1);
  return {
    source: f.local("i32"),
    results: results.map(() => f.local("i32")),
    skipped: f.local("i32"),
    taps: f.locals("i32", bands.length),
    sourceTurns: f.locals("i32", turns),
    panelTurns: f.locals("i32", turns),
  };
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
  const rowBytes = tile.vectors * vectorBytes;
  const entryBytes = 2 * floatBytes;
  f.set(locals.source, i32.add(args.source, plan.sourceOffset));
  for (const [i, result] of locals.results.entries()) f.set(result, i32.add(args.results[i], plan.results[i].offset));
  if (args.bands === undefined) return;
  f.set(locals.skipped, i32.const(0));
  const rest = f.i32(band);
  let tableStart = bands.reduce((bytes, { ranges }) => bytes + ranges.length * entryBytes, 0);
  for (let axis = bands.length - 1; axis >= 0; axis--) {
    const { ranges, tapStep, steps } = bands[axis];
    tableStart -= ranges.length * entryBytes;
    const position = f.i32(axis === 0 ? rest : i32.remU(rest, ranges.length));
    if (axis > 0) f.set(rest, i32.divU(rest, ranges.length));
    const entry = f.i32(i32.add(args.bands, i32.mul(position, entryBytes)));
    const first = f.i32(i32.load(entry, tableStart));
    f.set(locals.taps[axis], i32.load(entry, tableStart + floatBytes));
    f.advance(locals.skipped, i32.mul(first, bandDepth(plan, axis) * rowBytes));
    f.advance(locals.source, i32.add(i32.mul(position, steps[0]), i32.mul(first, tapStep)));
    for (const [i, result] of locals.results.entries()) f.advance(result, i32.mul(position, steps[i + 1]));
  }
  for (const [axis, turn] of locals.sourceTurns.entries()) {
    const inside = bands[axis + 1];
    f.set(turn, i32.sub(bands[axis].tapStep, i32.mul(locals.taps[axis + 1], inside.tapStep)));
    f.set(locals.panelTurns[axis], i32.mul(i32.sub(inside.taps, locals.taps[axis + 1]), bandDepth(plan, axis + 1) * rowBytes));
  }
}
