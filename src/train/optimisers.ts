// Optimisers as graph builders: each turns a parameter and its gradient into the parameter's next value, with its memory as variables.
// So a whole training step is one graph, and saving the variables saves the optimiser. Definitions and defaults follow PyTorch.
import { constant } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import { add, clip, div, exp, expm1, maximum, minimum, mul, neg, sqrt, square, sub, sum } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { type DType, Tensor } from "../tensor/tensor.ts";

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
  expectBetas(name, betas);
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

export interface NadamOptions extends Omit<AdamOptions, "amsgrad"> {
  /** How fast the first moment's share rises from half of beta1 to all of it: share = beta1·(1 − ½·0.96^(step·momentumDecay)) (default 4e-3). */
  readonly momentumDecay?: number;
}

/** Adam that looks one step of its momentum ahead, as Nesterov does. Dozat 2016. `weightDecay` (default 0) joins the gradient. */
export function nadam(learningRate = 2e-3, options: NadamOptions = {}): Optimiser {
  checkOptions("nadam", options, ["betas", "eps", "weightDecay", "momentumDecay"]);
  const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, momentumDecay = 4e-3 } = options;
  const [beta1, beta2] = betas;
  inRange("nadam", { learningRate, eps, weightDecay, momentumDecay });
  expectBetas("nadam", betas);
  return {
    name: "nadam",
    learningRate,
    settings: { betas, eps, weightDecay, momentumDecay },
    update(w, gradient, { learningRate: rate, step, memory, remember, shared }) {
      const g = withDecay(gradient, w, weightDecay);
      const [m, v] = [memory("m"), memory("v")];
      const m1 = add(mul(m, beta1), mul(g, 1 - beta1));
      const v1 = add(mul(v, beta2), mul(square(g), 1 - beta2));
      remember(m, m1);
      remember(v, v1);
      const share = (at: Value): Value => mul(sub(1, mul(exp(mul(at, momentumDecay * Math.log(0.96))), 0.5)), beta1);
      const [now, ahead] = [shared("nadam.now", () => share(step)), shared("nadam.ahead", () => share(add(step, 1)))];
      const product = shared("nadam.product", () => productOfShares(step, beta1, momentumDecay));
      const ofGradient = shared("nadam.gradient", () => mul(rate, div(sub(1, now), sub(1, product))));
      const ofMoment = shared("nadam.moment", () => mul(rate, div(ahead, sub(1, mul(product, ahead)))));
      const root = shared("nadam.root", () => sqrt(oneMinusPower(beta2, step)));
      const moved = add(mul(g, ofGradient), mul(m1, ofMoment));
      return sub(w, div(moved, add(div(sqrt(v1), root), eps)));
    },
  };
}

/**
 * Π over i = 1..step of beta·(1 − ½·q^i), q = 0.96^decay, without a memory of its own: by the logarithm's series the sum of ln(1 − ½·q^i) over i is that of
 * −(½·q)^k / k · (1 − q^(k·step)) / (1 − q^k) over k, whose terms halve at least.
 */
function productOfShares(step: Value, beta: number, decay: number): Value {
  if (beta === 0) return mul(step, 0);
  const ln = decay * Math.log(0.96);
  if (ln === 0) return exp(mul(step, Math.log(beta / 2)));
  const orders = Array.from({ length: 50 }, (_, k) => k + 1);
  const vector = (values: readonly number[], dtype: DType): Value =>
    constant(new Tensor(Float64Array.from(values), [values.length]).cast(dtype));
  const factors = vector(
    orders.map((k) => (0.5 ** k * Math.exp(k * ln)) / (k * Math.expm1(k * ln))),
    step.dtype,
  );
  const powers = expm1(mul(vector(orders.map((k) => k * ln), step.dtype), step)); // biome-ignore format: one thought
  return exp(sub(mul(step, Math.log(beta)), sum(mul(factors, powers))));
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

function expectBetas(name: string, betas: readonly [number, number]): void {
  if (!betas.every((beta) => beta >= 0 && beta < 1))
    throw new ArgumentError(`${name}: betas are [${betas.join(", ")}]; expected numbers in [0, 1)`);
}

function inRange(name: string, numbers: Readonly<Record<string, number>>): void {
  for (const [what, n] of Object.entries(numbers)) {
    if (!(Number.isFinite(n) && n >= 0)) throw new ArgumentError(`${name}: ${what} is ${n}; expected a finite number >= 0`);
  }
}
