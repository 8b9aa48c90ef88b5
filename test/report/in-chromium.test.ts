// The pages as a browser shows them: nothing hangs over at any width, axe-core finds nothing to complain about in light and dark, and everything that can
// be worked is reached by keyboard.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ReportChannel,
  writeAtlasIndex,
  writeAtlasPage,
  writeComparison,
  writeDissection,
  writeExplanation,
  writeReport,
} from "../../src/report/index.ts";
import { sampleReport } from "./sample.ts";

const binary = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);
if (binary === undefined) console.warn("no Chromium found (set CHROMIUM=/path/to/chromium): the pages are not opened");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const report = sampleReport();
const units = report.channels?.units as readonly ReportChannel[];
const [unit] = units;
const picture = {
  name: "a-picture-with-a-rather-long-file-name.png",
  image: unit.examples.top[0].picture,
  classes: [{ name: "seven", probability: 0.9 }],
  maps: [unit.gradient, unit.guided].flatMap((attribution) => (attribution === undefined ? [] : [{ attribution, seconds: 0.1 }])),
};
const overlaps = [
  { concept: "ring", overlap: 0.2 },
  { concept: "cross", overlap: undefined },
];
const common = { model: "runs/mnist-lenet-1", normalisation: { mean: [0.1], deviation: [0.3] } };
const pages: Readonly<Record<string, string>> = {
  "training report": writeReport(report),
  explanation: writeExplanation({ ...common, title: "A picture", preprocessing: "grey, 28 x 28", pictures: [picture] }),
  comparison: writeComparison({ ...common, title: "Methods", preprocessing: "grey, 28 x 28", pictures: [picture, picture], step: 28 }),
  "atlas page": writeAtlasPage({
    ...common,
    layer: "conv2",
    kind: "conv2d",
    field: "14 × 14",
    dataset: "digits",
    units,
    total: 32,
    dataSlope: -2.6,
  }),
  "atlas index": writeAtlasIndex({
    model: common.model,
    dataset: "digits",
    entries: [
      { layer: "conv2", file: "2-conv2.html", kind: "conv2d", field: "14 × 14", units: 4, total: 32, silent: 1, ratio: 1.2, slope: -1.9 },
    ],
    pending: ["logits"],
  }),
  dissection: writeDissection({
    ...common,
    concepts: "12 pictures",
    dissection: {
      layer: "conv2",
      units: [{ channel: 0, threshold: 1.5, share: 0.005, overlaps, concept: "ring" }],
      detectors: new Map([["ring", 1]]),
      withinCategory: false,
    },
    examples: new Map([[0, unit.examples]]),
  }),
};

describe.skipIf(binary === undefined)("every page in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: binary as string, args: ["--no-sandbox", "--disable-gpu"] });
  });
  afterAll(() => browser?.close());

  async function show(name: string, width: number, colorScheme: "light" | "dark"): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.setContent(pages[name]);
    return page;
  }

  test.each(Object.keys(pages))("%s: no width hangs over, axe has no violations", async (name) => {
    for (const [width, scheme] of [
      [360, "dark"],
      [768, "light"],
      [1440, "dark"],
    ] as const) {
      const page = await show(name, width, scheme);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${width} pixels`).toBeLessThanOrEqual(width);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      await page.evaluate(axe);
      const found = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
        return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
      });
      expect(found, `${width} pixels, ${scheme}`).toEqual([]);
      await page.close();
    }
  });

  test.each(Object.keys(pages))(
    "%s: links, folds and what scrolls are reached by keyboard; a printed page holds its tables",
    async (name) => {
      const page = await show(name, 1024, "light");
      const wanted = await page.evaluate(() => document.querySelectorAll("a[href],summary,[tabindex='0']").length);
      for (let stop = 0; stop < wanted; stop++) {
        await page.keyboard.press("Tab");
        // What is folded away is not reached before it is opened.
        const closed = await page.evaluate(() => {
          const fold = document.activeElement?.closest("summary")?.parentElement;
          if (fold instanceof HTMLDetailsElement) fold.open = true;
          return document.activeElement === document.body;
        });
        expect(closed, `stop ${stop + 1} of ${wanted}`).toBe(false);
      }
      await page.setViewportSize({ width: 688, height: 970 });
      await page.emulateMedia({ media: "print" });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(688);
      await page.close();
    },
  );
});
