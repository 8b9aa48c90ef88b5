// Options are plain objects, so a misspelt name would silently leave the default in place. Everything that takes options asks here first.
import { ArgumentError } from "./errors.ts";

/** What `names` must be besides a list of keys of `O`: a list of all of them, so that a new option cannot be forgotten. */
type AllKeys<O, N extends readonly unknown[]> = [Exclude<keyof O, N[number]>] extends [never] ? unknown : readonly never[];

/**
 * Throws `ArgumentError` unless `given` is an object whose keys are all in `names`; the message lists them and proposes the nearest.
 * `where` is what the user called. The compiler checks that `names` has every key of the options' type and no other.
 */
export function checkOptions<O extends object, const N extends readonly (keyof O & string)[]>(
  where: string,
  given: O,
  names: N & AllKeys<O, N>,
): void {
  checkOptionNames(where, given, names);
}

/** The same for options whose names are known only at run time, such as the attributes of an op. */
export function checkOptionNames(where: string, given: unknown, names: readonly string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new ArgumentError(`${where}: the options are ${showGiven(given)}; expected an object${listed(" of", names)}`);
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new ArgumentError(
    `${where}: unknown option "${unknown}"${proposal(unknown, names)}; ${names.length === 0 ? "it has no options" : `known options: ${names.join(", ")}`}`,
  );
}

/** ` (did you mean "stride"?)` when one of the known names is near, else nothing. */
export function proposal(name: string, known: readonly string[]): string {
  // What was given may be no name at all; the message around this says so.
  const near = typeof name === "string" ? nearestName(name, known) : undefined;
  return near === undefined ? "" : ` (did you mean "${near}"?)`;
}

/** The known name that `name` was probably meant to be: one that begins with it, or is at most a third of its letters away. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const begun = name.length < 2 ? undefined : known.find((k) => k.toLowerCase().startsWith(name.toLowerCase()));
  const [best] = known
    .map((k) => ({ k, distance: editDistance(name.toLowerCase(), k.toLowerCase()) }))
    .filter(({ k, distance }) => distance <= Math.ceil(Math.max(name.length, k.length) / 3))
    .sort((a, b) => a.distance - b.distance);
  return best?.k ?? begun;
}

/** Letters to insert, delete or replace between two words, two swapped neighbours counting as two. Levenshtein 1966. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

/** A value as messages show it: short, whatever it is. */
export function showGiven(given: unknown): string {
  if (typeof given === "string") return JSON.stringify(given.length > 40 ? `${given.slice(0, 40)}...` : given);
  if (typeof given === "function") return "a function";
  if (Array.isArray(given)) return given.length > 8 ? `a list of ${given.length}` : `[${given.map(showGiven).join(", ")}]`;
  if (typeof given !== "object" || given === null) return String(given);
  const name = Object.getPrototypeOf(given)?.constructor?.name;
  return name === undefined || name === "Object" ? "an object" : `a ${name}`;
}

function listed(word: string, names: readonly string[]): string {
  return names.length === 0 ? "" : `${word} ${names.join(", ")}`;
}
