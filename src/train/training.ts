// One training while it runs: where it stands, and what is due after each step and each epoch. Everything it decides follows from the
// settings and the step, so training that stopped anywhere goes on from a checkpoint as if it had not.
import { breather, now } from "#platform";
import type { Dataset } from "../data/dataset.ts";
import { type Loader, loader } from "../data/loader.ts";
import type { Model } from "../nn/model.ts";
import { TrainingError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Checkpoint, type EpochRecord, encodeCheckpoint, saveCheckpoint, type TrainingState } from "./checkpoint.ts";
import { checkLabels } from "./dataset-check.ts";
import { earlyStopping } from "./early-stop.ts";
import { assess, deviceOf } from "./evaluate.ts";
import { createEvaluator, type Evaluator } from "./evaluator.ts";
import { identityDifferences, identityOf } from "./identity.ts";
import type { Settings } from "./options.ts";
import type { SchedulePlan } from "./schedules.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/** Compiles the steps, and puts everything back where `resumed` left it. */
export async function startTraining(model: Model, dataset: Dataset, settings: Settings, resumed?: Checkpoint): Promise<Training> {
  const { batchSize, dropLast, optimiser, loss, seed, clip, trainable, augment, checkpoint } = settings;
  const fresh = firstState(model, dataset, settings);
  if (resumed !== undefined) checkSameTraining(resumed.state, fresh);
  const batches = loader(dataset, { batchSize, seed, dropLast, ...(augment && { augment }) });
  const usable = dropLast ? dataset.size - (dataset.size % batchSize) : dataset.size;
  const usual = Math.min(batchSize, usable);
  const trainer = await createTrainer(
    model,
    [...new Set([usual, usable % usual || usual])],
    { optimiser, loss, seed, ...(clip && { clip }), ...(trainable && { trainable }) },
    deviceOf(settings),
  );
  if (resumed !== undefined) trainer.restore(new Map([...resumed.model, ...resumed.optimiser]));
  const state = resumed === undefined ? fresh : { ...resumed.state, metadata: checkpoint?.metadata ?? resumed.state.metadata };
  return new Training(model, settings, dataset, batches, usable, trainer, state, resumed?.best);
}

/** A training between two steps; `run` carries it to its end or to the signal. */
export class Training {
  readonly #model: Model;
  readonly #settings: Settings;
  readonly #dataset: Dataset;
  readonly #loader: Loader;
  readonly #trainer: Trainer;
  readonly #plan: SchedulePlan;
  /** Pictures of an epoch. */
  readonly #usable: number;
  readonly #breathe = breather();
  #state: TrainingState;
  /** Parameters and buffers of the best epoch, if early stopping wants them. */
  #best: ReadonlyMap<string, Tensor> | undefined;
  #evaluator: Evaluator | undefined;
  #speed = { pictures: 0, seconds: 0 };
  #reported = Number.NEGATIVE_INFINITY;

  constructor(
    model: Model,
    settings: Settings,
    dataset: Dataset,
    batches: Loader,
    usable: number,
    trainer: Trainer,
    state: TrainingState,
    best: ReadonlyMap<string, Tensor> | undefined,
  ) {
    this.#model = model;
    this.#settings = settings;
    this.#trainer = trainer;
    this.#state = state;
    this.#best = best;
    this.#dataset = dataset;
    this.#loader = batches;
    this.#usable = usable;
    const stepsPerEpoch = batches.batchesPerEpoch;
    this.#plan = { learningRate: settings.optimiser.learningRate, steps: settings.epochs * stepsPerEpoch, stepsPerEpoch };
  }

  async run(): Promise<Model> {
    const { epochs, signal } = this.#settings;
    try {
      while (this.#state.epoch < epochs && !this.#state.stopped) await this.#epoch();
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
    const { signal, checkpoint } = this.#settings;
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
    const learningRate = this.#settings.schedule(step, this.#plan);
    const started = now();
    const { x, y, indices } = this.#loader.batch(epoch, position / batchSize);
    checkLabels(this.#dataset, y, indices, "fit");
    const { loss, correct } = await this.#trainer.run(x, y, learningRate);
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
    this.#settings.onStep?.({ step: step + 1, epoch: epoch + 1, loss, accuracy: correct / count, learningRate });
    this.#report(learningRate);
  }

  #report(learningRate: number): void {
    const { onProgress, epochs } = this.#settings;
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
    const { epochs, evaluateEvery, validation, earlyStop, checkpoint, onEpoch } = this.#settings;
    const epoch = this.#state.epoch + 1;
    const due = validation !== undefined && (epoch % evaluateEvery === 0 || epoch === epochs);
    const record: EpochRecord = {
      epoch,
      step,
      learningRate: this.#settings.schedule(step - 1, this.#plan),
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
    const { signal, loss: lossFunction } = this.#settings;
    this.#evaluator ??= await createEvaluator(this.#model, {
      batch: Math.min(128, validation.size),
      loss: lossFunction,
      frozen: false,
      compile: deviceOf(this.#settings),
    });
    this.#evaluator.load(this.#modelState());
    const { loss, accuracy } = assess(await this.#evaluator.measure(validation, signal && { signal }), validation.classes);
    return { loss, accuracy };
  }

  /** Parameters and buffers as they are now. */
  #modelState(): Map<string, Tensor> {
    const { parameters, buffers } = this.#model;
    return new Map([...this.#trainer.state()].filter(([name]) => parameters.has(name) || buffers.has(name)));
  }

  async #save(): Promise<void> {
    const { checkpoint } = this.#settings;
    if (checkpoint?.folder === undefined && checkpoint?.save === undefined) return;
    const model = this.#modelState();
    const optimiser = new Map([...this.#trainer.state()].filter(([name]) => !model.has(name)));
    const saved: Checkpoint = { state: this.#state, model, optimiser, ...(this.#best && { best: this.#best }) };
    if (checkpoint.folder !== undefined) await saveCheckpoint(checkpoint.folder, saved);
    await checkpoint.save?.(encodeCheckpoint(saved));
  }
}

/** Where a new training stands. */
function firstState(model: Model, dataset: Dataset, settings: Settings): TrainingState {
  const { seed, batchSize, dropLast, checkpoint } = settings;
  return {
    format: "fovea-checkpoint",
    version: 2,
    step: 0,
    epoch: 0,
    position: 0,
    seed,
    batchSize,
    dropLast,
    identity: identityOf(model, dataset, settings),
    running: { loss: 0, correct: 0, seconds: 0 },
    history: [],
    stopped: false,
    metadata: checkpoint?.metadata ?? {},
  };
}

function lossError(loss: number, step: number, epoch: number, learningRate: number): TrainingError {
  return new TrainingError(
    `the loss became ${Number.isNaN(loss) ? "NaN" : "infinite"} at step ${step} (epoch ${epoch}) with learning rate ${learningRate}; ` +
      "try a smaller learning rate, clip: { norm: 1 }, and check the pictures for values that are not finite",
  );
}

/** Resuming with anything else would silently be another training. */
function checkSameTraining(saved: TrainingState, wanted: TrainingState): void {
  const differences = identityDifferences(saved.identity, wanted.identity);
  if (differences.length > 0) throw new TrainingError(`the checkpoint is of another training: ${differences.join("; ")}`);
}
