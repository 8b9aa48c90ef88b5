// Nets that are made from what the address says alone, for every room: "net: conv(8) relu flatten linear" is built from its text and seed,
// "edited: shapes; conv1.bias:2=1.5" from another net and its changed weights. What cannot be made again is known to be gone.
import { engine } from "../engine/client.ts";
import { readEdited } from "./edits.ts";
import { addNet, chosen, netOf, type SessionNet, session } from "./session.svelte.ts";

let error: unknown = $state.raw();
/** The shipped nets are there, or will not come. */
let settled = $state(false);

/** How it stands with the net that the address names. */
export const wanted: { readonly gone: boolean; readonly error: unknown } = {
  /** Its weights lived in a page that is no more. */
  get gone() {
    return settled && netOf() === undefined && !isMadeAgain(chosen.net);
  },
  /** Why it could not be made. */
  get error() {
    return error;
  },
};

export function isWritten(id: string): boolean {
  return id.startsWith("net:");
}

export function bareText(id: string): string {
  return id.replace(/^net:\s*/, "");
}

/** Whether this id says all that is needed to make its net: as far as its base is one that is there, or can be made. */
function isMadeAgain(id: string): boolean {
  const edited = readEdited(id);
  return edited === undefined ? isWritten(id) || netOf(id) !== undefined : isMadeAgain(edited.base);
}

/** The pictures, sizes and classes that written nets are made for: those of a shipped net. */
export function frameOf(onto: string): SessionNet | undefined {
  return netOf(onto);
}

/** Call while the shell is set up: makes the net that is chosen, whenever it is one that can be made and is not there as asked. */
export function followChosen(shipped: Promise<unknown>): void {
  shipped.then(
    () => (settled = true),
    (reason) => {
      settled = true;
      error = reason;
    },
  );
  $effect(() => {
    const { net: id } = chosen;
    // Nets are made from others, so it is looked again when one comes.
    if (session.nets.length === 0 || !isMadeAgain(id)) {
      error = undefined;
      return;
    }
    const controller = new AbortController();
    make(id, controller.signal).then(
      () => {
        if (!controller.signal.aborted) error = undefined;
      },
      (reason) => {
        if (!controller.signal.aborted) error = reason;
      },
    );
    return () => controller.abort();
  });
}

function make(id: string, signal: AbortSignal): Promise<void> {
  const edited = readEdited(id);
  if (edited !== undefined) return makeEdited(id, edited, signal);
  return isWritten(id) ? makeWritten(id, signal) : Promise.resolve();
}

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 38)} …` : text);

async function makeWritten(id: string, signal: AbortSignal): Promise<void> {
  const { onto, weights: seed } = chosen;
  const frame = frameOf(onto);
  const key = `${id} ${onto} ${seed}`;
  if (frame === undefined || netOf(id)?.ref.key === key) return;
  const { inputShape, classes, preprocessing, samples } = frame;
  const text = bareText(id);
  const plan = { text, inputShape, classes, seed, ...(preprocessing && { preprocessing }) };
  const { bytes, parameters, name } = await engine.call("common", "build", plan, { signal });
  const ref = { key, format: "fovea", bytes, name: "net" } as const;
  addNet({ id, title: shortened(text), architecture: name, ref, inputShape, classes, preprocessing, parameters, samples });
}

async function makeEdited(id: string, { base, edits }: NonNullable<ReturnType<typeof readEdited>>, signal: AbortSignal): Promise<void> {
  await make(base, signal);
  const net = netOf(base);
  const key = `${net?.ref.key} ${id}`;
  if (net === undefined || netOf(id)?.ref.key === key) return;
  const { architecture, ref } = net;
  const bytes = await engine.call("common", "keep", { net: ref, edits, ...(architecture !== undefined && { architecture }) }, { signal });
  const { accuracy: _, ...same } = net;
  const format = architecture === undefined ? "onnx" : "fovea";
  const told = format === "onnx" && ref.told !== undefined ? { told: ref.told } : {};
  addNet({ ...same, id, title: `${net.title} *`, ref: { key, format, bytes, name: net.title, ...told } });
}
