// The numbers in a picture whose reader gave none. Small whole ones, never all zero, so that every sum can be done in the head.
import { random } from "../../tensor/random.ts";

/** Input and kernel of the running example of Dumoulin & Visin, arXiv 1603.07285, figure 1.1. */
const guideInput: readonly number[] = [3, 3, 2, 1, 0, 0, 0, 1, 3, 1, 3, 1, 2, 2, 3, 2, 0, 0, 2, 2, 2, 0, 0, 0, 1];
const guideKernel: readonly number[] = [0, 1, 2, 2, 2, 0, 0, 1, 2];

/** 1..4, [channels, rows, columns], so that no input looks like padding; the first channel of a 5 x 5 input is the guide's. */
export function inputNumbers(channels: number, rows: number, columns: number, seed: number): Float64Array {
  const values = wholeNumbers(channels * rows * columns, seed, 1, 1, 4);
  if (seed === 0 && rows === 5 && columns === 5) values.set(guideInput);
  return values;
}

/** 0..2, `count` in all; the first 3 x 3 kernel is the guide's. */
export function kernelNumbers(count: number, rows: number, columns: number, seed: number): Float64Array {
  const values = wholeNumbers(count, seed, 2, 0, 2);
  if (seed === 0 && rows === 3 && columns === 3 && count >= 9) values.set(guideKernel);
  return values;
}

function wholeNumbers(count: number, seed: number, stream: number, least: number, most: number): Float64Array {
  const generator = random(seed, stream);
  const values = Float64Array.from({ length: count }, () => least + generator.integer(most - least + 1));
  if (values.every((v) => v === 0)) values.fill(1);
  return values;
}

/** Quarters of a cell, up to half a cell each way: [2 · taps, outputs]. */
export function deformableOffsets(taps: number, outputs: number, seed: number): Float64Array {
  const generator = random(seed, 3);
  return Float64Array.from({ length: 2 * taps * outputs }, () => (generator.integer(5) - 2) / 4);
}
