// A run as one file, and everything that leaves the room. The file is a zip archive of what `fovea train` keeps in a run folder, and of the
// curves: unpacked, the command line can go on with it where it knows the data.

import {
  evaluate,
  type Model,
  type Preprocessing,
  report as reports,
  unnormalise,
  writeFoveaSource,
  writeModel,
  writeOnnx,
  writePyTorch,
} from "fovea";
import { readZip, writeZip } from "fovea/io";
import { DataError } from "fovea/tensor";
import { decodeCheckpoint, encodeCheckpoint, openTraining } from "fovea/train";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";
import { nextTurn } from "../../../engine/turn.ts";
import { type Experiment, type Knobs, knobsOf } from "../experiment.ts";
import { trainingCode } from "./code.ts";
import { dataOf } from "./data.ts";
import { type Machine, machineDifferences, machineParts, readMachine } from "./machine.ts";
import { openRun, type Run, type SavedProgress } from "./run.ts";
import { changeOf, fitOptionsOf, netOf } from "./settings.ts";

interface SavedRun extends SavedProgress {
  readonly format: "fovea-lab-run";
  readonly version: 1;
  readonly experiment: Experiment;
  /** Where its first step was made. */
  readonly machine?: Machine;
}

const architectureOf = ({ net }: Experiment): string => `net: ${net}`;

export interface PublishedModel {
  readonly bytes: Uint8Array;
  readonly inputShape: readonly number[];
  readonly classes: readonly string[];
  readonly preprocessing: Preprocessing | undefined;
  readonly samples: readonly { readonly label: number; readonly pixels: Numbers }[];
}

/** The net as it is now, for the other rooms. */
export async function published({ training, experiment, data: { test } }: Run): Promise<PublishedModel> {
  const model = training.model();
  return {
    bytes: writeModel(model, architectureOf(experiment)),
    inputShape: model.inputShape,
    classes: test.classes,
    preprocessing: model.preprocessing,
    samples: Array.from({ length: Math.min(12, test.size) }, (_, k) => {
      const i = Math.floor((k * test.size) / Math.min(12, test.size));
      return { label: test.label(i), pixels: toNumbers(unnormalise(test.image(i), test.normalisation)) };
    }),
  };
}

export async function savedRun(run: Run): Promise<Uint8Array> {
  const { experiment, training, curve, tests, changes, knobs, origin } = run;
  const checkpoint = training.checkpoint();
  const { step } = checkpoint.state;
  const saved: SavedRun = {
    format: "fovea-lab-run",
    version: 1,
    experiment,
    machine: origin,
    curve: curve.points.filter((point) => point.step <= step),
    tests: tests.filter((point) => point.step <= step),
    changes: changes.filter((change) => change.step <= step),
  };
  const forCommandLine = commandLineSettings({ ...experiment, ...knobs }, checkpoint.state.epoch);
  return writeZip(
    new Map<string, Uint8Array | string>([
      ["lab.json", `${JSON.stringify(saved, null, 1)}\n`],
      ["model.safetensors", writeModel(training.model(), architectureOf(experiment))],
      ...Object.entries(encodeCheckpoint(checkpoint)).map(([name, contents]): [string, Uint8Array | string] => [
        `checkpoint/${name}`,
        contents,
      ]),
      ...(forCommandLine === undefined ? [] : [["settings.json", `${JSON.stringify(forCommandLine, null, 2)}\n`] as [string, string]]),
    ]),
    { compress: true },
  );
}

/** What `fovea train --resume` reads; undefined where the command line has no words for the experiment. */
function commandLineSettings(experiment: Experiment, epochs: number): object | undefined {
  const { data, optimiser, momentum, decay, augment, seed, dataSeed, batch, rate, pictures } = experiment;
  const usual: Readonly<Record<string, string | undefined>> = {
    "adam 0.9 0": "adam",
    "adamW 0.9 0.01": "adamw",
    "sgd 0 0": "sgd",
    "sgd 0.9 0": "momentum",
    "rmsProp 0 0": "rmsprop",
  };
  const name = usual[`${optimiser} ${momentum} ${decay}`];
  const known = data === "mnist" || data === "fashion" || (data === "grey" && seed === dataSeed);
  if (name === undefined || !known || augment !== "none") return undefined;
  const dataset = data === "grey" ? "synthetic" : data === "mnist" ? "mnist" : "fashion-mnist";
  const net = architectureOf(experiment);
  return {
    dataset,
    net,
    epochs: epochs + 2,
    batchSize: batch,
    optimiser: name,
    learningRate: rate,
    schedule: "constant",
    seed,
    limit: pictures,
  };
}

