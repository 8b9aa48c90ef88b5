// Training as one call: a net and a data set in, a model out.
import { type Dataset, expectDataset } from "../data/dataset.ts";
import { createModel, type Model, type Preprocessing } from "../nn/model.ts";
import { checkModule, type Module } from "../nn/module.ts";
import { expectFunction, expectParts } from "../tensor/expect.ts";
import { checkCheckpointFolder, loadCheckpoint } from "./checkpoint.ts";
import { checkDataset } from "./dataset-check.ts";
import { type FitOptions, type Settings, settle } from "./options.ts";
import { startTraining, type Training } from "./training.ts";

export type { CheckpointOptions, FitOptions, Progress, StepRecord } from "./options.ts";

/**
 * Trains a net (which then gets its first parameters from `seed`) or goes on training a model. Returns a new model.
 * Same seed, same machine, same thread count: same bits; also through a checkpoint in the middle.
 * Throws `DataError` (empty data set), `ShapeError` (pictures or classes do not fit the net), `TrainingError` (the loss is not finite, or
 * the checkpoint is of another training), `ArgumentError` (impossible options).
 */
export async function fit(net: Module | Model, dataset: Dataset, options: FitOptions = {}): Promise<Model> {
  return (await beginTraining("fit", net, dataset, settle(options))).run();
}

/** Checks everything and compiles the steps. `where` is what the user called. */
export async function beginTraining(where: string, net: Module | Model, dataset: Dataset, settings: Settings): Promise<Training> {
  expectDataset(where, dataset);
  if (!isModel(net)) checkModule(where, net);
  checkParts(where, settings);
  const { seed, validation, checkpoint, resume } = settings;
  const made = { seed, classes: dataset.classes, preprocessing: preprocessingOf(dataset) };
  const model = isModel(net) ? net : createModel(net, dataset.imageShape, made);
  checkDataset(model, dataset, where);
  if (validation !== undefined) checkDataset(model, validation, `${where}: validation`);
  // Found out now, not after the first hour.
  if (checkpoint?.folder !== undefined) await checkCheckpointFolder(checkpoint.folder);
  const resumed = typeof resume === "string" ? await loadCheckpoint(resume) : resume;
  return startTraining(model, dataset, settings, resumed);
}

function isModel(net: Module | Model): net is Model {
  return typeof net === "object" && net !== null && "trace" in net;
}

/** Says at once, and not at the first step, that a part is of another kind. */
export function checkParts(where: string, { optimiser, schedule, loss, augment, trainable, validation, resume }: Settings): void {
  expectParts(where, "optimiser", optimiser, ["name", "learningRate", "update"], "an optimiser, such as adam(1e-3)");
  expectParts(where, "loss", loss, ["name", "perPicture"], "a loss, such as crossEntropyLoss()");
  for (const [name, given] of Object.entries({ schedule, augment, trainable })) {
    if (given !== undefined) expectFunction(where, name, given);
  }
  if (validation !== undefined) expectDataset(`${where}: validation`, validation);
  if (resume !== undefined && typeof resume !== "string")
    expectParts(where, "resume", resume, ["state", "model", "optimiser"], "a checkpoint or its folder");
}

function preprocessingOf(dataset: Dataset): Preprocessing {
  const { mean, deviation } = dataset.normalisation;
  return { name: dataset.name, channels: dataset.imageShape[0] === 1 ? "grey" : "rgb", mean, deviation };
}
