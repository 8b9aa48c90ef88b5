// Network dissection on units whose meaning is known, interventions, tuning curves, adversarial pictures and the growth of features.
import { describe, expect, test } from "vitest";
import { synthetic } from "../../src/data/index.ts";
import { thresholdAbove } from "../../src/lens/dissection/threshold.ts";
import {
  adversarial,
  type ConceptSet,
  dissect,
  featureEvolution,
  grating,
  intervene,
  placed,
  syntheticConcepts,
  tuning,
} from "../../src/lens/index.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { ArgumentError, DataError, ShapeError } from "../../src/tensor/errors.ts";
import { random, randomNormal, randomUniform, Tensor, tensor } from "../../src/tensor/index.ts";
import { adam, fit } from "../../src/train/index.ts";
import { linearNet, smallNet } from "./nets.ts";

const onReference = { device: "reference" } as const;

/** Channel 0 passes the picture on, channel 1 is the same everywhere. */
function passer(): Model {
  const net = nn.sequential({ conv: nn.conv2d(1, 2, 1), flatten: nn.flatten(), scores: nn.linear(128, 2) });
  return createModel(net, [1, 8, 8], { parameters: new Map([["conv.weight", tensor([1, 0], [2, 1, 1, 1])], ["conv.bias", tensor([0, 3])], ["scores.weight", randomNormal([2, 128], random(1))], ["scores.bias", tensor([0, 0])]]) }); // biome-ignore format: pairs
}

/** Pictures that are 1 on a block of `area` pixels, which is the first concept; a second concept is nowhere. */
function blocks(count: number): ConceptSet {
  const mask = (i: number): Uint8Array => Uint8Array.from({ length: 64 }, (_, p) => (p === i % 64 ? 1 : 0));
  return {
    name: "blocks",
    size: count,
    concepts: ["spot", "absent"],
    categories: ["place", "place"],
    image: (i) => new Tensor(Float32Array.from(mask(i)), [1, 8, 8]),
    mask: (i, concept) => (concept === 0 ? mask(i) : undefined),
  };
}

describe("network dissection", () => {
  test("DI1 a unit that is a concept's mask overlaps it entirely; a constant unit has no threshold; DI3 KD14 an absent concept is undefined", async () => {
    // One pixel of 64 is on: more than half a percent, so the share says how much of it is above the threshold.
    const found = await dissect(passer(), blocks(64), { layer: "conv", share: 1 / 64, ...onReference });
    const [passing, constant] = found.units;
    expect(passing.overlaps[0]).toEqual({ concept: "spot", overlap: 1 });
    expect(passing.concept).toBe("spot");
    expect(passing.overlaps[1]).toEqual({ concept: "absent", overlap: undefined });
    expect(constant).toMatchObject({ threshold: undefined, concept: undefined });
    expect(found.detectors).toEqual(new Map([["spot", 1]]));
  });

  test("DI2 the share of positions above the threshold is the one asked for within one position, less where values repeat", () => {
    for (const share of [0.005, 0.1]) {
      const values = Float32Array.from(randomNormal([10_001], random(3)).data);
      const found = thresholdAbove(values, share);
      expect(Math.abs((found?.share ?? 1) - share)).toBeLessThanOrEqual(1 / 10_001);
    }
    expect(thresholdAbove(new Float32Array(10).fill(2), 0.1)).toBeUndefined();
    const repeated = thresholdAbove(
      Float32Array.from({ length: 100 }, (_, i) => (i < 30 ? 1 : 0)),
      0.005,
    );
    expect(repeated).toEqual({ threshold: 0, share: 0.3 });
  });

  test("DI1 the synthetic set's own masks: a unit that sees brightness stands for what is brighter than its ground", async () => {
    const { test: data } = await synthetic({ test: 60, train: 10, size: 16, noise: 0, classes: ["circle", "square"] });
    const concepts = syntheticConcepts(data);
    expect(concepts.concepts).toContain("brighter than its ground");
    const net = nn.sequential({ conv: nn.conv2d(1, 1, 1), flatten: nn.flatten(), scores: nn.linear(256, 2) });
    const model = createModel(net, [1, 16, 16], { parameters: new Map([["conv.weight", tensor([1], [1, 1, 1, 1])]]), partial: true });
    const { units } = await dissect(model, concepts, { layer: "conv", share: 0.1, ...onReference });
    expect(units[0].concept).toBe("brighter than its ground");
    const again = await dissect(model, concepts, {
      layer: "conv",
      share: 0.1,
      withinCategory: true,
      device: "wasm",
      threads: 1,
      batchSize: 7,
    });
    expect(again.units[0].concept).toBe("brighter than its ground");
    expect(again.units[0].overlaps[0].overlap).toBeGreaterThanOrEqual(units[0].overlaps[0].overlap as number);
  });

  test("PR15 empty sets, layers without maps and masks of another size are refused", async () => {
    await expect(dissect(passer(), blocks(0), { layer: "conv", ...onReference })).rejects.toThrow(DataError);
    await expect(dissect(passer(), blocks(4), { layer: "scores", ...onReference })).rejects.toThrow(ShapeError);
    const wrong = { ...blocks(4), mask: () => new Uint8Array(5) };
    await expect(dissect(passer(), wrong, { layer: "conv", ...onReference })).rejects.toThrow(/5 pixels, the picture 64/);
    await expect(dissect(passer(), blocks(4), { layer: "conv", share: 2, ...onReference })).rejects.toThrow(ArgumentError);
  });
});

