// The inner loop of filter gradients and of products with a transposed left operand: sums of outer products over all pixels, as tiles of
// accumulators. Both operands are read in place. A chunk of pixels small enough for the first-level cache meets all tiles before the next
// chunk comes. Where the sums are few beside the pixels, the pixels are split by their shape alone, and every part has sums of its own: threads
// then share the reading, and still every sum is made by one thread in one order.
import { type FunctionBuilder, f32x4, i32, type Local, v128 } from "../assembler.ts";
import type { Tier } from "../kernel.ts";
import { floatBytes, iterations, type Level, type OuterPlan } from "./conv-plan.ts";
import { chooseTile, lanes, type Tile, type TileLimit } from "./matmul-tile.ts";
import { emitNest } from "./pack-nest.ts";
import { multiplyAdd } from "./vector-math.ts";

export interface OuterShape {
  readonly plan: OuterPlan;
  readonly tile: Tile;
  readonly tier: Tier;
}

export interface OuterArguments {
  readonly a: Local<"i32">;
  readonly b: Local<"i32">;
  /** Tiles of sums: [part, group, panel, tap, row block][tile rows][tile columns]. */
  readonly sums: Local<"i32">;
  readonly start: Local<"i32">;
  readonly end: Local<"i32">;
}

/** The tile that wastes the fewest rows; four by eight, or six by sixteen in pairs, when none is wasted. */
export function outerTile({ run, columns, lanewise, rowOffsets }: OuterPlan, limit: TileLimit): Tile {
  const joined = limit.vectors >= 4;
  const unrolled = limit.unroll > 1 && { unroll: limit.unroll };
  if (rowOffsets !== undefined) return { rows: run, vectors: joined ? 2 : 1, ...unrolled };
  const vectors = columns <= lanes ? 1 : 2;
  // Rows beyond the run would read whole vectors of memory that may not exist.
  if (lanewise) return { rows: [5, 4, 3, 2, 1].find((rows) => run % rows === 0) ?? 1, vectors, ...unrolled };
  if (limit.unroll > 1) return chooseTile(run, columns, limit);
  const choices = vectors === 1 ? [8, 7, 6, 5, 4, 3, 2, 1] : [4, 5, 3, 2, 1];
  const waste = (rows: number): number => Math.ceil(run / rows) * rows;
  // More rows share the loads of a pixel: a smaller tile must save a tenth of the arithmetic to be worth it.
  const rows = choices.reduce((best, next) => (waste(next) < 0.9 * waste(best) ? next : best));
  return { rows, vectors };
}

/** Rows per tap, rounded up to whole tiles. */
export function paddedRun({ run }: OuterPlan, tile: Tile): number {
  return Math.ceil(run / tile.rows) * tile.rows;
}

/** Tiles of one part. */
export function outerTiles({ plan, tile }: Pick<OuterShape, "plan" | "tile">): number {
  const panels = Math.ceil(plan.columns / (tile.vectors * lanes));
  return plan.groups * panels * iterations(plan.taps) * (paddedRun(plan, tile) / tile.rows);
}

/** Parts that the pixels are split into: as many as threads could use while their sums stay few beside what is read. */
export function outerParts({ pixels, taps, run, columns, groups }: OuterPlan): number {
  const mostParts = 8;
  const fewestBytes = 2 ** 18;
  const [outermost] = pixels;
  if (outermost === undefined) return 1;
  const bytes = outermost.count * outermost.steps.reduce((sum, step) => sum + Math.abs(step), 0);
  const sumBytes = groups * columns * iterations(taps) * run * floatBytes;
  let parts = bytes < fewestBytes ? 1 : Math.min(mostParts, Math.floor(bytes / (8 * sumBytes)));
  while (parts > 1 && outermost.count % parts > 0) parts--;
  return Math.max(1, parts);
}

/** Number of tiles of all parts. */
export function outerItems(shape: Pick<OuterShape, "plan" | "tile">): number {
  return outerParts(shape.plan) * outerTiles(shape);
}

export function tileBytes({ rows, vectors }: Tile): number {
  return rows * vectors * lanes * floatBytes;
}

/** The pixels as: outer loops, one loop that is cut into chunks, inner loops that lie wholly within a chunk. */
interface Chunks {
  readonly outer: readonly Level[];
  readonly cut: Level;
  readonly perChunk: number;
  readonly inner: readonly Level[];
}

