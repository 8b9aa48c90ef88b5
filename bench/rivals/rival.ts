// What a rival must offer to be timed. Rivals are loaded by name at run time: they are installed in bench/ only, and a missing one
// is reported, not an error.

/** The three maps of a 2-d convolution, stride 1, "same" padding. */
export type ConvMap = "forward" | "inputGrad" | "filterGrad";

export interface ConvCase {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly size: number;
  readonly kernel: number;
}

/** The operands in NCHW and OIHW, as fovea gets them. */
export interface ConvData {
  readonly x: Float32Array;
  readonly weight: Float32Array;
  readonly gradient: Float32Array;
}

export interface Prepared {
  /** Does the work once, up to results that JavaScript can read. */
  run(): void | Promise<void>;
  /** The result of the last run, in NCHW or OIHW, for checking. */
  result(): Float32Array;
}

export interface Rival {
  readonly name: string;
  readonly version: string;
  readonly threads: number;
  /** Undefined when the rival has no such operation. */
  prepare(map: ConvMap, shape: ConvCase, data: ConvData): Promise<Prepared | undefined>;
}

/** Permutes the axes of a row-major array. */
export function permuted(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((p, n) => p * n, 1));
  const out = new Float32Array(data.length);
  const index = order.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[index.reduce((sum, at, axis) => sum + at * strides[order[axis]], 0)];
    for (let axis = order.length - 1; axis >= 0 && ++index[axis] === shape[order[axis]]; axis--) index[axis] = 0;
  }
  return out;
}
