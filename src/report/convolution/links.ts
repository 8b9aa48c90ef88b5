// Who works with whom: from an output cell, a kernel entry or an input cell to every product that it takes part in. The steps hold all of
// it already; here it is read from either end.
import type { Frame, Steps, Tap } from "./steps.ts";

/** One product of one window. */
export interface Link {
  /** Number of the frame, which is the output cell's, row-major within its channel. */
  readonly frame: number;
  readonly output: Frame["output"];
  readonly tap: Tap;
  /** What the input cell's value is multiplied by on its way into the sum: the weight, times the share of a sampled point. */
  readonly factor: number;
  /** factor · value. */
  readonly product: number;
}

/** Everything that makes one output cell, in the order in which it is summed. Throws `RangeError` for a frame that is not there. */
export function linksOfFrame({ frames }: Steps, frame: number): Link[] {
  const { output, taps } = frames[frame] ?? missing(frame, frames.length);
  return taps.map((tap) => ({ frame, output, tap, factor: tap.weight, product: tap.weight * tap.value }));
}

function missing(frame: number, frames: number): never {
  throw new RangeError(`there is no frame ${frame}; frames are 0 to ${frames - 1}`);
}

/**
 * Every window that reads a cell of the drawn grid, with what it multiplies it by. Circular padding is the input cell that it repeats, and the
 * cells around a sampling point are read with their shares.
 */
export function linksOfInput(steps: Steps, at: { readonly channel: number; readonly row: number; readonly column: number }): Link[] {
  const same = (row: number, column: number): boolean => {
    if (row === at.row && column === at.column) return true;
    const [there, here] = [steps.cells[at.channel][row]?.[column]?.twin, steps.cells[at.channel][at.row]?.[at.column]?.twin];
    const [a, b] = [there ?? [row, column], here ?? [at.row, at.column]];
    return (there !== undefined || here !== undefined) && a[0] === b[0] && a[1] === b[1];
  };
  const links: Link[] = [];
  for (const [frame, { output, taps }] of steps.frames.entries()) {
    for (const tap of taps) {
      if (tap.channel !== at.channel) continue;
      if (tap.neighbours === undefined) {
        if (same(tap.row, tap.column)) links.push({ frame, output, tap, factor: tap.weight, product: tap.weight * tap.value });
        continue;
      }
      for (const { row, column, share, value } of tap.neighbours) {
        if (!same(row, column)) continue;
        const factor = tap.weight * share;
        links.push({ frame, output, tap, factor, product: factor * value });
      }
    }
  }
  return links;
}

/** A kernel entry as it lies on the grid: from an input channel to an output channel. */
export interface KernelPlace {
  readonly from: number;
  readonly to: number;
  readonly row: number;
  readonly column: number;
}

/** The products of one window, added up channel by channel: the partial maps that a convolution sums. */
export function partialSums(links: readonly Link[]): { readonly channel: number; readonly sum: number }[] {
  const sums = new Map<number, number>();
  for (const { tap, product } of links) sums.set(tap.channel, (sums.get(tap.channel) ?? 0) + product);
  return [...sums].map(([channel, sum]) => ({ channel, sum }));
}

/** Every product with one kernel entry. */
export function linksOfKernel({ frames }: Steps, at: KernelPlace): Link[] {
  return frames.flatMap(({ output, taps }, frame) =>
    output.channel !== at.to
      ? []
      : taps
          .filter((tap) => tap.channel === at.from && tap.kernelRow === at.row && tap.kernelColumn === at.column)
          .map((tap) => ({ frame, output, tap, factor: tap.weight, product: tap.weight * tap.value })),
  );
}
