// Measures of trust on functions whose answers are known: linear nets, "any pixel", an attribution that ignores the net.
import { describe, expect, test } from "vitest";
import {
  attribute,
  compareMaps,
  faithfulness,
  impute,
  infidelity,
  pointingGame,
  road,
  sanityCheck,
  sensitivityMax,
  sensitivityN,
} from "../../src/lens/index.ts";
import { perPixel } from "../../src/lens/trust/ranking.ts";
import { ranks } from "../../src/lens/trust/similarity.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { ones, random, randomNormal, Tensor, tensor } from "../../src/tensor/index.ts";
import { predict } from "../../src/train/evaluate.ts";
import { linearNet, smallNet } from "./nets.ts";

const exact = { device: "reference", dtype: "float64" } as const;
/** The unit itself, not a class: raw values. */
const unit = { layer: "dense", channel: 0, ...exact } as const;

/** relu(1 - relu(1 - Σ weight · x)) and its likes: 1 if any pixel is there. */
function anyPixel(pixels: number): Model {
  const net = nn.sequential({
    flatten: nn.flatten(),
    count: nn.linear(pixels, 1),
    clipped: nn.relu(),
    dense: nn.linear(1, 1),
    last: nn.relu(),
  });
  return createModel(net, [1, 2, pixels / 2], {
    parameters: new Map([
      ["count.weight", tensor(new Float32Array(pixels).fill(-1), [1, pixels])],
      ["count.bias", tensor([1])],
      ["dense.weight", tensor([[-1]])],
      ["dense.bias", tensor([1])],
    ]),
  });
}

describe("FA1, FA2 deletion and insertion", () => {
  const options = { ...unit, step: 1, deletionSubstrate: 0, insertionSubstrate: 0 } as const;

  test("FA1 contributions 4, 3, 2, 1: .375 and .625 of the score, in any place; the two areas add up to it", async () => {
    for (const order of [
      [4, 3, 2, 1],
      [1, 4, 2, 3],
    ]) {
      const model = linearNet(tensor(order, [2, 2]));
      const x = ones([1, 2, 2], "float64");
      const { deletion, insertion } = await faithfulness(model, x, tensor(order, [1, 2, 2]), options);
      expect(deletion.area).toBeCloseTo(3.75, 12);
      expect(insertion.area).toBeCloseTo(6.25, 12);
      expect(deletion.scores).toEqual([10, 6, 3, 1, 0]);
      expect(insertion.pixels).toEqual([0, 1, 2, 3, 4]);
    }
  });

  test("FA1 the areas of a linear score add up for every map, and a random order has half in the mean", async () => {
    const weights = randomNormal([4, 5], random(1));
    const x = randomNormal([1, 4, 5], random(2)).cast("float64");
    const model = linearNet(weights);
    let [mean, score] = [0, 0];
    const trials = 60;
    for (let seed = 0; seed < trials; seed++) {
      const { deletion, insertion } = await faithfulness(model, x, randomNormal([1, 4, 5], random(seed)), { ...options, step: 3 });
      score = deletion.scores[0];
      expect(insertion.area + deletion.area).toBeCloseTo(score, 6);
      mean += deletion.area / trials;
    }
    const spread = Math.sqrt(Array.from(weights.data, (w, i) => (w * x.data[i]) ** 2).reduce((a, b) => a + b, 0));
    expect(Math.abs(mean - score / 2)).toBeLessThan(spread / 4);
  });

  test("FA2 any pixel: insertion goes to 1, and deletion of 1 - [any pixel is 0] to 0", async () => {
    const x = ones([1, 2, 40], "float64");
    const map = randomNormal([1, 2, 40], random(3));
    const insertion = (await faithfulness(anyPixel(80), x, map, { ...options, layer: "last" })).insertion;
    expect(insertion.area).toBeCloseTo(1 - 1 / 160, 9);
    // All pixels must be there: relu(Σx - 79).
    const net = nn.sequential({ flatten: nn.flatten(), dense: nn.linear(80, 1), last: nn.relu() });
    const all = createModel(net, [1, 2, 40], { parameters: new Map([["dense.weight", ones([1, 80])], ["dense.bias", tensor([-79])]]) }); // biome-ignore format: pairs
    const deletion = (await faithfulness(all, x, map, { ...options, layer: "last" })).deletion;
    expect(deletion.area).toBeCloseTo(1 / 160, 9);
  });

  test("the default substrates are the mean and the blur, the default step a row, the score a probability", async () => {
    const x = randomNormal([1, 12, 12], random(4));
    const { map } = await attribute(smallNet(), x, { method: "gradientInput", class: 1 });
    const { deletion, insertion } = await faithfulness(smallNet(), x, map, { class: 1, device: "wasm", threads: 1 });
    expect(deletion.pixels).toHaveLength(13);
    for (const s of [...deletion.scores, ...insertion.scores]) {
      expect(s).toBeGreaterThanOrEqual(0);
      expect(s).toBeLessThanOrEqual(1);
    }
    expect(insertion.scores.at(-1)).toBeCloseTo(deletion.scores[0], 5);
    await expect(faithfulness(smallNet(), x, tensor(new Float32Array(4), [1, 2, 2]), { class: 1 })).rejects.toThrow(ShapeError);
  });
});

