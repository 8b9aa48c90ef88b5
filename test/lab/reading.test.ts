// The documentation inside the lab: every link of a card leads to its formula, every formula's live card shows the formula's numbers, and
// whoever came from a card gets back to exactly that card.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { anchorsOf, type Chapter, chapterOf } from "../../lab/build/chapter.ts";
import { liveCards } from "../../lab/src/rooms/reading/live.ts";
import { chapterNames } from "../../lab/src/rooms/reading/names.ts";
import { formulas, methodFormulas } from "../../lab/src/ui/formulas.ts";
import { dictionariesOf, labSource as source } from "./dictionaries.ts";
import { canOpen, labFolder, startLab } from "./page.ts";

const docs = fileURLToPath(new URL("../../docs", import.meta.url));
const chinese = readdirSync(join(docs, "zh")).map((file) => file.replace(".md", ""));
const markdown = (name: string): string => readFileSync(join(docs, `${name}.md`), "utf8");

function chapter(name: string): Chapter {
  const translated = name.startsWith("zh/");
  return chapterOf(markdown(name), {
    chapters: chapterNames,
    leftOut: "left out",
    picture: (path) => ({ src: path, width: 1, height: 1 }),
    ...(translated && { anchors: anchorsOf(markdown(name.slice(3))) }),
  });
}
const [readingWords] = await dictionariesOf("rooms/reading/words.ts");
const [formulaWords] = await dictionariesOf("ui/formula-words.ts");
const editions = [...chapterNames, ...chinese.map((name) => `zh/${name}`)];
const plain = (html: string): string =>
  html
    .replace(/<[^>]*>/g, "")
    .replaceAll("&gt;", ">")
    .replaceAll("&lt;", "<")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");

describe("L11 the chapters of the reading room", () => {
  it("L48 Chinese chapters are translations of chapters that are read here", () => {
    expect(chapterNames).toEqual(expect.arrayContaining(chinese));
    for (const first of ["arithmetic", "receptive-fields", "three-ideas", "pooling", "activations", "variants", "seeing-inside"])
      expect(chinese).toContain(first);
  });

  it("are those that the page loads", () => {
    const glob = /docs\/\{([^}]*)\}\.md/.exec(readFileSync(join(source, "rooms/reading/load.ts"), "utf8"))?.[1];
    expect(glob?.split(",").sort()).toEqual([...chapterNames].sort());
  });

  it.each(editions)("%s: links and pictures lead somewhere, and the title is that of the contents", (name) => {
    const { title, parts } = chapter(name);
    const language = name.startsWith("zh/") ? "zh" : "en";
    expect(title).toBe(readingWords[language][name.replace("zh/", "")]);
    const ids = parts.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { html } of parts) {
      for (const [, page, part] of html.matchAll(/data-page="([^"]*)" data-part="([^"]*)"/g)) {
        const there = page === "" ? ids : chapter(page).parts.map(({ id }) => id);
        if (part !== "") expect(there, `${name} -> ${page}#${part}`).toContain(part);
      }
      for (const [, path] of html.matchAll(/<img src="([^"]*)"/g)) expect(() => readFileSync(join(docs, path))).not.toThrow();
      expect(html).not.toMatch(/style=|<script|onclick|!\[|\]\(/);
    }
  });

  it.each(chinese)("L47 zh/%s has the parts, the formulas and the numbers of the English chapter", (name) => {
    const [zh, en] = [chapter(`zh/${name}`), chapter(name)];
    expect(zh.parts.map(({ id }) => id)).toEqual(en.parts.map(({ id }) => id));
    const code = (given: Chapter): string[] =>
      given.parts.flatMap(({ html }) => [...html.matchAll(/<pre[\s\S]*?<\/pre>/g)].map(([text]) => text));
    expect(code(zh)).toEqual(code(en));
    const tables = (given: Chapter): number[] => given.parts.map(({ html }) => html.split("<tr>").length);
    expect(tables(zh)).toEqual(tables(en));
  });
});

