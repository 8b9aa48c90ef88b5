// A made-up but complete report: structural tests read it, and it shows what a page looks like without training anything.
import type { Attribution, Example, Maximised } from "../../src/lens/records.ts";
import type { ReportData } from "../../src/report/index.ts";
import { type Random, random, randomNormal, Tensor, zeros } from "../../src/tensor/index.ts";

const normalisation = { mean: [0.1307], deviation: [0.3081] };

/** A bright stroke on black, normalised: something to look at. */
export function stroke(size: number, generator: Random): Tensor {
  const picture = zeros([1, size, size]);
  const [a, b, phase] = [generator.uniform() * 6, generator.uniform() * 6, generator.uniform()];
  for (let t = 0; t < 1; t += 0.01) {
    const [y, x] = [0.5 + 0.32 * Math.sin(a * t + phase), 0.5 + 0.3 * Math.cos(b * t + 2 * phase)];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const distance = Math.hypot(i - y * size, j - x * size) / (size * 0.045);
        picture.data[i * size + j] = Math.max(picture.data[i * size + j], Math.exp(-(distance ** 4)));
      }
    }
  }
  for (let p = 0; p < picture.size; p++) picture.data[p] = (picture.data[p] - normalisation.mean[0]) / normalisation.deviation[0];
  return picture;
}

function attribution(method: string, generator: Random, scale: number): Attribution {
  const map = randomNormal([1, 28, 28], generator, 0, scale);
  return {
    map,
    method,
    target: "conv2",
    score: 1,
    range: { low: -3 * scale, high: 3 * scale },
    figures: {},
    seed: undefined,
    options: {},
    warnings: [],
  };
}

function example(index: number, generator: Random, activation: number): Example {
  const picture = stroke(28, generator);
  const box = { top: generator.integer(30) - 8, left: generator.integer(30) - 8, height: 14, width: 14 };
  const crop = zeros([1, 14, 14]);
  for (let i = 0; i < 14; i++) {
    for (let j = 0; j < 14; j++) {
      const [y, x] = [box.top + i, box.left + j];
      if (y >= 0 && x >= 0 && y < 28 && x < 28) crop.data[i * 14 + j] = picture.data[y * 28 + x];
    }
  }
  return { index, label: index % 10, activation, position: [3, 4], box, picture, crop };
}

function maximised(channel: number, generator: Random): Maximised {
  return {
    image: stroke(28, generator),
    target: `conv2, channel ${channel}`,
    layer: "conv2",
    channel,
    objective: 4,
    activation: 5 + channel,
    history: [0, 1, 4],
    range: { low: -0.42, high: 2.8 },
    spectralSlope: channel === 2 ? Number.NaN : -1.85,
    seed: 7,
    options: {},
    warnings: [],
  };
}

export function sampleReport(channels = 4): ReportData {
  const generator = random(3);
  const steps = Array.from({ length: 120 }, (_, i) => i * 12 + 1);
  const classes = Array.from("0123456789");
  const confusion = classes.map((_, i) =>
    classes.map((_, j) => (i === j ? 965 + generator.integer(20) : Math.max(0, generator.integer(12) - 8))),
  );
  const featureMap = (count: number, size: number): Tensor => randomNormal([count, size, size], generator);
  return {
    title: "LeNet on MNIST",
    headline: {
      accuracy: 0.9914,
      errors: 86,
      tested: 10_000,
      parameters: 22_282,
      multiplyAdds: 1_601_600,
      seconds: 94.2,
      epochs: 3,
      seed: 7,
      device: "wasm, 2 threads",
      dataset: "MNIST",
    },
    command: "npx fovea train --dataset mnist --epochs 3 --seed 7",
    classes,
    normalisation,
    curves: {
      loss: [
        { name: "training", points: steps.map((s) => [s, 2.2 * Math.exp(-s / 180) + 0.05 + 0.03 * generator.uniform()] as const) },
        { name: "validation", points: [470, 940, 1410].map((s) => [s, 0.5 * Math.exp(-s / 400) + 0.03] as const) },
      ],
      accuracy: [
        { name: "training", points: steps.map((s) => [s, 0.985 - 0.8 * Math.exp(-s / 150) + 0.01 * generator.uniform()] as const) },
        { name: "validation", points: [470, 940, 1410].map((s) => [s, 0.991 - 0.02 * Math.exp(-s / 400)] as const) },
      ],
    },
    confusion,
    mistakes: Array.from({ length: 18 }, (_, i) => ({
      image: stroke(28, generator),
      index: 100 + 37 * i,
      truth: String(i % 10),
      predicted: String((i + 3) % 10),
      probability: 0.99 - i * 0.01,
      truthProbability: 0.004 * i,
    })),
    layers: [
      {
        name: "conv1",
        kind: "conv2d",
        outputShape: [16, 28, 28],
        field: "5 × 5",
        fieldStride: "1",
        parameters: 416,
        multiplyAdds: 313_600,
      },
      { name: "relu1", kind: "relu", outputShape: [16, 28, 28], field: "5 × 5", fieldStride: "1", parameters: 0, multiplyAdds: 0 },
      { name: "pool1", kind: "maxPool2d", outputShape: [16, 14, 14], field: "6 × 6", fieldStride: "2", parameters: 0, multiplyAdds: 0 },
      {
        name: "conv2",
        kind: "conv2d",
        outputShape: [32, 10, 10],
        field: "14 × 14",
        fieldStride: "2",
        parameters: 12_832,
        multiplyAdds: 1_280_000,
      },
      { name: "logits", kind: "linear", outputShape: [10], field: "whole input", parameters: 8_010, multiplyAdds: 8_000 },
    ],
    filters: { layer: "conv1", weights: randomNormal([16, 1, 5, 5], generator, 0, 0.2) },
    featureMaps: {
      image: stroke(28, generator),
      title: "Test picture 0, a 7",
      layers: [
        { name: "conv1", maps: featureMap(16, 28) },
        { name: "conv2", maps: new Tensor(featureMap(32, 10).data.map(Math.abs), [32, 10, 10]) },
      ],
    },
    channels: {
      layer: "conv2",
      field: "14 × 14",
      units: Array.from({ length: channels }, (_, channel) => ({
        examples: {
          layer: "conv2",
          channel,
          best: channel === 3 ? -0.2 : 4.2,
          top: Array.from({ length: 9 }, (_, i) => example(1000 + 531 * i, generator, 4.2 - 0.1 * i)),
          warnings: channel === 3 ? ["channel 3 is never above 0 on the training pictures: the unit is dead behind its ReLU"] : [],
        },
        maximised: maximised(channel, generator),
        gradient: attribution("gradient", generator, 0.02),
        guided: attribution("guided", generator, channel === 2 ? 1e-9 : 0.01),
      })),
    },
    notes: ["wasm ran with 2 threads; nothing stood in."],
  };
}
