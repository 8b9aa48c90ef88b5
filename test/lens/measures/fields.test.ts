import { describe, expect, it } from "vitest";
import { synthetic } from "../../../src/data/index.ts";
import { activations, costOf, effectiveField, projectiveField } from "../../../src/lens/index.ts";
import { createModel, initialise, type Model, nn } from "../../../src/nn/index.ts";
import { ArgumentError, GraphError } from "../../../src/tensor/errors.ts";
import { ones } from "../../../src/tensor/tensor.ts";
import { adam, fit } from "../../../src/train/index.ts";
import { smallNet } from "../nets.ts";

/** n convolutions of 1 x 3 ones on a row just long enough for the middle unit. */
function uniformStack(n: number): Model {
  const layers = Array.from({ length: n }, () => nn.conv2d(1, 1, [1, 3], { bias: false, initialise: initialise.constant(1) }));
  return createModel(nn.sequential(layers), [1, 1, 2 * n + 5]);
}

describe("H7 effective receptive field", () => {
  it.each([
    [5, 1.82574, 11, 66],
    [10, 2.58199, 21, 49],
    [20, 3.65148, 41, 36],
    [40, 5.16398, 81, 26],
  ])("H7 ER1 %i uniform layers of 3 taps: deviation %f, field %i, ±2σ covers %i %%", async (n, deviation, size, percent) => {
    const model = uniformStack(n);
    const field = await effectiveField(model, { layer: String(n - 1), samples: 1, dtype: "float64", device: "reference" });
    expect(Math.abs(field.deviation[1] - deviation)).toBeLessThan(1e-4);
    expect(Math.abs(field.deviation[1] - Math.sqrt((2 * n) / 3))).toBeLessThan(1e-9);
    const [first, last] = field.box[1];
    expect(last - first + 1).toBe(size);
    expect(Math.round(100 * field.share[1])).toBe(percent);
    expect(Array.from(field.profile.data).reduce((sum, v) => sum + v, 0)).toBeCloseTo(1, 12);
    expect(field.centre[1]).toBeCloseTo((first + last) / 2, 9);
  });

  it("H7 random weights with ReLU: the share shrinks with depth, and nothing lies outside the box", async () => {
    const shares: number[] = [];
    for (const depth of [2, 8]) {
      const layers = Array.from({ length: depth }, (_, i) => [nn.conv2d(i === 0 ? 1 : 6, 6, 3, { padding: 1 }), nn.relu()]).flat();
      const model = createModel(nn.sequential(layers), [1, 24, 24], { seed: 3 });
      const field = await effectiveField(model, { layer: String(2 * depth - 2), channel: 2, samples: 12, seed: 1 });
      const [[top, bottom], [left, right]] = field.box;
      field.profile.data.forEach((v, p) => {
        const [y, x] = [Math.floor(p / 24), p % 24];
        if (y < top || y > bottom || x < left || x > right) expect(v).toBe(0);
      });
      shares.push(field.share[0]);
    }
    expect(shares[1]).toBeLessThan(shares[0]);
    expect(shares[1]).toBeGreaterThan(0.1);
  });

  it("H7 a trained net, on pictures of its data: the measured field is inside the theoretical one and differs from the untrained one's", async () => {
    const data = await synthetic({ train: 200, test: 20, size: 12, classes: ["circle", "cross", "square"] });
    const before = smallNet();
    const after = await fit(before, data.train, { epochs: 4, batchSize: 20, optimiser: adam(3e-3), seed: 1, threads: 1 });
    const pictures = Array.from({ length: 20 }, (_, i) => data.test.image(i));
    const [untrained, trained] = await Promise.all(
      [before, after].map((model) => effectiveField(model, { layer: "conv2", channel: 1, pictures, threads: 1 })),
    );
    expect(trained.box).toEqual(untrained.box);
    expect(trained.box[0]).toEqual([3, 10]);
    for (const { share, profile } of [untrained, trained]) {
      expect(share[0]).toBeGreaterThan(0.3);
      expect(share[0]).toBeLessThan(1.2);
      for (let p = 0; p < profile.size; p++) {
        const inside = [Math.floor(p / 12), p % 12].every((at, axis) => at >= trained.box[axis][0] && at <= trained.box[axis][1]);
        if (!inside) expect(profile.data[p]).toBe(0);
      }
    }
    expect(Array.from(trained.profile.data)).not.toEqual(Array.from(untrained.profile.data));
  });

  it("H7 a unit that nothing reaches has an empty field; places and layers that are not there are refused", async () => {
    const dead = createModel(
      nn.sequential({
        conv: nn.conv2d(1, 1, 3, { initialise: initialise.constant(0), initialiseBias: initialise.constant(-1) }),
        relu: nn.relu(),
      }),
      [1, 8, 8],
    );
    const field = await effectiveField(dead, { layer: "relu", samples: 2 });
    expect(field.profile.data.every((v) => v === 0)).toBe(true);
    expect(field.deviation).toEqual([0, 0]);
    await expect(effectiveField(dead, { layer: "relu", position: [9, 0] })).rejects.toThrow(ArgumentError);
    await expect(effectiveField(dead, { layer: "relu", channel: 3 })).rejects.toThrow(ArgumentError);
    await expect(effectiveField(dead, { layer: "nothing" })).rejects.toThrow(GraphError);
    await expect(effectiveField(dead, { layer: "relu", samples: 0 })).rejects.toThrow(ArgumentError);
  });
});

