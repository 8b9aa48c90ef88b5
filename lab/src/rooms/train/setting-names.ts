// What settings are called where they are listed.
import { speak } from "../../words/words.ts";
import type { Experiment } from "./experiment.ts";
import type { VariedName } from "./vary.ts";
import { trainWords } from "./words.ts";

export function settingNames(): Record<keyof Experiment | VariedName, string> {
  const t = speak(trainWords);
  const { data, dataSeed, pictures, optimiser, rate, momentum, decay, batch, augment, seed, threads, activation, initialisation, dropout } =
    t;
  return {
    data,
    dataSeed,
    pictures,
    net: t.network,
    optimiser,
    rate,
    momentum,
    decay,
    batch,
    augment,
    seed,
    threads,
    activation,
    initialisation,
    dropout,
  };
}
