// A convolution is a matrix with few non-zeros, whose values repeat: C · vec(x) convolves, its transpose is the transposed convolution.
// Here it is in compressed rows, for any number of axes, maps and groups. With stride 1 every pair of maps is a doubly blocked Toeplitz
// matrix. Dumoulin & Visin, arXiv 1603.07285, section 4.1; Goodfellow, Bengio & Courville, Deep Learning, section 9.1.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import type { ConvConnections } from "./connections.ts";
import { tapTable } from "./taps.ts";

/** Which entries are not zero, and which weight stands there. */
export interface ConvMatrix {
  /** Output units, ordered map by map and row-major within a map. */
  readonly rows: number;
  /** Input units in the same order. */
  readonly columns: number;
  /** Distinct weights: the kernel [outChannels, inChannels / groups, ...k] has as many. */
  readonly parameters: number;
  /** Row r holds the entries rowStart[r] .. rowStart[r + 1] - 1. */
  readonly rowStart: Int32Array;
  /** Column of each entry, ascending within a row (on a ring, in the order of the kernel's taps). */
  readonly column: Int32Array;
  /** Row-major number in the kernel of the weight that stands there. */
  readonly weight: Int32Array;
}

/**
 * The matrix of a convolution; with `ring`, of one whose padding reads the input's other end, which makes every row a turned copy of the
 * first (a circulant matrix, for stride 1). Throws `ArgumentError` when the groups do not divide the channels.
 */
export function convMatrix({ axes, inChannels = 1, outChannels = 1, groups = 1 }: ConvConnections, ring = false): ConvMatrix {
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ArgumentError(`convMatrix: groups ${groups} must divide ${inChannels} input and ${outChannels} output channels`);
  }
  const table = tapTable(axes, ring);
  const taps = axes.reduce((p, a) => p * a.kernel, 1);
  const outputs = axes.reduce((p, a) => p * a.output, 1);
  const inputs = axes.reduce((p, a) => p * a.input, 1);
  const [inPerGroup, outPerGroup] = [inChannels / groups, outChannels / groups];
  const inside = table.reduce((count, i) => count + (i >= 0 ? 1 : 0), 0);

  const rowStart = new Int32Array(outChannels * outputs + 1);
  const column = new Int32Array(inside * outChannels * inPerGroup);
  const weight = new Int32Array(column.length);
  let entry = 0;
  for (let o = 0; o < outChannels; o++) {
    const firstMap = Math.floor(o / outPerGroup) * inPerGroup;
    for (let p = 0; p < outputs; p++) {
      for (let c = 0; c < inPerGroup; c++) {
        for (let t = 0; t < taps; t++) {
          const position = table[p * taps + t];
          if (position < 0) continue;
          column[entry] = (firstMap + c) * inputs + position;
          weight[entry] = (o * inPerGroup + c) * taps + t;
          entry++;
        }
      }
      rowStart[o * outputs + p + 1] = entry;
    }
  }
  return {
    rows: outChannels * outputs,
    columns: inChannels * inputs,
    parameters: outChannels * inPerGroup * taps,
    rowStart,
    column,
    weight,
  };
}

function checkLength(what: string, given: ArrayLike<number>, expected: number): void {
  if (given.length !== expected) throw new ShapeError(`${what} has ${given.length} entries; the matrix needs ${expected}`);
}

/** C · vec(x): the convolution. `kernel` and `x` are row-major. */
export function applyMatrix(matrix: ConvMatrix, kernel: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  checkLength("applyMatrix: the kernel", kernel, matrix.parameters);
  checkLength("applyMatrix: x", x, matrix.columns);
  const { rows, rowStart, column, weight } = matrix;
  const y = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    for (let e = rowStart[r]; e < rowStart[r + 1]; e++) y[r] += kernel[weight[e]] * x[column[e]];
  }
  return y;
}

/** Cᵀ · vec(y): the transposed convolution, which is the gradient of the convolution in its input. */
export function applyTransposed(matrix: ConvMatrix, kernel: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  checkLength("applyTransposed: the kernel", kernel, matrix.parameters);
  checkLength("applyTransposed: y", y, matrix.rows);
  const { rows, columns, rowStart, column, weight } = matrix;
  const x = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let e = rowStart[r]; e < rowStart[r + 1]; e++) x[column[e]] += kernel[weight[e]] * y[r];
  }
  return x;
}

/** Cᵀ with rows and columns changed over: row c lists the outputs that input c touches. */
export function transposeMatrix(matrix: ConvMatrix): ConvMatrix {
  const { rows, columns, parameters, rowStart, column, weight } = matrix;
  const start = new Int32Array(columns + 1);
  for (const c of column) start[c + 1]++;
  for (let c = 0; c < columns; c++) start[c + 1] += start[c];
  const next = start.slice(0, columns);
  const transposed = { column: new Int32Array(column.length), weight: new Int32Array(column.length) };
  for (let r = 0; r < rows; r++) {
    for (let e = rowStart[r]; e < rowStart[r + 1]; e++) {
      const at = next[column[e]]++;
      transposed.column[at] = r;
      transposed.weight[at] = weight[e];
    }
  }
  return { rows: columns, columns: rows, parameters, rowStart: start, ...transposed };
}

/** How often each weight stands in the matrix: the sharing, counted. */
export function weightUses({ parameters, weight }: ConvMatrix): Int32Array {
  const uses = new Int32Array(parameters);
  for (const w of weight) uses[w]++;
  return uses;
}
