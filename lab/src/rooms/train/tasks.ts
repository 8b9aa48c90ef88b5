// What the training worker does for this room. It holds one run at a time.
import { calibration, datasetFromFiles, encodePng, type Model, tensorToPicture, unnormalise } from "fovea";
import type { LayerHealth } from "fovea/lens";
import type { Tensor } from "fovea/tensor";
import type { Calibration, ClassMetrics } from "fovea/train";
import type { TaskContext } from "../../engine/context.ts";
import { inputOf } from "../../engine/look.ts";
import { type Numbers, toNumbers, toTensor } from "../../engine/tensors.ts";
import { nextTurn } from "../../engine/turn.ts";
import type { Experiment, Knobs, StopReason, StopRules } from "./experiment.ts";
import { dataOf, partOf, setOwn } from "./work/data.ts";
import {
  type ExportKind,
  exported,
  openSaved,
  othersOf,
  type PublishedModel,
  published,
  type Replayed,
  replayed,
  savedRun,
} from "./work/files.ts";
import { filmOf } from "./work/film.ts";
import { advance, changeKnobs, closeRun, goTo, healthBatch, measuredPictures, openRun, type Run } from "./work/run.ts";
import { type SlowStep, slowStep } from "./work/slow.ts";
import { type Status, statusOf } from "./work/status.ts";
import { runSweep, type SweepInput } from "./work/sweep.ts";

export type { Status } from "./work/status.ts";

/** Milliseconds between two reports: what the page draws for each, it draws on a core that the training would use. */
const reportEvery = 200;

let current: Run | undefined;
let pausing = false;

function theRun(): Run {
  if (current === undefined) throw new Error("no run is open");
  return current;
}

export interface Opened {
  readonly status: Status;
  readonly classes: readonly string[];
  readonly imageShape: readonly number[];
  readonly train: number;
  readonly test: number;
  readonly parameters: number;
  readonly layers: readonly OpenedLayer[];
  /** Layers that have kernels. */
  readonly kernels: readonly string[];
  readonly normalisation: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
  readonly stepsPerEpoch: number;
  /** Test pictures that are measured while it trains. */
  readonly measured: number;
  /** Why its bits cannot come again here, of a run from a file. */
  readonly others: Replayed["others"];
}

export interface OpenedLayer {
  readonly name: string;
  readonly kind: string;
  /** Without the batch axis. */
  readonly shape: readonly number[];
  /** Of what it is made from, where that is a layer before it. */
  readonly inputShape: readonly number[];
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export interface LookInput {
  /** This parameter. */
  readonly parameter?: string;
  /** Its gradient instead. */
  readonly gradient?: boolean;
  /** What this layer makes of a test picture. */
  readonly maps?: string;
  readonly mapGradient?: boolean;
  readonly picture?: number;
  readonly health?: boolean;
}

export interface Look {
  readonly step: number;
  readonly parameter?: Numbers;
  readonly maps?: Numbers;
  /** What the same spans over all layers: parameters of kernels and matrices, and maps. */
  readonly spans: { readonly parameters: Span; readonly maps: Span };
  readonly picture?: Numbers;
  readonly label?: number;
  readonly probabilities?: readonly number[];
  readonly pictureLoss?: number;
  readonly health?: readonly LayerHealth[];
  /** What looking cost; the page looks again after some times as long. */
  readonly milliseconds: number;
}

/** The least and the greatest of many numbers. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

export interface OwnInput {
  /** Paths and contents. */
  readonly files: readonly (readonly [string, Uint8Array])[];
  readonly drawn: readonly { readonly label: string; readonly pixels: Numbers }[];
  readonly size: number;
  readonly channels: 1 | 3;
  readonly seed: number;
}

export interface OwnData {
  readonly train: number;
  readonly test: number;
  readonly classes: readonly string[];
}

export interface Evaluated {
  readonly step: number;
  readonly count: number;
  readonly accuracy: number;
  readonly loss: number;
  /** [true class][predicted class]. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassMetrics[];
  readonly calibration: Calibration;
  /** Greatest loss first, right ones included. */
  readonly hardest: readonly HardPicture[];
}

/** A picture that the net finds hard. */
export interface HardPicture {
  readonly index: number;
  readonly label: number;
  readonly predicted: number;
  readonly probability: number;
  readonly loss: number;
  readonly pixels: Numbers;
}

function layersOf(model: Model): OpenedLayer[] {
  return model.trace().layers.map(({ name, kind, value, input, parameters }) => ({
    name,
    kind,
    shape: value.shape.slice(1),
    inputShape: input.shape.slice(1),
    parameters: parameters.map((own) => ({ name: own, shape: model.parameters.get(own)?.shape ?? [] })),
  }));
}

