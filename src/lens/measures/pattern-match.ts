// Brightness against pattern. A raw filter answers to any bright patch; whether the pattern is there shows only after the brightness is
// taken out: divide by the lengths (cosine), or take the mean out of the filter, or of both (normalised cross-correlation).
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";

export interface PatternMatch {
  /** Σ w·x: what a convolution gives. */
  readonly response: number;
  /** Response / (‖w‖·‖x‖): 1 when the patch is a multiple of the filter. */
  readonly cosine: number;
  /** Σ (w − mean w)·x: 0 for every flat patch. */
  readonly zeroMean: number;
  /** Cosine of w − mean w and x − mean x: blind to brightness and contrast. NaN when the filter or the patch is flat. */
  readonly correlation: number;
}

/** How a filter answers to a patch of the same size, by four measures. Throws `ShapeError` for different or no sizes. */
export function patternMatch(filter: ArrayLike<number>, patch: ArrayLike<number>): PatternMatch {
  if (filter.length !== patch.length || filter.length === 0) {
    throw new ShapeError(
      `patternMatch: the filter has ${filter.length} numbers and the patch ${patch.length}; expected the same, at least 1`,
    );
  }
  const [w, x] = [Array.from(filter), Array.from(patch)];
  const [centredW, centredX] = [centred(w), centred(x)];
  return {
    response: dot(w, x),
    cosine: dot(w, x) / Math.sqrt(dot(w, w) * dot(x, x)),
    zeroMean: dot(centredW, x),
    correlation: dot(centredW, centredX) / Math.sqrt(dot(centredW, centredW) * dot(centredX, centredX)),
  };
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i], 0);

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return values.map((v) => v - mean);
}

/** The patch of a picture's plane (rows of numbers) with its upper left corner at (row, column). Throws `ArgumentError` beyond the border. */
export function patchAt(
  plane: readonly (readonly number[])[],
  [row, column]: readonly [number, number],
  [height, width]: readonly [number, number],
): number[] {
  if (row < 0 || column < 0 || row + height > plane.length || column + width > (plane[0]?.length ?? 0)) {
    throw new ArgumentError(
      `patchAt: ${height} x ${width} at (${row}, ${column}) does not lie inside ${plane.length} x ${plane[0]?.length ?? 0}`,
    );
  }
  return plane.slice(row, row + height).flatMap((line) => line.slice(column, column + width));
}
