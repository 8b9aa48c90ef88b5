// The inner loop of convolution and matrix product: rows of an image (or a matrix) times panels of packed columns, as a tile of
// accumulators that stays in registers. Rows are read in place through one pointer each, so neither im2col nor packed rows exist.
import { type Expression, expressionKey } from "../../../ops/expression.ts";
import { type Code, type FunctionBuilder, type I32, i32, type Local, v128 } from "../assembler.ts";
import type { Tier } from "../kernel.ts";
import { floatBytes, iterations, offsetsOf, type PanelPlan } from "./conv-plan.ts";
import { type BandArguments, type BandLocals, bandCount, bandDepth, bandLocals, enterBand } from "./matmul-bands.ts";
import { type Finish, lanes, loadColumns, storeLanes, type Tile, vectorBytes } from "./matmul-tile.ts";
import { emitNest, odometer, travelOf } from "./pack-nest.ts";
import { emitVector } from "./vector-expression.ts";
import { multiplyAdd } from "./vector-math.ts";

export interface PanelWalk {
  /** Whether the items are tiles of rows or panels of columns. */
  readonly split: "rows" | "panels";
  /** Whether a panel is brought into the nearest cache before it is multiplied with the first rows. */
  readonly fetches: boolean;
}

/** How the work is cut, for a source of so many bytes. */
export function panelWalk(plan: PanelPlan, tile: Tile, sourceBytes: number): PanelWalk {
  const cachedBytes = 2 ** 20;
  const worthCutting = 8;
  const panels = plan.groups * panelsPerGroup(plan, tile);
  const bytes = panels * panelBytes(plan, tile);
  const rows = iterations(plan.pixels) * bandCount(plan);
  // Each thread reads all of what is not cut, so the larger factor is.
  const smallerRows = bytes > sourceBytes && panels >= worthCutting;
  return { split: rows >= worthCutting * tile.rows && !smallerRows ? "rows" : "panels", fetches: bytes > cachedBytes };
}

export interface PanelShape {
  readonly plan: PanelPlan;
  readonly tile: Tile;
  readonly tier: Tier;
  readonly walk: PanelWalk;
  /** Over the product (operand 0) and the plan's further results (1 and up), before it is stored. */
  readonly epilogue?: Expression;
}

/** Everything that the code depends on, as a string. */
export function panelKey({ epilogue, ...shape }: PanelShape): string {
  return `${JSON.stringify(shape)}${epilogue === undefined ? "" : expressionKey(epilogue)}`;
}

export interface PanelArguments extends BandArguments {
  /** Packed columns: [group, panel][tap, run][tile columns]. */
  readonly panels: Local<"i32">;
  /** One number per column of all groups, added to every row. */
  readonly bias?: Local<"i32">;
  readonly start: Local<"i32">;
  readonly end: Local<"i32">;
}

/** Depth of the sums: rows of a panel. */
export function depthOf(plan: PanelPlan): number {
  return bandDepth(plan, -1);
}

/** Multiply-adds of the whole product. */
export function panelMacs(plan: PanelPlan): number {
  const met = plan.bands.reduce((product, { ranges }) => product * ranges.reduce((sum, [, count]) => sum + count, 0), 1);
  return iterations(plan.pixels) * met * iterations(plan.taps) * plan.run * plan.groups * plan.columns;
}

export function panelsPerGroup({ columns }: Pick<PanelPlan, "columns">, tile: Tile): number {
  return Math.ceil(columns / (tile.vectors * lanes));
}

export function panelBytes(plan: PanelPlan, tile: Tile): number {
  return depthOf(plan) * tile.vectors * vectorBytes;
}

/** Tiles of rows per band. */
function tilesPerBand({ plan, tile }: PanelShape): number {
  return Math.ceil(iterations(plan.pixels) / tile.rows);
}

export function panelItems(shape: PanelShape): number {
  const { plan, tile, walk } = shape;
  return walk.split === "rows" ? bandCount(plan) * tilesPerBand(shape) : plan.groups * panelsPerGroup(plan, tile);
}

