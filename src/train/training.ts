// One training while it runs: where it stands, and what is due after each step and each epoch. Everything it decides follows from the
// settings and the step, so training that stopped anywhere goes on from a checkpoint as if it had not.
import { breather, now } from "#platform";
import type { Dataset } from "../data/dataset.ts";
import { type LoadedBatch, type Loader, loader } from "../data/loader.ts";
import type { Explanation } from "../graph/program.ts";
import type { Model } from "../nn/model.ts";
import { TrainingError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Checkpoint, type EpochRecord, encodeCheckpoint, saveCheckpoint, type TrainingState } from "./checkpoint.ts";
import { checkLabels } from "./dataset-check.ts";
import { earlyStopping } from "./early-stop.ts";
import { assess, deviceOf, type Evaluation } from "./evaluate.ts";
import { createEvaluator, type Evaluator, type MeasureOptions } from "./evaluator.ts";
import { identityDifferences, identityOf } from "./identity.ts";
import type { Settings, StepRecord } from "./options.ts";
import type { SchedulePlan } from "./schedules.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/** Compiles the steps, and puts everything back where `resumed` left it. */
export async function startTraining(model: Model, dataset: Dataset, settings: Settings, resumed?: Checkpoint): Promise<Training> {
  const fresh = firstState(model, dataset, settings);
  if (resumed !== undefined) checkSameTraining(resumed.state, fresh);
  const parts = await prepare(model, dataset, settings);
  if (resumed !== undefined) parts.trainer.restore(new Map([...resumed.model, ...resumed.optimiser]));
  const { checkpoint } = settings;
  const state = resumed === undefined ? fresh : { ...resumed.state, metadata: checkpoint?.metadata ?? resumed.state.metadata };
  return new Training(model, dataset, settings, parts, state, resumed?.best);
}

/** What a training works with, and what must be made anew when its settings change. */
interface Parts {
  readonly batches: Loader;
  readonly trainer: Trainer;
  /** Pictures of an epoch. */
  readonly usable: number;
}

async function prepare(model: Model, dataset: Dataset, settings: Settings, compiled?: Trainer): Promise<Parts> {
  const { batchSize, dropLast, optimiser, loss, seed, clip, trainable, augment } = settings;
  const batches = loader(dataset, { batchSize, seed, dropLast, ...(augment && { augment }) });
  const usable = dropLast ? dataset.size - (dataset.size % batchSize) : dataset.size;
  const usual = Math.min(batchSize, usable);
  const trainer =
    compiled ??
    (await createTrainer(
      model,
      [...new Set([usual, usable % usual || usual])],
      { optimiser, loss, seed, ...(clip && { clip }), ...(trainable && { trainable }) },
      deviceOf(settings),
    ));
  return { batches, trainer, usable };
}

/** A training between two steps; `run` carries it to its end or to the signal, `step` one step further. */
export class Training {
  readonly #model: Model;
  readonly #dataset: Dataset;
  readonly #breathe = breather();
  #settings: Settings;
  #parts: Parts;
  #state: TrainingState;
  /** Parameters and buffers of the best epoch, if early stopping wants them. */
  #best: ReadonlyMap<string, Tensor> | undefined;
  #evaluator: Evaluator | undefined;
  #speed = { pictures: 0, seconds: 0 };
  #reported = Number.NEGATIVE_INFINITY;

  constructor(
    model: Model,
    dataset: Dataset,
    settings: Settings,
    parts: Parts,
    state: TrainingState,
    best: ReadonlyMap<string, Tensor> | undefined,
  ) {
    this.#model = model;
    this.#dataset = dataset;
    this.#settings = settings;
    this.#parts = parts;
    this.#state = state;
    this.#best = best;
  }

  get state(): TrainingState {
    return this.#state;
  }

