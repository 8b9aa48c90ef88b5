// Both languages say the same things: the same keys, the same arguments, and nothing left in the other language.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = fileURLToPath(new URL("../../lab/src", import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
  (name) => /words(\/shell)?\.ts$/.test(name) && name !== "words/words.ts",
);

type Entry = string | ((...given: unknown[]) => string);
type Dictionary = Readonly<Record<string, Entry>>;

/** The dictionaries of a file, read as data: the file imports only the function that checks them. */
async function dictionariesOf(file: string): Promise<{ en: Dictionary; zh: Dictionary }[]> {
  const text = readFileSync(join(source, file), "utf8").replace(/^import .*words\.ts";$/m, "const words = (both) => both;");
  const esbuild = await import("esbuild");
  const { code } = await esbuild.transform(text, { loader: "ts" });
  const made = (await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`)) as Record<
    string,
    { en: Dictionary; zh: Dictionary }
  >;
  return Object.values(made).filter((given) => typeof given === "object" && "en" in given && "zh" in given);
}

describe("L47 dictionaries", () => {
  it("are found", () => expect(files.length).toBeGreaterThan(1));

  it.each(files)("%s: both languages have the same keys and arguments", async (file) => {
    const all = await dictionariesOf(file);
    expect(all.length).toBeGreaterThan(0);
    for (const { en, zh } of all) {
      expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
      for (const [key, english] of Object.entries(en)) {
        const chinese = zh[key];
        expect(typeof chinese, key).toBe(typeof english);
        if (typeof english === "function" && typeof chinese === "function") expect(chinese.length, key).toBe(english.length);
        else expect(String(chinese).trim(), key).not.toBe("");
      }
    }
  });
});
