// Every view of the lab, as tools/lab-views.ts lists them: axe-core finds nothing to complain about, in both themes; targets are large enough for a
// finger; and with letters of twice the size nothing is cut off, covered or pushed out of the page. What axe cannot see (keyboard journeys,
// names that say something) is tested room by room.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { labViews } from "../../tools/lab-views.ts";
import { isLong } from "../support/long.ts";
import { canOpen, startLab } from "./page.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** WCAG 2.2 A and AA, and axe's best practices; or these rules alone. */
async function violations(page: Page, rules?: readonly string[]): Promise<string[]> {
  const found = await page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as { axe: { run(where: Document, options: object): Promise<{ violations: Violation[] }> } };
    const { violations } = await axe.run(document, {
      resultTypes: ["violations"],
      ...(only && { runOnly: { type: "rule", values: only } }),
    });
    return violations;
  }, rules);
  return found.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes
        .slice(0, 3)
        .map((n) => `  ${n.html.slice(0, 200)}\n  ${n.failureSummary}`)
        .join("\n")}`,
  );
}

/** What can be pressed and is smaller than 24 px either way. Links within a sentence are as high as its lines; a field's label belongs to it. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        "button, a[href], input, select, textarea, summary, [role=button], [role=tab], [role=option]",
      ),
    ]
      .filter(
        (one) =>
          one.checkVisibility({ visibilityProperty: true }) && one.closest(".unseen, .skip") === null && !one.matches(".unseen, .skip"),
      )
      .filter((one) => getComputedStyle(one).display !== "inline" || one.closest("p, li, td, dd, figcaption") === null)
      .flatMap((one) => {
        const target = one.matches("input") ? (one.closest("label") ?? one) : one;
        const { width, height } = target.getBoundingClientRect();
        const small = width > 0 && height > 0 && (width < 23.5 || height < 23.5);
        return small ? [`${one.outerHTML.slice(0, 120)} is ${width.toFixed(0)} × ${height.toFixed(0)}`] : [];
      }),
  );
}

/** What is cut off, lies over other words, or widens the page. Things that scroll inside their own frame may be as wide as they like. */
function lostText(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const lost: string[] = [];
    const width = document.documentElement.scrollWidth;
    if (width > innerWidth) lost.push(`the page is ${width} px wide`);
    const boxes: { readonly element: Element; readonly box: DOMRect; readonly text: string }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (
        element === null ||
        text === "" ||
        element.closest(".unseen, .skip, svg, script, style, option, [aria-hidden=true], .scroll") !== null
      )
        continue;
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      // Words for listeners alone, and frames that scroll.
      let away = false;
      for (let frame: Element | null = element; frame !== null && frame !== document.body; frame = frame.parentElement) {
        const { clipPath, overflowX, overflowY } = getComputedStyle(frame);
        away ||= clipPath !== "none" || /auto|scroll/.test(overflowX + overflowY);
      }
      if (away) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) if (box.width > 2 && box.height > 2) boxes.push({ element, box, text });
      for (let frame: Element | null = element; frame !== null && frame !== document.body; frame = frame.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(frame);
        const hides = (overflow: string): boolean => overflow === "hidden" || overflow === "clip";
        const cut =
          (hides(overflowX) && frame.scrollWidth > frame.clientWidth + 2) ||
          (hides(overflowY) && frame.scrollHeight > frame.clientHeight + 2);
        if (cut) lost.push(`"${text.slice(0, 40)}" is cut off in ${frame.outerHTML.slice(0, 80)}`);
      }
    }
    for (const [i, one] of boxes.entries()) {
      for (const other of boxes.slice(i + 1)) {
        if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
        const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        // Boxes of lines are higher than their letters.
        if (across > 3 && down > 0.35 * Math.min(one.box.height, other.box.height))
          lost.push(`"${one.text.slice(0, 30)}" lies over "${other.text.slice(0, 30)}"`);
      }
    }
    return [...new Set(lost)].slice(0, 8);
  });
}

describe.skipIf(!canOpen)("L40 LF45 accessibility", () => {
  const lab = startLab();
  // Languages, themes and widths in turn; FOVEA_LONG looks at every view both wide in both themes and narrow.
  const views = labViews.map((view, i) => ({
    ...view,
    lang: i % 2 === 0 ? "en" : "zh",
    theme: i % 3 === 0 ? "dark" : "light",
    wide: i % 4 < 2,
  }));

  it.each(views)(
    "L30 L40 L43 LF46 $name in $lang: axe, targets, letters of twice the size",
    async ({ query, lang, theme, wide, press = [] }) => {
      const { page, problems } = await lab.open(`?${query}&lang=${lang}&theme=${theme}`, { reducedMotion: "reduce" });
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      await page.waitForTimeout(500);
      for (const selector of press) {
        await page.locator(selector).first().click();
        await page.waitForTimeout(500);
      }
      await page.evaluate(axe);
      const found: Record<string, string[]> = {};
      if (wide || isLong) found.wide = [...(await violations(page)), ...(await smallTargets(page))];
      if (isLong) {
        await page.getByRole("combobox", { name: lang === "en" ? "Theme" : "主题" }).selectOption(theme === "dark" ? "light" : "dark");
        await page.waitForTimeout(250);
        found.theme = await violations(page, ["color-contrast"]);
      }
      await page.evaluate(() => {
        document.documentElement.style.fontSize = "200%";
      });
      await page.waitForTimeout(250);
      found.large = await lostText(page);
      await page.evaluate(() => {
        document.documentElement.style.fontSize = "";
      });
      await page.setViewportSize({ width: 360, height: 740 });
      await page.waitForTimeout(250);
      found.narrow = [...(await smallTargets(page)), ...(await lostText(page))];
      if (!wide || isLong) found.narrow.push(...(await violations(page)));
      expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({});
      expect(problems).toEqual([]);
      await page.context().close();
    },
    isLong ? 90_000 : 40_000,
  );

  it("L43 LF46 letters of twice the size widen the page at no moment while the pictures of a narrow card are looked through", async () => {
    const { page, problems } = await lab.open("?room=start&lang=en");
    await page.addInitScript(() => {
      // A frame may come between a change and what follows from it; two in a row are seen.
      const watched = { widest: 0, frames: 0, worked: false };
      let before = 0;
      const look = (): void => {
        const wide = document.documentElement.scrollWidth;
        watched.widest = Math.max(watched.widest, Math.min(wide, before));
        watched.frames++;
        watched.worked ||= document.querySelector("progress") !== null;
        before = wide;
        requestAnimationFrame(look);
      };
      document.addEventListener("DOMContentLoaded", () => {
        document.documentElement.style.fontSize = "200%";
        Object.assign(globalThis, { watched });
        look();
      });
    });
    await page.goto(`${lab.url()}?room=neurons&lens=three&lang=en`);
    const watched = (): Promise<{ widest: number; frames: number; worked: boolean }> =>
      page.evaluate(() => (globalThis as unknown as { watched: { widest: number; frames: number; worked: boolean } }).watched);
    await expect.poll(async () => (await watched()).worked, { timeout: 20_000 }).toBe(true);
    await page.locator("progress").first().waitFor({ state: "detached" });
    await page.waitForTimeout(250);
    const { widest, frames } = await watched();
    expect(frames).toBeGreaterThan(2);
    expect(widest).toBeLessThanOrEqual(1280);
    expect(problems).toEqual([]);
    await page.context().close();
  }, 40_000);
});
