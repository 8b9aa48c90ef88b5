// Augmentation moves and recolours; it never touches the label, and it is a pure function of the picture and the seed.
import { describe, expect, test } from "vitest";
import {
  type Augmentation,
  affine,
  compose,
  randomAffine,
  randomColour,
  randomCrop,
  randomErasing,
  randomFlip,
  randomNoise,
  randomTranslation,
  translate,
} from "../../src/data/augmentation.ts";
import { arraysDataset } from "../../src/data/dataset.ts";
import { loader } from "../../src/data/loader.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { random, randomUniform } from "../../src/tensor/random.ts";
import { arange, full, type Tensor, tensor } from "../../src/tensor/tensor.ts";

const rows = (image: Tensor): number[][] => (image.toNested() as number[][][])[0];
const small = tensor([
  [
    [0.1, 0.2, 0.3],
    [0.4, 0.5, 0.6],
    [0.7, 0.8, 0.9],
  ],
]);
const near = (image: Tensor, expected: number[][]): void => {
  for (const [y, row] of expected.entries())
    for (const [x, value] of row.entries()) expect(image.at(0, y, x), `(${y}, ${x})`).toBeCloseTo(value, 5);
};

describe("E9 geometry", () => {
  test("E9 a shift by one pixel changes the array as told, and nothing is wrapped round", () => {
    near(translate(small, { dx: 1 }), [
      [0, 0.1, 0.2],
      [0, 0.4, 0.5],
      [0, 0.7, 0.8],
    ]);
    near(translate(small, { dy: -1, fill: 0.5 }), [
      [0.4, 0.5, 0.6],
      [0.7, 0.8, 0.9],
      [0.5, 0.5, 0.5],
    ]);
    near(translate(small, { dx: -1, dy: 1, fill: "edge" }), [
      [0.2, 0.3, 0.3],
      [0.2, 0.3, 0.3],
      [0.5, 0.6, 0.6],
    ]);
  });

  test("E9 flips mirror, and mirror back", () => {
    const flip = randomFlip({ p: 1 });
    near(flip(small, random(1)), [
      [0.3, 0.2, 0.1],
      [0.6, 0.5, 0.4],
      [0.9, 0.8, 0.7],
    ]);
    near(randomFlip({ p: 1, axis: "vertical" })(small, random(1)), [
      [0.7, 0.8, 0.9],
      [0.4, 0.5, 0.6],
      [0.1, 0.2, 0.3],
    ]);
    expect(flip(flip(small, random(1)), random(1))).toEqual(small);
    expect(randomFlip({ p: 0 })(small, random(1))).toBe(small);
    const share = Array.from({ length: 400 }, (_, i) => randomFlip()(small, random(i))).filter((image) => image !== small).length;
    expect(Math.abs(share - 200)).toBeLessThan(60);
  });

  test("E9 quarter turns and mirrors by the affine map are exact; positive angles are counter-clockwise", () => {
    near(affine(small, { rotation: 90 }), [
      [0.3, 0.6, 0.9],
      [0.2, 0.5, 0.8],
      [0.1, 0.4, 0.7],
    ]);
    near(affine(small, { rotation: 180 }), [
      [0.9, 0.8, 0.7],
      [0.6, 0.5, 0.4],
      [0.3, 0.2, 0.1],
    ]);
    near(affine(small, {}), rows(small));
    near(affine(small, { dx: 1, dy: 1 }), [
      [0, 0, 0],
      [0, 0.1, 0.2],
      [0, 0.4, 0.5],
    ]);
    near(affine(small, { dx: 0.5 }), [
      [0.05, 0.15, 0.25],
      [0.2, 0.45, 0.55],
      [0.35, 0.75, 0.85],
    ]);
  });

  test("E9 scale enlarges about the centre; shear leans upright lines to the right", () => {
    const dot = arange(25, [1, 5, 5]);
    dot.data.fill(0);
    dot.data[2 * 5 + 3] = 1;
    expect(affine(dot, { scale: 2 }).at(0, 2, 4)).toBeCloseTo(1, 6);
    const line = tensor([
      [
        [0, 1, 0],
        [0, 1, 0],
        [0, 1, 0],
      ],
    ]);
    near(affine(line, { shear: 45 }), [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ]);
  });

  test("E9 turning there and back returns the middle of a smooth picture", () => {
    const smooth = tensor(
      Float32Array.from({ length: 21 * 21 }, (_, i) => 0.5 + 0.3 * Math.sin((i % 21) / 4) * Math.cos(Math.floor(i / 21) / 5)),
      [1, 21, 21],
    );
    const back = affine(affine(smooth, { rotation: 33, scale: 1.2 }), { rotation: -33, scale: 1 / 1.2 });
    for (let y = 7; y < 14; y++) for (let x = 7; x < 14; x++) expect(Math.abs(back.at(0, y, x) - smooth.at(0, y, x))).toBeLessThan(0.02);
  });

  test("E9 a random crop is one of the (2 padding + 1)² shifts, and all of them occur", () => {
    const image = randomUniform([2, 4, 4], random(3));
    const possible = new Set<string>();
    for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) possible.add(translate(image, { dx, dy }).data.join());
    const seen = new Set(Array.from({ length: 200 }, (_, i) => randomCrop({ padding: 1 })(image, random(i)).data.join()));
    expect(seen).toEqual(possible);
  });
});

