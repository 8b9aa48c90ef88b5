// Training as one call: a net and a data set in, a model out.
import type { Dataset } from "../data/dataset.ts";
import { createModel, type Model, type Preprocessing } from "../nn/model.ts";
import type { Module } from "../nn/module.ts";
import { checkCheckpointFolder, loadCheckpoint } from "./checkpoint.ts";
import { checkDataset } from "./dataset-check.ts";
import { type FitOptions, settle } from "./options.ts";
import { startTraining } from "./training.ts";

export type { CheckpointOptions, FitOptions, Progress, StepRecord } from "./options.ts";

/**
 * Trains a net (which then gets its first parameters from `seed`) or goes on training a model. Returns a new model.
 * Same seed, same machine, same thread count: same bits; also through a checkpoint in the middle.
 * Throws `DataError` (empty data set), `ShapeError` (pictures or classes do not fit the net), `TrainingError` (the loss is not finite, or
 * the checkpoint is of another training), `ArgumentError` (impossible options).
 */
export async function fit(net: Module | Model, dataset: Dataset, options: FitOptions = {}): Promise<Model> {
  const settings = settle(options);
  const { seed, validation, checkpoint, resume } = settings;
  const made = { seed, classes: dataset.classes, preprocessing: preprocessingOf(dataset) };
  const model = "trace" in net ? net : createModel(net, dataset.imageShape, made);
  checkDataset(model, dataset, "fit");
  if (validation !== undefined) checkDataset(model, validation, "fit: validation");
  // Found out now, not after the first hour.
  if (checkpoint?.folder !== undefined) await checkCheckpointFolder(checkpoint.folder);
  const resumed = typeof resume === "string" ? await loadCheckpoint(resume) : resume;
  const training = await startTraining(model, dataset, settings, resumed);
  return training.run();
}

function preprocessingOf(dataset: Dataset): Preprocessing {
  const { mean, deviation } = dataset.normalisation;
  return { name: dataset.name, channels: dataset.imageShape[0] === 1 ? "grey" : "rgb", mean, deviation };
}
