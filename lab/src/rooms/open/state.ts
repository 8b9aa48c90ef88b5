import { oneOf, text, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";

export const tabs = ["inspect", "run", "explain", "evaluate"] as const;

/** What is looked at; which net it is stands in the session's part of the address. */
export const view = roomState("open", {
  tab: oneOf(tabs, "inspect"),
  /** Index among the pictures. */
  picture: whole(0, 0, 9999),
  /** The method that the next explanation takes. */
  method: text("gradCam"),
  /** Class to explain; -1 is the most probable. */
  of: whole(-1, -1, 1_000_000),
  /** The maps on the screen, the newest first: "gradCam:3:0,edges:3:0" are methods, classes and pictures. */
  maps: text(""),
});

/** One explanation: of which class, on which picture. */
export interface MapName {
  readonly method: string;
  readonly of: number;
  readonly picture: number;
}

const most = 24;

export function readMaps(written: string): MapName[] {
  return written
    .split(",")
    .flatMap((one) => {
      const found = /^([a-zA-Z]+):(\d{1,7}):(\d{1,4})$/.exec(one);
      return found === null ? [] : [{ method: found[1], of: Number(found[2]), picture: Number(found[3]) }];
    })
    .filter((one, i, all) => all.findIndex((other) => keyOf(other) === keyOf(one)) === i)
    .slice(0, most);
}

export function keyOf({ method, of, picture }: MapName): string {
  return `${method}:${of}:${picture}`;
}
