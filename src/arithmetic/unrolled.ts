// The matrix of a convolution written out, zeros and all: for looking at, and for small sizes. `conv-matrix.ts` has the one to compute with.
import { ShapeError } from "../tensor/errors.ts";
import { type ConvMatrix, convMatrix } from "./conv-matrix.ts";
import type { WindowAxis } from "./sizes.ts";

export interface UnrolledMatrix {
  /** Positions of the output. */
  readonly rows: number;
  /** Positions of the input. */
  readonly columns: number;
  /** Row-major; 0 where nothing connects. */
  readonly data: Float64Array;
  /** Row-major number of the kernel entry that stands there; -1 where nothing connects. */
  readonly taps: Int32Array;
}

/** Writes a matrix out with the numbers of a kernel (row-major). Throws `ShapeError` when the kernel's size is another. */
export function denseMatrix(
  { rows, columns, parameters, rowStart, column, weight }: ConvMatrix,
  kernel: ArrayLike<number>,
): UnrolledMatrix {
  if (kernel.length !== parameters)
    throw new ShapeError(`denseMatrix: the kernel has ${kernel.length} entries; the matrix needs ${parameters}`);
  const data = new Float64Array(rows * columns);
  const taps = new Int32Array(rows * columns).fill(-1);
  for (let r = 0; r < rows; r++) {
    for (let e = rowStart[r]; e < rowStart[r + 1]; e++) {
      data[r * columns + column[e]] = kernel[weight[e]];
      taps[r * columns + column[e]] = weight[e];
    }
  }
  return { rows, columns, data, taps };
}

/** The matrix C of a convolution with this kernel (row-major, one map to one map). Throws `ShapeError` when the kernel's size is another. */
export function unrolledMatrix(kernel: ArrayLike<number>, axes: readonly WindowAxis[]): UnrolledMatrix {
  return denseMatrix(convMatrix({ axes }), kernel);
}
