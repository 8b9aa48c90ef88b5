// What the tests of convolutions share: pictures, exact numbers, and the definition as loops of its own.
import { expect } from "vitest";
import { random } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { type Nested, Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";

/** A picture of one channel. */
export const map: (rows: Nested) => Tensor = (rows: Nested): Tensor => {
  const t = tensor(rows, undefined, "float64");
  return t.reshape([1, 1, ...t.shape]);
};
/** A picture of one channel as rows again. */
export const rowsOf: (t: Tensor) => Nested = (t: Tensor): Nested => t.reshape(t.shape.slice(2)).toNested();

/** Small integers in float64: sums are exact, so equality can be too. */
export function integers(shape: Shape, seed: number): Tensor {
  const generator = random(seed);
  return new Tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => generator.integer(19) - 9),
    shape,
  );
}

/** Inner product of two tensors of one shape. */
export function dot(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return Array.from(a.data).reduce((sum, v, i) => sum + v * b.data[i], 0);
}

/** The definition, position by position, for pictures with two spatial axes: shares no code with the op. */
export function convByDefinition(x: Tensor, w: Tensor, { stride = 1, before = 0, after = 0, dilation = 1, groups = 1 }): Tensor {
  const [batch, channels, height, width] = x.shape;
  const [outputs, perGroup, rows, columns] = w.shape;
  const size = (n: number, k: number): number => Math.floor((n + before + after - dilation * (k - 1) - 1) / stride) + 1;
  const y = zeros([batch, outputs, size(height, rows), size(width, columns)], "float64");
  const inside = (i: number, n: number): boolean => i >= 0 && i < n;
  let next = 0;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outputs; o++) {
      for (let r = 0; r < y.shape[2]; r++) {
        for (let s = 0; s < y.shape[3]; s++) {
          let sum = 0;
          for (let c = 0; c < perGroup; c++) {
            for (let a = 0; a < rows; a++) {
              for (let b = 0; b < columns; b++) {
                const [i, j] = [r * stride + a * dilation - before, s * stride + b * dilation - before];
                const channel = Math.floor(o / (outputs / groups)) * (channels / groups) + c;
                if (inside(i, height) && inside(j, width)) sum += w.at(o, c, a, b) * x.at(n, channel, i, j);
              }
            }
          }
          y.data[next++] = sum;
        }
      }
    }
  }
  return y;
}
