// Data sets in memory, their parts, and the order in which training sees them.
import { describe, expect, test } from "vitest";
import { arraysDataset, classCounts, type Dataset, normalise, unnormalise } from "../../src/data/dataset.ts";
import { loader } from "../../src/data/loader.ts";
import { firstOf, split, subset } from "../../src/data/select.ts";
import { ArgumentError, DataError } from "../../src/tensor/errors.ts";
import { random, randomUniform } from "../../src/tensor/random.ts";

/** `size` pictures [2, 2, 3]; the first byte of picture i is i. */
function numbered(size: number, classes = 3): Dataset {
  const images = new Uint8Array(size * 12);
  for (let i = 0; i < images.length; i++) images[i] = i % 12 === 0 ? i / 12 : (i * 7) % 256;
  const labels = Int32Array.from({ length: size }, (_, i) => i % classes);
  return arraysDataset({
    name: "numbered",
    images,
    labels,
    imageShape: [2, 2, 3],
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    normalisation: { mean: [0, 0.5], deviation: [1 / 255, 0.25] },
  });
}

const firstPixels = (x: { data: ArrayLike<number> }, count: number): number[] =>
  Array.from({ length: count }, (_, n) => Math.round(x.data[n * 12]));

describe("EF6 data sets in memory", () => {
  test("EF6 a picture is normalised channel by channel, alone and in a batch", () => {
    const dataset = numbered(5);
    const image = dataset.image(3);
    expect(image.shape).toEqual([2, 2, 3]);
    expect(image.data[0]).toBeCloseTo(3, 5);
    expect(image.data[6]).toBeCloseTo((((3 * 12 + 6) * 7) % 256) / 255 / 0.25 - 2, 5);
    const { x, y } = dataset.batch([3, 0, 3]);
    expect([x.shape, y.shape, y.dtype, [...y.data]]).toEqual([[3, 2, 2, 3], [3], "int32", [0, 0, 0]]);
    expect(x.entry(0)).toEqual(image);
    expect(x.entry(2)).toEqual(image);
    expect(x.entry(1)).toEqual(dataset.image(0));
  });

  test("EF6 floats and bytes of the same pictures give the same numbers", () => {
    const bytes = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
    const shared = { name: "same", labels: [0, 1], imageShape: [3, 2, 2], classes: ["a", "b"] };
    const fromBytes = arraysDataset({ ...shared, images: bytes });
    const fromFloats = arraysDataset({ ...shared, images: Float32Array.from(bytes, (b) => b / 255) });
    for (let i = 0; i < 24; i++) expect(fromFloats.batch([0, 1]).x.data[i]).toBeCloseTo(fromBytes.batch([0, 1]).x.data[i], 5);
  });

  test("EF6 the measured normalisation gives each channel mean 0 and deviation 1; a flat channel stays finite", () => {
    const images = new Uint8Array(2 * 2 * 50);
    const generator = random(4);
    for (let i = 0; i < images.length; i++) images[i] = Math.floor(i / 50) % 2 === 0 ? generator.integer(256) : 80;
    const dataset = arraysDataset({ name: "measured", images, labels: [0, 0], imageShape: [2, 5, 10], classes: ["a"] });
    const { x } = dataset.batch([0, 1]);
    const first = [...x.entry(0).data.subarray(0, 50), ...x.entry(1).data.subarray(0, 50)];
    const mean = first.reduce((a, b) => a + b, 0) / 100;
    expect(mean).toBeCloseTo(0, 5);
    expect(first.reduce((a, b) => a + (b - mean) ** 2, 0) / 100).toBeCloseTo(1, 5);
    expect(dataset.image(0).at(1, 0, 0)).toBeCloseTo(0, 6);
  });

  test("EF6 unnormalise and normalise are inverse", () => {
    const image = randomUniform([2, 3, 3], random(1));
    const there = normalise(image, { mean: [0.1, 0.5], deviation: [0.3, 2] });
    const back = unnormalise(there, { mean: [0.1, 0.5], deviation: [0.3, 2] });
    for (let i = 0; i < image.size; i++) expect(back.data[i]).toBeCloseTo(image.data[i], 6);
  });

  test("EF6 empty sets, wrong counts, foreign labels and wild indices are refused with numbers", () => {
    const good = { name: "bad", imageShape: [1, 1, 2], classes: ["a", "b"] };
    expect(() => arraysDataset({ ...good, images: new Uint8Array(0), labels: [] })).toThrow(/bad: the data set is empty/);
    expect(() => arraysDataset({ ...good, images: new Uint8Array(5), labels: [0, 1] })).toThrow(
      /2 labels need 2 pictures of \[1, 1, 2\] = 4 values, but there are 5/,
    );
    expect(() => arraysDataset({ ...good, images: new Uint8Array(4), labels: [0, 2] })).toThrow(
      /label of picture 1 is 2; there are 2 classes/,
    );
    expect(() => arraysDataset({ ...good, images: new Uint8Array(4), labels: [0, -1] })).toThrow(DataError);
    expect(() => arraysDataset({ ...good, images: new Uint8Array(2), labels: [0], normalisation: { mean: [0], deviation: [0] } })).toThrow(
      ArgumentError,
    );
    for (const i of [-1, 5, 0.5]) {
      expect(() => numbered(5).image(i)).toThrow(/there is no picture .*; the indices are 0\.\.4/);
      expect(() => numbered(5).batch([0, i])).toThrow(ArgumentError);
      expect(() => numbered(5).label(i)).toThrow(ArgumentError);
    }
  });
});

