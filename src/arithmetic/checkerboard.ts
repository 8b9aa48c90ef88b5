// Why transposed convolutions draw checkerboards: windows that do not divide evenly overlap more often at some outputs than at others
// (Odena, Dumoulin, Olah 2016). Counts say where, and the share of a map that repeats with the stride says how much.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { transposedSize } from "./sizes.ts";

export interface OverlapOptions {
  /** Positions of the small map. */
  readonly input: number;
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default 0: crops both ends, as in a transposed convolution. */
  readonly padding?: number;
}

/** How many inputs reach each output of a transposed convolution along one axis. In two dimensions the counts multiply. */
export function overlapCounts({ input, kernel, stride = 1, padding = 0 }: OverlapOptions): number[] {
  for (const [name, n, least] of [
    ["input", input, 1],
    ["kernel", kernel, 1],
    ["stride", stride, 1],
    ["padding", padding, 0],
  ] as const) {
    if (!Number.isInteger(n) || n < least) throw new ArgumentError(`overlapCounts: ${name} is ${n}; expected an integer >= ${least}`);
  }
  const size = transposedSize(input, kernel, stride, padding);
  if (size < 1) throw new ShapeError(`overlapCounts: (${input} - 1)·${stride} - 2·${padding} + ${kernel} = ${size}; nothing is left`);
  const counts = new Array<number>(size).fill(0);
  for (let i = 0; i < input; i++) {
    for (let q = 0; q < kernel; q++) {
      const o = i * stride + q - padding;
      if (o >= 0 && o < size) counts[o]++;
    }
  }
  return counts;
}

/**
 * Share of a map's variance that repeats every `stride` rows and columns, 0..1: its energy at the stride's frequencies, the mean left out.
 * 0 for a constant map. Only whole periods are read; throws `ShapeError` when there is none. The map is row-major.
 */
export function checkerboard(map: ArrayLike<number>, height: number, width: number, stride: number): number {
  const [rows, columns] = [height - (height % stride), width - (width % stride)];
  if (rows * columns === 0 || map.length !== height * width) {
    throw new ShapeError(`checkerboard: ${map.length} numbers as ${height} x ${width} hold no whole period of ${stride} x ${stride}`);
  }
  const count = rows * columns;
  const phases = new Float64Array(stride * stride);
  let [sum, squares] = [0, 0];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const value = map[r * width + c];
      sum += value;
      phases[(r % stride) * stride + (c % stride)] += value;
    }
  }
  const mean = sum / count;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) squares += (map[r * width + c] - mean) ** 2;
  const repeated = phases.reduce((total, phase) => total + ((phase * phases.length) / count - mean) ** 2, 0) / phases.length;
  // Rounding alone is no pattern.
  return squares / count <= 1e-20 * mean ** 2 ? 0 : repeated / (squares / count);
}
