// What can be written out: a model, or a graph of values.
import { expectGraph, type Graph } from "../graph/graph.ts";
import { expectModel, type Model } from "../nn/model.ts";

/** Whether `source` is a model; throws `ArgumentError` when it is neither that nor a graph. `where` is what the user called. */
export function isModel(where: string, source: Model | Graph): source is Model {
  if (typeof source === "object" && source !== null && "net" in source) {
    expectModel(where, source);
    return true;
  }
  expectGraph(where, source);
  return false;
}
