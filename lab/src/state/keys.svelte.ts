// Keys of the whole page. Rooms and widgets add theirs while they are on the screen; "?" lists them. Arrows belong to whatever has the focus.
import { untrack } from "svelte";
import { settings } from "./settings.svelte.ts";

export interface KeyAction {
  /** As KeyboardEvent.key has it: "Escape", " ", "o", "?". */
  readonly key: string;
  /** What it does, in the reader's language. */
  readonly label: () => string;
  /** Returns false when it had nothing to do; the next one is asked then. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most actions return nothing
  readonly run: () => boolean | undefined | void;
}

let groups: readonly (readonly KeyAction[])[] = $state.raw([]);

/** For an effect: adds keys, and takes them away again. What came last is asked first. */
export function addKeys(actions: readonly KeyAction[]): () => void {
  // An effect that adds keys must not run again because keys were added.
  untrack(() => {
    groups = [actions, ...groups];
  });
  return () => {
    groups = groups.filter((group) => group !== actions);
  };
}

export function activeKeys(): readonly KeyAction[] {
  return groups.flat();
}

export function pressKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  // The room behind an open dialog is not there.
  if (document.querySelector("dialog[open]") !== null) return;
  const at = event.target;
  const typing =
    at instanceof HTMLElement && (at.isContentEditable || at.matches("input:not([type=range]):not([type=checkbox]), textarea, select"));
  if (typing && event.key !== "Escape") return;
  // Space and Enter press what has the focus.
  if (
    at instanceof HTMLElement &&
    at.matches("button, a, summary, [role=button], input[type=checkbox]") &&
    [" ", "Enter"].includes(event.key)
  )
    return;
  if (event.key.length === 1 && event.key !== " " && !settings.letterKeys) return;
  for (const { key, run } of activeKeys()) {
    if (key === event.key && run() !== false) {
      event.preventDefault();
      return;
    }
  }
}
