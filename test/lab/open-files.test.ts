// What is given to the lab, in whatever room: nets in several files, archives, data, runs, names of classes, and labelled pictures to measure a
// net on. The numbers on the page are the library's.
import { mkdtempSync, readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { percent } from "../../lab/src/ui/numbers.ts";
import {
  calibration,
  encodePng,
  evaluate,
  labelledPictures,
  readModel,
  readTfjs,
  synthetic,
  tensorToPicture,
  unnormalise,
  writeModel,
  writeNpz,
  zoo,
} from "../../src/index.ts";
import { readOnnx, writeZip } from "../../src/io/index.ts";
import { fileOf, node, port } from "../io/onnx/files.ts";
import { canOpen, startLab } from "./page.ts";

type Files = Readonly<Record<string, Uint8Array | string>>;
const temporary = mkdtempSync(join(tmpdir(), "fovea-lab-open-"));
afterAll(() => rm(temporary, { recursive: true }));

async function folderOf(name: string, files: Files): Promise<string> {
  for (const [path, contents] of Object.entries(files)) {
    await mkdir(dirname(join(temporary, name, path)), { recursive: true });
    await writeFile(join(temporary, name, path), contents);
  }
  return join(temporary, name);
}
const giveFolder = (page: Page, folder: string): Promise<void> =>
  page.locator("input[type=file][webkitdirectory]").first().setInputFiles(folder);

/** As from a desktop, on the heading of whatever room is open; or, with "paste", from the clipboard. */
async function bring(page: Page, files: Files, how: "drop" | "paste" = "drop"): Promise<void> {
  await page.locator("h1").first().waitFor();
  const given = Object.entries(files).map(([name, contents]) => [name, Buffer.from(contents).toString("base64")]);
  await page.evaluate(
    ([kind, list]) => {
      const data = new DataTransfer();
      for (const [name, text] of list as string[][])
        data.items.add(new File([Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))], name));
      const options = { bubbles: true, cancelable: true };
      const event =
        kind === "drop"
          ? new DragEvent("drop", { ...options, dataTransfer: data })
          : new ClipboardEvent("paste", { ...options, clipboardData: data });
      document.querySelector("h1")?.dispatchEvent(event);
    },
    [how, given] as const,
  );
}

const lenet = zoo.zooModel("lenet", { seed: 3 });
const shapes = readModel(readFileSync(new URL("../../lab/assets/nets/shapes.safetensors", import.meta.url))).model;
const noise = encodePng({ width: 40, height: 30, channels: 3, data: Uint8Array.from({ length: 3600 }, (_, i) => (i * 37) % 256) });

/** Pictures that the shipped net never saw, in folders that are called as its classes. */
async function labelled(count: number): Promise<Map<string, Uint8Array>> {
  const { test } = await synthetic({ size: 32, channels: 3, seed: 99, train: 10, test: count });
  return new Map(
    Array.from({ length: count }, (_, i) => [
      `set/${test.classes[test.label(i)]}/${String(i).padStart(3, "0")}.png`,
      encodePng(tensorToPicture(unnormalise(test.image(i), test.normalisation))),
    ]),
  );
}

