// The list in docs/lab.md of what `hide=` knows, by room.
import { readFileSync } from "node:fs";

const text = readFileSync(new URL("../../docs/lab.md", import.meta.url), "utf8");

/** The names of a room, and those that are in every room; `own` leaves these out. */
export function hideNames(room: string, { own = false }: { readonly own?: boolean } = {}): Set<string> {
  const row = (name: string): string[] => {
    const [, cell = ""] = new RegExp(`^\\| ${name} \\| (\`.*) \\|$`, "m").exec(text) ?? [];
    return [...cell.matchAll(/`([\w-]+)`/g)].map(([, found]) => found);
  };
  return new Set([...row(room), ...(own || room === "everywhere" ? [] : row("everywhere"))]);
}
