// Phase-only pictures climbed through shrinking crops (seeing-inside.md section 1: MaCo).
import { beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/backends/compile.ts";
import { synthetic } from "../../src/data/synthetic.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import { type DataStatistics, dataStatistics, maximise, maximiseBatch, maximiseEach, type Objective } from "../../src/lens/index.ts";
import { type CropSettings, cropping, drawBoxes, settleCrops } from "../../src/lens/maximise/crops.ts";
import { full, random, randomNormal, Tensor } from "../../src/tensor/index.ts";
import { nadam } from "../../src/train/optimisers.ts";
import { linearNet, smallNet } from "./nets.ts";

const device = "wasm" as const;
const threads = 1;
let statistics: DataStatistics;
beforeAll(async () => {
  statistics = dataStatistics((await synthetic({ train: 60, test: 10, size: 12, seed: 1 })).train);
});

/** The views of a picture [1, C, H, W] under one draw. */
async function viewsOf(picture: Tensor, settings: CropSettings, progress: number, seed = 1): Promise<Tensor> {
  const [, channels] = picture.shape;
  const parts = { shape: picture.shape.slice(1), reach: new Array<number>(channels).fill(2), seed: 3, dtype: "float32" } as const;
  const views = cropping(settings, parts);
  const program = await compile(createGraph({ outputs: { out: views.apply(input("x", picture.shape)) } }), { device: "reference" });
  return (await program.run({ x: picture, ...views.draw(random(seed), progress) })).out;
}

const moments = (values: readonly number[]): [mean: number, deviation: number] => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)];
};

describe("crops", () => {
  it("G1 the published recipe: 32 boxes, sides from .50 to .05 in the mean, centres N(.5, .15), noise .08", () => {
    const settings = settleCrops({}, [224, 224]);
    expect([settings.count, settings.side, settings.spread, settings.noise]).toEqual([32, [0.5, 0.05], 0.15, 0.08]);
    const many = { ...settings, count: 20_000 };
    for (const [progress, side] of [
      [0, 0.5],
      [0.5, 0.275],
    ] as const) {
      // biome-ignore format: pairs
      const boxes = drawBoxes(many, [224, 112], random(1), progress);
      expect(moments(boxes.map((b) => b.height / 224))[0]).toBeCloseTo(side, 2);
      expect(moments(boxes.map((b) => b.width / 112))[0]).toBeCloseTo(side, 2);
      for (const centres of [boxes.map((b) => (b.top + b.height / 2) / 224), boxes.map((b) => (b.left + b.width / 2) / 112)]) {
        const [mean, deviation] = moments(centres);
        expect(mean).toBeCloseTo(0.5, 2);
        expect(deviation).toBeCloseTo(0.15, 2);
      }
    }
    // At the end half of the draws would be smaller still: those stay at the smallest.
    const last = drawBoxes(many, [224, 224], random(2), 1).map((b) => b.height / 224);
    expect(Math.min(...last)).toBeCloseTo(0.05, 12);
    expect(moments(last)[0]).toBeCloseTo(0.05 + 0.05 / Math.sqrt(2 * Math.PI), 2);
    // Small pictures: a box keeps 8 pixels.
    expect(settleCrops({}, [28, 28]).side).toEqual([0.5, 8 / 28]);
    expect(settleCrops({}, [12, 12]).side).toEqual([8 / 12, 8 / 12]);
    expect(settleCrops({}, [4, 4]).side).toEqual([1, 1]);
  });

  it("AM7 a view of a slope is the slope between the edges of its box, and beyond the picture its edge goes on", async () => {
    const [height, width] = [20, 30];
    const picture = new Tensor(
      Float32Array.from({ length: height * width }, (_, p) => 0.1 * Math.floor(p / width) + (p % width)),
      [1, 1, height, width],
    );
    const settings = settleCrops({ count: 5, noise: 0 }, [height, width]);
    const views = await viewsOf(picture, settings, 0.3, 4);
    expect(views.shape).toEqual([5, 1, height, width]);
    const boxes = drawBoxes(settings, [height, width], random(4), 0.3);
    const within = (v: number, size: number): number => Math.min(size - 1, Math.max(0, v));
    boxes.forEach((box, k) => {
      for (const [i, j] of [
        [0, 0],
        [7, 11],
        [19, 29],
        [19, 3],
      ]) {
        // biome-ignore format: pairs
        const row = within(box.top + ((i + 0.5) * box.height) / height - 0.5, height);
        const column = within(box.left + ((j + 0.5) * box.width) / width - 0.5, width);
        expect(views.at(k, 0, i, j)).toBeCloseTo(0.1 * row + column, 4);
      }
    });
  });

  it("AM7 crops keep a constant picture but for their noise, whose deviation is a share of the pixel range", async () => {
    const picture = full([1, 2, 16, 16], 0.5);
    const still = await viewsOf(picture, settleCrops({ noise: 0 }, [16, 16]), 0.5);
    for (const v of still.data) expect(v).toBeCloseTo(0.5, 6);
    const noisy = await viewsOf(picture, settleCrops({}, [16, 16]), 0.5);
    const [mean, deviation] = moments(Array.from(noisy.data));
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    expect(deviation / (2 * 0.08)).toBeCloseTo(1, 1);
    expect(Array.from(noisy.entry(0).data)).not.toEqual(Array.from(noisy.entry(1).data));
  });

  it("PR15 crops that make no sense are refused", async () => {
    const ask = (options: object): Promise<unknown> => maximise(smallNet(), { layer: "conv2", channel: 0, device, threads, ...options });
    await expect(ask({ crops: { count: 0 } })).rejects.toThrow(/crops.count is 0/);
    await expect(ask({ crops: { side: [0, 1] } })).rejects.toThrow(/crops.side is \[0, 1\]/);
    await expect(ask({ crops: { noise: -1 } })).rejects.toThrow(/crops.noise is -1/);
    await expect(ask({ crops: {}, jitter: 2 })).rejects.toThrow(/instead of transforms, jitter/);
  });
});

