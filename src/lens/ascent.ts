// Gradient ascent on pictures as one program: picture, transform, net, gradient, penalties and optimiser step are a single run.
// The picture is a variable of the program, and only the optimiser's step ever changes it; transforms act on a copy inside the graph.
import { compile } from "../backends/compile.ts";
import { gradient } from "../graph/grad.ts";
import { createGraph } from "../graph/graph.ts";
import type { Program } from "../graph/program.ts";
import { constant, input, variable } from "../graph/record.ts";
import { substitute } from "../graph/rewrite.ts";
import type { Value } from "../graph/value.ts";
import type { Model } from "../nn/model.ts";
import { add, div, mean, mul, neg, reshape, slice, sqrt, square, sub, sum } from "../ops/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { type DType, Tensor, zeros } from "../tensor/tensor.ts";
import type { Optimiser } from "../train/optimisers.ts";
import { traceFor } from "./batch.ts";
import type { Parametrisation } from "./parametrise.ts";
import { redirectedRules } from "./rules.ts";
import { compileOptions, type RunOptions } from "./run.ts";
import { blurMatrix, transformed } from "./separable.ts";
import { type Target, type TargetLayer, targetLayer } from "./target.ts";

export interface AscentSettings extends RunOptions {
  readonly target: Target;
  readonly batch: number;
  /** [C, H, W]. */
  readonly shape: Shape;
  readonly dtype: DType;
  readonly parametrisation: Parametrisation;
  readonly optimiser: Optimiser;
  readonly l2: number;
  readonly totalVariation: number;
  /** Standard deviation in pixels; 0 leaves the blur out of the program. */
  readonly blur: number;
  /** Whether pictures are shifted. */
  readonly jitter: boolean;
  readonly redirect: boolean;
}

/** What one step is fed with. */
export interface AscentStep {
  readonly learningRate: number;
  /** From 1. */
  readonly step: number;
  readonly rows: Tensor;
  readonly columns: Tensor;
  /** How much of the smoothed picture replaces the picture after this step, 0..1. */
  readonly blur: number;
  /** 1: let gradients pass dead ReLUs; 0: the ordinary gradient. */
  readonly redirect: number;
}

export interface Ascent {
  readonly layer: TargetLayer;
  /** Starts from these free numbers, [batch, C, H, W], and forgets the optimiser's memory. */
  start(free: Tensor, mask: Tensor): void;
  /** One step. */
  step(feeds: AscentStep): Promise<AscentReading>;
  /** The free numbers as they are now. */
  read(): Tensor;
}

/** Per picture, before the step. */
export interface AscentReading {
  readonly objective: Tensor;
  /** Mean square of the objective's gradient on the pixels; 0 when the target cannot be climbed from here. */
  readonly slope: Tensor;
}

const perPicture = (v: Value): Value => sum(v, { axes: v.shape.map((_, axis) => axis).slice(1), keepDims: true });

/** Compiles one step of ascent for `settings.batch` pictures. Throws `GraphError` or `ShapeError` when the target is not in the net. */
export async function compileAscent(model: Model, settings: AscentSettings): Promise<Ascent> {
  const { batch, shape, dtype, jitter, redirect, optimiser } = settings;
  const [, height, width] = shape;
  const traced = traceFor(model, shape, batch, dtype);
  const free = variable("picture", zeros([batch, ...shape], dtype));
  const picture = settings.parametrisation.picture(free);
  const shown = jitter ? transformed(picture, input("rows", [height, height], dtype), input("columns", [width, width], dtype)) : picture;
  const layer = targetLayer(traced, settings.target);
  const [reached] = substitute([layer.value], new Map([[traced.input, shown]]));
  const mask = input("mask", layer.value.shape, dtype);

  const rules = redirect ? redirectedRules(input("redirect", [1], dtype), perPicture) : {};
  const [uphill] = gradient(reached, [picture], { seed: mask, rules });
  const slope = mean(square(uphill), { axes: [1, 2, 3], keepDims: true });
  // Scaled to a root mean square of 1 per picture, so that a penalty means the same for weak and for strong units.
  const even = div(uphill, sqrt(add(slope, 1e-24)));
  const [climb] = gradient(picture, [free], { seed: withPenalties(even, picture, settings) });

  const scalar = (name: string): Value => input(name, [], dtype);
  const memories: Value[] = [];
  const updates = new Map<Value, Value>();
  const next = optimiser.update(free, neg(climb), {
    learningRate: scalar("learningRate"),
    step: scalar("step"),
    memory(what) {
      const memory = variable(what, zeros(free.shape, dtype));
      memories.push(memory);
      return memory;
    },
    remember: (memory, value) => void updates.set(memory, value),
    shared: (_, build) => build(),
  });
  updates.set(free, settings.blur > 0 ? smoothed(next, settings, scalar("blur")) : next);

  const objective = sum(mul(reached, mask), { axes: reached.shape.map((_, axis) => axis).slice(1) });
  const graph = createGraph({ outputs: { objective, slope: reshape(slope, [batch]) }, updates });
  return running(await compile(graph, compileOptions(settings)), layer, free, memories, settings);
}

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
  const blurred = transformed(next, constant(blurMatrix(height, blur, dtype)), constant(blurMatrix(width, blur, dtype)));
  return add(next, mul(sub(blurred, next), share));
}

function running(program: Program, layer: TargetLayer, free: Value, memories: readonly Value[], settings: AscentSettings): Ascent {
  const { dtype } = settings;
  const scalar = (value: number, shape: Shape = []): Tensor => new Tensor(Float64Array.of(value), shape).cast(dtype);
  let aim: Tensor | undefined;
  return {
    layer,
    start(picture, mask) {
      program.state.write("picture", picture);
      for (const memory of memories) program.state.write(memory.attrs.name as string, zeros(free.shape, dtype));
      aim = mask;
    },
    async step({ learningRate, step, rows, columns, blur, redirect }) {
      const feeds = {
        mask: aim as Tensor,
        learningRate: scalar(learningRate),
        step: scalar(step),
        rows,
        columns,
        blur: scalar(blur),
        redirect: scalar(redirect, [1]),
      };
      const wanted = Object.entries(feeds).filter(([name]) => program.graph.inputs.has(name));
      const { objective, slope } = await program.run(Object.fromEntries(wanted));
      return { objective, slope };
    },
    read: () => program.state.read("picture"),
  };
}