  get #plan(): SchedulePlan {
    const { optimiser, epochs } = this.#settings;
    const stepsPerEpoch = this.#parts.batches.batchesPerEpoch;
    return { learningRate: optimiser.learningRate, steps: epochs * stepsPerEpoch, stepsPerEpoch };
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
      this.release();
    }
  }

  /** One step, and what is due after the last one of an epoch. */
  async step(): Promise<StepRecord> {
    const record = await this.#step();
    if (this.#state.position >= this.#parts.usable) await this.#finishEpoch();
    return record;
  }

  /** Goes on with other settings: what the net and the optimiser know stays, as far as the new optimiser has a place for it. */
  async change(settings: Settings): Promise<void> {
    const identity = identityOf(this.#model, this.#dataset, settings);
    const { trainer } = this.#parts;
    const parts = await prepare(this.#model, this.#dataset, settings, sameSteps(this.#settings, settings) ? trainer : undefined);
    if (parts.trainer !== trainer) {
      parts.trainer.takeOver(trainer.state());
      trainer.release();
    }
    this.#parts = parts;
    this.#settings = settings;
    const { batchSize, dropLast, seed } = settings;
    this.#state = { ...this.#state, batchSize, dropLast, seed, identity };
  }

  /** Puts everything back as it was at a checkpoint of the same training. */
  restore(checkpoint: Checkpoint): void {
    checkSameTraining(checkpoint.state, this.#state);
    this.#parts.trainer.restore(new Map([...checkpoint.model, ...checkpoint.optimiser]));
    this.#state = checkpoint.state;
    this.#best = checkpoint.best;
  }

  /** The batch that the next step will learn from. */
  nextBatch(): LoadedBatch {
    const { epoch, position } = this.#state;
    return this.#parts.batches.batchFrom(epoch, position);
  }

  /** The model with its present parameters. */
  model(): Model {
    return this.#model.with(this.#modelState());
  }

  /** How good the net is now. */
  async measure(dataset: Dataset, options: MeasureOptions = {}): Promise<Evaluation> {
    this.#evaluator ??= await createEvaluator(this.#model, {
      batch: evenBatch(dataset.size),
      loss: this.#settings.loss,
      frozen: false,
      compile: deviceOf(this.#settings),
    });
    this.#evaluator.load(this.#modelState());
    return assess(await this.#evaluator.measure(dataset, options), dataset.classes);
  }

  /** Everything that going on from here needs. */
  checkpoint(): Checkpoint {
    const model = this.#modelState();
    const optimiser = new Map([...this.#parts.trainer.state()].filter(([name]) => !model.has(name)));
    return { state: this.#state, model, optimiser, ...(this.#best && { best: this.#best }) };
  }

  explain(): Explanation {
    return this.#parts.trainer.explain();
  }

  release(): void {
    this.#parts.trainer.release();
    this.#evaluator?.program.release();
    this.#evaluator = undefined;
  }

  async #epoch(): Promise<void> {
    const { signal, checkpoint } = this.#settings;
    while (this.#state.position < this.#parts.usable) {
      signal?.throwIfAborted();
      await this.#step();
      const { step } = this.#state;
      if (checkpoint?.everySteps !== undefined && step % checkpoint.everySteps === 0 && this.#state.position < this.#parts.usable)
        await this.#save();
      await this.#breathe();
    }
    await this.#finishEpoch();
  }

  async #step(): Promise<StepRecord> {
    const { step, epoch, position, running } = this.#state;
    const learningRate = this.#settings.schedule(step, this.#plan);
    const started = now();
    const { x, y, indices } = this.nextBatch();
    checkLabels(this.#dataset, y, indices, "fit");
    const { loss, correct } = await this.#parts.trainer.run(x, y, learningRate);
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
    const record = { step: step + 1, epoch: epoch + 1, loss, accuracy: correct / count, learningRate };
    this.#settings.onStep?.(record);
    this.#report(learningRate);
    return record;
  }

  #report(learningRate: number): void {
    const { onProgress, epochs } = this.#settings;
    const { position, step, epoch, running } = this.#state;
    if (onProgress === undefined || (now() - this.#reported < 100 && position < this.#parts.usable)) return;
    this.#reported = now();
    const picturesPerSecond = this.#speed.pictures / this.#speed.seconds;
    const left = (epochs - epoch) * this.#parts.usable - position;
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
    const { epochs, evaluateEvery, validation, earlyStop, mostRecords, checkpoint, onEpoch } = this.#settings;
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
    const records = thinned([...history, record], mostRecords);
    this.#state = { ...this.#state, epoch, position: 0, running: { loss: 0, correct: 0, seconds: 0 }, history: records };
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
    const { signal } = this.#settings;
    const { loss, accuracy } = await this.measure(validation, signal && { signal });
    return { loss, accuracy };
  }

  /** Parameters and buffers as they are now. */
  #modelState(): Map<string, Tensor> {
    const { parameters, buffers } = this.#model;
    return new Map([...this.#parts.trainer.state()].filter(([name]) => parameters.has(name) || buffers.has(name)));
  }

  async #save(): Promise<void> {
    const { checkpoint } = this.#settings;
    if (checkpoint?.folder === undefined && checkpoint?.save === undefined) return;
    const saved = this.checkpoint();
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

/** The records themselves, or every second of them, the last one in any case; each has the seconds of the one that was left out before it. */
function thinned(records: readonly EpochRecord[], most = Number.POSITIVE_INFINITY): readonly EpochRecord[] {
  if (records.length <= most) return records;
  return records.flatMap((record, i) => {
    if ((records.length - 1 - i) % 2 === 1) return [];
    return i === 0 ? record : { ...record, seconds: records[i - 1].seconds + record.seconds };
  });
}

/** At most 128 pictures, and no more runs than that takes: 200 pictures are two runs of 100, where 128 would fill the second up with 56 nobody asked for. */
function evenBatch(pictures: number): number {
  return Math.ceil(pictures / Math.ceil(pictures / 128));
}

/** Whether the same compiled steps serve both; the learning rate is given anew at every step. */
function sameSteps(a: Settings, b: Settings): boolean {
  const kept = ["batchSize", "dropLast", "seed", "loss", "clip", "trainable", "device", "threads"] as const;
  const decides = ({ optimiser: { name, settings } }: Settings): string => JSON.stringify([name, settings]);
  return kept.every((name) => a[name] === b[name]) && decides(a) === decides(b);
}

function lossError(loss: number, step: number, epoch: number, learningRate: number): TrainingError {
  return new TrainingError(
    `the loss became ${Number.isNaN(loss) ? "NaN" : "infinite"} at step ${step} (epoch ${epoch}) with learning rate ${learningRate}; ` +
      "try a smaller learning rate, clip: { norm: 1 }, and check the pictures for values that are not finite",
    { reason: { kind: "loss not finite", loss: Number.isNaN(loss) ? "NaN" : "infinite", step, learningRate } },
  );
}

/** Resuming with anything else would silently be another training. */
function checkSameTraining(saved: TrainingState, wanted: TrainingState): void {
  const differences = identityDifferences(saved.identity, wanted.identity);
  if (differences.length > 0) throw new TrainingError(`the checkpoint is of another training: ${differences.join("; ")}`);
}
