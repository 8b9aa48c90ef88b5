// Windows of poolings as tables: for every position of every axis, where its window starts and how many of its elements exist.
// Clipping at the edges, ceil mode and dilation are all settled here, so the code that walks the windows knows nothing of them.
import type { WindowAxis } from "../../../arithmetic/sizes.ts";
import { collapse, type Level, type Steps } from "./conv-plan.ts";

/** The windows along one axis; entry p describes the window of position p. */
export interface AxisWindows {
  /** Index, along the axis that is read, of the first element that exists. */
  readonly first: readonly number[];
  /** Number of elements that exist. */
  readonly count: readonly number[];
  /** Distance between neighbouring elements of a window. */
  readonly spacing: number;
}

/** What each output position reads of the input: taps that fall into the padding do not exist. */
export function inputWindows({ input, kernel, stride, dilation, before, output }: WindowAxis): AxisWindows {
  const first: number[] = [];
  const count: number[] = [];
  for (let o = 0; o < output; o++) {
    const start = o * stride - before;
    const low = Math.max(0, Math.ceil(-start / dilation));
    const high = Math.min(kernel, Math.ceil((input - start) / dilation));
    count.push(Math.max(0, high - low));
    first.push(high > low ? start + low * dilation : 0);
  }
  return { first, count, spacing: dilation };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The other way round: which output positions read each input position. They are evenly spaced too. */
export function outputWindows(axis: WindowAxis): AxisWindows {
  const readers = Array.from({ length: axis.input }, (): number[] => []);
  for (let o = 0; o < axis.output; o++) {
    for (let q = 0; q < axis.kernel; q++) readers[o * axis.stride + q * axis.dilation - axis.before]?.push(o);
  }
  for (const list of readers) list.sort((a, b) => a - b);
  return {
    first: readers.map((list) => list[0] ?? 0),
    count: readers.map((list) => list.length),
    spacing: axis.dilation / gcd(axis.dilation, axis.stride),
  };
}

/** What is found out about a window beside its sum or maximum needs a second number per element: an index, or the address of a divisor. */
export interface WindowPlan {
  /** Positions that are computed. Steps: [source image, result, table of axis 0, table of axis 1, ...]. */
  readonly positions: readonly Level[];
  /** Per axis. Steps: [source, second number]; the count is undefined when it depends on the position. */
  readonly taps: readonly { readonly count: number | undefined; readonly steps: readonly [number, number] }[];
  /** Entries [offset in bytes, count, start of the second number], axis after axis. */
  readonly table: Int32Array;
  /** Byte offset of each axis's part of the table. */
  readonly tableStarts: readonly number[];
  /** Whether some window has no element at all. */
  readonly someEmpty: boolean;
}

export const tableEntryBytes = 12;

/** `second` is the step of the second number along each axis. */
export function windowPlan(
  batch: number,
  windows: readonly AxisWindows[],
  source: Steps,
  result: Steps,
  second: readonly number[],
): WindowPlan {
  const rank = windows.length;
  const entries: number[] = [];
  const tableStarts: number[] = [];
  for (const [axis, { first, count }] of windows.entries()) {
    tableStarts.push(entries.length * 4);
    for (let p = 0; p < first.length; p++) entries.push(first[p] * source.spatial[axis], count[p], first[p] * second[axis]);
  }
  const tableSteps = (moving: number): number[] => windows.map((_, axis) => (axis === moving ? tableEntryBytes : 0));
  return {
    positions: collapse([
      { count: batch, steps: [source.outer, result.outer, ...tableSteps(-1)] },
      ...windows.map(({ first }, axis) => ({ count: first.length, steps: [0, result.spatial[axis], ...tableSteps(axis)] })),
    ]),
    taps: windows.map(({ count, spacing }, axis) => ({
      count: count.every((n) => n === count[0]) ? count[0] : undefined,
      steps: [spacing * source.spatial[axis], spacing * second[axis]] as const,
    })),
    table: Int32Array.from(entries),
    tableStarts: tableStarts.slice(0, rank),
    someEmpty: windows.some(({ count }) => count.includes(0)),
  };
}

/** Row-major steps of one plane of these sizes. */
export function planeSteps(sizes: readonly number[], unit: number): number[] {
  return sizes.map((_, axis) => sizes.slice(axis + 1).reduce((p, n) => p * n, unit));
}
