// When to stop because nothing gets better. A pure function of the learning curve, so that a resumed training decides the same.
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import type { EpochRecord } from "./checkpoint.ts";

export interface EarlyStop {
  /** Of the validation set if there is one, else of training (default "loss"). */
  readonly metric?: "loss" | "accuracy";
  /** Measurements without improvement before training ends (default 3). */
  readonly patience?: number;
  /** What counts as an improvement: more than this (default 0). */
  readonly minDelta?: number;
  /** Give back the parameters of the best epoch, not the last (default true). */
  readonly restoreBest?: boolean;
}

export interface StopVerdict {
  /** Whether the last measurement is the best so far. */
  readonly improved: boolean;
  readonly stop: boolean;
  readonly best: { readonly value: number; readonly epoch: number };
}

/** Throws `ArgumentError` for unknown names and impossible values. */
export function checkEarlyStop(where: string, options: EarlyStop): void {
  checkOptions(where, options, ["metric", "patience", "minDelta", "restoreBest"]);
  const { metric = "loss", patience = 3, minDelta = 0 } = options;
  if (metric !== "loss" && metric !== "accuracy")
    throw new ArgumentError(`${where}: metric is ${showGiven(metric)}; expected "loss" or "accuracy"`);
  if (!Number.isInteger(patience) || patience < 1)
    throw new ArgumentError(`${where}: patience is ${showGiven(patience)}; expected an integer >= 1`);
  if (!(minDelta >= 0)) throw new ArgumentError(`${where}: minDelta is ${showGiven(minDelta)}; expected a number >= 0`);
}

/** Judges after the last entry of a history that is not empty. Entries without validation are passed over if any entry has it. */
export function earlyStopping(options: EarlyStop, history: readonly EpochRecord[]): StopVerdict {
  checkEarlyStop("earlyStop", options);
  const { metric = "loss", patience = 3, minDelta = 0 } = options;
  const validated = history.filter((record) => record.validation !== undefined);
  const curve = (validated.length > 0 ? validated : history).map((record) => ({
    epoch: record.epoch,
    value: (record.validation ?? record)[metric],
  }));
  const sign = metric === "loss" ? -1 : 1;
  let at = 0;
  curve.forEach(({ value }, i) => {
    if (sign * (value - curve[at].value) > minDelta) at = i;
  });
  const waited = curve.length - 1 - at;
  return { improved: waited === 0, stop: waited >= patience, best: curve[at] };
}
