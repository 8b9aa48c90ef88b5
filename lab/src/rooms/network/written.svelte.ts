// Nets that are written as text and live in the session under that text: "net: conv(8) relu flatten linear". So an address that names one opens it.
import { engine } from "../../engine/client.ts";
import { addNet, netOf, type SessionNet } from "../../state/session.svelte.ts";

export function isWrittenId(id: string): boolean {
  return id.startsWith("net:");
}

export function bareText(id: string): string {
  return id.replace(/^net:\s*/, "");
}

/** The pictures, sizes and classes that a written net is made for: those of a shipped net. */
export function frameOf(onto: string): SessionNet | undefined {
  return netOf(onto);
}

/** Builds the net of this id with fresh weights and adds it to the session. Rejects with the library's words. */
export async function addWritten(id: string, onto: string, seed: number, signal: AbortSignal): Promise<void> {
  const frame = frameOf(onto);
  if (frame === undefined) return;
  const { inputShape, classes, preprocessing, samples } = frame;
  const key = `${id} ${onto} ${seed}`;
  if (netOf(id)?.ref.key === key) return;
  const { bytes, parameters, name } = await engine.call(
    "network",
    "build",
    { text: bareText(id), inputShape, classes, seed, ...(preprocessing && { preprocessing }) },
    { signal },
  );
  addNet({
    id,
    title: bareText(id).length > 40 ? `${bareText(id).slice(0, 38)} …` : bareText(id),
    architecture: name,
    ref: { key, format: "fovea", bytes, name: "net" },
    inputShape,
    classes,
    preprocessing,
    parameters,
    samples,
  });
}
