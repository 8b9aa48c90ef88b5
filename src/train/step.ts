// One training step as one graph: forward, loss, backward, clipping, update. A run of it is a step.

import { gradient } from "../graph/grad.ts";
import { createGraph, type Graph } from "../graph/graph.ts";
import { constant, input, variable } from "../graph/record.ts";
import { label, type Value } from "../graph/value.ts";
import { expectModel, type Model } from "../nn/model.ts";
import type { Traced } from "../nn/module.ts";
import { counterName } from "../nn/trace.ts";
import { add, argMax, cast, eq, mean, reshape, sum } from "../ops/index.ts";
import { ArgumentError, GraphError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import { type DType, ones, zeros } from "../tensor/tensor.ts";
import { type ClipOptions, clipGradients, globalNorm } from "./clip.ts";
import { crossEntropyLoss, type Loss } from "./losses.ts";
import { adam, type Optimiser } from "./optimisers.ts";

export interface TrainingStepOptions {
  /** Pictures per run. */
  readonly batch: number;
  /** Default adam(1e-3). */
  readonly optimiser?: Optimiser;
  /** Default crossEntropyLoss(). */
  readonly loss?: Loss;
  /** "mean" (default) or "sum" over the pictures of the batch. */
  readonly reduction?: "mean" | "sum";
  readonly clip?: ClipOptions;
  /** Which parameters learn (default all): the way to freeze layers. */
  readonly trainable?: (name: string) => boolean;
  /** What "y" is fed with (default: one int32 label per picture). */
  readonly target?: { readonly shape: Shape; readonly dtype: DType };
  /** Seed of dropout masks. */
  readonly seed?: number;
  /** Report the gradient's global norm before clipping as output "gradientNorm" (default false). */
  readonly gradientNorm?: boolean;
  /** float64 for checks (default float32). */
  readonly dtype?: DType;
}

export interface TrainingStep {
  /**
   * Inputs "x" [batch, ...], "y", "learningRate" []; outputs "loss" [] and, for labels, "correct" [] (how many were right).
   * Variables: parameters and buffers by name, "step", and the optimiser's memory "optimiser.<name>.<what>.<parameter>".
   */
  readonly graph: Graph;
  readonly traced: Traced;
  /** The gradient of each trained parameter before clipping, by name. */
  readonly gradients: ReadonlyMap<string, Value>;
}

/**
 * The graph of one training step of `model` on `options.batch` pictures. Throws `ArgumentError` for impossible options or when nothing is
 * trainable, `ShapeError` when the loss does not fit the net.
 */
export function trainingStep(model: Model, options: TrainingStepOptions): TrainingStep {
  expectModel("trainingStep", model);
  checkOptions("trainingStep", options, [
    "batch",
    "optimiser",
    "loss",
    "reduction",
    "clip",
    "trainable",
    "target",
    "seed",
    "gradientNorm",
    "dtype",
  ]);
  const {
    batch,
    optimiser = adam(),
    loss = crossEntropyLoss(),
    reduction = "mean",
    clip = {},
    trainable = () => true,
    dtype = "float32",
  } = options;
  const traced = model.trace({ batch, training: true, frozen: false, dtype, ...(options.seed !== undefined && { seed: options.seed }) });
  const { shape, dtype: targetType } = options.target ?? { shape: [batch], dtype: "int32" as const };
  const y = input("y", shape, targetType);
  const learningRate = input("learningRate", [], dtype);
  const perPicture = loss.perPicture(traced.output, y);
  const total = label(reduction === "mean" ? mean(perPicture) : sum(perPicture), "loss");

  const learning = [...traced.parameters].filter(([name]) => trainable(name));
  if (learning.length === 0) throw new ArgumentError("trainingStep: no parameter is trainable");
  const gradients = gradient(
    total,
    learning.map(([, value]) => value),
  );
  const updates = new Map<Value, Value>(traced.updates);
  const counter = traced.variables.get(counterName) ?? variable(counterName, zeros([1], "int32"));
  if (!updates.has(counter)) updates.set(counter, add(counter, constant(ones([1], "int32"))));
  const step = add(reshape(cast(counter, { dtype }), []), 1);

  const shared = new Map<string, Value>();
  const clipped = clipGradients(gradients, clip);
  learning.forEach(([name, parameter], i) => {
    const next = optimiser.update(parameter, clipped[i], {
      learningRate,
      step,
      memory: (what) => variable(`optimiser.${optimiser.name}.${what}.${name}`, zeros(parameter.shape, dtype)),
      remember(memory, value) {
        if (updates.has(memory)) throw new GraphError(`optimiser ${optimiser.name}: ${memory.label} is updated twice`);
        updates.set(memory, value);
      },
      shared(key, build) {
        const value = shared.get(key) ?? build();
        shared.set(key, value);
        return value;
      },
    });
    updates.set(parameter, next);
  });

  const outputs: Record<string, Value> = { loss: total };
  if (targetType === "int32" && traced.output.rank === 2) outputs.correct = countCorrect(traced.output, y);
  if (options.gradientNorm === true) outputs.gradientNorm = globalNorm(gradients);
  return {
    graph: createGraph({ outputs, updates }),
    traced,
    gradients: new Map(learning.map(([name], i) => [name, gradients[i]])),
  };
}

/** How many rows have their greatest value at the label, as a float []. */
function countCorrect(output: Value, labels: Value): Value {
  return sum(cast(eq(argMax(output, { axis: 1 }), labels), { dtype: output.dtype }));
}
