// The network room in the hand: maps are switched off, found, pinned and compared, units open in place, and what is on the screen becomes files.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { decodeImage, pictureToTensor, preparePicture, readModel, readOnnx, tensorToPicture } from "../../src/io/index.ts";
import { activations, intervene, unitReads } from "../../src/lens/index.ts";
import type { Model } from "../../src/nn/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { canOpen, startLab } from "./page.ts";

const path = (name: string): string => fileURLToPath(new URL(`../../lab/assets/nets/${name}`, import.meta.url));
const { model } = readModel(readFileSync(path("shapes.safetensors")));
const strip = pictureToTensor(await decodeImage(readFileSync(path("shapes-samples.png"))), { channels: 3 });
const input = ((): Tensor => {
  const pixels = new Float32Array(3 * 32 * 32);
  for (let row = 0; row < 3 * 32; row++) pixels.set(strip.data.subarray(row * strip.shape[2], row * strip.shape[2] + 32), row * 32);
  return preparePicture(tensorToPicture(new Tensor(pixels, [3, 32, 32])), model);
})();

const lab = startLab();
const ready = (page: Page): Promise<unknown> => page.waitForSelector('[role="listbox"] canvas');

describe.skipIf(!canOpen)("the network room in the hand", { timeout: 60_000 }, () => {
  it("L14 LF37 a map is switched off and on where it stands; the answer is the library's", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en&press=switch");
    await ready(page);
    const map = page.locator('[data-unit="pool2:4"]');
    const logits = (): Promise<number[]> =>
      page.locator(".unit.output[data-value]").evaluateAll((all) => all.map((bar) => Number((bar as HTMLElement).dataset.value)));
    await map.click();
    await map.click();
    await expect.poll(() => page.url()).toContain("off=pool2:4");
    await page.getByTestId("off").waitFor();
    const { before, after } = await intervene(model, input, { layer: "pool2", channels: [4] });
    const largest = after.data.findIndex(
      (v, i) => Math.abs(v - before.data[i]) === Math.max(...Array.from(after.data, (w, j) => Math.abs(w - before.data[j]))),
    );
    await expect.poll(async () => (await logits())[largest]).toBeCloseTo(after.data[largest], 2);
    expect(await map.getAttribute("aria-label")).toContain("switched off");
    // By key, with the focus in the layer; and the way back.
    await page.getByRole("listbox", { name: /^pool2,/ }).focus();
    await page.keyboard.press("x");
    await expect.poll(() => page.url()).not.toContain("off=");
    await expect.poll(async () => (await logits())[largest]).toBeCloseTo(before.data[largest], 2);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L15 edges are as wide as the kernels behind them, and dashed where their weights sum up below 0", async () => {
    const { page } = await lab.open("?room=network&lang=en&unit=conv2:3");
    await ready(page);
    const strands = page.locator(".strands path");
    await expect.poll(() => strands.count()).toBe(8);
    const drawn = await strands.evaluateAll((all) =>
      all.map((p) => ({
        width: Number.parseFloat((p as SVGElement).style.strokeWidth),
        dashed: getComputedStyle(p).strokeDasharray !== "none",
      })),
    );
    const [{ weights }] = unitReads(model, "conv2", 3);
    const most = Math.max(...weights!.map(({ norm }) => norm));
    for (const [i, { norm, sum }] of weights!.entries()) {
      expect(drawn[i].width).toBeCloseTo(0.75 + 3.75 * (norm / most), 2);
      expect(drawn[i].dashed).toBe(sum < 0);
    }
    await page.context().close();
  });

  it("L34 L37 / finds layers, units and tensors by name, number and shape; n, s, p and d do what the list of keys says", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en", { reducedMotion: "reduce" });
    await ready(page);
    await page.keyboard.press("/");
    await page.keyboard.type("conv2 5");
    await page.getByRole("option", { name: "conv2:5" }).waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.url()).toContain("unit=conv2:5");
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-layer"))).toBe("conv2");
    await page.keyboard.press("p");
    await expect.poll(() => page.url()).toContain("pinned=conv2:5");
    await page.keyboard.press("ArrowDown");
    await page.getByTestId("compared").waitFor();
    await page.keyboard.press("d");
    await expect.poll(() => page.getByTestId("compared").count()).toBe(0);
    await page.keyboard.press("n");
    await expect.poll(() => page.url()).toContain("range=unit");
    await page.keyboard.press("s");
    await expect.poll(() => page.url()).toContain("absolute=1");
    // Without signs a map spans the sizes of its numbers.
    const map = (await activations(model, input)).get("conv1")!.entry(0).data;
    const low = Math.min(...Array.from(map, Math.abs));
    await expect
      .poll(async () => Number(/: ([\d.]+) …/.exec((await page.locator('[data-unit="conv1:0"]').getAttribute("aria-label")) ?? "")?.[1]))
      .toBeCloseTo(low, 2);
    await page.keyboard.press("/");
    await page.keyboard.type("12x8x3x3");
    await page.getByRole("option", { name: /conv2\.weight/ }).waitFor();
    await page.keyboard.press("Escape");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L8 L10 L41 a unit opens in its place and goes back into it; at once where less motion is asked for", async () => {
    const { page } = await lab.open("?room=network&lang=en&unit=conv1:1");
    await ready(page);
    const moving = (): Promise<number[]> =>
      page.evaluate(() =>
        document
          .getAnimations()
          .flatMap((a) =>
            (a.effect as KeyframeEffect | null)?.target?.matches(".depths > *") ? [Number(a.effect?.getTiming().duration)] : [],
          ),
      );
    await page.getByRole("listbox", { name: /^conv1,/ }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(moving, { interval: 20 }).toContain(800);
    await page.locator("#unit-heading").waitFor();
    for (const name of ["Play", "One step on", "Skip to the end", "Again from the start"])
      expect(
        await page
          .getByRole("button", { name })
          .or(page.getByRole("button", { name: "Pause" }))
          .count(),
      ).toBeGreaterThan(0);
    await page.keyboard.press("Escape");
    await expect.poll(() => page.url()).not.toContain("depth");
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-layer"))).toBe("conv1");
    await page.context().close();

    const still = await lab.open("?room=network&lang=en&unit=conv1:1", { reducedMotion: "reduce" });
    await ready(still.page);
    await still.page.getByRole("listbox", { name: /^conv1,/ }).focus();
    await still.page.keyboard.press("Enter");
    await still.page.locator("#unit-heading").waitFor();
    expect(await still.page.evaluate(() => document.getAnimations().filter((a) => Number(a.effect?.getTiming().duration) > 0).length)).toBe(
      0,
    );
    await still.page.context().close();
  });

  it("L21 LF42 every view becomes SVG and PNG; the exported code builds the same net, and ONNX gives the same numbers", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en&unit=conv2:3", { reducedMotion: "reduce" });
    const save = async (name: string): Promise<Buffer> => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
      return readFileSync((await download.path())!);
    };
    for (const view of [
      "",
      "&depth=1",
      "&depth=2&cell=5,5",
      "&depth=2&cell=5,5&way=backward",
      "&tab=equivariance",
      "&tab=layers",
      "&tab=edit",
    ]) {
      await page.goto(`${lab.url()}?room=network&lang=en&unit=conv2:3${view}`);
      await page.locator("#panel canvas:visible, #panel table:visible, #panel textarea").first().waitFor();
      const svg = (await save("SVG")).toString();
      expect(svg, view).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
      const bad = await page.evaluate(
        (text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")?.textContent,
        svg,
      );
      expect(bad, view).toBeUndefined();
      if (!/tab=(layers|edit)/.test(view)) expect(svg, view).toContain("data:image/png");
    }
    const png = await decodeImage(await save("PNG"));
    expect(png.width).toBeGreaterThan(1000);

    await page.goto(`${lab.url()}?room=network&lang=en&tab=layers`);
    const root = fileURLToPath(new URL("../../", import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), "exported-"));
    try {
      const code = (await save("TypeScript")).toString();
      const own = { noEmit: true, types: ["node"], typeRoots: [`${root}node_modules/@types`] };
      writeFileSync(
        `${folder}/tsconfig.json`,
        JSON.stringify({ extends: `${root}tsconfig.json`, compilerOptions: own, include: ["net.ts"] }),
      );
      writeFileSync(`${folder}/package.json`, JSON.stringify({ type: "module" }));
      writeFileSync(`${folder}/net.ts`, code);
      execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", folder], { stdio: "pipe" });
      writeFileSync(`${folder}/run.ts`, code.replace('from "fovea"', `from "${root}src/index.ts"`));
      const exported = (await import(`${folder}/run.ts`)) as { readonly model: (options: { parameters: Model["parameters"] }) => Model };
      const made = exported.model({ parameters: model.state() });
      const layers = ({ kind, outputShape, parameters }: { kind: string; outputShape: readonly number[]; parameters: number }) => [
        kind,
        [...outputShape],
        parameters,
      ];
      expect(made.summary().layers.map(layers)).toEqual(model.summary().layers.map(layers));
      const [rebuilt, shipped] = await Promise.all([made, model].map(async (net) => (await activations(net, input)).get("logits")!.data));
      expect(rebuilt).toEqual(shipped);
    } finally {
      rmSync(folder, { recursive: true });
    }
    const again = (await readOnnx(await save("ONNX"))).model();
    const [a, b] = await Promise.all([again, model].map(async (net) => [...(await activations(net, input)).values()].at(-1)!));
    for (const [i, value] of a.data.entries()) expect(value).toBeCloseTo(b.data[i], 3);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
