// Every output size in fovea comes from here: pure integer functions of one axis, because the axes of a window operation are independent.
// Formulas: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, relationships 1-7 and 15.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";

export type PaddingName = "valid" | "same" | "same-lower" | "full" | "causal";
/** ONNX's words. NOTSET means that the numbers stand elsewhere. */
export type AutoPad = "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER";

/** One number for both sides, [before, after], or a convention resolved against the input's size. Negative numbers crop. */
export type AxisPadding = number | readonly [before: number, after: number] | PaddingName;

/** A window operation along one axis, everything known. Output position o reads inputs o·stride + q·dilation - before, q = 0 .. kernel-1. */
export interface WindowAxis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  readonly output: number;
}

export interface WindowOptions {
  readonly input: number;
  readonly kernel: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Default 0. */
  readonly padding?: AxisPadding;
  /** Pooling only: round the number of windows up instead of down (default false). */
  readonly ceilMode?: boolean;
}

/** Extent of a dilated kernel: k + (k - 1)(d - 1) = d(k - 1) + 1 (relationship 15). */
export function dilatedKernel(kernel: number, dilation = 1): number {
  return dilation * (kernel - 1) + 1;
}

/**
 * TensorFlow's SAME: the output is ceil(input / stride), the total padding max((output - 1)·stride + extent - input, 0).
 * The odd one goes after, with `lower` before (ONNX SAME_LOWER).
 */
export function samePadding(input: number, extent: number, stride = 1, lower = false): readonly [before: number, after: number] {
  const total = Math.max((Math.ceil(input / stride) - 1) * stride + extent - input, 0);
  const before = lower ? Math.ceil(total / 2) : Math.floor(total / 2);
  return [before, total - before];
}

/** The name in fovea of an ONNX `auto_pad`; undefined for NOTSET. Throws `ArgumentError` for other words. */
export function paddingOfAutoPad(autoPad: AutoPad): PaddingName | undefined {
  const names: Readonly<Record<AutoPad, PaddingName | undefined>> = {
    NOTSET: undefined,
    VALID: "valid",
    SAME_UPPER: "same",
    SAME_LOWER: "same-lower",
  };
  if (!Object.hasOwn(names, autoPad)) {
    throw new ArgumentError(`auto_pad is "${String(autoPad)}"; expected one of ${Object.keys(names).join(", ")}`);
  }
  return names[autoPad];
}

/** Padding of one axis as two numbers. `extent` is the dilated kernel. */
export function resolvePadding(
  padding: AxisPadding,
  { input, extent, stride = 1 }: { readonly input: number; readonly extent: number; readonly stride?: number },
): readonly [before: number, after: number] {
  if (typeof padding === "number") return [padding, padding];
  if (typeof padding !== "string") return padding;
  switch (padding) {
    case "valid":
      return [0, 0];
    case "same":
      return samePadding(input, extent, stride);
    case "same-lower":
      return samePadding(input, extent, stride, true);
    case "full":
      return [extent - 1, extent - 1];
    case "causal":
      return [extent - 1, 0];
    default:
      throw new ArgumentError(`padding is "${String(padding)}"; expected numbers or one of valid, same, same-lower, full, causal`);
  }
}

/** floor((i + before + after - k) / s) + 1 (relationship 6), k the dilated kernel. May be < 1: nothing fits. */
export function convSize(input: number, extent: number, stride = 1, before = 0, after: number = before): number {
  return Math.floor((input + before + after - extent) / stride) + 1;
}

/**
 * Relationship 7, or in ceil mode ceil((i + before + after - k) / s) + 1, less one when the last window would start beyond the input
 * and its left padding. k is the dilated kernel.
 */
export function poolSize(input: number, extent: number, stride: number, before = 0, after: number = before, ceilMode = false): number {
  if (!ceilMode) return convSize(input, extent, stride, before, after);
  const size = Math.ceil((input + before + after - extent) / stride) + 1;
  return (size - 1) * stride >= input + before ? size - 1 : size;
}

