// How pictures are written as numbers, in which colours and within which bounds (seeing-inside.md section 1).
import { describe, expect, it } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { synthetic } from "../../src/data/synthetic.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { dataStatistics, maximise, maximiseBatch, type Objective } from "../../src/lens/index.ts";
import { inverseFourier, inverseTransform } from "../../src/lens/maximise/fourier.ts";
import { type ParametrisationName, type ParametrisationOptions, parametrisation } from "../../src/lens/maximise/parametrise.ts";
import { magnitudes } from "../../src/lens/maximise/spectrum.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { random, randomNormal, Tensor, tensor } from "../../src/tensor/index.ts";
import { adam } from "../../src/train/optimisers.ts";
import { smallNet } from "./nets.ts";

const device = "wasm" as const;
const threads = 1;
const plain: Omit<ParametrisationOptions, "name" | "shape"> = {
  bounds: "none",
  squash: "sigmoid",
  normalisation: undefined,
  dtype: "float32",
  decay: 1,
  spectrum: undefined,
  colour: undefined,
};

/** irfft2 by its sums, over a half-plane of complex numbers. */
function irfft2(re: Tensor, im: Tensor, height: number, width: number): number[] {
  const half = Math.floor(width / 2) + 1;
  return Array.from({ length: height * width }, (_, p) => {
    const [i, j] = [Math.floor(p / width), p % width];
    let sum = 0;
    for (let u = 0; u < height; u++) {
      for (let v = 0; v < half; v++) {
        const angle = 2 * Math.PI * ((u * i) / height + (v * j) / width);
        const share = v === 0 || 2 * v === width ? 1 : 2;
        sum += share * (re.data[u * half + v] * Math.cos(angle) - im.data[u * half + v] * Math.sin(angle));
      }
    }
    return sum / (height * width);
  });
}

describe("Fourier pictures", () => {
  it.each([
    [6, 8],
    [7, 5],
    [1, 4],
    [9, 1],
  ])("AM2 at unit weights √(wh)·irfft2 is the ortho-normalised transform, %i x %i", (height, width) => {
    const half = Math.floor(width / 2) + 1;
    const [re, im] = [randomNormal([1, 1, height, half], random(1)), randomNormal([1, 1, height, half], random(2))];
    const { rows, columns } = inverseTransform(height, width);
    const found = inverseFourier(re, im, rows, columns);
    irfft2(re, im, height, width).forEach((v, p) => {
      expect(found.data[p]).toBeCloseTo(Math.sqrt(height * width) * v, 4);
    });
    // There and back: the picture's own transform has the magnitudes that it was made from, where they are free to be.
    const back = magnitudes(found.data, height, width);
    for (let u = 0; u < height; u++) {
      for (let v = 1; 2 * v < width; v++) {
        const at = u * half + v;
        expect(back[at] / Math.sqrt(height * width)).toBeCloseTo(Math.hypot(re.data[at], im.data[at]), 4);
      }
    }
  });

  it.each([
    [128, 0.0187],
    [224, 0.0198],
  ])("AM3 the standard deviation of the first picture of %i pixels is %f", async (size, expected) => {
    const how = parametrisation({ ...plain, name: "fourier", shape: [1, size, size] });
    const free = input("free", [8, 1, size, size]);
    const program = await compile(createGraph({ outputs: { out: how.picture<Value>({ picture: free }) } }), { device });
    let total = 0;
    for (let run = 0; run < 8; run++) {
      const draws = Array.from({ length: 8 }, (_, b) => how.start(random(100 * run + b)).picture);
      const x = new Float32Array(8 * size * size);
      draws.forEach((d, b) => {
        x.set(d, b * size * size);
      });
      const { out } = await program.run({ free: new Tensor(x, [8, 1, size, size]) });
      for (let b = 0; b < 8; b++) {
        const { data } = out.entry(b);
        let [sum, squares] = [0, 0];
        for (const v of data) {
          sum += v;
          squares += v * v;
        }
        total += Math.sqrt(squares / data.length - (sum / data.length) ** 2) / 64;
      }
    }
    // 64 draws of a deviation that itself varies by about a tenth.
    expect(Math.abs(total / expected - 1)).toBeLessThan(0.04);
  });
});

