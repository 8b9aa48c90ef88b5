// The network room as a person uses it: what it shows are the library's numbers, and everything is reached by keyboard.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { boxOf } from "../../src/graph/index.ts";
import { decodeImage, pictureToTensor, preparePicture, readModel, tensorToPicture } from "../../src/io/index.ts";
import { activations, cellArithmetic, layerEquivariance, projectiveField, unitArithmetic } from "../../src/lens/index.ts";
import { createModel } from "../../src/nn/index.ts";
import { show } from "../../src/report/range.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { buildNet, readNet } from "../../src/zoo/index.ts";
import { canOpen, startLab } from "./page.ts";

const path = (name: string): string => fileURLToPath(new URL(`../../lab/assets/nets/${name}`, import.meta.url));
const { model } = readModel(readFileSync(path("shapes.safetensors")));
const strip = await decodeImage(readFileSync(path("shapes-samples.png")));

/** The first sample picture, as the lab cuts it out of the strip and the net gets it. */
const input = ((): Tensor => {
  const all = pictureToTensor(strip, { channels: 3 });
  const pixels = new Float32Array(3 * 32 * 32);
  for (let row = 0; row < 3 * 32; row++) pixels.set(all.data.subarray(row * strip.width, row * strip.width + 32), row * 32);
  return preparePicture(tensorToPicture(new Tensor(pixels, [3, 32, 32])), model);
})();

const lab = startLab();
const ready = (page: Page): Promise<unknown> => page.waitForSelector('[role="listbox"] canvas');
const option = (page: Page, name: RegExp) => page.getByRole("option", { name });

