// Picture transforms that act on rows and columns alike: T(x) = R · x · Cᵀ with two small matrices. They are fed to the program at every
// step, so one compiled program serves every random transform, and the gradient through it is again two products.

import type { Operand } from "../graph/record.ts";
import { matmul } from "../ops/index.ts";
import type { Random } from "../tensor/random.ts";
import { allocate, type DType, Tensor } from "../tensor/tensor.ts";

/** R · x · Cᵀ over the last two axes of x [N, C, H, W]; rows is [H', H], columns [W', W]. */
export function transformed<T extends Operand>(x: T, rows: T, columns: T): T {
  return matmul(matmul(rows, x), columns, { transposeB: true });
}

/**
 * Reads position i + offset: a crop of the picture extended by its edge, so nothing is filled in and constants stay constant.
 */
export function shiftMatrix(size: number, offset: number, dtype: DType = "float32"): Tensor {
  const data = allocate(dtype, size * size);
  for (let i = 0; i < size; i++) data[i * size + Math.min(size - 1, Math.max(0, i + offset))] = 1;
  return new Tensor(data, [size, size]);
}

/** Gaussian smoothing; near the edge the weights that would leave the picture are shared out, so each row sums to 1. */
export function blurMatrix(size: number, sigma: number, dtype: DType = "float32"): Tensor {
  const data = allocate(dtype, size * size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += Math.exp(-((i - j) ** 2) / (2 * sigma * sigma));
    for (let j = 0; j < size; j++) data[i * size + j] = Math.exp(-((i - j) ** 2) / (2 * sigma * sigma)) / sum;
  }
  return new Tensor(data, [size, size]);
}

/** Offsets of one random crop, each uniform over the whole numbers -reach..reach, so that they are 0 in the mean. */
export function drawJitter(generator: Random, reach: number): readonly [rows: number, columns: number] {
  const draw = (): number => generator.integer(2 * reach + 1) - reach;
  return [draw(), draw()];
}
