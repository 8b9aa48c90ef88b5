// Both languages say the same things: the same keys, the same arguments, and nothing left in the other language.
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { dictionariesOf, labSource } from "./dictionaries.ts";

const files = readdirSync(labSource, { recursive: true, encoding: "utf8" }).filter(
  (name) => /words(\/shell)?\.ts$/.test(name) && name !== "words/words.ts",
);

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
