// From an experiment's plain data to what the library trains with.
import {
  type Augmentation,
  adam,
  adamW,
  compose,
  nadam,
  type Optimiser,
  randomAffine,
  randomFlip,
  randomTranslation,
  rmsProp,
  sgd,
  zoo,
} from "fovea";
import type { FitOptions, TrainingChange } from "fovea/train";
import type { AugmentationName, Experiment, Knobs } from "../experiment.ts";

function optimiserOf({ optimiser, rate, momentum, decay: weightDecay }: Knobs): Optimiser {
  const betas = [momentum, 0.999] as const;
  switch (optimiser) {
    case "sgd":
      return sgd(rate, { momentum, weightDecay });
    case "nesterov":
      return sgd(rate, { momentum, weightDecay, nesterov: true });
    case "adam":
      return adam(rate, { betas, weightDecay });
    case "adamW":
      return adamW(rate, { betas, weightDecay });
    case "nadam":
      return nadam(rate, { betas, weightDecay });
    case "rmsProp":
      return rmsProp(rate, { momentum, weightDecay });
  }
}

const augmentationOf: Readonly<Record<AugmentationName, () => Augmentation | undefined>> = {
  none: () => undefined,
  shift: () => randomTranslation({ pixels: 2, fill: "edge" }),
  flip: () => randomFlip(),
  "shift and flip": () => compose(randomTranslation({ pixels: 2, fill: "edge" }), randomFlip()),
  turn: () => randomAffine({ rotation: 10, scale: [0.9, 1.1], fill: "edge" }),
};

export function changeOf(knobs: Knobs): TrainingChange {
  return { optimiser: optimiserOf(knobs), batchSize: knobs.batch, augment: augmentationOf[knobs.augment]() };
}

/** Small data sets make thousands of epochs an hour. */
const mostRecords = 1000;

export function fitOptionsOf(experiment: Experiment): FitOptions {
  const augment = augmentationOf[experiment.augment]();
  return {
    optimiser: optimiserOf(experiment),
    batchSize: experiment.batch,
    seed: experiment.seed,
    mostRecords,
    ...(augment && { augment }),
    ...(experiment.threads > 0 && { threads: experiment.threads }),
  };
}

export function netOf({ net }: Experiment, classes: number): ReturnType<typeof zoo.buildNet> {
  return zoo.buildNet(zoo.readNet(net), classes);
}
