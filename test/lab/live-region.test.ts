// What screen readers are told in passing: at most one sentence a second, the last move always, and nothing of the steps of a training.
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { canOpen, startLab } from "./page.ts";

interface Said {
  readonly at: number;
  readonly sentence: string;
}
type Listening = typeof globalThis & { said: Said[] };

/** Writes down when each live region of the page changes, and what it then says. */
function listen(page: Page): Promise<void> {
  return page.evaluate(() => {
    const said: Said[] = [];
    (globalThis as Listening).said = said;
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const region = element?.closest("[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]");
        // The foot of the page says once, at a time of its own, that the whole lab is here.
        if (region && !region.closest("footer")) said.push({ at: performance.now(), sentence: region.textContent ?? "" });
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}
const heard = (page: Page): Promise<readonly Said[]> => page.evaluate(() => (globalThis as Listening).said);

describe.skipIf(!canOpen)("L39 the live region", { timeout: 60_000 }, () => {
  const lab = startLab();

  it("L39 rapid moves are told at most once a second, and the last one is told", async () => {
    const { page, problems } = await lab.open("?room=convolve&lang=en", { reducedMotion: "reduce" });
    await page
      .getByRole("application", { name: /^Output/ })
      .first()
      .focus();
    // What the focus itself made the page say is past: the first move is told at once.
    await page.waitForTimeout(1200);
    await listen(page);
    for (let round = 0; round < 12; round++) {
      for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]) {
        await page.keyboard.press(key);
        await page.waitForTimeout(40);
      }
    }
    await page.keyboard.press("End");
    await page.waitForTimeout(2200);
    const said = await heard(page);
    expect(said.length).toBeGreaterThan(1);
    const gaps = said.slice(1).map(({ at }, i) => at - said[i].at);
    // Both ends of a second are rounded to a frame.
    expect(gaps.filter((gap) => gap < 950)).toEqual([]);
    expect(said.at(-1)?.sentence).toMatch(/^output \d+, \d+: sum of 9 products/);
    expect(said.at(-1)?.sentence).not.toBe(said[0].sentence);
    expect(problems).toEqual([]);
  });

  it("L39 training says nothing at its steps", async () => {
    const { page, problems } = await lab.open("?room=train&lang=en&pictures=200&batch=10&stopSteps=100000", { reducedMotion: "reduce" });
    const step = page.getByTestId("step");
    await page.locator(".go:not(:disabled)").click();
    await page.waitForFunction(() => Number(document.querySelector("[data-testid=step]")?.textContent) >= 5);
    await listen(page);
    const from = Number(await step.textContent());
    await page.waitForTimeout(4000);
    const steps = Number(await step.textContent()) - from;
    expect(steps).toBeGreaterThan(5);
    expect(await heard(page)).toEqual([]);
    expect(problems).toEqual([]);
  });
});
