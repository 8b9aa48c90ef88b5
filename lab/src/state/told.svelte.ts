// What a room has found out beyond its settings: that a net has been trained so far, that a map was made. Tours ask for it, and wait until it is so.
import { untrack } from "svelte";
import type { RoomName } from "./rooms.svelte.ts";

type Facts = Readonly<Record<string, string | number>>;

const told: Partial<Record<RoomName, Facts>> = $state({});

/** Says what is so in a room now; facts that are not named stay as they were. */
export function tell(room: RoomName, facts: Facts): void {
  // An effect that tells must not run again because it told.
  told[room] = { ...untrack(() => told[room]), ...facts };
}

export function toldBy(room: RoomName): Facts {
  return told[room] ?? {};
}
