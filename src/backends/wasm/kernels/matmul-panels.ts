// The inner loop of convolution and matrix product: rows of an image (or a matrix) times panels of packed columns, as a tile of
// accumulators that stays in registers. Rows are read in place through one pointer each, so neither im2col nor packed rows exist.
import { type Expression, expressionKey } from "../../../ops/expression.ts";
import { type FunctionBuilder, f32x4, type I32, i32, type Local, type V128, v128 } from "../assembler.ts";
import type { Tier } from "../kernel.ts";
import { floatBytes, iterations, type PanelPlan } from "./conv-plan.ts";
import { emitNest, odometer } from "./pack-nest.ts";
import { emitVector } from "./vector-expression.ts";

/** Accumulators: `rows` x `vectors` vectors of four. V8 has 15 vector registers to give, and needs vectors + 2 for operands. */
export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

export const lanes = 4;
const vectorBytes = lanes * floatBytes;

export function tileName({ rows, vectors }: Tile): string {
  return `${rows}x${vectors * lanes}`;
}

/** The tile for a number of rows and columns: few columns leave registers for more rows, and the other way round. */
export function chooseTile(rows: number, columns: number): Tile {
  if (columns <= lanes) return { rows: Math.min(rows, 8), vectors: 1 };
  return rows >= 3 ? { rows: Math.min(rows, 4), vectors: 2 } : { rows, vectors: rows === 1 ? 4 : 3 };
}

