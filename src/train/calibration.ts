// Whether a classifier is right as often as it says: among all pictures to which it gives 80 %, it should be right about 80 of 100 times.
import { ArgumentError } from "../tensor/errors.ts";
import { expectNumbers, expectTensor } from "../tensor/expect.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The pictures whose greatest probability lies in (low, high]. */
export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean of their greatest probabilities; NaN where there are none. */
  readonly confidence: number;
  /** Share of them that is right; NaN where there are none. */
  readonly accuracy: number;
}

export interface Calibration {
  /** From 0 to 1, equally wide; a reliability diagram draws `accuracy` over `confidence`. */
  readonly bins: readonly CalibrationBin[];
  /** Expected calibration error: mean over the pictures of the distance between confidence and accuracy of their bin. */
  readonly expectedError: number;
  /** The greatest of these distances. */
  readonly maximumError: number;
}

/**
 * Compares confidence with accuracy, in `bins` equally wide bins (default 10), after Naeini, Cooper and Hauskrecht (2015) and Guo et al. (2017).
 * `probabilities` is [N, classes], rows that sum to 1. Throws `ArgumentError` where labels and rows are not as many, there are none, or a bin
 * count is impossible.
 */
export function calibration(probabilities: Tensor, labels: ArrayLike<number>, options: { readonly bins?: number } = {}): Calibration {
  expectTensor("calibration", "the probabilities", probabilities);
  expectNumbers("calibration", "the labels", labels);
  checkOptions("calibration", options, ["bins"]);
  const { bins: count = 10 } = options;
  const [pictures, classes] = probabilities.shape;
  if (probabilities.rank !== 2 || pictures !== labels.length)
    throw new ArgumentError(
      `calibration: probabilities ${showShape(probabilities.shape)} and ${labels.length} labels do not belong together`,
    );
  if (pictures === 0) throw new ArgumentError("calibration: there are no pictures");
  if (!Number.isInteger(count) || count < 1 || count > 10_000)
    throw new ArgumentError(`calibration: bins is ${showGiven(count)}; expected an integer from 1 to 10000`);

  const sums = Array.from({ length: count }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (let i = 0; i < pictures; i++) {
    const row = probabilities.data.subarray(i * classes, (i + 1) * classes);
    let best = 0;
    for (let c = 1; c < classes; c++) if (row[c] > row[best]) best = c;
    const confidence = row[best];
    if (!(confidence >= 0 && confidence <= 1.001))
      throw new ArgumentError(`calibration: the greatest probability of picture ${i} is ${confidence}; expected 0..1`);
    const bin = sums[Math.min(count - 1, Math.max(0, Math.ceil(confidence * count) - 1))];
    bin.count++;
    bin.confidence += confidence;
    if (best === labels[i]) bin.right++;
  }
  const bins = sums.map((bin, i) => ({
    low: i / count,
    high: (i + 1) / count,
    count: bin.count,
    confidence: bin.confidence / bin.count,
    accuracy: bin.right / bin.count,
  }));
  const filled = bins.filter((bin) => bin.count > 0);
  const distance = (bin: CalibrationBin): number => Math.abs(bin.accuracy - bin.confidence);
  return {
    bins,
    expectedError: filled.reduce((sum, bin) => sum + (bin.count / pictures) * distance(bin), 0),
    maximumError: Math.max(...filled.map(distance)),
  };
}
