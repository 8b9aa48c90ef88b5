// Optimisers as graph builders: each turns a parameter and its gradient into the parameter's next value, with its memory as variables.
// So a whole training step is one graph, and saving the variables saves the optimiser. Definitions and defaults follow PyTorch.
import type { Value } from "../graph/value.ts";
import { add, clip, div, expm1, maximum, minimum, mul, neg, sqrt, square, sub } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";

/** What an optimiser may use while it builds the update of one parameter. */
export interface UpdateContext {
  /** [] : fed at every run. */
  readonly learningRate: Value;
  /** [] : 1 at the first step, 2 at the second, ... */
  readonly step: Value;
  /** A variable of the parameter's shape, from zero: `optimiser.<name>.<what>.<parameter>`. */
  memory(what: string): Value;
  /** `memory` becomes `next` after the run. */
  remember(memory: Value, next: Value): void;
  /** A value that is the same for all parameters, built once. */
  shared(key: string, build: () => Value): Value;
}

export interface Optimiser {
  readonly name: string;
  /** The rate that schedules start from. */
  readonly learningRate: number;
  /** Whatever else decides its updates, as plain data. A checkpoint stores it, and training resumes only with the same. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The parameter's value after the step. */
  update(parameter: Value, gradient: Value, context: UpdateContext): Value;
}

export interface SgdOptions {
  /** Default 0. */
  readonly momentum?: number;
  /** Share of the gradient that does not enter the momentum, from the second step on (default 0). */
  readonly dampening?: number;
  readonly nesterov?: boolean;
  /** L2 penalty: λ·w joins the gradient (default 0). */
  readonly weightDecay?: number;
  /** Where the rate stands: outside the velocity ("pytorch", default) or inside it ("keras"). They differ only while the rate changes. */
  readonly form?: "pytorch" | "keras";
}

/** Gradient descent with momentum. Sutskever, Martens, Dahl, Hinton 2013 for Nesterov's form. */
export function sgd(learningRate = 1e-3, options: SgdOptions = {}): Optimiser {
  checkOptions("sgd", options, ["momentum", "dampening", "nesterov", "weightDecay", "form"]);
  const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0, form = "pytorch" } = options;
  inRange("sgd", { learningRate, momentum, dampening, weightDecay });
  if (form !== "pytorch" && form !== "keras") throw new ArgumentError(`sgd: form is "${String(form)}"; expected pytorch or keras`);
  if (nesterov && (momentum === 0 || dampening !== 0)) throw new ArgumentError("sgd: nesterov needs a momentum > 0 and no dampening");
  if (form === "keras" && dampening !== 0) throw new ArgumentError("sgd: the keras form has no dampening");
  return {
    name: "sgd",
    learningRate,
    settings: { momentum, dampening, nesterov, weightDecay, form },
    update(w, gradient, context) {
      const g = withDecay(gradient, w, weightDecay);
      const rate = context.learningRate;
      if (momentum === 0) return sub(w, mul(g, rate));
      const v = context.memory("v");
      if (form === "keras") {
        const moved = mul(g, rate);
        const next = sub(mul(v, momentum), moved);
        context.remember(v, next);
        return nesterov ? add(w, sub(mul(next, momentum), moved)) : add(w, next);
      }
      // The first gradient enters whole; the factor is 1 at step 1 and 1 - dampening later.
      const share = dampening === 0 ? 1 : context.shared("sgd.share", () => sub(1, mul(minimum(sub(context.step, 1), 1), dampening)));
      const next = add(mul(v, momentum), mul(g, share));
      context.remember(v, next);
      return sub(w, mul(nesterov ? add(g, mul(next, momentum)) : next, rate));
    },
  };
}

export interface AdamOptions {
  /** Decay of the first and second moment (default 0.9, 0.999). */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  readonly weightDecay?: number;
  /** Divide by the largest second moment so far. Reddi, Kale, Kumar 2018. */
  readonly amsgrad?: boolean;
}

/** Kingma & Ba 2015. `weightDecay` (default 0) joins the gradient. */
export function adam(learningRate = 1e-3, options: AdamOptions = {}): Optimiser {
  return adaptiveMoments("adam", learningRate, options, 0);
}

/** Adam with the decay outside the moments: w shrinks by rate·weightDecay (default 0.01) first. Loshchilov & Hutter 2019. */
export function adamW(learningRate = 1e-3, options: AdamOptions = {}): Optimiser {
  return adaptiveMoments("adamW", learningRate, options, 0.01);
}

