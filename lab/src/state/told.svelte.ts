// What a room has found out beyond its settings: that a net has been trained so far, that a map was made. Tours ask for it, and wait until it is so.
import type { RoomName } from "./rooms.svelte.ts";

type Facts = Readonly<Record<string, string | number>>;

const told: Partial<Record<RoomName, Facts>> = $state({});

/** Says what is so in a room now; facts that are not named stay as they were. */
export function tell(room: RoomName, facts: Facts): void {
  told[room] = { ...told[room], ...facts };
}

export function toldBy(room: RoomName): Facts {
  return told[room] ?? {};
}