describe("FA2, FA3 infidelity and sensitivity", () => {
  const x = randomNormal([1, 3, 4], random(5)).cast("float64");

  test("FA2 sensitivity-n of a sum: correlation +1 for φ = x, -1 for φ = -x, undefined for a constant", async () => {
    const model = linearNet(ones([3, 4]));
    const options = { ...unit, size: 4, subsets: 30 };
    expect(await sensitivityN(model, x, x, options)).toBeCloseTo(1, 9);
    const negative = new Tensor(
      x.data.map((v: number) => -v),
      x.shape,
    );
    expect(await sensitivityN(model, x, negative, options)).toBeCloseTo(-1, 9);
    expect(await sensitivityN(model, x, new Tensor(new Float64Array(12), x.shape), options)).toBeUndefined();
  });

  test("FA3 linear: infidelity of w is 0, of nothing σ²‖w‖²", async () => {
    const weights = tensor([1, 2, -3], [1, 3]);
    const model = linearNet(weights);
    const at = tensor(Float64Array.of(0.3, -1, 2), [1, 1, 3]);
    const noise = {
      ...unit,
      samples: 100_000,
      batchSize: 256,
      perturb: (generator: ReturnType<typeof random>) =>
        new Tensor(
          Float64Array.from({ length: 3 }, () => 0.2 * generator.normal()),
          [1, 1, 3],
        ),
    };
    expect(await infidelity(model, at, weights.reshape([1, 1, 3]).cast("float64"), { ...noise, samples: 50 })).toBeLessThan(1e-20);
    expect(Math.abs((await infidelity(model, at, new Tensor(new Float64Array(3), [1, 1, 3]), noise)) - 0.56)).toBeLessThan(0.01);
  });

  test("FA3 the normalised form does not care how a map is scaled", async () => {
    const weights = randomNormal([3, 4], random(6));
    const scaled = new Tensor(
      Float64Array.from(weights.data, (w) => 7 * w),
      [1, 3, 4],
    );
    expect(await infidelity(linearNet(weights), x, scaled, { ...unit, normalised: true })).toBeLessThan(1e-12);
    expect(await infidelity(linearNet(weights), x, scaled, unit)).toBeGreaterThan(1e-6);
  });

  test("PR15 FA3 a map of another size than the picture is refused", async () => {
    const model = linearNet(ones([3, 4]));
    await expect(infidelity(model, x, new Tensor(new Float64Array(6), [1, 2, 3]), unit)).rejects.toThrow(
      /\[1, 2, 3\]; expected \[C, 3, 4\]/,
    );
    await expect(infidelity(model, x, new Tensor(new Float64Array(24), [2, 3, 4]), unit)).rejects.toThrow(ShapeError);
  });

  test("FA5 pictures of photographic size: the norm of a map of 200,000 numbers", async () => {
    const model = linearNet(ones([400, 500]));
    const large = ones([1, 400, 500]);
    const found = await sensitivityMax(model, large, { method: "gradientInput", class: 0, trials: 1, device: "reference" });
    // The change of each number is uniform within 0.02: a deviation of 0.02 / √3 against a value of 1.
    expect(found).toBeCloseTo(0.02 / Math.sqrt(3), 4);
  });

  test("FA5 the gradient of a linear model does not move; that of a net with kinks does", async () => {
    expect(await sensitivityMax(linearNet(randomNormal([3, 4], random(7))), x, { method: "gradient", class: 0, ...exact })).toBe(0);
    const picture = randomNormal([1, 12, 12], random(8));
    expect(await sensitivityMax(smallNet(), picture, { method: "gradient", class: 0, radius: 0.3, device: "reference" })).toBeGreaterThan(
      0.01,
    );
  });
});

