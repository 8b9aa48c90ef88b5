// From files to nets of the session: what a file is, what it does not say, and what is told instead.
import { engine } from "../../engine/client.ts";
import type { NetRef, Told } from "../../engine/nets.ts";
import { addNet, freshId, type SessionNet } from "../../state/session.svelte.ts";
import type { FileFacts } from "./tasks.ts";

export interface OpenedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly facts: FileFacts;
}

/** Reads a file and finds out what it is. */
export async function readDropped(file: File): Promise<OpenedFile> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const facts = await engine.call("open", "facts", { bytes, name: file.name });
  return { name: file.name, bytes, facts };
}

/** What must be asked before the net can be opened. */
export function missingOf({ facts }: OpenedFile): "architecture" | "inputShape" | undefined {
  if (facts.kind === "weights") return "architecture";
  const [input] = facts.inputs ?? [];
  // The first axis is the batch, and one picture is enough.
  if (facts.kind === "onnx" && facts.inputs?.length === 1 && input.shape.slice(1).some((n) => typeof n !== "number")) return "inputShape";
  return undefined;
}

let made = 0;

/** Opens the net and adds it to the session. Throws what the library says about it. */
export async function openAsNet(
  file: Pick<OpenedFile, "name" | "bytes" | "facts">,
  told: Told = {},
  replaced?: SessionNet,
): Promise<SessionNet> {
  const id = replaced?.id ?? freshId("file");
  const format: NetRef["format"] = file.facts.kind === "onnx" ? "onnx" : file.facts.kind === "weights" ? "weights" : "fovea";
  made += 1;
  const ref: NetRef = { key: `${id}/${made}`, format, bytes: file.bytes, name: file.name, told };
  const facts = await engine.call("common", "facts", ref);
  const net: SessionNet = {
    id,
    title: file.name,
    ref,
    inputShape: facts.inputShape,
    classes: facts.classes ?? [],
    preprocessing: facts.preprocessing,
    parameters: facts.parameters,
    samples: replaced?.samples ?? [],
    ...(told.architecture !== undefined && { architecture: told.architecture }),
  };
  addNet(net);
  return net;
}

/** Names of classes from a text: a JSON array, or one on each line. Undefined when it is neither. */
export function labelsOf(text: string): readonly string[] | undefined {
  const bare = text.replace(/^\uFEFF/, "");
  if (/^\s*[[{]/.test(bare)) {
    try {
      const names: unknown = JSON.parse(bare);
      return Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string") ? names : undefined;
    } catch {
      return undefined;
    }
  }
  const names = bare.replace(/\r?\n$/, "").split(/\r?\n/);
  return names.some((name) => name.trim() !== "") ? names : undefined;
}

/** The same net, told something else. */
export function retold(net: SessionNet, told: Told): Promise<SessionNet> {
  const { ref } = net;
  const kind = ref.format === "fovea" ? "model" : ref.format;
  return openAsNet({ name: ref.name, bytes: ref.bytes, facts: { kind } }, { ...ref.told, ...told }, net);
}
