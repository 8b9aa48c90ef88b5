// The room Convolve, driven as a person would: what cells, sums, gradients and curves say are the library's numbers.
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { typeset } from "../../lab/src/ui/typeset.ts";
import { explainConvSize } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { conv2d, maxPool2d, sigmoid } from "../../src/ops/index.ts";
import { describeSteps, matrixCounts, matrixOf, type Steps, show, showSum, type WindowOptions } from "../../src/report/index.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { canOpen, startLab } from "./page.ts";

const lab = startLab();
const still = { reducedMotion: "reduce" } as const;
const openRoom = (query: string, options: object = still) => lab.open(`?room=convolve&lang=en${query}`, options);

/** Grids by the name of their part. */
const grid = (page: Page, name: string, nth = 0) => page.getByRole("application", { name: new RegExp(`^${name}`) }).nth(nth);

/** The numbers in a grid's cells, row after row, without what is laid over them. */
async function numbersIn(page: Page, name: string, columns: number, nth = 0): Promise<number[][]> {
  const texts = await grid(page, name, nth)
    .locator("rect:not(.mark):not(.outline):not(.active):not(.ghost) + text, rect + path.idle + text")
    .allTextContents();
  const values = texts.map((t) => Number(t.trim().replace("−", "-")));
  return Array.from({ length: Math.ceil(values.length / columns) }, (_, r) => values.slice(r * columns, (r + 1) * columns));
}

const outputOf = (steps: Steps, channel = 0): number[][] => steps.output[channel].map((line) => [...line]);
const sumText = (page: Page) => page.locator("[data-sum]").innerText();
const plain = (text: string): string => text.replace(/\s+/g, " ").trim();

