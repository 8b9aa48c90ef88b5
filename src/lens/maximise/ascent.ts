// Gradient ascent on pictures as one program: picture, transform, net, gradient, penalties and optimiser step are a single run.
// The free numbers are variables of the program, and only the optimiser's step ever changes them; transforms act on a copy inside the graph.
import { compile } from "../../backends/compile.ts";
import { gradient } from "../../graph/grad.ts";
import { createGraph } from "../../graph/graph.ts";
import type { Program } from "../../graph/program.ts";
import { constant, input, variable } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { abs, add, div, mean, mul, neg, reshape, slice, sqrt, square, sub, sum } from "../../ops/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type DType, Tensor, zeros } from "../../tensor/tensor.ts";
import type { Optimiser } from "../../train/optimisers.ts";
import { redirectedRules } from "../rules.ts";
import { compileOptions, type RunOptions } from "../run.ts";
import { blurMatrix, separably } from "./blur.ts";
import { projectedClip } from "./colour.ts";
import type { Parametrisation } from "./parametrise.ts";
import type { Views } from "./transforms.ts";

export interface AscentSettings extends RunOptions {
  readonly batch: number;
  /** [C, H, W]. */
  readonly shape: Shape;
  readonly dtype: DType;
  readonly parametrisation: Parametrisation;
  readonly views: Views;
  readonly optimiser: Optimiser;
  readonly l2: number;
  readonly totalVariation: number;
  /** Standard deviation in pixels; 0 leaves the blur out of the program. */
  readonly blur: number;
  readonly redirect: boolean;
  /** Whether the gradient's size on every pixel is to be added up over the steps. */
  readonly transparency: boolean;
  /** The objective of every view, from pictures as the net sees them. */
  score(pictures: Value): Value;
}