function chunksOf({ pixels }: OuterPlan): Chunks {
  const cacheBytes = 20 * 1024;
  const bytesOf = ({ count, steps }: Level): number => count * steps.reduce((sum, step) => sum + Math.abs(step), 0);
  const levels = pixels.length === 0 ? [{ count: 1, steps: [0, 0] }] : pixels;
  let at = levels.length - 1;
  while (at > 0 && bytesOf(levels[at]) * 2 <= cacheBytes) at--;
  const cut = levels[at];
  const perChunk = Math.max(1, Math.min(cut.count, Math.floor(cacheBytes / Math.max(1, bytesOf({ ...cut, count: 1 })))));
  return { outer: levels.slice(0, at), cut, perChunk, inner: levels.slice(at + 1) };
}

/** Computes the tiles [start, end) of all parts: sums over their pixels of (row of A) x (row of B). */
export function emitOuter(f: FunctionBuilder, shape: OuterShape, args: OuterArguments): void {
  const parts = outerParts(shape.plan);
  if (parts === 1) {
    emitPart(f, shape, args);
    return;
  }
  const [{ count, steps }, ...within] = shape.plan.pixels;
  const partShape = { ...shape, plan: { ...shape.plan, pixels: [{ count: count / parts, steps }, ...within] } };
  const tiles = outerTiles(shape);
  const part = f.i32(i32.divU(args.start, tiles));
  const first = f.i32(i32.mul(part, tiles));
  const [a, b, sums, start, end] = f.locals("i32", 5);
  f.loop((again) => {
    f.set(a, i32.add(args.a, i32.mul(part, (count / parts) * steps[0])));
    f.set(b, i32.add(args.b, i32.mul(part, (count / parts) * steps[1])));
    f.set(sums, i32.add(args.sums, i32.mul(first, tileBytes(shape.tile))));
    f.set(start, i32.select(i32.ltU(first, args.start), i32.sub(args.start, first), 0));
    f.set(end, i32.sub(args.end, first));
    f.if(i32.gtU(end, tiles), () => f.set(end, i32.const(tiles)));
    emitPart(f, partShape, { a, b, sums, start, end });
    f.advance(part, 1);
    f.advance(first, tiles);
    f.brIf(again, i32.ltU(first, args.end));
  });
}

function emitPart(f: FunctionBuilder, shape: OuterShape, args: OuterArguments): void {
  const { plan, tile } = shape;
  const { outer, cut, perChunk } = chunksOf(plan);
  const item = f.local("i32");
  const a = f.local("i32");
  const b = f.local("i32");
  const round = f.local("i32");
  const left = f.local("i32");
  const count = f.local("i32");
  const emitTile = emitTileOf(f, shape, args);

  f.memoryFill(i32.add(args.sums, i32.mul(args.start, tileBytes(tile))), 0, i32.mul(i32.sub(args.end, args.start), tileBytes(tile)));
  f.for(round, 0, iterations(outer), 1, () => {
    f.set(a, i32.add(args.a, plan.aOffset));
    f.set(b, args.b);
    let scale = 1;
    for (const { count: size, steps } of [...outer].reverse()) {
      const digit = f.i32(i32.remU(i32.divU(round, scale), size));
      f.advance(a, i32.mul(digit, steps[0]));
      f.advance(b, i32.mul(digit, steps[1]));
      scale *= size;
    }
    f.set(left, i32.const(cut.count));
    f.loop((again) => {
      f.set(count, i32.select(i32.ltU(left, perChunk), left, perChunk));
      f.for(item, args.start, args.end, 1, () => emitTile(item, a, b, count));
      f.advance(a, perChunk * cut.steps[0]);
      f.advance(b, perChunk * cut.steps[1]);
      f.set(left, i32.sub(left, count));
      f.brIf(again, left);
    });
  });
}

