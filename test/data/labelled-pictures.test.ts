// Labelled pictures prepared for a model: the same numbers as preparing each by hand, labels by name or number.
import { describe, expect, it } from "vitest";
import { DataError, decodeImage, encodePng, labelledPictures, preparePicture, type Random, random, zoo } from "../../src/index.ts";
import { writeZip } from "../../src/io/index.ts";

const chance: Random = random(4);
const png = (size: number): Uint8Array =>
  encodePng({
    width: size,
    height: size + 2,
    channels: 3,
    data: Uint8Array.from({ length: size * (size + 2) * 3 }, () => Math.floor(256 * chance.uniform())),
  });
const preprocessing = { name: "own", channels: "rgb", mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.3, 0.4] } as const;
const classes = ["red fox", "tabby, tabby cat", "dog", ...Array.from({ length: 7 }, (_, i) => `other ${i}`)];
const model = zoo.zooModel("resnet20-cifar", { seed: 1, classes, preprocessing });
const files = new Map([
  ["set/Red_Fox/b.png", png(20)],
  ["set/tabby cat/a.png", png(40)],
  ["set/2/c.png", png(33)],
  ["set/2/notes.txt", new TextEncoder().encode("nothing")],
]);

describe("LF38 labelled pictures for a model", () => {
  it("are prepared as the model prepares pictures, and labelled with its classes", async () => {
    const set = await labelledPictures(files, model);
    expect(set.size).toBe(3);
    expect(set.classes).toEqual(classes);
    const sources = [0, 1, 2].map(set.source);
    expect(sources.map((path, i) => [path, set.label(i)])).toEqual([
      ["set/2/c.png", 2],
      ["set/Red_Fox/b.png", 0],
      ["set/tabby cat/a.png", 1],
    ]);
    const { x, y } = set.batch([2, 0]);
    expect([...y.data]).toEqual([1, 2]);
    const byHand = preparePicture(decodeImage(files.get("set/tabby cat/a.png") as Uint8Array), model);
    expect(x.entry(0).data).toEqual(byHand.data);
  });

  it("come from an archive as from a folder", async () => {
    const set = await labelledPictures(new Map([["set.zip", writeZip(files)]]), model);
    expect([set.size, set.source(2)]).toEqual([3, "set/tabby cat/a.png"]);
  });

  it("come from records of a data set, all of them", async () => {
    const lenet = zoo.zooModel("lenet", { seed: 1 });
    const images = Uint8Array.from([
      0,
      0,
      8,
      3,
      0,
      0,
      0,
      4,
      0,
      0,
      0,
      28,
      0,
      0,
      0,
      28,
      ...Array.from({ length: 4 * 784 }, (_, i) => i % 251),
    ]);
    const labels = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 4, 3, 7, 3, 7]);
    const set = await labelledPictures(
      new Map([
        ["images", images],
        ["labels", labels],
      ]),
      lenet,
    );
    expect(set.size).toBe(4);
    expect([0, 1, 2, 3].map(set.label).sort()).toEqual([3, 3, 7, 7]);
    expect(Math.max(...set.image(0).data)).toBeLessThanOrEqual(1);
  });

  it("a folder that is called as no class is named", async () => {
    const wrong = new Map([...files, ["set/zebra/z.png", png(8)] as const]);
    await expect(labelledPictures(wrong, model)).rejects.toThrow(
      /^"zebra" is none of the net's 10 classes \(red fox, tabby, tabby cat, dog/,
    );
    await expect(labelledPictures(wrong, model)).rejects.toThrow(DataError);
    await expect(
      labelledPictures(
        new Map([
          ["set/11/x.png", png(8)],
          ["set/2/y.png", png(8)],
        ]),
        model,
      ),
    ).rejects.toThrow(/"11" is none/);
  });

  it("damaged pictures are named when they are asked for", async () => {
    const set = await labelledPictures(new Map([...files, ["set/dog/x.png", png(9).subarray(0, 60)] as const]), model);
    expect(() => set.image(2)).toThrow(/set\/dog\/x.png/);
  });
});
