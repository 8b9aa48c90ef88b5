// The names by which a link hides controls stand in docs/lab.md: what the sources name is in the list, and nothing else is.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { hideNames } from "./hide-names.ts";

const source = new URL("../../lab/src/", import.meta.url);
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => /\.(svelte|ts)$/.test(file));
const textOf = (file: string): string => readFileSync(new URL(file, source), "utf8");

/** Names as the sources write them out, by room; what several rooms share is "everywhere". */
function written(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of files.filter((name) => name.endsWith(".svelte"))) {
    const room = /^rooms[/\\](\w+)/.exec(file)?.[1] ?? "everywhere";
    const names = found.get(room) ?? new Set();
    const text = textOf(file);
    for (const [, name] of text.matchAll(/data-control="([\w-]+)"/g)) names.add(name);
    for (const [, name] of text.matchAll(/<(?:Choice|Slider|RateField|PictureRow)\b[^>]*?\bname="([\w-]+)"/g)) names.add(name);
    found.set(room, names);
  }
  return found;
}

describe("L19 names of controls", () => {
  it("every name in the sources is in the documentation's list", () => {
    const missing = [...written()].flatMap(([room, names]) => {
      const listed = hideNames(room);
      return [...names].filter((name) => !listed.has(name)).map((name) => `${room}: ${name}`);
    });
    expect(missing).toEqual([]);
  });

  it("every name in the list is one of the sources", () => {
    const all = files.map(textOf).join("\n");
    const gone = ["everywhere", "start", "convolve", "network", "train", "neurons", "open", "lessons", "reading"].flatMap((room) => {
      const names = [...hideNames(room, { own: true })];
      expect(names.length, room).toBeGreaterThan(2);
      // A name with a part that the page fills in is looked for without it.
      return names.filter(
        (name) => !all.includes(`"${name}"`) && !all.includes(` ${name}:`) && !all.includes(`"${name.replace(/-\w+$/, "")}-{`),
      );
    });
    expect(gone).toEqual([]);
  });
});
