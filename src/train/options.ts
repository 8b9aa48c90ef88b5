// What training can be told, what it reports, and the defaults.

import type { Augmentation } from "../data/augmentation.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Device } from "../graph/program.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Checkpoint, CheckpointFiles, EpochRecord } from "./checkpoint.ts";
import { type ClipOptions, checkClip } from "./clip.ts";
import { checkEarlyStop, type EarlyStop } from "./early-stop.ts";
import { crossEntropyLoss, type Loss } from "./losses.ts";
import { adam, type Optimiser } from "./optimisers.ts";
import { constantRate, type Schedule } from "./schedules.ts";

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
  /**
   * Most records of epochs that the training's state holds (default: all). When there are more, every second one is left out, and the next takes
   * its seconds over: for trainings of any length in bounded memory. Early stopping needs all of them.
   */
  readonly mostRecords?: number;
  readonly device?: Device;
  readonly threads?: number;
  /** At most ten times a second, and after the last step of an epoch. */
  readonly onProgress?: (progress: Progress) => void;
  readonly onStep?: (record: StepRecord) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Ends training between two steps, by throwing the signal's reason; a checkpoint is saved first if there is a place for it. */
  readonly signal?: AbortSignal;
  readonly checkpoint?: CheckpointOptions;
  /**
   * Go on from here: a checkpoint, or its folder. Epochs, schedule, validation, early stopping, callbacks, device and threads may differ
   * from before; everything else must be the same (of functions of your own, what they say of themselves is compared).
   */
  readonly resume?: string | Checkpoint;
}

/** Options with their defaults filled in. */
export type Settings = FitOptions &
  Required<Pick<FitOptions, "epochs" | "batchSize" | "dropLast" | "optimiser" | "schedule" | "loss" | "seed" | "evaluateEvery">>;

/** Throws `ArgumentError` for unknown names and impossible values. */
export function settle(options: FitOptions, where = "fit"): Settings {
  checkValues(options, where);
  // An option that is given as undefined is an option that is not given.
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as FitOptions;
  return {
    epochs: 1,
    batchSize: 64,
    dropLast: false,
    optimiser: adam(),
    schedule: constantRate(),
    loss: crossEntropyLoss(),
    seed: 0,
    evaluateEvery: 1,
    ...given,
  };
}

function checkValues(options: FitOptions, where: string): void {
  checkOptions(where, options, [
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
    "mostRecords",
    "device",
    "threads",
    "onProgress",
    "onStep",
    "onEpoch",
    "signal",
    "checkpoint",
    "resume",
  ]);
  const { epochs, batchSize, seed, evaluateEvery, checkpoint, clip, earlyStop, mostRecords } = options;
  if (clip !== undefined) checkClip(`${where}: clip`, clip);
  if (earlyStop !== undefined) checkEarlyStop(`${where}: earlyStop`, earlyStop);
  if (checkpoint !== undefined)
    checkOptions(`${where}: checkpoint`, checkpoint, ["folder", "save", "everySteps", "everyEpochs", "metadata"]);
  const counts = {
    epochs,
    batchSize,
    evaluateEvery,
    mostRecords,
    "checkpoint.everySteps": checkpoint?.everySteps,
    "checkpoint.everyEpochs": checkpoint?.everyEpochs,
  };
  for (const [name, n] of Object.entries(counts)) {
    if (n !== undefined && (!Number.isInteger(n) || n < 1)) throw new ArgumentError(`${where}: ${name} is ${n}; expected an integer >= 1`);
  }
  if (mostRecords !== undefined && earlyStop !== undefined)
    throw new ArgumentError(
      `${where}: earlyStop judges by the records of all epochs, and mostRecords (${mostRecords}) leaves some out; give one of them`,
    );
  if (seed !== undefined && !Number.isInteger(seed)) throw new ArgumentError(`${where}: seed is ${seed}; expected an integer`);
}
