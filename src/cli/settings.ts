// What a training run was asked to do: read from the command line, kept in the run folder, and read back to resume.

import { ArgumentError, ModelFormatError } from "../tensor/errors.ts";
import { adam, adamW, type Optimiser, rmsProp, sgd } from "../train/optimisers.ts";
import { constantRate, cosine, oneCycle, type Schedule } from "../train/schedules.ts";
import { choiceOption, numberOption, textOption } from "./options.ts";

export const optimisers = {
  adam: (rate: number): Optimiser => adam(rate),
  adamw: (rate: number): Optimiser => adamW(rate),
  sgd: (rate: number): Optimiser => sgd(rate),
  momentum: (rate: number): Optimiser => sgd(rate, { momentum: 0.9 }),
  rmsprop: (rate: number): Optimiser => rmsProp(rate),
} as const;

export const schedules = {
  constant: (): Schedule => constantRate(),
  cosine: (): Schedule => cosine(),
  "one-cycle": (): Schedule => oneCycle(),
} as const;

/** Learning rates that suit each optimiser on small nets. */
const usualRates: Readonly<Record<keyof typeof optimisers, number>> = { adam: 3e-3, adamw: 3e-3, sgd: 0.1, momentum: 0.03, rmsprop: 1e-3 };

export interface TrainSettings {
  readonly dataset: string;
  readonly net: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimiser: keyof typeof optimisers;
  readonly learningRate: number;
  readonly schedule: keyof typeof schedules;
  readonly seed: number;
  /** Height and width for folders of pictures. */
  readonly size: number | undefined;
  /** Use only the first so many training pictures. */
  readonly limit: number | undefined;
}

const names = <T extends object>(table: T): readonly (keyof T & string)[] => Object.keys(table) as (keyof T & string)[];

/** Reads the settings from parsed options, filling in defaults. Throws `ArgumentError` that names the option. */
export function readSettings(given: Readonly<Record<string, unknown>>): TrainSettings {
  const optimiser = choiceOption("optimiser", given.optimiser, names(optimisers)) ?? "adam";
  return {
    dataset: textOption("dataset", given.dataset) ?? "mnist",
    net: textOption("net", given.net) ?? "lenet",
    epochs: numberOption("epochs", given.epochs, { min: 1, integer: true }) ?? 4,
    batchSize: numberOption("batch-size", given.batchSize, { min: 1, max: 65_536, integer: true }) ?? 64,
    optimiser,
    learningRate: numberOption("lr", given.lr, { min: Number.MIN_VALUE }) ?? usualRates[optimiser],
    schedule: choiceOption("schedule", given.schedule, names(schedules)) ?? "one-cycle",
    seed: numberOption("seed", given.seed, { integer: true }) ?? 0,
    size: numberOption("size", given.size, { min: 12, max: 1024, integer: true }),
    limit: numberOption("limit", given.limit, { min: 1, integer: true }),
  };
}

/** Settings from a run folder, where `--epochs` may ask for more than before. */
export function parseSettings(text: string, file: string, given: Readonly<Record<string, unknown>>): TrainSettings {
  for (const fixed of ["dataset", "net", "batchSize", "optimiser", "lr", "schedule", "seed", "size", "limit"]) {
    if (given[fixed] !== undefined) throw new ArgumentError(`--${fixed} cannot change when a run is resumed; only --epochs can`);
  }
  let stored: Record<string, unknown>;
  try {
    stored = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new ModelFormatError(`${file} is not JSON`, { cause });
  }
  return readSettings({ ...stored, lr: stored.learningRate, ...(given.epochs !== undefined && { epochs: given.epochs }) });
}

/** The command that gives the same run again. */
export function commandOf(settings: TrainSettings): string {
  const parts = [
    `--dataset ${/\s/.test(settings.dataset) ? JSON.stringify(settings.dataset) : settings.dataset}`,
    `--net ${settings.net}`,
    `--epochs ${settings.epochs}`,
    `--batch-size ${settings.batchSize}`,
    `--optimiser ${settings.optimiser}`,
    `--lr ${settings.learningRate}`,
    `--schedule ${settings.schedule}`,
    `--seed ${settings.seed}`,
    ...(settings.size === undefined ? [] : [`--size ${settings.size}`]),
    ...(settings.limit === undefined ? [] : [`--limit ${settings.limit}`]),
  ];
  return `fovea train ${parts.join(" ")}`;
}
