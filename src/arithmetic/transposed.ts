// The arithmetic of transposed convolutions: which direct convolution does a transposed one equal, and how do the conventions crop it?
// Dumoulin & Visin, arXiv 1603.07285, chapter 4.
import { ShapeError } from "../tensor/errors.ts";
import { convSize, dilatedKernel, transposedSize } from "./sizes.ts";

/** The direct convolution that equals the transpose of a convolution (primes in the guide), along one axis. */
export interface TransposedAxis {
  /** i', the size of the transposed convolution's input: the output of the direct one. */
  readonly input: number;
  /** k' = k. */
  readonly kernel: number;
  /** s' = 1: it slides over the stretched input. */
  readonly stride: 1;
  /** p' = k - p - 1 zeros on each side; negative crops. k is the dilated kernel. */
  readonly before: number;
  /** p' on the far side, with the extra positions a that the floor of the forward size hides. */
  readonly after: number;
  /** Size of i' with s - 1 zeros between its entries. */
  readonly stretched: number;
  /** a = (i + 2p - k) mod s: rows at the far end that no window of the forward convolution covers. */
  readonly extra: number;
  /** o' = s(i' - 1) + a + k - 2p, the size of the direct convolution's input. */
  readonly output: number;
  /** The guide's relationship that applies. */
  readonly relationship: 8 | 9 | 10 | 11 | 12 | 13 | 14;
}

/** Relationships 8-14 for the convolution with input i, kernel k, stride s and symmetric padding p. Throws when that convolution has no output. */
export function transposedOf(options: {
  readonly input: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}): TransposedAxis {
  const { input, kernel, stride = 1, padding = 0, dilation = 1 } = options;
  const extent = dilatedKernel(kernel, dilation);
  const size = convSize(input, extent, stride, padding);
  if (size < 1) {
    throw new ShapeError(
      `transposed: floor((${input} + 2·${padding} - ${extent}) / ${stride}) + 1 = ${size}; the convolution has no output`,
    );
  }
  const extra = (input + 2 * padding - extent) % stride;
  const edge = extent - padding - 1;
  return {
    input: size,
    kernel,
    stride: 1,
    before: edge,
    after: edge + extra,
    stretched: (size - 1) * stride + 1,
    extra,
    output: transposedSize(size, extent, stride, padding, padding, extra),
    relationship: relationshipOf(extent, stride, padding, extra),
  };
}

function relationshipOf(extent: number, stride: number, padding: number, extra: number): TransposedAxis["relationship"] {
  if (stride === 1) {
    if (padding === 0) return 8;
    if (extent % 2 === 1 && padding === (extent - 1) / 2) return 10;
    return padding === extent - 1 ? 11 : 9;
  }
  if (padding === 0 && extra === 0) return 12;
  return extra === 0 ? 13 : 14;
}

/** How ONNX and TensorFlow crop a transposed convolution to the size i'·s. */
export interface TransposedSame {
  readonly before: number;
  readonly after: number;
  /** Positions to add where the kernel is shorter than the stride, so that nothing is left to crop. */
  readonly outputPadding: number;
}

/**
 * The crop of ONNX auto_pad SAME_UPPER (or, with `lower`, SAME_LOWER) for a transposed convolution: total = max(s(i' - 1) + a + k - i'·s, 0), the
 * odd one after (before). It is the padding of the forward convolution on an input of i'·s.
 */
export function transposedSame(input: number, extent: number, stride = 1, outputPadding = 0, lower = false): TransposedSame {
  const size = transposedSize(input, extent, stride, 0, 0, outputPadding);
  const total = Math.max(size - input * stride, 0);
  const before = lower ? Math.ceil(total / 2) : Math.floor(total / 2);
  return { before, after: total - before, outputPadding: outputPadding + Math.max(input * stride - size, 0) };
}
