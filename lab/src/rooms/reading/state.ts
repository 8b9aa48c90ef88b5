// Which chapter is read, from where on, and the address of the card that the reader came from.
import { oneOf, text } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";
import { chapterNames } from "./names.ts";

export const view = roomState("reading", {
  page: oneOf(chapterNames, "arithmetic"),
  /** An anchor of the chapter; empty for its beginning. */
  part: text(),
  /** The view with the card, as it stands in the address. */
  from: text(),
});
