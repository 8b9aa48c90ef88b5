// What the training worker does for this room. It holds one run at a time.
import { unnormalise } from "fovea";
import type { LayerHealth } from "fovea/lens";
import type { TaskContext } from "../../engine/context.ts";
import { type Numbers, toNumbers } from "../../engine/tensors.ts";
import type { Experiment, Knobs, StopReason, StopRules } from "./experiment.ts";
import { dataOf } from "./work/data.ts";
import { advance, changeKnobs, closeRun, goTo, openRun, type Run } from "./work/run.ts";
import { type Status, statusOf } from "./work/status.ts";

export type { Status } from "./work/status.ts";

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
  readonly layers: readonly { readonly name: string; readonly kind: string; readonly shape: readonly number[] }[];
  /** Layers that have kernels. */
  readonly kernels: readonly string[];
  readonly normalisation: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
  readonly stepsPerEpoch: number;
}

export interface LookInput {
  /** Kernels of this layer. */
  readonly kernels?: string;
  /** Their gradient instead. */
  readonly gradient?: boolean;
  /** Maps of this layer on a test picture. */
  readonly maps?: string;
  readonly mapGradient?: boolean;
  readonly picture?: number;
  readonly health?: boolean;
}

export interface Look {
  readonly step: number;
  readonly kernels?: Numbers;
  readonly maps?: Numbers;
  readonly picture?: Numbers;
  readonly label?: number;
  readonly probabilities?: readonly number[];
  readonly pictureLoss?: number;
  readonly health?: readonly LayerHealth[];
  /** What looking cost; the page looks again after some times as long. */
  readonly milliseconds: number;
}

export const tasks = {
  /** Prepares a run: data, net, compiled steps. Nothing is trained. */
  async open({ experiment, base }: { readonly experiment: Experiment; readonly base: string }): Promise<Opened> {
    const data = await dataOf(experiment, base);
    const run = await openRun(experiment, data);
    if (current !== undefined) closeRun(current);
    current = run;
    const summary = run.start.summary();
    return {
      status: statusOf(run),
      classes: data.train.classes,
      imageShape: data.train.imageShape,
      train: data.train.size,
      test: data.test.size,
      parameters: run.start.parameterCount,
      layers: summary.layers.map(({ name, kind, outputShape }) => ({ name, kind, shape: [...outputShape] })),
      kernels: summary.layers.filter(({ name }) => run.start.parameters.get(`${name}.weight`)?.rank === 4).map(({ name }) => name),
      normalisation: data.train.normalisation,
      stepsPerEpoch: Math.ceil(data.train.size / experiment.batch),
    };
  },

  /** Trains until it is paused or a rule ends it; reports ten times a second. */
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
      const now = performance.now();
      if (now - reported >= 100) {
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

async function look(run: Run, { kernels, gradient, maps, mapGradient, picture = 0, health }: LookInput): Promise<Look> {
  const began = performance.now();
  const { training, watched, data } = run;
  const { model } = training.checkpoint();
  watched.load(model);
  const batch = health || (kernels !== undefined && gradient) ? healthBatchOf(run) : undefined;
  const measured = batch && (await watched.health(batch.x, batch.y));
  const index = Math.min(Math.max(0, picture), data.test.size - 1);
  const seen = maps === undefined ? undefined : await watched.picture(data.test.image(index), data.test.label(index));
  const kernelTensor =
    kernels === undefined ? undefined : gradient ? measured?.gradients.get(`${kernels}.weight`) : model.get(`${kernels}.weight`);
  const mapTensor = maps === undefined ? undefined : (mapGradient ? seen?.gradients : seen?.values)?.get(maps);
  return {
    step: training.state.step,
    ...(kernelTensor && { kernels: toNumbers(kernelTensor) }),
    ...(mapTensor && { maps: toNumbers(mapTensor) }),
    ...(seen && {
      picture: toNumbers(unnormalise(data.test.image(index), data.test.normalisation)),
      label: data.test.label(index),
      probabilities: Array.from(seen.probabilities.data),
      pictureLoss: seen.loss,
    }),
    ...(measured && { health: measured.layers }),
    milliseconds: performance.now() - began,
  };
}

/** The first training pictures: always the same, so that what changes is the net. */
function healthBatchOf({ data }: Run): ReturnType<Run["data"]["train"]["batch"]> {
  const size = Math.min(32, data.train.size);
  return data.train.batch(Int32Array.from({ length: size }, (_, i) => i));
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

/** Lets messages in; timers would wait longer than a step takes. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
