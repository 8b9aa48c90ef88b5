// How separable is a kernel? One of rank 1 is a column times a row, and k + k taps do the work of k · k.
import { numericalRank, svd } from "./svd.ts";

export interface Separability {
  /** 1 means that a column and a row do all of it; 0 only for a kernel of zeros. */
  readonly rank: number;
  /** Largest first. */
  readonly singularValues: readonly number[];
  /** The best column and row: column · row is the kernel, or the nearest thing to it of rank 1. */
  readonly column: readonly number[];
  readonly row: readonly number[];
  /** Norm of what column · row leaves, over the norm of the kernel (Frobenius): 0 for a separable kernel, below 1 for any. */
  readonly error: number;
}

/** Takes a kernel apart, row-major with `rows` x `columns` taps. The best approximation is that of Eckart and Young, 1936. */
export function separability(kernel: ArrayLike<number>, rows: number, columns: number): Separability {
  const { values, u, v } = svd(kernel, rows, columns);
  const rank = numericalRank(values);
  const rest = Math.hypot(...values.slice(1));
  // Sign and scale are free. A column that is positive where it is largest, and whose smallest tap is 1, reads best: Sobel is [1, 2, 1] times
  // [-1, 0, 1]. What is nearly 0 beside the largest is rounding, and no measure.
  const largest = u[0].reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
  const unit = Math.min(...u[0].map(Math.abs).filter((x) => x > 1e-9 * Math.abs(largest)));
  const scale = (largest < 0 ? -1 : 1) / (Number.isFinite(unit) ? unit : 1);
  return {
    rank,
    singularValues: values,
    column: Array.from(u[0], (x) => x * scale),
    row: Array.from(v[0], (x) => (x * values[0]) / scale),
    error: rank === 0 || rank === 1 ? 0 : rest / Math.hypot(...values),
  };
}