/** a · b + c with the best instruction of the tier. */
export function multiplyAdd(tier: Tier, a: V128, b: V128, c: V128): V128 {
  return tier === "relaxed" ? f32x4.relaxedMadd(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
}

/** Stores the first `count` lanes of consecutive vectors: neighbours in memory may belong to another thread. */
export function storeLanes(f: FunctionBuilder, address: I32, values: readonly Local<"v128">[], count: number, finish?: Finish): void {
  for (const [v, value] of values.entries()) {
    const here = Math.min(lanes, count - v * lanes);
    if (here <= 0) return;
    const at = v * vectorBytes;
    if (finish !== undefined) f.set(value, finish(value, v, here));
    if (here === lanes) f.storeV128(address, value, at);
    else {
      if (here >= 2) f.storeLane64(address, value, 0, at);
      if (here % 2 === 1) f.storeLane32(address, value, here - 1, at + (here - 1) * floatBytes);
    }
  }
}

/** What is done to vector `vector` of the results before its first `count` lanes are stored. */
export type Finish = (value: Local<"v128">, vector: number, count: number) => V128;

export interface PanelShape {
  readonly plan: PanelPlan;
  readonly tile: Tile;
  readonly tier: Tier;
  /** Whether the items are tiles of rows or panels of columns. */
  readonly split: "rows" | "panels";
  /** Over the product (operand 0) and the plan's further results (1 and up), before it is stored. */
  readonly epilogue?: Expression;
}

/** Everything that the code depends on, as a string. */
export function panelKey({ epilogue, ...shape }: PanelShape): string {
  return `${JSON.stringify(shape)}${epilogue === undefined ? "" : expressionKey(epilogue)}`;
}

export interface PanelArguments {
  /** Addresses of the plan's origins. */
  readonly source: Local<"i32">;
  readonly results: readonly Local<"i32">[];
  /** Packed columns: [group, panel][tap, run][tile columns]. */
  readonly panels: Local<"i32">;
  /** One number per column of all groups, added to every row. */
  readonly bias?: Local<"i32">;
  readonly start: Local<"i32">;
  readonly end: Local<"i32">;
}

/** Depth of the sums: rows of a panel. */
export function depthOf({ taps, run }: Pick<PanelPlan, "taps" | "run">): number {
  return iterations(taps) * run;
}

export function panelsPerGroup({ columns }: Pick<PanelPlan, "columns">, tile: Tile): number {
  return Math.ceil(columns / (tile.vectors * lanes));
}

export function panelBytes(plan: PanelPlan, tile: Tile): number {
  return depthOf(plan) * tile.vectors * vectorBytes;
}

export function panelItems({ plan, tile, split }: PanelShape): number {
  return split === "rows" ? Math.ceil(iterations(plan.pixels) / tile.rows) : plan.groups * panelsPerGroup(plan, tile);
}

/** Rows whose sources are walked by all panels before going on, so that they stay in the second-level cache. */
function rowsAtATime({ taps, run, pixels }: PanelPlan, tile: Tile): number {
  const cacheBytes = 192 * 1024;
  const step = Math.abs(pixels.at(-1)?.steps[0] ?? 0);
  const bytesPerRow = Math.max(floatBytes, Math.min(step, iterations(taps) * run * floatBytes));
  return Math.max(8, Math.ceil(cacheBytes / bytesPerRow / tile.rows)) * tile.rows;
}

/** Computes the items [start, end) of destination = source x panels (+ bias). */
export function emitPanels(f: FunctionBuilder, shape: PanelShape, args: PanelArguments): void {
  const { plan, tile, split } = shape;
  const total = iterations(plan.pixels);
  const perGroup = panelsPerGroup(plan, tile);
  const firstRow = f.i32(split === "rows" ? i32.mul(args.start, tile.rows) : 0);
  const lastRow = f.i32(split === "rows" ? i32.mul(args.end, tile.rows) : total);
  f.if(i32.gtU(lastRow, total), () => f.set(lastRow, i32.const(total)));
  const chunk = rowsAtATime(plan, tile);
  const from = f.local("i32");
  const to = f.local("i32");
  const panel = f.local("i32");
  const emitRows = panelRows(f, shape, args);
  f.for(from, firstRow, lastRow, chunk, () => {
    f.set(to, i32.add(from, chunk));
    f.if(i32.gtU(to, lastRow), () => f.set(to, lastRow));
    f.for(panel, split === "rows" ? 0 : args.start, split === "rows" ? plan.groups * perGroup : args.end, 1, () =>
      emitRows(panel, from, to),
    );
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

/** Four neighbouring columns of an operand that lies as it likes. Lanes beyond `count` may not exist. */
function loadColumns(f: FunctionBuilder, address: Local<"i32">, columnStep: number, first: number, count: number): V128 {
  if (columnStep === 0) return v128.load32Splat(address);
  if (columnStep === floatBytes) return v128.load(address, first * floatBytes);
  let vector = v128.load32Zero(i32.add(address, first * columnStep));
  for (let lane = 1; lane < count; lane++) vector = v128.load32Lane(i32.add(address, (first + lane) * columnStep), vector, lane);
  return f.v128(vector);
}

/** One panel times the rows [from, to). */
function panelRows(
  f: FunctionBuilder,
  { plan, tile, tier, epilogue }: PanelShape,
  { source, results, panels, bias }: PanelArguments,
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

  const emitStep = (): void => {
    for (const [v, column] of columns.entries()) f.set(column, v128.load(b, v * vectorBytes));
    for (const [r, from] of sources.entries()) {
      if (!plan.lanewise) f.set(a, v128.load32Splat(from));
      for (const [v, column] of columns.entries()) {
        if (plan.lanewise) f.set(a, v128.load(from, v * vectorBytes));
        f.set(sums[r][v], multiplyAdd(tier, a, column, sums[r][v]));
      }
    }
    f.advance(b, vectors * vectorBytes);
    for (const from of sources) f.advance(from, plan.runStep);
  };
  // The depth is never unrolled: V8 before version 13 would load everything first and spill.
  const emitRun = (): void => {
    if (plan.runStep > 0 && plan.run > 1) {
      f.set(end, i32.add(sources[0], plan.run * plan.runStep));
      f.loop((again) => {
        emitStep();
        f.brIf(again, i32.ltU(sources[0], end));
      });
    } else f.repeat(plan.run, emitStep);
  };
  const finishRow = (r: number): Finish | undefined => {
    if (epilogue === undefined) return undefined;
    return (value, v, count) =>
      emitVector(
        { f, tier },
        epilogue,
        (i) => (i === 0 ? value : loadColumns(f, followed[i].perRow[r] ?? followed[i].next, plan.results[i].columnStep, v * lanes, count)),
        undefined,
      );
  };
  const startPanel = (panel: Local<"i32">, from: Local<"i32">): void => {
    f.set(group, i32.divU(panel, perGroup));
    f.set(inGroup, i32.remU(panel, perGroup));
    f.set(panelStart, i32.add(panels, i32.mul(panel, panelBytes(plan, tile))));
    f.set(nextSource, i32.add(i32.add(source, plan.sourceOffset), i32.mul(group, plan.sourceGroupStep)));
    if (plan.lanewise) f.advance(nextSource, i32.mul(inGroup, width * floatBytes));
    for (const [i, { next }] of followed.entries()) {
      const { offset, columnStep, groupStep } = plan.results[i];
      f.set(next, i32.add(results[i], offset));
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
      if (plan.run > 0) {
        emitNest(
          f,
          plan.taps,
          sources.map((local) => ({ local, step: 0 })),
          [plan.run * plan.runStep],
          emitRun,
        );
      }
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
