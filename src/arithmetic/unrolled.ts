// A convolution of one map is a sparse matrix whose entries are the kernel's, repeated: C · vec(x) convolves, its transpose is the
// transposed convolution. Dumoulin & Visin, arXiv 1603.07285, section 4.1.
import { ShapeError } from "../tensor/errors.ts";
import type { WindowAxis } from "./sizes.ts";
import { tapTable } from "./taps.ts";

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

/** The matrix C of a convolution with this kernel (row-major, one map to one map). Throws `ShapeError` when the kernel's size is another. */
export function unrolledMatrix(kernel: ArrayLike<number>, axes: readonly WindowAxis[]): UnrolledMatrix {
  const rows = axes.reduce((p, a) => p * a.output, 1);
  const columns = axes.reduce((p, a) => p * a.input, 1);
  const size = axes.reduce((p, a) => p * a.kernel, 1);
  if (kernel.length !== size) throw new ShapeError(`unrolledMatrix: the kernel has ${kernel.length} entries; its axes need ${size}`);
  const data = new Float64Array(rows * columns);
  const taps = new Int32Array(rows * columns).fill(-1);
  tapTable(axes).forEach((column, entry) => {
    if (column < 0) return;
    const at = Math.floor(entry / size) * columns + column;
    data[at] = kernel[entry % size];
    taps[at] = entry % size;
  });
  return { rows, columns, data, taps };
}