/** The run is the worker's from now on. */
function adopt(run: Run): Opened {
  if (current !== undefined) closeRun(current);
  current = run;
  const { data, experiment } = run;
  const summary = run.start.summary();
  return {
    status: statusOf(run),
    classes: data.train.classes,
    imageShape: data.train.imageShape,
    train: data.train.size,
    test: data.test.size,
    parameters: run.start.parameterCount,
    layers: layersOf(run.start),
    kernels: summary.layers.filter(({ name }) => run.start.parameters.get(`${name}.weight`)?.rank === 4).map(({ name }) => name),
    normalisation: data.train.normalisation,
    stepsPerEpoch: Math.ceil(data.train.size / experiment.batch),
    measured: Math.min(measuredPictures, data.test.size),
    others: othersOf(run),
  };
}

const mostHard = 24;
/** Of each kind of mistake, so that every cell of the confusion matrix has some. */
const mostOfKind = 3;

async function evaluated({ training, data: { test } }: Run, { signal, report }: TaskContext): Promise<Evaluated> {
  const onProgress = (done: number, total: number): void => report({ done, total });
  const { count, accuracy, loss, confusion, perClass, predictions, labels, losses, probabilities } = await training.measure(test, {
    signal,
    onProgress,
  });
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => losses[b] - losses[a] || a - b);
  const ofKind = new Map<string, number>();
  const chosen = order.filter((i, place) => {
    const kind = `${labels[i]} ${predictions[i]}`;
    const before = ofKind.get(kind) ?? 0;
    ofKind.set(kind, before + 1);
    return place < mostHard || (labels[i] !== predictions[i] && before < mostOfKind);
  });
  return {
    step: training.state.step,
    count,
    accuracy,
    loss,
    confusion,
    perClass,
    calibration: calibration(probabilities, labels),
    hardest: chosen.map((index) => ({
      index,
      label: labels[index],
      predicted: predictions[index],
      probability: probabilities.at(index, predictions[index]),
      loss: losses[index],
      pixels: toNumbers(unnormalise(test.image(index), test.normalisation)),
    })),
  };
}

export const tasks = {
  /** Prepares a run: data, net, compiled steps. Nothing is trained. */
  async open(
    { experiment, base }: { readonly experiment: Experiment; readonly base: string },
    { signal, report }: TaskContext,
  ): Promise<Opened> {
    const data = await dataOf(experiment, base, { signal, onProgress: (done, total) => report({ done, total }) });
    const run = await openRun(experiment, data);
    if (signal.aborted) closeRun(run);
    signal.throwIfAborted();
    return adopt(run);
  },

  /** The reader's own files, and pictures that were drawn or taken here, as a data set for experiments on "own". */
  async useFiles({ files, drawn, size, channels, seed }: OwnInput): Promise<OwnData> {
    const made = drawn.map(({ label, pixels }, i): [string, Uint8Array] => [
      `${label}/${i}.png`,
      encodePng(tensorToPicture(toTensor(pixels))),
    ]);
    const { train, test } = await datasetFromFiles(new Map([...files, ...made]), { size, channels, seed });
    setOwn({ train, test });
    return { train: train.size, test: test.size, classes: train.classes };
  },

  /** All test pictures: what is right, what is taken for what, how far its confidence can be believed, and what it finds hardest. */
  evaluate(_: null, context: TaskContext): Promise<Evaluated> {
    const run = theRun();
    return run.turn(() => evaluated(run, context));
  },

  /** What the net makes of a picture that was drawn or brought. */
  classify(pixels: Numbers): Promise<readonly number[]> {
    const run = theRun();
    return run.turn(async () => {
      run.watched.load(run.training.checkpoint().model);
      return Array.from((await run.watched.picture(inputOf(run.start, pixels), 0)).probabilities.data);
    });
  },

  /** One step, taken apart. */
  slow({ layer }: { readonly layer: string }): Promise<SlowStep> {
    const run = theRun();
    return run.turn(() => slowStep(run, layer));
  },

  status: (_: null): Status => statusOf(theRun()),

  publish(_: null): Promise<PublishedModel> {
    const run = theRun();
    return run.turn(() => published(run));
  },

  save(_: null): Promise<Uint8Array> {
    const run = theRun();
    return run.turn(() => savedRun(run));
  },

  async openFile({
    bytes,
    name,
    base,
  }: {
    readonly bytes: Uint8Array;
    readonly name: string;
    readonly base: string;
  }): Promise<Opened & { readonly experiment: Experiment }> {
    const run = await openSaved(bytes, name, base);
    return { ...adopt(run), experiment: { ...run.experiment, ...run.knobs } };
  },

  replay(_: null, { signal, report }: TaskContext): Promise<Replayed> {
    const run = theRun();
    return run.turn(() => replayed(run, signal, report));
  },

  export(kind: ExportKind, { signal }: TaskContext): Promise<Uint8Array | string> {
    const run = theRun();
    return run.turn(() => exported(run, kind, signal));
  },

  film(layer: string, { signal }: TaskContext): Promise<Uint8Array> {
    const run = theRun();
    return run.turn(() => filmOf(run, layer, signal));
  },

  sweep: (input: SweepInput, { signal, report }: TaskContext) => runSweep(input, signal, report),

  /** Trains until it is paused or a rule ends it; reports five times a second. */
  async play(rules: StopRules, { signal, report }: TaskContext): Promise<{ readonly reason: StopReason; readonly status: Status }> {
    const run = theRun();
    pausing = false;
    const began = performance.now();
    let reported = began;
    let turned = began;
    const firstEpoch = run.training.state.epoch;
    const firstStep = run.training.state.step;
    for (;;) {
      const reason = pausing || signal.aborted || run !== current ? "paused" : ended(run, rules, firstStep, firstEpoch, began);
      if (reason !== undefined) return { reason, status: statusOf(run) };
      await run.turn(() => advance(run));
      if (run.diverged !== undefined) return { reason: "diverged", status: statusOf(run) };
      const now = performance.now();
      if (now - reported >= reportEvery) {
        report(statusOf(run));
        reported = now;
      }
      if (now - turned >= 20) {
        await nextTurn();
        turned = performance.now();
      }
    }
  },

  pause(): void {
    pausing = true;
  },

  async step(_: null): Promise<Status> {
    const run = theRun();
    await run.turn(() => advance(run));
    return statusOf(run);
  },

  async change(knobs: Knobs): Promise<Status> {
    const run = theRun();
    await run.turn(() => changeKnobs(run, knobs));
    return statusOf(run);
  },

  async goTo(step: number): Promise<Status> {
    const run = theRun();
    await run.turn(() => goTo(run, step));
    return statusOf(run);
  },

  /** Filters, maps and health as they are between two steps. */
  look(input: LookInput): Promise<Look> {
    const run = theRun();
    return run.turn(() => look(run, input));
  },
};

