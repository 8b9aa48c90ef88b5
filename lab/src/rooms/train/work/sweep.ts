// The same experiment under several values of one setting or two, by the library's sweep, each run with its curve.
import { learningCurve, openTraining, type SweepRow, sweep } from "fovea/train";
import { nextTurn } from "../../../engine/turn.ts";
import type { Experiment } from "../experiment.ts";
import { type VariedName, withValue } from "../vary.ts";
import { dataOf, partOf } from "./data.ts";
import { fitOptionsOf, netOf } from "./settings.ts";

export interface SweepInput {
  readonly experiment: Experiment;
  readonly base: string;
  /** One or two settings with their values; the last turns fastest. */
  readonly knobs: Readonly<Partial<Record<VariedName, readonly (number | string)[]>>>;
  readonly steps: number;
}

export interface SweepPoint {
  readonly step: number;
  readonly loss: number;
}

export interface SweptRun {
  readonly row: SweepRow;
  readonly training: readonly SweepPoint[];
  readonly test: readonly SweepPoint[];
}

export interface SweepProgress {
  readonly runs: readonly SweptRun[];
  readonly total: number;
  /** Of the run that is being trained. */
  readonly step: number;
}

/** Test measurements of a run, beginning and end included. */
const measurements = 6;

export async function runSweep(
  { experiment, base, knobs, steps }: SweepInput,
  signal: AbortSignal,
  report: (progress: SweepProgress) => void,
): Promise<{ readonly runs: readonly SweptRun[]; readonly csv: string }> {
  const runs: SweptRun[] = [];
  const total = Object.values(knobs).reduce((product, values) => product * (values?.length ?? 1), 1);
  let curves: Pick<SweptRun, "training" | "test"> = { training: [], test: [] };
  const table = await sweep(
    knobs as Readonly<Record<string, readonly (number | string)[]>>,
    async (settings) => {
      curves = { training: [], test: [] };
      const one = Object.entries(settings).reduce((made, [name, value]) => withValue(made, name as VariedName, value), experiment);
      const data = await dataOf(one, base, { signal });
      const training = await openTraining(netOf(one, data.train.classes.length), data.train, fitOptionsOf(one));
      const curve = learningCurve({ most: 80 });
      const tested: SweepPoint[] = [];
      const held = partOf(data.test, 500);
      try {
        let last = { loss: Number.NaN, accuracy: Number.NaN };
        const due = new Set(Array.from({ length: measurements }, (_, i) => Math.round((i * steps) / (measurements - 1))));
        for (let step = 0; ; step++) {
          signal.throwIfAborted();
          if (due.has(step)) {
            last = await training.measure(held, { signal });
            tested.push({ step, loss: last.loss });
            report({ runs, total, step });
          }
          if (step === steps) break;
          curve.add(await training.step());
          if (step % 10 === 9) await nextTurn();
        }
        const loss = curve.points.at(-1)?.loss ?? Number.NaN;
        return { "training loss": loss, "test loss": last.loss, "test accuracy": last.accuracy };
      } finally {
        curves = { training: curve.points.map((point) => ({ step: point.step, loss: point.loss })), test: tested };
        training.release();
      }
    },
    {
      signal,
      onRow(row) {
        runs.push({ row, ...curves });
        report({ runs, total, step: 0 });
      },
    },
  );
  return { runs, csv: table.toCsv() };
}
