// The training loop: shuffles, feeds, watches, reports, saves. Everything it decides follows from the options and the step, so training
// that stopped anywhere goes on from a checkpoint as if it had not.
import { now } from "#platform";
import type { Augmentation } from "../data/augmentation.ts";
import type { Dataset } from "../data/dataset.ts";
import { type Loader, loader } from "../data/loader.ts";
import type { Device } from "../graph/program.ts";
import { createModel, type Model } from "../nn/model.ts";
import type { Module } from "../nn/module.ts";
import { ArgumentError, TrainingError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { breather } from "./breathe.ts";
import {
  type Checkpoint,
  type CheckpointFiles,
  checkCheckpointFolder,
  type EpochRecord,
  encodeCheckpoint,
  loadCheckpoint,
  saveCheckpoint,
  type TrainingState,
} from "./checkpoint.ts";
import type { ClipOptions } from "./clip.ts";
import { checkDataset } from "./dataset-check.ts";
import { type EarlyStop, earlyStopping } from "./early-stop.ts";
import { assess, deviceOf } from "./evaluate.ts";
import { createEvaluator, type Evaluator } from "./evaluator.ts";
import { crossEntropyLoss, type Loss } from "./losses.ts";
import { adam, type Optimiser } from "./optimisers.ts";
import { constantRate, type Schedule, type SchedulePlan } from "./schedules.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/** What a progress bar needs. */
export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done, of the whole training. */
  readonly step: number;
  readonly steps: number;
  /** Means over the epoch so far. */
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  readonly picturesPerSecond: number;
  /** Estimate for the steps that are left. */
  readonly secondsLeft: number;
}

export interface StepRecord {
  /** From 1. */
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  /** Share of the batch that was right. */
  readonly accuracy: number;
  readonly learningRate: number;
}

export interface CheckpointOptions {
  /** Folder that holds the checkpoint and nothing else: it is replaced as a whole. */
  readonly folder?: string;
  /** Where there are no folders: receives the files instead. */
  readonly save?: (files: CheckpointFiles) => Promise<void> | void;
  /** Save at every so many steps as well. */
  readonly everySteps?: number;
  /** Save after every so many epochs (default 1). */
  readonly everyEpochs?: number;
  /** Kept in the checkpoint for the caller. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface FitOptions {
  /** Passes over the data set (default 1). */
  readonly epochs?: number;
  /** Pictures per step (default 64). */
  readonly batchSize?: number;
  /** Leave out what does not fill a batch at the end of an epoch (default false: all pictures are used). */
  readonly dropLast?: boolean;
  /** Default adam(1e-3). */
  readonly optimiser?: Optimiser;
  /** Default: the optimiser's rate throughout. */
  readonly schedule?: Schedule;
  /** Default crossEntropyLoss(). */
  readonly loss?: Loss;
  readonly clip?: ClipOptions;
  /** Which parameters learn (default all). */
  readonly trainable?: (name: string) => boolean;
  /** Decides first parameters, order of the pictures, dropout masks and augmentation (default 0). */
  readonly seed?: number;
  /** Changes each picture before it is learnt from, at random but the same for the same seed and epoch. */
  readonly augment?: Augmentation;
  /** Measured after every `evaluateEvery` epochs (default 1) and after the last. */
  readonly validation?: Dataset;
  readonly evaluateEvery?: number;
  readonly earlyStop?: EarlyStop;
  readonly device?: Device;
  readonly threads?: number;
  /** At most ten times a second, and after the last step of an epoch. */
  readonly onProgress?: (progress: Progress) => void;
  readonly onStep?: (record: StepRecord) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Ends training between two steps, by throwing the signal's reason; a checkpoint is saved first if there is a place for it. */
  readonly signal?: AbortSignal;
  readonly checkpoint?: CheckpointOptions;
  /** Go on from here: a checkpoint, or its folder. */
  readonly resume?: string | Checkpoint;
}

