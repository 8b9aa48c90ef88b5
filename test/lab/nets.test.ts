// The trained nets that come with the page: the files open as any user's would, and do what their records say.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Dataset, synthetic, syntheticClasses } from "../../src/data/index.ts";
import { decodeImage, pictureToTensor, readModel, readSafetensors } from "../../src/io/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { evaluate, predict } from "../../src/train/index.ts";
import type { NetRecord } from "../../tools/lab-nets.ts";
import { digits } from "../support/digits.ts";

const fileOf = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../../lab/assets/nets/${name}`, import.meta.url)));
const recordOf = (name: string): NetRecord => JSON.parse(fileOf(`${name}.json`).toString());
const modelOf = (name: string) => readModel(fileOf(`${name}.safetensors`), name);

async function testPictures({ data }: NetRecord): Promise<Dataset | undefined> {
  if (data.name === "mnist") return digits?.test;
  return (await synthetic({ ...data.options, train: 1 })).test;
}

/** The sprite's pictures as bytes in 0..255, [C, H, W] each. */
function samplesOf(name: string): readonly Tensor[] {
  const { width, height, indices } = recordOf(name).samples;
  const row = pictureToTensor(decodeImage(fileOf(`${name}-samples.png`)));
  const [channels, rows, columns] = row.shape;
  expect([rows, columns]).toEqual([height, indices.length * width]);
  return indices.map((_, n) => {
    const out = new Float32Array(channels * height * width);
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++)
          out[(c * height + y) * width + x] = Math.round(255 * row.data[(c * height + y) * columns + n * width + x]);
      }
    }
    return new Tensor(out, [channels, height, width]);
  });
}

describe.each([
  ["shapes", syntheticClasses, 12_000, 0.95],
  ["digits", Array.from({ length: 10 }, (_, digit) => String(digit)), 20_000, 0.98],
] as const)("%s", (name, classes, mostParameters, leastAccuracy) => {
  const record = recordOf(name);

  test("L1 the files are small enough to come with the page, and say what they are", () => {
    expect(fileOf(`${name}.safetensors`).length).toBeLessThan(60_000);
    expect(fileOf(`${name}-samples.png`).length).toBeLessThan(30_000);
    expect(fileOf(`${name}.json`).length).toBeLessThan(10_000);
    const { model, architecture } = modelOf(name);
    const { inputShape, preprocessing, parameterCount: parameters } = model;
    expect({ architecture, inputShape, classes: model.classes, preprocessing, parameters }).toEqual({
      architecture: record.architecture,
      inputShape: record.inputShape,
      classes,
      preprocessing: record.preprocessing,
      parameters: record.parameters,
    });
    expect(parameters).toBeLessThanOrEqual(mostParameters);
    expect(record.classes).toEqual(classes);
    expect(new Set(readSafetensors(fileOf(`${name}.safetensors`)).storedTypes.values())).toEqual(new Set(["F16"]));
  });

  test("L1 its layers go by the names that the page shows, first to last", () => {
    const { layers } = modelOf(name).model.summary();
    expect(layers.slice(0, 6).map((layer) => layer.name)).toEqual(["conv1", "relu1", "pool1", "conv2", "relu2", "pool2"]);
    expect(layers.at(-1)).toMatchObject({ name: "logits", outputShape: [classes.length] });
  });

  test("L1 every test picture gives the recorded accuracy and confusion, with the numbers of the file", async (context) => {
    const pictures = await testPictures(record);
    if (pictures === undefined) return context.skip("MNIST is not installed");
    const { count, accuracy, loss, confusion } = await evaluate(modelOf(name).model, pictures);
    expect(count).toBe(record.test.count);
    expect(accuracy).toBeGreaterThanOrEqual(leastAccuracy);
    // Kernels of other machines may round a picture at the border of two classes the other way.
    expect(Math.abs(accuracy - record.test.accuracy) * count).toBeLessThanOrEqual(2.5);
    expect(loss).toBeCloseTo(record.test.loss, 3);
    const moved = confusion.flat().reduce((sum, n, i) => sum + Math.abs(n - record.test.confusion.flat()[i]), 0);
    expect(moved).toBeLessThanOrEqual(4);
  });

  test("L1 the record is consistent with itself", () => {
    const { test: result, history, training } = record;
    const right = result.confusion.reduce((sum, row, i) => sum + row[i], 0);
    expect(right / result.count).toBeCloseTo(result.accuracy, 12);
    expect(history.map(({ epoch }) => epoch)).toEqual(Array.from({ length: training.epochs }, (_, i) => i + 1));
    // What was measured before the numbers were halved.
    expect(Math.abs((history.at(-1)?.validation?.accuracy ?? 0) - result.accuracy)).toBeLessThan(0.002);
  });

  test("L1 the samples are the test pictures that the record names, to the bit, one of each class", async (context) => {
    const pictures = await testPictures(record);
    if (pictures === undefined) return context.skip("MNIST is not installed");
    const { indices, labels } = record.samples;
    expect(labels).toEqual(classes.map((_, i) => i));
    const { mean, deviation } = pictures.normalisation;
    for (const [n, sample] of samplesOf(name).entries()) {
      const image = pictures.image(indices[n]);
      const plane = image.shape[1] * image.shape[2];
      const bytes = image.data.map((value, i) => 255 * (value * deviation[Math.floor(i / plane)] + mean[Math.floor(i / plane)]));
      expect(sample.data).toEqual(Float32Array.from(new Uint8ClampedArray(bytes)));
      expect(pictures.label(indices[n])).toBe(labels[n]);
    }
  });

  test("L1 the page's way from the sprite to the net recognises every sample", async () => {
    const { model } = modelOf(name);
    const { mean, deviation } = record.preprocessing;
    const images = samplesOf(name).map((sample) => {
      const plane = sample.shape[1] * sample.shape[2];
      const fed = Float32Array.from(
        sample.data,
        (byte, i) => (byte / 255 - mean[Math.floor(i / plane)]) / deviation[Math.floor(i / plane)],
      );
      return new Tensor(fed, sample.shape);
    });
    expect(Array.from((await predict(model, images)).labels)).toEqual(record.samples.labels);
  });
});

test("L1 the net of the shapes knows pictures that nobody has measured it on, also with more noise than it was trained with", async () => {
  const { data } = recordOf("shapes");
  if (data.name !== "synthetic") throw new Error("the net of the shapes is trained on synthetic pictures");
  for (const noise of [0.03, 0.05]) {
    const others = await synthetic({ ...data.options, noise, train: 1, test: 1000, seed: 12_345 });
    expect((await evaluate(modelOf("shapes").model, others.test)).accuracy).toBeGreaterThanOrEqual(0.97);
  }
});
