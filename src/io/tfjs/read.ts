// Most models that TensorFlow.js keeps are of one picture and one result: a call that gives just that.
import type { Model } from "../../nn/model.ts";
import { checkOptions } from "../../tensor/options.ts";
import { readTfjsNetwork, type TfjsModelOptions } from "./network.ts";
import type { ReadShard } from "./weights.ts";

export interface ReadTfjsOptions extends TfjsModelOptions {
  /** What messages call the file. */
  readonly name?: string;
}

/** Reads a TensorFlow.js model of one input and one output; throws as `readTfjsNetwork` and its `model` do. */
export async function readTfjs(json: string, readShard: ReadShard, options: ReadTfjsOptions = {}): Promise<Model> {
  checkOptions("readTfjs", options, ["name", "inputShape", "classes", "preprocessing"]);
  const { name, ...rest } = options;
  return (await readTfjsNetwork(json, readShard, name === undefined ? {} : { name })).model(rest);
}
