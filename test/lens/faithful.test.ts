// The promise of the whole room on data whose truth is known: maps of a trained net say more about it than chance and than the picture's edges.
import { afterAll, beforeAll, expect, test } from "vitest";
import { stopWorkers } from "../../src/backends/wasm/index.ts";
import { classCounts, type Dataset, permuteLabels, type SyntheticDataset, synthetic } from "../../src/data/index.ts";
import { type AttributionMethod, attributeEach, dataSanityCheck, faithfulness, pointingGame } from "../../src/lens/index.ts";
import { type Model, nn } from "../../src/nn/index.ts";
import { random, randomUniform, type Tensor } from "../../src/tensor/index.ts";
import { adam, evaluate, fit } from "../../src/train/index.ts";

const machine = { device: "wasm", threads: 1 } as const;
const size = 20;
let model: Model;
let held: SyntheticDataset;
/** Pictures that the net gets right, with their classes. */
let tasks: { readonly image: Tensor; readonly class: number; readonly index: number }[];

beforeAll(async () => {
  const data = await synthetic({
    train: 1600,
    test: 80,
    size,
    noise: 0.03,
    classes: ["circle", "cross", "horizontal stroke", "vertical stroke"],
  });
  held = data.test;
  const net = nn.sequential({
    conv1: nn.conv2d(1, 8, 3, { padding: 1 }),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(8, 16, 3, { padding: 1 }),
    relu2: nn.relu(), // biome-ignore format: pairs
    pool: nn.globalMaxPool(),
    flatten: nn.flatten(),
    scores: nn.linear(16, 4), // biome-ignore format: pairs
  });
  model = await fit(net, data.train, { epochs: 8, batchSize: 32, optimiser: adam(5e-3), seed: 1, ...machine });
  const { accuracy, predictions } = await evaluate(model, held, machine);
  expect(accuracy).toBeGreaterThan(0.8);
  tasks = Array.from({ length: held.size }, (_, index) => index)
    .filter((index) => predictions[index] === held.label(index))
    .slice(0, 24)
    .map((index) => ({ image: held.image(index), class: held.label(index), index }));
}, 120_000);
afterAll(() => stopWorkers());

async function mapsOf(method: AttributionMethod): Promise<Tensor[]> {
  const asked = tasks.map(({ image, class: index }) => ({ image, target: { class: index } }));
  const options = method === "occlusion" ? { window: 5, stride: 1 } : {};
  return (await attributeEach(model, asked, { method, ...options, ...machine })).map(({ map }) => map);
}

/** Mean of insertion minus deletion: 0 for a map that knows nothing. */
async function worth(maps: readonly Tensor[]): Promise<number> {
  let sum = 0;
  for (const [i, { image, class: index }] of tasks.entries()) {
    const { deletion, insertion } = await faithfulness(model, image, maps[i], { class: index, step: 40, ...machine });
    sum += (insertion.area - deletion.area) / tasks.length;
  }
  return sum;
}

test("G7 G2 on the synthetic set, occlusion and integrated gradients beat chance and the edge detector", { timeout: 120_000 }, async () => {
  const chance = await worth(tasks.map((_, i) => randomUniform([1, size, size], random(i))));
  const edges = await worth(await mapsOf("edges"));
  for (const method of ["occlusion", "integratedGradients", "gradientInput"] as const) {
    const found = await worth(await mapsOf(method));
    expect(found, method).toBeGreaterThan(chance + 0.05);
    if (method !== "gradientInput") expect(found, method).toBeGreaterThan(edges);
  }
});

test("the pointing game: occlusion's strongest pixel lies on the figure more often than a random pixel does", {
  timeout: 60_000,
}, async () => {
  const game = (maps: readonly Tensor[]): number =>
    pointingGame(tasks.map(({ index, class: label }, i) => ({ map: maps[i], mask: held.groundTruth(index).mask, class: label })), { tolerance: 1 }).accuracy; // biome-ignore format: one thought
  const pointed = game(await mapsOf("occlusion"));
  const blind = game(tasks.map((_, i) => randomUniform([1, size, size], random(i + 100))));
  expect(pointed).toBeGreaterThan(blind + 0.15);
});

test("FA4 data randomisation: a net that learnt permuted labels by heart is explained differently; the edges stay", {
  timeout: 120_000,
}, async () => {
  const { train } = await synthetic({
    train: 200,
    test: 10,
    size,
    noise: 0.03,
    classes: ["circle", "cross", "horizontal stroke", "vertical stroke"],
  });
  const blind = permuteLabels(train, { seed: 1 });
  const counts = (data: Dataset): number[] => classCounts(data);
  expect(counts(blind)).toEqual(counts(train));
  expect(Array.from({ length: 200 }, (_, i) => blind.label(i))).not.toEqual(Array.from({ length: 200 }, (_, i) => train.label(i)));
  expect([...blind.batch([3, 5]).y.data]).toEqual([blind.label(3), blind.label(5)]);
  const [{ image, class: index }] = tasks;
  const fitting = { epochs: 3, batchSize: 32, optimiser: adam(5e-3), seed: 1, ...machine };
  const check = (method: AttributionMethod) =>
    dataSanityCheck(model, train, image, { method, class: index, fit: fitting, labelSeed: 1, ...machine });
  expect((await check("edges")).similarity.spearman).toBeCloseTo(1, 9);
  expect((await check("gradientInput")).similarity.spearman).toBeLessThan(0.8);
});