async function look(run: Run, { parameter, gradient, maps, mapGradient, picture = 0, health }: LookInput): Promise<Look> {
  const began = performance.now();
  const { training, watched, data } = run;
  const { model } = training.checkpoint();
  watched.load(model);
  const batch = health || (parameter !== undefined && gradient) ? healthBatchOf(run) : undefined;
  const measured = batch && (await watched.health(batch.x, batch.y));
  const index = Math.min(Math.max(0, picture), data.test.size - 1);
  const seen = maps === undefined ? undefined : await watched.picture(data.test.image(index), data.test.label(index));
  const parameters = gradient ? measured?.gradients : model;
  const parameterTensor = parameter === undefined ? undefined : parameters?.get(parameter);
  const allMaps = mapGradient ? seen?.gradients : seen?.values;
  const mapTensor = maps === undefined ? undefined : allMaps?.get(maps);
  return {
    step: training.state.step,
    ...(parameterTensor && { parameter: toNumbers(parameterTensor) }),
    ...(mapTensor && { maps: toNumbers(mapTensor) }),
    ...(seen && {
      picture: toNumbers(unnormalise(data.test.image(index), data.test.normalisation)),
      label: data.test.label(index),
      probabilities: Array.from(seen.probabilities.data),
      pictureLoss: seen.loss,
    }),
    ...(measured && { health: measured.layers }),
    spans: {
      parameters: spanOf([...(parameters?.values() ?? [])].filter((one) => one.rank >= 2)),
      maps: spanOf([...(allMaps?.values() ?? [])]),
    },
    milliseconds: performance.now() - began,
  };
}

function spanOf(tensors: readonly Tensor[]): Span {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { data } of tensors) {
    for (const value of data) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

/** A few training pictures: always the same, so that what changes is the net. */
function healthBatchOf({ data }: Run): ReturnType<Run["data"]["train"]["batch"]> {
  const few = partOf(data.train, healthBatch);
  const { size } = few;
  return few.batch(Int32Array.from({ length: size }, (_, i) => i));
}

function ended(run: Run, rules: StopRules, firstStep: number, firstEpoch: number, began: number): StopReason | undefined {
  const { step, epoch } = run.training.state;
  if (rules.steps > 0 && step - firstStep >= rules.steps) return "steps";
  if (rules.epochs > 0 && epoch - firstEpoch >= rules.epochs) return "epochs";
  if (rules.seconds > 0 && (performance.now() - began) / 1000 >= rules.seconds) return "seconds";
  const { tests } = run;
  if (rules.accuracy > 0 && (tests.at(-1)?.accuracy ?? 0) >= rules.accuracy) return "accuracy";
  if (rules.plateau > 0 && tests.length > rules.plateau) {
    const best = tests.reduce((at, point, i) => (point.loss < tests[at].loss ? i : at), 0);
    if (tests.length - 1 - best >= rules.plateau) return "plateau";
  }
  return undefined;
}
