// The cards of the room Network: each fits its window, as a picture it is whole, and what follows a unit counts however late it comes.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { canOpen, startLab } from "./page.ts";

const lab = startLab();
const still = { reducedMotion: "reduce" } as const;
const windows: readonly (readonly [width: number, height: number])[] = [
  [1440, 900],
  [1280, 720],
  [768, 1024],
  [1024, 600],
];

/** The open card's edges within the window. */
const edges = (page: Page): Promise<readonly [top: number, bottom: number]> =>
  page.evaluate(() => {
    const box = document.querySelector("#unit-heading")?.closest(".card")?.getBoundingClientRect();
    return [box?.top ?? Number.NaN, box?.bottom ?? Number.NaN] as const;
  });

describe.skipIf(!canOpen)("the cards of the room Network", { timeout: 60_000 }, () => {
  it.each(windows)("L10 a unit, its sum and what comes back fit a window of %i × %i", async (width, height) => {
    const { page, problems } = await lab.open("?room=network&lang=en&unit=conv2:3&depth=1", { ...still, viewport: { width, height } });
    const fits = async (): Promise<void> => {
      await expect
        .poll(async () => {
          const [top, bottom] = await edges(page);
          // The page is scrolled by whole pixels.
          return top >= 0 && bottom < height + 1;
        })
        .toBe(true);
      const back = await page.getByRole("button", { name: "← shapes" }).boundingBox();
      expect(back?.y, "the way up is in sight").toBeGreaterThan(0);
    };
    const write = page.locator("[data-control=write-out]");
    await write.waitFor();
    await fits();
    await write.click();
    await page.getByTestId("result").waitFor();
    await fits();
    await page.getByRole("button", { name: "What comes back" }).click();
    await page.getByTestId("back-cell").waitFor();
    await fits();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L10 L21 what a card's frame hides is in its picture", async () => {
    const { page } = await lab.open("?room=network&lang=en&unit=conv2:3&depth=2&cell=5,5", {
      ...still,
      viewport: { width: 1024, height: 600 },
    });
    const result = page.getByTestId("result");
    const sentence = (await result.innerText()).trim();
    const [top, bottom] = await edges(page);
    expect((await result.boundingBox())?.y, "hidden below the card's end").toBeGreaterThan(bottom);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "SVG" }).click()]);
    expect((await readFile(await download.path())).toString()).toContain(sentence);
    const [topAfter, bottomAfter] = await edges(page);
    expect(bottomAfter - topAfter, "and the card is as high as before").toBe(bottom - top);
    await page.context().close();
  });

  it("L8 what follows a unit is shown with it, even when it comes late", async () => {
    const { page, problems } = await lab.open("?room=start&lang=en", still);
    await page.addInitScript(() => {
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function (this: Worker, message: { task?: string; input?: { count?: number } }, ...rest: never[]) {
        const late = message.task === "maps" && message.input?.count === 1;
        setTimeout(() => postMessage.call(this, message, ...rest), late ? 1000 : 0);
      };
    });
    await page.goto(new URL("?room=network&lang=en&unit=conv2:3&depth=1", lab.url()).href);
    await page.getByTestId("stage").waitFor();
    const after = page.locator("figure", { hasText: "relu2 (relu)" });
    expect(await after.count()).toBe(0);
    await after.waitFor();
    await expect.poll(() => after.evaluate((figure) => getComputedStyle(figure).opacity)).toBe("1");
    expect(await page.getByTestId("stage").innerText()).toContain("relu");
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
