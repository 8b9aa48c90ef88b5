// A compiled net that measures itself on a data set. Training keeps one and refills it after every epoch.
import { breather } from "#platform";
import { compile } from "../backends/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { createGraph } from "../graph/graph.ts";
import type { CompileOptions, Program } from "../graph/program.ts";
import { input } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import type { Model } from "../nn/model.ts";
import { exp, softmax } from "../ops/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkLabels } from "./dataset-check.ts";
import { crossEntropyLoss, type Loss } from "./losses.ts";

export interface EvaluatorOptions {
  /** Pictures per run. */
  readonly batch: number;
  readonly loss?: Loss;
  /** Parameters as constants (faster), or as variables that `load` can refill. */
  readonly frozen: boolean;
  readonly compile: Pick<CompileOptions, "device" | "threads">;
}

/** Raw results, one entry per picture in the data set's order. */
export interface Measured {
  /** [pictures, classes]. */
  readonly probabilities: Tensor;
  readonly losses: Float32Array;
  readonly labels: Int32Array;
}

export interface MeasureOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, count: number) => void;
}

export interface Evaluator {
  readonly program: Program;
  /** Refills parameters and buffers; only for an evaluator that is not frozen. */
  load(state: ReadonlyMap<string, Tensor>): void;
  measure(dataset: Dataset, options?: MeasureOptions): Promise<Measured>;
}

/** Class probabilities of a net's output, whether it ends in logits, log-probabilities or probabilities. */
export function probabilitiesOf(output: Value): Value {
  const kind = outputKind(output);
  if (kind === "probabilities" || kind === "independent") return output;
  return kind === "log-probabilities" ? exp(output) : softmax(output, { axis: 1 });
}

/** What a classifier's graph ends in: softmax, its logarithm, a sigmoid for each class, or bare scores. */
export function outputKind(output: Value): "probabilities" | "log-probabilities" | "independent" | "scores" {
  let value = output;
  // Importers leave names and [N, C, 1, 1] to [N, C] behind the last layer.
  while (value.op.name === "identity" || (value.op.name === "reshape" && value.shape[0] === value.inputs[0].shape[0]))
    [value] = value.inputs;
  if (value.op.name === "softmax") return "probabilities";
  if (value.op.name === "logSoftmax") return "log-probabilities";
  return value.op.name === "sigmoid" ? "independent" : "scores";
}

/** Compiles `model` with probabilities and losses as outputs. Errors as `compile`, and the loss's own. */
export async function createEvaluator(
  model: Model,
  { batch, loss = crossEntropyLoss(), frozen, compile: where }: EvaluatorOptions,
): Promise<Evaluator> {
  const traced = model.trace({ batch, frozen });
  const y = input("y", [batch], "int32");
  const outputs = { probabilities: probabilitiesOf(traced.output), losses: loss.perPicture(traced.output, y) };
  const program = await compile(createGraph({ outputs }), where);
  const classes = traced.output.shape[1];

  async function measure(dataset: Dataset, { signal, onProgress }: MeasureOptions = {}): Promise<Measured> {
    const count = dataset.size;
    const probabilities = new Float32Array(count * classes);
    const losses = new Float32Array(count);
    const labels = new Int32Array(count);
    const breathe = breather();
    const indices = new Int32Array(batch);
    for (let start = 0; start < count; start += batch) {
      signal?.throwIfAborted();
      const used = Math.min(batch, count - start);
      // The last run is filled up with the last picture: outside training each picture stands for itself, so the rest is just cut off.
      for (let i = 0; i < batch; i++) indices[i] = Math.min(start + i, count - 1);
      const { x, y: given } = dataset.batch(indices);
      checkLabels(dataset, given, indices, "evaluate");
      const results = await program.run({ x, y: given });
      probabilities.set(results.probabilities.data.subarray(0, used * classes), start * classes);
      losses.set(results.losses.data.subarray(0, used), start);
      labels.set(given.data.subarray(0, used), start);
      onProgress?.(start + used, count);
      await breathe();
    }
    return { probabilities: new Tensor(probabilities, [count, classes]), losses, labels };
  }

  return {
    program,
    measure,
    load(state) {
      for (const name of program.state.names) {
        const value = state.get(name);
        if (value !== undefined) program.state.write(name, value);
      }
    },
  };
}

/** Index of the greatest entry of each row; the first of equal ones. */
export function greatest(scores: Tensor): Int32Array {
  const [count, width] = scores.shape;
  const found = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let best = 0;
    for (let j = 1; j < width; j++) if (scores.data[i * width + j] > scores.data[i * width + best]) best = j;
    found[i] = best;
  }
  return found;
}