/** Opens what `savedRun` wrote. Throws the library's errors, and `DataError` where the pictures are not here. */
export async function openSaved(bytes: Uint8Array, name: string, base: string): Promise<Run> {
  const files = readZip(bytes, { name, limit: 2 ** 30 });
  const text = files.get("lab.json");
  if (text === undefined) throw new DataError(`${name}: there is no lab.json in it, so it is not a run that was saved here`);
  const saved = JSON.parse(new TextDecoder().decode(text)) as SavedRun;
  if (saved.format !== "fovea-lab-run" || saved.version !== 1) throw new DataError(`${name}: its lab.json is not of a run, version 1`);
  const prefix = "checkpoint/";
  const parts = [...files]
    .filter(([path]) => path.startsWith(prefix))
    .map(([path, contents]) => [path.slice(prefix.length), contents] as const);
  const checkpoint = decodeCheckpoint(Object.fromEntries(parts), name);
  const { experiment } = saved;
  const run = await openRun(experiment, await dataOf(experiment, base), saved, readMachine(saved.machine, name));
  const knobs = saved.changes.at(-1)?.knobs ?? knobsOf(experiment);
  await run.training.change(changeOf(knobs));
  run.knobs = knobs;
  run.training.restore(checkpoint);
  run.times.keep(run.training.checkpoint());
  run.curve.cut(checkpoint.state.step);
  // Opening is no step back: nothing that was saved lies in the future.
  for (const point of saved.curve) if (point.step > (run.curve.points.at(-1)?.step ?? 0)) run.curve.add(point);
  run.tests = [...saved.tests];
  run.changes = [...saved.changes];
  return run;
}

export interface Replayed {
  readonly same: boolean;
  readonly step: number;
  /** What makes equal bits impossible: parts of the machine, there and here. */
  readonly others: readonly { readonly part: keyof Machine; readonly there: string; readonly here: string }[];
}

/** Trains the same from the start, with every change at its step, and compares all parameters bit for bit. */
export async function replayed(run: Run, signal: AbortSignal, report: (done: unknown) => void): Promise<Replayed> {
  const { experiment, data, changes } = run;
  const end = run.training.checkpoint();
  const again = await openTraining(netOf(experiment, data.train.classes.length), data.train, fitOptionsOf(experiment));
  try {
    const apply = async (knobs: Knobs | undefined): Promise<void> => {
      if (knobs !== undefined) await again.change(changeOf(knobs));
    };
    while (again.state.step < end.state.step) {
      signal.throwIfAborted();
      await apply(changes.findLast((change) => change.step === again.state.step)?.knobs);
      await again.step();
      if (again.state.step % 5 === 0) {
        report({ done: again.state.step, total: end.state.step });
        await nextTurn();
      }
    }
    const model = again.checkpoint().model;
    const same = [...end.model].every(([name, tensor]) => {
      const other = model.get(name)?.data;
      return other !== undefined && tensor.data.every((value, i) => Object.is(value, other[i]));
    });
    return { same, step: end.state.step, others: othersOf(run) };
  } finally {
    again.release();
  }
}

export function othersOf({ origin, machine }: Run): Replayed["others"] {
  return machineDifferences(origin, machine).map((part) => ({ part, there: String(origin[part]), here: String(machine[part]) }));
}

export type ExportKind = "onnx" | "safetensors" | "training" | "typescript" | "python" | "report";

export async function exported(run: Run, kind: ExportKind, signal: AbortSignal): Promise<Uint8Array | string> {
  const model = run.training.model();
  switch (kind) {
    case "onnx":
      return writeOnnx(model);
    case "safetensors":
      return writeModel(model, architectureOf(run.experiment));
    case "training": {
      const { experiment, changes, training, machine } = run;
      return trainingCode(experiment, changes, training.state.step, machineParts.map((part) => `${part} ${machine[part]}`).join(", "));
    }
    case "typescript":
      return writeFoveaSource(model);
    case "python":
      return writePyTorch(model, { weights: "net.safetensors" });
    case "report":
      return reportOf(run, model, signal);
  }
}

async function reportOf({ data, experiment, training, curve, machine }: Run, model: Model, signal: AbortSignal): Promise<string> {
  const { state } = training;
  const evaluation = await evaluate(model, data.test, { signal });
  const described = await reports.describeTraining(
    {
      title: `${data.train.name}, step ${state.step}`,
      model,
      data,
      history: state.history,
      steps: curve.points.map(({ step, loss, accuracy }) => ({ step, loss, accuracy, epoch: 1, learningRate: experiment.rate })),
      evaluation,
      seed: experiment.seed,
      machine: `fovea lab, ${machine.backend}, ${machine.threads} ${machine.threads === 1 ? "thread" : "threads"}`,
    },
    { steps: 64, top: 6, signal },
  );
  return reports.writeReport(described);
}
