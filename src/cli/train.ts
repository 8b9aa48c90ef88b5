// fovea train: trains a net on pictures, tests it, and writes a run folder with model, metrics and a report that shows what it learnt.

import type { CAC } from "cac";
import { writeFileAtomically } from "#platform";
import type { TrainAndTest } from "../data/dataset.ts";
import { openDataset } from "../data/open.ts";
import { firstOf } from "../data/select.ts";
import { writeModel } from "../io/model-file.ts";
import { createModel, type Model } from "../nn/model.ts";
import { writeReport } from "../report/report.ts";
import { describeTraining } from "../report/training-report.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { type EpochRecord, loadCheckpoint } from "../train/checkpoint.ts";
import { type Evaluation, evaluate } from "../train/evaluate.ts";
import { fit, type StepRecord } from "../train/fit.ts";
import { architecture } from "../zoo/registry.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { type MachineOptions, machineOptions, textOption } from "./options.ts";
import { progressBar, showCount, showDuration, showPercent } from "./progress.ts";
import { createRunFolder, openRunFolder, type RunFolder } from "./run-folder.ts";
import { commandOf, optimisers, readSettings, schedules, type TrainSettings } from "./settings.ts";

export function addTrainCommand(cli: CAC, signal: AbortSignal): void {
  cli
    .command("train", "Train a CNN on pictures, test it, and report what its neurons respond to")
    .option(
      "--dataset <name|folder>",
      "mnist, fashion-mnist, synthetic, or a folder: IDX files, or one subfolder per class (default: mnist)",
    )
    .option("--net <name>", "Any classifier of the zoo, such as lenet, lenet5, resnet20-cifar (default: lenet)")
    .option("--epochs <n>", "Passes over the training pictures (default: 4)")
    .option("--batch-size <n>", "Pictures per step (default: 64)")
    .option("--optimiser <name>", `${Object.keys(optimisers).join(", ")} (default: adam)`)
    .option("--lr <rate>", "Learning rate (default: what suits the optimiser)")
    .option("--schedule <name>", `${Object.keys(schedules).join(", ")} (default: one-cycle)`)
    .option("--seed <n>", "Decides everything random (default: 0)")
    .option("--size <pixels>", "Height and width that pictures of a folder get (default: 64)")
    .option("--limit <n>", "Use only the first n training pictures")
    .option("--out <folder>", "Where the run goes (default: runs/<dataset>-<net>-<n>)")
    .option("--resume <folder>", "Go on with an interrupted run; --epochs may ask for more")
    .option("--layer <name>", "Layer whose channels the report explains (default: the last convolution)")
    .option("--no-report", "Leave the report out")
    .option("--device <name>", "auto, wasm or reference (default: auto)")
    .option("--threads <n>", "Threads (default: all cores)")
    .example("fovea train")
    .example("fovea train --dataset fashion-mnist --epochs 8 --out runs/clothes")
    .example("fovea train --dataset my-pictures/ --size 48")
    .example("fovea train --resume runs/clothes --epochs 12")
    .action((options: Readonly<Record<string, unknown>>) => train(options, signal));
}

/** What nets that are no classifiers give. */
const given = { maps: "one map per class", picture: "a picture", realness: 'one score for "real"' } as const;

