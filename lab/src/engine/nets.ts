// How a net is named between page and worker. The page owns the bytes; a worker opens what it is asked about and keeps it.
import type { Model, Preprocessing } from "fovea";
import { ModelFormatError, Tensor } from "fovea/tensor";
import type { WeightEdit } from "../state/edits.ts";

/** What a file does not say itself. */
export interface Told {
  /** [channels, height, width] of pictures, where a file leaves sizes open. */
  readonly inputShape?: readonly number[];
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
  /** Which net bare weights belong to: a name of the zoo, or "net: ..." as text. */
  readonly architecture?: string;
}

/** A net of the session. `key` changes whenever the bytes, or what was told, do. */
export interface NetRef {
  readonly key: string;
  /** "weights" is a safetensors or npz file that does not say which net it is; "tfjs" the model.json of TensorFlow.js. */
  readonly format: "fovea" | "onnx" | "weights" | "tfjs";
  readonly bytes: Uint8Array;
  /** The files that a network's numbers lie in where they lie beside it, by the path that it gives. */
  readonly beside?: ReadonlyMap<string, Uint8Array>;
  /** The file's name, for messages. */
  readonly name: string;
  readonly told?: Told;
}

const kept = 4;
const opened = new Map<string, Promise<Model>>();

/** The net's model; the last few stay open. */
export function openNet(net: NetRef): Promise<Model> {
  const found = opened.get(net.key);
  if (found !== undefined) {
    opened.delete(net.key);
    opened.set(net.key, found);
    return found;
  }
  const model = readNet(net);
  opened.set(net.key, model);
  // A failure is told to whoever asked, and tried again the next time.
  model.catch(() => opened.delete(net.key));
  while (opened.size > kept) opened.delete(opened.keys().next().value!);
  return model;
}

/** What lies beside a network is asked for by its path. Throws `ModelFormatError` where it was not given. */
export function fileBeside({ name, beside }: Pick<NetRef, "name" | "beside">): (path: string) => Promise<Uint8Array> {
  return async (path) => {
    const bytes = beside?.get(path) ?? beside?.get(path.replace(/^\.\//, ""));
    if (bytes === undefined)
      throw new ModelFormatError(`${name}: its numbers are in the file "${path}", which is not here; give both together`);
    return bytes;
  };
}

async function readNet(net: NetRef): Promise<Model> {
  const { format, bytes, name, told = {} } = net;
  const { inputShape, architecture, ...purpose } = told;
  const io = await import("fovea/io");
  const bound = { ...(inputShape && { inputShape }), ...purpose };
  if (format === "onnx") return (await io.readOnnx(bytes, { name, externalData: fileBeside(net) })).model(bound);
  if (format === "tfjs") return (await io.readTfjsNetwork(new TextDecoder().decode(bytes), fileBeside(net), { name })).model(bound);
  if (format === "weights") {
    const { zooModel } = await import("fovea/zoo");
    if (architecture === undefined)
      throw new ModelFormatError(`${name} holds weights, but not which net they belong to`, {
        reason: { kind: "weights of no net", file: name },
      });
    const tensors = io.isZip(bytes) ? io.readNpz(bytes, { name }) : io.readSafetensors(bytes, { name }).tensors;
    const outputs = purpose.classes?.length;
    return zooModel(architecture, { parameters: tensors, ...(inputShape && { inputShape }), ...(outputs && { outputs }), ...purpose });
  }
  const { model } = io.readModel(bytes, name);
  if (purpose.classes === undefined && purpose.preprocessing === undefined) return model;
  const { createModel } = await import("fovea/nn");
  const own = { ...(model.classes && { classes: model.classes }), ...(model.preprocessing && { preprocessing: model.preprocessing }) };
  return createModel(model.net, model.inputShape, { parameters: model.state(), ...own, ...purpose });
}

/** The model with some weights changed. Weights that it lacks are passed over: an old link may name such. */
export function withEdits(model: Model, edits: readonly WeightEdit[]): Model {
  if (edits.length === 0) return model;
  const state = model.state();
  for (const { parameter, offset, value } of edits) {
    const tensor = state.get(parameter);
    if (tensor === undefined || offset >= tensor.size) continue;
    const data = tensor.data.slice();
    data[offset] = value;
    state.set(parameter, new Tensor(data, tensor.shape));
  }
  return model.with(state);
}
