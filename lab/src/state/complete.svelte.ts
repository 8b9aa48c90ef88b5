// From the server to the page while nobody waits: every file of the lab, one at a time, until nothing depends on the server any more. Files whose
// names hold a hash of their contents stay in the browser's cache, where a room or a worker that starts later finds them.

import { atWork } from "../engine/client.ts";

let all = $state(false);

/** Whether everything that the lab is made of is on this machine. */
export const complete: { readonly all: boolean } = {
  get all() {
    return all;
  },
};

/** Milliseconds that the first room has for itself. */
const firstRoom = 2000;
/** The room at work comes first; one that never rests must not keep the rest away for ever. */
const longestWait = 4000;

async function idle(): Promise<void> {
  const began = performance.now();
  // Fetching takes a tenth of two cores, which a training would miss.
  while (atWork() && performance.now() - began < longestWait) await pause(200);
  // Safari has no idle callbacks.
  if (!("requestIdleCallback" in globalThis)) return pause(200);
  await new Promise((resolve) => requestIdleCallback(resolve, { timeout: longestWait }));
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Fetches all files, and runs `loaders`, which make rooms ready to be entered. Does nothing for readers who asked to save data, nor where all is in
 * one file. What cannot be fetched is left for when it is needed.
 */
export function completeWhenIdle(loaders: readonly (() => Promise<unknown>)[]): () => void {
  const { connection } = navigator as { connection?: { readonly saveData?: boolean } };
  if (import.meta.env.MODE === "single" || connection?.saveData === true) return () => {};
  const controller = new AbortController();
  const timer = setTimeout(() => fetchAll(loaders, controller.signal).catch(() => {}), firstRoom);
  return () => {
    clearTimeout(timer);
    controller.abort();
  };
}

async function fetchAll(loaders: readonly (() => Promise<unknown>)[], signal: AbortSignal): Promise<void> {
  const bytes = async (name: string): Promise<Response> => {
    const response = await fetch(name, { signal, priority: "low" });
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    return response;
  };
  const names = (await (await bytes("files.json")).json()) as readonly string[];
  for (const name of names) {
    await idle();
    await (await bytes(name)).arrayBuffer();
  }
  for (const load of loaders) {
    await idle();
    await load();
  }
  all = true;
}
