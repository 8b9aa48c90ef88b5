import { oneOf, text, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";

/** What is looked at; which net it is stands in the session's part of the address. */
export const view = roomState("open", {
  tab: oneOf(["inspect", "run", "explain"], "inspect"),
  /** Index among the pictures. */
  picture: whole(0, 0, 9999),
  /** Attribution methods, separated by commas. */
  methods: text("gradCam"),
  /** Class to explain; -1 is the most probable. */
  of: whole(-1, -1, 1_000_000),
});
