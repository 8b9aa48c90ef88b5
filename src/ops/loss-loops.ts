// The losses of classification as loops, and the check that only they can make: a label that is no class would silently cost nothing.
import { ArgumentError } from "../tensor/errors.ts";
import { showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Throws `ArgumentError` unless every int32 label is a class, 0..classes-1; the message has the label and its place. */
export function checkLabels(where: string, labels: Tensor, classes: number): void {
  for (let i = 0; i < labels.size; i++) {
    const label = labels.data[i];
    if (label >= 0 && label < classes) continue;
    throw new ArgumentError(
      `${where}: label ${i} of ${showShape(labels.shape)} is ${label}; there are ${classes} classes, 0..${classes - 1}`,
    );
  }
}

/**
 * One loss per position of scores [N, C, ...], given to `visit` in row-major order: -Σ p·s over the classes, p being probabilities or
 * labels, and s the score (`normalised`: it is a log-probability) or its log-softmax.
 */
export function eachClassLoss(
  where: string,
  scores: Tensor,
  target: Tensor,
  normalised: boolean,
  visit: (position: number, loss: number) => void,
): void {
  const [batch, classes, ...space] = scores.shape;
  const inner = sizeOf(space);
  const areLabels = target.dtype === "int32";
  if (areLabels) checkLabels(where, target, classes);
  for (let position = 0; position < batch * inner; position++) {
    const first = Math.floor(position / inner) * classes * inner + (position % inner);
    const score = (c: number): number => scores.data[first + c * inner];
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, score(c));
    let total = 0;
    for (let c = 0; c < classes; c++) total += Math.exp(score(c) - largest);
    const offset = normalised ? 0 : largest + Math.log(total);
    let loss = 0;
    for (let c = 0; c < classes; c++) {
      const p = areLabels ? Number(target.data[position] === c) : target.data[first + c * inner];
      // A class of probability 0 costs nothing, even where its log-probability is minus infinity.
      if (p !== 0) loss -= p * (score(c) - offset);
    }
    visit(position, loss);
  }
}
