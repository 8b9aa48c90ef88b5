// axe-core finds nothing to complain about in any room, in both languages and both themes. What it cannot see (keyboard journeys, names that say
// something) is tested room by room.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { canOpen, startLab } from "./page.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const rooms = ["start", "convolve", "network", "train", "neurons", "open", "lessons"];

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** WCAG 2.2 A and AA, and axe's best practices. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(where: Document, options: object): Promise<{ violations: Violation[] }> } };
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations;
  });
  return found.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes
        .slice(0, 3)
        .map((n) => `  ${n.html.slice(0, 200)}\n  ${n.failureSummary}`)
        .join("\n")}`,
  );
}

describe.skipIf(!canOpen)("L40 LF45 accessibility", () => {
  const lab = startLab();
  const views = rooms.flatMap((room) => [
    { room, lang: "en", theme: "light" },
    { room, lang: "zh", theme: "dark" },
  ]);

  it.each(views)("$room in $lang, $theme: axe has no violations", async ({ room, lang, theme }) => {
    const { page } = await lab.open(`?room=${room}&lang=${lang}&theme=${theme}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForTimeout(1500);
    expect(await violations(page)).toEqual([]);
  });

  it("at 360 px, too", async () => {
    for (const room of rooms) {
      const { page } = await lab.open(`?room=${room}&lang=en&theme=dark`, { viewport: { width: 360, height: 740 } });
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(1000);
      expect(await violations(page), room).toEqual([]);
      await page.context().close();
    }
  });
});
