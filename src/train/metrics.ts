// Numbers that say how good a classifier is, from its outputs and the true labels. Plain arithmetic over results, no graph.
import { ArgumentError } from "../tensor/errors.ts";
import { expectList, expectNumbers, expectTensor } from "../tensor/expect.ts";
import { showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface ClassMetrics {
  readonly name: string;
  /** Pictures of this class. */
  readonly count: number;
  /** Share of the pictures called so that are so; NaN when none is called so. */
  readonly precision: number;
  /** Share of the pictures that are so that are called so; NaN when there are none. */
  readonly recall: number;
  /** Harmonic mean of the two. */
  readonly f1: number;
}

/** Share of equal entries. */
export function accuracy(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  sameLength(predictions, labels);
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (predictions[i] === labels[i]) right++;
  return right / labels.length;
}

/** Share of rows of [N, classes] in which fewer than k entries come before the label's (greater, or equal and earlier). */
export function topK(scores: Tensor, labels: ArrayLike<number>, k: number): number {
  expectTensor("topK", "the scores", scores);
  expectNumbers("topK", "the labels", labels);
  const [count, classes] = scores.shape;
  if (scores.rank !== 2 || count !== labels.length) {
    throw new ArgumentError(`topK: scores ${showShape(scores.shape)} and ${labels.length} labels do not belong together`);
  }
  if (!Number.isInteger(k) || k < 1) throw new ArgumentError(`topK: k is ${k}; expected an integer >= 1`);
  let found = 0;
  for (let i = 0; i < count; i++) if (rankOf(scores.data.subarray(i * classes, (i + 1) * classes), labels[i]) < k) found++;
  return found / count;
}

/** How many entries come before entry `index` when sorted from the greatest, equal ones in order. */
export function rankOf(row: ArrayLike<number>, index: number): number {
  let before = 0;
  for (let j = 0; j < row.length; j++) if (row[j] > row[index] || (row[j] === row[index] && j < index)) before++;
  return before;
}

/** Counts: [true class][predicted class]. */
export function confusionMatrix(predictions: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number[][] {
  sameLength(predictions, labels);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) {
    if (!(labels[i] in matrix) || !(predictions[i] in matrix)) {
      throw new ArgumentError(
        `confusionMatrix: entry ${i} is class ${labels[i]}, predicted ${predictions[i]}; there are classes 0..${classes - 1}`,
      );
    }
    matrix[labels[i]][predictions[i]]++;
  }
  return matrix;
}

/** Precision, recall and F1 of every class of a confusion matrix. */
export function classMetrics(confusion: readonly (readonly number[])[], names?: readonly string[]): ClassMetrics[] {
  expectList("classMetrics", "the confusion matrix", confusion, "rows");
  for (const row of confusion) expectList("classMetrics", "a row of the confusion matrix", row, "counts");
  return confusion.map((row, c) => {
    const hit = row[c];
    const count = row.reduce((a, b) => a + b, 0);
    const called = confusion.reduce((sum, r) => sum + r[c], 0);
    return { name: names?.[c] ?? String(c), count, precision: hit / called, recall: hit / count, f1: (2 * hit) / (count + called) };
  });
}

function sameLength(predictions: ArrayLike<number>, labels: ArrayLike<number>): void {
  expectNumbers("metrics", "the predictions", predictions);
  expectNumbers("metrics", "the labels", labels);
  if (predictions.length !== labels.length) throw new ArgumentError(`${predictions.length} predictions for ${labels.length} labels`);
}
