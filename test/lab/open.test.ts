// The room that opens models: what it prints about a file, what the net says and why are the library's numbers.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { percent } from "../../lab/src/ui/numbers.ts";
import {
  attribute,
  createModel,
  decodeImage,
  encodePng,
  faithfulness,
  nn,
  openOnnx,
  predict,
  preparePicture,
  preprocessingProfile,
  readModel,
  readOnnx,
  writeModel,
  writeOnnx,
  writeSafetensors,
  zoo,
} from "../../src/index.ts";
import { writeZip } from "../../src/io/index.ts";
import { canOpen, startLab } from "./page.ts";

const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));
const squeezenet = join(shared, "models/squeezenet1.1-fp16.onnx");
const assets = new URL("../../lab/assets/nets/", import.meta.url);

interface FileGiven {
  readonly name: string;
  readonly buffer: Buffer;
}
const file = (name: string, bytes: Uint8Array | string): FileGiven & { mimeType: string } => ({
  name,
  mimeType: "",
  buffer: Buffer.from(bytes),
});

async function give(page: Page, given: FileGiven | string): Promise<void> {
  await page
    .getByLabel("Choose a file …")
    .and(page.locator("input"))
    .setInputFiles(typeof given === "string" ? given : { mimeType: "", ...given });
}

/** Drops a file on the page's background, as from a desktop. */
async function dropAnywhere(page: Page, { name, buffer }: FileGiven): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, text }) => {
      const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], name));
      return data;
    },
    { name, text: buffer.toString("base64") },
  );
  await page.locator("h1").dispatchEvent("drop", { dataTransfer: transfer });
}

const lenet = zoo.zooModel("lenet", { seed: 3 });

