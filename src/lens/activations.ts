// What the layers make of pictures, and the filters that they make it with.
import { compile } from "../backends/compile.ts";
import { createGraph } from "../graph/graph.ts";
import { expectModel, layerValue, type Model } from "../nn/model.ts";
import { GraphError } from "../tensor/errors.ts";
import { expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { onePicture, stack, traceFor } from "./batch.ts";
import { compileOptions, type RunOptions, runOptionNames } from "./run.ts";

export interface ActivationsOptions extends RunOptions {
  /** Default: every layer. */
  readonly layers?: readonly string[];
}

/** The values of layers on one picture [C, H, W], by layer name and without the batch axis: feature maps are [C, H, W]. */
export async function activations(model: Model, image: Tensor, options: ActivationsOptions = {}): Promise<Map<string, Tensor>> {
  expectModel("activations", model);
  expectTensor("activations", "the picture", image);
  checkOptions("activations", options, [...runOptionNames, "layers"]);
  const { dtype = "float32" } = options;
  const picture = onePicture(image);
  const traced = traceFor(model, picture.shape, 1, dtype);
  const all = new Map(traced.layers.map((l) => [l.name, l.value]));
  const outputs = options.layers === undefined ? all : new Map(options.layers.map((name) => [name, layerValue(traced, name)]));
  const program = await compile(createGraph({ outputs }), compileOptions(options));
  const results = await program.run({ x: stack([picture], 1, picture.shape, dtype) });
  return new Map([...outputs.keys()].map((name) => [name, results[name].entry(0)]));
}

/** A convolution's kernels, [out, in, ...kernel], raw. Throws `GraphError` for layers that have none. */
export function filters(model: Model, layer: string): Tensor {
  expectModel("filters", model);
  const found = model.parameters.get(`${layer}.weight`);
  if (found !== undefined && found.rank >= 3) return found;
  const names = [...model.parameters]
    .filter(([name, p]) => name.endsWith(".weight") && p.rank >= 3)
    .map(([name]) => name.slice(0, -".weight".length));
  throw new GraphError(`"${layer}" has no convolution kernels; layers that have: ${names.join(", ") || "none"}`);
}
