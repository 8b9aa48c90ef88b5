// The documentation's pictures are what the code draws today, and every one is shown.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decode } from "modern-gif";
import { expect, test } from "vitest";
import { chartTexts } from "../../tools/docs-charts.ts";
import { picturesFolder, svgTexts } from "../../tools/docs-pictures.ts";

test("A13 docs/pictures is up to date (else run: npx tsx tools/docs-pictures.ts)", async () => {
  for (const [name, text] of [...svgTexts(), ...(await chartTexts())])
    expect(await readFile(join(picturesFolder, name), "utf8"), name).toBe(text);
  const gif = decode(new Uint8Array(await readFile(join(picturesFolder, "steps.gif"))));
  expect(gif.frames).toHaveLength(9);
});

test("A13 every chart stands in a chapter, with words for those who do not see it", async () => {
  const folder = join(picturesFolder, "..");
  const chapters = (await readdir(folder)).filter((f) => f.endsWith(".md"));
  const texts = await Promise.all(chapters.map((f) => readFile(join(folder, f), "utf8")));
  const shown = texts.flatMap((text) => [...text.matchAll(/!\[([^\]]{10,})\]\(pictures\/([^)]+)\)/g)].map((m) => m[2]));
  for (const [name] of await chartTexts()) expect(shown).toContain(name);
});

test("A13 the chapter shows every picture, with words for those who do not see it", async () => {
  const chapter = await readFile(join(picturesFolder, "..", "convolution-pictures.md"), "utf8");
  const shown = [...chapter.matchAll(/!\[([^\]]{10,})\]\(pictures\/([^)]+)\)/g)].map((m) => m[2]);
  expect(new Set(shown).size).toBe(shown.length);
  expect([...shown].sort()).toEqual(
    (await readdir(picturesFolder)).filter((f) => svgTexts().some(([name]) => name === f) || f === "steps.gif").sort(),
  );
});
