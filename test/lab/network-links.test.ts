// Links to nets: one that is made from its text and seed, or from another net's changed weights, opens in every room; one that is gone says so.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readModel } from "../../src/io/index.ts";
import { createModel } from "../../src/nn/index.ts";
import { buildNet, readNet } from "../../src/zoo/index.ts";
import { canOpen, startLab } from "./page.ts";

const lab = startLab();
const text = "conv(6 3) relu maxpool flatten linear";
const written = encodeURIComponent(`net: ${text}`);

describe.skipIf(!canOpen)("links to nets", { timeout: 40_000 }, () => {
  it("L18 LF40 a written net opens in the rooms that look into nets, with the weights of its seed", async () => {
    for (const room of ["neurons", "open&tab=inspect"]) {
      const { page, problems } = await lab.open(`?room=${room}&lang=en&net=${written}&weights=5`);
      await expect.poll(() => page.locator("main").textContent(), { timeout: 15_000 }).toContain(text);
      expect(await page.getByTestId("net-gone").count()).toBe(0);
      expect(problems).toEqual([]);
      await page.context().close();
    }
    const { page } = await lab.open(`?room=network&lang=en&tab=layers&net=${written}&weights=5`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "safetensors" }).click()]);
    const { model } = readModel(readFileSync((await download.path())!));
    const same = createModel(buildNet(readNet(text), 10), [3, 32, 32], { seed: 5 });
    for (const [name, weights] of same.parameters) expect(model.parameters.get(name)?.data, name).toEqual(weights.data);
    await page.context().close();
  });

  it("L14 L18 a net that is kept with changed weights has an address of its own, which any room opens", async () => {
    const { page } = await lab.open("?room=network&lang=en&edits=conv1.bias:2=1.5,conv1.weight:7=-0.25");
    await page.getByRole("button", { name: "Keep as a net of its own" }).click();
    await expect
      .poll(() => decodeURIComponent(page.url().replaceAll("+", " ")))
      .toContain("net=edited: shapes; conv1.bias:2=1.5,conv1.weight:7=-0.25");
    const address = new URL(page.url()).search;
    await page.context().close();

    const again = await lab.open(`${address.replace("room=network", "room=network&tab=layers")}`);
    const [download] = await Promise.all([
      again.page.waitForEvent("download"),
      again.page.getByRole("button", { name: "safetensors" }).click(),
    ]);
    const shipped = readModel(readFileSync(fileURLToPath(new URL("../../lab/assets/nets/shapes.safetensors", import.meta.url)))).model;
    const { model } = readModel(readFileSync((await download.path())!));
    const expected = shipped.parameters.get("conv1.weight")!.data.slice();
    expected[7] = -0.25;
    expect(model.parameters.get("conv1.weight")!.data).toEqual(expected);
    expect(model.parameters.get("conv1.bias")!.data[2]).toBe(1.5);
    await again.page.context().close();

    const other = await lab.open(address.replace("room=network", "room=neurons"));
    await expect
      .poll(() => other.page.locator("label.choice select").first().inputValue(), { timeout: 15_000 })
      .toContain("edited: shapes");
    expect(other.problems).toEqual([]);
    await other.page.context().close();
  });

  it("L3 L18 a net whose weights lived in another page says that it is gone, and what can be done", async () => {
    const { page, problems } = await lab.open("?room=network&lang=en&net=run-3");
    const note = page.getByTestId("net-gone");
    await expect.poll(() => note.textContent()).toContain("“run-3” lived in the page that made it");
    await page.waitForSelector('[role="listbox"] canvas');
    await note.getByRole("button", { name: "Stay with “shapes”" }).click();
    await expect.poll(() => note.count()).toBe(0);
    await expect.poll(() => page.url()).not.toContain("run-3");
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