async function train(options: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void> {
  const machine = machineOptions(options);
  const layer = textOption("layer", options.layer);
  const resume = textOption("resume", options.resume);
  const out = textOption("out", options.out);
  const opened = resume === undefined ? undefined : await openRunFolder(resume, options);
  const settings = opened?.settings ?? readSettings(options);
  const { build, gives } = architecture(settings.net);
  if (gives !== undefined) {
    throw new ArgumentError(`fovea train needs a net that gives one score per class, but ${settings.net} gives ${given[gives]}`);
  }
  const data = await openData(settings);
  const { imageShape, classes } = data.train;
  const net = build(imageShape, classes.length);
  // A misspelt layer must not cost a whole training: the first model is made here only to ask it.
  if (layer !== undefined) createModel(net, imageShape).field(layer);
  const folder = opened?.folder ?? (await createRunFolder(out, settings));
  const say = (line: string): void => void process.stderr.write(`${line}\n`);

  say(
    `${settings.net} on ${data.train.name}: ${showCount(data.train.size)} training and ${showCount(data.test.size)} test pictures of ${imageShape.join(" × ")}`,
  );
  const { model, history, steps } = await fitWithProgress(net, data, settings, folder, {
    machine,
    signal,
    resumed: resume !== undefined,
  });
  await writeFileAtomically(folder.model, writeModel(model, settings.net));

  const evaluation = await evaluate(model, data.test, { ...machine, signal });
  const described = await describeMachine(model, machine);
  await writeFileAtomically(folder.metrics, `${JSON.stringify(metrics(settings, history, evaluation, described), null, 2)}\n`);
  say(`test: ${showPercent(evaluation.accuracy)} of ${showCount(evaluation.count)} pictures right, loss ${evaluation.loss.toFixed(4)}`);

  if (options.report !== false) {
    const bar = progressBar("report");
    try {
      const report = await describeTraining(
        {
          title: `${settings.net} on ${data.train.name.split(",")[0]}`,
          model,
          data,
          history,
          steps,
          evaluation,
          seed: settings.seed,
          machine: described.words,
          command: commandOf(settings),
          notes: described.notes,
        },
        { ...machine, ...(layer !== undefined && { layer }), signal, onProgress: (stage, done, total) => bar.update(done, total, stage) },
      );
      await writeFileAtomically(folder.report, writeReport(report));
      bar.finish(`report: ${folder.report}`);
    } finally {
      bar.clear();
    }
  }
  say(`all of it is in ${folder.path}`);
}

async function openData({ dataset, size, seed, limit }: TrainSettings): Promise<TrainAndTest> {
  const data = await openDataset(dataset, { seed, ...(size !== undefined && { size }) });
  return limit === undefined || limit >= data.train.size ? data : { train: firstOf(data.train, limit), test: data.test };
}

interface FitContext {
  readonly machine: MachineOptions;
  readonly signal: AbortSignal;
  readonly resumed: boolean;
}

async function fitWithProgress(
  net: Parameters<typeof fit>[0],
  data: TrainAndTest,
  settings: TrainSettings,
  folder: RunFolder,
  { machine, signal, resumed }: FitContext,
): Promise<{ model: Model; history: EpochRecord[]; steps: StepRecord[] }> {
  const history: EpochRecord[] = resumed ? [...(await loadCheckpoint(folder.checkpoint)).state.history] : [];
  if ((history.at(-1)?.epoch ?? 0) >= settings.epochs) {
    process.stderr.write(
      `all ${settings.epochs} epochs are done already; ask for more with --epochs ${settings.epochs + 2}. Testing again.\n`,
    );
  }
  const steps: StepRecord[] = [];
  let bar = progressBar("");
  let speed = 0;
  try {
    const model = await fit(net, data.train, {
      ...machine,
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      optimiser: optimisers[settings.optimiser](settings.learningRate),
      schedule: schedules[settings.schedule](),
      seed: settings.seed,
      validation: data.test,
      checkpoint: { folder: folder.checkpoint },
      ...(resumed && { resume: folder.checkpoint }),
      signal,
      onStep: (record) => void steps.push(record),
      onProgress(p) {
        if (p.step === 1 || (p.step - 1) % (p.steps / p.epochs) === 0) bar = progressBar(`epoch ${p.epoch}/${p.epochs}`);
        speed = p.picturesPerSecond;
        const stepsPerEpoch = p.steps / p.epochs;
        const detail = `loss ${p.loss.toFixed(3)} · ${showPercent(p.accuracy)} · ${showCount(p.picturesPerSecond)} pictures/s · ${showDuration(p.secondsLeft)} left`;
        bar.update(p.step - (p.epoch - 1) * stepsPerEpoch, stepsPerEpoch, detail);
      },
      onEpoch(e) {
        history.push(e);
        const test = e.validation === undefined ? "" : ` · test ${showPercent(e.validation.accuracy)}`;
        bar.finish(
          `epoch ${e.epoch}/${settings.epochs}: loss ${e.loss.toFixed(4)} · ${showPercent(e.accuracy)}${test} · ${showCount(speed)} pictures/s · ${showDuration(e.seconds)}`,
        );
      },
    });
    return { model, history, steps };
  } catch (error) {
    bar.clear();
    if (signal.aborted) process.stderr.write(`stopped; nothing is lost. Go on with: fovea train --resume ${folder.path}\n`);
    throw error;
  }
}

function metrics(settings: TrainSettings, history: readonly EpochRecord[], evaluation: Evaluation, machine: Machine): object {
  const { accuracy, loss, count, confusion, perClass } = evaluation;
  return { settings, machine, history, test: { accuracy, loss, count, errors: count - Math.round(accuracy * count), perClass, confusion } };
}
