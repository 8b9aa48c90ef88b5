// What a class is called in the reader's language. Files and results keep the library's English names; readers see these.
import { classWords } from "./class-words.ts";
import { speak } from "./words.ts";

/** In a component, inside `$derived` or the markup: it follows the language. Names that nobody has translated stay as they are. */
export function className(name: string): string {
  const known: Readonly<Record<string, string>> = speak(classWords);
  return Object.hasOwn(known, name) ? known[name] : name;
}