describe.skipIf(!canOpen)("the room that opens models", () => {
  const lab = startLab();

  it("LF4 L4 a fovea file dropped anywhere on the page opens there, with the library's counts", async () => {
    const { page, problems } = await lab.open("?lang=en");
    await page.locator("ol li").first().waitFor();
    await dropAnywhere(page, file("mine.bin", writeModel(lenet, "lenet")));
    await page.getByRole("heading", { name: "mine.bin" }).waitFor();
    await page
      .getByRole("definition")
      .filter({ hasText: lenet.parameterCount.toLocaleString("en") })
      .waitFor();
    const rows = page.getByRole("region", { name: "Layers" }).locator("tbody tr");
    await rows.first().waitFor();
    const { layers } = lenet.summary();
    expect(await rows.count()).toBe(layers.length);
    const [name, kind, shape, parameters, adds] = await rows.first().locator("th, td").allInnerTexts();
    expect([name, kind, shape]).toEqual([layers[0].name, layers[0].kind, layers[0].outputShape.join(" × ")]);
    expect([parameters, adds]).toEqual([layers[0].parameters.toLocaleString("en"), layers[0].macs.toLocaleString("en")]);
    expect(problems).toEqual([]);
  });

  it("LF4 weights that do not say their net are asked about, and open with the answer", async () => {
    const { page } = await lab.open("?room=open&lang=en");
    await give(page, file("weights.safetensors", writeSafetensors(lenet.state())));
    await page.getByText("does not say which net").waitFor();
    await page.getByRole("main").getByRole("combobox").first().fill("resnet18");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await page.getByRole("main").getByRole("combobox").first().fill("lenet");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page
      .getByRole("definition")
      .filter({ hasText: lenet.parameterCount.toLocaleString("en") })
      .waitFor();
  });

  it("LF4 an ONNX file that leaves sizes open is asked about them", async () => {
    const { page } = await lab.open("?room=open&lang=en");
    const small = createModel(nn.sequential({ conv: nn.conv2d(1, 2, 3), pool: nn.globalAvgPool(), flatten: nn.flatten() }), [1, 8, 8]);
    const fixed = writeOnnx(small);
    const network = await readOnnx(fixed);
    expect(network.inputs[0].shape).toHaveLength(4);
    await give(page, file("small.onnx", fixed));
    await page.getByText("Conv × 1", { exact: false }).waitFor();
    await page.getByText("20", { exact: true }).first().waitFor();
  });

  it.each([
    ["notes.txt", "hello\nworld\n", "notes.txt names 2 classes; the net gives"],
    ["nothing.onnx", "", "an empty file"],
    [
      "picture.onnx",
      encodePng({ width: 2, height: 2, channels: 1, data: Uint8Array.from([0, 1, 2, 3]) }),
      "Among the pictures now: picture.onnx",
    ],
    ["some.json", '{"a": 1}', "some.json is a JSON file that is neither"],
    ["rest.zip", writeZip(new Map([["notes/a.bin", Uint8Array.from([9, 8, 7, 0, 1])]])), "rest.zip: notes/a.bin is of a kind"],
    ["cut.safetensors", writeModel(lenet, "lenet").subarray(0, 5000), "cut.safetensors"],
    ["noise.bin", Uint8Array.from([9, 8, 7, 0, 1, 2]), "not known here"],
  ])("L4 %s is not taken for a model, and the page says why", async (name, contents, said) => {
    const { page, problems } = await lab.open("?room=open&lang=en");
    await give(page, file(name, contents));
    await page.locator("[role=alert], [role=status]").filter({ hasText: said }).first().waitFor();
    expect(problems).toEqual([]);
  });

  it("LF33 L26 explains a prediction with the library's map, scores beside it", async () => {
    const { page, problems } = await lab.open("?room=open&net=digits&tab=run&lang=en&picture=3");
    const { model } = readModel(readFileSync(new URL("digits.safetensors", assets)));
    const strip = decodeImage(readFileSync(new URL("digits-samples.png", assets)));
    const side = strip.height;
    const grey = Uint8Array.from(
      { length: side * side },
      (_, i) => strip.data[(Math.floor(i / side) * strip.width + 3 * side + (i % side)) * strip.channels],
    );
    const image = preparePicture({ width: side, height: side, channels: 1, data: grey }, model);
    const { probabilities, labels } = await predict(model, image, { device: "reference" });
    const first = page.locator("tbody tr").first();
    await first.waitFor();
    expect(await first.locator("th").innerText()).toBe(model.classes![labels[0]]);
    expect(await first.locator("td").first().innerText()).toBe(percent(probabilities.data[labels[0]]));

    await page.getByRole("tab", { name: "Explain" }).click();
    await page.getByRole("combobox", { name: "Method" }).selectOption("gradientInput");
    await page.getByRole("button", { name: "Explain", exact: true }).click();
    const caption = page.locator("figcaption dl");
    await caption.waitFor({ timeout: 30_000 });
    const target = { class: labels[0] };
    const expected = await attribute(model, image, { method: "gradientInput", ...target, device: "reference" });
    const curves = await faithfulness(model, image, expected.map, { ...target, device: "reference" });
    const [, score, , deletion, insertion] = (await caption.locator("dd").allInnerTexts()).map((text) => Number(text.replace("−", "-")));
    expect(score).toBeCloseTo(expected.score, 1);
    expect(deletion).toBeCloseTo(curves.deletion.area, 2);
    expect(insertion).toBeCloseTo(curves.insertion.area, 2);
    expect(problems).toEqual([]);
  });

  it.skipIf(!existsSync(squeezenet))(
    "LF4 LQ1 SqueezeNet from ONNX runs on one's own photograph and is named by one's own list of classes",
    async () => {
      const { page, problems } = await lab.open("?room=open&lang=en");
      await give(page, squeezenet);
      await page.getByText("Conv × 26", { exact: false }).waitFor();
      await page.getByRole("tab", { name: "Inspect" }).waitFor();
      await page.getByRole("definition").filter({ hasText: "1,235,496" }).waitFor({ timeout: 20_000 });
      await give(page, join(shared, "images/eagle.jpg"));
      await page.getByText("Among the pictures now: eagle.jpg").waitFor();
      await page.locator("summary", { hasText: "How pictures are prepared" }).click();
      await page.getByRole("combobox", { name: "How pictures are prepared" }).fill("caffe");
      await page.getByRole("button", { name: "Apply" }).click();
      // The net is another one now, and the room shows it anew.
      await page.locator("p", { hasText: "now: caffe" }).waitFor({ state: "attached" });
      await page.locator("summary", { hasText: "Names of the classes" }).click();
      await page.getByLabel("from a file", { exact: false }).setInputFiles(join(shared, "models/imagenet-classes.json"));
      const classes = JSON.parse(readFileSync(join(shared, "models/imagenet-classes.json"), "utf8")) as string[];
      const model = (await openOnnx(squeezenet)).model({ classes, preprocessing: preprocessingProfile("caffe") });
      const { labels } = await predict(model, preparePicture(decodeImage(readFileSync(join(shared, "images/eagle.jpg"))), model));
      await page.locator("tbody th", { hasText: classes[labels[0]] }).first().waitFor({ timeout: 30_000 });
      expect(await page.locator("tbody th").first().innerText()).toBe(classes[labels[0]]);
      expect(problems).toEqual([]);
    },
    120_000,
  );

  it("L42 a prediction is explained by keyboard alone", async () => {
    const { page } = await lab.open("?room=open&net=shapes&tab=run&lang=en");
    await page.locator("tbody tr").first().waitFor();
    await page.getByRole("tab", { name: "Run" }).focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("tab", { name: "Explain" }).getAttribute("aria-selected")).toBe("true");
    const button = page.getByRole("button", { name: "Explain", exact: true });
    for (let i = 0; i < 10 && !(await button.evaluate((element) => element === document.activeElement)); i++)
      await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("figcaption dl").waitFor({ timeout: 30_000 });
  });
});