function adaptiveMoments(name: "adam" | "adamW", learningRate: number, options: AdamOptions, usualDecay: number): Optimiser {
  checkOptions(name, options, ["betas", "eps", "weightDecay", "amsgrad"]);
  const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = usualDecay, amsgrad = false } = options;
  const [beta1, beta2] = betas;
  inRange(name, { learningRate, eps, weightDecay });
  if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1))
    throw new ArgumentError(`${name}: betas are [${betas.join(", ")}]; expected numbers in [0, 1)`);
  return {
    name,
    learningRate,
    settings: { betas, eps, weightDecay, amsgrad },
    update(w, gradient, context) {
      const { learningRate: rate, step } = context;
      const decoupled = name === "adamW" && weightDecay !== 0;
      const start = decoupled
        ? mul(
            w,
            context.shared("adamW.shrink", () => sub(1, mul(rate, weightDecay))),
          )
        : w;
      const g = decoupled ? gradient : withDecay(gradient, w, weightDecay);
      const m = context.memory("m");
      const v = context.memory("v");
      const m1 = add(mul(m, beta1), mul(g, 1 - beta1));
      const v1 = add(mul(v, beta2), mul(square(g), 1 - beta2));
      context.remember(m, m1);
      context.remember(v, v1);
      let second = v1;
      if (amsgrad) {
        const most = context.memory("vMax");
        second = maximum(most, v1);
        context.remember(most, second);
      }
      const stepSize = context.shared("adam.stepSize", () => div(rate, oneMinusPower(beta1, step)));
      const root = context.shared("adam.root", () => sqrt(oneMinusPower(beta2, step)));
      return sub(start, div(mul(m1, stepSize), add(div(sqrt(second), root), eps)));
    },
  };
}

/** 1 − beta^step, through expm1: the plain difference would lose half the digits of float32 at the first steps of beta = 0.999. */
function oneMinusPower(beta: number, step: Value): Value {
  return beta === 0 ? clip(step, { max: 1 }) : neg(expm1(mul(step, Math.log(beta))));
}

export interface RmsPropOptions {
  /** Decay of the squared gradient (default 0.99). */
  readonly alpha?: number;
  readonly eps?: number;
  readonly weightDecay?: number;
  /** Momentum on the quotient (default 0). */
  readonly momentum?: number;
  /** Subtract the squared mean: divide by the deviation, not the root mean square. Graves 2013. */
  readonly centred?: boolean;
}

/** Tieleman & Hinton 2012, lecture 6.5; the centred form from Graves 2013. */
export function rmsProp(learningRate = 1e-2, options: RmsPropOptions = {}): Optimiser {
  checkOptions("rmsProp", options, ["alpha", "eps", "weightDecay", "momentum", "centred"]);
  const { alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0, centred = false } = options;
  inRange("rmsProp", { learningRate, alpha, eps, weightDecay, momentum });
  return {
    name: "rmsProp",
    learningRate,
    settings: { alpha, eps, weightDecay, momentum, centred },
    update(w, gradient, context) {
      const g = withDecay(gradient, w, weightDecay);
      const average = (what: string, of: Value): Value => {
        const old = context.memory(what);
        const next = add(mul(old, alpha), mul(of, 1 - alpha));
        context.remember(old, next);
        return next;
      };
      const v = average("v", square(g));
      // Rounding can push the variance of a constant gradient a hair below zero.
      const spread = centred ? maximum(sub(v, square(average("mean", g))), 0) : v;
      const quotient = div(g, add(sqrt(spread), eps));
      if (momentum === 0) return sub(w, mul(quotient, context.learningRate));
      const velocity = context.memory("velocity");
      const next = add(mul(velocity, momentum), quotient);
      context.remember(velocity, next);
      return sub(w, mul(next, context.learningRate));
    },
  };
}

function withDecay(gradient: Value, w: Value, weightDecay: number): Value {
  return weightDecay === 0 ? gradient : add(gradient, mul(w, weightDecay));
}

function inRange(name: string, numbers: Readonly<Record<string, number>>): void {
  for (const [what, n] of Object.entries(numbers)) {
    if (!(Number.isFinite(n) && n >= 0)) throw new ArgumentError(`${name}: ${what} is ${n}; expected a finite number >= 0`);
  }
}
