// Which examples are kept beside the strongest: the weakest, random ones, one per quantile, several places of one picture, by relevance, with
// masks, and of several layers in one pass (seeing-inside.md section 7).
import { describe, expect, it } from "vitest";
import { arraysDataset, type Dataset } from "../../src/data/dataset.ts";
import { activations, attribute, examples, examplesOfLayers } from "../../src/lens/index.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { ones, type Tensor, tensor } from "../../src/tensor/index.ts";
import { noisePictures, smallNet } from "./nets.ts";

const device = "wasm" as const;
const threads = 1;

/** A unit that is the picture itself, so that activations are pixels. */
function mirror(size: number): Model {
  const net = nn.sequential({ conv: nn.conv2d(1, 1, 1, { bias: false }) });
  return createModel(net, [1, size, size], { parameters: new Map([["conv.weight", ones([1, 1, 1, 1])]]) });
}

/** Picture i is 0 but for one pixel of brightness `peaks[i]`, at place i. */
function dots(peaks: readonly number[], size = 5): Dataset {
  const images = new Float32Array(peaks.length * size * size);
  peaks.forEach((peak, i) => {
    images[i * size * size + (i % (size * size))] = peak;
  });
  return arraysDataset({
    name: "dots",
    images,
    labels: new Int32Array(peaks.length),
    imageShape: [1, size, size],
    classes: ["dot"],
    normalisation: { mean: [0], deviation: [1] },
  });
}

