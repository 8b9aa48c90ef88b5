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
  const kernels = new Map<string, Tensor>();
  for (const { name, kind, parameters } of model.trace().layers) {
    // In nets from files the names of parameters need not be those of their layers.
    const weight = model.parameters.get(parameters.find((own) => own === `${name}.weight` || kind.startsWith("conv")) ?? "");
    if (weight !== undefined && weight.rank >= 3) kernels.set(name, weight);
  }
  const found = kernels.get(layer);
  if (found !== undefined) return found;
  throw new GraphError(`"${layer}" has no convolution kernels; layers that have: ${[...kernels.keys()].join(", ") || "none"}`);
}
