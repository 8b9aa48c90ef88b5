// What makes a training this training and no other: everything that the bits of its result depend on, in words that can be stored,
// compared and printed. Resuming with anything else would silently give a result that no training from the start gives.
import type { Dataset } from "../data/dataset.ts";
import { inputOp, variableOp } from "../graph/record.ts";
import { topological, type Value } from "../graph/value.ts";
import type { Model } from "../nn/model.ts";
import type { Traced } from "../nn/module.ts";
import { hashLabel } from "../tensor/random.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Settings } from "./options.ts";

/** One line per fact: "optimiser.betas" → "[0.9,0.999]", "layer conv1" → "conv2d [16, 28, 28] #5d3f02a1". */
export type TrainingIdentity = Readonly<Record<string, string>>;

/**
 * The identity of training `model` on `dataset`. Not in it, so free to change on resume: how long training lasts, the schedule (a function,
 * of which `epochs` is a part), what is measured and reported, early stopping, and the device.
 */
export function identityOf(model: Model, dataset: Dataset, settings: Settings): TrainingIdentity {
  const { seed, batchSize, dropLast, optimiser, loss, clip = {}, trainable = () => true, augment } = settings;
  // Two pictures: batch norm cannot train on one.
  const traced = model.trace({ batch: 2, training: true, frozen: false, seed });
  return Object.fromEntries([
    ...entries("", { seed, batchSize, dropLast }),
    ["data set", `"${dataset.name}" of ${dataset.size}`],
    ["augment", augment === undefined ? "none" : (augment.description ?? "a function without description")],
    ["optimiser", optimiser.name],
    ...entries("optimiser.", { learningRate: optimiser.learningRate, ...optimiser.settings }),
    ["loss", loss.name],
    ...entries("loss.", loss.settings ?? {}),
    ...entries("clip.", { ...clip }),
    ["input", showShape(model.inputShape)],
    ...[...traced.parameters].map(([name, { shape }]) => [
      `parameter ${name}`,
      `${showShape(shape)}, ${trainable(name) ? "learning" : "frozen"}`,
    ]),
    ...describeNet(traced),
  ]) as TrainingIdentity;
}

/** "batchSize 8 there, 16 here" for everything that is not the same. */
export function identityDifferences(there: TrainingIdentity, here: TrainingIdentity): string[] {
  const keys = [...new Set([...Object.keys(there), ...Object.keys(here)])];
  return keys
    .filter((key) => there[key] !== here[key])
    .map((key) => `${key} ${there[key] ?? "does not exist"} there, ${here[key] ?? "does not exist"} here`);
}

function entries(prefix: string, settings: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[`${prefix}${name}`, plain(value)]]));
}

/**
 * One line per layer, and per state that training updates. The number stands for all that the layer computes: its ops with their
 * attributes, and what they take from where. Places are named by layer, so that a changed layer does not change those that follow.
 */
function describeNet({ input, layers, updates, output }: Traced): [string, string][] {
  const places = new Map<Value, string>([[input, "x"]]);
  const describe = (name: string, root: Value): string => {
    const own = topological([root]).filter((value) => !places.has(value));
    own.forEach((value, i) => {
      places.set(value, value.op === variableOp ? String(value.label) : `${name}:${i}`);
    });
    const nodes = own
      .filter(({ op }) => op !== variableOp && op !== inputOp)
      .map(({ op, attrs, inputs, shape, dtype }) => [op.name, attrs, inputs.map((v) => places.get(v)), shape, dtype]);
    return `#${(hashLabel(plain([nodes, places.get(root)])) >>> 0).toString(16).padStart(8, "0")}`;
  };
  return [
    ...layers.map(({ name, kind, value }): [string, string] => [
      `layer ${name}`,
      `${kind} ${showShape(value.shape.slice(1))} ${describe(name, value)}`,
    ]),
    ["output", `${showShape(output.shape.slice(1))} ${describe("output", output)}`],
    ...updates.map(([state, next]): [string, string] => [`state ${state.label}`, describe(`state ${state.label}`, next)]),
  ];
}

/** JSON that also tells numbers from each other that JSON does not know, and tensors by their elements. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "number") return Number.isFinite(part) ? part : String(part);
    if (part instanceof Tensor) return `${part.dtype} ${showShape(part.shape)} ${hashLabel(part.data.join())}`;
    return part;
  });
}