describe.skipIf(!canOpen)("files of all kinds, anywhere on the page", () => {
  const lab = startLab();

  it("LF4 a TensorFlow.js folder opens with its shards", async () => {
    const golden = JSON.parse(readFileSync(new URL("../golden/tfjs.json", import.meta.url), "utf8"));
    const { json, weights } = golden.cases[0] as { json: { weightsManifest: { paths: string[] }[] }; weights: string };
    const shard = Buffer.from(weights, "base64");
    const model = await readTfjs(JSON.stringify(json), async () => new Uint8Array(shard));
    const { page, problems } = await lab.open("?room=open&lang=en");
    const files = { "model.json": JSON.stringify(json), [json.weightsManifest[0].paths[0]]: shard };
    await giveFolder(page, await folderOf("flowers", files));
    await page.getByRole("heading", { name: "flowers" }).waitFor();
    await page
      .getByRole("definition")
      .filter({ hasText: model.parameterCount.toLocaleString("en") })
      .first()
      .waitFor();
    expect(await page.getByRole("region", { name: "Layers" }).locator("tbody tr").count()).toBe(model.summary().layers.length);
    // Without its shards the file says which of them it lacks.
    await bring(page, { "model.json": JSON.stringify(json) });
    await page
      .getByRole("alert")
      .filter({ hasText: `"${json.weightsManifest[0].paths[0]}", which is not here` })
      .waitFor();
    expect(problems).toEqual([]);
  });

  it("LF4 an ONNX file whose numbers lie beside it opens, alone or in an archive", async () => {
    const numbers = new Uint8Array(Float32Array.from({ length: 48 }, (_, i) => i / 48 - 0.5).buffer);
    const location = "parts/w.bin";
    const onnx = fileOf({
      input: [port("x", ["N", 1, 4, 4])],
      output: [port("y")],
      node: [node("Flatten", "x", "f"), node("MatMul", "f w", "y")],
      initializer: [{ name: "w", dims: [16, 3], dataType: 1, dataLocation: 1, externalData: [{ key: "location", value: location }] }],
    });
    const model = (await readOnnx(onnx, { externalData: new Map([[location, numbers]]) })).model();
    const { page, problems } = await lab.open("?lang=en");
    await page.locator("ol li").first().waitFor();
    await bring(page, {
      "net.zip": writeZip(
        new Map([
          ["n/net.onnx", onnx],
          [`n/${location}`, numbers],
        ]),
      ),
    });
    await page.getByRole("heading", { name: "net.onnx" }).waitFor();
    await page.getByText(String(model.parameterCount), { exact: true }).first().waitFor();
    await giveFolder(page, await folderOf("net", { "net.onnx": onnx, [location]: numbers }));
    await page.getByRole("button", { name: "net.onnx" }).nth(1).waitFor();
    expect(problems).toEqual([]);
  });

  it("LF4 weights from numpy open with the net that they belong to", async () => {
    const { page } = await lab.open("?room=open&lang=en");
    await bring(page, { "weights.npz": writeNpz(lenet.state()) });
    await page.getByText("does not say which net").waitFor();
    await page.getByRole("main").getByRole("combobox").first().fill("lenet");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page
      .getByRole("definition")
      .filter({ hasText: lenet.parameterCount.toLocaleString("en") })
      .waitFor();
  });

  it("L4 LQ2 a picture becomes the picture of the room one is in: Start, Network, Open; by drop and by paste", async () => {
    const { page, problems } = await lab.open("?lang=en");
    await page.locator("ol li").first().waitFor();
    await bring(page, { "mine.png": noise });
    await page.getByRole("button", { name: "a picture of “mine.png”", pressed: true }).waitFor();
    await page.goto(new URL("?room=network&lang=en", lab.url()).href);
    await page.locator(".chooser").waitFor({ state: "attached" });
    await bring(page, { "other.png": noise }, "paste");
    await page.waitForURL(/picture=\d+/);
    await page.goto(new URL("?room=open&tab=explain&lang=en", lab.url()).href);
    await page.getByRole("button", { name: "Explain", exact: true }).waitFor();
    await bring(page, { "third.png": noise });
    await page.getByRole("img", { name: /third.png/ }).waitFor();
    expect(problems).toEqual([]);
  });

  it("L4 a data set goes on to the room that trains, a net to the one that opens nets", async () => {
    const { page, problems } = await lab.open("?room=convolve&lang=en");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await bring(page, { "set.zip": writeZip(await labelled(40)) });
    await page.waitForURL(/room=train/);
    await bring(page, { "lenet.safetensors": writeModel(lenet, "lenet") });
    await page.waitForURL(/room=open/);
    await page.getByRole("heading", { name: "lenet.safetensors" }).waitFor();
    expect(problems).toEqual([]);
  });

  it("L4 what nothing can use is said in whatever room, in one sentence, which can be put away", async () => {
    const { page } = await lab.open("?room=lessons&lang=en");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await bring(page, { "noise.bin": Uint8Array.from([9, 8, 7, 0, 1, 2]) });
    await page.getByRole("alert").filter({ hasText: "noise.bin is of a kind that is not known here" }).waitFor();
    expect(page.url()).toContain("room=lessons");
    await page.getByRole("button", { name: "Dismiss" }).click();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("L4 a list of names names the classes of the net that is open", async () => {
    const { page } = await lab.open("?room=open&net=digits&tab=run&picture=3&lang=en");
    await page.locator("tbody tr").first().waitFor();
    const names = ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"];
    await bring(page, { "namen.txt": `${names.join("\n")}\n` });
    await page.getByText("10 classes of digits are named now").waitFor();
    await page.locator("tbody th", { hasText: "drei" }).waitFor();
  });

  it("LF38 LQ1 labelled pictures measure the net: accuracy, confusion, calibration; each mistake leads to its explanation", async () => {
    const files = await labelled(60);
    const { page, problems } = await lab.open("?room=open&tab=evaluate&lang=en");
    await page.getByText("How often is shapes right").waitFor();
    await bring(page, { "set.zip": writeZip(files) });
    const verdict = page.locator(".verdict");
    await verdict.waitFor({ timeout: 30_000 });
    const set = await labelledPictures(files, shapes);
    const found = await evaluate(shapes, set);
    expect(await verdict.innerText()).toContain(`60 pictures: ${percent(found.accuracy)} right`);
    expect(await verdict.innerText()).toContain(`off by ${percent(calibration(found.probabilities, found.labels).expectedError)}`);
    const table = page.getByRole("region", { name: "What is taken for what" });
    const present = set.classes
      .map((_, c) => c)
      .filter((c) => found.confusion[c].some(Boolean) || found.confusion.some((row) => row[c] > 0));
    const cells = (await table.locator("tbody td").allInnerTexts()).map((text) => (text === "·" ? 0 : Number(text)));
    expect(cells).toEqual(present.flatMap((r) => present.map((c) => found.confusion[r][c])));
    const worst = found.losses.indexOf(Math.max(...found.losses));
    const hardest = page.locator(".hardest button").first();
    expect(await hardest.getByRole("img").getAttribute("aria-label")).toContain(set.source(worst));
    await hardest.click();
    await page.waitForURL(/tab=explain/);
    await page.locator("figcaption dl").waitFor({ timeout: 30_000 });
    const name = set.classes[found.predictions[worst]];
    await page.getByText(`Grad-CAM for ${name}`, { exact: true }).waitFor();
    expect(problems).toEqual([]);
  }, 60_000);

  it("LF38 a folder that is called as no class is named in the sentence", async () => {
    const { page } = await lab.open("?room=open&tab=evaluate&lang=en");
    await page.getByText("How often is shapes right").waitFor();
    await bring(page, {
      "set.zip": writeZip(
        new Map([
          ["zebra/a.png", noise],
          ["ring/b.png", noise],
        ]),
      ),
    });
    await page.getByRole("alert").filter({ hasText: `"zebra" is none of the net's` }).waitFor();
  });

  it("L18 LF40 a link holds the explanations on the screen, and computes them again", async () => {
    const { page } = await lab.open("?room=open&tab=explain&picture=2&maps=gradient:4:2,edges:4:2,nonsense:1:1,gradient:99:2&lang=en");
    await page.locator("figcaption dl").nth(1).waitFor({ timeout: 30_000 });
    await page.waitForTimeout(300);
    expect(await page.locator("figcaption strong").allInnerTexts()).toEqual([
      `Gradient for ${shapes.classes![4]}`,
      `Edges of the picture (Sobel) for ${shapes.classes![4]}`,
    ]);
    await page.getByRole("button", { name: "Remove" }).first().click();
    await page.waitForURL((url) => !url.search.includes("gradient:4:2"));
    expect(await page.locator("figcaption dl").count()).toBe(1);
  });
});