describe("kinds of dataset examples", () => {
  it("G4 quantiles stand at even distances down the ranking, wherever their pictures are", async () => {
    const peaks = [5, 17, 3, 11, 1, 15, 9, 7, 13, 19];
    const [unit] = await examples(mirror(5), dots(peaks), { layer: "conv", quantiles: 5, batchSize: 3, device, threads });
    // Sorted 19 17 15 13 ... 1, in five pairs: the second of each.
    expect(unit.quantiles?.map((e) => e.activation)).toEqual([17, 13, 9, 5, 1]);
    for (const { index, activation, position } of unit.quantiles ?? []) {
      expect(peaks[index]).toBe(activation);
      expect(position).toEqual([Math.floor(index / 5), index % 5]);
    }
    const [all] = await examples(mirror(5), dots(peaks), { layer: "conv", quantiles: 50, device, threads });
    expect(all.quantiles?.map((e) => e.activation)).toEqual([...peaks].sort((a, b) => b - a));
  });

  it("G4 the lowest are ordered by the unit's smallest value; ties go to the lower picture", async () => {
    const [unit] = await examples(mirror(5), dots([2, -4, 1, -9, -4]), { layer: "conv", lowest: 4, device, threads });
    expect(unit.lowest?.map((e) => [e.index, e.activation])).toEqual([
      [3, -9],
      [1, -4],
      [4, -4],
      [0, 0],
    ]);
    expect(unit.lowest?.[0].position).toEqual([0, 3]);
  });

  it("G4 random examples are the same for every channel and for every batch size, and differ by seed", async () => {
    const data = noisePictures(50, 12, { loudest: 1 });
    const ask = (seed: number, batchSize: number): Promise<number[][]> =>
      examples(smallNet(), data, { layer: "conv2", random: 6, seed, batchSize, device, threads }).then((units) =>
        units.map((u) => (u.random ?? []).map((e) => e.index)),
      );
    const [first, again, other] = [await ask(1, 7), await ask(1, 50), await ask(2, 7)];
    expect(new Set(first[0]).size).toBe(6);
    for (const indices of [...first, ...again]) expect(indices).toEqual(first[0]);
    expect(other[0]).not.toEqual(first[0]);
  });

  it("G4 DE4 one picture may fill the list where places are ranked instead of pictures", async () => {
    const images = new Float32Array(3 * 25);
    images.set([8, 0, 7, 0, 0, 0, 6], 25);
    images[60] = 7;
    const data = arraysDataset({
      name: "places",
      images,
      labels: [0, 0, 0],
      imageShape: [1, 5, 5],
      classes: ["a"],
      normalisation: { mean: [0], deviation: [1] },
    });
    for (const batchSize of [1, 2, 3]) {
      const [unit] = await examples(mirror(5), data, { layer: "conv", top: 4, onePerImage: false, batchSize, device, threads });
      expect(unit.top.map((e) => [e.index, ...e.position, e.activation])).toEqual([
        [1, 0, 0, 8],
        [1, 0, 2, 7],
        [2, 2, 0, 7],
        [1, 1, 1, 6],
      ]);
    }
  });

  it("G4 masks cover exactly what lies above the share of the best activation", async () => {
    const [unit] = await examples(mirror(5), dots([10, 6, 4]), { layer: "conv", top: 3, maskAt: 0.5, device, threads });
    expect(unit.top.map(({ mask }) => mask?.shape)).toEqual([
      [5, 5],
      [5, 5],
      [5, 5],
    ]);
    expect(unit.top.map(({ mask }) => Array.from(mask?.data ?? []).indexOf(1))).toEqual([0, 1, -1]);
    expect(unit.top.map(({ mask }) => Array.from(mask?.data ?? []).reduce((a, b) => a + b, 0))).toEqual([1, 1, 0]);
  });

  it("G4 by relevance: value times gradient of the winning logit, as attribution finds it", async () => {
    const [model, data] = [smallNet(), noisePictures(12, 12, { loudest: 1 })];
    const units = await examples(model, data, { layer: "conv2", top: 12, by: "relevance", batchSize: 5, device, threads });
    const kinds = await examples(model, data, { layer: "conv2", top: 12, device, threads });
    expect(units.map((u) => u.top.map((e) => e.index))).not.toEqual(kinds.map((u) => u.top.map((e) => e.index)));
    const [channel, { index, activation, position }] = [3, units[3].top[0]];
    const logits = (await activations(model, data.image(index), { layers: ["logits"], device, threads })).get("logits") as Tensor;
    const winner = logits.data.indexOf(Math.max(...logits.data));
    // Nothing but relu2 lies between: its gradient is the dense layer's weight where conv2 is positive.
    const maps = (await activations(model, data.image(index), { layers: ["conv2"], device, threads })).get("conv2") as Tensor;
    const weights = model.parameters.get("logits.weight") as Tensor;
    const relevance = Array.from({ length: 36 }, (_, p) => Math.max(0, maps.data[channel * 36 + p]) * weights.at(winner, channel * 36 + p));
    expect(activation).toBeCloseTo(Math.max(...relevance), 5);
    expect(position[0] * 6 + position[1]).toBe(relevance.indexOf(Math.max(...relevance)));
    // In this net the shares of all of conv2 are the logit without its bias.
    const bias = (model.parameters.get("logits.bias") as Tensor).at(winner);
    const lrp = await attribute(model, data.image(index), { method: "gradientInput", class: winner, device, threads });
    expect(lrp.score - bias).toBeCloseTo(logits.at(winner) - bias, 4);
  });

  it("G4 several layers in one pass are the layers one by one", async () => {
    const [model, data] = [smallNet(), noisePictures(40, 12, { loudest: 1 })];
    let runs = 0;
    const counted: Dataset = {
      ...data,
      batch(indices) {
        runs++;
        return data.batch(indices);
      },
    };
    const together = await examplesOfLayers(model, counted, { top: 3, lowest: 2, batchSize: 16, device, threads });
    expect(runs).toBe(3);
    expect([...together.keys()]).toEqual(["conv1", "conv2", "logits"]);
    for (const [layer, units] of together) {
      const alone = await examples(model, data, { layer, top: 3, lowest: 2, device, threads });
      expect(units).toEqual(alone);
    }
    expect([...(await examplesOfLayers(model, data, { layers: ["pool1"], device, threads })).keys()]).toEqual(["pool1"]);
  });

  it("a channel that is not a number is named and left out; impossible wishes are errors", async () => {
    const broken = smallNet().with(new Map([["conv1.bias", tensor([Number.NaN, 0, 0, 0])]]));
    const data = noisePictures(3, 12);
    const [unit, whole] = await examples(broken, data, { layer: "conv1", channels: [0, 1], quantiles: 2, device, threads });
    expect(unit.warnings.join()).toMatch(/channel 0 is not a number/);
    expect(unit.quantiles).toEqual([]);
    expect(whole.quantiles).toHaveLength(2);
    const ask = (options: object): Promise<unknown> => examples(smallNet(), data, { layer: "conv1", device, threads, ...options });
    await expect(ask({ quantiles: -1 })).rejects.toThrow(/quantiles is -1/);
    await expect(ask({ by: "beauty" })).rejects.toThrow(/beauty.*relevance/);
    await expect(ask({ maskAt: 2 })).rejects.toThrow(/maskAt is 2/);
    await expect(examplesOfLayers(smallNet(), data, { layers: ["conv9"], device, threads })).rejects.toThrow(/conv9/);
  });
});
