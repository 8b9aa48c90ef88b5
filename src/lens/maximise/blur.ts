// Smoothing as two small matrices, one for rows and one for columns: T(x) = R · x · Cᵀ. The gradient through it is again two products.

import type { Operand } from "../../graph/record.ts";
import { matmul } from "../../ops/index.ts";
import { allocate, type DType, Tensor } from "../../tensor/tensor.ts";

/** R · x · Cᵀ over the last two axes of x [N, C, H, W]; rows is [H', H], columns [W', W]. */
export function separably<T extends Operand>(x: T, rows: T, columns: T): T {
  return matmul(matmul(rows, x), columns, { transposeB: true });
}

/** Gaussian smoothing; near the edge the weights that would leave the picture are shared out, so each row sums to 1. Sigma 0 changes nothing. */
export function blurMatrix(size: number, sigma: number, dtype: DType = "float32"): Tensor {
  const data = allocate(dtype, size * size);
  const weight = (distance: number): number => (sigma === 0 ? Number(distance === 0) : Math.exp(-(distance ** 2) / (2 * sigma * sigma)));
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += weight(i - j);
    for (let j = 0; j < size; j++) data[i * size + j] = weight(i - j) / sum;
  }
  return new Tensor(data, [size, size]);
}
