// The room Train as a person uses it; what it shows is held against the library's own training, here in Node.
import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { percent } from "../../lab/src/ui/numbers.ts";
import { adam, calibration, decodeCheckpoint, report, sgd, synthetic, zoo } from "../../src/index.ts";
import { encodePng, readZip } from "../../src/io/index.ts";
import { watch } from "../../src/lens/index.ts";
import { random } from "../../src/tensor/index.ts";
import { openTraining } from "../../src/train/index.ts";
import { canOpen, startLab } from "./page.ts";

const net = "conv(4 3) relu maxpool(2) flatten linear(out)";
const address = (more = ""): string => `?room=train&lang=en&pictures=200&batch=20&threads=1&arch=${encodeURIComponent(net)}${more}`;
const ready = (page: Page): Promise<unknown> => page.waitForSelector(".go:not(:disabled)");
const stepOf = async (page: Page): Promise<number> => Number(await page.getByTestId("step").textContent());
const waitFor = (page: Page, step: number): Promise<unknown> =>
  page.waitForFunction((least) => Number(document.querySelector("[data-testid=step]")?.textContent) >= least, step);
const paused = (page: Page): Promise<unknown> => page.getByRole("button", { name: "Train", exact: true }).waitFor();

/** The select of the open panel that has this label. */
const chooser = (page: Page, label: string): Locator =>
  page.locator("#panel .choice", { has: page.getByText(label, { exact: true }) }).locator("select");

/** The run file as it would land in the downloads. */
async function saved(page: Page): Promise<{ path: string; files: Map<string, Uint8Array> }> {
  await page.getByRole("tab", { name: "Save and export" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the run" }).click()]);
  const path = await download.path();
  return { path, files: readZip(readFileSync(path)) };
}
function weightsOf(files: ReadonlyMap<string, Uint8Array>): Record<string, number[]> {
  const parts = [...files].filter(([path]) => path.startsWith("checkpoint/")).map(([path, bytes]) => [path.slice(11), bytes]);
  const { model } = decodeCheckpoint(Object.fromEntries(parts));
  return Object.fromEntries([...model].map(([name, tensor]) => [name, [...tensor.data]]));
}

/** In the page: its longest task and its frames per second, over two seconds. */
async function watchPage(): Promise<{ longest: number; rate: number }> {
  let longest = 0;
  let frames = 0;
  const from = performance.now();
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ entryTypes: ["longtask"] });
  while (performance.now() - from < 2000) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    frames++;
  }
  observer.disconnect();
  return { longest, rate: (1000 * frames) / (performance.now() - from) };
}

