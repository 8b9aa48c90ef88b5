// How a net is named between page and worker. The page owns the bytes; a worker opens what it is asked about and keeps it.
import type { Model } from "fovea";

/** A net of the session. `key` changes whenever the bytes do. */
export interface NetRef {
  readonly key: string;
  readonly format: "fovea" | "onnx";
  readonly bytes: Uint8Array;
  /** The file's name, for messages. */
  readonly name: string;
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

async function readNet({ format, bytes, name }: NetRef): Promise<Model> {
  const io = await import("fovea/io");
  if (format === "fovea") return io.readModel(bytes, name).model;
  return (await io.readOnnx(bytes, { name })).model();
}
