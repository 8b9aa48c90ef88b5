// The room's settings, as they stand in the address: the whole experiment, and what is looked at.
import { type Field, oneOf, real, text, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";
import { augmentations, dataNames, type Experiment, firstNet, optimiserNames, type StopRules } from "./experiment.ts";
import { spanNames } from "./sheets.ts";

export const panels = ["see", "health", "evaluate", "slow", "compare", "sweep", "try", "files"] as const;
export type Panel = (typeof panels)[number];

/** Numbers that are written as short as they are read. */
const amount = (fallback: number, least: number, most: number): Field<number> => real(fallback, least, most);

export const view = roomState("train", {
  data: oneOf(dataNames, "shapes"),
  dataSeed: whole(0, 0, 999_999),
  pictures: whole(2000, 10, 1_000_000),
  /** The net as text. Not called `net`: that is the session's, the one that rooms look at. */
  arch: text(firstNet),
  optimiser: oneOf(optimiserNames, "adam"),
  rate: amount(0.003, 0, 1000),
  momentum: amount(0.9, 0, 0.9999),
  decay: amount(0, 0, 10),
  batch: whole(32, 1, 4096),
  augment: oneOf(augmentations, "none"),
  seed: whole(0, 0, 999_999),
  threads: whole(0, 0, 8),
  /** Where the training stood when the link was made. */
  step: whole(0, 0),
  panel: oneOf(panels, "see"),
  layer: text(""),
  /** Which parameter of the layer. */
  part: text(""),
  what: oneOf(["values", "gradients"], "values"),
  /** What colours span. */
  span: oneOf(spanNames, "layer"),
  fixed: amount(1, 1e-6, 1e9),
  size: amount(1, 1, 4),
  picture: whole(0, 0),
  stopSteps: whole(0, 0),
  stopEpochs: whole(0, 0),
  stopSeconds: whole(0, 0),
  stopAccuracy: amount(0, 0, 1),
  stopPlateau: whole(0, 0),
});

export function experimentOf(from: typeof view = view): Experiment {
  const { data, dataSeed, pictures, arch: net, optimiser, rate, momentum, decay, batch, augment, seed, threads } = from;
  return { data, dataSeed, pictures, net, optimiser, rate, momentum, decay, batch, augment, seed, threads };
}

export function stopRules(): StopRules {
  const { stopSteps: steps, stopEpochs: epochs, stopSeconds: seconds, stopAccuracy: accuracy, stopPlateau: plateau } = view;
  return { steps, epochs, seconds, accuracy, plateau };
}
