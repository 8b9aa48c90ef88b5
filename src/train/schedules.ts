// Learning-rate schedules as pure functions of the step: nothing to store, nothing to restore, the same after a resume.
// Meanings and defaults follow torch.optim.lr_scheduler, in closed form, stepped after the optimiser.
import { ArgumentError } from "../tensor/errors.ts";
import { expectFunction, expectList } from "../tensor/expect.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";

/** What a schedule may know about the training that it is part of. */
export interface SchedulePlan {
  /** The optimiser's own rate, which most schedules scale. */
  readonly learningRate: number;
  /** Steps of the whole training. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/** Learning rate at `step` = 0, 1, 2, ... */
export type Schedule = (step: number, plan: SchedulePlan) => number;

/** The optimiser's rate throughout. */
export function constantRate(): Schedule {
  return (_, plan) => plan.learningRate;
}

/** Times gamma (default 0.1) every `every` steps. */
export function stepDecay(options: { readonly every: number; readonly gamma?: number }): Schedule {
  checkOptions("stepDecay", options, ["every", "gamma"]);
  const { every, gamma = 0.1 } = options;
  positive("stepDecay: every", every);
  return (step, plan) => plan.learningRate * gamma ** Math.floor(step / every);
}

/** Times gamma (default 0.1) at each of the milestones. */
export function multiStep(options: { readonly milestones: readonly number[]; readonly gamma?: number }): Schedule {
  checkOptions("multiStep", options, ["milestones", "gamma"]);
  const { milestones, gamma = 0.1 } = options;
  if (!Array.isArray(milestones)) throw new ArgumentError(`multiStep: milestones is ${showGiven(milestones)}; expected a list of steps`);
  return (step, plan) => plan.learningRate * gamma ** milestones.filter((m) => step >= m).length;
}

/** Times gamma at every step. */
export function exponential(options: { readonly gamma: number }): Schedule {
  checkOptions("exponential", options, ["gamma"]);
  const { gamma } = options;
  positive("exponential: gamma", gamma);
  return (step, plan) => plan.learningRate * gamma ** step;
}

/** rate·(1 − step/steps)^power (default power 1), 0 from then on. */
export function polynomial(options: { readonly steps?: number; readonly power?: number } = {}): Schedule {
  checkOptions("polynomial", options, ["steps", "power"]);
  const { steps, power = 1 } = options;
  return (step, plan) => plan.learningRate * (1 - Math.min(step / (steps ?? plan.steps), 1)) ** power;
}

/** rate/(1 + decay·step): what Keras calls decay. */
export function inverseTime(options: { readonly decay: number }): Schedule {
  checkOptions("inverseTime", options, ["decay"]);
  const { decay } = options;
  if (!(decay >= 0)) throw new ArgumentError(`inverseTime: decay is ${showGiven(decay)}; expected a number >= 0`);
  return (step, plan) => plan.learningRate / (1 + decay * step);
}

export interface CosineOptions {
  /** Length of the half wave (default: the whole training). */
  readonly steps?: number;
  /** Rate at its end (default 0). */
  readonly minimum?: number;
}

/** Down half a cosine wave from the optimiser's rate to `minimum`. Loshchilov & Hutter 2017, equation 5. */
export function cosine(options: CosineOptions = {}): Schedule {
  checkOptions("cosine", options, ["steps", "minimum"]);
  const { steps, minimum = 0 } = options;
  return (step, plan) => halfWave(plan.learningRate, minimum, step / (steps ?? plan.steps));
}

export interface CosineRestartOptions {
  /** Steps of the first wave. */
  readonly steps: number;
  /** How much longer each wave is than the one before (default 1). */
  readonly factor?: number;
  readonly minimum?: number;
}

/** Half cosine waves, each starting at the full rate again. Loshchilov & Hutter 2017. */
export function cosineRestarts(options: CosineRestartOptions): Schedule {
  checkOptions("cosineRestarts", options, ["steps", "factor", "minimum"]);
  const { steps, factor = 1, minimum = 0 } = options;
  positive("cosineRestarts: steps", steps);
  if (!(factor >= 1)) throw new ArgumentError(`cosineRestarts: factor is ${factor}; expected a number >= 1`);
  return (step, plan) => {
    let length = steps;
    let into = step;
    while (into >= length) {
      into -= length;
      length *= factor;
    }
    return halfWave(plan.learningRate, minimum, into / length);
  };
}

/** From `high` at 0 to `low` at 1. */
function halfWave(high: number, low: number, at: number): number {
  return low + ((high - low) * (1 + Math.cos(Math.PI * at))) / 2;
}

export interface OneCycleOptions {
  /** Peak (default: the optimiser's rate). */
  readonly maximum?: number;
  /** Default: the whole training. */
  readonly steps?: number;
  /** Share of the steps spent rising (default 0.3). */
  readonly rise?: number;
  /** The start is maximum/startFactor (default 25). */
  readonly startFactor?: number;
  /** The end is start/endFactor (default 10⁴). */
  readonly endFactor?: number;
  readonly shape?: "cosine" | "linear";
}

/** Up to a peak and down to almost nothing. Smith & Topin 2018. */
export function oneCycle(options: OneCycleOptions = {}): Schedule {
  checkOptions("oneCycle", options, ["maximum", "steps", "rise", "startFactor", "endFactor", "shape"]);
  const { rise = 0.3, startFactor = 25, endFactor = 1e4, shape = "cosine" } = options;
  if (!(rise >= 0 && rise <= 1)) throw new ArgumentError(`oneCycle: rise is ${rise}; expected a share in [0, 1]`);
  const between = (a: number, b: number, at: number): number => (shape === "linear" ? a + (b - a) * at : halfWave(a, b, at));
  return (step, plan) => {
    const { maximum = plan.learningRate, steps = plan.steps } = options;
    const start = maximum / startFactor;
    const peak = rise * steps - 1;
    const last = steps - 1;
    if (step <= peak) return between(start, maximum, peak > 0 ? step / peak : 1);
    return between(maximum, start / endFactor, last > peak ? Math.min((step - peak) / (last - peak), 1) : 1);
  };
}

export interface CyclicOptions {
  readonly minimum: number;
  readonly maximum: number;
  /** Steps from minimum to maximum (default 2000). */
  readonly up?: number;
  /** Steps back down (default: as many). */
  readonly down?: number;
}

/** A triangle wave between two rates. Smith 2017. */
export function cyclic(options: CyclicOptions): Schedule {
  checkOptions("cyclic", options, ["minimum", "maximum", "up", "down"]);
  const { minimum, maximum, up = 2000, down = up } = options;
  positive("cyclic: up", up);
  positive("cyclic: down", down);
  return (step) => {
    const into = step % (up + down);
    return minimum + (maximum - minimum) * (into <= up ? into / up : 1 - (into - up) / down);
  };
}

export interface WarmUpOptions {
  readonly steps: number;
  /** Factor at step 0 (default 1/3, PyTorch's). */
  readonly from?: number;
}

/** The rate of `then`, scaled by a factor that rises in a straight line from `from` to 1. */
export function linearWarmUp(options: WarmUpOptions, then: Schedule = constantRate()): Schedule {
  checkOptions("linearWarmUp", options, ["steps", "from"]);
  const { steps, from = 1 / 3 } = options;
  positive("linearWarmUp: steps", steps);
  return (step, plan) => then(step, plan) * (from + (1 - from) * Math.min(step / steps, 1));
}

/** The rate of `then`, scaled by `from` for the first steps. */
export function constantWarmUp(options: WarmUpOptions, then: Schedule = constantRate()): Schedule {
  checkOptions("constantWarmUp", options, ["steps", "from"]);
  const { steps, from = 1 / 3 } = options;
  positive("constantWarmUp: steps", steps);
  return (step, plan) => then(step, plan) * (step < steps ? from : 1);
}

/** One schedule after another; each begins at its own step 0, at the milestone, and its default length ends at the next one. */
export function inSequence(schedules: readonly Schedule[], milestones: readonly number[]): Schedule {
  expectList("inSequence", "the schedules", schedules, "schedules");
  expectList("inSequence", "the milestones", milestones, "steps");
  for (const schedule of schedules) expectFunction("inSequence", "a schedule", schedule);
  if (schedules.length !== milestones.length + 1) {
    throw new ArgumentError(`inSequence: ${schedules.length} schedules need ${schedules.length - 1} milestones, not ${milestones.length}`);
  }
  return (step, plan) => {
    const at = milestones.filter((m) => step >= m).length;
    const start = at === 0 ? 0 : milestones[at - 1];
    const end = at < milestones.length ? milestones[at] : plan.steps;
    return schedules[at](step - start, { ...plan, steps: end - start });
  };
}

/** The schedule counts epochs instead of steps, and stays level within each. */
export function perEpoch(schedule: Schedule): Schedule {
  expectFunction("perEpoch", "the schedule", schedule);
  return (step, plan) => {
    const { stepsPerEpoch } = plan;
    return schedule(Math.floor(step / stepsPerEpoch), { ...plan, steps: plan.steps / stepsPerEpoch, stepsPerEpoch: 1 });
  };
}

function positive(what: string, n: number): void {
  if (!(n > 0)) throw new ArgumentError(`${what} is ${n}; expected a number > 0`);
}
