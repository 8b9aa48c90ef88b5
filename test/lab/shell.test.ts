// The shell of the lab: first paint, doors, address, languages, themes, keys, no network, and one file from disk.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { activations, compile, createGraph, preparePicture, readModel, tensorToPicture } from "../../src/index.ts";
import { decodeImage } from "../../src/io/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { probabilitiesOf } from "../../src/train/index.ts";
import { canOpen, labFolder, startLab } from "./page.ts";

const rooms = ["start", "convolve", "network", "train", "neurons", "open", "lessons", "reading"];
const assets = new URL("../../lab/assets/nets/", import.meta.url);

/** Sample picture `i` of a shipped net, as the page cuts it out of the strip. */
function samplePicture(net: string, i: number): Tensor {
  const { width, height, channels, data } = decodeImage(readFileSync(new URL(`${net}-samples.png`, assets)));
  const side = height;
  const pixels = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        pixels[(c * side + y) * side + x] = data[(y * width + i * side + x) * channels + Math.min(c, channels - 1)] / 255;
  return new Tensor(pixels, [3, side, side]);
}

describe.skipIf(!canOpen)("the lab's shell", () => {
  const lab = startLab();

  it("L1 L5 the first page shows a trained net at work, whose verdict is the library's", async () => {
    const { page, problems } = await lab.open("?lang=en");
    await page.getByRole("heading", { level: 1 }).waitFor();
    for (const door of ["Play with a convolution", "Train a net", "Open a model"])
      await page.getByRole("main").getByRole("link", { name: door }).waitFor();
    const bars = page.locator("ol li");
    await bars.first().waitFor();
    const { model } = readModel(readFileSync(new URL("shapes.safetensors", assets)));
    const picture = preparePicture(tensorToPicture(samplePicture("shapes", 0)), model);
    const traced = model.trace();
    const program = await compile(createGraph({ outputs: { p: probabilitiesOf(traced.output) } }), { device: "reference" });
    const { p } = await program.run({ x: picture.reshape([1, ...picture.shape]) });
    const best = p.data.indexOf(Math.max(...p.data));
    expect(await bars.first().innerText()).toContain(model.classes![best]);
    // The raw range that stands at the maps is that of the library's activations.
    const maps = await activations(model, picture, { device: "reference", layers: ["relu1"] });
    const highest = Math.max(...maps.get("relu1")!.data);
    const named = await page.getByRole("img", { name: /^relu1, unit 0/ }).getAttribute("aria-label");
    expect(Number(/to (\S+)$/.exec(named!)![1])).toBeCloseTo(highest, 1);
    expect(problems).toEqual([]);
  });

  it("L2 J1 the first explanation of a prediction is one action away", async () => {
    const { page, problems } = await lab.open("?lang=en");
    await page.getByRole("button", { name: "Why?" }).click();
    await page.getByRole("img", { name: /Grad-CAM/ }).waitFor();
    expect(problems).toEqual([]);
  });

  it("L18 the address holds the view, and another page that opens it shows the same", async () => {
    const { page } = await lab.open("?lang=en");
    await page.getByRole("combobox", { name: "Net" }).selectOption("digits");
    await page.getByRole("button", { name: "a picture of “3”" }).click();
    await page.waitForURL(/demo=digits/);
    await page.waitForURL(/sample=3/);
    const { page: other } = await lab.open(new URL(page.url()).search);
    await other.locator("ol li").first().waitFor();
    expect(await other.getByRole("button", { name: "a picture of “3”" }).getAttribute("aria-pressed")).toBe("true");
    expect(await other.locator("ol li").first().innerText()).toContain("3");
  });

  it("L18 the net that rooms look at and the net that is trained are two settings of the address", async () => {
    const { page, problems } = await lab.open("?room=train&net=digits&arch=flatten+linear&pictures=50&lang=en");
    await page.getByText("30,730 parameters").waitFor({ timeout: 20_000 });
    await page.goto(new URL("?room=train&net=digits&pictures=50&lang=en", lab.url()).href);
    await page.getByText("5,414 parameters").waitFor({ timeout: 20_000 });
    expect(problems).toEqual([]);
  });

  it("L18 L3 addresses that make no sense are repaired, not followed", async () => {
    const { page, problems } = await lab.open("?room=nowhere&demo=%3Cscript%3E&sample=-4&v=999&lang=xx&theme=pink");
    await page.locator("ol li").first().waitFor();
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    expect(problems).toEqual([]);
  });

  it("L3 reset restores the start state", async () => {
    const { page } = await lab.open("?lang=en&demo=digits&sample=5");
    await page.locator("ol li").first().waitFor();
    await page.getByRole("button", { name: "Reset" }).click();
    await page.waitForURL((url) => !url.search.includes("demo"));
    expect(await page.getByRole("combobox", { name: "Net" }).inputValue()).toBe("shapes");
  });

  it("L47 the language is in the address, and the page says so to readers and machines", async () => {
    const { page } = await lab.open("?lang=zh");
    await page.getByRole("heading", { name: "看见卷积网络的内部" }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-Hans");
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "See inside a convolutional network" }).waitFor();
    await page.waitForURL(/lang=en/);
  });

  it("L47 without a word in the address, the browser's language decides", async () => {
    const { page } = await lab.open("", { locale: "zh-CN" });
    await page.getByRole("heading", { name: "看见卷积网络的内部" }).waitFor();
  });

  it("L30 the theme follows the system until it is chosen", async () => {
    const { page } = await lab.open("", { colorScheme: "dark" });
    const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    await page.getByRole("combobox", { name: "Theme" }).selectOption("light");
    expect(await paper()).not.toBe(dark);
    await page.waitForURL(/theme=light/);
  });

  it.each(rooms)("L43 %s: at 360 px nothing makes the page scroll sideways, in both languages", async (room) => {
    for (const language of ["en", "zh"]) {
      const { page, problems } = await lab.open(`?room=${room}&lang=${language}`, { viewport: { width: 360, height: 740 } });
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(500);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      expect(problems).toEqual([]);
      await page.context().close();
    }
  });

  it("L37 ? lists the keys, Escape closes the list, and letter keys can be switched off", async () => {
    const { page } = await lab.open("?lang=en");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.getByRole("checkbox", { name: "Single-letter keys" }).uncheck();
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    expect(await page.getByRole("dialog").count()).toBe(0);
  });

  it("L45 after loading, every room works with the network cut, and nothing is asked of anybody else", async () => {
    const { page, problems } = await lab.open("?lang=en");
    await page.locator("ol li").first().waitFor();
    const strangers: string[] = [];
    page.on("request", (request) => {
      if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== new URL(lab.url()).origin)
        strangers.push(request.url());
    });
    for (const room of rooms) {
      await page.goto(new URL(`?room=${room}&lang=en`, lab.url()).href);
      await page.getByRole("heading", { level: 1 }).waitFor();
    }
    expect(strangers).toEqual([]);
    await page.goto(new URL("?lang=en", lab.url()).href);
    await page.locator("ol li").first().waitFor();
    await page.getByRole("button", { name: "Why?" }).click();
    await page.getByRole("img", { name: /Grad-CAM/ }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole("button", { name: /picture of “ring”/ }).click();
    await page.getByRole("button", { name: "Why?" }).click();
    await page.getByRole("img", { name: /Grad-CAM/ }).waitFor();
    expect(problems).toEqual([]);
  });

  it("L46 served by fovea lab, the page is cross-origin isolated and says how many threads it has", async () => {
    const { page } = await lab.open("?lang=en");
    await page.getByText(/up to \d+ threads/).waitFor();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  it.skipIf(!existsSync(join(labFolder, "fovea-lab.html")))(
    "L46 LP1 LF43 one file from disk works too, on one thread, and says so",
    async () => {
      const { page, problems } = await lab.open(pathToFileURL(join(labFolder, "fovea-lab.html")).href);
      await page.locator("ol li").first().waitFor();
      await page.getByText(/opened from disk/).waitFor();
      await page.getByRole("button", { name: "Why?" }).click();
      await page.getByRole("img", { name: /Grad-CAM/ }).waitFor();
      for (const room of rooms) {
        await page.goto(`${pathToFileURL(join(labFolder, "fovea-lab.html")).href}#room=${room}&lang=en`);
        await page.getByRole("heading", { level: 1 }).waitFor();
      }
      expect(problems).toEqual([]);
    },
  );

  it("L36 what the start page loads is at most 500 kB compressed", async () => {
    const { page } = await lab.open("about:blank");
    const loaded: string[] = [];
    page.on("response", (response) => loaded.push(response.url()));
    await page.goto(new URL("?lang=en", lab.url()).href);
    await page.locator("ol li").first().waitFor();
    const files = loaded.map((url) => new URL(url)).filter(({ protocol }) => protocol === "http:");
    const sizes = files.map(({ pathname }) => gzipSync(readFileSync(join(labFolder, pathname === "/" ? "index.html" : pathname))).length);
    expect(sizes.length).toBeGreaterThan(5);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(500_000);
  });

  // Sources that a chapter cites are links, which nobody follows but the reader.
  it("L45 the build names no other host", () => {
    for (const file of readdirSync(labFolder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(js|css|html)$/.test(name))) {
      // Links that a reader may follow are the documentation's; nothing else may point elsewhere.
      const text = readFileSync(join(labFolder, file), "utf8").replace(/<a [^>]*>/g, "");
      const hosts = [...text.matchAll(/(?<!<a )(?:src|href|import|fetch)\W{1,3}https?:\/\/([\w.-]+)/g)].map(([, host]) => host);
      expect(hosts, file).toEqual([]);
    }
  });
});