describe("interventions", () => {
  const picture = randomNormal([1, 12, 12], random(1));

  test("a channel that is switched off is as one whose weights are zero", async () => {
    const model = smallNet();
    const { before, after } = await intervene(model, picture, { layer: "conv1", channels: [2], ...onReference });
    const weight = (model.parameters.get("conv1.weight") as Tensor).clone();
    const bias = (model.parameters.get("conv1.bias") as Tensor).clone();
    weight.data.fill(0, 18, 27);
    bias.data[2] = 0;
    const without = model.with(new Map([["conv1.weight", weight], ["conv1.bias", bias]])); // biome-ignore format: pairs
    const expected = (await intervene(without, picture, { layer: "conv1", channels: [], ...onReference })).before;
    for (let i = 0; i < 3; i++) expect(after.data[i]).toBeCloseTo(expected.data[i], 5);
    expect(Array.from(after.data)).not.toEqual(Array.from(before.data));
  });

  test("all channels patched from another picture give what the net says to that picture", async () => {
    const other = randomNormal([1, 12, 12], random(2));
    const { after } = await intervene(smallNet(), picture, { layer: "relu1", from: other, device: "wasm", threads: 1 });
    const { before } = await intervene(smallNet(), other, { layer: "relu1", channels: [], device: "wasm", threads: 1 });
    for (let i = 0; i < 3; i++) expect(after.data[i]).toBeCloseTo(before.data[i], 5);
    await expect(intervene(smallNet(), picture, { layer: "relu1", channels: [9] })).rejects.toThrow(/channels 0\.\.3; 9/);
    await expect(intervene(smallNet(), picture, { layer: "relu1", value: 1, from: other })).rejects.toThrow(ArgumentError);
  });
});