/** Adds `count` iterations of the cut loop, from the given pixel of A and B on, to one tile. */
function emitTileOf(
  f: FunctionBuilder,
  { plan, tile, tier }: OuterShape,
  { sums }: OuterArguments,
): (item: Local<"i32">, a: Local<"i32">, b: Local<"i32">, count: Local<"i32">) => void {
  const { rows, vectors, unroll = 1 } = tile;
  const { cut, inner } = chunksOf(plan);
  const blocks = paddedRun(plan, tile) / rows;
  const panels = Math.ceil(plan.columns / (vectors * lanes));
  const rest = f.local("i32");
  const group = f.local("i32");
  const from = f.local("i32");
  const to = f.local("i32");
  const at = f.local("i32");
  const a = f.local("v128");
  const totals = Array.from({ length: rows }, () => f.locals("v128", vectors));
  const columns = f.locals("v128", vectors);
  const pointers = [
    { local: from, step: 0 },
    { local: to, step: 1 },
  ];
  const next = (size: number, use: (digit: Local<"i32">) => void): void => {
    if (size === 1) return;
    const digit = f.i32(i32.remU(rest, size));
    f.set(rest, i32.divU(rest, size));
    use(digit);
  };
  const rowOffset = (r: number): number => plan.rowOffsets?.[r] ?? r * plan.runStep;
  const emitStep = (aStep: number, bStep: number): void => {
    for (const [v, column] of columns.entries()) f.set(column, v128.load(to, bStep + v * lanes * floatBytes));
    for (const [r, row] of totals.entries()) {
      if (!plan.lanewise) f.set(a, v128.load32Splat(from, aStep + rowOffset(r)));
      for (const [v, column] of columns.entries()) {
        if (plan.lanewise) f.set(a, v128.load(from, aStep + rowOffset(r) + v * lanes * floatBytes));
        f.set(row[v], multiplyAdd(tier, a, column, row[v]));
      }
    }
  };
  const emitSteps = ({ steps: [aStep, bStep] }: Level, count: number): void => {
    for (let i = 0; i < count; i++) emitStep(i * aStep, i * bStep);
    f.advance(from, count * aStep);
    f.advance(to, count * bStep);
  };
  const emitInnermost = (level: Level, count: Local<"i32"> | number): void => {
    if (typeof count !== "number" || unroll === 1) {
      f.repeat(count, () => emitSteps(level, 1));
      return;
    }
    if (count >= unroll) f.repeat(Math.floor(count / unroll), () => emitSteps(level, unroll));
    emitSteps(level, count % unroll);
  };
  return (item, firstA, firstB, count) => {
    f.set(from, firstA);
    f.set(to, firstB);
    f.set(rest, item);
    next(blocks, (block) => f.advance(from, i32.mul(block, rows * plan.runStep)));
    for (const level of [...plan.taps].reverse()) next(level.count, (tap) => f.advance(from, i32.mul(tap, level.steps[0])));
    next(panels, (panel) => {
      f.advance(to, i32.mul(panel, vectors * lanes * floatBytes));
      if (plan.lanewise) f.advance(from, i32.mul(panel, vectors * lanes * floatBytes));
    });
    if (plan.groups > 1) {
      f.set(group, rest);
      f.advance(from, i32.mul(group, plan.aGroupStep));
      f.advance(to, i32.mul(group, plan.bGroupStep));
    }
    f.set(at, i32.add(sums, i32.mul(item, tileBytes(tile))));
    const offset = (r: number, v: number): number => (r * vectors + v) * lanes * floatBytes;
    // A chunk is summed by itself first: short sums of short sums round less than one long one.
    for (const total of totals.flat()) f.set(total, v128.zero());
    const innermost = inner.at(-1);
    if (innermost === undefined) emitInnermost(cut, count);
    else {
      const outside = inner.slice(0, -1);
      const travel = inner[0].steps.map((s) => s * inner[0].count);
      f.repeat(count, () => {
        emitNest(
          f,
          outside,
          pointers,
          innermost.steps.map((s) => s * innermost.count),
          () => emitInnermost(innermost, innermost.count),
        );
        for (const { local, step } of pointers) f.advance(local, cut.steps[step] - travel[step]);
      });
    }
    // Loads before stores, or an engine could not pair them.
    for (const [r, row] of totals.entries()) {
      for (const [v, total] of row.entries()) f.set(total, f32x4.add(v128.load(at, offset(r, v)), total));
    }
    for (const [r, row] of totals.entries()) {
      for (const [v, total] of row.entries()) f.storeV128(at, total, offset(r, v));
    }
  };
}
