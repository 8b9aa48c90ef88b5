// The lists of tabs in every room: one component, driven by keys as the ARIA pattern for tabs has it.
import { describe, expect, test } from "vitest";
import { canOpen, startLab } from "./page.ts";

const lab = startLab();

describe.skipIf(!canOpen)("tabs of the lab", () => {
  test.each(["?room=convolve", "?room=network", "?room=open&tab=inspect", "?room=train", "?room=neurons&unit=conv2.3"])(
    "L42 L37 %s: one tab stop; arrows, Home and End move, round the ends, and show the panel",
    { timeout: 60_000 },
    async (address) => {
      const { page, problems } = await lab.open(`${address}&lang=en`, { reducedMotion: "reduce" });
      const list = page.getByRole("tablist").first();
      await list.waitFor();
      const tabs = list.getByRole("tab");
      const titles = await tabs.allInnerTexts();
      expect(titles.length).toBeGreaterThan(2);
      const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.innerText ?? "");
      const last = titles.length - 1;
      await list.locator("[role=tab][aria-selected=true]").focus();
      for (const [key, at] of [
        ["Home", 0],
        ["ArrowLeft", last],
        ["ArrowRight", 0],
        ["ArrowRight", 1],
        ["End", last],
      ] as const) {
        await page.keyboard.press(key);
        await expect.poll(focused, { message: key }).toBe(titles[at]);
        expect(await tabs.nth(at).getAttribute("aria-selected")).toBe("true");
        expect(await list.locator("[role=tab][aria-selected=true]").count()).toBe(1);
        expect(await list.locator('[role=tab][tabindex="0"]').count()).toBe(1);
        const panel = page.locator(`#${await tabs.nth(at).getAttribute("aria-controls")}`);
        expect(await panel.getAttribute("role")).toBe("tabpanel");
        expect(await panel.getAttribute("aria-labelledby")).toBe(await tabs.nth(at).getAttribute("id"));
      }
      expect(problems).toEqual([]);
      await page.context().close();
    },
  );
});