describe("EF6 parts of data sets", () => {
  test("EF6 subset and firstOf show the chosen pictures", () => {
    const dataset = numbered(10);
    const part = subset(dataset, [7, 2, 7]);
    expect([part.size, part.label(0), part.label(1)]).toEqual([3, 1, 2]);
    expect(part.image(1)).toEqual(dataset.image(2));
    expect(firstPixels(part.batch([2, 1]).x, 2)).toEqual([7, 2]);
    expect(firstOf(dataset, 4).size).toBe(4);
    expect(firstOf(dataset, 100)).toBe(dataset);
    expect(() => subset(dataset, [])).toThrow(DataError);
    expect(() => subset(dataset, [10])).toThrow(ArgumentError);
  });

  test("EF6 a split keeps the shares of the classes, loses nothing and depends on the seed alone", () => {
    const dataset = numbered(100, 4);
    const pixels = (part: Dataset): number[] => firstPixels(part.batch(Array.from({ length: part.size }, (_, i) => i)).x, part.size);
    const { train, test: held } = split(dataset, { testShare: 0.2, seed: 3 });
    expect(classCounts(held)).toEqual([5, 5, 5, 5]);
    expect([...pixels(train), ...pixels(held)].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(pixels(split(dataset, { testShare: 0.2, seed: 3 }).test)).toEqual(pixels(held));
    expect(pixels(split(dataset, { testShare: 0.2, seed: 4 }).test)).not.toEqual(pixels(held));
    expect(() => split(dataset, { testShare: 1 })).toThrow(ArgumentError);
  });
});

describe("EF8 loaders", () => {
  test("EF8 every picture comes once an epoch, in another order each epoch, with the last batch smaller", () => {
    const batches = loader(numbered(10), { batchSize: 4, seed: 1 });
    expect(batches.batchesPerEpoch).toBe(3);
    const orders = [0, 1].map((epoch) => [...batches.epoch(epoch)].map((b) => [...b.indices]));
    expect(orders[0].map((b) => b.length)).toEqual([4, 4, 2]);
    for (const order of orders) expect(order.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(orders[0]).not.toEqual(orders[1]);
    for (const b of batches.epoch(0)) expect(firstPixels(b.x, b.indices.length)).toEqual([...b.indices]);
  });

  test("EF8 a loader that goes on in the middle gives what would have come next", () => {
    const augment = (image: Parameters<typeof normalise>[0], generator: ReturnType<typeof random>) => {
      const out = image.clone();
      out.data[1] = generator.uniform();
      return out;
    };
    const options = { batchSize: 3, seed: 9, augment };
    const whole = [...loader(numbered(20), options).epoch(2)];
    const fresh = loader(numbered(20), options);
    expect([...fresh.epoch(2, 4)]).toEqual(whole.slice(4));
    expect(fresh.batch(2, 1)).toEqual(whole[1]);
    expect(fresh.batch(3, 1)).not.toEqual(whole[1]);
  });

  test("EF8 dropLast leaves out what does not fill a batch; shuffle off keeps the order", () => {
    const batches = loader(numbered(10), { batchSize: 4, dropLast: true, shuffle: false });
    expect([...batches.epoch(5)].map((b) => [...b.indices])).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    expect(() => loader(numbered(3), { batchSize: 4, dropLast: true })).toThrow(/3 pictures, which do not fill one batch of 4/);
    expect(() => loader(numbered(3), { batchSize: 0 })).toThrow(ArgumentError);
    expect(() => batches.batch(0, 2)).toThrow(/step 2 is outside 0\.\.1/);
  });
});