describe("E9 colour", () => {
  test("E9 brightness adds, contrast stretches about the mean, saturation about each pixel's grey", () => {
    const image = tensor([[[0.4, 0.6]], [[0.5, 0.5]], [[0.6, 0.4]]]);
    const added = randomColour({ brightness: 0.2 })(image, random(1));
    const amount = added.data[0] - 0.4;
    expect(Math.abs(amount)).toBeGreaterThan(0.001);
    for (let i = 0; i < 6; i++) expect(added.data[i] - image.data[i]).toBeCloseTo(amount, 6);
    const stretched = randomColour({ contrast: 0.5 })(image, random(1));
    const factor = (stretched.data[0] - 0.5) / -0.1;
    for (let i = 0; i < 6; i++) expect(stretched.data[i] - 0.5).toBeCloseTo(factor * (image.data[i] - 0.5), 6);
    const faded = randomColour({ saturation: 0.9 })(image, random(2));
    for (let p = 0; p < 2; p++) expect((faded.data[p] + faded.data[2 + p] + faded.data[4 + p]) / 3).toBeCloseTo(0.5, 6);
    expect(faded.data[0]).not.toBeCloseTo(0.4, 3);
  });

  test("E9 noise has the deviation that was asked for, and pixels stay in 0..1", () => {
    const noisy = randomNoise({ deviation: 0.1 })(full([1, 50, 50], 0.5), random(6));
    const variance = Array.from(noisy.data).reduce((sum, v) => sum + (v - 0.5) ** 2, 0) / 2500;
    expect(Math.sqrt(variance)).toBeCloseTo(0.1, 2);
    for (const v of randomNoise({ deviation: 1 })(full([1, 20, 20], 0.9), random(6)).data) {
      expect(v).toBeGreaterThanOrEqual(0);
      expect(v).toBeLessThanOrEqual(1);
    }
  });

  test("E9 erasing covers one rectangle of the asked-for area, the same in every channel", () => {
    for (let seed = 0; seed < 50; seed++) {
      const out = randomErasing({ p: 1, area: [0.1, 0.3], fill: 0.25 })(full([3, 20, 20], 1), random(seed));
      const covered = Array.from({ length: 400 }, (_, p) => out.data[p] !== 1);
      const count = covered.filter(Boolean).length;
      expect(count).toBeGreaterThan(400 * 0.1 * 0.8);
      expect(count).toBeLessThan(400 * 0.3 * 1.2);
      const places = covered.flatMap((is, p) => (is ? [[p % 20, Math.floor(p / 20)]] : []));
      const spans = [0, 1].map((axis) => 1 + Math.max(...places.map((q) => q[axis])) - Math.min(...places.map((q) => q[axis])));
      expect(count).toBe(spans[0] * spans[1]);
      for (let i = 0; i < 1200; i++) expect(out.data[i]).toBe(covered[i % 400] ? 0.25 : 1);
    }
  });
});

const everything: Augmentation = compose(
  randomFlip(),
  randomTranslation({ pixels: 2, fill: "edge" }),
  randomAffine({ rotation: 15, scale: [0.8, 1.25], shear: 10, translation: 1.5 }),
  randomColour({ brightness: 0.2, contrast: 0.3, saturation: 0.4 }),
  randomNoise({ deviation: 0.05 }),
  randomErasing({ fill: "noise" }),
);

describe("EF7 seeds", () => {
  const image = randomUniform([3, 12, 10], random(2));

  test("EF7 the same seed gives the same picture, another seed another; the original stays as it was", () => {
    const before = image.clone();
    expect(everything(image, random(5))).toEqual(everything(image, random(5)));
    expect(everything(image, random(5))).not.toEqual(everything(image, random(6)));
    expect(image).toEqual(before);
    expect(everything(image, random(5)).shape).toEqual(image.shape);
  });

  test("EF7 a sample does not depend on who loads it, in what batch or order; its label is kept", () => {
    const images = Uint8Array.from({ length: 20 * 48 }, (_, i) => (i * 37) % 256);
    const labels = Array.from({ length: 20 }, (_, i) => i % 2);
    const dataset = arraysDataset({ name: "grid", images, labels, imageShape: [3, 4, 4], classes: ["a", "b"] });
    const bySample = (batchSize: number, shuffle: boolean): Map<number, string> => {
      const out = new Map<number, string>();
      for (const { indices, x, y } of loader(dataset, { batchSize, shuffle, seed: 4, augment: everything }).epoch(3)) {
        for (const [n, i] of indices.entries()) {
          out.set(i, x.entry(n).data.join());
          expect(y.data[n]).toBe(labels[i]);
        }
      }
      return out;
    };
    const once = bySample(5, true);
    expect(once.size).toBe(20);
    for (const [i, pixels] of bySample(7, false)) expect(once.get(i)).toBe(pixels);
    expect(once.get(0)).not.toBe(dataset.image(0).data.join());
  });

  test("E9 impossible options and batches in place of pictures are refused", () => {
    expect(() => randomFlip({ p: 2 })).toThrow(/randomFlip: p is 2, expected 0\.\.1/);
    expect(() => randomCrop({ padding: -1 })).toThrow(ArgumentError);
    expect(() => randomAffine({ scale: [2, 1] })).toThrow(ArgumentError);
    expect(() => randomErasing({ area: [0.5, 2] })).toThrow(ArgumentError);
    expect(() => everything(full([1, 3, 4, 4], 0), random(1))).toThrow(ShapeError);
  });
});