const optionNames: ReadonlySet<string> = new Set<keyof FitOptions>([
  "epochs",
  "batchSize",
  "dropLast",
  "optimiser",
  "schedule",
  "loss",
  "clip",
  "trainable",
  "seed",
  "augment",
  "validation",
  "evaluateEvery",
  "earlyStop",
  "device",
  "threads",
  "onProgress",
  "onStep",
  "onEpoch",
  "signal",
  "checkpoint",
  "resume",
]);

/**
 * Trains a net (which then gets its first parameters from `seed`) or goes on training a model. Returns a new model.
 * Same seed, same machine, same thread count: same bits; also through a checkpoint in the middle.
 * Throws `DataError` (empty data set), `ShapeError` (pictures or classes do not fit the net), `TrainingError` (the loss is not finite, or
 * the checkpoint is of another training), `ArgumentError` (impossible options).
 */
export async function fit(net: Module | Model, dataset: Dataset, options: FitOptions = {}): Promise<Model> {
  checkOptions(options);
  const { seed = 0 } = options;
  const model =
    "trace" in net
      ? net
      : createModel(net, dataset.imageShape, { seed, classes: dataset.classes, preprocessing: preprocessingOf(dataset) });
  checkDataset(model, dataset, "fit");
  if (options.validation !== undefined) checkDataset(model, options.validation, "fit: validation");
  // Found out now, not after the first hour.
  if (options.checkpoint?.folder !== undefined) await checkCheckpointFolder(options.checkpoint.folder);
  const resumed = typeof options.resume === "string" ? await loadCheckpoint(options.resume) : options.resume;
  const training = new Training(model, dataset, options, resumed);
  return training.run();
}

class Training {
  readonly #model: Model;
  readonly #options: FitOptions;
  readonly #plan: SchedulePlan;
  readonly #loader: Loader;
  readonly #usable: number;
  readonly #optimiser: Optimiser;
  readonly #loss: Loss;
  readonly #schedule: Schedule;
  readonly #breathe = breather();
  readonly #resumed: Checkpoint | undefined;
  #state: TrainingState;
  #best: ReadonlyMap<string, Tensor> | undefined;
  #trainer: Trainer | undefined;
  #evaluator: Evaluator | undefined;
  #speed = { pictures: 0, seconds: 0 };
  #reported = Number.NEGATIVE_INFINITY;

  constructor(model: Model, dataset: Dataset, options: FitOptions, resumed: Checkpoint | undefined) {
    const {
      epochs = 1,
      batchSize = 64,
      dropLast = false,
      optimiser = adam(),
      schedule = constantRate(),
      loss = crossEntropyLoss(),
      seed = 0,
    } = options;
    this.#model = model;
    this.#options = options;
    this.#optimiser = optimiser;
    this.#schedule = schedule;
    this.#loss = loss;
    this.#loader = loader(dataset, { batchSize, seed, dropLast, ...(options.augment && { augment: options.augment }) });
    this.#usable = dropLast ? dataset.size - (dataset.size % batchSize) : dataset.size;
    const stepsPerEpoch = this.#loader.batchesPerEpoch;
    this.#plan = { learningRate: optimiser.learningRate, steps: epochs * stepsPerEpoch, stepsPerEpoch };
    this.#state = {
      format: "fovea-checkpoint",
      version: 1,
      step: 0,
      epoch: 0,
      position: 0,
      seed,
      batchSize,
      dropLast,
      dataset: { name: dataset.name, size: dataset.size },
      optimiser: optimiser.name,
      loss: loss.name,
      running: { loss: 0, correct: 0, seconds: 0 },
      history: [],
      stopped: false,
      metadata: options.checkpoint?.metadata ?? {},
    };
    this.#resumed = resumed;
    if (resumed !== undefined) {
      checkSameTraining(resumed.state, this.#state);
      this.#state = { ...resumed.state, metadata: this.#state.metadata };
      this.#best = resumed.best;
    }
  }

