// The way back in the network room: what it shows of δ, dW and dX are the library's numbers, on every kind of layer.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { decodeImage, pictureToTensor, preparePicture, readModel, tensorToPicture } from "../../src/io/index.ts";
import { cellBackward, inputGradient, unitBackward, weightBackward } from "../../src/lens/index.ts";
import { show } from "../../src/report/range.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { canOpen, startLab } from "./page.ts";

const path = (name: string): string => fileURLToPath(new URL(`../../lab/assets/nets/${name}`, import.meta.url));
const { model } = readModel(readFileSync(path("shapes.safetensors")));
const strip = pictureToTensor(await decodeImage(readFileSync(path("shapes-samples.png"))), { channels: 3 });

/** A sample picture, as the lab cuts it out of the strip and the net gets it. */
function sample(index: number): Tensor {
  const width = strip.shape[2];
  const pixels = new Float32Array(3 * 32 * 32);
  for (let row = 0; row < 3 * 32; row++) pixels.set(strip.data.subarray(row * width + 32 * index, row * width + 32 * index + 32), row * 32);
  return preparePicture(tensorToPicture(new Tensor(pixels, [3, 32, 32])), model);
}

const lab = startLab();
const close = (shown: number, expected: number): void =>
  expect(Math.abs(shown - expected)).toBeLessThanOrEqual(1e-3 * Math.max(1e-3, Math.abs(expected)));

describe.skipIf(!canOpen)("the way back through a unit", { timeout: 40_000 }, () => {
  it("L9 LF13 a convolution: δ, and the sums behind a weight's and a cell's gradient; linked both ways", async () => {
    const address = "?room=network&lang=en&unit=conv2:3&depth=2&cell=5,6&way=backward&picture=2&class=4&term=1&tap=1,2&at=7,7";
    const { page, problems } = await lab.open(address);
    const back = await unitBackward(model, sample(2), { layer: "conv2", unit: 3, class: 4, of: "score" });
    const numbers = async (): Promise<number[]> => [
      Number(await page.getByTestId("delta").getAttribute("data-delta")),
      Number(await page.getByTestId("back-weight").getAttribute("data-sum")),
      Number(await page.getByTestId("back-cell").getAttribute("data-sum")),
    ];
    await page.getByTestId("back-cell").waitFor();
    await page.getByTestId("back-weight").waitFor();
    const [delta, weight, cell] = await numbers();
    close(Number(await page.getByTestId("score").getAttribute("data-score")), back.score);
    close(delta, back.delta.data[5 * 16 + 6]);
    close(weight, weightBackward(back, 1, [1, 2]).sum);
    const expected = cellBackward(back, 1, [7, 7]);
    close(cell, expected.sum);
    expect(await page.getByTestId("back-cell").textContent()).toBe(`Σ of ${expected.parts.length} products = ${show(expected.sum, 4)}`);
    // A cell of dX, by the arrow keys: its sum follows.
    await page.getByRole("application", { name: /^dX through this layer/ }).focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.url()).toContain("at=7,8");
    const next = inputGradient(back, 1).data[7 * 16 + 8];
    await expect.poll(async () => Math.abs((await numbers())[2] - next)).toBeLessThan(1e-3 * Math.max(1e-3, Math.abs(next)));
    // From a product to the cell of δ that it came from.
    const place = page.getByRole("button", { name: /^unit 3, cell/ }).first();
    const [row, column] = (await place.textContent())!.match(/\d+/g)!.slice(1).map(Number);
    await place.click();
    await expect.poll(() => page.url()).toContain(`cell=${row},${column}`);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("L9 LF13 every layer of the net has its way back, with the loss or a probability too", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en&unit=logits:1&depth=2&cell=0,0&way=backward&of=loss&class=3");
    const picture = sample(0);
    for (const [layer, unit] of [
      ["logits", 1],
      ["flatten", 20],
      ["pool3", 2],
      ["relu2", 4],
      ["conv1", 0],
    ] as const) {
      await page.goto(`${lab.url()}?room=network&lang=en&unit=${layer}:${unit}&depth=2&cell=0,0&way=backward&of=loss&class=3&at=0,0`);
      const back = await unitBackward(model, picture, { layer, unit, class: 3 });
      await page.getByTestId("back-cell").or(page.getByText("Nothing arrives.")).first().waitFor();
      close(Number(await page.getByTestId("score").getAttribute("data-score")), back.score);
      close(Number(await page.getByTestId("back-cell").first().getAttribute("data-sum")), cellBackward(back, 0, [0, 0]).sum);
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });

  /** Kinds whose cards were opened in one net need not be opened in the next. */
  const opened = new Set<string>();
  const blocks = ["senet", "inception", "mobilenet", "densenet", "resnet"];
  it.each(blocks)("L9 %s: the cards of every kind of layer open, forward and back", async (preset) => {
    const { presets } = await import("../../lab/src/rooms/network/presets.ts");
    const { createModel } = await import("../../src/nn/index.ts");
    const { buildNet, readNet } = await import("../../src/zoo/index.ts");
    const net = createModel(buildNet(readNet(presets[preset]), 10), [3, 32, 32]);
    const kinds = new Map(net.summary().layers.map((layer) => [layer.kind.replace(/[\d.×, ]+.*/, ""), layer.name]));
    for (const kind of kinds.keys()) if (opened.has(kind)) kinds.delete(kind);
    for (const kind of kinds.keys()) opened.add(kind);
    const { page, problems } = await lab.open("?room=network&lang=en");
    for (const layer of kinds.values()) {
      const query = new URLSearchParams({
        room: "network",
        lang: "en",
        net: `net: ${presets[preset]}`,
        unit: `${layer}:1`,
        depth: "2",
        cell: "0,0",
      });
      await page.goto(`${lab.url()}?${query}`);
      await page.getByTestId("result").waitFor();
      expect(await page.getByTestId("result").textContent(), layer).not.toMatch(/NaN|undefined/);
      await page.getByRole("button", { name: "What comes back" }).click();
      await page.getByTestId("back-cell").waitFor();
      expect(await page.getByTestId("back-cell").textContent(), layer).not.toMatch(/NaN|undefined/);
    }
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
