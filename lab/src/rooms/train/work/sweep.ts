// The same experiment under several values of one setting, by the library's sweep.
import { openTraining, type SweepRow, sweep } from "fovea/train";
import type { Experiment } from "../experiment.ts";
import { dataOf, partOf } from "./data.ts";
import { fitOptionsOf, netOf } from "./settings.ts";

export interface SweepInput {
  readonly experiment: Experiment;
  readonly base: string;
  readonly knob: "rate" | "momentum" | "decay" | "batch" | "optimiser" | "augment" | "seed" | "pictures" | "net";
  readonly values: readonly (number | string)[];
  readonly steps: number;
}

export interface SweepProgress {
  readonly rows: readonly SweepRow[];
  readonly total: number;
}

export async function runSweep(
  { experiment, base, knob, values, steps }: SweepInput,
  signal: AbortSignal,
  report: (progress: SweepProgress) => void,
): Promise<{ readonly rows: readonly SweepRow[]; readonly csv: string }> {
  const rows: SweepRow[] = [];
  const table = await sweep(
    { [knob]: values },
    async (settings) => {
      const one: Experiment = { ...experiment, ...settings };
      const data = await dataOf(one, base);
      const training = await openTraining(netOf(one, data.train.classes.length), data.train, fitOptionsOf(one));
      try {
        let last = 0;
        for (let i = 0; i < steps; i++) {
          signal.throwIfAborted();
          last = (await training.step()).loss;
          if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve));
        }
        const { loss, accuracy } = await training.measure(partOf(data.test, 500), { signal });
        return { "training loss": last, "test loss": loss, "test accuracy": accuracy };
      } finally {
        training.release();
      }
    },
    {
      signal,
      onRow(row, _, total) {
        rows.push(row);
        report({ rows, total });
      },
    },
  );
  return { rows: table.rows, csv: table.toCsv() };
}