  async run(): Promise<Model> {
    const { epochs = 1, signal, clip, trainable } = this.#options;
    const { batchSize, seed } = this.#state;
    const sizes = [...new Set([Math.min(batchSize, this.#usable), this.#usable % batchSize || Math.min(batchSize, this.#usable)])];
    this.#trainer = await createTrainer(
      this.#model,
      sizes,
      { optimiser: this.#optimiser, loss: this.#loss, seed, ...(clip && { clip }), ...(trainable && { trainable }) },
      deviceOf(this.#options),
    );
    try {
      if (this.#resumed !== undefined) this.#trainer.restore(new Map([...this.#resumed.model, ...this.#resumed.optimiser]));
      while (this.#state.epoch < epochs && !this.#state.stopped) {
        await this.#epoch();
      }
      return this.#model.with(this.#best ?? this.#modelState());
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) await this.#save();
      throw error;
    } finally {
      this.#trainer.release();
      this.#evaluator?.program.release();
    }
  }

  async #epoch(): Promise<void> {
    const { signal, checkpoint } = this.#options;
    while (this.#state.position < this.#usable) {
      signal?.throwIfAborted();
      await this.#step();
      const { step } = this.#state;
      if (checkpoint?.everySteps !== undefined && step % checkpoint.everySteps === 0 && this.#state.position < this.#usable)
        await this.#save();
      await this.#breathe();
    }
    await this.#finishEpoch();
  }

  async #step(): Promise<void> {
    const { step, epoch, position, batchSize, running } = this.#state;
    const learningRate = this.#schedule(step, this.#plan);
    const started = now();
    const { x, y } = this.#loader.batch(epoch, position / batchSize);
    const { loss, correct } = await (this.#trainer as Trainer).run(x, y, learningRate);
    if (!Number.isFinite(loss)) throw lossError(loss, step + 1, epoch + 1, learningRate);
    const seconds = (now() - started) / 1000;
    const count = y.size;
    this.#speed = { pictures: this.#speed.pictures + count, seconds: this.#speed.seconds + seconds };
    this.#state = {
      ...this.#state,
      step: step + 1,
      position: position + count,
      running: { loss: running.loss + loss * count, correct: running.correct + correct, seconds: running.seconds + seconds },
    };
    this.#options.onStep?.({ step: step + 1, epoch: epoch + 1, loss, accuracy: correct / count, learningRate });
    this.#report(learningRate);
  }

  #report(learningRate: number): void {
    const { onProgress, epochs = 1 } = this.#options;
    const { position, step, epoch, running } = this.#state;
    if (onProgress === undefined || (now() - this.#reported < 100 && position < this.#usable)) return;
    this.#reported = now();
    const picturesPerSecond = this.#speed.pictures / this.#speed.seconds;
    const left = (epochs - epoch) * this.#usable - position;
    onProgress({
      epoch: epoch + 1,
      epochs,
      step,
      steps: this.#plan.steps,
      loss: running.loss / position,
      accuracy: running.correct / position,
      learningRate,
      picturesPerSecond,
      secondsLeft: left / picturesPerSecond,
    });
  }

  async #finishEpoch(): Promise<void> {
    const { running, position, step, history } = this.#state;
    const { epochs = 1, evaluateEvery = 1, validation, earlyStop, checkpoint, onEpoch } = this.#options;
    const epoch = this.#state.epoch + 1;
    const due = validation !== undefined && (epoch % evaluateEvery === 0 || epoch === epochs);
    const record: EpochRecord = {
      epoch,
      step,
      learningRate: this.#schedule(step - 1, this.#plan),
      loss: running.loss / position,
      accuracy: running.correct / position,
      ...(due && { validation: await this.#validate(validation) }),
      seconds: running.seconds,
    };
    this.#state = { ...this.#state, epoch, position: 0, running: { loss: 0, correct: 0, seconds: 0 }, history: [...history, record] };
    // With a validation set, epochs in which it was not measured say nothing about stopping.
    if (earlyStop !== undefined && (validation === undefined || due)) {
      const verdict = earlyStopping(earlyStop, this.#state.history);
      if (verdict.improved && earlyStop.restoreBest !== false) this.#best = this.#modelState();
      this.#state = { ...this.#state, best: verdict.best, stopped: verdict.stop };
    }
    onEpoch?.(record);
    const { everyEpochs = 1, everySteps } = checkpoint ?? {};
    const atStep = everySteps !== undefined && step % everySteps === 0;
    if (epoch % everyEpochs === 0 || atStep || epoch === epochs || this.#state.stopped) await this.#save();
  }

  async #validate(validation: Dataset): Promise<{ loss: number; accuracy: number }> {
    const { signal } = this.#options;
    this.#evaluator ??= await createEvaluator(this.#model, {
      batch: Math.min(128, validation.size),
      loss: this.#loss,
      frozen: false,
      compile: deviceOf(this.#options),
    });
    this.#evaluator.load(this.#modelState());
    const { loss, accuracy } = assess(await this.#evaluator.measure(validation, signal && { signal }), validation.classes);
    return { loss, accuracy };
  }

  /** Parameters and buffers as they are now. */
  #modelState(): Map<string, Tensor> {
    const { parameters, buffers } = this.#model;
    return new Map([...(this.#trainer as Trainer).state()].filter(([name]) => parameters.has(name) || buffers.has(name)));
  }

  async #save(): Promise<void> {
    const { checkpoint } = this.#options;
    if (checkpoint?.folder === undefined && checkpoint?.save === undefined) return;
    const model = this.#modelState();
    const optimiser = new Map([...(this.#trainer as Trainer).state()].filter(([name]) => !model.has(name)));
    const saved: Checkpoint = { state: this.#state, model, optimiser, ...(this.#best && { best: this.#best }) };
    if (checkpoint.folder !== undefined) await saveCheckpoint(checkpoint.folder, saved);
    await checkpoint.save?.(encodeCheckpoint(saved));
  }
}

function preprocessingOf(dataset: Dataset): NonNullable<Model["preprocessing"]> {
  const { mean, deviation } = dataset.normalisation;
  return { name: dataset.name, channels: dataset.imageShape[0] === 1 ? "grey" : "rgb", mean, deviation };
}

function lossError(loss: number, step: number, epoch: number, learningRate: number): TrainingError {
  return new TrainingError(
    `the loss became ${Number.isNaN(loss) ? "NaN" : "infinite"} at step ${step} (epoch ${epoch}) with learning rate ${learningRate}; ` +
      "try a smaller learning rate, clip: { norm: 1 }, and check the pictures for values that are not finite",
  );
}

/** Resuming with other data, batches or seed would silently be another training. Epochs, schedule and callbacks may change. */
function checkSameTraining(saved: TrainingState, wanted: TrainingState): void {
  const differences = (["seed", "batchSize", "dropLast", "optimiser", "loss"] as const)
    .filter((key) => saved[key] !== wanted[key])
    .map((key) => `${key} ${String(saved[key])} there, ${String(wanted[key])} here`);
  if (saved.dataset.name !== wanted.dataset.name || saved.dataset.size !== wanted.dataset.size) {
    differences.push(
      `data set "${saved.dataset.name}" of ${saved.dataset.size} there, "${wanted.dataset.name}" of ${wanted.dataset.size} here`,
    );
  }
  if (differences.length > 0) throw new TrainingError(`the checkpoint is of another training: ${differences.join("; ")}`);
}

function checkOptions(options: FitOptions): void {
  for (const name of Object.keys(options)) {
    if (!optionNames.has(name)) throw new ArgumentError(`fit: unknown option "${name}"; known options: ${[...optionNames].join(", ")}`);
  }
  const { epochs, batchSize, seed, evaluateEvery, checkpoint } = options;
  const counts = {
    epochs,
    batchSize,
    evaluateEvery,
    "checkpoint.everySteps": checkpoint?.everySteps,
    "checkpoint.everyEpochs": checkpoint?.everyEpochs,
  };
  for (const [name, n] of Object.entries(counts)) {
    if (n !== undefined && (!Number.isInteger(n) || n < 1)) throw new ArgumentError(`fit: ${name} is ${n}; expected an integer >= 1`);
  }
  if (seed !== undefined && !Number.isInteger(seed)) throw new ArgumentError(`fit: seed is ${seed}; expected an integer`);
}
