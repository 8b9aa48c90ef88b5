// The training that this worker carries: it steps, measures, remembers, goes back and goes on. Everything that looks at the net takes turns
// with the steps, so nobody sees half a step.
import { type Model, type TrainAndTest, TrainingError } from "fovea";
import { type NetWatch, watch } from "fovea/lens";
import {
  type Checkpoint,
  type CurvePoint,
  type LearningCurve,
  type LiveTraining,
  learningCurve,
  openTraining,
  type Timeline,
  timeline,
} from "fovea/train";
import { type Change, type Experiment, type Knobs, knobsOf, type TestPoint } from "../experiment.ts";
import { partOf } from "./data.ts";
import { type Machine, machineOf } from "./machine.ts";
import { changeOf, fitOptionsOf, netOf } from "./settings.ts";

/** Test pictures that are measured while it trains. */
export const measuredPictures = 200;
export const healthBatch = 32;

export interface Run {
  /** What it began with. */
  experiment: Experiment;
  readonly data: TrainAndTest;
  readonly training: LiveTraining;
  /** As it began. */
  readonly start: Model;
  readonly watched: NetWatch;
  readonly curve: LearningCurve;
  readonly times: Timeline;
  /** Where its first step was made, and where it is now. */
  readonly origin: Machine;
  readonly machine: Machine;
  tests: TestPoint[];
  changes: Change[];
  /** In force now. */
  knobs: Knobs;
  /** Of the last step. */
  last: { readonly loss: number; readonly accuracy: number } | undefined;
  /** Steps, and the seconds that they took. */
  speed: { pictures: number; seconds: number };
  /** The step whose loss was no number any more, after which the run went back to a moment before. */
  diverged: number | undefined;
  /** Steps that were left by going back, and are forgotten when training goes on. */
  readonly furthest: () => number;
  /** Runs `work` between two steps. */
  turn<T>(work: () => Promise<T> | T): Promise<T>;
}

export interface SavedProgress {
  readonly curve: readonly CurvePoint[];
  readonly tests: readonly TestPoint[];
  readonly changes: readonly Change[];
}

export async function openRun(experiment: Experiment, data: TrainAndTest, saved?: SavedProgress, origin?: Machine): Promise<Run> {
  const training = await openTraining(netOf(experiment, data.train.classes.length), data.train, fitOptionsOf(experiment));
  const start = training.model();
  const machine = machineOf(training);
  let line: Promise<unknown> = Promise.resolve();
  const run: Run = {
    experiment,
    data,
    training,
    start,
    watched: watch(start, {
      batch: Math.min(healthBatch, data.train.size),
      ...(experiment.threads > 0 && { threads: experiment.threads }),
    }),
    curve: learningCurve({ most: 400, ...(saved && { points: saved.curve }) }),
    times: timeline(),
    origin: origin ?? machine,
    machine,
    tests: [...(saved?.tests ?? [])],
    changes: [...(saved?.changes ?? [])],
    knobs: knobsOf(experiment),
    last: undefined,
    diverged: undefined,
    speed: { pictures: 0, seconds: 0 },
    furthest: () => Math.max(run.training.state.step, run.curve.points.at(-1)?.step ?? 0),
    turn(work) {
      const done = line.then(work);
      line = done.catch(() => {});
      return done;
    },
  };
  run.times.keep(training.checkpoint());
  if (saved === undefined) await measureTest(run);
  return run;
}

export function closeRun(run: Run): void {
  run.training.release();
  run.watched.release();
}

/** Whether the test pictures are measured after this step: every tenth at first, later more rarely. A function of the step alone. */
export function testDue(step: number): boolean {
  let due = 0;
  while (due < step) due += 10 * Math.max(1, Math.ceil(due / 100));
  return due === step;
}

async function measureTest(run: Run): Promise<void> {
  const { loss, accuracy } = await run.training.measure(partOf(run.data.test, measuredPictures));
  const { step } = run.training.state;
  run.tests = [...run.tests.filter((point) => point.step < step), { step, loss, accuracy }];
}

/** One step with all that is due after it. Where its loss is no number any more, the run goes back to a moment before that. */
export async function advance(run: Run): Promise<void> {
  forgetFuture(run);
  run.diverged = undefined;
  try {
    await oneStep(run);
  } catch (error) {
    if (!(error instanceof TrainingError)) throw error;
    const { step } = run.training.state;
    // The step before has made the weights what they are.
    const checkpoint = run.times.at(Math.max(0, step - 1));
    if (checkpoint === undefined) throw error;
    await returnTo(run, checkpoint);
    run.diverged = step + 1;
  }
}

async function oneStep(run: Run): Promise<void> {
  const began = performance.now();
  const { batchSize } = run.training.state;
  const record = await run.training.step();
  run.speed.seconds += (performance.now() - began) / 1000;
  run.speed.pictures += batchSize;
  run.last = record;
  run.curve.add(record);
  const { step } = run.training.state;
  if (testDue(step)) await measureTest(run);
  if (run.times.due(step)) run.times.keep(run.training.checkpoint());
}

function forgetFuture(run: Run): void {
  const { step } = run.training.state;
  if (run.furthest() <= step) return;
  run.curve.cut(step);
  run.times.cut(step);
  run.tests = run.tests.filter((point) => point.step <= step);
  run.changes = run.changes.filter((change) => change.step <= step);
}

/** New knobs from the next step on. */
export async function changeKnobs(run: Run, knobs: Knobs): Promise<void> {
  forgetFuture(run);
  await run.training.change(changeOf(knobs));
  run.knobs = knobs;
  const { step } = run.training.state;
  if (step > 0) run.changes = [...run.changes.filter((change) => change.step < step), { step, knobs }];
  else {
    // No step was made under what stood before: the run begins with these.
    run.experiment = { ...run.experiment, ...knobs };
    run.changes = [];
    run.times.keep(run.training.checkpoint());
  }
}

/** Back (or forth) to the last kept checkpoint that is not after `step`, under the knobs of that time. */
export async function goTo(run: Run, step: number): Promise<void> {
  const checkpoint = run.times.at(step);
  if (checkpoint === undefined) return;
  // Where one stands now is kept, too, so that one can return.
  if (run.training.state.step === run.furthest()) run.times.keep(run.training.checkpoint());
  await returnTo(run, checkpoint);
  run.diverged = undefined;
}

async function returnTo(run: Run, checkpoint: Checkpoint): Promise<void> {
  const then =
    run.changes.filter((change) => change.step < checkpoint.state.step || change.step === 0).at(-1)?.knobs ?? knobsOf(run.experiment);
  await run.training.change(changeOf(then));
  run.training.restore(checkpoint);
  run.knobs = then;
}
