// Every view of the lab, as tools/lab-views.ts lists them, read in Chinese: nothing that is shown or said to a listener is English, except names
// of things in nets and in code, and formulas; and numbers are written the lab's way.
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { labViews } from "../../tools/lab-views.ts";
import { canOpen, startLab } from "./page.ts";

/** Names of methods and norms that Chinese texts of the field leave as they are. */
const names = new Set(["Grad-CAM++", "XGrad-CAM", "fovea lab"]);
/** A part of a net, of its address or of a parameter: "conv1.bias[3]", "relu1 (relu)", "PNG: conv1.weight". */
const partOfNet = /^((PNG|SVG|CSV): )?[a-z]+\d*(\.(weight|bias))?(\[[\d × ]+\]| \[[\d × ]+\]| \([a-zA-Z\d]+\))?$/;
/** Letters with signs between them: what is written after "=", or in norms. */
const formula = /[=‖⌊⌈]/;

interface Said {
  readonly text: string;
  readonly where: string;
}

/** All texts and all names for listeners, but not code, nor what the page itself declares to be in another language. */
function allSaid(page: Page): Promise<Said[]> {
  return page.evaluate(() => {
    const said: Said[] = [];
    const skipped = "script, style, code, pre, textarea, [lang=en], .mono.formula";
    const foreign = (element: Element): boolean => element.closest(skipped) !== null;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (element !== null && text !== "" && !foreign(element)) said.push({ text, where: element.outerHTML.slice(0, 80) });
    }
    for (const element of document.querySelectorAll("*")) {
      if (foreign(element)) continue;
      for (const name of ["aria-label", "title", "placeholder", "alt", "aria-description", "aria-valuetext", "aria-roledescription"]) {
        const text = element.getAttribute(name)?.trim() ?? "";
        if (text !== "") said.push({ text, where: `${name} of ${element.tagName.toLowerCase()}` });
      }
    }
    return said;
  });
}

/** Two words or more, and neither a Chinese letter nor a Chinese mark between them. */
const isEnglish = (text: string): boolean =>
  !/[\p{Script=Han}，。；：（）]/u.test(text) &&
  (text.match(/[A-Za-z]{2,}/g) ?? []).length > 1 &&
  !(names.has(text) || partOfNet.test(text) || formula.test(text));

/** Hyphens for minus, powers as a program writes them, ASCII brackets of rounding, percent without its space. */
const isMiswritten = (text: string): boolean =>
  /(^|[\s(=,，：])-\d|\d[eE][+-]?\d|\b(floor|ceil)\(|\d%|\d−?-0\b|−0(\.0+)?(?![\d.])/.test(text);

describe("L47 L48 what is English is seen as such, and what is not is let pass", () => {
  it.each(["Choose a map", "of conv3, channel 0 at (4, 3)", "horizontal stroke", "1 of 30 nodes do not contribute"])("%s is", (text) =>
    expect(isEnglish(text)).toBe(true),
  );
  it.each(["relu1 (relu)", "conv2.bias[3]", "o = ⌊(i + before − k) / s⌋", "单元 3 of", "ONNX", "conv1，conv2d 3×3，8 × 32 × 32"])(
    "%s is not",
    (text) => expect(isEnglish(text)).toBe(false),
  );
  it.each(["-3, 9", "5.2e-8", "floor(i / 2)", "99%", "−0.0"])("%s is no number of the lab", (text) =>
    expect(isMiswritten(text)).toBe(true),
  );
  it.each(["−3, 9", "5.2 × 10⁻⁸", "99 %", "−0.05", "8-16", "tile2-1"])("%s may stand", (text) => expect(isMiswritten(text)).toBe(false));
});

describe.skipIf(!canOpen)("L27 L47 L48 one voice", () => {
  const lab = startLab();

  it.each(labViews)("$name speaks Chinese, and writes numbers one way", { timeout: 60_000 }, async ({ query, press = [] }) => {
    const { page } = await lab.open(`?${query}&lang=zh`, { reducedMotion: "reduce" });
    await page.locator("h1").first().waitFor();
    await page.waitForTimeout(600);
    for (const selector of press) await page.locator(selector).first().click();
    // What is folded away is read, too; results arrive in their time.
    await page.evaluate(() => {
      for (const folded of document.querySelectorAll("details")) folded.open = true;
    });
    await page.waitForTimeout(1200);
    const said = await allSaid(page);
    expect(said.length).toBeGreaterThan(20);
    expect(said.filter(({ text }) => isEnglish(text))).toEqual([]);
    expect(said.filter(({ text }) => isMiswritten(text))).toEqual([]);
    await page.context().close();
  });
});
