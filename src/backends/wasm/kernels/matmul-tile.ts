// Tiles of accumulators: how large they are, and how they leave the registers.
import type { FunctionBuilder, I32, Local, V128 } from "../assembler.ts";
import { floatBytes } from "./conv-plan.ts";

/** Accumulators: `rows` x `vectors` vectors of four. V8 has 15 vector registers to give, and needs vectors + 2 for operands. */
export interface Tile {
  readonly rows: number;
  readonly vectors: number;
}

export const lanes = 4;
export const vectorBytes: number = lanes * floatBytes;

export function tileName({ rows, vectors }: Tile): string {
  return `${rows}x${vectors * lanes}`;
}

/** The tile for a number of rows and columns: few columns leave registers for more rows, and the other way round. */
export function chooseTile(rows: number, columns: number): Tile {
  if (columns <= lanes) return { rows: Math.min(rows, 8), vectors: 1 };
  return rows >= 3 ? { rows: Math.min(rows, 4), vectors: 2 } : { rows, vectors: rows === 1 ? 4 : 3 };
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
