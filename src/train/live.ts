// Training in the hand: one step at a time, with settings that may change between two steps, and a way back. What an interface needs that
// shows a net while it learns. The steps are those of `fit`, bit for bit.
import type { Dataset } from "../data/dataset.ts";
import type { LoadedBatch } from "../data/loader.ts";
import type { Explanation } from "../graph/program.ts";
import type { Model } from "../nn/model.ts";
import type { Module } from "../nn/module.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Checkpoint, TrainingState } from "./checkpoint.ts";
import type { Evaluation } from "./evaluate.ts";
import type { MeasureOptions } from "./evaluator.ts";
import { beginTraining, checkParts } from "./fit.ts";
import { type FitOptions, type StepRecord, settle } from "./options.ts";

const changeable = ["optimiser", "batchSize", "clip", "augment", "schedule", "epochs"] as const;

/** What may change between two steps. A part that is not mentioned stays as it is; one that is undefined goes back to its default. */
export type TrainingChange = { readonly [K in (typeof changeable)[number]]?: FitOptions[K] | undefined };

export interface LiveTraining {
  /** Where it stands. */
  readonly state: TrainingState;
  /** One step of `fit`, and what is due after the last one of an epoch. Throws `TrainingError` when the loss is not finite. */
  step(): Promise<StepRecord>;
  /**
   * Goes on with other settings from the next step on. Another learning rate costs nothing, anything else compiles the steps anew; weights stay,
   * and so does the optimiser's memory where the new one has the same. Throws `ArgumentError` for impossible values, and nothing is changed then.
   */
  change(change: TrainingChange): Promise<void>;
  /** The model with its present parameters. */
  model(): Model;
  /** The batch that the next step will learn from. */
  nextBatch(): LoadedBatch;
  /** How good the net is now; the compiled net is kept for the next time. */
  measure(dataset: Dataset, options?: MeasureOptions): Promise<Evaluation>;
  /** Everything that going on from here needs; `fit` can resume it, too. */
  checkpoint(): Checkpoint;
  /** Goes back (or forth) to a checkpoint. Throws `TrainingError` when it is of other settings: `change` to those first. */
  restore(checkpoint: Checkpoint): void;
  /** What the steps run on: backend, threads, the engine's tier. The bits of the result depend on all three. */
  explain(): Explanation;
  /** Gives the compiled programs back. */
  release(): void;
}

/**
 * Prepares a training that the caller carries on, step by step. Options and errors are those of `fit`; `epochs` matters to schedules alone,
 * and `signal`, `onProgress` and places for checkpoints to nobody.
 */
export async function openTraining(net: Module | Model, dataset: Dataset, options: FitOptions = {}): Promise<LiveTraining> {
  let settings = settle(options, "openTraining");
  const training = await beginTraining("openTraining", net, dataset, settings);
  return {
    get state() {
      return training.state;
    },
    step: () => training.step(),
    async change(change) {
      checkOptions("openTraining: change", change, changeable);
      const next = settle({ ...settings, ...change } as FitOptions, "openTraining: change");
      checkParts("openTraining: change", next);
      await training.change(next);
      settings = next;
    },
    model: () => training.model(),
    nextBatch: () => training.nextBatch(),
    measure: (dataset, given) => training.measure(dataset, given),
    checkpoint: () => training.checkpoint(),
    restore: (checkpoint) => training.restore(checkpoint),
    explain: () => training.explain(),
    release: () => training.release(),
  };
}
