// Who is connected to whom, counted without drawing the matrix: along one axis a tap is used wherever it stands inside the input, and
// along several axes, maps and groups the counts multiply. So sparse interaction and sharing have exact numbers at any size.
// Goodfellow, Bengio & Courville, Deep Learning, section 9.2.
import { ArgumentError } from "../tensor/errors.ts";
import type { WindowAxis } from "./sizes.ts";

/** A convolution between maps. Channels and groups default to 1. */
export interface ConvConnections {
  readonly axes: readonly WindowAxis[];
  readonly inChannels?: number;
  readonly outChannels?: number;
  readonly groups?: number;
}

export interface ConnectionCounts {
  /** Output units and input units: rows and columns of the matrix. */
  readonly rows: number;
  readonly columns: number;
  /** Entries of a dense matrix; a dense layer has one parameter for each, used once. */
  readonly entries: number;
  /** Connections that exist: non-zeros of the matrix. Taps in the padding connect nothing. */
  readonly nonZeros: number;
  readonly zeros: number;
  /** Distinct weights. */
  readonly parameters: number;
  /** How often each spatial tap of one kernel is used within one pair of maps, row-major. */
  readonly uses: readonly number[];
  readonly mostUsed: number;
  readonly leastUsed: number;
}

/** How often each tap of a one-axis kernel stands inside the input. */
export function usesAlongAxis({ input, kernel, stride, dilation, before, output }: WindowAxis): number[] {
  return Array.from({ length: kernel }, (_, t) => {
    // Window o reads o·stride + t·dilation - before, which is inside for o from `first` to `last`.
    const first = Math.max(0, Math.ceil((before - t * dilation) / stride));
    const last = Math.min(output - 1, Math.floor((input - 1 + before - t * dilation) / stride));
    return Math.max(0, last - first + 1);
  });
}

const product = (numbers: readonly number[]): number => numbers.reduce((p, n) => p * n, 1);

/** Counts of a convolution's connections. Throws `ArgumentError` when the groups do not divide the channels. */
export function connectionCounts({ axes, inChannels = 1, outChannels = 1, groups = 1 }: ConvConnections): ConnectionCounts {
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ArgumentError(`connectionCounts: groups ${groups} must divide ${inChannels} input and ${outChannels} output channels`);
  }
  const pairs = outChannels * (inChannels / groups);
  const perAxis = axes.map(usesAlongAxis);
  const uses = perAxis.reduce((outer, inner) => outer.flatMap((a) => inner.map((b) => a * b)), [1]);
  const rows = outChannels * product(axes.map((a) => a.output));
  const columns = inChannels * product(axes.map((a) => a.input));
  const nonZeros = pairs * product(perAxis.map((counts) => counts.reduce((sum, n) => sum + n, 0)));
  return {
    rows,
    columns,
    entries: rows * columns,
    nonZeros,
    zeros: rows * columns - nonZeros,
    parameters: pairs * product(axes.map((a) => a.kernel)),
    uses,
    mostUsed: Math.max(...uses),
    leastUsed: Math.min(...uses),
  };
}

/** How many of a convolution's connections lie inside the input, per map pair: the non-zeros of its unrolled matrix. */
export function connections(axes: readonly WindowAxis[]): number {
  return connectionCounts({ axes }).nonZeros;
}

export interface Efficiency {
  readonly counts: ConnectionCounts;
  /** Multiplications and additions of the convolution: k products and k - 1 sums for each output. */
  readonly flops: number;
  /** The same by a dense matrix, which multiplies by its zeros too: two for each entry, as the book counts. */
  readonly matrixFlops: number;
  /** Entries of the matrix for each parameter of the kernel. */
  readonly storageRatio: number;
  readonly computeRatio: number;
}

/** What sharing and sparseness save against a dense matrix that does the same. */
export function efficiency(layer: ConvConnections): Efficiency {
  const counts = connectionCounts(layer);
  const taps = counts.parameters / (layer.outChannels ?? 1);
  const flops = counts.rows * (2 * taps - 1);
  const matrixFlops = 2 * counts.entries;
  return { counts, flops, matrixFlops, storageRatio: counts.entries / counts.parameters, computeRatio: matrixFlops / flops };
}