describe.skipIf(!canOpen)("the room Convolve", () => {
  test("L9 LF8 every output cell says the library's sum, by pointer and by key; input and kernel are linked back", {
    timeout: 60_000,
  }, async () => {
    const { page, problems } = await openRoom("");
    const steps = describeSteps({ input: [5, 5], kernel: 3 });
    await grid(page, "Output").waitFor();
    expect(await numbersIn(page, "Output", 3)).toEqual(outputOf(steps));
    const box = await grid(page, "Output").boundingBox();
    if (box === null) throw new Error("no output grid");
    for (const [f, frame] of steps.frames.entries()) {
      const { row, column } = frame.output;
      await page.mouse.move(box.x + ((column + 0.5) * box.width) / 3, box.y + ((row + 0.5) * box.height) / 3);
      await page.locator(`[data-cell="o.0.${row}.${column}"]`).waitFor();
      expect(plain(await sumText(page)), `frame ${f}`).toBe(plain(showSum(steps, frame)));
      expect(await grid(page, "Input").locator(".mark").count()).toBe(9);
      expect(await grid(page, "Kernel").locator(".mark").count()).toBe(9);
    }
    // The middle of the input takes part in all nine outputs, each time with another weight.
    await grid(page, "Input").focus();
    for (const key of ["Home", "PageUp", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    await page.locator('[data-cell="i.0.2.2"]').waitFor();
    expect(await grid(page, "Output").locator(".mark").count()).toBe(9);
    expect(await page.locator(".uses li").count()).toBe(9);
    // A weight is used at every position.
    await grid(page, "Kernel").focus();
    await page.locator('[data-cell="k.0.0.0"]').waitFor();
    expect(await page.locator(".uses li").count()).toBe(9);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L42 by keyboard alone: step through one convolution, pin, change a number, and see the sum follow", {
    timeout: 60_000,
  }, async () => {
    const { page, problems } = await openRoom("");
    await grid(page, "Output").waitFor();
    const steps = describeSteps({ input: [5, 5], kernel: 3 });
    // From the top of the page with Tab alone.
    const reached = async (name: string): Promise<boolean> =>
      page.evaluate((start) => document.activeElement?.getAttribute("aria-label")?.startsWith(start) === true, name);
    for (let i = 0; i < 40 && !(await reached("Output")); i++) await page.keyboard.press("Tab");
    expect(await reached("Output")).toBe(true);
    for (const key of ["ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
    await page.locator('[data-cell="o.0.1.1"]').waitFor();
    expect(plain(await sumText(page))).toBe(plain(showSum(steps, steps.frames[4])));
    await expect
      .poll(() => page.locator("[aria-live=polite]").innerText())
      .toContain(`output 1, 1: sum of 9 products, ${show(steps.frames[4].value)}`);
    await page.keyboard.press("p");
    await expect.poll(() => new URL(page.url()).searchParams.get("pin")).toBe("o.0.1.1");
    await page.keyboard.press("Escape");
    await expect.poll(() => new URL(page.url()).searchParams.get("pin")).toBe(null);
    // Full stop and comma step.
    await page.keyboard.press(".");
    await page.keyboard.press("Tab");
    await page.locator('[data-cell="o.0.1.2"]').waitFor();
    // A digit over a cell of the input starts writing into it.
    for (let i = 0; i < 40 && !(await reached("Input")); i++) await page.keyboard.press("Shift+Tab");
    for (const key of ["Home", "PageUp", "7", "Enter"]) await page.keyboard.press(key);
    const values = [7, ...Array.from(steps.plan.values).slice(1)];
    await expect.poll(() => numbersIn(page, "Output", 3)).toEqual(outputOf(describeSteps({ input: [5, 5], kernel: 3, values })));
    expect(await reached("Input")).toBe(true);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  const cases: readonly (readonly [string, string, WindowOptions, number])[] = [
    [
      "L25 LF10 transposed",
      "&variant=transposed&size=3,3&stride=2,2&pads=1,1,1,1",
      { kind: "transposed", input: [3, 3], kernel: 3, stride: 2, padding: 1 },
      5,
    ],
    // 6 comes from a convolution of 6 with stride 2: 3 inputs, and one row more at the far end.
    [
      "L25 transposed, from the output size",
      "&variant=transposed&stride=2,2&pads=1,1,1,1&wanted=6",
      { kind: "transposed", input: [3, 3], kernel: 3, stride: 2, padding: 1, outputPadding: 1 },
      6,
    ],
    ["LF10 dilated", "&variant=dilated&size=7,7&dilation=2,2", { input: [7, 7], kernel: 3, dilation: 2 }, 3],
    ["LF11 grouped", "&variant=grouped&size=4,4&channels=4,4,2", { input: [4, 4], kernel: 3, inChannels: 4, outChannels: 4, groups: 2 }, 2],
    ["LF11 depthwise", "&variant=depthwise&channels=3,3,3", { input: [5, 5], kernel: 3, inChannels: 3, outChannels: 3, groups: 3 }, 3],
    ["LF11 deformable", "&variant=deformable&pads=1,1,1,1", { kind: "deformable", input: [5, 5], kernel: 3, padding: 1 }, 5],
    ["LF10 circular", "&variant=circular&pads=1,1,1,1", { input: [5, 5], kernel: 3, padding: 1, border: "circular" }, 5],
    ["LF10 causal", "&variant=causal&size=1,8&kernel=1,3", { input: [8], kernel: 3, padding: "causal" }, 8],
    [
      "LF10 asymmetric",
      "&variant=asymmetric&size=5,7&kernel=1,3&stride=1,2&pads=0,0,1,1",
      { input: [5, 7], kernel: [1, 3], stride: [1, 2], padding: [0, 1] },
      4,
    ],
    ["LF10 full", "&size=3,3&padding=full", { input: [3, 3], kernel: 3, padding: "full" }, 5],
    ["LF10 same", "&size=5,5&padding=same&stride=2,2", { input: [5, 5], kernel: 3, padding: "same", stride: 2 }, 3],
  ];
  test("LF10 LF11 L18 every variant's address opens with the library's outputs", { timeout: 120_000 }, async () => {
    const { page, problems } = await openRoom("");
    for (const [name, query, options, columns] of cases) {
      await page.goto(`${lab.url()}?room=convolve&lang=en${query}`);
      await grid(page, "Output").waitFor();
      const steps = describeSteps(options);
      for (const channel of steps.output.keys())
        expect(await numbersIn(page, "Output", columns, channel), name).toEqual(
          outputOf(steps, channel).map((l) => l.map((v) => Number(show(v).replace("−", "-")))),
        );
    }
    // Sampling points of the deformable kernel are drawn.
    await page.goto(`${lab.url()}?room=convolve&lang=en&variant=deformable&pads=1,1,1,1`);
    await grid(page, "Input").waitFor();
    expect(await grid(page, "Input").locator("circle.point").count()).toBe(9);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L25 bounds: sliders end where the arithmetic does, and say so with its numbers", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("");
    const kernel = page.getByRole("slider", { name: "Kernel size" });
    await kernel.waitFor();
    expect(await kernel.getAttribute("max")).toBe("5");
    await kernel.focus();
    await page.keyboard.press("End");
    await expect
      .poll(() => page.locator(".reason").allInnerTexts())
      .toContainEqual(expect.stringContaining(typeset(explainConvSize({ input: 5, kernel: 6 }).substituted)));
    expect(await numbersIn(page, "Output", 1)).toEqual(outputOf(describeSteps({ input: [5, 5], kernel: 5 })));
    // An address that makes no sense says why, and there is a way out.
    await page.goto(`${lab.url()}?room=convolve&lang=en&size=2,2`);
    expect(await page.getByRole("alert").innerText()).toContain("does not fit");
    await page.getByRole("button", { name: "Reset the settings" }).click();
    await grid(page, "Output").waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF13 dX and dW are the engine's gradients for an edited g", { timeout: 60_000 }, async () => {
    const g = [1, -2, 0, 3, 1, 1, 2, 0, -1];
    const steps = describeSteps({ input: [5, 5], kernel: 3 });
    const x = input("x", [1, 1, 5, 5], "float64");
    const w = input("w", [1, 1, 3, 3], "float64");
    const seed = input("g", [1, 1, 3, 3], "float64");
    const known = new Map<Value, ReturnType<typeof tensor>>([
      [x, tensor(Float64Array.from(steps.plan.values), [1, 1, 5, 5])],
      [w, tensor(Float64Array.from(steps.plan.weights), [1, 1, 3, 3])],
      [seed, tensor(Float64Array.from(g), [1, 1, 3, 3])],
    ]);
    const [dx, dw] = evaluateValues(gradient(conv2d(x, w), [x, w], { seed }), known);
    const { page, problems } = await openRoom(`&view=dX&g=${g.join(",")}`);
    await grid(page, "dX").waitFor();
    expect((await numbersIn(page, "dX", 5)).flat()).toEqual(Array.from(dx.data));
    await page.getByLabel("Direction").selectOption("dW");
    await grid(page, "dW").waitFor();
    expect((await numbersIn(page, "dW", 3)).flat()).toEqual(Array.from(dw.data));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF12 max pooling: what wins is marked, and gets the gradient on the way back", { timeout: 60_000 }, async () => {
    const query = "&tab=pooling&poolKernel=3&poolStride=2&poolPad=1";
    const steps = describeSteps({ kind: "max pooling", input: [6, 6], kernel: 3, stride: 2, padding: 1, seed: 1 });
    const x = input("x", [1, 1, 6, 6], "float64");
    const [dx] = evaluateValues(
      gradient(maxPool2d(x, 3, { stride: 2, padding: 1 }), [x]),
      new Map([[x, tensor(Float64Array.from(steps.plan.values), [1, 1, 6, 6])]]),
    );
    const { page, problems } = await openRoom(query);
    await grid(page, "Output").waitFor();
    expect(await numbersIn(page, "Output", 3)).toEqual(outputOf(steps));
    expect(await grid(page, "Input").locator("circle.winner").count()).toBe(1);
    await page.getByLabel("Direction").selectOption("dX");
    await grid(page, "dX").waitFor();
    // What would arrive at the padding is nobody's: its cells are empty.
    expect((await numbersIn(page, "dX", 6)).flat()).toEqual(Array.from(dx.data));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF18 L25 the matrix: non-zeros counted, the row of the output marked, 32 × 32 drawn in part", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("&matrix=1&pin=o.0.1.1");
    const counts = matrixCounts(matrixOf(describeSteps({ input: [5, 5], kernel: 3 }).plan));
    await page.locator("[data-counts]").waitFor();
    expect(await page.locator("[data-counts]").innerText()).toContain(
      `${counts.nonZeros} of ${counts.entries} entries are connected (${counts.share} %)`,
    );
    expect(await page.locator("[data-marked]").getAttribute("data-marked")).toBe("4");
    expect(await page.locator("rect.entry").count()).toBe(counts.nonZeros);
    const fills = await page
      .locator('rect.entry[data-weight="4"]')
      .evaluateAll((all) => [...new Set(all.map((e) => e.getAttribute("fill")))]);
    expect(fills).toHaveLength(1);
    await page.goto(`${lab.url()}?room=convolve&lang=en&matrix=1&size=32,32&at=500`);
    await page.locator('[data-marked="500"]').waitFor();
    const drawn = await page.locator("rect.entry").count();
    expect(drawn).toBeGreaterThan(100);
    expect(drawn).toBeLessThan(1500);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L41 L25 the window steps by itself every 250 ms until touched; under reduced motion nothing starts", {
    timeout: 60_000,
  }, async () => {
    const moving = await openRoom("", { reducedMotion: "no-preference" });
    const scrub = moving.page.getByRole("slider", { name: "Position" });
    await scrub.waitFor();
    await expect.poll(() => scrub.inputValue().then(Number)).toBeGreaterThan(1);
    await grid(moving.page, "Input").click({ position: { x: 5, y: 5 } });
    const stood = await scrub.inputValue();
    await moving.page.waitForTimeout(700);
    expect(await scrub.inputValue()).toBe(stood);
    // The animation's place stays as a ghost while another cell is looked at.
    expect(await moving.page.locator("rect.ghost").count()).toBeGreaterThan(0);
    await moving.page.context().close();
    const quiet = await openRoom("");
    await grid(quiet.page, "Output").waitFor();
    await quiet.page.waitForTimeout(700);
    expect(await quiet.page.getByRole("slider", { name: "Position" }).inputValue()).toBe("0");
    await quiet.page.context().close();
  });

  test("LF20 L31 the edge bench: kernels, rank, a painted tap, a drawing, and the error of the camera", { timeout: 60_000 }, async () => {
    const { page } = await openRoom("&tab=edges");
    await page.locator("[data-range]").waitFor();
    expect(await page.locator("[data-rank]").getAttribute("data-rank")).toBe("1");
    await page.getByLabel("Start from").selectOption("laplace");
    await expect.poll(() => page.locator("[data-rank]").getAttribute("data-rank")).toBe("2");
    const before = await page.locator("[data-range]").innerText();
    await page.getByLabel("Tap 1, 1").fill("8");
    await page.getByLabel("Tap 1, 1").press("Enter");
    await expect.poll(() => page.locator("[data-range]").innerText()).not.toBe(before);
    await expect.poll(() => new URL(page.url()).searchParams.get("taps")).toBe("0,1,0,1,8,1,0,1,0");
    await page.getByRole("button", { name: "Draw" }).click();
    await page.getByRole("application", { name: /Drawing pad/ }).focus();
    for (const key of [" ", "ArrowRight", "ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
    await expect.poll(() => page.locator('.thumb[title="Drawing"][aria-pressed="true"]').count()).toBe(1);
    await page.getByRole("button", { name: "Camera" }).click();
    await page.getByRole("button", { name: "Start the camera" }).click();
    expect(await page.getByRole("alert").innerText()).toMatch(/not permitted|cannot be reached/);
    await page.setInputFiles('input[type="file"]', { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
    await expect.poll(() => page.getByRole("alert").allInnerTexts()).toContainEqual(expect.stringContaining("notes.txt is not an image"));
    await page.context().close();
  });

  test("LF14 activation functions: value and derivative at the point are the engine's", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("&tab=activations&point=1.5");
    const x = input("x", [1], "float64");
    const y = sigmoid(x);
    const [value, slope] = evaluateValues([y, ...gradient(y, [x])], new Map([[x, tensor([1.5], undefined, "float64")]]));
    await page.locator('[data-value="sigmoid"]').waitFor();
    expect(await page.locator('[data-value="sigmoid"]').innerText()).toBe(show(value.data[0]));
    expect(await page.locator('[data-slope="sigmoid"]').innerText()).toBe(show(slope.data[0]));
    await page.getByRole("slider", { name: /^sigmoid/ }).focus();
    await page.keyboard.press("Home");
    expect(await page.locator('[data-value="relu"]').innerText()).toBe("0");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF42 L21 SVG, PNG and GIF are saved", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("");
    const starts: Readonly<Record<string, string>> = { SVG: "<svg", PNG: "\u0089PNG", GIF: "GIF89a" };
    for (const [name, start] of Object.entries(starts)) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).subarray(0, start.length).toString("latin1")).toBe(start);
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L43 L47 at 360 px, in both languages, no tab is wider than the page", { timeout: 60_000 }, async () => {
    const { page, problems } = await lab.open("?room=convolve&lang=en", { ...still, viewport: { width: 360, height: 740 } });
    const queries = [
      "",
      "&variant=grouped&size=4,4&channels=4,4,2",
      "&size=32,32&matrix=1",
      "&tab=pooling",
      "&tab=edges",
      "&tab=activations",
    ];
    for (const lang of ["en", "zh"])
      for (const query of queries) {
        await page.goto(`${lab.url()}?room=convolve&lang=${lang}${query}`);
        await page.getByRole("tabpanel").locator("select").first().waitFor();
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(over, `${lang} ${query}`).toBeLessThanOrEqual(0);
      }
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
