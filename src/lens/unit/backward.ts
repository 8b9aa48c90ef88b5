// What arrives at one unit's map from a score or a loss on one picture: δ, the engine's gradient. backward-cells.ts follows it further back.
import { compile } from "../../backends/compile.ts";
import { gradient } from "../../graph/grad.ts";
import { createGraph } from "../../graph/graph.ts";
import { constantOp } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { expectModel, layerValue, type Model } from "../../nn/model.ts";
import { convInputGradOp } from "../../ops/conv.ts";
import { exp, log, logSoftmax, mean, neg, reshape, slice, sum } from "../../ops/index.ts";
import { checkOptions } from "../../tensor/options.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { onePicture, stack, traceFor } from "../batch.ts";
import { compileOptions, type RunOptions, runOptionNames } from "../run.ts";
import { channelOf, targetLayer } from "../target.ts";
import { type UnitArithmetic, unitArithmetic } from "./arithmetic.ts";

/** What is differentiated: a class's score (its logit), its probability, or the cross-entropy when it is the right answer. */
export type BackwardScore = "score" | "probability" | "loss";

export interface UnitBackwardOptions extends RunOptions {
  readonly layer: string;
  readonly unit: number;
  /** Index or name of the class. */
  readonly class: number | string;
  /** Default "loss". */
  readonly of?: BackwardScore;
}

export interface UnitBackward {
  readonly arithmetic: UnitArithmetic;
  /** What is differentiated, on this picture. */
  readonly score: number;
  /** [H', W']: the gradient of the score in the unit's map. */
  readonly delta: Tensor;
  /** The same of all units of the layer, [U, H', W']. */
  readonly deltas: Tensor;
  /** Of weighted sums: the weights of all units, [U, C / groups, kH, kW] ([C, U / groups, kH, kW] of transposed ones). */
  readonly weights?: Tensor;
  readonly groups: number;
}

/**
 * Follows a class back to one unit on one picture [C, H, W]. Layers that the class does not depend on get zeros. Errors as `unitArithmetic`;
 * `ArgumentError` for classes that the net has not.
 */
export async function unitBackward(model: Model, picture: Tensor, options: UnitBackwardOptions): Promise<UnitBackward> {
  expectModel("unitBackward", model);
  checkOptions("unitBackward", options, [...runOptionNames, "layer", "unit", "class", "of"]);
  const { layer, unit, class: target, of = "loss", ...run } = options;
  const arithmetic = await unitArithmetic(model, picture, { ...run, layer, unit });
  const { dtype = "float32" } = options;
  const image = onePicture(picture);
  const traced = traceFor(model, image.shape, 1, dtype);
  const value = layerValue(traced, layer);
  const logits = targetLayer(traced, { class: target });
  const index = channelOf(model, { class: target }, logits);
  // Behind a final softmax there are no logits any more, only what it gave.
  const past = !dependsOn(logits.value, value) && dependsOn(traced.output, value);
  const score = scoreOf(past ? traced.output : logits.value, index, of, past);
  const [delta] = gradient(score, [value]);
  const program = await compile(createGraph({ outputs: { score, delta } }), compileOptions(options));
  const results = await program.run({ x: stack([image], 1, image.shape, dtype) });
  program.release();
  const [rows, columns] = arithmetic.result.shape;
  const units = results.delta.size / (rows * columns);
  const deltas = new Tensor(results.delta.data, [units, rows, columns]);
  return { arithmetic, score: results.score.data[0], delta: deltas.entry(unit), deltas, ...weightsOf(value) };
}

function dependsOn(value: Value, on: Value): boolean {
  const seen = new Set<Value>();
  const waiting = [value];
  for (let v = waiting.pop(); v !== undefined; v = waiting.pop()) {
    if (v === on) return true;
    if (seen.has(v)) continue;
    seen.add(v);
    waiting.push(...v.inputs);
  }
  return false;
}

/** `from` is [1, classes] or [1, classes, H, W], of whose positions the mean counts; logits, or what a softmax made of them. */
function scoreOf(from: Value, index: number, of: BackwardScore, past: boolean): Value {
  const classes = from.shape[1];
  const flat = mean(reshape(from, [classes, sizeOf(from.shape) / classes]), { axes: [1] });
  const one = (v: Value): Value => sum(slice(v, { starts: [index], ends: [index + 1] }));
  if (past) return of === "loss" ? neg(log(one(flat))) : one(flat);
  if (of === "score") return one(flat);
  const logarithm = one(logSoftmax(flat, { axis: 0 }));
  return of === "loss" ? neg(logarithm) : exp(logarithm);
}

function weightsOf(value: Value): Pick<UnitBackward, "weights" | "groups"> {
  const op = value.op.name === "add" && value.inputs[0].op === convInputGradOp ? value.inputs[0] : value;
  const [, weight] = op.inputs;
  if (!["conv", "convInputGrad", "linear"].includes(op.op.name) || weight === undefined || weight.op !== constantOp) return { groups: 1 };
  const { shape, data } = weight.attrs.value as Tensor;
  return { weights: new Tensor(data, shape), groups: typeof op.attrs.groups === "number" ? op.attrs.groups : 1 };
}
