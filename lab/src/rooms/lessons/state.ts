// Which lesson, which problem of it, what was predicted, and which lessons are solved: all in the address, so that leaving and returning
// resumes. The browser remembers what is solved, where it may.
import { flag, oneOf, text, whole } from "../../state/address.ts";
import { recall, remember } from "../../state/remember.ts";
import { roomState } from "../../state/rooms.svelte.ts";
import { type LessonName, lessonNames } from "./lesson.ts";

export const view = roomState("lessons", {
  lesson: oneOf(lessonNames, "sums"),
  seed: whole(1, 0, 2 ** 31 - 1),
  /** The prediction as a number; empty while there is none. */
  guess: text(""),
  run: flag(false),
  /** Whether the hint is open. */
  hint: flag(false),
  /** Names of the solved lessons. */
  done: text(""),
});

/** What the address says, and what the browser remembers. */
export function solvedLessons(): ReadonlySet<LessonName> {
  const named = `${view.done},${recall("lessons") ?? ""}`.split(",");
  return new Set(lessonNames.filter((name) => named.includes(name)));
}

export function solve(name: LessonName): void {
  const all = solvedLessons();
  if (all.has(name) && view.done.split(",").includes(name)) return;
  view.done = lessonNames.filter((one) => one === name || all.has(one)).join(",");
  remember("lessons", view.done);
}
