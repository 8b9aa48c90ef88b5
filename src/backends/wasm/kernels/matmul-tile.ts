// Tiles of accumulators: how large they are, and how they leave the registers.
import { type FunctionBuilder, type I32, i32, type Local, type V128, v128 } from "../assembler.ts";
import type { Site, Tier } from "../kernel.ts";
import { floatBytes } from "./conv-plan.ts";

/** Accumulators: `rows` x `vectors` vectors of four. */
export interface Tile {
  readonly rows: number;
  readonly vectors: number;
  /** Steps of the depth per round of the loop; one where it is absent. */
  readonly unroll?: number;
}

export const lanes = 4;
export const vectorBytes: number = lanes * floatBytes;

export function tileName({ rows, vectors }: Tile): string {
  return `${rows}x${vectors * lanes}`;
}

/** What is kept in registers at most while a product is made: `rows` x `vectors` sums; `unroll` steps of the depth per round of the loop. */
export interface TileLimit {
  readonly rows: number;
  /** Four are always computed in pairs of neighbours, for engines that join them into 256 bits. */
  readonly vectors: number;
  readonly unroll: number;
}

/**
 * V8 has 15 vector registers to give. Before version 13 it loads everything of an unrolled depth first, and spills; since then unrolling and
 * larger tiles pay, so trials decide.
 */
const limits: Readonly<Record<Tier, readonly TileLimit[]>> = {
  simd: [
    { rows: 4, vectors: 2, unroll: 1 },
    { rows: 3, vectors: 3, unroll: 8 },
  ],
  relaxed: [
    { rows: 4, vectors: 2, unroll: 1 },
    { rows: 6, vectors: 2, unroll: 4 },
    { rows: 3, vectors: 3, unroll: 1 },
  ],
  revectorised: [
    { rows: 6, vectors: 4, unroll: 4 },
    { rows: 4, vectors: 4, unroll: 4 },
  ],
};

function limitName({ rows, vectors, unroll }: TileLimit): string {
  return `${rows}x${vectors * lanes}${unroll === 1 ? "" : ` by ${unroll}`}`;
}

/** The one that the engine is fastest with first. */
function limitsFor({ tier, tile }: Pick<Site, "tier" | "tile">): readonly TileLimit[] {
  const fastest = limits[tier].filter((limit) => tile !== undefined && limitName(limit) === limitName(tile));
  return [...new Set([...fastest, ...limits[tier]])];
}

/** The tiles that are worth a trial, in the words of `Site.variant`, the usual one first. */
export function tileVariants(way: string, site: Pick<Site, "tier" | "tile">): string[] {
  return limitsFor(site).map((limit) => `${way} ${limitName(limit)}`);
}

/** What the site's variant asks for, or the usual one. */
export function tileLimit(site: Pick<Site, "tier" | "tile" | "variant">): TileLimit {
  const offered = limitsFor(site);
  return offered.find((limit) => site.variant?.endsWith(` ${limitName(limit)}`)) ?? offered[0];
}

/** More rows would push their pointers out of the registers. */
const mostRows = 8;
const vectorRegisters = 15;

/** The tile whose instructions for a product of this size are the fewest: sums, and what is loaded for them. */
export function chooseTile(rows: number, columns: number, limit: TileLimit): Tile {
  const joined = limit.vectors >= 4 ? 2 : 1;
  const sums = limit.rows * limit.vectors;
  let best = { rows: 1, vectors: 1, cost: Number.POSITIVE_INFINITY };
  for (const vectors of [4, 3, 2, 1]) {
    if (vectors === 3 && (rows > 2 || joined === 2) && limit.vectors !== 3) continue;
    const width = Math.ceil(vectors / joined);
    const held = Math.floor((vectorRegisters - 1) / width) - 1;
    for (let r = Math.min(rows, mostRows, held, Math.floor(sums / vectors)); r >= 1; r--) {
      const tiles = Math.ceil(rows / r) * Math.ceil(columns / (vectors * lanes));
      const cost = tiles * (r * width + width + r);
      if (cost < best.cost || (cost === best.cost && r > best.rows)) best = { rows: r, vectors, cost };
    }
  }
  return { rows: best.rows, vectors: best.vectors, ...(limit.unroll > 1 && { unroll: limit.unroll }) };
}

/** An address and an offset, which instructions do not take negative. */
function offsetBy(address: Local<"i32">, offset: number): readonly [I32, number] {
  return offset >= 0 ? [address, offset] : [i32.add(address, offset), 0];
}

/** Four numbers `columnStep` bytes apart, from `offset` on. Lanes beyond `count` may not exist. */
export function loadColumns(f: FunctionBuilder, address: Local<"i32">, columnStep: number, count: number, offset: number): V128 {
  if (columnStep === 0) return v128.load32Splat(...offsetBy(address, offset));
  if (columnStep === floatBytes) return v128.load(...offsetBy(address, offset));
  let vector = v128.load32Zero(...offsetBy(address, offset));
  for (let lane = 1; lane < Math.min(lanes, count); lane++) {
    const [at, rest] = offsetBy(address, offset + lane * columnStep);
    vector = v128.load32Lane(at, vector, lane, rest);
  }
  return f.v128(vector);
}

/**
 * Stores the first `count` lanes of consecutive vectors, from `offset` on: neighbours in memory may belong to another thread. All are finished
 * before the first is stored, because engines do not pair loads across a store.
 */
export function storeLanes(
  f: FunctionBuilder,
  address: I32,
  values: readonly Local<"v128">[],
  count: number,
  finish?: Finish,
  offset = 0,
): void {
  const lanesOf = (v: number): number => Math.min(lanes, count - v * lanes);
  const stored = values.slice(0, Math.ceil(count / lanes));
  // What finishing loads comes before all stores, or an engine could not pair the vectors.
  if (finish !== undefined) for (const [v, value] of stored.entries()) f.set(value, finish(value, v, lanesOf(v)));
  for (const [v, value] of stored.entries()) {
    const here = lanesOf(v);
    const at = offset + v * vectorBytes;
    if (here === lanes) f.storeV128(address, value, at);
    else {
      if (here >= 2) f.storeLane64(address, value, 0, at);
      if (here % 2 === 1) f.storeLane32(address, value, here - 1, at + (here - 1) * floatBytes);
    }
  }
}

/** What is done to vector `vector` of the results before its first `count` lanes are stored. */
export type Finish = (value: Local<"v128">, vector: number, count: number) => V128;