/** What one step is fed with, besides what the objective and the transforms want. */
export interface AscentStep {
  readonly learningRate: number;
  /** From 1. */
  readonly step: number;
  /** How much of the smoothed picture replaces the picture after this step, 0..1. */
  readonly blur: number;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

export interface Ascent {
  /** Starts from these free numbers, and forgets the optimiser's memory. */
  start(free: Readonly<Record<string, Tensor>>): void;
  step(feeds: AscentStep): Promise<AscentReading>;
  /** The free numbers as they are now. */
  read(): Record<string, Tensor>;
  /** Σ over the steps so far of |∂objective/∂picture|, [batch, C, H, W], where it was asked for. */
  transparency(): Tensor | undefined;
  release(): void;
}

/** Per picture, before the step. */
export interface AscentReading {
  readonly objective: Tensor;
  /** Mean square of the objective's gradient on the pixels; 0 when the target cannot be climbed from here. */
  readonly slope: Tensor;
}

/** Steps during which gradients may pass dead ReLUs. */
export const redirectedSteps = 16;

/** Compiles one step of ascent for `settings.batch` pictures; the first steps, whose gradients are redirected, are a program of their own. */
export async function compileAscent(settings: AscentSettings): Promise<Ascent> {
  const late = await compileSteps(settings, false);
  if (!settings.redirect) return late;
  const early = await compileSteps(settings, true);
  let current: Steps = early;
  return {
    start(free) {
      current = early;
      early.start(free);
    },
    step(feeds) {
      if (current === early && feeds.step > redirectedSteps) {
        late.takeOver(early);
        current = late;
      }
      return current.step(feeds);
    },
    read: () => current.read(),
    transparency: () => current.transparency(),
    release() {
      early.release();
      late.release();
    },
  };
}

interface Steps extends Ascent {
  readonly program: Program;
  /** Goes on where another program is. */
  takeOver(other: Steps): void;
}

async function compileSteps(settings: AscentSettings, redirected: boolean): Promise<Steps> {
  const { batch, dtype, optimiser, parametrisation } = settings;
  const free = new Map(
    Object.entries(parametrisation.shapes).map(([name, shape]) => {
      const rows = parametrisation.shared?.includes(name) ? 1 : batch;
      return [name, variable(name, zeros([rows, ...shape], dtype))];
    }),
  );
  const picture = parametrisation.picture(Object.fromEntries(free));
  const objective = scoreThroughViews(picture, settings);
  const rules = redirected ? redirectedRules() : {};
  const [uphill] = gradient(objective, [picture], { rules });
  const slope = mean(square(uphill), { axes: [1, 2, 3], keepDims: true });
  // Scaled to a root mean square of 1 per picture, so that a penalty means the same for weak and for strong units.
  const even = div(uphill, sqrt(add(slope, 1e-24)));
  const climbs = gradient(picture, [...free.values()], { seed: withPenalties(even, picture, settings), rules: projectedClip });

  const scalar = (name: string): Value => input(name, [], dtype);
  const memories: string[] = [];
  const updates = new Map<Value, Value>();
  if (settings.transparency) {
    memories.push(summedSlope);
    const sofar = variable(summedSlope, zeros(picture.shape, dtype));
    updates.set(sofar, add(sofar, abs(uphill)));
  }
  const shared = new Map<string, Value>();
  [...free].forEach(([name, value], k) => {
    const next = optimiser.update(value, neg(climbs[k]), {
      learningRate: scalar("learningRate"),
      step: scalar("step"),
      memory(what) {
        memories.push(`${what}.${name}`);
        return variable(`${what}.${name}`, zeros(value.shape, dtype));
      },
      remember: (memory, after) => void updates.set(memory, after),
      shared(key, build) {
        const found = shared.get(key) ?? build();
        shared.set(key, found);
        return found;
      },
    });
    updates.set(value, settings.blur > 0 ? smoothed(next, settings, scalar("blur")) : next);
  });
  const graph = createGraph({ outputs: { objective, slope: reshape(slope, [batch]) }, updates });
  return running(await compile(graph, compileOptions(settings)), free, memories, dtype);
}

/** The mean over each picture's views, [batch]. */
export function scoreThroughViews(picture: Value, { batch, views, score }: Pick<AscentSettings, "batch" | "views" | "score">): Value {
  const all = score(views.apply(picture));
  return views.copies === 1 ? all : mean(reshape(all, [batch, views.copies]), { axes: 1 });
}

const summedSlope = "transparency";

/** Minus the gradients of l2 · ½Σx² and totalVariation · ½Σ(differences of neighbours)². */
function withPenalties(uphill: Value, picture: Value, { l2, totalVariation }: AscentSettings): Value {
  const calm = l2 > 0 ? sub(uphill, mul(picture, l2)) : uphill;
  if (totalVariation === 0) return calm;
  const [, , height, width] = picture.shape;
  const difference = (axis: number, size: number): Value =>
    sub(slice(picture, { axes: [axis], starts: [1], ends: [size] }), slice(picture, { axes: [axis], starts: [0], ends: [size - 1] }));
  const roughness = [height > 1 && difference(2, height), width > 1 && difference(3, width)].filter((d): d is Value => d !== false);
  return roughness.reduce((g, d) => sub(g, mul(gradient(mul(sum(square(d)), 0.5), [picture])[0], totalVariation)), calm);
}

/** next + share · (blurred next - next): at share 0 the numbers keep every bit. */
function smoothed(next: Value, { shape: [, height, width], blur, dtype }: AscentSettings, share: Value): Value {
  const blurred = separably(next, constant(blurMatrix(height, blur, dtype)), constant(blurMatrix(width, blur, dtype)));
  return add(next, mul(sub(blurred, next), share));
}

function running(program: Program, free: ReadonlyMap<string, Value>, memories: readonly string[], dtype: DType): Steps {
  const { state } = program;
  const scalar = (value: number): Tensor => new Tensor(Float64Array.of(value), []).cast(dtype);
  const all = [...free.keys(), ...memories];
  return {
    program,
    start(numbers) {
      for (const [name, tensor] of Object.entries(numbers)) state.write(name, tensor);
      for (const name of memories) state.write(name, zeros(state.read(name).shape, dtype));
    },
    takeOver({ program: other }) {
      for (const name of all) state.write(name, other.state.read(name));
    },
    async step({ learningRate, step, blur, feeds }) {
      const fed: Record<string, Tensor> = { ...feeds, learningRate: scalar(learningRate), step: scalar(step), blur: scalar(blur) };
      const wanted = Object.entries(fed).filter(([name]) => program.graph.inputs.has(name));
      const { objective, slope } = await program.run(Object.fromEntries(wanted));
      return { objective, slope };
    },
    transparency: () => (memories.includes(summedSlope) ? state.read(summedSlope) : undefined),
    read: () => Object.fromEntries([...free.keys()].map((name) => [name, state.read(name)])),
    release: () => program.release(),
  };
}
