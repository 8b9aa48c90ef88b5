// Memory planning: where each value of a run lies in one arena, so that a program allocates once and never again.
// Placing intervals in a strip is NP-hard; largest first into the tightest gap is simple and near the lower bound on CNN graphs
// (Pisarchyk & Lee, "Efficient memory management for deep neural net inference", 2020, greedy by size).
import { ArgumentError } from "../tensor/errors.ts";

/** Something that needs `size` bytes from step `from` to step `to`, both inclusive. */
export interface MemoryItem {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

export interface MemoryPlan {
  /** Byte offset of each item, in the order given. */
  readonly offsets: readonly number[];
  /** Size of the arena: the highest end of any item. */
  readonly bytes: number;
}

export interface PlanOptions {
  /** Every offset is a multiple of this many bytes (default 64, one cache line). */
  readonly alignment?: number;
}

/**
 * Offsets such that no two items alive at the same step share a byte. Deterministic.
 * To let a result take its operand's place, give both as one item that lives as long as both.
 */
export function planMemory(items: readonly MemoryItem[], { alignment = 64 }: PlanOptions = {}): MemoryPlan {
  if (!Number.isInteger(alignment) || alignment < 1)
    throw new ArgumentError(`planMemory: alignment is ${alignment}; expected an integer >= 1`);
  const align = (n: number): number => Math.ceil(n / alignment) * alignment;
  const offsets = new Array<number>(items.length).fill(0);
  const bySize = items.map((_, i) => i).sort((a, b) => items[b].size - items[a].size || items[a].from - items[b].from || a - b);
  // Kept sorted by offset, so that one pass over it meets every gap.
  const placed: number[] = [];
  let bytes = 0;
  for (const i of bySize) {
    const { size, from, to } = items[i];
    if (!(size >= 0) || !(from <= to)) throw new ArgumentError(`planMemory: item ${i} has size ${size} and lives from ${from} to ${to}`);
    if (size === 0) continue;
    let end = 0;
    let best = -1;
    let tightest = Number.POSITIVE_INFINITY;
    for (const other of placed) {
      if (items[other].to < from || items[other].from > to) continue;
      const room = offsets[other] - end;
      if (room >= size && room < tightest) {
        best = end;
        tightest = room;
      }
      end = Math.max(end, align(offsets[other] + items[other].size));
    }
    offsets[i] = best === -1 ? end : best;
    bytes = Math.max(bytes, offsets[i] + size);
    const at = placed.findIndex((other) => offsets[other] > offsets[i]);
    placed.splice(at === -1 ? placed.length : at, 0, i);
  }
  return { offsets, bytes };
}
