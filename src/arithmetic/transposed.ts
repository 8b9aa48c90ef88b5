// The arithmetic of transposed convolutions and the inverse questions: which convolution does a transposed one equal,
// and which inputs or settings give a wanted output? Dumoulin & Visin, arXiv 1603.07285, chapter 4.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
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

/** Every input size that gives this output size: s consecutive ones, from (o - 1)s + k - 2p on (fewer where that is below 1). */
export function inputsOfOutput(options: {
  readonly output: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}): number[] {
  const { output, kernel, stride = 1, padding = 0, dilation = 1 } = options;
  if (!Number.isInteger(output) || output < 1) throw new ArgumentError(`inputsOfOutput: output is ${output}; expected an integer >= 1`);
  const least = transposedSize(output, dilatedKernel(kernel, dilation), stride, padding);
  return Array.from({ length: stride }, (_, extra) => least + extra).filter((i) => i >= 1);
}

/** Every (kernel, stride, padding) up to the given bounds, paddings below the kernel, that turns `input` into `output`. Default bounds: 7, 4, 3. */
export function settingsOfOutput(options: {
  readonly input: number;
  readonly output: number;
  readonly largestKernel?: number;
  readonly largestStride?: number;
  readonly largestPadding?: number;
}): { readonly kernel: number; readonly stride: number; readonly padding: number }[] {
  const { input, output, largestKernel = 7, largestStride = 4, largestPadding = 3 } = options;
  const found = [];
  for (let kernel = 1; kernel <= largestKernel; kernel++) {
    for (let stride = 1; stride <= largestStride; stride++) {
      for (let padding = 0; padding <= Math.min(largestPadding, kernel - 1); padding++) {
        if (convSize(input, kernel, stride, padding) === output) found.push({ kernel, stride, padding });
      }
    }
  }
  return found;
}