/** Rows whose sources are walked by all panels before going on, so that they stay in the second-level cache. */
function rowsAtATime({ taps, run, pixels }: PanelPlan, tile: Tile): number {
  const cacheBytes = 192 * 1024;
  const step = Math.abs(pixels.at(-1)?.steps[0] ?? 0);
  const bytesPerRow = Math.max(floatBytes, Math.min(step, iterations(taps) * run * floatBytes));
  return Math.max(8, Math.ceil(cacheBytes / bytesPerRow / tile.rows)) * tile.rows;
}

/** Computes the items [start, end) of results[0] = source x panels (+ bias), with its epilogue. */
export function emitPanels(f: FunctionBuilder, shape: PanelShape, args: PanelArguments): void {
  const { plan, tile, walk } = shape;
  const total = iterations(plan.pixels);
  const bands = bandCount(plan);
  const tiles = tilesPerBand(shape);
  const band = f.local("i32");
  const locals = bandLocals(f, plan);
  const from = f.local("i32");
  const to = f.local("i32");
  const lastRow = f.local("i32");
  const panel = f.local("i32");
  const emitRows = panelRows(f, shape, args, locals);
  /** Rows [firstRow, lastRow) of the band, panels [firstPanel, lastPanel). */
  const emitBand = (firstRow: I32, firstPanel: I32, lastPanel: I32): void => {
    enterBand(f, plan, tile, args, band, locals);
    const chunk = rowsAtATime(plan, tile);
    f.for(from, firstRow, lastRow, chunk, () => {
      f.set(to, i32.add(from, chunk));
      f.if(i32.gtU(to, lastRow), () => f.set(to, lastRow));
      f.for(panel, firstPanel, lastPanel, 1, () => {
        if (walk.fetches) emitFetch(f, i32.add(args.panels, i32.mul(panel, panelBytes(plan, tile))), panelBytes(plan, tile));
        emitRows(panel, from, to);
      });
    });
  };
  if (walk.split === "panels") {
    f.set(lastRow, i32.const(total));
    f.for(band, 0, bands, 1, () => emitBand(0, args.start, args.end));
    return;
  }
  const item = f.i32(args.start);
  const tileOfBand = f.local("i32");
  const taken = f.local("i32");
  f.loop((again) => {
    f.set(band, bands === 1 ? i32.const(0) : i32.divU(item, tiles));
    f.set(tileOfBand, bands === 1 ? item : i32.remU(item, tiles));
    f.set(taken, i32.sub(tiles, tileOfBand));
    f.if(i32.gtU(taken, i32.sub(args.end, item)), () => f.set(taken, i32.sub(args.end, item)));
    f.set(lastRow, i32.mul(i32.add(tileOfBand, taken), tile.rows));
    f.if(i32.gtU(lastRow, total), () => f.set(lastRow, i32.const(total)));
    emitBand(i32.mul(tileOfBand, tile.rows), 0, plan.groups * panelsPerGroup(plan, tile));
    f.advance(item, taken);
    f.brIf(again, i32.ltU(item, args.end));
  });
}

/**
 * Reads one word of every cache line. So little happens in this loop that the processor looks far ahead, beyond the page it is in, which it
 * cannot between the sums of a tile.
 */
function emitFetch(f: FunctionBuilder, start: I32, bytes: number): void {
  const lineBytes = 64;
  const unroll = 8;
  const rounds = Math.floor(bytes / (unroll * lineBytes));
  if (rounds === 0) return;
  const at = f.i32(start);
  f.repeat(rounds, () => {
    for (let line = 0; line < unroll; line++) f.drop(i32.load(at, line * lineBytes));
    f.advance(at, unroll * lineBytes);
  });
}

/** A pointer that follows the rows, or one for all of them where no row moves it. */
interface Follower {
  /** Number of its step in the pixels' levels. */
  readonly step: number;
  readonly next: Local<"i32">;
  readonly perRow: readonly Local<"i32">[];
}

