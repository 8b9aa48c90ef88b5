// How a net is named between page and worker. The page owns the bytes; a worker opens what it is asked about and keeps it.
import type { Model, Preprocessing } from "fovea";
import { Tensor } from "fovea/tensor";
import type { WeightEdit } from "../state/edits.ts";

/** What a file does not say itself. */
export interface Told {
  /** [channels, height, width] of pictures, where an ONNX file leaves sizes open. */
  readonly inputShape?: readonly number[];
  readonly classes?: readonly string[];
  readonly preprocessing?: Preprocessing;
  /** Which net bare weights belong to: a name of the zoo, or "net: ..." as text. */
  readonly architecture?: string;
}

/** A net of the session. `key` changes whenever the bytes, or what was told, do. */
export interface NetRef {
  readonly key: string;
  /** "weights" is a safetensors file that does not say which net it is. */
  readonly format: "fovea" | "onnx" | "weights";
  readonly bytes: Uint8Array;
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

async function readNet({ format, bytes, name, told = {} }: NetRef): Promise<Model> {
  const { inputShape, architecture, ...purpose } = told;
  const io = await import("fovea/io");
  if (format === "onnx") return (await io.readOnnx(bytes, { name })).model({ ...(inputShape && { inputShape }), ...purpose });
  if (format === "weights") {
    const { zooModel } = await import("fovea/zoo");
    if (architecture === undefined) throw new Error(`${name} holds weights, but not which net they belong to`);
    const { tensors } = io.readSafetensors(bytes, { name });
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
