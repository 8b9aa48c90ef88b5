// The bench of the room Convolve beyond its first look: channels, soft limits, points that move, switches, letters, files; and activation
// functions in a living net. Numbers are the library's.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { blocks } from "../../lab/src/rooms/convolve/convolution/blocks.ts";
import { percent } from "../../lab/src/ui/numbers.ts";
import { explainConvSize } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import { readModel } from "../../src/io/index.ts";
import { tensorToPicture } from "../../src/io/picture.ts";
import { decodePng } from "../../src/io/png.ts";
import { preparePicture } from "../../src/io/prepare.ts";
import { studyActivations } from "../../src/lens/index.ts";
import { conv2d } from "../../src/ops/index.ts";
import { describeSteps, matrixOf, planWindow, show, showSum, showSymbols, windowGradients, windowStep } from "../../src/report/index.ts";
import { Tensor, tensor } from "../../src/tensor/index.ts";
import { zooModel } from "../../src/zoo/index.ts";
import { canOpen, startLab } from "./page.ts";

const lab = startLab();
const still = { reducedMotion: "reduce" } as const;
const openRoom = (query: string, options: object = still) => lab.open(`?room=convolve&lang=en${query}`, options);
const grid = (page: Page, name: string, nth = 0) => page.getByRole("application", { name: new RegExp(`^${name}`) }).nth(nth);
const plain = (text: string): string => text.replace(/\s+/g, " ").trim();
const sumText = async (page: Page): Promise<string> => plain(await page.locator("[data-sum]").innerText());
const number = (text: string): number => Number(text.trim().replace("−", "-"));
async function numbersIn(page: Page, name: string, nth = 0): Promise<number[]> {
  const texts = await grid(page, name, nth)
    .locator("rect:not(.mark):not(.outline):not(.active):not(.ghost) + text, rect + path.idle + text")
    .allTextContents();
  return texts.map(number);
}
async function saved(page: Page, name: string, nth = 0): Promise<Buffer> {
  const button = page.getByRole("button", { name, exact: true }).nth(nth);
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe.skipIf(!canOpen)("the bench of Convolve", () => {
  test("L17 what was refused is no news any more after the next change", async () => {
    const { page, problems } = await openRoom("");
    const field = (name: string) => page.locator(`[data-control=${name}] input[type=number]`).first();
    const type = async (name: string, value: string): Promise<void> => {
      await field(name).fill(value);
      await field(name).press("Enter");
    };
    await type("kernel", "0");
    await page.getByRole("alert").filter({ hasText: "at least 1" }).waitFor();
    await type("size", "7");
    await page.getByRole("alert").waitFor({ state: "detached" });
    expect(await field("kernel").inputValue()).toBe("3");
    expect(problems).toEqual([]);
  });

  test("LF13 with channels, dW has a plane per pair of channels, named, and its numbers are the engine's", {
    timeout: 60_000,
  }, async () => {
    const g = Array.from({ length: 18 }, (_, i) => ((i * 5) % 7) - 3);
    const { plan } = describeSteps({ input: [5, 5], kernel: 3, inChannels: 2, outChannels: 2 });
    const [x, w, seed] = [input("x", [1, 2, 5, 5], "float64"), input("w", [2, 2, 3, 3], "float64"), input("g", [1, 2, 3, 3], "float64")];
    const [dw] = evaluateValues(
      gradient(conv2d(x, w), [w], { seed }),
      new Map([
        [x, tensor(Float64Array.from(plan.values), [1, 2, 5, 5])],
        [w, tensor(Float64Array.from(plan.weights), [2, 2, 3, 3])],
        [seed, tensor(Float64Array.from(g), [1, 2, 3, 3])],
      ]),
    );
    const { page, problems } = await openRoom(`&view=dW&channels=2,2,1&g=${g.join(",")}`);
    for (const [plane, [from, to]] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ].entries()) {
      const shown = page.getByRole("application", { name: new RegExp(`^dW, input channel ${from}, output channel ${to},`) });
      await shown.waitFor();
      const at = (to * 2 + from) * 9;
      expect(await numbersIn(page, "dW", plane)).toEqual(Array.from(dw.data.subarray(at, at + 9)));
    }
    // One pair is chosen by name; its kernel is g of that output channel, and the letters have the weight's own indices.
    await page.getByLabel("Kernels of").selectOption({ label: "input channel 1, output channel 0" });
    await grid(page, "g, g of output channel 0").waitFor();
    await expect.poll(() => page.locator("[data-symbols]").innerText()).toContain("dW(0, 1, 0, 0) = x(1, 0, 0)·g(0, 0, 0) + ");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF13 the update: w − rate · dW is taken, and what g pulls down falls as the library says", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("&view=dW&rate=0.02");
    await page.locator("[data-update]").waitFor();
    const { weights, before, after } = windowStep({ input: [5, 5], kernel: 3 }, 0.02);
    expect(await page.locator("[data-update]").innerText()).toContain(`goes from ${show(before, 5)} to ${show(after, 5)}`);
    await page.getByRole("button", { name: "Take the step" }).click();
    await page.getByLabel("Direction").selectOption("forward");
    await expect.poll(() => numbersIn(page, "Kernel")).toEqual(weights.map((w) => number(show(w))));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF8 one bias per output channel; sums stand in numbers and in letters", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("&channels=2,3,1");
    await grid(page, "Output").waitFor();
    await page.getByText("More settings").click();
    await page.getByRole("spinbutton", { name: "Bias, output channel 1" }).fill("2.5");
    await page.getByRole("spinbutton", { name: "Bias, output channel 1" }).press("Enter");
    await expect.poll(() => new URL(page.url()).searchParams.get("b")).toBe("0,2.5,0");
    const steps = describeSteps({ input: [5, 5], kernel: 3, inChannels: 2, outChannels: 3, bias: [0, 2.5, 0] });
    for (const o of [0, 1, 2]) expect(await numbersIn(page, "Output", o)).toEqual(steps.output[o].flat());
    await page.getByLabel("Kernels of").selectOption({ label: "output channel 1" });
    const frame = steps.frames[9];
    await expect.poll(() => sumText(page)).toBe(plain(showSum(steps, frame)));
    expect(plain(await page.locator("[data-symbols]").innerText())).toContain(plain(showSymbols(steps, frame)));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L17 typed values leave the sliders' range; only arithmetic refuses, with its sum", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("");
    await grid(page, "Output").waitFor();
    const type = async (name: string, value: string): Promise<void> => {
      const field = page.getByRole("spinbutton", { name, exact: true });
      await field.fill(value);
      await field.press("Enter");
    };
    await type("Input size", "36");
    await expect.poll(() => new URL(page.url()).searchParams.get("size")).toBe("36,36");
    await type("Kernel size", "12");
    await expect.poll(() => new URL(page.url()).searchParams.get("kernel")).toBe("12,12");
    const steps = describeSteps({ input: [36, 36], kernel: 12 });
    const last = steps.frames[steps.frames.length - 1];
    await page.getByRole("slider", { name: "Position" }).focus();
    await page.keyboard.press("End");
    await page.locator('[data-cell="o.0.24.24"]').waitFor();
    expect(await sumText(page)).toContain(`= ${show(last.value)}`);
    // Row sums of the kernel stand for 144 products, which are in the table above.
    expect((await sumText(page)).split(" + ")).toHaveLength(12);
    const settings = () => new URL(page.url()).searchParams.get("kernel");
    await type("Kernel size", "37");
    const { substituted } = explainConvSize({ input: 36, kernel: 37 });
    const [refusal] = await page.getByRole("alert").allInnerTexts();
    expect(refusal).toContain(`37 cannot be: no window fits: ${substituted.replaceAll(" - ", " − ").replaceAll("= -", "= −")}`);
    expect(settings()).toBe("12,12");
    expect(await page.getByRole("spinbutton", { name: "Kernel size" }).inputValue()).toBe("12");
    await type("Input size", "400");
    await expect
      .poll(() => page.getByRole("alert").allInnerTexts())
      .toContainEqual(expect.stringMatching(/400 cannot be: there are \d+ cells/));
    await type("Stride", "2.5");
    await expect
      .poll(() => page.getByRole("alert").allInnerTexts())
      .toContainEqual(expect.stringContaining("2.5 cannot be: it counts cells"));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L25 the matrix of a large input scrolls in its frame, and its numbers are saved", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("&size=6,6&matrix=1");
    await page.locator("rect.entry").first().waitFor();
    const csv = (await saved(page, "CSV", 0))
      .toString("utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(",").map(Number));
    const { matrix, kernel } = matrixOf(planWindow({ input: [6, 6], kernel: 3 }));
    expect([csv.length, csv[0].length]).toEqual([matrix.rows, matrix.columns]);
    for (let r = 0; r < matrix.rows; r++) {
      const row = new Array<number>(matrix.columns).fill(0);
      for (let e = matrix.rowStart[r]; e < matrix.rowStart[r + 1]; e++) row[matrix.column[e]] = kernel[matrix.weight[e]];
      expect(csv[r]).toEqual(row);
    }
    expect((await saved(page, "SVG", 0)).toString("utf8")).toContain("the matrix of");
    await page.goto(`${lab.url()}?room=convolve&lang=en&size=48,48&matrix=1&pin=o.0.45.45`);
    await page.locator('[data-marked="2115"]').waitFor();
    const frame = page.getByRole("region", { name: /Matrix of 2116 rows and 2304 columns/ });
    await expect.poll(() => frame.evaluate((e) => e.scrollTop)).toBeGreaterThan(10_000);
    const steps = describeSteps({ input: [48, 48], kernel: 3 });
    expect(await sumText(page)).toBe(plain(showSum(steps, steps.frames[2115])));
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF8 L37 one digit typed over a cell counts; Page Down is one row; p pins, and the ghost stays", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("");
    await grid(page, "Input").focus();
    for (const key of ["End", "Home", "PageDown", "ArrowRight"]) await page.keyboard.press(key);
    await page.locator('[data-cell="i.0.1.1"]').waitFor();
    for (const key of ["9", "Enter"]) await page.keyboard.press(key);
    const values = Array.from(describeSteps({ input: [5, 5], kernel: 3 }).plan.values, (v, i) => (i === 6 ? 9 : v));
    await expect.poll(() => numbersIn(page, "Output")).toEqual(describeSteps({ input: [5, 5], kernel: 3, values }).output[0].flat());
    await page.keyboard.press("5");
    await page.keyboard.press("Tab");
    values[6] = 5;
    await expect.poll(() => numbersIn(page, "Output")).toEqual(describeSteps({ input: [5, 5], kernel: 3, values }).output[0].flat());
    const scrub = page.getByRole("slider", { name: "Position" });
    await scrub.focus();
    for (const [key, at] of [
      ["PageDown", 3],
      ["PageDown", 6],
      ["PageUp", 3],
      [".", 4],
      [",", 3],
      ["End", 8],
      ["Home", 0],
    ] as const) {
      await page.keyboard.press(key);
      expect(await scrub.inputValue(), key).toBe(String(at));
    }
    const speed = page.locator(".transport select");
    await page.keyboard.press("]");
    expect(await speed.inputValue()).toBe("2");
    await page.keyboard.press("[");
    expect(await speed.inputValue()).toBe("1");
    await grid(page, "Output").focus();
    for (const key of ["End", "p"]) await page.keyboard.press(key);
    await expect.poll(() => new URL(page.url()).searchParams.get("pin")).toBe("o.0.2.2");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF10 flipped: the kernel lies turned by 180°, and what is typed into it stays where it was typed", {
    timeout: 60_000,
  }, async () => {
    const { page, problems } = await openRoom("&w=1,2,3,4,5,6,7,8,9");
    await grid(page, "Output").waitFor();
    await page.getByText("More settings").click();
    await page.getByLabel(/Turn the kernel by 180/).check();
    const turned = [9, 8, 7, 6, 5, 4, 3, 2, 1];
    await expect.poll(() => numbersIn(page, "Kernel")).toEqual(turned);
    expect(await numbersIn(page, "Output")).toEqual(describeSteps({ input: [5, 5], kernel: 3, weights: turned }).output[0].flat());
    await grid(page, "Kernel").focus();
    for (const key of ["Home", "0", "Enter"]) await page.keyboard.press(key);
    await expect.poll(() => new URL(page.url()).searchParams.get("w")).toBe("1,2,3,4,5,6,7,8,0");
    await expect.poll(() => numbersIn(page, "Kernel")).toEqual([0, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF11 L37 sampling points of a deformable kernel are moved by drag and by keys", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("&variant=deformable&pads=1,1,1,1&at=6");
    await grid(page, "Input").waitFor();
    const options = { kind: "deformable", input: [5, 5], kernel: 3, padding: 1 } as const;
    const offsets = Array.from(planWindow(options).offsets ?? []);
    const outputs = 25;
    const moveTo = (tap: number, rows: number, columns: number): void => {
      offsets[2 * tap * outputs + 6] = rows;
      offsets[(2 * tap + 1) * outputs + 6] = columns;
    };
    const expected = () => describeSteps({ ...options, offsets });
    const point = (tap: string) => page.getByRole("button", { name: new RegExp(`^Sampling point of tap ${tap}:`) });
    await point("1, 1").focus();
    const [rows, columns] = [offsets[8 * outputs + 6], offsets[9 * outputs + 6]].map((v) => Math.round(10 * v) / 10);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Shift+ArrowRight");
    const tenth = (v: number): number => Math.round(10 * v) / 10;
    moveTo(4, tenth(offsets[8 * outputs + 6] + 0.1), tenth(offsets[9 * outputs + 6] + 1));
    expect([Math.abs(rows) <= 0.5, Math.abs(columns) <= 0.5]).toEqual([true, true]);
    await page.locator('[data-cell="o.0.1.1"]').waitFor();
    await expect.poll(() => sumText(page)).toBe(plain(showSum(expected(), expected().frames[6])));
    // By drag: two cells to the right and one down from where the tap lies.
    const box = await grid(page, "Input").boundingBox();
    const handle = await point("0, 0").boundingBox();
    if (box === null || handle === null) throw new Error("nothing to drag");
    const cell = box.width / 7;
    await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + (1 + 2 + 0.5) * cell, box.y + (1 + 1 + 0.5) * cell, { steps: 4 });
    await page.mouse.up();
    moveTo(0, 1, 2);
    await expect.poll(() => sumText(page)).toBe(plain(showSum(expected(), expected().frames[6])));
    await expect.poll(() => new URL(page.url()).searchParams.get("moved")).toContain("6,0,1,2");
    await page.reload();
    await grid(page, "Output").waitFor();
    expect(await numbersIn(page, "Output")).toEqual(
      expected()
        .output[0].flat()
        .map((v) => number(show(v))),
    );
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF11 L17 channels and groups: what does not divide is refused with its numbers; blocks open as nets", {
    timeout: 60_000,
  }, async () => {
    const { page, problems } = await openRoom("&variant=grouped&size=4,4&channels=4,4,2");
    const groups = page.getByRole("spinbutton", { name: "Groups" });
    await groups.fill("3");
    await groups.press("Enter");
    await expect
      .poll(() => page.getByRole("alert").allInnerTexts())
      .toContainEqual("3 cannot be: 3 groups do not divide 4 input and 4 output channels.");
    await groups.fill("4");
    await groups.press("Enter");
    await expect.poll(() => new URL(page.url()).searchParams.get("channels")).toBe("4,4,4");
    const steps = describeSteps({ input: [4, 4], kernel: 3, inChannels: 4, outChannels: 4, groups: 4 });
    for (const o of [0, 3]) await expect.poll(() => numbersIn(page, "Output", o)).toEqual(steps.output[o].flat());
    for (const text of Object.values(blocks)) {
      const { layers } = zooModel(text, { inputShape: [3, 32, 32], outputs: 10 }).summary();
      expect(layers.length, text).toBeGreaterThan(5);
    }
    await page.getByRole("button", { name: "channel shuffle" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get("net")).toBe(blocks.shuffleBlock);
    await page.getByText("shuffle1").first().waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF13 deformable, backward: the offsets' gradients of an output stand in a table", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("&variant=deformable&pads=1,1,1,1&view=dX&at=7");
    await page.locator("tr[data-offset]").first().waitFor();
    const steps = describeSteps({ kind: "deformable", input: [5, 5], kernel: 3, padding: 1 });
    const { offsets } = windowGradients(steps);
    const rows = await page.locator("tr[data-offset]").allInnerTexts();
    expect(rows).toHaveLength(9);
    for (const [tap, row] of rows.entries()) {
      const [byRow, byColumn] = plain(row).split(" ").slice(-2).map(number);
      expect([byRow, byColumn]).toEqual([offsets[2 * tap * 25 + 7], offsets[(2 * tap + 1) * 25 + 7]]);
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF12 pooling: divisors with and without padding, ceil mode, and every switch with its gradient", { timeout: 60_000 }, async () => {
    const { page, problems } = await openRoom("&tab=pooling&pool=average&poolKernel=3&poolStride=2&poolPad=1");
    const options = { kind: "average pooling", input: [6, 6], kernel: 3, stride: 2, padding: 1, seed: 1 } as const;
    for (const counted of [true, false]) {
      await page.getByLabel("Padding counts in the divisor").setChecked(counted);
      const steps = describeSteps({ ...options, countIncludePad: counted });
      const { divisor } = steps.frames[0];
      await expect.poll(() => page.locator("[data-divisor]").getAttribute("data-divisor")).toBe(String(divisor));
      expect(divisor).toBe(counted ? 9 : 4);
      expect(await numbersIn(page, "Output")).toEqual(steps.output[0].flat().map((v) => number(show(v))));
    }
    const g = [1, -2, 3, 4, 5, -6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7];
    await page.goto(
      `${lab.url()}?room=convolve&lang=en&tab=pooling&poolSize=7&poolKernel=3&poolStride=2&poolPad=1&ceil=1&poolView=dX&poolG=${g.join(",")}`,
    );
    await grid(page, "dX").waitFor();
    const steps = describeSteps({ kind: "max pooling", input: [7, 7], kernel: 3, stride: 2, padding: 1, ceilMode: true, seed: 1 });
    const gradients = windowGradients(steps, g);
    await page.getByText("Where the maxima stood").click();
    const rows = await page.locator("tr[data-switch]").allInnerTexts();
    expect(rows.map(plain)).toEqual(
      steps.frames.map(({ output, taps, winner, value }, f) => {
        const { row, column } = taps[winner ?? -1];
        return plain(
          `(${output.row}, ${output.column}) (${row - steps.grid.top}, ${column - steps.grid.left}) ${show(value)} ${show(g[f])}`,
        );
      }),
    );
    expect(await numbersIn(page, "dX")).toEqual(gradients.input[0].flat().map((v) => number(show(v))));
    const csv = (await saved(page, "CSV"))
      .toString("utf8")
      .split("\n")
      .filter((line) => line.startsWith("dX,"));
    expect(csv.map((line) => Number(line.split(",")[4]))).toEqual(gradients.input[0].flat());
    const svg = (await saved(page, "SVG")).toString("utf8");
    expect(svg).toContain("Back through: Max pooling");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("L21 L48 files from a Chinese page have Chinese words, in SVG, PNG and GIF, and CSV is English", { timeout: 60_000 }, async () => {
    const { page, problems } = await lab.open("?room=convolve&lang=zh&size=3,3&kernel=2,2", still);
    await page.getByRole("button", { name: "SVG", exact: true }).waitFor();
    const svg = (await saved(page, "SVG")).toString("utf8");
    const said = [...svg.matchAll(/<(?:text|title|desc)[^>]*>([^<]*)</g)].map(([, text]) => text);
    expect(said).toContain("输入 3\u00a0×\u00a03");
    for (const text of said) expect(text).not.toMatch(/[A-Za-z]{2,}/);
    const png = decodePng(await saved(page, "PNG"));
    expect(png.width).toBeGreaterThan(1000);
    expect((await saved(page, "GIF")).subarray(0, 6).toString("latin1")).toBe("GIF89a");
    // Tables are for programs: they have one language.
    const csv = (await saved(page, "CSV")).toString("utf8");
    expect(csv).not.toMatch(/\p{Script=Han}/u);
    expect(csv.split("\n")[0]).toMatch(/row/i);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("LF14 the living net: shares, dead units and outputs are the library's, also with another function in place", {
    timeout: 60_000,
  }, async () => {
    const asset = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../../lab/assets/nets/${name}`, import.meta.url)));
    const { page, problems } = await openRoom("&tab=activations&fn=tanh");
    await page.locator("tr[data-layer]").first().waitFor();
    const { model } = readModel(asset("shapes.safetensors"), "shapes");
    const strip = decodePng(asset("shapes-samples.png"));
    const pictures = Array.from({ length: 10 }, (_, i) => {
      const pixels = new Float32Array(3 * 32 * 32);
      for (let p = 0; p < 1024; p++)
        for (let c = 0; c < 3; c++) {
          const at = strip.channels * ((p >> 5) * strip.width + 32 * i + (p & 31)) + c;
          pixels[c * 1024 + p] = strip.data[at] / 255;
        }
      return preparePicture(tensorToPicture(new Tensor(pixels, [3, 32, 32])), model);
    });
    const compare = async (swap?: "tanh" | "sigmoid"): Promise<void> => {
      const { layers, probabilities } = await studyActivations(model, pictures, { device: "reference", ...(swap && { swap }) });
      for (const l of layers) {
        const row = page.locator(`tr[data-layer="${l.layer}"]`);
        await expect.poll(() => row.locator("[data-saturated]").innerText(), { message: `${swap} ${l.layer}` }).toBe(percent(l.saturated));
        expect(await row.locator("[data-zeros]").innerText()).toBe(percent(l.zeros));
        expect(plain(await row.locator("[data-dead]").innerText())).toContain(`${l.dead.length} of ${l.units}`);
      }
      const classes = model.classes ?? [];
      for (const [c, name] of classes.entries())
        expect(await page.locator(`[${swap ? "data-after" : "data-before"}="${name}"]`).innerText()).toBe(
          percent(probabilities[0].data[c]),
        );
      const right = probabilities.filter((p, i) => p.data.indexOf(Math.max(...p.data)) === i).length;
      expect(await page.locator("[data-right]").innerText()).toContain(swap ? `so changed, ${right} of 10` : `${right} of 10`);
    };
    await compare();
    await page.getByLabel(/Put tanh in the place/).check();
    await page.locator("[data-after]").first().waitFor();
    await compare("tanh");
    expect(await page.locator("[data-swapped]").innerText()).toContain("The weights were trained with relu, and nothing was learned anew");
    await page.getByLabel("Function").selectOption("sigmoid");
    await page.getByText("with sigmoid").waitFor();
    await compare("sigmoid");
    // Bars under the curve: as many as the histogram has filled bins.
    await page.getByRole("combobox", { name: "Layer" }).selectOption("relu2");
    const { layers } = await studyActivations(model, pictures, { device: "reference", swap: "sigmoid" });
    await page.locator('[data-histogram="relu2"]').waitFor();
    const filled = (list: readonly number[]): number => list.filter((n) => n > 0).length;
    await expect
      .poll(() => page.locator("rect[data-bar]").count())
      .toBe(filled(layers[1].flat) + filled(layers[1].histogram.map((n, b) => n - layers[1].flat[b])));
    const csv = (await saved(page, "CSV")).toString("utf8");
    expect(csv).toContain("relu2,sigmoid,");
    expect((await saved(page, "SVG")).toString("utf8")).toContain("sums that reach relu2");
    expect((await saved(page, "GIF")).subarray(0, 6).toString("latin1")).toBe("GIF89a");
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