describe("H1 projective field", () => {
  it("H1 five units, k3: x3 touches s2 s3 s4; behind a dense layer all 5", () => {
    const net = nn.sequential({
      s: nn.conv2d(1, 1, [1, 3], { padding: "same" }),
      g: nn.conv2d(1, 1, [1, 3], { padding: "same" }),
      flatten: nn.flatten(),
      dense: nn.linear(5, 5),
    });
    const cone = projectiveField(createModel(net, [1, 1, 5]), [0, 2]);
    expect(cone[0]).toMatchObject({
      layer: "s",
      touched: 3,
      of: 5,
      positions: [
        [0, 0],
        [1, 3],
      ],
      status: "exact",
    });
    expect(cone[1]).toMatchObject({ layer: "g", touched: 5, of: 5 });
    expect(cone.at(-1)).toMatchObject({ layer: "dense", status: "whole input", positions: [] });
  });

  it("H1 the cone holds exactly the units whose value a changed pixel can change", async () => {
    const model = createModel(
      nn.sequential({
        conv1: nn.conv2d(1, 2, 3, { stride: 2, padding: 1, initialise: initialise.constant(0.5) }),
        pool: nn.avgPool2d(2, { stride: 1 }),
        conv2: nn.conv2d(2, 1, 3, { initialise: initialise.constant(0.5) }),
      }),
      [1, 17, 15],
    );
    const still = ones([1, 17, 15]);
    const maps = await activations(model, still);
    for (const [row, column] of [
      [0, 0],
      [8, 7],
      [16, 3],
      [5, 14],
    ]) {
      const changed = still.clone();
      changed.data[row * 15 + column] = 100;
      const moved = await activations(model, changed);
      for (const { layer, positions, touched } of projectiveField(model, [row, column])) {
        const [before, after] = [maps.get(layer), moved.get(layer)];
        if (before === undefined || after === undefined) throw new Error(`no maps of ${layer}`);
        const [, height, width] = before.shape;
        const found: number[] = [];
        for (let p = 0; p < height * width; p++) if (before.data[p] !== after.data[p]) found.push(p);
        const [[top, bottom], [left, right]] = positions;
        const cone = Array.from({ length: height * width }, (_, p) => p).filter((p) => {
          const [y, x] = [Math.floor(p / width), p % width];
          return y >= top && y <= bottom && x >= left && x <= right;
        });
        expect(found, `${layer} (${row}, ${column})`).toEqual(cone);
        expect(touched).toBe(cone.length);
      }
    }
    expect(() => projectiveField(model, [17, 0])).toThrow(ArgumentError);
  });
});

describe("A14 the cost meter on models", () => {
  it("A14 explains the layers that have a formula, with the same numbers as the layer table", () => {
    const model = createModel(
      nn.sequential({
        conv: nn.conv2d(2, 6, [3, 5], { groups: 2, padding: 1 }),
        bn: nn.batchNorm2d(6),
        relu: nn.relu(),
        up: nn.convTranspose2d(6, 4, 3, { stride: 2, groups: 2 }),
        flatten: nn.flatten(),
        dense: nn.linear(4 * 17 * 13, 3, { bias: false }),
      }),
      [2, 8, 8],
    );
    const { layers, total } = costOf(model);
    const explained = layers.filter((l) => l.explained !== undefined);
    expect(explained.map((l) => l.name)).toEqual(["conv", "up", "dense"]);
    for (const { name, explained: e, parameters, macs, activations, memory } of explained) {
      expect([e?.parameters.value, e?.macs.value, e?.activations.value, e?.memory.value], name).toEqual([
        parameters,
        macs,
        activations,
        memory,
      ]);
    }
    expect(total.parameters).toBe(model.parameterCount);
    expect(total.memory).toBe(4 * (total.parameters + total.activations));
    expect(costOf(model, { bytes: 2 }).total.memory).toBe(total.memory / 2);
    expect(layers.find((l) => l.name === "conv")?.explained?.macs.substituted).toBe("6·(2 / 2)·3·5·8·6 = 4320");
  });
});

describe("LF9 a pixel's numbers, channels counted", () => {
  it("what changes when a pixel does is as many numbers as it is said to touch, behind a flattened map too", async () => {
    const model = createModel(nn.sequential([nn.conv2d(2, 5, 3, { stride: 2 }), nn.flatten(), nn.linear(80, 7)]), [2, 9, 9], { seed: 3 });
    const still = ones([2, 9, 9]);
    for (const [row, column] of [
      [0, 1],
      [4, 4],
      [8, 8],
    ] as const) {
      const changed = still.clone();
      for (const channel of [0, 1]) changed.data[channel * 81 + row * 9 + column] = 5;
      const [before, after] = [await activations(model, still), await activations(model, changed)];
      for (const { layer, numbers } of projectiveField(model, [row, column])) {
        const [a, b] = [before.get(layer)!.data, after.get(layer)!.data];
        expect(numbers.of).toBe(a.length);
        expect(numbers.touched, layer).toBe(Array.from(a, (v, i) => Number(v !== b[i])).reduce((sum, n) => sum + n, 0));
      }
    }
  });
});
