// fovea dissect with a user's own pictures and masks.
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conceptFolder } from "../../src/cli/concept-folder.ts";
import { addDissectCommand } from "../../src/cli/dissect.ts";
import { synthetic } from "../../src/data/index.ts";
import { encodePng, tensorToPicture, writeModel } from "../../src/io/index.ts";
import { dissect, syntheticConcepts } from "../../src/lens/index.ts";
import { createModel, type Model } from "../../src/nn/index.ts";
import { denormalise } from "../../src/report/raster.ts";
import { architecture } from "../../src/zoo/registry.ts";
import { expectGoodPage } from "../report/page-rules.ts";
import { run } from "./in-process.ts";

let folder = "";
let model: Model;
let data: Awaited<ReturnType<typeof synthetic>>["train"];
const count = 40;
const inFolder = (...parts: string[]): string => join(folder, ...parts);
const steady = ["--threads", "1"];
const settings = { signal: new AbortController().signal, onProgress: () => {} };

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

/** A grey PNG of one shade, but for a white square from the top left. */
const square = (width: number, height: number, side: number, white = 255): Uint8Array =>
  encodePng({
    width,
    height,
    channels: 1,
    data: Uint8Array.from({ length: width * height }, (_, p) => (p % width < side && Math.floor(p / width) < side ? white : 0)),
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-concepts-"));
  data = (await synthetic({ train: count, test: 1 })).train;
  const net = architecture("lenet").build([1, 28, 28], 10);
  model = createModel(net, [1, 28, 28], { seed: 3, preprocessing: { name: "own", channels: "grey", ...data.normalisation } });
  await writeFile(inFolder("model.safetensors"), writeModel(model, "lenet"));
  const concepts = syntheticConcepts(data);
  const white = { low: 0, high: 1 };
  for (let i = 0; i < count; i++) {
    const name = `${String(i).padStart(3, "0")}.png`;
    await write(inFolder("set", "pictures", name), encodePng(tensorToPicture(denormalise(data.image(i), data.normalisation), white)));
    for (const [c, concept] of concepts.concepts.entries()) {
      const mask = concepts.mask(i, c);
      if (mask === undefined) continue;
      const bytes = encodePng({ width: 28, height: 28, channels: 1, data: mask.map((v) => 255 * v) });
      await write(inFolder("set", "masks", concepts.categories[c], concept, name), bytes);
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a folder of pictures and masks", () => {
  test("DI1 DI2 gives the overlaps that the same pictures and masks give from memory", async () => {
    const { concepts, pictures, notes } = await conceptFolder(inFolder("set"), model, settings);
    expect([concepts.size, pictures.size, notes]).toEqual([count, count, []]);
    for (const withinCategory of [false, true]) {
      const options = { layer: "relu1", share: 0.05, threads: 1, withinCategory };
      const [own, expected] = [await dissect(model, concepts, options), await dissect(model, syntheticConcepts(data), options)];
      for (const [k, unit] of own.units.entries()) {
        for (const { concept, overlap } of unit.overlaps) {
          const same = expected.units[k].overlaps.find((o) => o.concept === concept);
          // Pictures went through bytes, so that a pixel at the threshold may fall on its other side.
          expect(overlap).toBeCloseTo(same?.overlap as number, 2);
        }
      }
    }
  });

  test("DI3 as a user types it: a page and numbers for each layer, with the concepts' names", async () => {
    const args = ["--layer", "relu1,relu2", "--data", inFolder("set"), "--out", inFolder("out"), "--share", "0.02", "--least", "0.1"];
    const { out, err } = await run(addDissectCommand, ["dissect", inFolder("model.safetensors"), ...args, ...steady]);
    expect(out).toMatch(/^relu1\nconcept +channel +overlap +runner-up$/m);
    expect(out).toMatch(/^relu2\nconcept +channel/m);
    expect(err).toMatch(/relu2: dissected in/);
    const record = JSON.parse(await readFile(inFolder("out", "relu2.json"), "utf8"));
    expect(record).toMatchObject({ layer: "relu2", pictures: count, share: 0.02, leastOverlap: 0.1 });
    const names = record.units[0].overlaps.map(({ concept }: { concept: string }) => concept);
    expect(names).toContain("rising line");
    const page = await readFile(inFolder("out", "relu2.html"), "utf8");
    expectGoodPage(page);
    expect(page).toContain(`strongest 2 % of positions`);
    expect(page).toContain("Above 0.1 a unit counts");
    expect(page).toContain(`concepts of ${inFolder("set")} in ${count} pictures`);
  });

  test("cuts and sizes masks as it does their pictures, and says which concepts are lost by it", async () => {
    // 56 x 28: the middle 28 columns are kept, so that a square of 28 at the left border is half cut off and one of 10 wholly.
    await write(inFolder("wide", "pictures", "a.png"), square(56, 28, 0));
    await write(inFolder("wide", "masks", "half", "a.png"), square(56, 28, 28));
    await write(inFolder("wide", "masks", "gone", "a.png"), square(56, 28, 10));
    await write(inFolder("wide", "masks", "absent", "a.png"), square(56, 28, 0));
    const { concepts, notes } = await conceptFolder(inFolder("wide"), model, settings);
    const mask = (name: string): Uint8Array | undefined => concepts.mask(0, concepts.concepts.indexOf(name));
    expect(Array.from(mask("half") ?? [])).toEqual(Array.from({ length: 28 * 28 }, (_, p) => (p % 28 < 14 ? 1 : 0)));
    expect([mask("gone"), mask("absent")]).toEqual([undefined, undefined]);
    expect(notes).toEqual(['In one picture "gone" is cut off or too thin to be seen at 28 x 28.']);
  });

  test("takes the first pictures by name, with the masks that belong to them", async () => {
    const { concepts } = await conceptFolder(inFolder("set"), model, { ...settings, limit: 5 });
    expect(concepts.size).toBe(5);
    expect(Array.from(concepts.image(4).data)).toEqual(
      Array.from((await conceptFolder(inFolder("set"), model, settings)).concepts.image(4).data),
    );
  });

  const good = square(28, 28, 9);
  test.each<[string, Record<string, Uint8Array>, RegExp]>([
    [
      "a mask of another size",
      { "masks/eye/000.png": square(30, 28, 9) },
      /eye.000\.png: the mask is 30 x 28 pixels, but its picture .*000\.png is 28 x 28$/,
    ],
    [
      "a mask that no picture is called like",
      { "masks/eye/00.png": good },
      /there is no "00" \(did you mean "00\d"\?\); a mask is called like its picture/,
    ],
    [
      "a mask of zeros and ones",
      { "masks/eye/000.png": square(28, 28, 9, 1) },
      /the brightest pixel is 1 of 255; expected white where the concept is/,
    ],
    ["a mask in JPEG", { "masks/eye/000.jpg": good }, /masks are PNG files; JPEG smudges/],
    ["a concept without masks", { "masks/eye/notes.txt": good }, /the concept "eye" has no masks/],
    ["masks beside the concepts", { "masks/000.png": good }, /a mask lies in the folder of its concept/],
    ["a group that is a concept, too", { "masks/figure/000.png": good }, /holds both masks and folders/],
    ["two concepts of one name", { "masks/part/ring/000.png": good }, /two concepts are called "ring"/],
    [
      "two pictures of one name",
      { "pictures/000.jpg": good },
      /000\.png and .*000\.jpg have one name|000\.jpg and .*000\.png have one name/,
    ],
    ["a damaged mask", { "masks/eye/000.png": good.slice(0, 60) }, /eye.000\.png: the PNG file is damaged/],
  ])("refuses %s, and names the file", async (name, files, says) => {
    const broken = inFolder(`broken ${name}`);
    await cp(inFolder("set"), broken, { recursive: true });
    for (const [path, bytes] of Object.entries(files)) await write(join(broken, path), bytes);
    await expect(
      run(addDissectCommand, ["dissect", inFolder("model.safetensors"), "--layer", "relu1", "--data", broken, "--out", inFolder("never")]),
    ).rejects.toThrow(says);
    expect(existsSync(inFolder("never"))).toBe(false);
    await rm(broken, { recursive: true });
  });

  test.each([
    ["a folder that is not there", "nowhere", /nowhere: expected a folder with pictures\/ and masks\/ in it: cannot list/],
    ["a folder without pictures", "out", /out: expected a folder with pictures\/ and masks\//],
  ])("refuses %s", async (_, name, says) => {
    await expect(conceptFolder(inFolder(name), model, settings)).rejects.toThrow(says);
  });

  test("help draws the layout within 80 columns", async () => {
    const { out } = await run(addDissectCommand, ["dissect", "--help"]);
    expect(out).toContain("FOLDER/masks/CONCEPT/NAME.png");
    for (const line of out.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test("an interruption keeps the layers that were finished, and says which remain", async () => {
    const control = new AbortController();
    const watch = setInterval(() => existsSync(inFolder("stopped", "relu1.json")) && control.abort(), 1);
    const args = ["--layer", "relu1,relu2,pool2", "--data", inFolder("set"), "--out", inFolder("stopped"), ...steady];
    await expect(
      run(addDissectCommand, ["dissect", inFolder("model.safetensors"), ...args], control.signal).finally(() => clearInterval(watch)),
    ).rejects.toMatchObject({ name: "AbortError" });
    expectGoodPage(await readFile(inFolder("stopped", "relu1.html"), "utf8"));
    expect(existsSync(inFolder("stopped", "pool2.json"))).toBe(false);
  });
});
