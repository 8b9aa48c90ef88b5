// The singular value decomposition, which tells how separable a kernel is, how much of a layer a few directions carry, and more.
// One-sided Jacobi (Hestenes 1958): turn pairs of columns until all are orthogonal. Short, and accurate even for tiny singular values.
import { ShapeError } from "../tensor/errors.ts";

/** matrix = sum over i of values[i] · u[i] · v[i]ᵀ. */
export interface Svd {
  /** Singular values, largest first: min(rows, columns) of them. */
  readonly values: readonly number[];
  /** Unit columns of length `rows`; zeros where the singular value is 0. */
  readonly u: readonly Float64Array[];
  /** Unit columns of length `columns`. */
  readonly v: readonly Float64Array[];
}

/** Decomposes a row-major matrix. Throws `ShapeError` when it does not have rows · columns entries. */
export function svd(matrix: ArrayLike<number>, rows: number, columns: number): Svd {
  if (matrix.length !== rows * columns || rows < 1 || columns < 1) {
    throw new ShapeError(`svd: ${matrix.length} entries are no ${rows} x ${columns} matrix`);
  }
  if (rows < columns) {
    const turned = Float64Array.from({ length: matrix.length }, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
    const { values, u, v } = svd(turned, columns, rows);
    return { values, u: v, v: u };
  }
  const work = Array.from({ length: columns }, (_, c) => Float64Array.from({ length: rows }, (_, r) => matrix[r * columns + c]));
  const turns = Array.from({ length: columns }, (_, c) => Float64Array.from({ length: columns }, (_, r) => (r === c ? 1 : 0)));
  // Columns that are rounding beside the whole matrix have no direction of their own to be turned to.
  const nothing = (2 ** -52) ** 2 * work.reduce((sum, column) => sum + dot(column, column), 0);
  for (let sweeps = 0; sweeps < 60 && sweep(work, turns, nothing); sweeps++);
  const lengths = work.map((column) => Math.hypot(...column));
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a]);
  return {
    values: order.map((i) => lengths[i]),
    u: order.map((i) => (lengths[i] > 0 ? work[i].map((x) => x / lengths[i]) : work[i])),
    v: order.map((i) => turns[i]),
  };
}

/** Rotates every pair of columns that is not orthogonal to the last bits; false when there was none. */
function sweep(work: readonly Float64Array[], turns: readonly Float64Array[], nothing: number): boolean {
  let turned = false;
  for (let p = 0; p < work.length; p++) {
    for (let q = p + 1; q < work.length; q++) {
      const [alpha, beta, gamma] = [dot(work[p], work[p]), dot(work[q], work[q]), dot(work[p], work[q])];
      if (Math.min(alpha, beta) <= nothing || Math.abs(gamma) <= 2 ** -48 * Math.sqrt(alpha * beta)) continue;
      turned = true;
      const zeta = (beta - alpha) / (2 * gamma);
      const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
      const cosine = 1 / Math.hypot(1, tangent);
      rotate(work[p], work[q], cosine, cosine * tangent);
      rotate(turns[p], turns[q], cosine, cosine * tangent);
    }
  }
  return turned;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const x = a[i];
    a[i] = cosine * x - sine * b[i];
    b[i] = sine * x + cosine * b[i];
  }
}

/** Number of singular values above `tolerance` times the largest (default: rounding, 1e-10). */
export function numericalRank(values: readonly number[], tolerance = 1e-10): number {
  return values.filter((value) => value > tolerance * values[0]).length;
}
