import { describe, expect, test } from "vitest";
import { datasetFromFiles } from "../../src/data/index.ts";
import { encodePng, readZip, writeZip } from "../../src/io/index.ts";
import { ArgumentError, DataError, ModelFormatError } from "../../src/tensor/errors.ts";

const png = (value: number): Uint8Array => encodePng({ width: 4, height: 4, channels: 1, data: new Uint8Array(16).fill(value) });
const folders = new Map<string, Uint8Array>(
  ["dark", "light"].flatMap((name, c) => [0, 1, 2, 3, 4].map((i): [string, Uint8Array] => [`set/${name}/${i}.png`, png(200 * c + i)])),
);
const idx = (shape: readonly number[], data: readonly number[]): Uint8Array =>
  Uint8Array.of(0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]), ...data);

describe("datasetFromFiles", () => {
  test("LF5 a folder per class becomes two parts, every class in both, and the pixels are those of the files", async () => {
    const { train, test: tested } = await datasetFromFiles(folders, { size: 4, channels: 1 });
    expect(train.classes).toEqual(["dark", "light"]);
    expect([train.size, tested.size]).toEqual([8, 2]);
    expect(train.imageShape).toEqual([1, 4, 4]);
    const { mean, deviation } = train.normalisation;
    for (let i = 0; i < train.size; i++) {
      const byte = Math.round((train.image(i).data[0] * deviation[0] + mean[0]) * 255);
      expect(byte >= 200 ? 1 : 0).toBe(train.label(i));
      expect(byte % 200).toBeLessThan(5);
    }
  });

  test("LF5 train and test folders are taken as they are, and a zip archive is what is in it, without what tools left behind", async () => {
    const named = new Map([...folders].map(([path, bytes]) => [path.replace("set/", path.includes("/4.") ? "test/" : "train/"), bytes]));
    const plain = await datasetFromFiles(named, { size: 4 });
    expect([plain.train.size, plain.test.size]).toEqual([8, 2]);
    const archive = writeZip(new Map([...named, ["__MACOSX/x.png", png(1)], ["train/.DS_Store", png(1)]]), { compress: true });
    const zipped = await datasetFromFiles(new Map([["pictures.zip", archive]]), { size: 4 });
    expect([zipped.train.size, zipped.test.size]).toEqual([8, 2]);
    expect(zipped.train.image(3).data).toEqual(plain.train.image(3).data);
  });

  test("LF5 IDX, CIFAR and CSV files are told by their contents", async () => {
    const pair = await datasetFromFiles(
      new Map([
        [
          "a",
          idx(
            [10, 2, 2],
            Array.from({ length: 40 }, (_, i) => i),
          ),
        ],
        ["b", idx([10], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1])],
      ]),
    );
    expect([pair.train.size + pair.test.size, pair.train.imageShape]).toEqual([10, [1, 2, 2]]);
    const record = (label: number): number[] => [label, ...new Array(3072).fill(label * 20)];
    const cifar = Uint8Array.from([0, 1, 2, 3, 0, 1, 2, 3].flatMap(record));
    expect(
      (
        await datasetFromFiles(
          new Map([
            ["data_batch_1.bin", cifar],
            ["test_batch.bin", cifar],
          ]),
        )
      ).test.size,
    ).toBe(8);
    const lines = ["label,p0,p1,p2,p3,p4,p5,p6,p7,p8", ...[7, 0, 7, 0].map((l) => `${l},1,2,3,4,5,6,7,8,9`)].join("\n");
    const csv = await datasetFromFiles(new Map([["digits.csv", new TextEncoder().encode(lines)]]), { testShare: 0.5 });
    expect([csv.train.imageShape, csv.train.classes.length, csv.test.size]).toEqual([[1, 3, 3], 8, 2]);
  });

  test("L4 a file that cannot be used says why", async () => {
    const fails = (files: readonly (readonly [string, Uint8Array])[], message: RegExp): Promise<void> =>
      expect(datasetFromFiles(new Map(files))).rejects.toThrow(message);
    await fails([], /there are no files/);
    await fails([["one.png", png(1)]], /lies in no folder/);
    await fails([["a/one.png", png(1)]], /must be one folder per class/);
    await fails([["a", idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])]], /pictures without labels/);
    await fails([["notes.txt", new TextEncoder().encode("hello")]], /notes.txt: neither/);
    await fails([["x.csv", new TextEncoder().encode("1,2,3,4,5,6,7,8,9,10,11\n")]], /10 numbers after the label/);
    await expect(datasetFromFiles(folders, { size: 0 })).rejects.toThrow(ArgumentError);
    await expect(datasetFromFiles(new Map())).rejects.toThrow(DataError);
  });
});

describe("zip archives", () => {
  test("come back as they went; damaged, cut off and bombs are refused", () => {
    const files = new Map([
      ["a/b.txt", new TextEncoder().encode("hello")],
      ["c", new Uint8Array(5000)],
    ]);
    for (const compress of [false, true]) expect(readZip(writeZip(files, { compress }))).toEqual(files);
    const bytes = writeZip(files, { compress: true });
    expect(() => readZip(bytes.slice(0, bytes.length - 30))).toThrow(ModelFormatError);
    expect(() => readZip(bytes, { limit: 1000 })).toThrow(/more than 1000 bytes/);
    expect(() => readZip(Uint8Array.of(1, 2, 3))).toThrow(/does not begin/);
    expect(() => writeZip(new Map([["../x", "y"]]))).toThrow(ArgumentError);
  });
});
