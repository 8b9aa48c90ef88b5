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
import { preprocessingProfiles, writeZip } from "../../src/io/index.ts";
import { dictionariesOf } from "./dictionaries.ts";
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

it("LF4 every preparation that the library knows has its sentence in both languages", async () => {
  const [{ en, zh }] = await dictionariesOf("rooms/open/preparation-words.ts");
  for (const name of Object.keys(preprocessingProfiles))
    expect([name, typeof en[name], typeof zh[name]]).toEqual([name, "string", "string"]);
});

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
    await caption.getByText("being measured", { exact: false }).first().waitFor({ state: "detached", timeout: 30_000 });
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
      // The file says neither how its pictures are prepared nor what its classes are called: both are asked above the verdict.
      const asked = page.getByRole("region", { name: "How pictures are prepared" });
      await asked.getByRole("note").filter({ hasText: "No preparation is written in the file. Taken: imagenet" }).waitFor();
      const verdict = page.locator("tbody th").first();
      await verdict.filter({ hasText: /^class \d+$/ }).waitFor({ timeout: 30_000 });
      expect((await asked.boundingBox())!.y).toBeLessThan((await verdict.boundingBox())!.y);
      const choice = asked.getByRole("combobox", { name: "How pictures are prepared" });
      expect(await choice.inputValue()).toBe("imagenet");
      await choice.selectOption("caffe");
      await asked.getByText("now: caffe", { exact: false }).waitFor();
      await asked.getByRole("note").waitFor({ state: "detached" });
      expect(await choice.evaluate((element) => element === document.activeElement)).toBe(true);
      await page.getByLabel("Load names …").and(page.locator("input")).setInputFiles(join(shared, "models/imagenet-classes.json"));
      const classes = JSON.parse(readFileSync(join(shared, "models/imagenet-classes.json"), "utf8")) as string[];
      const model = (await openOnnx(squeezenet)).model({ classes, preprocessing: preprocessingProfile("caffe") });
      const { labels } = await predict(model, preparePicture(decodeImage(readFileSync(join(shared, "images/eagle.jpg"))), model));
      await page.locator("tbody th", { hasText: classes[labels[0]] }).first().waitFor({ timeout: 30_000 });
      expect(await page.locator("tbody th").first().innerText()).toBe(classes[labels[0]]);
      // A class far down is found by its name, with its place.
      await page.getByLabel("Find among 1000 classes").fill("goldfish");
      await page.locator("tbody tr", { hasText: "goldfish" }).waitFor();
      expect(problems).toEqual([]);
    },
    120_000,
  );

  /** A net of ImageNet's shapes whose file says nothing of its pictures and classes. */
  const bare = createModel(
    nn.sequential({
      conv: nn.conv2d(3, 4, 7, { stride: 16 }),
      relu: nn.relu(),
      pool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      head: nn.linear(4, 1000),
    }),
    [3, 160, 160],
    { seed: 5 },
  );
  const photo = (shift: number): Buffer =>
    Buffer.from(
      encodePng({
        width: 200,
        height: 180,
        channels: 3,
        data: Uint8Array.from({ length: 108_000 }, (_, i) => ((i + shift) * (i % 7)) % 256),
      }),
    );
  const bringPhotos = (page: Page): Promise<void> =>
    page
      .getByLabel("File …", { exact: true })
      .and(page.locator("input"))
      .setInputFiles([1, 2, 3].map((shift) => ({ name: `photo${shift}.png`, mimeType: "image/png", buffer: photo(shift) })));

  it("LF4 L4 what every preparation makes of a picture is the library's, and several pictures come at once", async () => {
    const { page, problems } = await lab.open("?room=open&lang=en");
    await give(page, file("bare.onnx", writeOnnx(bare)));
    await page
      .getByRole("definition")
      .filter({ hasText: bare.parameterCount.toLocaleString("en") })
      .waitFor();
    await page.getByRole("tab", { name: "Run" }).click();
    // The lab's small drawings are not run unasked.
    await page.getByText("32 × 32 drawings, of which this net knows nothing", { exact: false }).waitFor();
    await page.getByText("Choose a picture.").waitFor();
    expect(await page.locator("#open-panel tbody tr").count()).toBe(0);
    await bringPhotos(page);
    await page.getByRole("button", { name: "photo1.png", pressed: true }).waitFor();
    expect(await page.getByRole("button", { name: /^photo\d/ }).count()).toBe(3);
    await page.getByRole("button", { name: "What would it say with each?" }).click();
    const rows = page.getByRole("region", { name: "prepared in every way" }).locator("tbody tr");
    await rows.first().waitFor();
    const shown = new Map<string, string>();
    for (const row of await rows.all()) {
      const [name, ...said] = await row.locator("th, td").allInnerTexts();
      shown.set(name, said.slice(0, 2).join(" "));
    }
    expect([...shown.keys()].sort()).toEqual(["caffe", "centred", "imagenet", "raw", "tf", "unit"]);
    const parameters = bare.state();
    for (const [name, said] of shown) {
      const model = createModel(bare.net, bare.inputShape, { parameters, preprocessing: preprocessingProfile(name) });
      const { probabilities, labels } = await predict(model, preparePicture(decodeImage(photo(1)), model), { device: "reference" });
      expect(said, name).toBe(`class ${labels[0]} ${percent(probabilities.data[labels[0]])}`);
    }
    // The room of the units shows the same picture, says the same doubt, and leads back to the answer.
    await page.getByRole("button", { name: "Look at its neurons" }).click();
    await page.getByRole("note").filter({ hasText: "imagenet is a guess" }).waitFor();
    await page
      .getByText("Choose the picture: photo1.png")
      .or(page.getByRole("img", { name: /photo1\.png/ }))
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByRole("button", { name: "That is right" }).click();
    await page.getByRole("note").filter({ hasText: "No preparation" }).waitFor({ state: "detached" });
    expect(problems).toEqual([]);
  });

  it("LF33 the class to explain: the net's own first, any other by name or number; the map stays when its tests are stopped", async () => {
    const { page, problems } = await lab.open("?room=open&lang=en");
    await give(page, file("bare.onnx", writeOnnx(bare)));
    await page
      .getByRole("definition")
      .filter({ hasText: bare.parameterCount.toLocaleString("en") })
      .waitFor();
    await page.getByRole("tab", { name: "Run" }).click();
    await bringPhotos(page);
    await page.getByRole("tab", { name: "Explain" }).click();
    const model = createModel(bare.net, bare.inputShape, { parameters: bare.state(), preprocessing: preprocessingProfile("imagenet") });
    const { probabilities } = await predict(model, preparePicture(decodeImage(photo(1)), model), { device: "reference" });
    const order = Array.from(probabilities.data, (_, i) => i).sort((a, b) => probabilities.data[b] - probabilities.data[a] || a - b);
    const options = page.getByRole("combobox", { name: "Explain the class" }).locator("option");
    await options.filter({ hasText: "%" }).first().waitFor({ state: "attached" });
    const first = await options.allInnerTexts();
    expect(first.slice(1, 4)).toEqual(order.slice(0, 3).map((i) => `class ${i} (${percent(probabilities.data[i])})`));
    expect(first).toHaveLength(11);
    const find = page.getByLabel("Find among 1000 classes");
    await find.fill("no such thing");
    await find.press("Enter");
    await page.getByText("No class is called “no such thing”.").waitFor();
    await find.fill("417");
    await find.press("Enter");
    await page.waitForURL(/of=417/);
    await page.getByRole("button", { name: "Explain", exact: true }).click();
    // Pressed in the frame that shows the map: a moment later its tests may be done.
    await page.waitForFunction(
      () => {
        const shown = [...document.querySelectorAll("figcaption")].some((caption) => caption.textContent?.includes("class 417"));
        const cancel = [...document.querySelectorAll("button")].find((button) => button.textContent?.trim() === "Cancel");
        if (shown) cancel?.click();
        return shown && cancel !== undefined;
      },
      undefined,
      { timeout: 30_000 },
    );
    await page.getByText("not measured").first().waitFor();
    expect(problems).toEqual([]);
  });

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