function followers(f: FunctionBuilder, { pixels, results }: PanelPlan, rows: number): Follower[] {
  return results.map((_, i) => {
    const step = i + 1;
    const next = f.local("i32");
    const moves = i === 0 || pixels.some(({ steps }) => steps[step] !== 0);
    return { step, next, perRow: moves ? f.locals("i32", rows) : [] };
  });
}

/** Where the sources of a depth of few steps lie, which needs no loop: kernels over one or three channels. */
function shortDepth(plan: PanelPlan): number[] | undefined {
  const mostSteps = 32;
  if (plan.bands.length > 0 || depthOf(plan) > mostSteps) return undefined;
  const offsets = offsetsOf([...plan.taps, { count: plan.run, steps: [plan.runStep] }]);
  return offsets.every((at) => at >= 0) ? offsets : undefined;
}

/** One panel times the rows [from, to). */
function panelRows(
  f: FunctionBuilder,
  { plan, tile, tier, epilogue }: PanelShape,
  { panels, bias }: PanelArguments,
  band: BandLocals,
): (panel: Local<"i32">, from: Local<"i32">, to: Local<"i32">) => void {
  const { rows, vectors } = tile;
  const width = vectors * lanes;
  const perGroup = panelsPerGroup(plan, tile);
  const tail = plan.columns - (perGroup - 1) * width;
  const sources = f.locals("i32", rows);
  const nextSource = f.local("i32");
  const followed = followers(f, plan, rows);
  const group = f.local("i32");
  const inGroup = f.local("i32");
  const biasAt = f.local("i32");
  const b = f.local("i32");
  const panelStart = f.local("i32");
  const end = f.local("i32");
  const left = f.local("i32");
  const sums = sources.map(() => f.locals("v128", vectors));
  const columns = f.locals("v128", vectors);
  const a = f.local("v128");
  const moving = followed.filter(({ perRow }) => perRow.length > 0);
  const pixel = odometer(f, plan.pixels, [{ local: nextSource, step: 0 }, ...moving.map(({ next, step }) => ({ local: next, step }))]);

  /** Multiplies rows that lie `offsets` after the sources by the next rows of the panel. */
  const emitSteps = (offsets: readonly number[]): void => {
    for (const [k, offset] of offsets.entries()) {
      for (const [v, column] of columns.entries()) f.set(column, v128.load(b, (k * vectors + v) * vectorBytes));
      for (const [r, from] of sources.entries()) {
        if (!plan.lanewise) f.set(a, v128.load32Splat(from, offset));
        for (const [v, column] of columns.entries()) {
          if (plan.lanewise) f.set(a, v128.load(from, offset + v * vectorBytes));
          f.set(sums[r][v], multiplyAdd(tier, a, column, sums[r][v]));
        }
      }
    }
    f.advance(b, offsets.length * vectors * vectorBytes);
  };
  const emitSome = (count: number): void => {
    emitSteps(Array.from({ length: count }, (_, k) => k * plan.runStep));
    for (const from of sources) f.advance(from, count * plan.runStep);
  };
  const emitRun = (bytes: I32, unroll: number): void => {
    f.set(end, i32.add(sources[0], bytes));
    f.loop((again) => {
      emitSome(unroll);
      f.brIf(again, i32.ltU(sources[0], end));
    });
  };
  const runBytes = plan.run * plan.runStep;
  const { unroll = 1 } = tile;
  const emitWholeRun = (): void => {
    if (plan.runStep <= 0) f.repeat(plan.run, () => emitSome(1));
    else if (plan.run < 2 * unroll) emitSome(plan.run);
    else {
      const rest = plan.run % unroll;
      emitRun(runBytes - rest * plan.runStep, unroll);
      if (rest > 0) emitSome(rest);
    }
  };
  const emitInnermostTaps = (): void =>
    emitNest(
      f,
      plan.taps,
      sources.map((local) => ({ local, step: 0 })),
      [runBytes],
      emitWholeRun,
    );
  const moved = travelOf(plan.taps, runBytes);
  const emitBandTaps = (axis: number): void => {
    const { tapStep } = plan.bands[axis];
    const isLast = axis === plan.bands.length - 1;
    if (isLast && plan.taps.length === 0 && tapStep === runBytes && runBytes > 0) {
      emitRun(i32.mul(band.taps[axis], runBytes), 1);
      return;
    }
    f.repeat(band.taps[axis], () => {
      if (isLast) emitInnermostTaps();
      else emitBandTaps(axis + 1);
      for (const from of sources) f.advance(from, isLast ? tapStep - moved : band.sourceTurns[axis]);
      if (!isLast) f.advance(b, band.panelTurns[axis]);
    });
  };
  const emitDepth = (): void => {
    if (plan.run === 0) return;
    const straight = unroll === 1 ? undefined : shortDepth(plan);
    if (straight !== undefined) emitSteps(straight);
    else if (plan.bands.length === 0) emitInnermostTaps();
    else
      f.if(
        band.taps.slice(1).reduce<Code<"i32">>((product, taps) => i32.mul(product, taps), band.taps[0]),
        () => emitBandTaps(0),
      );
  };
  const finishRow = (r: number): Finish | undefined => {
    if (epilogue === undefined) return undefined;
    return (value, v, count) =>
      emitVector(
        { f, tier },
        epilogue,
        (i) =>
          i === 0
            ? value
            : loadColumns(
                f,
                followed[i].perRow[r] ?? followed[i].next,
                plan.results[i].columnStep,
                count,
                v * lanes * plan.results[i].columnStep,
              ),
        undefined,
      );
  };
  const startPanel = (panel: Local<"i32">, from: Local<"i32">): void => {
    f.set(group, i32.divU(panel, perGroup));
    f.set(inGroup, i32.remU(panel, perGroup));
    f.set(panelStart, i32.add(panels, i32.mul(panel, panelBytes(plan, tile))));
    if (plan.bands.length > 0) f.advance(panelStart, band.skipped);
    f.set(nextSource, i32.add(band.source, i32.mul(group, plan.sourceGroupStep)));
    if (plan.lanewise) f.advance(nextSource, i32.mul(inGroup, width * floatBytes));
    for (const [i, { next }] of followed.entries()) {
      const { columnStep, groupStep } = plan.results[i];
      f.set(next, band.results[i]);
      f.advance(next, i32.mul(group, groupStep));
      f.advance(next, i32.mul(inGroup, width * columnStep));
    }
    if (bias !== undefined)
      f.set(biasAt, i32.add(bias, i32.mul(i32.add(i32.mul(group, plan.columns), i32.mul(inGroup, width)), floatBytes)));
    pixel.seek(from);
  };

  return (panel, from, to) => {
    startPanel(panel, from);
    f.set(left, i32.sub(to, from));
    f.loop((again) => {
      for (let r = 0; r < rows; r++) {
        f.set(sources[r], nextSource);
        for (const { next, perRow } of moving) f.set(perRow[r], next);
        // Rows beyond the last repeat it: the same numbers are stored twice, and no second loop for the rest is needed.
        f.if(i32.gtU(left, r + 1), () => pixel.next());
      }
      for (const row of sums) {
        for (const [v, sum] of row.entries()) f.set(sum, bias === undefined ? v128.zero() : v128.load(biasAt, v * vectorBytes));
      }
      f.set(b, panelStart);
      emitDepth();
      const store = (count: number) => (): void => {
        for (const [r, row] of sums.entries()) storeLanes(f, followed[0].perRow[r], row, count, finishRow(r));
      };
      if (tail === width) store(width)();
      else if (perGroup === 1) store(tail)();
      else f.if(i32.eq(inGroup, perGroup - 1), store(tail), store(width));
      f.set(left, i32.sub(left, rows));
      f.brIf(again, i32.gtS(left, 0));
    });
  };
}
