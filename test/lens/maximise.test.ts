// Activation maximisation against theory, and the promises around it (seeing-inside.md sections 1 and 13).
import { describe, expect, it } from "vitest";
import { synthetic } from "../../src/data/synthetic.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { constant, input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { examples, maximise, maximiseEach } from "../../src/lens/index.ts";
import { waveBasis, waveScales } from "../../src/lens/maximise/fourier.ts";
import { redirectedRules } from "../../src/lens/rules.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { clip, matmul, relu, relu6 } from "../../src/ops/index.ts";
import { ones, random, randomNormal, Tensor, tensor } from "../../src/tensor/index.ts";
import { fit } from "../../src/train/fit.ts";
import { adam } from "../../src/train/optimisers.ts";
import { linearNet, smallNet } from "./nets.ts";

const device = "reference" as const;
const norm = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => dot(a, b) / (norm(a) * norm(b));

describe("activation maximisation", () => {
  const weights = randomNormal([5, 6], random(11));
  const plain = { jitter: 0, totalVariation: 0, l2: 0, device } as const;

  it("AM1 G1 a linear unit on the unit sphere: the picture is w / |w| and the activation |w|", async () => {
    const result = await maximise(linearNet(weights), { class: 0, bounds: { norm: 1 }, ...plain });
    expect(cosine(result.image.data, weights.data)).toBeGreaterThan(0.999);
    expect(result.objective / norm(weights.data)).toBeGreaterThan(0.999);
    expect(result.objective / norm(weights.data)).toBeLessThan(1 + 1e-6);
    expect(result.activation).toBeCloseTo(result.objective, 10);
  });

  it("AM1 G1 a linear unit with an L2 penalty: the picture points along w", async () => {
    const result = await maximise(linearNet(weights), { class: 0, ...plain, l2: 1, steps: 400 });
    expect(cosine(result.image.data, weights.data)).toBeGreaterThan(0.999);
    // The uphill gradient has a root mean square of 1, so at l2 = 1 the picture has, too.
    expect(norm(result.image.data) / Math.sqrt(result.image.size)).toBeCloseTo(1, 1);
  });

  it("AM1 a linear unit within |x| <= 1: the picture is sign(w) and the activation the sum of |w|", async () => {
    const result = await maximise(linearNet(weights), {
      class: 0,
      bounds: { low: -1, high: 1 },
      ...plain,
      parametrisation: "pixel",
      steps: 400,
      optimiser: adam(0.2),
    });
    weights.data.forEach((w, p) => {
      expect(result.image.data[p] * Math.sign(w)).toBeGreaterThan(0.99);
    });
    const best = Array.from(weights.data).reduce((sum, w) => sum + Math.abs(w), 0);
    expect(result.objective / best).toBeGreaterThan(0.995);
    expect(result.objective).toBeLessThanOrEqual(best);
  });

  it("AM5 every objective rises, with pixels and with waves", async () => {
    const model = smallNet();
    const direction = randomNormal([6], random(3));
    const targets = [
      { class: 1 },
      { layer: "conv2", channel: 4 },
      { layer: "conv2", channel: 4, position: "centre" },
      { layer: "conv2", direction },
    ] as const;
    for (const parametrisation of ["pixel", "fourier"] as const) {
      for (const target of targets) {
        const { history, objective } = await maximise(model, {
          ...target,
          parametrisation,
          steps: 12,
          jitter: 1,
          optimiser: adam(0.1),
          device,
        });
        expect(history).toHaveLength(12);
        expect(history[3]).toBeGreaterThan(history[0]);
        expect(objective).toBeGreaterThan(history[0]);
      }
    }
  });

  it("AM9 the same seed gives the same bits, another seed another picture", async () => {
    const run = (seed: number): Promise<Tensor> =>
      maximise(smallNet(), { layer: "conv2", channel: 2, seed, steps: 10, jitter: 2, device }).then((r) => r.image);
    const [first, again, other] = [await run(4), await run(4), await run(5)];
    expect(Array.from(again.data)).toEqual(Array.from(first.data));
    expect(Array.from(other.data)).not.toEqual(Array.from(first.data));
  });

  it("AM9 G1 in a trained net every channel's picture exceeds its best training picture", async () => {
    const { train } = await synthetic({ train: 300, test: 10, size: 16, seed: 1 });
    const net = nn.sequential({
      conv1: nn.conv2d(1, 6, 3, { padding: 1 }),
      relu1: nn.relu(),
      pool1: nn.maxPool2d(2),
      conv2: nn.conv2d(6, 8, 3),
      relu2: nn.relu(),
      flatten: nn.flatten(),
      logits: nn.linear(8 * 36, 10),
    });
    const model = await fit(net, train, { epochs: 4, batchSize: 20, optimiser: adam(5e-3), seed: 2, device });
    const found = await examples(model, train, { layer: "conv2", device });
    const wanted = await maximiseEach(model, { layer: "conv2", position: "centre", steps: 128, optimiser: adam(0.1), device });
    for (const [channel, w] of wanted.entries()) expect(w.activation).toBeGreaterThan(found[channel].best);
  });

  it("a batch of channels gives each the picture that it gets alone", async () => {
    const model = smallNet();
    const options = { layer: "conv2", steps: 6, jitter: 1, seed: 9, device } as const;
    const together = await maximiseEach(model, { ...options, channels: [0, 3, 5], batchSize: 2 });
    expect(together.map((r) => r.channel)).toEqual([0, 3, 5]);
    for (const r of together) {
      const alone = await maximise(model, { ...options, channel: r.channel as number });
      expect(Array.from(alone.image.data)).toEqual(Array.from(r.image.data));
      expect(alone.history).toEqual(r.history);
    }
  });

  it("KD6 works at any size: colour, not square, and another size than the net's own, without a hidden resize", async () => {
    const net = nn.sequential({ conv1: nn.conv2d(3, 4, 3, { stride: 2 }), relu1: nn.relu(), conv2: nn.conv2d(4, 2, [2, 3]) });
    const model = createModel(net, [3, 10, 14], { seed: 1 });
    for (const parametrisation of ["pixel", "fourier"] as const) {
      const options = { layer: "conv2", channel: 1, position: "centre", parametrisation, steps: 10, jitter: 1, device } as const;
      const own = await maximise(model, options);
      expect(own.image.shape).toEqual([3, 10, 14]);
      expect(own.objective).toBeGreaterThan(own.history[0]);
      expect((await maximise(model, { ...options, size: [17, 9] })).image.shape).toEqual([3, 17, 9]);
    }
  });

  it("pictures stay within what the data can be", async () => {
    const model = createModel(smallNet().net, [1, 12, 12], {
      seed: 5,
      preprocessing: { name: "test", channels: "grey", mean: [0.3], deviation: [0.2] },
    });
    const { image, range } = await maximise(model, { layer: "conv2", channel: 0, steps: 60, optimiser: adam(0.5), l2: 0, device });
    for (const v of image.data) {
      expect(v).toBeGreaterThanOrEqual(-0.3 / 0.2 - 1e-5);
      expect(v).toBeLessThanOrEqual(0.7 / 0.2 + 1e-5);
    }
    expect(range).toEqual({ low: Math.min(...image.data), high: Math.max(...image.data) });
  });

  it("KD8 at learning rate 0 no number of transformed steps changes a bit", async () => {
    for (const parametrisation of ["pixel", "fourier"] as const) {
      const blur = parametrisation === "pixel" ? 1 : 0;
      const options = { layer: "conv2", channel: 1, jitter: 3, blur, parametrisation, optimiser: adam(0), device } as const;
      const before = await maximise(smallNet(), { ...options, steps: 0 });
      const after = await maximise(smallNet(), { ...options, steps: 25 });
      expect(Array.from(after.image.data)).toEqual(Array.from(before.image.data));
      // The transforms did happen: the objective saw other pictures.
      expect(new Set(after.history).size).toBeGreaterThan(1);
    }
  });

  it("blur, L2 and total variation each do what they are for", async () => {
    const roughness = ({ data }: Tensor): number => {
      let sum = 0;
      for (let i = 0; i < 12; i++) for (let j = 1; j < 12; j++) sum += (data[i * 12 + j] - data[i * 12 + j - 1]) ** 2;
      return sum / dot(data, data);
    };
    const options = {
      layer: "conv2",
      channel: 1,
      parametrisation: "pixel",
      jitter: 0,
      l2: 0.2,
      totalVariation: 0,
      steps: 60,
      device,
    } as const;
    const bare = await maximise(smallNet(), options);
    expect(roughness((await maximise(smallNet(), { ...options, blur: 0.8 })).image)).toBeLessThan(0.8 * roughness(bare.image));
    expect(roughness((await maximise(smallNet(), { ...options, totalVariation: 1 })).image)).toBeLessThan(0.8 * roughness(bare.image));
    expect(norm((await maximise(smallNet(), { ...options, l2: 2 })).image.data)).toBeLessThan(0.5 * norm(bare.image.data));
  });

  it.each([
    ["ReLU", nn.relu()],
    ["ReLU6", nn.relu6()],
    ["a clip from 0 to 6, as files write it", nn.functional((x) => clip(x, { min: 0, max: 6 }))],
    ["a clip from 0 up", nn.functional((x) => clip(x, { min: 0 }))],
  ])("G1 a unit behind a silent layer (%s) is reached by redirected gradients, and is diagnosed without them", async (_, relu) => {
    const net = nn.sequential({ conv: nn.conv2d(1, 1, 3), relu, top: nn.conv2d(1, 1, 1) });
    const model: Model = createModel(net, [1, 7, 7], {
      parameters: new Map([
        ["conv.weight", ones([1, 1, 3, 3])],
        ["conv.bias", tensor([-2])],
        ["top.weight", ones([1, 1, 1, 1])],
        ["top.bias", tensor([0])],
      ]),
    });
    const options = { layer: "top", channel: 0, jitter: 0, l2: 0, totalVariation: 0, steps: 40, device } as const;
    const dead = await maximise(model, { ...options, l2: 0.3, redirect: false });
    expect(dead.objective).toBe(0);
    expect(dead.warnings.join()).toMatch(/no gradient reached/);
    const reached = await maximise(model, options);
    expect(reached.objective).toBeGreaterThan(1);
    expect(reached.warnings).toEqual([]);
  });

  it("G1 redirection opens a ReLU for those pictures alone through which nothing passes, upwards only, and no clip that is no ReLU", () => {
    // First picture: one value passes, so nothing changes. Second: all are off, and what pushes up passes. Third: capped, not dead, and pushed down.
    const at = tensor([2, -1, -1, -1, -2, -3, 7, 8, 9], [3, 3]);
    const seed = tensor([1, 1, -1, 1, -1, 3, -1, -2, 1], [3, 3]);
    const opened = [1, 0, 0, 1, 0, 3, 0, 0, 0];
    const x = input("x", [3, 3]);
    const through = (y: Value, point: Tensor): number[] => {
      const [g] = gradient(y, [x], { seed: constant(seed), rules: redirectedRules() });
      // Zeros may carry a sign.
      return Array.from(evaluateValues([g], new Map([[x, point]]))[0].data, (v) => v + 0);
    };
    expect(through(relu6(x), at)).toEqual(opened);
    expect(through(clip(x, { min: 0, max: 6 }), at)).toEqual(opened);
    expect(through(relu(x), at)).toEqual([...opened.slice(0, 6), -1, -2, 1]);
    expect(through(clip(x, { min: -0.5, max: 6 }), at)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("says what is wrong with impossible options", async () => {
    const ask = (options: object): Promise<unknown> => maximise(smallNet(), { layer: "conv2", channel: 0, device, ...options });
    await expect(ask({ steps: -1 })).rejects.toThrow(/steps is -1/);
    await expect(ask({ jitter: 0.5 })).rejects.toThrow(/jitter is 0.5.*whole/);
    await expect(ask({ bounds: "data" })).rejects.toThrow(/preprocessing/);
    await expect(ask({ bounds: { low: 1, high: 0 } })).rejects.toThrow(/low must lie below high/);
    await expect(ask({ parametrisation: "fourier", blur: 1 })).rejects.toThrow(/smooth/);
    await expect(ask({ position: [9, 9] })).rejects.toThrow(/6 x 6 positions/);
    await expect(ask({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});

describe("parametrisations", () => {
  it("AM2 waves are orthonormal, for even and odd sizes", () => {
    for (const size of [1, 2, 5, 8, 28]) {
      const basis = waveBasis(size);
      const product = matmul(basis, basis, { transposeA: true });
      for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) expect(product.at(i, j)).toBeCloseTo(i === j ? 1 : 0, 5);
    }
  });

  it("AM3 the standard deviation of the first Fourier picture", async () => {
    for (const [size, expected] of [
      [16, 0.0133],
      [28, 0.015],
      [32, 0.0155],
      [64, 0.0171],
    ] as const) {
      const { parametrisation } = await import("../../src/lens/maximise/parametrise.ts");
      const how = parametrisation({
        name: "fourier",
        bounds: "none",
        squash: "sigmoid",
        spectrum: undefined,
        colour: undefined,
        normalisation: undefined,
        shape: [1, size, size],
        dtype: "float32",
        decay: 1,
      });
      let mean = 0;
      for (let draw = 0; draw < 200; draw++) {
        const { data } = how.picture<Tensor>({ picture: new Tensor(how.start(random(draw)).picture, [1, 1, size, size]) });
        const average = dot(data, ones([data.length]).data) / data.length;
        mean += Math.sqrt(Array.from(data).reduce((sum, v) => sum + (v - average) ** 2, 0) / data.length) / 200;
      }
      expect(Math.abs(mean / expected - 1)).toBeLessThan(0.03);
    }
    expect(waveScales(4, 4, 0).data.every((v) => v === 0.25)).toBe(true);
  });
});
