// At which stage a gradient ends, when none of it reaches the pixels: the answer to an empty map that can be acted upon.
import { compile } from "../backends/compile.ts";
import { gradient } from "../graph/grad.ts";
import { createGraph } from "../graph/graph.ts";
import { input } from "../graph/record.ts";
import { topological, type Value } from "../graph/value.ts";
import type { Model } from "../nn/model.ts";
import { abs, max, min } from "../ops/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { onePicture, stack, traceFor } from "./batch.ts";
import { type ReluRule, reluRules } from "./rules.ts";
import { compileOptions, type RunOptions } from "./run.ts";
import { type Target, targetLayer } from "./target.ts";

export interface StageQuestion {
  /** [C, H, W]. */
  readonly image: Tensor;
  readonly target: Target;
  /** Over the target's layer, as `fillMask` writes it. */
  readonly mask: Tensor["data"];
  readonly rule: ReluRule;
}

const rectifiers: ReadonlySet<string> = new Set(["relu", "relu6", "clip", "threshold"]);
const squashers: ReadonlySet<string> = new Set(["sigmoid", "tanh", "softmax", "hardSigmoid", "hardTanh", "softsign"]);

/** A sentence that names the stage; undefined where the gradient does reach the pixels. */
export async function stageOfEnd(model: Model, question: StageQuestion, options: RunOptions): Promise<string | undefined> {
  const { target, rule, mask } = question;
  const { dtype = "float32" } = options;
  const image = onePicture(question.image);
  const traced = traceFor(model, image.shape, 1, dtype);
  const { value: wanted, name } = targetLayer(traced, target);
  const reached = new Set(topological([wanted]));
  const names = new Map<Value, string>([[wanted, name]]);
  for (const layer of traced.layers) if (reached.has(layer.value)) names.set(layer.value, layer.name);
  // From the pixels to the target, with nothing after a named layer left unnamed.
  const stages = [...reached].filter((value) => names.has(value));
  const seed = input("mask", wanted.shape, dtype);
  const slopes = gradient(wanted, [traced.input, ...stages], { seed, ...(rule !== "gradient" && { rules: reluRules(rule) }) });
  const outputs: Record<string, Value> = {};
  for (const [i, slope] of slopes.entries()) outputs[`slope${i}`] = max(abs(slope));
  for (const [i, value] of stages.entries()) {
    outputs[`low${i}`] = min(value);
    outputs[`high${i}`] = max(value);
  }
  const program = await compile(createGraph({ outputs }), compileOptions(options));
  try {
    const run = await program.run({ x: stack([image], 1, image.shape, dtype), mask: new Tensor(mask, wanted.shape).cast(dtype) });
    const isOpen = (i: number): boolean => run[`slope${i}`].item() !== 0;
    const last = stages.findIndex((_, i) => isOpen(i + 1));
    if (isOpen(0) || last < 0) return undefined;
    const reason = reasonFor(stages[last], model, rule, { low: run[`low${last}`].item(), high: run[`high${last}`].item() });
    return `the gradient ends in "${names.get(stages[last])}": ${reason}`;
  } finally {
    program.release();
  }
}

/** Why the stage passes nothing back; its values on the picture lie from `low` to `high`. */
function reasonFor(stage: Value, model: Model, rule: ReluRule, { low, high }: { readonly low: number; readonly high: number }): string {
  const { name } = stage.op;
  if (rectifiers.has(name)) {
    if (high <= 0) return "none of its inputs is above 0 on this picture, so it passes nothing back (a dead or silent layer)";
    return rule === "gradient"
      ? "what arrives there belongs to values that it cut off"
      : `what arrives there has nothing positive that the ${rule} rule would pass`;
  }
  if (squashers.has(name)) return `its values, from ${low.toPrecision(4)} to ${high.toPrecision(4)}, are saturated`;
  const weights = stage.inputs.flatMap((operand) => model.parameters.get(operand.label ?? "") ?? []).filter(({ rank }) => rank > 1);
  if (weights.length > 0 && weights.every(({ data }) => data.every((w) => w === 0))) return "its weights are all zero";
  return `nothing comes back through its ${name}`;
}