/** Size after a transposed convolution: (i - 1)s - before - after + k + outputPadding (relationships 8-14), k the dilated kernel. */
export function transposedSize(input: number, extent: number, stride = 1, before = 0, after: number = before, outputPadding = 0): number {
  return (input - 1) * stride - before - after + extent + outputPadding;
}

/** The size formula with its numbers, as it is printed in messages: `floor((5 + 1 + 1 - 3) / 2) + 1 = 3`. */
export function showSize({ input, kernel, stride, dilation, before, after }: Omit<WindowAxis, "output">, ceilMode = false): string {
  const extent = dilatedKernel(kernel, dilation);
  const size = poolSize(input, extent, stride, before, after, ceilMode);
  return `${ceilMode ? "ceil" : "floor"}((${input} + ${before} + ${after} - ${extent}) / ${stride}) + 1 = ${size}`;
}

/** Resolves one axis. Throws `ShapeError` when no window fits, with the arithmetic spelled out. */
export function windowAxis(options: WindowOptions, where = "window"): WindowAxis {
  const { input, kernel, stride = 1, dilation = 1, padding = 0, ceilMode = false } = options;
  for (const [name, n, least] of [
    ["input size", input, 0],
    ["kernel size", kernel, 1],
    ["stride", stride, 1],
    ["dilation", dilation, 1],
  ] as const) {
    if (!Number.isInteger(n) || n < least) throw new ArgumentError(`${where}: ${name} is ${n}; expected an integer >= ${least}`);
  }
  const extent = dilatedKernel(kernel, dilation);
  const [before, after] = resolvePadding(padding, { input, extent, stride });
  if (!Number.isInteger(before) || !Number.isInteger(after)) {
    throw new ArgumentError(`${where}: padding is [${before}, ${after}]; expected integers`);
  }
  const axis = { input, kernel, stride, dilation, before, after };
  const output = poolSize(input, extent, stride, before, after, ceilMode);
  if (output < 1) {
    const window = dilation === 1 ? `the kernel ${kernel}` : `the kernel ${kernel} with dilation ${dilation} (extent ${extent})`;
    throw new ShapeError(
      `${where}: ${window} does not fit into ${input} + ${before} + ${after} = ${input + before + after}: output size ${showSize(axis, ceilMode)}`,
      { reason: { kind: "window does not fit", input, before, after, kernel, dilation, extent } },
    );
  }
  return { ...axis, output };
}

/** Resolves all axes of a window operation; lists have one entry per axis. */
export function windowAxes(
  {
    input,
    kernel,
    stride,
    dilation,
    padding,
    ceilMode = false,
  }: {
    readonly input: readonly number[];
    readonly kernel: readonly number[];
    readonly stride: readonly number[];
    readonly dilation: readonly number[];
    readonly padding: readonly (readonly [number, number])[] | PaddingName;
    readonly ceilMode?: boolean;
  },
  where = "window",
): WindowAxis[] {
  if (padding === "causal" && input.length !== 1) {
    throw new ArgumentError(`${where}: padding "causal" is for sequences: one spatial axis, not ${input.length}`);
  }
  return input.map((size, axis) =>
    windowAxis(
      {
        input: size,
        kernel: kernel[axis],
        stride: stride[axis],
        dilation: dilation[axis],
        padding: typeof padding === "string" ? padding : padding[axis],
        ceilMode,
      },
      `${where}: spatial axis ${axis}`,
    ),
  );
}

/** Window j of an adaptive pooling from `input` to `output` positions: first position floor(j·i/o), and one past the last, ceil((j+1)·i/o). */
export function adaptiveWindow(j: number, input: number, output: number): readonly [first: number, end: number] {
  return [Math.floor((j * input) / output), Math.ceil(((j + 1) * input) / output)];
}