describe("L11 J5 cards and formulas", () => {
  const cards = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".svelte") && !file.endsWith("FormulaLink.svelte"))
    .map((file) => readFileSync(join(source, file), "utf8"))
    .filter((text) => text.includes("<FormulaLink"));
  const used = new Set([
    ...cards.flatMap((text) => [...text.matchAll(/"(\w+)"/g)].map(([, word]) => word)),
    ...Object.values(methodFormulas),
  ]);

  it.each(Object.entries(formulas))("%s leads to a paragraph that leads to a live card, and some card uses it", (key, { page, part }) => {
    expect(chapter(page).parts.map(({ id }) => id)).toContain(part);
    expect(used).toContain(key);
    expect(liveCards.some((card) => card.page === page && card.part === part)).toBe(true);
    expect(Object.hasOwn(formulaWords.en, key)).toBe(true);
  });

  it.each(liveCards.map((card) => [`${card.page}#${card.part}`, card] as const))("%s: its live card's number is in the text", (_, card) => {
    for (const edition of [card.page, `zh/${card.page}`].filter((name) => editions.includes(name))) {
      const found = chapter(edition).parts.find(({ id }) => id === card.part);
      expect(found, edition).toBeDefined();
      if (card.shows !== undefined) expect(plain(found!.html), edition).toContain(card.shows);
    }
  });
});

