import { describe, expect, it } from "vitest";
import { arraysDataset, firstOf, synthetic, type TrainAndTest } from "../../../src/data/index.ts";
import { permutePixels, pixelPermutation } from "../../../src/lens/index.ts";
import { nn } from "../../../src/nn/index.ts";
import { adam } from "../../../src/train/index.ts";
import { digits } from "../../support/digits.ts";

const nets = {
  dense: nn.sequential({ flatten: nn.flatten(), hidden: nn.linear(784, 64), relu: nn.relu(), logits: nn.linear(64, 10) }),
  convolutional: nn.sequential({
    conv1: nn.conv2d(1, 8, 5, { padding: "same" }),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(8, 16, 5),
    relu2: nn.relu(),
    pool2: nn.maxPool2d(2),
    flatten: nn.flatten(),
    logits: nn.linear(400, 10),
  }),
};

async function expectPrior(data: TrainAndTest, loss: number): Promise<void> {
  const settings = { epochs: 4, batchSize: 32, optimiser: adam(2e-3), seed: 1, threads: 1, permutationSeed: 5 } as const;
  const [dense, convolutional] = await pixelPermutation(nets, data, settings);
  expect(Math.abs(dense.drop)).toBeLessThan(0.04);
  expect(convolutional.drop).toBeGreaterThan(loss);
  expect(convolutional.straight).toBeGreaterThan(dense.straight);
}

describe("H10 the prior made visible", () => {
  it("H10 shapes with permuted pixels: a dense net learns them as well as before, a convolutional net loses a lot", async () => {
    await expectPrior(await synthetic({ train: 1200, test: 800, seed: 2 }), 0.2);
  });

  it.skipIf(digits === undefined)("H10 digits with permuted pixels: the same", async () => {
    const { train, test } = digits as NonNullable<typeof digits>;
    await expectPrior({ train: firstOf(train, 1200), test: firstOf(test, 1000) }, 0.06);
  });

  it("H10 the order is fixed: the same for every picture, however it is read, and loses nothing", () => {
    // Every number is there once, so that each can be followed to its place.
    const train = arraysDataset({
      name: "distinct",
      images: Float32Array.from({ length: 12 * 3 * 144 }, (_, i) => i / 8192),
      labels: Int32Array.from({ length: 12 }, (_, i) => i % 3),
      imageShape: [3, 12, 12],
      classes: ["a", "b", "c"],
    });
    const permuted = permutePixels(train, 7);
    expect(permuted.imageShape).toEqual(train.imageShape);
    const plane = 144;
    const [straight, first] = [train.image(0).data, permuted.image(0).data];
    const order = Array.from({ length: plane }, (_, p) => straight.indexOf(first[p]));
    const batch = permuted.batch([3, 0, 11]);
    expect(Array.from(batch.y.data)).toEqual([3, 0, 11].map((i) => train.label(i)));
    [3, 0, 11].forEach((i, at) => {
      expect(batch.x.entry(at).data).toEqual(permuted.image(i).data);
      const [before, after] = [train.image(i).data, permuted.image(i).data];
      expect(Float32Array.from(after).sort()).toEqual(Float32Array.from(before).sort());
      for (let c = 0; c < 3; c++) {
        expect(Array.from(after.subarray(c * plane, (c + 1) * plane))).toEqual(order.map((p) => before[c * plane + p]));
      }
    });
    expect(order).not.toEqual(order.toSorted((a, b) => a - b));
    expect(permutePixels(train, 7).image(4).data).toEqual(permuted.image(4).data);
    expect(permutePixels(train, 8).image(4).data).not.toEqual(permuted.image(4).data);
  });
});
