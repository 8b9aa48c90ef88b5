// What the page is told while it trains: small enough to send several times a second.
import type { CurvePoint } from "fovea/train";
import { type Change, type Knobs, knobsOf, type TestPoint } from "../experiment.ts";
import type { Run } from "./run.ts";

export interface Status {
  readonly step: number;
  /** Finished epochs, and pictures done in the unfinished one. */
  readonly epoch: number;
  readonly position: number;
  readonly epochSize: number;
  readonly curve: readonly CurvePoint[];
  readonly tests: readonly TestPoint[];
  readonly changes: readonly Change[];
  /** In force now, and at the first step. */
  readonly knobs: Knobs;
  readonly start: Knobs;
  /** Kept checkpoints, and the last step that was ever reached. */
  readonly times: readonly number[];
  readonly furthest: number;
  readonly keptBytes: number;
  /** The step at which the loss was no number any more. */
  readonly diverged: number | undefined;
  readonly last: { readonly loss: number; readonly accuracy: number } | undefined;
  /** Of the steps alone. */
  readonly picturesPerSecond: number;
}

export function statusOf(run: Run): Status {
  const { step, epoch, position } = run.training.state;
  const { pictures, seconds } = run.speed;
  return {
    step,
    epoch,
    position,
    epochSize: run.data.train.size,
    curve: run.curve.points,
    tests: run.tests,
    changes: run.changes,
    knobs: run.knobs,
    start: knobsOf(run.experiment),
    times: run.times.steps,
    furthest: run.furthest(),
    keptBytes: run.times.bytes,
    diverged: run.diverged,
    last: run.last && { loss: run.last.loss, accuracy: run.last.accuracy },
    picturesPerSecond: seconds > 0 ? pictures / seconds : 0,
  };
}
