// How good a model is on a data set, and what it says to single pictures.
import { compile } from "../backends/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { createGraph } from "../graph/graph.ts";
import type { Device } from "../graph/program.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { ArgumentError, DataError, ShapeError } from "../tensor/errors.ts";
import { expectList, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkDataset } from "./dataset-check.ts";
import { createEvaluator, greatest, type Measured, probabilitiesOf } from "./evaluator.ts";
import type { Loss } from "./losses.ts";
import { accuracy, type ClassMetrics, classMetrics, confusionMatrix, topK } from "./metrics.ts";

export interface EvaluateOptions {
  /** Pictures per run (default 128); has no influence on the result. */
  readonly batchSize?: number;
  /** Default crossEntropyLoss(). */
  readonly loss?: Loss;
  /** Also report how often the label is among the k most probable classes. */
  readonly topK?: number;
  readonly device?: Device;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, count: number) => void;
}

export interface Evaluation {
  /** Number of pictures. */
  readonly count: number;
  /** Share that is right. */
  readonly accuracy: number;
  /** Mean over the pictures. */
  readonly loss: number;
  readonly topK?: { readonly k: number; readonly accuracy: number };
  /** [true class][predicted class]. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassMetrics[];
  /** Per picture, in the data set's order. */
  readonly predictions: Int32Array;
  readonly labels: Int32Array;
  /** [pictures, classes]. */
  readonly probabilities: Tensor;
  /** Loss of each picture: the greatest are the worst mistakes. */
  readonly losses: Float32Array;
}

/** Measures a classifier. Throws `DataError` for an empty data set and `ShapeError` when it does not fit the net. */
export async function evaluate(model: Model, dataset: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  checkOptions("evaluate", options, ["batchSize", "loss", "topK", "device", "threads", "signal", "onProgress"]);
  const { batchSize = 128, loss, signal, onProgress } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new ArgumentError(`evaluate: batchSize is ${batchSize}; expected an integer >= 1`);
  checkDataset(model, dataset, "evaluate");
  const evaluator = await createEvaluator(model, {
    batch: Math.min(batchSize, dataset.size),
    frozen: true,
    compile: deviceOf(options),
    ...(loss && { loss }),
  });
  try {
    const measured = await evaluator.measure(dataset, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
    return assess(measured, dataset.classes, options.topK);
  } finally {
    evaluator.program.release();
  }
}

/** Turns raw results into the numbers that people ask for. */
export function assess(measured: Measured, classes: readonly string[], k?: number): Evaluation {
  const { probabilities, losses, labels } = measured;
  const predictions = greatest(probabilities);
  const confusion = confusionMatrix(predictions, labels, classes.length);
  return {
    count: labels.length,
    accuracy: accuracy(predictions, labels),
    loss: losses.reduce((a, b) => a + b, 0) / labels.length,
    ...(k !== undefined && { topK: { k, accuracy: topK(probabilities, labels, k) } }),
    confusion,
    perClass: classMetrics(confusion, classes),
    predictions,
    ...measured,
  };
}

export interface Prediction {
  /** Most probable class of each picture. */
  readonly labels: Int32Array;
  /** Their names, when the model knows them. */
  readonly names: readonly string[] | undefined;
  /** [pictures, classes]. */
  readonly probabilities: Tensor;
}

/** What the model says to pictures it has not seen: one [C, H, W], several, or a batch [N, C, H, W], preprocessed as in training. */
export async function predict(
  model: Model,
  images: Tensor | readonly Tensor[],
  options: { readonly device?: Device; readonly threads?: number } = {},
): Promise<Prediction> {
  checkOptions("predict", options, ["device", "threads"]);
  expectModel("predict", model);
  const x = stack(images, model.inputShape);
  const traced = model.trace({ batch: x.shape[0] });
  if (traced.output.rank !== 2) {
    throw new ShapeError(
      `predict: the net gives ${showShape(traced.output.shape.slice(1))} per picture; a classifier gives one number per class`,
    );
  }
  const program = await compile(createGraph({ outputs: { probabilities: probabilitiesOf(traced.output) } }), deviceOf(options));
  try {
    const { probabilities } = await program.run({ x });
    const labels = greatest(probabilities);
    const { classes } = model;
    return { labels, names: classes && Array.from(labels, (c) => classes[c]), probabilities };
  } finally {
    program.release();
  }
}

function stack(images: Tensor | readonly Tensor[], shape: readonly number[]): Tensor {
  if (images instanceof Tensor && sameShape(images.shape.slice(1), shape)) {
    if (images.shape[0] === 0) throw new DataError("predict: there are no pictures");
    return images;
  }
  const list = images instanceof Tensor ? [images] : images;
  expectList("predict", "the pictures", list, "Tensors [C, H, W], or a batch [N, C, H, W]");
  for (const image of list) expectTensor("predict", "a picture", image);
  if (list.length === 0) throw new DataError("predict: there are no pictures");
  const data = new Float32Array(list.length * sizeOf(shape));
  list.forEach((image, i) => {
    if (!sameShape(image.shape, shape)) {
      throw new ShapeError(`predict: picture ${i} is ${showShape(image.shape)}, but the net was made for ${showShape(shape)}`);
    }
    data.set(image.data, i * sizeOf(shape));
  });
  return new Tensor(data, [list.length, ...shape]);
}

/** The part of the options that `compile` wants, without keys that were left out. */
export function deviceOf({ device, threads }: { readonly device?: Device | undefined; readonly threads?: number | undefined }): {
  device?: Device;
  threads?: number;
} {
  return { ...(device !== undefined && { device }), ...(threads !== undefined && { threads }) };
}
