// How good a net is on the reader's labelled pictures: in the worker.
import {
  type CalibrationBin,
  type ClassMetrics,
  calibration,
  evaluate,
  labelledPictures,
  type Model,
  pictureToTensor,
  resizeImage,
} from "fovea";
import { type Numbers, toNumbers } from "../../engine/tensors.ts";

/** A picture that the net found hard. */
export interface HardPicture {
  readonly source: string;
  readonly label: number;
  readonly predicted: number;
  /** Probability of the class that it was taken for, and of the right one. */
  readonly probability: number;
  readonly rightProbability: number;
  /** As it was before it was prepared, 0..1, at most 256 pixels long. */
  readonly pixels: Numbers;
}

export interface Evaluated {
  readonly count: number;
  readonly accuracy: number;
  readonly topFive: number | undefined;
  readonly loss: number;
  /** Of the classes that occur, as a label or as an answer. */
  readonly classes: readonly ClassMetrics[];
  /** [label][answer], over these classes. */
  readonly confusion: readonly (readonly number[])[];
  /** Expected calibration error, and what it is the mean of. */
  readonly calibrationError: number;
  readonly bins: readonly CalibrationBin[];
  readonly hardest: readonly HardPicture[];
}

export interface EvaluatedOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

const hardestShown = 12;
const longest = 256;

/** Throws `DataError` for files that are no labelled pictures of this net's classes. */
export async function evaluated(model: Model, files: ReadonlyMap<string, Uint8Array>, options: EvaluatedOptions): Promise<Evaluated> {
  const set = await labelledPictures(files, model);
  const many = set.classes.length > 5;
  // Pictures are decoded batch by batch; small batches let Cancel in.
  const found = await evaluate(model, set, { batchSize: 16, ...(many && { topK: 5 }), ...options });
  const present = set.classes.flatMap((_, c) =>
    found.confusion[c].some((n) => n > 0) || found.confusion.some((row) => row[c] > 0) ? [c] : [],
  );
  const { bins, expectedError } = calibration(found.probabilities, found.labels);
  const probability = (i: number, c: number): number => found.probabilities.data[i * set.classes.length + c];
  const order = Array.from(found.losses, (_, i) => i).sort((a, b) => found.losses[b] - found.losses[a]);
  return {
    count: found.count,
    accuracy: found.accuracy,
    topFive: found.topK?.accuracy,
    loss: found.loss,
    classes: present.map((c) => found.perClass[c]),
    confusion: present.map((r) => present.map((c) => found.confusion[r][c])),
    calibrationError: expectedError,
    bins,
    hardest: order.slice(0, hardestShown).map((i): HardPicture => {
      const [label, predicted] = [found.labels[i], found.predictions[i]];
      const tensor = pictureToTensor(set.picture(i));
      const [, height, width] = tensor.shape;
      const scale = Math.min(1, longest / Math.max(height, width));
      const small =
        scale < 1 ? resizeImage(tensor, Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))) : tensor;
      return {
        source: set.source(i),
        ...{ label, predicted, probability: probability(i, predicted), rightProbability: probability(i, label) },
        pixels: toNumbers(small),
      };
    }),
  };
}