describe("without a target", () => {
  const x = randomNormal([1, 12, 12], random(4));
  const run = { device: "reference" } as const;
  // What the net says of the picture, by another way.
  const saidOf = async (): Promise<number> => (await predict(smallNet(), x, run)).labels[0];

  test("FA1 measures are about the class that the net predicts", async () => {
    const answer = await saidOf();
    const other = (answer + 1) % 3;
    const { map } = await attribute(smallNet(), x, { method: "gradientInput", class: answer, ...run });
    for (const measure of [faithfulness, infidelity, sensitivityN, road] as const) {
      const found = await measure(smallNet(), x, map, run);
      expect(found).toEqual(await measure(smallNet(), x, map, { class: answer, ...run }));
      expect(found).not.toEqual(await measure(smallNet(), x, map, { class: other, ...run }));
    }
  });

  test("FA4 FA5 so are checks that make maps of their own, with the class of the untouched net and picture throughout", async () => {
    const answer = await saidOf();
    const asked = { method: "gradient", ...run } as const;
    expect(await sensitivityMax(smallNet(), x, asked)).toBe(await sensitivityMax(smallNet(), x, { ...asked, class: answer }));
    const report = await sanityCheck(smallNet(), x, asked);
    for (const { target } of [report.original, ...report.steps.map((s) => s.attribution)]) expect(target).toBe(`class ${answer}`);
  });

  test("PR15 a net that gives a map of scores predicts no class", async () => {
    const net = createModel(nn.sequential({ conv: nn.conv2d(1, 3, 3) }), [1, 12, 12], { seed: 1 });
    await expect(faithfulness(net, x, x, run)).rejects.toThrow(/map of 10 x 10 scores.*layer and channel/);
  });
});

describe("FA4 sanity checks", () => {
  const picture = randomNormal([1, 12, 12], random(9));

  test("FA4 an attribution that ignores the weights stays the same at every step; the gradient falls", async () => {
    const edges = await sanityCheck(smallNet(), picture, { method: "edges", class: 1, device: "reference" });
    expect(edges.steps.map((s) => s.layer)).toEqual(["logits", "conv2", "conv1"]);
    for (const { similarity } of edges.steps) {
      expect(similarity.spearman).toBeCloseTo(1, 12);
      expect(similarity.ssim).toBeCloseTo(1, 12);
      expect(similarity.hog).toBeCloseTo(1, 12);
    }
    const gradient = await sanityCheck(smallNet(), picture, { method: "gradient", class: 1, device: "reference" });
    expect(Math.abs(gradient.steps.at(-1)?.similarity.spearman ?? 1)).toBeLessThan(0.5);
  });

  test("FA4 independent forgetting leaves the other layers; the same seed forgets the same way", async () => {
    const once = await sanityCheck(smallNet(), picture, { method: "gradient", class: 1, mode: "independent", device: "reference" });
    const again = await sanityCheck(smallNet(), picture, { method: "gradient", class: 1, mode: "independent", device: "reference" });
    expect(again.steps.map((s) => s.similarity)).toEqual(once.steps.map((s) => s.similarity));
    const cascade = await sanityCheck(smallNet(), picture, { method: "gradient", class: 1, device: "reference" });
    expect(cascade.steps[0].similarity).toEqual(once.steps[0].similarity);
    expect(cascade.steps[2].similarity).not.toEqual(once.steps[2].similarity);
    await expect(sanityCheck(smallNet(), picture, { method: "gradient", class: 1, mode: "upwards" as never })).rejects.toThrow(
      ArgumentError,
    );
  });

  test("maps are compared by ranks, structure and edges", () => {
    expect([...ranks([3, 1, 3, 2])]).toEqual([3.5, 1, 3.5, 2]);
    const a = randomNormal([1, 16, 16], random(1));
    const b = new Tensor(
      a.data.map((v: number) => v ** 3),
      a.shape,
    );
    expect(compareMaps(a, b).spearman).toBeCloseTo(1, 12);
    const turned = new Tensor(
      a.data.map((v: number) => -v),
      a.shape,
    );
    expect(compareMaps(a, turned).spearman).toBeCloseTo(-1, 12);
    expect(compareMaps(a, turned).spearmanAbsolute).toBeCloseTo(1, 12);
    expect(compareMaps(a, turned).ssim).toBeLessThan(0);
    expect(compareMaps(a, randomNormal([1, 16, 16], random(2))).ssim).toBeLessThan(0.5);
    expect(compareMaps(a, new Tensor(new Float32Array(256), [1, 16, 16])).spearman).toBeUndefined();
  });
});

