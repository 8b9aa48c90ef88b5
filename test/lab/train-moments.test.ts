// What the room Train says of a run is of that run and of that moment: after a change of data, back in time, and of settings that were changed
// on the way. Numbers are the library's own, computed here.
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { ceilingOf } from "../../lab/src/rooms/train/ceiling.ts";
import { percent } from "../../lab/src/ui/numbers.ts";
import { adam, report, synthetic, zoo } from "../../src/index.ts";
import { watch } from "../../src/lens/index.ts";
import { type LiveTraining, openTraining } from "../../src/train/index.ts";
import { canOpen, startLab } from "./page.ts";

const net = "conv(4 3) relu maxpool(2) flatten linear(out)";
const address = (more = ""): string => `?room=train&lang=en&pictures=200&batch=20&threads=1&arch=${encodeURIComponent(net)}${more}`;
const ready = (page: Page): Promise<unknown> => page.waitForSelector(".go:not(:disabled)");
const trained = async (page: Page): Promise<void> => {
  await page.locator(".go").click();
  await page.getByText("the number of steps is reached").waitFor();
};

async function library(rate: number): Promise<{ readonly own: LiveTraining; readonly classes: readonly string[] }> {
  const { train } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
  const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, { batchSize: 20, optimiser: adam(rate), threads: 1 });
  return { own, classes: train.classes };
}
async function setRate(page: Page, rate: number): Promise<void> {
  const field = page.locator("#learn-title + .rate input[type=number]");
  await field.fill(String(rate));
  await field.press("Enter");
  await page.waitForTimeout(600);
}

describe("the height of a chart of losses", () => {
  test("LF1 a few first losses that tower over all others do not flatten the rest; a usual start is shown whole", () => {
    const usual = Array.from({ length: 60 }, (_, i) => 2.3 * 0.95 ** i);
    expect(ceilingOf(usual)).toBe(2.3);
    expect(ceilingOf([41, ...usual])).toBeLessThan(2.31);
    expect(ceilingOf([41, 2])).toBe(41);
    expect(ceilingOf([])).toBe(0);
  });
});

describe.skipIf(!canOpen)("what the room Train says of a run", { timeout: 60_000 }, () => {
  const lab = startLab();

  test("LF6 after a change of data no picture of the old ones stands among the new classes", async () => {
    const { page, problems } = await lab.open(address("&panel=see"));
    await ready(page);
    await page.getByText("It is: circle").waitFor();
    await page.evaluate(() => {
      const seen = new Set<string>();
      (globalThis as { seen?: Set<string> }).seen = seen;
      new MutationObserver(() => {
        const truth = /It is: (\S+)/.exec(document.querySelector("#panel")?.textContent ?? "")?.[0];
        if (truth !== undefined) seen.add(truth);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.locator("[data-control=data] select").selectOption("mnist");
    await page.getByText("It is: 7").waitFor();
    const seen = await page.evaluate(() => [...((globalThis as { seen?: Set<string> }).seen ?? [])]);
    expect(seen.filter((text) => !text.startsWith("It is: circle") && !text.startsWith("It is: 7"))).toEqual([]);
    expect(seen.some((text) => text.startsWith("It is: 7"))).toBe(true);
    expect(problems).toEqual([]);
  });

  test("LF7 LF49 back in time the headings give that moment; a rate of before the first step is the run's own, also in its replay", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=20"));
    await ready(page);
    await setRate(page, 0.01);
    await trained(page);
    const { own } = await library(0.01);
    for (let i = 0; i < 9; i++) await own.step();
    const { loss, accuracy } = await own.step();
    own.release();
    await page.locator("#time").focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowLeft");
    await page.getByText(/You are looking at step 10 of 20/).waitFor();
    expect(await page.getByTestId("loss train").textContent()).toBe(report.show(loss));
    expect(await page.getByTestId("accuracy train").textContent()).toBe(percent(accuracy));
    await page.getByRole("button", { name: "To the newest step" }).click();
    await page.getByRole("tab", { name: "Save and export" }).click();
    await page.getByRole("button", { name: /Replay/ }).click();
    expect(await page.getByTestId("replayed").textContent()).toContain("every bit of every weight is the same");
    expect(problems).toEqual([]);
  });

  test("L20 LF39 what was changed on the way is named, and the run beside begins with the settings of the start", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=20&panel=compare"));
    await ready(page);
    await trained(page);
    await setRate(page, 0.01);
    await page.getByRole("button", { name: "Train it beside this run" }).click();
    const table = page.getByTestId("compare");
    await table.getByRole("columnheader", { name: "beside" }).waitFor();
    const cells = (name: RegExp): Promise<string[]> => table.getByRole("row", { name }).locator("td").allTextContents();
    expect(await cells(/^Learning rate/)).toEqual(["0.003", "0.03"]);
    expect(await cells(/^Changed on the way/)).toEqual(["step 20: Learning rate 0.003 → 0.01", ""]);
    await page.getByText("the run beside begins with those of the start").waitFor();
    expect(problems).toEqual([]);
  });

  test("L22 the loss in slow motion names every class with its share, and marks the picture's own", async () => {
    const { page, problems } = await lab.open(address("&panel=slow"), { reducedMotion: "reduce" });
    await ready(page);
    await page.getByRole("button", { name: "Take one step slowly" }).click();
    await page.getByRole("button", { name: /2\. Loss/ }).click();
    const rows = page.getByTestId("verdict").locator("li");
    const { own, classes } = await library(0.003);
    const { x, y } = own.nextBatch();
    const watched = watch(own.model(), { threads: 1 });
    const { probabilities } = await watched.picture(x.entry(0), y.data[0]);
    watched.release();
    own.release();
    const shown = (await rows.allTextContents()).map((text) => text.replace(/\s+/g, " ").trim());
    expect(shown).toEqual(classes.map((name, c) => `${name} ${percent(probabilities.data[c])}${c === y.data[0] ? " its class" : ""}`));
    expect(problems).toEqual([]);
  });
});