describe("G11 adversarial pictures", () => {
  test("G11 linear theory: a step of epsilon along the sign moves the difference of two scores by epsilon times the 1-norm of their weights' difference", async () => {
    const weights = randomNormal([2, 20], random(4));
    const net = nn.sequential({ flatten: nn.flatten(), dense: nn.linear(20, 2, { bias: false }) });
    const model = createModel(net, [1, 4, 5], { parameters: new Map([["dense.weight", weights]]) });
    const x = randomNormal([1, 4, 5], random(5));
    const difference = (image: Tensor): number => {
      let sum = 0;
      for (let i = 0; i < 20; i++) sum += (weights.data[i] - weights.data[20 + i]) * image.data[i];
      return sum;
    };
    let norm = 0;
    for (let i = 0; i < 20; i++) norm += Math.abs(weights.data[i] - weights.data[20 + i]);
    const { image, before } = await adversarial(model, x, { epsilon: 0.1, ...onReference });
    expect(Math.abs(difference(image) - difference(x))).toBeCloseTo(0.1 * norm, 4);
    // So the smallest epsilon that turns the answer is known, too.
    const smallest = await adversarial(model, x, onReference);
    const theory = Math.abs(difference(x)) / norm;
    expect(smallest.turned).toBe(true);
    expect(smallest.after).toBe(1 - before);
    expect(smallest.epsilon).toBeGreaterThanOrEqual(theory * 0.999);
    expect(smallest.epsilon).toBeLessThan(theory + 0.02);
  });

  test("G11 no number moves further than epsilon, nor beyond the bounds, and many steps reach no less than one", async () => {
    const x = randomUniform([1, 12, 12], random(6));
    const one = await adversarial(smallNet(), x, { epsilon: 0.05, bounds: [0, 1], toward: 2, ...onReference });
    const many = await adversarial(smallNet(), x, {
      epsilon: 0.05,
      bounds: [0, 1],
      toward: 2,
      steps: 10,
      randomStart: true,
      ...onReference,
    });
    for (const { image, change } of [one, many]) {
      expect(Math.max(...change.data.map(Math.abs))).toBeLessThanOrEqual(0.05 + 1e-6);
      expect(Math.min(...image.data)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...image.data)).toBeLessThanOrEqual(1);
    }
    const margin = ({ scores }: { scores: Tensor }): number => scores.data[2] - Math.max(scores.data[0], scores.data[1]);
    expect(margin(many)).toBeGreaterThanOrEqual(margin(one) - 1e-3);
    const again = await adversarial(smallNet(), x, {
      epsilon: 0.05,
      bounds: [0, 1],
      toward: 2,
      steps: 10,
      randomStart: true,
      ...onReference,
    });
    expect([...again.image.data]).toEqual([...many.image.data]);
    await expect(adversarial(smallNet(), x, { epsilon: -1 })).rejects.toThrow(ArgumentError);
  });
});

