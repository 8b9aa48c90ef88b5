// What a training is: everything that its result depends on, as plain data between page, worker, address and run file.

export const dataNames = ["shapes", "grey", "mnist", "fashion", "own"] as const;
export type DataName = (typeof dataNames)[number];
export const optimiserNames = ["adam", "sgd", "nesterov", "adamW", "nadam", "rmsProp"] as const;
export type OptimiserName = (typeof optimiserNames)[number];
export const augmentations = ["none", "shift", "flip", "shift and flip", "turn"] as const;
export type AugmentationName = (typeof augmentations)[number];

/** What is trained at first. */
export const firstNet =
  "conv(8 3 pad=same) relu maxpool(2) conv(12 3 pad=same) relu maxpool(2) conv(16 3 pad=same) relu maxpool(2) flatten linear(out)";

/** What can change between two steps. */
export interface Knobs {
  readonly optimiser: OptimiserName;
  readonly rate: number;
  /** Of descent; the decay of the first moment of the adaptive ones. */
  readonly momentum: number;
  /** Weight decay. */
  readonly decay: number;
  readonly batch: number;
  readonly augment: AugmentationName;
}

export interface Experiment extends Knobs {
  readonly data: DataName;
  /** Of generated pictures, and of the split of own ones. */
  readonly dataSeed: number;
  /** Training pictures to use; fewer where there are fewer. */
  readonly pictures: number;
  /** As `zoo.readNet` reads it. */
  readonly net: string;
  /** Of first weights, order and dropout. */
  readonly seed: number;
  /** 0: as many as the machine has. */
  readonly threads: number;
}

/** Ends training by itself; 0 means never. */
export interface StopRules {
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  /** Test accuracy, 0..1. */
  readonly accuracy: number;
  /** Test measurements without a lower loss. */
  readonly plateau: number;
}

export type StopReason = "paused" | "diverged" | keyof StopRules;

/** A change of the knobs while it ran, in force from the step after `step`. */
export interface Change {
  readonly step: number;
  readonly knobs: Knobs;
}

export interface TestPoint {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

export const knobNames = ["optimiser", "rate", "momentum", "decay", "batch", "augment"] as const satisfies readonly (keyof Knobs)[];

export function knobsOf({ optimiser, rate, momentum, decay, batch, augment }: Knobs): Knobs {
  return { optimiser, rate, momentum, decay, batch, augment };
}

/** Names of the settings in which two experiments differ. */
export function differences(a: Experiment, b: Experiment): (keyof Experiment)[] {
  return (Object.keys(a) as (keyof Experiment)[]).filter((name) => a[name] !== b[name]);
}
