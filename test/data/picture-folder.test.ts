// Folders of pictures as people have them: tidy, divided, and with everything that goes wrong in them.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import jpeg from "jpeg-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { classCounts, unnormalise } from "../../src/data/dataset.ts";
import { openDataset } from "../../src/data/open.ts";
import { loosePictures, pictureFolder } from "../../src/data/picture-folder.ts";
import { encodePng } from "../../src/io/image.ts";
import { DataError } from "../../src/tensor/errors.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "fovea-pictures-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const flat = (width: number, height: number, [r, g, b]: readonly [number, number, number]): Uint8Array =>
  encodePng({ width, height, channels: 3, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => [r, g, b][i % 3]) });

const flatJpeg = (value: number): Uint8Array =>
  new Uint8Array(jpeg.encode({ width: 16, height: 16, data: new Uint8Array(16 * 16 * 4).fill(value) }, 95).data);

async function folderOf(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const path = await mkdtemp(join(root, "set-"));
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), bytes);
  }
  return path;
}

const many = (name: string, count: number, picture: (i: number) => Uint8Array): Record<string, Uint8Array> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}/${i}.png`, picture(i)]));

describe("EF6 folders of pictures", () => {
  test("EF6 pictures that lie in the folder itself are one class, to be looked at; folders of classes are left to those who learn", async () => {
    const path = await folderOf({
      "b.png": flat(9, 9, [10, 10, 200]),
      "a.jpg": flatJpeg(100),
      ".c.png": Uint8Array.of(1),
      "d.txt": Uint8Array.of(1),
    });
    const set = await loosePictures(path, { size: 8 });
    expect([set?.size, set?.imageShape, set?.classes.length]).toEqual([2, [3, 8, 8], 1]);
    const bytes = set && unnormalise(set.image(1), set.normalisation);
    expect(Array.from(bytes?.data ?? [], (v) => Math.round(255 * v)).filter((_, i) => i % 64 === 0)).toEqual([10, 10, 200]);
    expect(await loosePictures(await folderOf({ "notes.txt": Uint8Array.of(1) }))).toBeUndefined();
    expect(await loosePictures(await folderOf({ "x/a.png": flat(8, 8, [1, 2, 3]), "b.png": flat(8, 8, [1, 2, 3]) }))).toBeUndefined();
    await expect(loosePictures(await folderOf({ "a.png": Uint8Array.of(1, 2) }))).rejects.toThrow(/a\.png/);
  });

  test("EF6 classes are the subfolders, PNG and JPEG are read and resized, the split is seeded and by class", async () => {
    const path = await folderOf({
      ...many("red", 10, (i) => flat(20 + i, 30, [200, 10, 10])),
      ...many("blue", 5, () => flat(8, 8, [10, 10, 200])),
      "blue/extra.JPG": flatJpeg(100),
      "blue/notes.txt": Uint8Array.of(1),
      "blue/.hidden.png": Uint8Array.of(1),
      ".cache/x.png": Uint8Array.of(1),
    });
    let last = "";
    const sets = await pictureFolder(path, {
      size: [12, 16],
      seed: 1,
      onProgress: (done, total) => {
        last = `${done}/${total}`;
      },
    });
    expect(last).toBe("16/16");
    expect([sets.train.classes, sets.train.imageShape]).toEqual([
      ["blue", "red"],
      [3, 12, 16],
    ]);
    expect([classCounts(sets.train), classCounts(sets.test)]).toEqual([
      [5, 8],
      [1, 2],
    ]);
    const red = Array.from({ length: sets.train.size }, (_, i) => i).find((i) => sets.train.label(i) === 1) as number;
    const pixels = unnormalise(sets.train.image(red), sets.train.normalisation);
    expect(pixels.at(0, 5, 5)).toBeCloseTo(200 / 255, 4);
    expect(pixels.at(2, 5, 5)).toBeCloseTo(10 / 255, 4);
    const again = await pictureFolder(path, { size: [12, 16], seed: 1 });
    expect(again.test.batch([0, 1, 2])).toEqual(sets.test.batch([0, 1, 2]));
  });

  test("EF6 train and test subfolders are respected, grey on request", async () => {
    const path = await folderOf({
      ...many("train/a", 3, () => flat(4, 4, [255, 255, 255])),
      ...many("train/b", 2, () => flat(4, 4, [0, 0, 0])),
      ...many("val/b", 1, () => flat(4, 4, [0, 0, 0])),
    });
    const { train, test: held } = await openDataset(path, { size: 8, channels: 1 });
    expect([train.size, held.size, train.imageShape, train.classes]).toEqual([5, 1, [1, 8, 8], ["a", "b"]]);
    expect([held.label(0), unnormalise(train.image(0), train.normalisation).data[0]]).toEqual([1, 1]);
  });

  const white = flat(4, 4, [255, 255, 255]);
  const wrong: readonly [string, Readonly<Record<string, Uint8Array>>, RegExp][] = [
    ["no subfolders", { "a.png": white }, /expected one subfolder per class, at least two; found no subfolders/],
    ["one class", { "only/a.png": white }, /found only "only"/],
    [
      "an empty class",
      { "a/1.png": white, "a/2.png": white, "b/readme.md": white },
      /the class "b" has no \.png, \.jpg or \.jpeg pictures; it has readme\.md/,
    ],
    [
      "a damaged picture",
      { "a/1.png": white, "a/2.png": white, "b/1.png": white, "b/2.png": white.slice(0, 50) },
      /b.2\.png: the PNG file is damaged or cut off/,
    ],
    [
      "something else named .png",
      { "a/1.png": white, "a/2.png": white, "b/1.png": white, "b/2.png": Uint8Array.of(66, 77) },
      /b.2\.png: not a PNG or JPEG file/,
    ],
    ["single pictures", { "a/1.png": white, "b/1.png": white }, /every class has only one picture, so none is left for testing/],
    [
      "a test class without training",
      { "train/a/1.png": white, "train/b/1.png": white, "test/c/1.png": white },
      /the class "c" has no training pictures/,
    ],
    ["an empty test folder", { "train/a/1.png": white, "train/b/1.png": white, "test/b/x.txt": white }, /there are no test pictures/],
  ];
  for (const [what, files, message] of wrong) {
    test(`EF6 refused: ${what}`, async () => {
      const path = await folderOf(files);
      await expect(pictureFolder(path)).rejects.toThrow(message);
      await expect(pictureFolder(path)).rejects.toBeInstanceOf(DataError);
    });
  }

  test("EF6 reading can be interrupted", async () => {
    const path = await folderOf({ ...many("a", 5, () => white), ...many("b", 5, () => white) });
    const stop = new AbortController();
    const reading = pictureFolder(path, { signal: stop.signal, onProgress: (done) => done === 3 && stop.abort() });
    await expect(reading).rejects.toThrow(/abort/i);
  });

  test("EF6 a name that is nothing says what there is", async () => {
    await expect(openDataset("cifar-11")).rejects.toThrow(
      /there is no data set "cifar-11": it is neither mnist, fashion-mnist, synthetic nor a folder/,
    );
    expect((await openDataset("synthetic")).train.size).toBe(6000);
  });
});