describe.skipIf(!canOpen)("the network room", { timeout: 40_000 }, () => {
  it("L6 shows every layer with its maps, and the result's bars with names: the numbers are the library's", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en");
    await ready(page);
    const values = await activations(model, input);
    for (const { name, outputShape } of model.summary().layers) {
      const frame = page.getByRole("listbox", { name: new RegExp(`^${name},`) });
      expect(await frame.count(), name).toBe(1);
      expect(await frame.getByRole("option").first().getAttribute("aria-setsize")).toBe(String(outputShape[0]));
    }
    const logits = values.get("logits")!;
    await page.waitForSelector('[role="option"].output[data-value]');
    const bars = await page
      .locator(".unit.output")
      .evaluateAll((all) => all.map((bar) => [bar.getAttribute("aria-label"), Number((bar as HTMLElement).dataset.value)]));
    expect(bars).toHaveLength(10);
    for (const [i, [name, value]] of bars.entries()) {
      expect(name).toContain(model.classes![i]);
      expect(value).toBeCloseTo(logits.data[i], 3);
    }
    // A map's name tells what it spans.
    const map = values.get("conv1")!.entry(2);
    const [low, high] = [Math.min(...map.data), Math.max(...map.data)];
    await expect.poll(() => option(page, /^conv1, unit 2:/).getAttribute("aria-label")).toBe(`conv1, unit 2: ${show(low)} … ${show(high)}`);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L7 LF9 LF16 LF17 a unit tells what it reads, can see and listens to; a pixel what it touches", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en&unit=conv2:3&cell=4,5");
    await ready(page);
    const field = model.field("conv2");
    await expect.poll(() => page.getByTestId("field").textContent()).toContain(`${field.axes[0].size} × ${field.axes[1].size} pixels`);
    const [rows, columns] = boxOf(field, [4, 5]).map(([first, last]) => [Math.max(0, first), Math.min(31, last)]);
    const input = page.getByRole("application", { name: /^Input/ });
    const box = input.locator("rect").first();
    expect(await box.evaluate((rect) => ["y", "x", "height", "width"].map((name) => Number(rect.getAttribute(name))))).toEqual([
      rows[0],
      columns[0],
      rows[1] - rows[0] + 1,
      columns[1] - columns[0] + 1,
    ]);
    // conv2 reads all eight maps of pool1.
    await expect.poll(() => page.locator(".unit.lit").count()).toBe(9);
    await expect.poll(() => page.getByTestId("effective").textContent(), { timeout: 15_000 }).toMatch(/±2 standard deviations/);

    await input.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    const touched = projectiveField(model, [1, 1]);
    await expect
      .poll(() => page.getByTestId("touched").locator("tr").first().textContent())
      .toBe(`${touched[0].layer}${touched[0].numbers.touched.toLocaleString("en")} of ${touched[0].numbers.of.toLocaleString("en")}`);
    expect(await page.getByTestId("touched").locator("tr").count()).toBe(touched.length);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L7 L44 the card of a chosen unit keeps its buttons while the pointer rests on the map", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en");
    await ready(page);
    const opens = page.locator('[data-control="open-unit"]');
    await page.locator('[data-unit="conv2:2"]').hover();
    await expect.poll(() => page.locator("#unit-title").textContent()).toContain("conv2, unit 2");
    expect(await opens.count()).toBe(0);
    await page.locator('[data-unit="conv2:2"]').click();
    await expect.poll(() => opens.count()).toBe(1);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L9 L10 L42 by keyboard alone from the net to a unit, to a cell, and back level by level", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en", { reducedMotion: "reduce" });
    await ready(page);
    await page.getByRole("listbox", { name: /^conv1,/ }).focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => page.url()).toContain("unit=conv1:1");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.url()).toContain("unit=relu1:1");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("#unit-heading").textContent()).toContain("conv1, unit 1");
    await page.waitForSelector('[data-testid="stage"]');
    await page.getByRole("application", { name: /^result: conv1, unit 1/ }).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    const result = page.getByTestId("result");
    await result.waitFor();
    await expect.poll(() => page.url()).toContain("cell=1,1");
    const cell = cellArithmetic(await unitArithmetic(model, input, { layer: "conv1", unit: 1 }), [1, 1]);
    if (cell.kind !== "weighted sum") throw new Error(cell.kind);
    await expect.poll(async () => Number(await result.getAttribute("data-result"))).toBeCloseTo(cell.result, 4);
    const [sum, bias] = [Number(await result.getAttribute("data-sum")), Number(await result.getAttribute("data-bias"))];
    expect(sum).toBeCloseTo(cell.sum, 4);
    expect(sum + bias).toBeCloseTo((await activations(model, input)).get("conv1")!.entry(1).data[33], 3);
    expect(await page.getByTestId("share").count()).toBe(3);

    await page.keyboard.press("Escape");
    await expect.poll(() => page.url()).toContain("depth=1");
    await page.keyboard.press("Backspace");
    await expect.poll(() => page.url()).not.toContain("depth");
    expect(page.url()).toContain("unit=conv1:1");
    await page.keyboard.press("Escape");
    await expect.poll(() => page.url()).not.toContain("unit=");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L14 a weight is changed where it is read, and the address keeps it", async () => {
    const { page } = await lab.open("?room=network&lang=en&unit=conv1:2&depth=1", { reducedMotion: "reduce" });
    const bias = page.getByLabel("conv1.bias[2]");
    await bias.fill("1.5");
    await bias.press("Enter");
    await expect.poll(() => decodeURIComponent(page.url())).toContain("edits=conv1.bias:2=1.5");
    const edited = model.with(
      new Map([
        [
          "conv1.bias",
          new Tensor(
            model.parameters.get("conv1.bias")!.data.map((v, i) => (i === 2 ? 1.5 : v)),
            [8],
          ),
        ],
      ]),
    );
    const map = (await activations(edited, input)).get("conv1")!.entry(2);
    await expect
      .poll(() =>
        page
          .getByRole("application", { name: /^result: conv1, unit 2/ })
          .locator("xpath=..")
          .count(),
      )
      .toBe(1);
    await page.getByText("The numbers: result: conv1, unit 2").click();
    await expect.poll(() => page.locator("table td.number").first().textContent()).toBe(show(map.data[0]));
    await page.context().close();
  });

  it("LF15 the layer table shows the library's counts, with the formula behind each", async () => {
    const { page } = await lab.open("?room=network&lang=en&tab=layers");
    const rows = page.getByTestId("layers").locator("tbody tr");
    await rows.first().waitFor();
    const { layers, total } = model.summary();
    expect(await rows.count()).toBe(layers.length);
    for (const [i, layer] of layers.entries()) {
      const cells = await rows.nth(i).locator("td").allTextContents();
      expect(cells[1].trim()).toBe(layer.outputShape.join(" × "));
      expect(cells[2].trim()).toBe(layer.parameters.toLocaleString("en"));
      expect(cells[3].trim()).toBe(layer.macs.toLocaleString("en"));
    }
    expect(await page.getByTestId("layers").locator("tfoot").textContent()).toContain(total.parameters.toLocaleString("en"));
    await rows.nth(3).getByRole("button", { name: "876" }).click();
    expect(await page.getByTestId("formula").allTextContents()).toEqual(["parameters = n·m·k1·k2 + n = 12·8·3·3 + 12 = 876"]);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /CSV/ }).click()]);
    const csv = readFileSync((await download.path())!, "utf8");
    expect(csv.split("\n")[4]).toBe("conv2,conv2d,12x16x16,876,221184,15792,8 × 8");
    await page.context().close();
  });

  it("LF19 equivariance: the numbers are the library's, layer by layer", async () => {
    const { page } = await lab.open("?room=network&lang=en&tab=equivariance&columns=2");
    const meter = page.getByTestId("moved").locator("tr", { hasText: "pool1" }).locator("td[data-relative]");
    await meter.waitFor();
    for (const layer of ["pool1", "conv2"]) {
      const [reading] = await layerEquivariance(model, input, { layer, transforms: [{ kind: "shift", rows: 0, columns: 2 }] });
      const shown = page.getByTestId("moved").locator("tr", { hasText: layer }).locator("td[data-relative]");
      expect(Number(await shown.getAttribute("data-relative"))).toBeCloseTo(reading.relative, 4);
      expect(Number(await shown.getAttribute("data-error"))).toBeCloseTo(reading.error, 2);
    }
    // Two pixels are one whole step of pool1, and inside nothing differs.
    expect(Number(await meter.getAttribute("data-interior"))).toBeLessThan(1e-3);

    await page.goto(`${lab.url()}?room=network&lang=en&tab=equivariance&transform=rotation&degrees=-17.5&layer=conv2`);
    for (const layer of ["relu1", "pool2"]) {
      const [reading] = await layerEquivariance(model, input, { layer, transforms: [{ kind: "rotation", degrees: -17.5 }] });
      const shown = page.getByTestId("moved").locator("tr", { hasText: layer }).locator("td[data-relative]");
      await expect.poll(async () => Number(await shown.getAttribute("data-relative"))).toBeCloseTo(reading.relative, 3);
    }
    await page.getByLabel("Movement").selectOption("scale");
    await page.getByLabel("factor").last().fill("0.6");
    await page.getByLabel("factor").last().press("Enter");
    const [smaller] = await layerEquivariance(model, input, {
      layer: "conv1",
      transforms: [{ kind: "scale", factor: 0.6, sampling: "bilinear" }],
    });
    const shown = page.getByTestId("moved").locator("tr", { hasText: "conv1" }).locator("td[data-relative]");
    await expect.poll(async () => Number(await shown.getAttribute("data-relative"))).toBeCloseTo(smaller.relative, 3);
    await expect.poll(() => page.url()).toContain("factor=0.6");
    await page.context().close();
  });

  it("LF3 L17 the editor: numbers, maps and address follow, and what does not fit shows its arithmetic at the layer", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en&tab=edit");
    const text = page.getByLabel("The net as text");
    await text.fill("conv(4 5) relu residual(conv(4 3 pad=1) relu) globalavg flatten linear");
    const planned = createModel(
      buildNet(readNet("conv(4 5) relu residual(conv(4 3 pad=1) relu) globalavg flatten linear"), 10),
      [3, 32, 32],
    );
    const totals = page.getByTestId("totals");
    await expect.poll(() => totals.textContent()).toContain(`${planned.parameterCount.toLocaleString("en")} parameters`);
    await expect.poll(() => decodeURIComponent(page.url().replaceAll("+", " "))).toContain("net=net: conv(4 5) relu residual(");
    await expect.poll(() => page.getByRole("listbox", { name: /^residual1,/ }).count()).toBe(1);

    await page.getByLabel("stride of conv1", { exact: true }).fill("2");
    await page.getByLabel("stride of conv1", { exact: true }).press("Enter");
    await expect.poll(() => text.inputValue()).toBe("conv(4 5 stride=2) relu residual(conv(4 3 pad=1) relu) globalavg flatten linear");
    const strided = createModel(buildNet(readNet(await text.inputValue()), 10), [3, 32, 32]);
    await expect.poll(() => totals.textContent()).toContain(`${strided.summary().total.macs.toLocaleString("en")} multiply-adds`);

    await page.getByLabel("Add a layer at the end of the net").selectOption("maxpool");
    await expect.poll(() => page.getByTestId("fault").textContent()).toMatch(/maxPool2d|maxPool.*maxpool1/);
    await page.getByRole("button", { name: "Remove maxpool1" }).click();
    await expect.poll(() => page.getByTestId("fault").count()).toBe(0);
    // What the controls did is taken back step by step.
    const fitting = await text.inputValue();
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => text.inputValue()).toContain("maxpool");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => text.inputValue()).toBe(fitting);
    await text.fill("conv(4 5) relu residual(conv(6 3 pad=1)) globalavg flatten linear");
    await expect.poll(() => page.getByTestId("fault").textContent()).toMatch(/residual1.*\[1, 6, 28, 28\].*\[1, 4, 28, 28\]|4.*6|6.*4/);
    await text.fill("conv(4 5) rellu");
    await expect.poll(() => page.getByRole("alert").textContent()).toContain('no layer is called "rellu"');
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L18 L43 a link to a written net opens it, at 360 px and in Chinese too, without scrolling sideways", async () => {
    const net = encodeURIComponent("net: conv(6 3) relu dense(growth=4 layers=2) globalavg flatten linear");
    const { page, problems } = await lab.open(`?room=network&lang=zh&net=${net}&weights=3`, { viewport: { width: 360, height: 800 } });
    await ready(page);
    for (const tab of ["总览", "各层与开销", "等变表示", "编辑网络"]) {
      await page.getByRole("tab", { name: tab }).click();
      await page.waitForTimeout(400);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBeLessThanOrEqual(360);
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L21 LF42 the net is saved as a model that opens again, as code and as a drawing", async () => {
    const { page } = await lab.open("?room=network&lang=en&tab=layers");
    const save = async (name: string): Promise<Buffer> => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
      return readFileSync((await download.path())!);
    };
    await page.getByRole("button", { name: "safetensors" }).waitFor();
    const again = readModel(await save("safetensors")).model;
    expect([...again.parameters.get("conv1.weight")!.data]).toEqual([...model.parameters.get("conv1.weight")!.data]);
    expect((await save("PyTorch")).toString()).toContain("nn.Conv2d(3, 8");
    expect((await save("drawing (SVG)")).toString()).toMatch(/^<svg/);
    expect((await save("ONNX")).length).toBeGreaterThan(20_000);
    await page.context().close();
  });
});
