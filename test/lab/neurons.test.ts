// The room Neurons as a person drives it: every number that it shows is the library's for the same net, unit, picture and options.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { synthetic } from "../../src/data/index.ts";
import { decodeImage, pictureToTensor, readModel } from "../../src/io/index.ts";
import {
  attribute,
  dissect,
  examples,
  faithfulness,
  intervene,
  maximise,
  pointingGame,
  sanityCheck,
  sweep,
  syntheticConcepts,
  tuning,
} from "../../src/lens/index.ts";
import type { Model } from "../../src/nn/index.ts";
import { softmax } from "../../src/ops/index.ts";
import { show } from "../../src/report/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { canOpen, startLab } from "./page.ts";

const fileOf = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../../lab/assets/nets/${name}`, import.meta.url)));
const model: Model = readModel(fileOf("shapes.safetensors"), "shapes").model;

/** Sample `n` of the strip of the shapes' net, as the net sees it. */
function sample(n: number): Tensor {
  const { data, shape } = pictureToTensor(decodeImage(fileOf("shapes-samples.png")));
  const side = 32;
  const own = Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [c, y, x] = [Math.floor(i / (side * side)), Math.floor(i / side) % side, i % side];
    return (data[(c * side + y) * shape[2] + n * side + x] - 0.5) / 0.25;
  });
  return new Tensor(own, [3, side, side]);
}

const figure = (page: Page, id: string): Promise<string> => page.locator(`[data-figure=${id}]`).first().innerText();
/** A number as the page writes it, for people. */
const read = (text: string): number => Number(text.replaceAll("−", "-").replace("%", "").replace("×", "").trim());
/** A share that all but vanishes, or is all but whole, is written as a bound. */
const percentOf = (text: string): number => read(text.replace(/[<>]/, ""));
const digits = (value: number): string => show(value, 4);

describe.skipIf(!canOpen)("the room Neurons", () => {
  const lab = startLab();

  test("L24 LF24 attribution of any unit shows the library's score, figures and range, and its scores", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&picture=3&lens=pixels&method=integratedGradients");
    const expected = await attribute(model, sample(3), { method: "integratedGradients", layer: "conv2", channel: 5 });
    await page.locator("[data-figure=score]").waitFor();
    expect(await figure(page, "score")).toBe(digits(expected.score));
    expect(read(await figure(page, "sum"))).toBeCloseTo(expected.figures.sum, 1);
    const name = (await page.locator("[data-method=integratedGradients] [role=img]").first().getAttribute("aria-label")) ?? "";
    expect(name).toContain("Integrated gradients of conv2, unit 5, raw values");
    expect(await page.locator("[data-method=integratedGradients] .legend").innerText()).toContain(
      `${show(expected.range.low)} … ${show(expected.range.high)}`,
    );
    const judged = await faithfulness(model, sample(3), expected.map, { layer: "conv2", channel: 5 });
    await page.locator("[data-figure=deletion]").waitFor();
    expect(read(await figure(page, "deletion"))).toBeCloseTo(judged.deletion.area, 1);
    expect(read(await figure(page, "insertion"))).toBeCloseTo(judged.insertion.area, 1);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LF34 one click makes the sanity strip, with the library's similarities", async () => {
    const { page } = await lab.open("?room=neurons&lang=en&layer=logits&unit=3&picture=3&lens=pixels&method=gradient");
    await page.getByRole("button", { name: "Does it depend on what the net has learned?" }).click();
    const { steps } = await sanityCheck(model, sample(3), { method: "gradient", class: 3 });
    await page.locator(`[data-forgotten=${steps.at(-1)?.layer}]`).waitFor({ timeout: 20_000 });
    expect(await page.locator("[data-forgotten]").count()).toBe(steps.length);
    const first = await page.locator(`[data-forgotten=${steps[0].layer}] figcaption`).innerText();
    expect(read(/SSIM\s+(\S+)/.exec(first)?.[1] ?? "")).toBeCloseTo(steps[0].similarity.ssim, 1);
    await page.close();
  });

  test("LF21 the climbed input is the library's for the same seed and options, rises above the noise, and is held against the data", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&lens=climb&steps=96&seed=4&count=100");
    const dataset = (await synthetic({ train: 1, test: 100, size: 32, channels: 3, noise: 0.03 })).test;
    const options = { layer: "conv2", channel: 5, position: "centre", parametrisation: "fourier", steps: 96, seed: 4, dataset } as const;
    const [expected, start] = [await maximise(model, options), await maximise(model, { ...options, steps: 0 })];
    await page.locator("[data-climbed=true]").waitFor({ timeout: 30_000 });
    const reached = read(await figure(page, "activation"));
    expect(Math.abs(reached - expected.activation)).toBeLessThan(0.01 * expected.activation);
    expect(reached).toBeGreaterThan(2 * start.activation);
    expect(read(await figure(page, "best"))).toBeCloseTo(expected.bestInData ?? Number.NaN, 1);
    expect(await page.locator(".caveat").first().innerText()).toContain("not the only one");
    expect(problems).toEqual([]);
    await page.close();
  });

  test("L33 climbing shows unfinished pictures and stops within 200 ms of Cancel", async () => {
    const { page } = await lab.open("?room=neurons&lang=en&layer=conv3&lens=climb&steps=8000&count=100");
    await page.locator("[data-climbed=false] canvas").first().waitFor({ timeout: 20_000 });
    const took = await page.evaluate(async () => {
      const button = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Cancel");
      const begun = performance.now();
      button?.click();
      while ([...document.querySelectorAll("button")].some(({ textContent }) => textContent === "Cancel"))
        await new Promise((resolve) => setTimeout(resolve, 5));
      return performance.now() - begun;
    });
    expect(took).toBeLessThan(200);
    // The worker is free again: another, short climb finishes.
    await page.goto(page.url().replace("steps=8000", "steps=16"));
    await page.locator("[data-climbed=true]").waitFor({ timeout: 20_000 });
    await page.close();
  });

  test("LF28 LF29 examples are the library's, by activation and by relevance, strongest first", async () => {
    const dataset = (await synthetic({ train: 1, test: 200, size: 32, channels: 3, noise: 0.03 })).test;
    for (const by of ["activation", "relevance"] as const) {
      const { page } = await lab.open(`?room=neurons&lang=en&layer=conv2&unit=5&lens=examples&count=200&by=${by}`);
      const [unit] = await examples(model, dataset, { layer: "conv2", channel: 5, by });
      await page.locator("[data-examples=top] [data-index]").first().waitFor({ timeout: 20_000 });
      const indices = await page
        .locator("[data-examples=top] [data-index]")
        .evaluateAll((all) => all.map((one) => Number(one.getAttribute("data-index"))));
      expect(indices).toEqual(unit.top.map(({ index }) => index));
      expect(await figure(page, "best")).toBe(digits(unit.best));
      await page.close();
    }
  });

  test("LF31 tuning equals the library's, preferred stimulus and selectivity", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&lens=tuning&sweep=orientation");
    const { values, stimuli } = sweep(model.inputShape, "orientation", { frequency: 1 / 8, preprocessing: model.preprocessing });
    const { responses, preferred, selectivity } = await tuning(model, stimuli, { layer: "conv2", read: "max" });
    await page.locator("[data-figure=preferred]").waitFor();
    expect(await figure(page, "preferred")).toBe(`${show(values[preferred[5]], 4)} degrees`);
    expect(read(await figure(page, "answer"))).toBeCloseTo(responses[5][preferred[5]], 2);
    expect(read(await figure(page, "selectivity"))).toBeCloseTo(selectivity[5], 2);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LF37 ablation and patching give the library's probabilities, and show maps behind the channel", async () => {
    for (const from of [undefined, 7]) {
      const patch = from === undefined ? "" : `&instead=other&from=${from}`;
      const { page } = await lab.open(`?room=neurons&lang=en&layer=conv1&unit=2&picture=3&lens=ablate${patch}`);
      const { before, after } = await intervene(model, sample(3), {
        layer: "conv1",
        channels: [2],
        ...(from !== undefined && { from: sample(from) }),
      });
      const [unchanged, changed] = [softmax(before, { axis: 0 }).data, softmax(after, { axis: 0 }).data];
      const rows = page.locator("[data-ablated] tbody tr");
      await rows.first().waitFor();
      for (const row of await rows.all()) {
        const [name, was, is] = (await row.innerText()).split("\t");
        const index = model.classes?.indexOf(name) ?? -1;
        expect(percentOf(was)).toBeCloseTo(100 * unchanged[index], 0);
        expect(percentOf(is)).toBeCloseTo(100 * changed[index], 0);
      }
      expect(await page.getByRole("img", { name: /with the change/ }).count()).toBeGreaterThan(4);
      await page.close();
    }
  });

  test("LF32 LF36 the comparison holds all methods with the edges among them; a dead map says why it is empty", async () => {
    const { page } = await lab.open("?room=neurons&lang=en&layer=logits&unit=3&picture=3&lens=compare");
    await page.locator("figure[data-method=edges]").waitFor({ timeout: 20_000 });
    expect(await page.locator("figure[data-method]").count()).toBeGreaterThanOrEqual(8);
    // A ReLU unit on a picture that leaves it silent.
    const silent = await silentUnit();
    await page.goto(new URL(`?room=neurons&lang=en&layer=relu3&unit=${silent}&at=0,0&lens=pixels`, lab.url()).href);
    await page.getByText("Why is this map empty?").waitFor();
    expect(await page.locator(".finding").innerText()).toContain("dead or silent unit");
    await page.goto(page.url().replace("lang=en", "lang=zh"));
    await page.getByText("为什么这张图是空的？").waitFor();
    await page.close();
  });

  test("LF26 LF25 a method's setting reaches the library", async () => {
    for (const [query, options] of [
      ["method=occlusion&window=8", { method: "occlusion", window: 8 }],
      ["method=gradCam&maps=relu2", { method: "gradCam", at: "relu2" }],
    ] as const) {
      const { page } = await lab.open(`?room=neurons&lang=en&layer=logits&unit=3&picture=3&lens=pixels&${query}`);
      const { range } = await attribute(model, sample(3), { ...options, class: 3 });
      await page.locator("[data-figure=score]").waitFor();
      const legend = await page.locator(`[data-method=${options.method}] .legend`).innerText();
      expect(legend).toContain(`${show(range.low)} … ${show(range.high)}`);
      await page.close();
    }
  });

  test("LF30 LF35 concepts and the pointing game show the library's tables", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&lens=concepts&count=300");
    const shapes = (await synthetic({ train: 1, test: 300, size: 32, channels: 3, noise: 0.03 })).test;
    const { units } = await dissect(model, syntheticConcepts(shapes), { layer: "conv2" });
    await page.locator("[data-concepts]").waitFor({ timeout: 30_000 });
    const [best] = units[5].overlaps;
    const row = await page.locator("[data-concepts] tbody tr").first().innerText();
    expect(row).toContain(best.concept);
    expect(row).toContain(show(best.overlap ?? Number.NaN));
    await page.getByRole("tab", { name: "Compare" }).click();
    await page.getByRole("button", { name: "Play the pointing game" }).click();
    const known = (await synthetic({ train: 1, test: 40, size: 32, channels: 3, noise: 0.03 })).test;
    const tasks = [];
    for (let i = 0; i < 40; i++) {
      const { map } = await attribute(model, known.image(i), { method: "gradient", class: known.label(i) });
      tasks.push({ map, mask: known.groundTruth(i).mask, class: known.label(i) });
    }
    await page.locator("[data-pointing]").waitFor({ timeout: 30_000 });
    expect(await page.locator("[data-pointing] tbody tr").first().innerText()).toContain(`${pointingGame(tasks).hits} / 40`);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("L42 a prediction is explained by keyboard alone, and the address brings the same view back", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en");
    await page.getByRole("button", { name: "Explain this prediction" }).focus();
    await page.keyboard.press("Enter");
    await page.locator("[data-figure=score]").waitFor();
    expect(await page.getByRole("tab", { selected: true }).innerText()).toBe("Attribution");
    expect(await page.locator(".verdict h2").innerText()).toContain("class “circle”");
    // The place stays while the way of looking changes, and the way stays while the place does.
    await page.getByRole("tab", { selected: true }).focus();
    await page.keyboard.press("o");
    expect(await page.getByRole("tab", { selected: true }).innerText()).toBe("Compare");
    await page.keyboard.press("/");
    await page.keyboard.type("conv2 7");
    await page.keyboard.press("Enter");
    expect(await page.locator(".verdict h2").innerText()).toContain("conv2, unit 7");
    const selected = page.getByRole("listbox", { name: "Units of conv2" }).getByRole("option", { selected: true });
    await selected.focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(".verdict h2").innerText()).toContain("conv2, unit 8");
    expect(await page.getByRole("tab", { selected: true }).innerText()).toBe("Compare");
    await page.waitForFunction(() => location.search.includes("unit=8"));
    const again = await lab.open(new URL(page.url()).search);
    await again.page.locator(".verdict h2").waitFor();
    expect(await again.page.locator(".verdict h2").innerText()).toContain("conv2, unit 8");
    expect(await again.page.getByRole("tab", { selected: true }).innerText()).toBe("Compare");
    expect([...problems, ...again.problems]).toEqual([]);
    await page.close();
    await again.page.close();
  });

  test("L43 at 360 px every way of looking fits, in Chinese too", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=zh", { viewport: { width: 360, height: 740 } });
    await page.getByRole("tablist").waitFor();
    for (const tab of await page.getByRole("tab").all()) {
      await tab.click();
      await page.waitForTimeout(300);
      const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      expect(wide, await tab.innerText()).toBeLessThanOrEqual(screen);
    }
    expect(problems).toEqual([]);
    await page.close();
  });

  /** A channel of relu3 that is silent in the corner of the first sample. */
  async function silentUnit(): Promise<number> {
    for (let channel = 0; channel < 16; channel++) {
      const { map } = await attribute(model, sample(0), { method: "gradient", layer: "relu3", channel, position: [0, 0] });
      if (map.data.every((v) => v === 0)) return channel;
    }
    throw new Error("every channel of relu3 answers to the corner of the first sample");
  }
});