describe("phase-only pictures", () => {
  const target = { layer: "conv2", channel: 1, parametrisation: "phase", device, threads } as const;

  it("G1 by default they are climbed by the whole recipe, the record says so, and the objective rises", async () => {
    const start = await maximise(smallNet(), { ...target, statistics, steps: 0 });
    const result = await maximise(smallNet(), { ...target, statistics });
    expect(result.history).toHaveLength(256);
    expect(result.objective).toBeGreaterThan(start.objective);
    const { optimiser, learningRate, crops, l2, totalVariation, steps } = result.options;
    expect({ optimiser, learningRate, l2, totalVariation, steps }).toEqual({
      ...{ optimiser: "nadam", learningRate: 1, l2: 0, totalVariation: 0, steps: 256 },
    });
    expect(crops).toEqual(settleCrops({}, [12, 12]));
    expect(result.transparency?.shape).toEqual([12, 12]);
    expect(result.transparency?.data.every((v) => v >= 0 && Number.isFinite(v))).toBe(true);
    expect(result.transparency?.data.some((v) => v > 0)).toBe(true);
  });

  it("G1 the transparency is the sum over steps of |∂objective/∂picture|: of a linear unit |w| times their number", async () => {
    const weights = randomNormal([12, 12], random(11));
    const steps = 21;
    const options = { class: 0, parametrisation: "phase", statistics, jitter: 0, steps, device, threads } as const;
    const { transparency } = await maximise(linearNet(weights), options);
    weights.data.forEach((w, p) => {
      expect((transparency as Tensor).data[p] / (steps * Math.abs(w))).toBeCloseTo(1, 4);
    });
    expect((await maximise(linearNet(weights), { ...options, parametrisation: "fourier" })).transparency).toBeUndefined();
  });

  it("KD8 at learning rate 0 no number of crops changes a bit", async () => {
    const options = { ...target, statistics, crops: { count: 3 }, optimiser: nadam(0) } as const;
    const [before, after] = [await maximise(smallNet(), { ...options, steps: 0 }), await maximise(smallNet(), { ...options, steps: 20 })];
    expect(after.image.data).toEqual(before.image.data);
    expect(new Set(after.history).size).toBeGreaterThan(10);
  });

  it("AM9 crops: the same seed gives the same bits, and a batch of channels each the picture that it gets alone", async () => {
    const { channel: _, ...layer } = target;
    const options = { ...layer, statistics, steps: 12, crops: { count: 4 }, device: "reference" } as const;
    const together = await maximiseEach(smallNet(), { ...options, channels: [1, 4], batchSize: 2 });
    for (const r of together) {
      const alone = await maximise(smallNet(), { ...options, channel: r.channel as number });
      expect(r.image.data).toEqual(alone.image.data);
      const again = await maximise(smallNet(), { ...options, channel: r.channel as number });
      expect(again.image.data).toEqual(alone.image.data);
    }
  });

  it("G1 crops serve a batch with one objective per picture, and refuse objectives that compare whole pictures", async () => {
    const wish: Objective = {
      kind: "interpolation",
      from: { kind: "channel", layer: "conv2", channel: 0 },
      to: { kind: "channel", layer: "conv2", channel: 4 },
    };
    const ask = (objective: Objective, steps: number) =>
      maximiseBatch(smallNet(), { objective, count: 3, steps, crops: { count: 8 }, device, threads });
    const [before, after] = [await ask(wish, 0), await ask(wish, 60)];
    after.forEach((r, b) => {
      expect(r.objective).toBeGreaterThan(before[b].objective);
    });
    await expect(ask({ kind: "diversity", layer: "conv2" }, 1)).rejects.toThrow(/"diversity" compares whole pictures/);
  });
});
