// From files to nets of the session: what a file is, what it does not say, and what is told instead.
import type { FileKind } from "fovea/io";
import { engine } from "../../engine/client.ts";
import type { NetRef, Told } from "../../engine/nets.ts";
import type { Drop } from "../../state/drops.svelte.ts";
import { bytesOf } from "../../state/given-files.ts";
import { addNet, freshId, type Picture, type SessionNet, session } from "../../state/session.svelte.ts";
import type { FileFacts } from "./tasks.ts";

export interface OpenedFile extends Pick<NetRef, "name" | "bytes" | "beside"> {
  readonly facts: FileFacts;
}

/** Reads a network's file, and what lies beside it. Throws what the library says about it. */
export async function readDropped({ path, kind, files }: Drop): Promise<OpenedFile> {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const name = kind === "tfjs" && folder !== "" ? (folder.split("/").at(-2) ?? path) : path.slice(folder.length);
  const all = new Map(await bytesOf(files));
  const bytes = all.get(path);
  if (bytes === undefined) throw new Error(`${path} is not among the files`);
  // Only these two keep numbers elsewhere; a checkpoint beside a model is none of its business.
  const hasOthers = kind === "onnx" || kind === "tfjs";
  const others = [...all].filter(([other]) => hasOthers && other !== path && other.startsWith(folder));
  const read = {
    name,
    bytes,
    ...(others.length > 0 && { beside: new Map(others.map(([other, data]) => [other.slice(folder.length), data])) }),
  };
  return { ...read, facts: await engine.call("open", "facts", { kind, ...read }) };
}

/** What must be asked before the net can be opened. */
export function missingOf({ facts }: OpenedFile): "architecture" | "inputShape" | undefined {
  if (facts.kind === "weights" || facts.kind === "npz") return "architecture";
  const [input] = facts.inputs ?? [];
  // The first axis is the batch, and one picture is enough.
  if (facts.inputs?.length === 1 && input.shape.slice(1).some((n) => typeof n !== "number")) return "inputShape";
  return undefined;
}

/** Why a file that was read is no net for one picture; undefined where it is one. */
export function unusable({ facts }: OpenedFile): boolean {
  return (facts.unsupported ?? []).length > 0 || (facts.inputs?.length ?? 1) !== 1;
}

const formats: Readonly<Partial<Record<FileKind, NetRef["format"]>>> = { onnx: "onnx", tfjs: "tfjs", weights: "weights", npz: "weights" };
let made = 0;

/** A net that comes without pictures can be tried at once on the lab's own, of as many colours; what is right for them it need not know. */
function shippedPictures([channels]: readonly number[]): SessionNet["samples"] {
  const like = session.nets.find(({ inputShape, accuracy }) => accuracy !== undefined && inputShape[0] === channels);
  return (like?.samples ?? []).map(({ name, pixels }) => ({ name, pixels }));
}

/** Opens the net and adds it to the session. Throws what the library says about it. */
export function openAsNet({ facts, name, bytes, beside }: OpenedFile, told: Told = {}): Promise<SessionNet> {
  return addOpened({ format: formats[facts.kind] ?? "fovea", name, bytes, ...(beside && { beside }) }, told);
}

/** The same net, told something else. What was guessed stays a guess until it is told. */
export function retold(net: SessionNet, told: Told): Promise<SessionNet> {
  return addOpened(net.ref, { ...net.ref.told, ...told }, net, net.preparationGuessed === true && told.preprocessing === undefined);
}

/** Whether the net was made for far larger pictures than those that came with the lab: what it says of them means little. */
export function samplesAreSmall({ samples, inputShape }: SessionNet): boolean {
  return samples.some(({ pixels }) => 3 * pixels.shape[1] <= inputShape[1]);
}

/** The picture to begin with, as the address has it: the reader's own where the lab's are too small, and none where there are none. */
export function firstPicture(net: SessionNet): number {
  return samplesAreSmall(net) ? net.samples.length : 0;
}

/** The picture that the address names; undefined where the reader must choose one. */
export function pictureAt(net: SessionNet, index: number): Picture | undefined {
  const pictures = [...net.samples, ...session.pictures];
  return pictures[index] ?? (samplesAreSmall(net) ? session.pictures.at(-1) : pictures.at(-1));
}

async function addOpened(from: Omit<NetRef, "key" | "told">, told: Told, replaced?: SessionNet, guessed = false): Promise<SessionNet> {
  const id = replaced?.id ?? freshId("file");
  made += 1;
  let ref: NetRef = { ...from, key: `${id}/${made}`, told };
  let facts = await engine.call("common", "facts", ref);
  let preparationGuessed = guessed;
  if (facts.preprocessing === undefined && replaced === undefined) {
    preparationGuessed = true;
    const { preprocessing } = await engine.call("open", "likely", ref);
    if (preprocessing !== undefined) {
      // Another key: the worker keeps what it has opened.
      ref = { ...ref, key: `${id}/${made}g`, told: { ...told, preprocessing } };
      facts = { ...facts, preprocessing };
    }
  }
  const architecture = told.architecture ?? replaced?.architecture;
  const net: SessionNet = {
    id,
    title: replaced?.title ?? from.name,
    ref,
    inputShape: facts.inputShape,
    classes: facts.classes ?? [],
    preprocessing: facts.preprocessing,
    parameters: facts.parameters,
    samples: replaced?.samples ?? shippedPictures(facts.inputShape),
    ...(architecture !== undefined && { architecture }),
    ...(preparationGuessed && { preparationGuessed }),
  };
  addNet(net);
  return net;
}
