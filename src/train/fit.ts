// Training as one call: a net and a data set in, a model out.
import { type Dataset, expectDataset } from "../data/dataset.ts";
import { createModel, type Model, type Preprocessing } from "../nn/model.ts";
import { checkModule, type Module } from "../nn/module.ts";
import { expectFunction, expectParts } from "../tensor/expect.ts";
import { checkCheckpointFolder, loadCheckpoint } from "./checkpoint.ts";
import { checkDataset } from "./dataset-check.ts";
import { type FitOptions, type Settings, settle } from "./options.ts";
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
  expectDataset("fit", dataset);
  if (!isModel(net)) checkModule("fit", net);
  checkParts(settings);
  const { seed, validation, checkpoint, resume } = settings;
  const made = { seed, classes: dataset.classes, preprocessing: preprocessingOf(dataset) };
  const model = isModel(net) ? net : createModel(net, dataset.imageShape, made);
  checkDataset(model, dataset, "fit");
  if (validation !== undefined) checkDataset(model, validation, "fit: validation");
  // Found out now, not after the first hour.
  if (checkpoint?.folder !== undefined) await checkCheckpointFolder(checkpoint.folder);
  const resumed = typeof resume === "string" ? await loadCheckpoint(resume) : resume;
  const training = await startTraining(model, dataset, settings, resumed);
  return training.run();
}

function isModel(net: Module | Model): net is Model {
  return typeof net === "object" && net !== null && "trace" in net;
}

/** Says at once, and not at the first step, that a part is of another kind. */
function checkParts({ optimiser, schedule, loss, augment, trainable, validation, resume }: Settings): void {
  expectParts("fit", "optimiser", optimiser, ["name", "learningRate", "update"], "an optimiser, such as adam(1e-3)");
  expectParts("fit", "loss", loss, ["name", "perPicture"], "a loss, such as crossEntropyLoss()");
  for (const [name, given] of Object.entries({ schedule, augment, trainable })) {
    if (given !== undefined) expectFunction("fit", name, given);
  }
  if (validation !== undefined) expectDataset("fit: validation", validation);
  if (resume !== undefined && typeof resume !== "string")
    expectParts("fit", "resume", resume, ["state", "model", "optimiser"], "a checkpoint or its folder");
}

function preprocessingOf(dataset: Dataset): Preprocessing {
  const { mean, deviation } = dataset.normalisation;
  return { name: dataset.name, channels: dataset.imageShape[0] === 1 ? "grey" : "rgb", mean, deviation };
}