describe("G12 tuning curves", () => {
  test("G12 a unit with a vertical edge's kernel prefers vertical gratings at their phase, and answers wherever the pattern is", async () => {
    const kernel = grating([1, 7, 7], { orientation: 60, frequency: 0.2 });
    const net = nn.sequential({
      conv: nn.conv2d(1, 1, 7, { bias: false }),
      relu: nn.relu(),
      flatten: nn.flatten(),
      scores: nn.linear(324, 2),
    });
    const model = createModel(net, [1, 24, 24], { parameters: new Map([["conv.weight", kernel.reshape([1, 1, 7, 7])]]), partial: true });
    const orientations = Array.from({ length: 12 }, (_, i) => 15 * i);
    const curve = await tuning(model, orientations.map((orientation) => grating([1, 24, 24], { orientation, frequency: 0.2 })), { layer: "conv", read: "max", ...onReference }); // biome-ignore format: one thought
    expect(orientations[curve.preferred[0]]).toBe(60);
    expect(curve.selectivity[0]).toBeGreaterThan(0.3);
    const frequencies = [0.05, 0.1, 0.2, 0.3, 0.4];
    const byFrequency = await tuning(model, frequencies.map((frequency) => grating([1, 24, 24], { orientation: 60, frequency })), { layer: "conv", read: "max", device: "wasm", threads: 1 }); // biome-ignore format: one thought
    expect(frequencies[byFrequency.preferred[0]]).toBe(0.2);
    // Position: the whole map answers, the unit at the centre only there.
    const centres = [8, 10, 12, 14, 16].map((column) => [12.5, column + 0.5] as const);
    const moved = centres.map((centre) => placed(kernel, [1, 24, 24], { centre }));
    const everywhere = await tuning(model, moved, { layer: "conv", read: "max", ...onReference });
    for (const v of everywhere.responses[0]) expect(v).toBeCloseTo(everywhere.responses[0][0], 4);
    const here = await tuning(model, moved, { layer: "conv", ...onReference });
    expect(here.preferred[0]).toBe(2);
    // Turned and scaled, it is another pattern.
    const turned = await tuning(model, [0, 30, 60, 90].map((rotation) => placed(kernel, [1, 24, 24], { rotation, centre: [12.5, 12.5] })), { layer: "conv", ...onReference }); // biome-ignore format: one thought
    expect(turned.preferred[0]).toBe(0);
    const scaled = await tuning(model, [0.5, 1, 2].map((scale) => placed(kernel, [1, 24, 24], { scale, centre: [12.5, 12.5] })), { layer: "conv", ...onReference }); // biome-ignore format: one thought
    expect(scaled.preferred[0]).toBe(1);
  });

  test("EF6 a placed pattern is itself where nothing is changed", () => {
    const pattern = randomNormal([1, 3, 3], random(3));
    const out = placed(pattern, [1, 5, 5], { centre: [2.5, 2.5], ground: 7 });
    for (let y = 0; y < 3; y++) for (let x = 0; x < 3; x++) expect(out.at(0, y + 1, x + 1)).toBeCloseTo(pattern.at(0, y, x), 6);
    expect(out.at(0, 0, 0)).toBe(7);
    expect(() => placed(pattern, [1, 5, 5], { scale: 0 })).toThrow(ArgumentError);
    expect(() => grating([3, 4, 4], { mean: [1, 2] })).toThrow(/2 values for 3 channels/);
  });

  test("PR15 no stimuli, and a linear net's answers in order", async () => {
    await expect(tuning(linearNet(tensor([[1]])), [], { layer: "dense" })).rejects.toThrow(ArgumentError);
    const { responses } = await tuning(linearNet(tensor([[2]])), [1, 2, 3].map((v) => tensor([v], [1, 1, 1])), { layer: "dense", ...onReference }); // biome-ignore format: one thought
    expect([...responses[0]]).toEqual([2, 4, 6]);
  });
});

test("G8 features grow toward what they become, the first layer before the last", { timeout: 60_000 }, async () => {
  const { train, test: held } = await synthetic({
    train: 480,
    test: 40,
    size: 16,
    classes: ["circle", "cross", "horizontal stroke", "vertical stroke"],
  });
  const net = nn.sequential({
    conv1: nn.conv2d(1, 6, 5),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(6, 8, 3),
    relu2: nn.relu(), // biome-ignore format: pairs
    flatten: nn.flatten(),
    scores: nn.linear(128, 4), // biome-ignore format: pairs
  });
  const models: Model[] = [createModel(net, [1, 16, 16], { seed: 2 })];
  for (let epoch = 0; epoch < 5; epoch++) {
    models.push(
      await fit(models[epoch], train, { epochs: 1, batchSize: 32, optimiser: adam(3e-3), seed: epoch, device: "wasm", threads: 1 }),
    );
  }
  const [conv1, conv2] = await featureEvolution(models, held, { layers: ["conv1", "conv2"], pictures: 40, device: "wasm", threads: 1 });
  for (const { similarity } of [conv1, conv2]) {
    expect(similarity.at(-1)).toBeCloseTo(1, 6);
    expect(similarity[0]).toBeLessThan(similarity[3]);
  }
  expect(conv1.similarity[1]).toBeGreaterThan(conv2.similarity[1]);
  await expect(featureEvolution(models.slice(0, 1), held)).rejects.toThrow(/two checkpoints/);
});
