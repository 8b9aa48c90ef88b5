// The lab speaks English and Chinese. Every room has its own pair of dictionaries; a test compares their keys, the compiler their types.
import { settings } from "../state/settings.svelte.ts";

export type Language = "en" | "zh";

/** Strings, or functions of what stands in them. */
export type Dictionary = Readonly<Record<string, string | ((...given: never[]) => string)>>;

/** Both languages of a room: the same keys, the same arguments. */
export interface Words<D extends Dictionary> {
  readonly en: D;
  readonly zh: { readonly [K in keyof D]: D[K] extends string ? string : D[K] };
}

/** Checks at compile time that nothing is missing. */
export function words<const D extends Dictionary>(both: Words<D>): Words<D> {
  return both;
}

type Spoken<D extends Dictionary> = { readonly [K in keyof D]: D[K] extends string ? string : D[K] };

/** The dictionary of the chosen language; in a component: `const t = $derived(speak(roomWords))`. */
export function speak<D extends Dictionary>(both: Words<D>): Spoken<D> {
  return both[settings.language] as Spoken<D>;
}
