// What the tests of convolution variants share: seeded float64 tensors and the largest difference of two tensors.
import { random, randomNormal } from "../../src/tensor/random.ts";
import { sameShape, showShape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** Standard normal numbers that depend on `stream` alone. */
export function normal64(shape: readonly number[], stream: number): Tensor {
  return randomNormal(shape, random(3, stream)).cast("float64");
}

/** Largest absolute difference; throws when the shapes differ. */
export function difference(a: Tensor, b: Tensor): number {
  if (!sameShape(a.shape, b.shape)) throw new Error(`shapes ${showShape(a.shape)} and ${showShape(b.shape)} differ`);
  let most = 0;
  for (let i = 0; i < a.size; i++) most = Math.max(most, Math.abs(a.data[i] - b.data[i]));
  return most;
}