describe.skipIf(!canOpen)("L11 the reading room", () => {
  const lab = startLab();
  /** What the open card says, in letters and figures alone: words, and the numbers of pictures, which are no part of innerText. */
  const told = async (page: Page): Promise<string> => {
    const text = await page
      .getByRole("main")
      .evaluate(
        (main) =>
          `${(main as HTMLElement).innerText} ${[...main.querySelectorAll("svg text")].map(({ textContent }) => textContent).join(" ")}`,
      );
    const typed = { "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "−": "-" } as const;
    return text
      .replace(/[⌊⌋⌈⌉−]/g, (sign) => typed[sign as keyof typeof typed])
      .replace(/(?<=\d),(?=\d{3}\b)/g, "")
      .replace(/\s+/g, " ");
  };

  it.each(chapterNames.filter((name) => liveCards.some((card) => card.page === name)))(
    "J5 %s: live cards show the numbers of their paragraphs",
    async (chapterName) => {
      const { page, problems } = await lab.open(`?room=reading&lang=en&page=${chapterName}`);
      for (const { part, address, shows } of liveCards.filter((card) => card.page === chapterName)) {
        await page.locator(`section:is(#part-${part}, :has(#part-${part})) a.button[href="?${address}"]`).press("Enter");
        await page.waitForURL(/room=(convolve|network|train|neurons)/);
        await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
        // Rows of a picture have no strokes between them.
        const numbers = shows !== undefined && /^[\d. /]+$/.test(shows) ? shows.replaceAll(" / ", " ") : shows;
        if (numbers !== undefined) await expect.poll(() => told(page), { timeout: 15_000 }).toContain(numbers);
        await page.goBack();
        await page.locator("article h2").first().waitFor();
      }
      expect(problems).toEqual([]);
    },
  );

  it("L11 L42 by keyboard: from a card to its formula, and back to exactly that card", async () => {
    const { page, problems } = await lab.open("?room=convolve&lang=en&size=7,7&kernel=2,2&stride=3,3&at=1");
    const link = page.locator("[data-formula=size]");
    await link.waitFor();
    await page.waitForURL(/v=\d/);
    const before = new URL(page.url()).search;
    const formula = "⌊(7 − 2) / 3⌋ + 1 = 2";
    await page.getByText(formula).first().waitFor();
    await link.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/room=reading/);
    await page.getByText("Every number can explain itself").waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("part-output-size");
    await page.getByRole("button", { name: /Back to the card/ }).press("Enter");
    await page.getByText(formula).first().waitFor();
    await expect.poll(() => new URL(page.url()).search).toBe(before);
    await expect.poll(() => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.formula)).toBe("size");
    // The browser's own way back leads to the chapter again.
    await page.goBack();
    await page.getByText("Every number can explain itself").waitFor();
    expect(problems).toEqual([]);
  });

  it("L47 L48 speaks Chinese where there is a translation, and says where there is none", async () => {
    const { page, problems } = await lab.open("?room=reading&lang=zh&page=three-ideas");
    await page.getByRole("heading", { level: 1, name: "三个思想" }).waitFor();
    expect(await page.getByText("这一章目前只有英文").count()).toBe(0);
    await page.getByRole("link", { name: "ONNX 文件里的网络" }).click();
    await page.getByText("这一章目前只有英文").waitFor();
    await page.getByRole("heading", { level: 1, name: "Networks from ONNX files" }).waitFor();
    await page.getByRole("button", { name: "English" }).click();
    await expect.poll(() => page.getByText("这一章目前只有英文").count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it("links between chapters stay in the room, and pictures are there", async () => {
    const { page, problems } = await lab.open("?room=reading&lang=en&page=learning");
    await page.getByRole("link", { name: "with pictures" }).click();
    await page.waitForURL(/page=convolution-pictures.*part=the-backward-pass/);
    await page.getByRole("heading", { level: 1, name: "Pictures of convolution" }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("part-the-backward-pass");
    const widths = await page.locator("article img").evaluateAll((images) =>
      Promise.all(
        (images as HTMLImageElement[]).map(async (image) => {
          await image.decode();
          return image.naturalWidth;
        }),
      ),
    );
    expect(widths.length).toBeGreaterThan(10);
    expect(widths.every((width) => width > 0)).toBe(true);
    expect(problems).toEqual([]);
  });

  it("L43 no chapter scrolls sideways at 360 px, in both languages", async () => {
    for (const [language, next] of [
      ["en", /^Next chapter/],
      ["zh", /^下一章/],
    ] as const) {
      const { page, problems } = await lab.open(`?room=reading&lang=${language}`, { viewport: { width: 360, height: 740 } });
      for (const name of chapterNames) {
        const edition = language === "zh" && chinese.includes(name) ? `zh/${name}` : name;
        await page.getByRole("heading", { level: 1, name: chapter(edition).title }).waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth), edition).toBeLessThanOrEqual(360);
        if (name !== chapterNames.at(-1)) await page.getByRole("button", { name: next }).click();
      }
      expect(problems).toEqual([]);
    }
  });

  it.skipIf(!existsSync(join(labFolder, "fovea-lab.html")))(
    "L46 in the one-file build, chapters, drawings and live cards work from disk",
    async () => {
      const file = pathToFileURL(join(labFolder, "fovea-lab.html")).href;
      const { page, problems } = await lab.open(`${file}#room=reading&lang=zh&page=arithmetic`);
      await page.locator("#part-output-size a.button").press("Enter");
      await page.getByText("⌊(5 + 2·1 − 3) / 2⌋ + 1 = 3").waitFor();
      await page.goBack();
      const widths = await page
        .locator("article img")
        .evaluateAll((all) => (all as HTMLImageElement[]).map(({ naturalWidth }) => naturalWidth));
      expect(widths.length).toBeGreaterThan(3);
      expect(Math.min(...widths)).toBeGreaterThan(0);
      await page.goto(`${file}#room=reading&lang=en&page=lab`);
      await page.getByText("this picture is not in the one-file build").first().waitFor();
      expect(problems).toEqual([]);
    },
  );

  it("L48 errors and classes are Chinese, too", async () => {
    const { page } = await lab.open("?room=network&tab=edit&net=net:+konv(8)&lang=zh");
    await page.getByRole("textbox").first().fill("konv(8) relu");
    await page.getByRole("alert").filter({ hasText: "没有叫 “konv” 的层" }).first().waitFor();
    const { page: start } = await lab.open("?lang=zh");
    await start.locator("ol li").first().waitFor();
    expect(await start.locator("ol li").first().innerText()).toContain("圆");
  });
});
