// Models as TensorFlow.js stores them: a model.json and shards of weights, of Keras layers or of TensorFlow's own graph.
import { createModel, type Model, type Preprocessing } from "../../nn/model.ts";
import { ArgumentError, ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type Json, record } from "./json.ts";
import { readKeras } from "./keras.ts";
import { readTensorFlowGraph } from "./tensorflow-graph.ts";
import { type ReadShard, readWeights } from "./weights.ts";

export interface ReadTfjsOptions {
  /** What messages call the file. */
  readonly name?: string;
  /** [channels, height, width], where the file leaves sizes open, or to read it at another size. */
  readonly inputShape?: Shape;
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
}

/**
 * Reads a TensorFlow.js model, layers or graph. `json` is the text of model.json, `readShard` gives the files that lie beside it. Pictures go in
 * as [N, channels, height, width] and maps come out in that order, whatever the file's own. Throws `ModelFormatError` when files are damaged,
 * `UnsupportedOpError` that lists every layer or operator that is not read.
 */
export async function readTfjs(json: string, readShard: ReadShard, options: ReadTfjsOptions = {}): Promise<Model> {
  checkOptions("readTfjs", options, ["name", "inputShape", "classes", "preprocessing"]);
  if (typeof json !== "string") throw new ArgumentError("readTfjs: the first argument is the text of model.json");
  const { name = "model.json" } = options;
  let parsed: Json;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new ModelFormatError(`${name}: not valid JSON: ${(cause as Error).message}`, { cause });
  }
  const { format, modelTopology, weightsManifest, signature, userDefinedMetadata } = record(parsed, name);
  if (modelTopology === undefined || modelTopology === null || weightsManifest === undefined) {
    throw new ModelFormatError(`${name}: has no modelTopology with a weightsManifest, so it is no TensorFlow.js model`);
  }
  const weights = await readWeights(weightsManifest, readShard, name);
  const isGraph = format === "graph-model" || record(modelTopology, `${name}: modelTopology`).node !== undefined;
  const { net, inputShape } = isGraph
    ? readTensorFlowGraph(modelTopology, weights, signature ?? (userDefinedMetadata as Record<string, Json> | undefined)?.signature, name)
    : readKeras(modelTopology, weights, name);
  const shape = options.inputShape ?? inputShape;
  if (shape.some((n) => n === undefined)) {
    throw new UnsupportedOpError(`${name}: takes [${inputShape.map((n) => n ?? "any").join(", ")}]; say at what size, with inputShape`);
  }
  const { classes, preprocessing } = options;
  return createModel(net, shape as Shape, { ...(classes && { classes }), ...(preprocessing && { preprocessing }) });
}