describe.skipIf(!canOpen)("the room Train", { timeout: 60_000 }, () => {
  const lab = startLab();

  test("L2 LF1 one click trains: the first step within a second, and the loss falls", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=150&rate=0.01&pictures=1000"));
    await ready(page);
    expect(await stepOf(page)).toBe(0);
    // What others do on this machine can only delay it: the best of three clicks counts.
    let first = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3 && first >= 1000; i++) {
      if (i > 0) {
        await page.getByRole("button", { name: "Back to the start" }).click();
        await page.waitForFunction(() => document.querySelector("[data-testid=step]")?.textContent === "0");
        await ready(page);
      }
      const began = Date.now();
      await page.locator(".go").click();
      await waitFor(page, 1);
      first = Date.now() - began;
    }
    expect(first).toBeLessThan(1000);
    await page.getByText("the number of steps is reached").waitFor();
    expect(await stepOf(page)).toBe(150);
    const name = await page.getByRole("img", { name: /^Loss at step 150/ }).getAttribute("aria-label");
    const [train, tested] = [...(name ?? "").matchAll(/([\d.]+) on/g)].map((m) => Number(m[1]));
    expect(train).toBeLessThan(2);
    expect(tested).toBeLessThan(2.2);
    expect(problems).toEqual([]);
  });

  test("LF2 LF49 its weights are those of the library in Node, bit for bit, changes of the rate while it runs included", async () => {
    const { page } = await lab.open(address("&stopSteps=7"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    await page.locator("#learn-title + .rate input[type=number]").fill("0.01");
    await page.locator("#learn-title + .rate input[type=number]").press("Enter");
    await page.waitForTimeout(600);
    await page.getByRole("button", { name: "One batch" }).click();
    await waitFor(page, 8);
    const { files } = await saved(page);
    const { train } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const options = { batchSize: 20, optimiser: adam(0.003, { betas: [0.9, 0.999] }), threads: 1 };
    const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, options);
    for (let i = 0; i < 7; i++) await own.step();
    await own.change({ optimiser: adam(0.01, { betas: [0.9, 0.999] }) });
    await own.step();
    const expected = Object.fromEntries([...own.checkpoint().model].map(([name, tensor]) => [name, [...tensor.data]]));
    expect(weightsOf(files)).toEqual(expected);
    own.release();
  });

  test("L13 LF7 time travel restores the weights of that moment, and going on from there is the same training", async () => {
    const { page } = await lab.open(address("&stopSteps=20"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    const late = weightsOf((await saved(page)).files);
    const time = page.locator("#time");
    await time.focus();
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowLeft");
    await page.getByText(/You are looking at step 10 of 20/).waitFor();
    const early = weightsOf((await saved(page)).files);
    expect(early).not.toEqual(late);
    for (let i = 0; i < 10; i++) {
      await page.getByRole("button", { name: "One batch" }).click();
      await waitFor(page, 11 + i);
    }
    expect(weightsOf((await saved(page)).files)).toEqual(late);
  });

  test("LF41 L18 a run file opens as it was, and its replay is the same to the bit", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=12"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    const { path, files } = await saved(page);
    const other = await lab.open("?room=train&lang=en&panel=files&pictures=100");
    await ready(other.page);
    await other.page
      .locator('input[accept=".zip"]')
      .setInputFiles({ name: "run.zip", mimeType: "application/zip", buffer: readFileSync(path) });
    await waitFor(other.page, 12);
    await other.page.waitForURL(/batch=20/);
    expect(weightsOf((await saved(other.page)).files)).toEqual(weightsOf(files));
    await other.page.getByRole("button", { name: /Replay/ }).click();
    expect(await other.page.getByTestId("replayed").textContent()).toContain("every bit of every weight is the same");
    await other.page
      .locator('input[accept=".zip"]')
      .setInputFiles({ name: "bad.zip", mimeType: "application/zip", buffer: Buffer.from("nothing of the kind") });
    expect(await other.page.getByRole("alert").textContent()).toContain("bad.zip: it does not begin like a zip archive");
    expect([...problems, ...other.problems]).toEqual([]);
  });

  test("LF5 L4 own pictures by file become a data set; what cannot be used says why", async () => {
    const { page } = await lab.open(address());
    await ready(page);
    await page.getByText("Your own pictures").click();
    const lines = Array.from(
      { length: 30 },
      (_, i) => `${i % 2},${Array.from({ length: 784 }, (_, p) => ((i % 2) * 200 + p) % 256).join(",")}`,
    );
    const files = page.getByTestId("own-files");
    await files.setInputFiles({ name: "two.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) });
    await page.getByText("24 to learn from, 6 for testing; 1 × 28 × 28; 2 classes").waitFor();
    const png = encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) });
    await files.setInputFiles({ name: "lonely.png", mimeType: "image/png", buffer: Buffer.from(png) });
    expect(await page.getByRole("alert").textContent()).toContain("lonely.png: lies in no folder");
  });

  test("L16 LF6 LF14 LF38 L22 every panel shows the net of now, by keyboard alone", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=30"));
    await ready(page);
    await page.locator(".go").focus();
    await page.keyboard.press("Enter");
    await page.getByText("the number of steps is reached").waitFor();
    await page.locator("[role=tab][aria-selected=true]").focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("row", { name: /^relu1 relu/ }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByText(/^Of 500 test pictures/).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Take one step slowly" }).click();
    await page
      .getByTestId("stage")
      .getByText(/These are its maps in conv1/)
      .waitFor();
    await page.getByRole("button", { name: /5\. Update/ }).click();
    expect(await page.getByTestId("stage").textContent()).toMatch(/With learning rate 0.003 weight \[.*\] goes from/);
    await waitFor(page, 31);
    expect(problems).toEqual([]);
  });

  test("L20 LF39 the same start with one change is one action; both runs are those of the library, live, and their difference is marked", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=20&panel=compare"));
    await ready(page);
    await page.getByRole("button", { name: "Train it beside this run" }).click();
    const table = page.getByTestId("compare");
    await table.getByRole("columnheader", { name: "beside" }).waitFor();
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    await expect.poll(() => table.getByTestId("step of beside").textContent()).toBe("20");
    const differing = table.locator("tr.differs");
    expect(await differing.count()).toBe(1);
    expect((await differing.locator("td").allTextContents()).map(Number)).toEqual([0.003, 0.03]);
    const losses = await table
      .getByRole("row", { name: /^Training loss/ })
      .locator("td")
      .allTextContents();
    const { train } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const expected: string[] = [];
    for (const rate of [0.003, 0.03]) {
      const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, { batchSize: 20, optimiser: adam(rate), threads: 1 });
      for (let i = 0; i < 19; i++) await own.step();
      expected.push(report.show((await own.step()).loss));
      own.release();
    }
    expect(losses).toEqual(expected);
    await page.getByRole("heading", { name: "The filters of conv1 in both" }).waitFor();
    expect(problems).toEqual([]);
  });

  test("L20 LF39 a sweep of two settings is a table of runs with their curves, whose numbers are the library's", async () => {
    const { page } = await lab.open(address("&panel=sweep"));
    await ready(page);
    await page.getByLabel("Values, separated by commas").fill("0.003, 0.03");
    await page.getByLabel("Second setting").selectOption("activation");
    await page.getByLabel("Values, separated by commas").nth(1).fill("relu, tanh");
    await page.locator(".slider", { hasText: "Steps each" }).locator("input[type=number]").fill("10");
    await page.locator(".slider", { hasText: "Steps each" }).locator("input[type=number]").press("Enter");
    await page.getByRole("button", { name: "Run the sweep" }).click();
    await page.getByRole("button", { name: "CSV" }).waitFor();
    const table = page.getByTestId("sweep");
    expect(await table.locator("tbody th").allTextContents()).toEqual(["0.003", "0.03"]);
    expect(await table.locator("thead th").allTextContents()).toEqual(["relu", "tanh"]);
    const { train, test: held } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const text = net.replace("relu", "tanh");
    const own = await openTraining(zoo.buildNet(zoo.readNet(text), 10), train, { batchSize: 20, optimiser: adam(0.03), threads: 1 });
    for (let i = 0; i < 9; i++) await own.step();
    const { loss } = await own.step();
    const { loss: testLoss, accuracy } = await own.measure(held);
    own.release();
    const name = await table.locator("tbody tr").nth(1).locator("svg").nth(1).getAttribute("aria-label");
    expect(name).toBe(
      `Learning rate 0.03, Activation tanh: training loss ${report.show(loss)}, test loss ${report.show(testLoss)}, test accuracy ${percent(accuracy)}`,
    );
  });

  test("L32 LP3 no task of the page takes longer than 100 ms while it trains at full speed, and frames keep coming", async () => {
    const { page } = await lab.open("?room=train&lang=en&threads=1");
    await ready(page);
    await page.waitForTimeout(1500);
    await page.locator(".go").click();
    // What others do on this machine can only lengthen a task: the best of six windows counts.
    const windows: { longest: number; rate: number }[] = [];
    for (let i = 0; i < 6 && !windows.some(({ longest, rate }) => longest <= 100 && rate >= 30); i++)
      windows.push(await page.evaluate(watchPage));
    console.info(`${JSON.stringify(windows)}, step ${await stepOf(page)}`);
    expect(windows.at(-1)?.longest).toBeLessThanOrEqual(100);
    expect(windows.at(-1)?.rate).toBeGreaterThanOrEqual(30);
    expect(await stepOf(page)).toBeGreaterThan(20);
  });

  test("L2 L3 a visit to another room leaves the run as it is, also while it trains; reset ends it", async () => {
    const { page, problems } = await lab.open(address("&pictures=1000"));
    await ready(page);
    await page.locator(".go").click();
    await waitFor(page, 15);
    await page.getByRole("link", { name: "Convolve" }).click();
    await page.getByRole("link", { name: "Train" }).click();
    await waitFor(page, 30);
    await page.getByRole("button", { name: "Pause" }).click();
    await paused(page);
    const step = await stepOf(page);
    await page.getByRole("link", { name: "Neurons" }).click();
    await page.getByRole("link", { name: "Train" }).click();
    await ready(page);
    expect(await stepOf(page)).toBe(step);
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await ready(page);
    expect(await stepOf(page)).toBe(0);
    expect(problems).toEqual([]);
  });

  test("L17 L33 a loss that is no number any more leads back to a moment before it; the controls work on", async () => {
    const { page, problems } = await lab.open(address("&optimiser=sgd&rate=1000"));
    await ready(page);
    await page.locator(".go").click();
    const note = await page.getByText(/the loss is no number any more/).textContent();
    const failed = Number(/at step (\d+)/.exec(note ?? "")?.[1]);
    const { train } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, {
      batchSize: 20,
      optimiser: sgd(1000, { momentum: 0.9 }),
      threads: 1,
    });
    for (let i = 1; i < failed; i++) await own.step();
    await expect(own.step()).rejects.toThrow(/loss/);
    own.release();
    expect(await stepOf(page)).toBeLessThan(failed);
    await page.locator("#learn-title + .rate input[type=number]").fill("0.001");
    await page.locator("#learn-title + .rate input[type=number]").press("Enter");
    await page.waitForTimeout(600);
    const before = await stepOf(page);
    await page.getByRole("button", { name: "One batch" }).click();
    await waitFor(page, before + 1);
    expect(await page.getByTestId("says").textContent()).toMatch(/\d+\.\d %/);
    expect(problems).toEqual([]);
  });

  test("L13 every rule ends training where it says: epochs, seconds, test accuracy, no progress", async () => {
    const { page } = await lab.open(address("&stopEpochs=2"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of epochs is reached").waitFor();
    expect(await stepOf(page)).toBe(20);
    const visits = [
      ["&stopSeconds=1", "the time is over"],
      ["&stopAccuracy=0.05", "the test accuracy is reached"],
      ["&stopPlateau=3&rate=0", "the test loss no longer falls"],
    ] as const;
    for (const [rule, words] of visits) {
      await page.goto(new URL(address(rule), lab.url()).href);
      await ready(page);
      await page.locator(".go").click();
      await page.getByText(words).waitFor();
    }
    // The measurement at step 0 is the best one, three more follow: at steps 10, 20 and 30.
    expect(await stepOf(page)).toBe(30);
    await page.goto(new URL(address(""), lab.url()).href);
    await ready(page);
    await page.getByRole("button", { name: "One epoch" }).click();
    await waitFor(page, 10);
    await paused(page);
    expect(await stepOf(page)).toBe(10);
  });

  test("L16 LF38 evaluation is the library's: accuracy, confusion, scores by class, calibration; the hardest picture leads to its explanation", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=30&rate=0.01&panel=evaluate"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    await page.getByTestId("measured").filter({ hasText: "at step 30" }).waitFor();
    const { train, test: held } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, { batchSize: 20, optimiser: adam(0.01), threads: 1 });
    for (let i = 0; i < 30; i++) await own.step();
    const { accuracy, loss, confusion, perClass, probabilities, labels, losses } = await own.measure(held);
    own.release();
    expect(await page.getByTestId("measured").textContent()).toBe(
      `Of 500 test pictures ${percent(accuracy)} are right, loss ${report.show(loss, 4)}, at step 30`,
    );
    const rows = await page.getByTestId("confusion").locator("tbody tr").all();
    const shown = await Promise.all(
      rows.map(async (row) => (await row.locator("td").allTextContents()).map((cell) => Number(cell.trim() === "·" ? 0 : cell))),
    );
    expect(shown).toEqual(confusion);
    const scores = await page.getByTestId("per-class").locator("tbody tr").nth(1).locator("td").allTextContents();
    expect(scores).toEqual([
      String(perClass[1].count),
      percent(perClass[1].precision),
      percent(perClass[1].recall),
      percent(perClass[1].f1),
    ]);
    const { expectedError, bins } = calibration(probabilities, labels);
    expect(await page.getByTestId("calibration").textContent()).toContain(`Expected calibration error ${percent(expectedError)}`);
    await page.getByText("As a table", { exact: true }).click();
    const lines = await page.getByTestId("reliability").locator("tbody tr").count();
    expect(lines).toBe(bins.filter(({ count }) => count > 0).length);
    const hardest = page.getByTestId("hard").first();
    expect(await hardest.textContent()).toContain(`loss ${report.show(Math.max(...losses))}`);
    await hardest.click();
    await page.waitForURL(/room=neurons/);
    expect(page.url()).toContain("lens=pixels");
    expect(problems).toEqual([]);
  });

  test("LF6 L29 every layer shows its weights, values and gradients, and their numbers are the library's", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=5&panel=see"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    const { train, test: held } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, { batchSize: 20, optimiser: adam(0.003), threads: 1 });
    for (let i = 0; i < 5; i++) await own.step();
    const { model } = own.checkpoint();
    const watched = watch(own.model(), { threads: 1 });
    const seen = await watched.picture(held.image(0), held.label(0));
    const first = (tensor: { readonly data: ArrayLike<number> } | undefined): string => report.show(Number(tensor?.data[0]), 4);
    const readings = (): Promise<string[]> => page.getByTestId("value").allTextContents();
    const reads = (values: readonly string[]): Promise<void> =>
      expect.poll(readings).toEqual(values.map((value) => `row 0, column 0: ${value}`));
    await reads([first(model.get("conv1.weight")), first(seen.values.get("conv1"))]);
    const layers = await chooser(page, "Layer").locator("option").count();
    expect(layers).toBe(own.model().trace().layers.length);
    const last = own.model().trace().layers.at(-1)?.name ?? "";
    await chooser(page, "Layer").selectOption(last);
    await reads([first(model.get(`${last}.weight`)), first(seen.values.get(last))]);
    await chooser(page, "Parameter").selectOption(`${last}.bias`);
    await reads([first(model.get(`${last}.bias`)), first(seen.values.get(last))]);
    await chooser(page, "Show").selectOption("gradients");
    await expect.poll(async () => (await readings())[1]).toBe(`row 0, column 0: ${first(seen.gradients.get(last))}`);
    await chooser(page, "Colours span").selectOption("fixed");
    await page.getByLabel("Up to").fill("0.5");
    await page.getByLabel("Up to").press("Enter");
    await expect.poll(() => page.locator("#panel .legend .ends").last().textContent()).toContain("0.5");
    watched.release();
    own.release();
    expect(problems).toEqual([]);
  });

  test("L22 LF13 one step slowly: five stages that are stepped, skipped and replayed, with the library's numbers", async () => {
    const { page, problems } = await lab.open(address("&panel=slow"), { reducedMotion: "reduce" });
    await ready(page);
    await page.getByRole("button", { name: "Take one step slowly" }).click();
    const stages = page.getByRole("list", { name: "Stages of the step" }).locator("li");
    await stages.first().waitFor();
    expect(await stages.count()).toBe(5);
    const active = (): Promise<boolean[]> => stages.evaluateAll((all) => all.map((one) => one.classList.contains("active")));
    expect(await active()).toEqual([true, false, false, false, false]);
    const { train } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, { batchSize: 20, optimiser: adam(0.003), threads: 1 });
    const { loss } = await own.step();
    own.release();
    await page.getByRole("button", { name: "One step on" }).click();
    expect(await active()).toEqual([false, true, false, false, false]);
    expect(await page.getByTestId("stage").textContent()).toContain(`of the batch is ${report.show(loss, 4)}`);
    await page.getByRole("button", { name: "Skip to the end" }).click();
    expect(await active()).toEqual([false, false, false, false, true]);
    await page.getByRole("button", { name: "Replay" }).click();
    await expect.poll(active).toEqual([true, false, false, false, false]);
    await expect.poll(active, { timeout: 5000 }).toEqual([false, true, false, false, false]);
    expect(problems).toEqual([]);
  });

  test("LF6 L29 the health of every layer is the library's", async () => {
    const { page, problems } = await lab.open(address("&stopSteps=5&panel=health"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    const { train } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, { batchSize: 20, optimiser: adam(0.003), threads: 1 });
    for (let i = 0; i < 5; i++) await own.step();
    // The room's pictures for this: 32 by lot, always the same.
    const { x, y } = train.batch(Int32Array.from(random(0).permutation(200).slice(0, 32).sort()));
    const watched = watch(own.model(), { threads: 1, batch: 32 });
    const { layers } = await watched.health(x, y);
    watched.release();
    own.release();
    const expected = layers
      .filter(({ gradient, activation }) => gradient !== undefined || activation !== undefined)
      .map(({ layer, kind, weights, gradient, activation }) =>
        [
          ...[layer, kind, weights === undefined ? "" : report.show(weights), gradient === undefined ? "" : report.show(gradient)],
          ...(activation === undefined
            ? ["", "", ""]
            : [
                String(activation.units),
                `${activation.dead} (${Math.round((100 * activation.dead) / activation.units)} %)`,
                percent(activation.saturated),
              ]),
        ].join("|"),
      );
    expect(expected.length).toBeGreaterThanOrEqual(3);
    const rows = (): Promise<string[]> =>
      page
        .locator("#panel tbody tr")
        .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => (cell.textContent ?? "").trim()).join("|")));
    await expect.poll(rows, { timeout: 10_000 }).toEqual(expected);
    expect(problems).toEqual([]);
  });

  test("LF7 scrubbing the time changes filters, maps and predictions to those of that moment", async () => {
    const { page } = await lab.open(address("&stopSteps=20&rate=0.01&panel=see"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    const { train, test: held } = await synthetic({ size: 32, channels: 3, seed: 0, train: 200, test: 500 });
    const own = await openTraining(zoo.buildNet(zoo.readNet(net), 10), train, { batchSize: 20, optimiser: adam(0.01), threads: 1 });
    const verdict = async (): Promise<string> => {
      const watched = watch(own.model(), { threads: 1 });
      const { probabilities } = await watched.picture(held.image(0), held.label(0));
      watched.release();
      const best = Math.max(...probabilities.data);
      return `The net says ${held.classes[probabilities.data.indexOf(best)]}, ${percent(best)}`;
    };
    const start = await verdict();
    for (let i = 0; i < 20; i++) await own.step();
    const end = await verdict();
    own.release();
    const says = page.getByTestId("says");
    await expect.poll(() => says.textContent()).toBe(end);
    await page.locator("#time").focus();
    await page.keyboard.press("Home");
    await expect.poll(() => says.textContent()).toBe(start);
    await page.getByRole("button", { name: "To the newest step" }).click();
    await expect.poll(() => says.textContent()).toBe(end);
  });

  test("L33 preparing is cancelled within 200 ms, and the run that was open is there again", async () => {
    const { page } = await lab.open(address("&stopSteps=12"));
    await ready(page);
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    await page.getByText("More settings").first().click();
    const pictures = page.locator("[data-control=pictures] input[type=number]");
    await pictures.fill("500000");
    await pictures.press("Enter");
    await page.getByText(/Preparing the pictures and the net \d+ \/ 500500/).waitFor();
    const cancelled = await page.evaluate(async () => {
      const button = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Cancel");
      const began = performance.now();
      button?.click();
      while (document.body.textContent?.includes("Preparing the pictures")) await new Promise((resolve) => setTimeout(resolve, 5));
      return performance.now() - began;
    });
    expect(cancelled).toBeLessThan(200);
    expect(await stepOf(page)).toBe(12);
    // The worker has stopped, too: it takes the next step at once.
    const began = Date.now();
    await page.getByRole("button", { name: "One batch" }).click();
    await waitFor(page, 13);
    expect(Date.now() - began).toBeLessThan(1500);
    expect(await pictures.inputValue()).toBe("200");
  });

  test("L43 fits 360 pixels; L3 reset restores the start", async () => {
    const { page } = await lab.open(address("&stopSteps=12"), { viewport: { width: 360, height: 740 } });
    await ready(page);
    for (const panel of ["Health", "Evaluation", "Slow motion", "Compare", "Sweep", "Try it", "Save and export"]) {
      await page.getByRole("tab", { name: panel }).click();
      await page.waitForTimeout(80);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), panel).toBeLessThanOrEqual(360);
    }
    await page.locator(".go").click();
    await page.getByText("the number of steps is reached").waitFor();
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await ready(page);
    expect(await stepOf(page)).toBe(0);
    expect(new URL(page.url()).searchParams.get("stopSteps")).toBeNull();
    await paused(page);
  });
});