describe("pointing game and ROAD", () => {
  test("the strongest pixel counts, within a tolerance, averaged over classes", () => {
    const map = (at: number): Tensor =>
      new Tensor(
        Float32Array.from({ length: 100 }, (_, p) => (p === at ? 1 : 0)),
        [1, 10, 10],
      );
    const mask = new Tensor(
      Float32Array.from({ length: 100 }, (_, p) => (p % 10 < 3 ? 1 : 0)),
      [10, 10],
    );
    const tasks = [
      { map: map(0), mask, class: "a" },
      { map: map(9), mask, class: "a" },
      { map: map(4), mask, class: "b" },
    ];
    expect(pointingGame(tasks, { tolerance: 0 })).toEqual({ hits: 1, total: 3, perClass: new Map([["a", 0.5], ["b", 0]]), accuracy: 0.25 }); // biome-ignore format: pairs
    expect(pointingGame(tasks, { tolerance: 2 }).accuracy).toBe(0.75);
    expect(pointingGame([]).accuracy).toBe(0);
  });

  test("imputation continues a slope exactly where the hole's surroundings are one, and keeps what was not removed", () => {
    const image = new Tensor(
      Float64Array.from({ length: 81 }, (_, p) => (p % 9) + 2 * Math.floor(p / 9)),
      [1, 9, 9],
    );
    const hole = Int32Array.from([30, 31, 32, 39, 40, 41, 48, 49, 50]);
    const filled = impute(image, hole);
    for (let p = 0; p < 81; p++) expect(filled.data[p]).toBeCloseTo(image.data[p], 3);
    const all = impute(
      image,
      Int32Array.from({ length: 81 }, (_, p) => p),
    );
    expect(Array.from(all.data).every(Number.isFinite)).toBe(true);
  });

  test("ROAD falls faster along a map that knows the net than along its reverse", async () => {
    const weights = tensor(
      Float32Array.from({ length: 64 }, (_, p) => (p === 27 || p === 12 ? 5 : 0.01)),
      [8, 8],
    );
    const x = new Tensor(
      Float32Array.from({ length: 64 }, (_, p) => (p === 27 || p === 12 ? 1 : 0.1)),
      [1, 8, 8],
    );
    const options = { layer: "dense", channel: 0, device: "reference", shares: [0.1, 0.3] } as const;
    const most = await road(linearNet(weights), x, weights.reshape([1, 8, 8]), options);
    const least = await road(linearNet(weights), x, weights.reshape([1, 8, 8]), { ...options, leastFirst: true });
    expect(most.mean).toBeLessThan(least.mean / 2);
    expect(await road(linearNet(weights), x, weights.reshape([1, 8, 8]), options)).toEqual(most);
    await expect(road(linearNet(weights), x, weights.reshape([1, 8, 8]), { ...options, shares: [2] })).rejects.toThrow(ArgumentError);
  });

  test("channels of a map are added up per pixel", () => {
    expect([...perPixel(tensor([1, 2, 3, 4, 10, 20, 30, 40], [2, 2, 2]), ones([2, 2, 2]))]).toEqual([11, 22, 33, 44]);
  });
});
