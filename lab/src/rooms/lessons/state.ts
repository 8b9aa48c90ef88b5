// Which lesson, which problem of it, what was predicted, and which lessons are solved: all in the address, so that leaving and returning resumes.
import { flag, numbers, oneOf, text, whole } from "../../state/address.ts";
import { roomState } from "../../state/rooms.svelte.ts";
import { lessonNames } from "./lesson.ts";

export const view = roomState("lessons", {
  lesson: oneOf(lessonNames, "edges"),
  seed: whole(1, 0, 2 ** 31 - 1),
  /** The prediction as a number; empty while there is none. */
  guess: text(""),
  run: flag(false),
  /** Numbers of the solved lessons, from 1. */
  done: numbers([]),
});
