// Colours and spectra of the data, bounds, and the figures that judge a climbed picture (seeing-inside.md sections 1 and 13).
import { describe, expect, it } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { arraysDataset, unnormalise } from "../../src/data/dataset.ts";
import { synthetic } from "../../src/data/synthetic.ts";
import { gradient } from "../../src/graph/grad.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import { dataStatistics, examples, maximise } from "../../src/lens/index.ts";
import { imagenetColour, limit, normalisedColour, projectedClip, recoloured } from "../../src/lens/maximise/colour.ts";
import { parametrisation } from "../../src/lens/maximise/parametrise.ts";
import { magnitudes, spectralSlope } from "../../src/lens/maximise/spectrum.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { random, randomNormal, Tensor } from "../../src/tensor/index.ts";
import { smallNet } from "./nets.ts";

const device = "wasm" as const;
const threads = 1;

describe("colours and bounds", () => {
  it("the matrix of ImageNet, normalised, has the published rows", () => {
    const { data } = normalisedColour(imagenetColour, 3);
    const rows = [0, 1, 2].map((k) => [0, 1, 2].map((c) => data[3 * c + k]));
    const published = [
      [0.562829, 0.584476, 0.584476],
      [0.194825, 0, -0.194825],
      [0.043295, -0.108236, 0.064942],
    ];
    rows.forEach((row, k) => {
      row.forEach((v, c) => {
        expect(v).toBeCloseTo(published[k][c], 5);
      });
    });
    const grey = recoloured(new Tensor(Float32Array.of(1, 0, 0), [1, 3, 1, 1]), normalisedColour(imagenetColour, 3));
    for (const [c, v] of grey.data.entries()) expect(v).toBeCloseTo(published[0][c], 5);
  });

  it("M·Mᵀ is the covariance of the data's colours, and noise through M has it, too", () => {
    const generator = random(4);
    // Three channels that share a part: covariance known by construction.
    const images = new Float32Array(40 * 3 * 64);
    for (let n = 0; n < 40; n++) {
      for (let p = 0; p < 64; p++) {
        const shared = 0.1 * generator.normal();
        for (let c = 0; c < 3; c++) images[(n * 3 + c) * 64 + p] = 0.5 + shared + 0.02 * (c + 1) * generator.normal();
      }
    }
    const data = arraysDataset({ name: "colours", images, labels: new Int32Array(40), imageShape: [3, 8, 8], classes: ["a"] });
    const { colour, mean, pictures } = dataStatistics(data);
    expect(pictures).toBe(40);
    for (let c = 0; c < 3; c++) {
      expect(mean[c]).toBeCloseTo(0.5, 1);
      for (let d = 0; d < 3; d++) {
        let product = 0;
        for (let k = 0; k < 3; k++) product += colour.at(c, k) * colour.at(d, k);
        expect(product).toBeCloseTo(0.01 + (c === d ? (0.02 * (c + 1)) ** 2 : 0), 3);
      }
    }
    // Brightness first.
    const first = [0, 1, 2].map((c) => colour.at(c, 0));
    expect(Math.min(...first)).toBeGreaterThan(0.08);
  });

  it("grey data has a 1 x 1 matrix, and its spectrum is the mean of |rfft2|", async () => {
    const { train } = await synthetic({ train: 10, test: 10, size: 12, seed: 1 });
    const { colour, spectrum, size, slope } = dataStatistics(train, { pictures: 10 });
    expect([colour.shape, spectrum.shape, size]).toEqual([
      [1, 1],
      [1, 12, 7],
      [12, 12],
    ]);
    const one = (i: number): Float64Array => magnitudes(unnormalise(train.image(i), train.normalisation).data, 12, 12);
    for (const at of [0, 5, 33]) {
      const mean = Array.from({ length: 10 }, (_, i) => one(i)[at] / 10).reduce((a, b) => a + b, 0);
      expect(spectrum.data[at]).toBeCloseTo(mean, 3);
    }
    expect(slope).toBeLessThan(-1);
  });

  it("projected clipping stops only steps that lead out", () => {
    const raw = input("raw", [1, 1, 1, 4]);
    const bounded = limit({ bounds: { low: 0, high: 1 }, squash: "clip", normalisation: undefined, shape: [1, 1, 4], dtype: "float32" })(
      raw,
    );
    const seed = input("seed", [1, 1, 1, 4]);
    const [g] = gradient(bounded, [raw], { seed, rules: projectedClip });
    return compile(createGraph({ outputs: { g } }), { device: "reference" }).then(async (program) => {
      const run = await program.run({
        raw: new Tensor(Float32Array.of(5, 5, -5, -5), [1, 1, 1, 4]),
        seed: new Tensor(Float32Array.of(1, -1, 1, -1), [1, 1, 1, 4]),
      });
      expect(Array.from(run.g.data)).toEqual([0, -1, 1, -0]);
    });
  });
});

describe("quality figures", () => {
  it("AM8 the slope of white noise is about 0, of a 1/f picture about -2", () => {
    const size = 32;
    const white = randomNormal([1, size, size], random(1));
    expect(Math.abs(spectralSlope(white))).toBeLessThan(0.3);
    const how = parametrisation({
      name: "fourier",
      shape: [1, size, size],
      bounds: "none",
      squash: "sigmoid",
      normalisation: undefined,
      dtype: "float32",
      decay: 1,
      spectrum: undefined,
      colour: undefined,
    });
    const natural = how.picture<Tensor>({ picture: new Tensor(how.start(random(2)).picture, [1, 1, size, size]) });
    expect(Math.abs(spectralSlope(natural.entry(0)) + 2)).toBeLessThan(0.4);
    expect(spectralSlope(new Tensor(new Float32Array(64).fill(3), [1, 8, 8]))).toBeNaN();
  });

  it("AM8 the Fourier result's slope is closer to the data's than the pixel result's, and the report has it", async () => {
    const { train } = await synthetic({ train: 100, test: 10, size: 24, seed: 3 });
    const { slope } = dataStatistics(train);
    const net = nn.sequential({ conv1: nn.conv2d(1, 4, 5, { padding: 2 }), relu1: nn.relu(), conv2: nn.conv2d(4, 4, 5, { padding: 2 }) });
    const model = createModel(net, [1, 24, 24], { seed: 1 });
    for (const channel of [0, 1]) {
      const at = async (name: "fourier" | "pixel"): Promise<number> =>
        (await maximise(model, { layer: "conv2", channel, parametrisation: name, steps: 60, device, threads })).spectralSlope as number;
      expect(Math.abs((await at("fourier")) - slope)).toBeLessThan(Math.abs((await at("pixel")) - slope));
    }
  });

  it("KD9 with training pictures the record has their best activation and the ratio", async () => {
    const { train } = await synthetic({ train: 40, test: 10, size: 12, seed: 3 });
    const model = smallNet();
    const result = await maximise(model, { layer: "conv2", channel: 2, dataset: train, steps: 60, l2: 0.02, device, threads });
    const [unit] = await examples(model, train, { layer: "conv2", channel: 2, top: 1, device, threads });
    expect(result.bestInData).toBeCloseTo(unit.best, 5);
    expect(result.ratio).toBeCloseTo(result.activation / unit.best, 5);
    const logit = await maximise(model, { class: 1, dataset: train, steps: 2, device, threads });
    const [, top] = await examples(model, train, { layer: "logits", top: 1, device, threads });
    expect(logit.bestInData).toBeCloseTo(top.best, 5);
  });
});
