// The room Neurons, what is asked further: directions, concepts of one's own, maps without a channel, pictures in links, views as files, wide layers.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { synthetic, unnormalise } from "../../src/data/index.ts";
import {
  decodeImage,
  encodePng,
  pictureToTensor,
  preparePicture,
  readModel,
  readZip,
  tensorToPicture,
  writeModel,
} from "../../src/io/index.ts";
import {
  activations,
  attribute,
  compareMaps,
  conceptsOn,
  direction,
  dissect,
  examples,
  faithfulness,
  infidelity,
  maximiseBatch,
  patched,
  sensitivityN,
} from "../../src/lens/index.ts";
import type { Model } from "../../src/nn/index.ts";
import { show } from "../../src/report/index.ts";
import { random, randomUniform, Tensor } from "../../src/tensor/index.ts";
import { zooModel } from "../../src/zoo/index.ts";
import { canOpen, startLab } from "./page.ts";

const fileOf = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../../lab/assets/nets/${name}`, import.meta.url)));
const model: Model = readModel(fileOf("shapes.safetensors"), "shapes").model;

/** Sample `n` of the strip of the shapes' net, as the net sees it. */
function sample(n: number): Tensor {
  const { data, shape } = pictureToTensor(decodeImage(fileOf("shapes-samples.png")));
  const own = Float32Array.from({ length: 3 * 1024 }, (_, i) => {
    const [c, y, x] = [Math.floor(i / 1024), Math.floor(i / 32) % 32, i % 32];
    return (data[(c * 32 + y) * shape[2] + n * 32 + x] - 0.5) / 0.25;
  });
  return new Tensor(own, [3, 32, 32]);
}

const figure = (page: Page, id: string): Promise<string> => page.locator(`[data-figure=${id}]`).first().innerText();
/** A number as the page writes it, for people. */
const read = (text: string): number => {
  const [mantissa, exponent] = text.replaceAll("−", "-").split("× 10");
  const power = (exponent ?? "").replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]/g, (c) => "0123456789-"["⁰¹²³⁴⁵⁶⁷⁸⁹⁻".indexOf(c)]);
  return Number(mantissa.replace("%", "").trim()) * (power === "" ? 1 : 10 ** Number(power));
};

describe.skipIf(!canOpen)("the room Neurons, further", () => {
  const lab = startLab();

  test("L24 LF20 a linear unit shows its value and its weights, laid over the maps that it reads", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=logits&unit=3&lens=maps&picture=3");
    await page.getByRole("heading", { name: "Its weights" }).waitFor();
    const own = Array.from(model.parameters.get("logits.weight")?.data ?? []).slice(3 * 256, 4 * 256);
    const greatest = Math.max(...own.map(Math.abs));
    const maps = page.locator(".kernels [role=img]");
    await maps.first().waitFor();
    expect(await maps.count()).toBe(16);
    await page.getByText("16 × 4 × 4 weights, drawn over the 16 maps that it reads").waitFor();
    expect(await maps.first().getAttribute("aria-label")).toContain(show(greatest));
    const logits = (await activations(model, sample(3), { layers: ["logits"] })).get("logits");
    expect(await page.locator("#lens-panel dd").innerText()).toBe(`value ${show(logits?.data[3] ?? Number.NaN, 4)}`);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LF22 a direction between two pictures is the library's, and so is the picture that is climbed along it", async () => {
    const { page, problems } = await lab.open(
      "?room=neurons&lang=en&layer=conv2&unit=0&picture=3&lens=climb&goal=direction&toward=pictures&away=7&power=1&steps=48&count=40",
    );
    const towards = await direction(model, { layer: "conv2", towards: [sample(3)], from: [sample(7)] });
    const [expected] = await maximiseBatch(model, {
      objective: { kind: "direction", layer: "conv2", direction: towards, power: 1 },
      count: 1,
      steps: 48,
    });
    await page.locator("[data-climbed=true]").waitFor({ timeout: 30_000 });
    expect(read(await figure(page, "objective"))).toBeCloseTo(expected.objective, 1);
    const [most] = Array.from(towards.data, (weight, unit) => ({ unit, weight })).sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
    expect(await page.locator("[data-direction]").innerText()).toContain(
      `unit ${most.unit} (${most.weight < 0 ? "−" : "+"}${show(Math.abs(most.weight))})`,
    );
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LF22 mixed units refuse what is no unit, and the way between two units says each picture's share", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&lens=climb&goal=direction&toward=units&steps=16&count=40");
    const field = page.getByLabel("Units and weights");
    await field.fill("3, 99");
    await page.getByRole("alert").filter({ hasText: "“99” is no unit from 0 to 11" }).waitFor();
    expect(await page.getByRole("button", { name: /Maximise|Climb again/ }).isDisabled()).toBe(true);
    await field.fill("3*3, -4*4");
    await page.locator("[data-direction]").filter({ hasText: "unit 4 (−0.8), unit 3 (+0.6)" }).waitFor({ timeout: 20_000 });
    await page.goto(
      new URL("?room=neurons&lang=en&layer=conv2&lens=climb&goal=between&other=5&copies=3&steps=16&count=40", lab.url()).href,
    );
    await page.locator("[data-climbed=true] figcaption").nth(2).waitFor({ timeout: 20_000 });
    expect(await page.locator("[data-climbed=true] figcaption").allInnerTexts()).toEqual([
      "100.0 % of the first, 0.0 % of the second",
      "50.0 % of the first, 50.0 % of the second",
      "0.0 % of the first, 100.0 % of the second",
    ]);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LF37 without a channel the logit and the map of the class change as the library says", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&picture=3&lens=ablate");
    const without = await patched(model, { layer: "conv2", channels: [5] });
    const options = { method: "gradient", class: 3 } as const;
    const [before, after] = [await attribute(model, sample(3), options), await attribute(without, sample(3), options)];
    await page.locator("[data-figure=alike]").waitFor({ timeout: 20_000 });
    expect(await figure(page, "score-before")).toBe(show(before.score, 4));
    expect(await figure(page, "score-after")).toBe(show(after.score, 4));
    expect(read(await figure(page, "alike"))).toBeCloseTo(compareMaps(before.map, after.map).spearman ?? Number.NaN, 2);
    expect(await page.locator("[data-moved]").innerText()).toContain(`from ${show(before.score, 4)} to ${show(after.score, 4)}`);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LF33 L26 every map of the comparison gets all scores, its strip of forgotten weights and its caveat", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=logits&unit=3&picture=3&lens=compare");
    const map = page.locator("figure[data-method=gradientInput]");
    await map.getByRole("button", { name: "Test: Gradient × input" }).click();
    await map.locator("[data-figure=sensitivityN]").waitFor({ timeout: 30_000 });
    const image = sample(3);
    const found = await attribute(model, image, { method: "gradientInput", class: 3 });
    const { deletion, insertion } = await faithfulness(model, image, found.map, { class: 3 });
    const value = async (id: string): Promise<number> => read(await map.locator(`[data-figure=${id}]`).innerText());
    expect(await value("deletion")).toBeCloseTo(deletion.area, 2);
    expect(await value("insertion")).toBeCloseTo(insertion.area, 2);
    const error = await infidelity(model, image, found.map, { class: 3, normalised: true });
    expect((await value("infidelity")) / error).toBeCloseTo(1, 1);
    expect(await value("sensitivityN")).toBeCloseTo((await sensitivityN(model, image, found.map, { class: 3 })) ?? Number.NaN, 2);
    expect(await map.getByRole("group", { name: "Sanity strip" }).getByRole("img").count()).toBe(4);
    for (const caveat of await page.locator("figure[data-method] .caveat").allInnerTexts()) expect(caveat.length).toBeGreaterThan(30);
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LF30 a concept of one's own is added, its overlap is the library's, and the list stands in the address", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&lens=concepts&count=60");
    await page.getByText(/^The concepts \(/).click();
    await page.getByRole("button", { name: "Add a concept" }).click();
    const added = page.locator("li").filter({ has: page.locator('[data-concept="concept"]') });
    await added.getByLabel("Name").fill("upright edges");
    await added.getByLabel("Name").press("Enter");
    const named = page.locator("li").filter({ has: page.locator('[data-concept="upright edges"]') });
    await named.getByLabel("Pixels that").selectOption({ label: "lie on an edge at" });
    await named.getByLabel("More exactly").selectOption({ label: "vertical" });
    const shapes = (await synthetic({ train: 1, test: 60, size: 32, channels: 3, noise: 0.03 })).test;
    const { units } = await dissect(model, conceptsOn(shapes, [{ name: "upright edges", rule: { kind: "edge", degrees: 90 } }]), {
      layer: "conv2",
    });
    const row = page.locator("[data-concepts] tbody tr").filter({ hasText: "upright edges" });
    await row.waitFor({ timeout: 20_000 });
    expect(await row.innerText()).toContain(show(units[5].overlaps[0].overlap ?? Number.NaN));
    expect(await figure(page, "threshold")).toBe(show(units[5].threshold ?? Number.NaN, 4));
    await page.locator("[data-concept-examples] figure").first().waitFor({ timeout: 20_000 });
    await page.waitForFunction(() => location.search.includes("upright"));
    const again = await lab.open(new URL(page.url()).search);
    await again.page.locator("[data-concepts] tbody tr").filter({ hasText: "upright edges" }).waitFor({ timeout: 20_000 });
    expect([...problems, ...again.problems]).toEqual([]);
    await page.close();
    await again.page.close();
  });

  test("L18 LF40 a small picture of one's own travels in the link, a large one is named as missing", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&lens=pixels&method=gradient");
    const small = randomUniform([3, 32, 32], random(5));
    await page.getByText(/^Choose a picture/).click();
    const field = page.locator(".chooser input[type=file]");
    await field.setInputFiles({ name: "noise.png", mimeType: "image/png", buffer: Buffer.from(encodePng(tensorToPicture(small))) });
    await page.waitForFunction(() => location.search.includes("own%3Anoise.png") || location.search.includes("own:noise.png"));
    await page.locator("[data-figure=score]").waitFor();
    const seen = preparePicture(decodeImage(encodePng(tensorToPicture(small))), model);
    const { score } = await attribute(model, seen, { method: "gradient", layer: "conv2", channel: 5 });
    await page.waitForFunction((wanted) => document.querySelector("[data-figure=score]")?.textContent === wanted, show(score, 4));
    const again = await lab.open(new URL(page.url()).search);
    await again.page.waitForFunction((wanted) => document.querySelector("[data-figure=score]")?.textContent === wanted, show(score, 4));
    await again.page.goto(
      new URL("?room=neurons&lang=en&layer=conv2&lens=pixels&picture=own%3Aholiday.jpg%3A3x480x640%3A&net=run-7", lab.url()).href,
    );
    await again.page.getByText("The link was made with the picture “holiday.jpg (480 × 640)”").waitFor();
    await again.page.getByText("The link is about the net “run-7”").waitFor();
    await again.page.locator("[data-figure=score]").waitFor();
    expect([...problems, ...again.problems]).toEqual([]);
    await page.close();
    await again.page.close();
  });

  test("L18 LF41 a view as one file brings net, pictures and place back where none of them is", async () => {
    const { page, problems } = await lab.open("?room=open&lang=en");
    const architecture = "net: conv(200 3) relu globalavg flatten linear(3)";
    const wide = zooModel(architecture, { inputShape: [1, 20, 20], seed: 3, classes: ["ash", "birch", "cedar"] });
    const large = encodePng(tensorToPicture(randomUniform([3, 80, 80], random(6))));
    await page
      .locator("input[type=file]")
      .first()
      .setInputFiles({
        name: "trees.safetensors",
        mimeType: "",
        buffer: Buffer.from(writeModel(wide, architecture)),
      });
    await page.waitForFunction(() => location.search.includes("net=file-1"));
    await page.getByRole("navigation").getByRole("link", { name: "Neurons" }).click();
    // L34: of 200 units those in sight are drawn, and search finds any, and classes by their names.
    const units = page.getByRole("listbox", { name: "Units of conv1" });
    await units.waitFor({ timeout: 20_000 });
    expect(await units.getByRole("option").count()).toBeLessThan(100);
    await page.getByRole("searchbox").fill("cedar");
    await page.getByRole("button", { name: "class “cedar”" }).click();
    expect(await page.locator(".verdict h2").innerText()).toContain("class “cedar”");
    await page.getByRole("searchbox").fill("conv1 187");
    await page.getByRole("searchbox").press("Enter");
    await units.getByRole("option", { name: /^unit 187,/ }).waitFor();
    await page.getByText(/^Choose a picture/).click();
    await page.locator(".chooser input[type=file]").setInputFiles({ name: "large.png", mimeType: "image/png", buffer: Buffer.from(large) });
    await page.getByText("Choose a picture: large.png").waitFor();
    await page.getByText("This view as one file").click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save view" }).click()]);
    const bytes = readFileSync(await download.path());
    expect([...readZip(bytes).keys()]).toEqual(expect.arrayContaining(["view.json", "net/model", "pictures/0.npy"]));

    const other = await lab.open("?room=neurons&lang=en");
    await other.page.getByText("This view as one file").click();
    await other.page.getByTestId("open-view").setInputFiles({ name: "view.zip", mimeType: "application/zip", buffer: bytes });
    await other.page.locator(".verdict h2").filter({ hasText: "conv1, unit 187" }).waitFor({ timeout: 20_000 });
    await other.page.getByText("Choose a picture: large.png").waitFor();
    expect([...problems, ...other.problems]).toEqual([]);
    await page.close();
    await other.page.close();
  });

  test("LF28 examples come from a folder that is given here, cut exactly", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&lens=examples");
    const shapes = (await synthetic({ train: 1, test: 12, size: 32, channels: 3, seed: 9 })).test;
    const files = Array.from({ length: 12 }, (_, i) => ({
      name: `${String(i).padStart(2, "0")}.png`,
      mimeType: "image/png",
      buffer: Buffer.from(encodePng(tensorToPicture(unnormalise(shapes.image(i), shapes.normalisation)))),
    }));
    const images = files.map(({ buffer }) => preparePicture(decodeImage(buffer), model));
    const batch = (indices: ArrayLike<number>): { x: Tensor; y: Tensor } => {
      const x = new Float32Array(indices.length * 3072);
      Array.from(indices, (i, n) => x.set(images[i].data, n * 3072));
      return { x: new Tensor(x, [indices.length, 3, 32, 32]), y: new Tensor(new Int32Array(indices.length), [indices.length]) };
    };
    const own = { ...shapes, size: 12, image: (i: number) => images[i], label: () => 0, batch };
    const [unit] = await examples(model, own, { layer: "conv2", channel: 5 });
    await page.locator("details", { hasText: "Pictures" }).locator("summary").first().click();
    await page.getByTestId("data-files").setInputFiles(files);
    await page.waitForFunction((wanted) => document.querySelector("[data-figure=best]")?.textContent === wanted, show(unit.best, 4));
    const indices = await page
      .locator("[data-examples=top] [data-index]")
      .evaluateAll((all) => all.map((one) => Number(one.getAttribute("data-index"))));
    expect(indices).toEqual(unit.top.map(({ index }) => index));
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LF28 a net that was trained in the room Train is asked about the pictures that it learnt from", async () => {
    const { page, problems } = await lab.open("?room=train&lang=en&pictures=40&dataSeed=4&seed=2&stopSteps=3");
    const train = page.getByRole("button", { name: "Train", exact: true });
    await train.click({ timeout: 30_000 });
    await page.waitForTimeout(1500);
    await train.waitFor();
    await page.getByRole("navigation").getByRole("link", { name: "Neurons" }).click();
    await page.locator(".where select").first().selectOption("run-1");
    await page.getByRole("tab", { name: "Examples" }).click();
    await page.getByText("out of 40 pictures").waitFor({ timeout: 20_000 });
    expect(problems).toEqual([]);
    await page.close();
  });

  test("LQ5 L29 the net of digits, one channel of 28 x 28, works with every way of looking, and colours span what is chosen", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=zh&net=digits&span=fixed&low=-1&high=2&count=60&steps=16");
    for (const tab of await page.getByRole("tab").all()) {
      await tab.click();
      await page.waitForFunction(
        () => ![...document.querySelectorAll("button")].some(({ textContent }) => textContent === "取消"),
        undefined,
        {
          timeout: 30_000,
        },
      );
      expect(await page.getByRole("alert").count(), await tab.innerText()).toBe(0);
    }
    await page.goto(page.url().replace(/lens=\w+/, "lens=maps"));
    await page.getByRole("tab").first().waitFor();
    expect((await page.locator(".legend .ends").first().innerText()).split(/\s+/).at(0)).toBe("−1");
    expect(problems).toEqual([]);
    await page.close();
  });

  test("L24 a place is pinned and shown beside another by keys", async () => {
    const { page, problems } = await lab.open("?room=neurons&lang=en&layer=conv2&unit=5&lens=tuning");
    await page.locator("[data-figure=preferred]").waitFor();
    await page.locator("h1").click();
    await page.keyboard.press("p");
    await page.keyboard.press("PageDown");
    await page.keyboard.press("d");
    await page.getByRole("heading", { name: "conv2, unit 5" }).waitFor();
    await page.locator("[data-figure=preferred]").nth(1).waitFor();
    await page.waitForFunction(() => location.search.includes("beside=1"));
    expect(new URL(page.url()).searchParams.get("pin")).toBe("conv2 5");
    expect(problems).toEqual([]);
    await page.close();
  });
});