/** A photograph in small: soft shapes, an edge, and colours that go together. */
function photograph(size: number): Tensor {
  const data = new Float32Array(3 * size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const [y, x] = [i / size - 0.5, j / size - 0.5];
      const inside = 1 / (1 + Math.exp(30 * (Math.hypot(x - 0.1, y) - 0.28)));
      const light = 0.35 + 0.25 * y + 0.12 * Math.sin(9 * x) + 0.3 * inside;
      for (let c = 0; c < 3; c++) data[(c * size + i) * size + j] = light + [0.08, 0, -0.06][c] * (inside - 0.5);
    }
  }
  return new Tensor(data, [3, size, size]);
}

describe("parametrisations", () => {
  const size = 24;
  const photo = photograph(size);
  const net = nn.sequential({ conv: nn.conv2d(3, 3, 1, { bias: false }) });
  const identity = tensor([1, 0, 0, 0, 1, 0, 0, 0, 1].map(Number)).reshape([3, 3, 1, 1]);
  const mirror: Model = createModel(net, [3, size, size], {
    parameters: new Map([["conv.weight", identity]]),
    preprocessing: { name: "test", channels: "rgb", mean: [0.5, 0.5, 0.5], deviation: [1, 1, 1] },
  });
  const shown = new Tensor(
    photo.data.map((v) => v - 0.5),
    photo.shape,
  );
  const objective: Objective = { kind: "match", layer: "conv", picture: shown };
  const base = { objective, l2: 0, totalVariation: 0, jitter: 0, steps: 1000, optimiser: adam(0.05), device, threads } as const;
  const error = (image: Tensor): number => Array.from(image.data).reduce((s, v, p) => s + Math.abs(v - shown.data[p]), 0) / image.size;

  it.each(["pixel", "fourier", "laplacian", "shared"] as const)(
    "AM4 %s fits a photograph to a mean error below .01 in 1000 steps",
    async (name) => {
      for (const squash of ["sigmoid", "clip"] as const) {
        const { image } = await maximise(mirror, { ...base, parametrisation: name, squash });
        expect(error(image)).toBeLessThan(0.01);
      }
    },
  );

  it("AM4 the coordinate network fits it to the error below .01", async () => {
    const { image } = await maximise(mirror, { ...base, parametrisation: "cppn", optimiser: adam(0.01) });
    expect(error(image)).toBeLessThan(0.01);
  });

  it("G1 a small picture that all share keeps a batch closer together than waves alone", async () => {
    const apart = async (parametrisation: ParametrisationName): Promise<number> => {
      const wish: Objective = {
        kind: "interpolation",
        from: { kind: "channel", layer: "conv2", channel: 0 },
        to: { kind: "channel", layer: "conv2", channel: 4 },
      };
      const [a, b] = await maximiseBatch(smallNet(), { objective: wish, count: 2, parametrisation, steps: 60, jitter: 0, device, threads });
      const [first, second] = [Array.from(a.image.data), Array.from(b.image.data)];
      return first.reduce((s, v, p) => s + (v - second[p]) ** 2, 0) / first.reduce((s, v, p) => s + v * v + second[p] ** 2, 0);
    };
    expect(await apart("shared")).toBeLessThan(await apart("fourier"));
  });

  it("phase-only pictures keep the data's magnitudes, whatever they are climbed for", async () => {
    const { train } = await synthetic({ train: 60, test: 10, size: 12, seed: 1 });
    const statistics = dataStatistics(train);
    const how = parametrisation({ ...plain, name: "phase", shape: [1, 12, 12], spectrum: statistics.spectrum });
    const { phase } = how.start(random(3));
    const raw = how.picture<Tensor>({ phase: new Tensor(phase, [1, 1, 12, 7]) });
    const found = magnitudes(raw.data, 12, 12);
    // One factor for all: the picture is standardised.
    const ratios = [8, 9, 16, 30, 40].map((at) => found[at] / statistics.spectrum.data[at]);
    for (const ratio of ratios) expect(ratio / ratios[0]).toBeCloseTo(1, 3);
    const options = { layer: "conv2", channel: 1, parametrisation: "phase", jitter: 0, steps: 40, device, threads } as const;
    const result = await maximise(smallNet(), { ...options, statistics });
    expect(result.objective).toBeGreaterThan(result.history[0]);
    await expect(maximise(smallNet(), options)).rejects.toThrow(/statistics/);
  });

  it("names the parametrisations that there are", async () => {
    const ask = maximise(smallNet(), { class: 0, parametrisation: "wavelet" as ParametrisationName, device, threads });
    await expect(ask).rejects.toThrow(/wavelet.*pixel, fourier, laplacian, shared, cppn, phase/);
  });
});
