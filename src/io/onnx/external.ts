// Large models keep their numbers in files beside the ONNX file. Which ones is known before anything is read, so they are fetched first, each once.
import { ArgumentError, ModelFormatError } from "../../tensor/errors.ts";
import { showGiven } from "../../tensor/options.ts";
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "./schema.ts";
import { externalPlace } from "./tensor-proto.ts";

/** The files by the path that the model gives (relative to its folder, "/" between parts), or a function that fetches one. */
export type ExternalData = ReadonlyMap<string, Uint8Array> | ((location: string) => Promise<Uint8Array>);

/** Fetches every file that the model's tensors are in. Throws `ModelFormatError` for paths that lead out of the model's folder. */
export async function externalFiles(model: ModelProto, given: ExternalData | undefined): Promise<ReadonlyMap<string, Uint8Array>> {
  if (given === undefined || given instanceof Map) return given ?? new Map();
  if (typeof given !== "function") {
    throw new ArgumentError(`readOnnx: externalData is ${showGiven(given)}; expected a Map of files, or a function that fetches one`);
  }
  const files = new Map<string, Uint8Array>();
  for (const location of locationsIn(model)) {
    const bytes: unknown = await given(location);
    if (!(bytes instanceof Uint8Array))
      throw new ModelFormatError(`externalData gave ${showGiven(bytes)} for "${location}"; expected bytes`);
    files.set(location, bytes);
  }
  return files;
}

function locationsIn(model: ModelProto): Set<string> {
  const locations = new Set<string>();
  const tensor = (proto: TensorProto): void => {
    if (proto.dataLocation === 1) locations.add(externalPlace(proto, `the tensor "${proto.name}"`).location);
  };
  const nodes = (list: readonly NodeProto[]): void => {
    for (const { t, tensors, g, graphs } of list.flatMap(({ attribute }) => attribute)) {
      if (t !== undefined) tensor(t);
      tensors.forEach(tensor);
      if (g !== undefined) graph(g);
      graphs.forEach(graph);
    }
  };
  const graph = (proto: GraphProto): void => {
    proto.initializer.forEach(tensor);
    nodes(proto.node);
  };
  if (model.graph !== undefined) graph(model.graph);
  for (const { node } of model.functions) nodes(node);
  return locations;
}
