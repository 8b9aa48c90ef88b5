// Occlusion and RISE on linear nets, where every drop can be written down.
import { describe, expect, test } from "vitest";
import { covered, occlusionWindows } from "../../src/lens/attribution/occlusion.ts";
import { riseMask } from "../../src/lens/attribution/rise.ts";
import { activations, attribute, attributeEach } from "../../src/lens/index.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { random, randomNormal, type Tensor, tensor } from "../../src/tensor/index.ts";
import { rounds } from "../support/long.ts";
import { linearNet, n1, n1Picture, smallNet } from "./nets.ts";

const exact = { device: "reference", dtype: "float64" } as const;

describe("G7 occlusion", () => {
  test("OC1 of a linear model, the drop is the sum of w · (x - fill) over the window, exactly", async () => {
    const weights = randomNormal([6, 5], random(1));
    const image = randomNormal([1, 6, 5], random(2)).cast("float64");
    for (const fill of [0, -1.5]) {
      const { map } = await attribute(linearNet(weights), image, { method: "occlusion", class: 0, window: 1, fill, ...exact });
      for (let p = 0; p < 30; p++) expect(map.data[p]).toBeCloseTo(weights.data[p] * (image.data[p] - fill), 10);
      const wide = await attribute(linearNet(weights), image, { method: "occlusion", class: 0, window: [6, 5], fill, ...exact });
      const all = Array.from(weights.data, (w, p) => w * (image.data[p] - fill)).reduce((a, b) => a + b, 0);
      for (const v of wide.map.data) expect(v).toBeCloseTo(all, 10);
    }
  });

  test("OC2 N1 with windows of one pixel", async () => {
    const { map } = await attribute(n1(), n1Picture, { method: "occlusion", class: 0, window: 1, ...exact });
    expect(Array.from(map.data)).toEqual([0, 1, 2, 3, 0, 4, 4, 4, 2, 7, 8, 4, 6, 7, 8, 0]);
  });

  test("OC3 overlapping windows, summed", async () => {
    const image = tensor(new Float32Array(25), [1, 5, 5]);
    image.data[6] = 1;
    image.data[18] = 1;
    const model = linearNet(tensor(new Float32Array(25).fill(3), [5, 5]));
    const options = { method: "occlusion", class: 0, window: 3, stride: 1, ...exact } as const;
    const { map } = await attribute(model, image, { ...options, credit: "sum" });
    expect(Array.from(map.data)).toEqual([3, 6, 6, 3, 0, 6, 15, 18, 12, 3, 6, 18, 24, 18, 6, 3, 12, 18, 15, 6, 0, 3, 6, 6, 3]);
    const mean = await attribute(model, image, options);
    expect(mean.map.data[12]).toBeCloseTo(24 / 9, 6);
  });

  test("G7 windows cover every pixel, the last one cut at the border", () => {
    expect(
      occlusionWindows(5, 5, { window: 2, stride: 2 })
        .map((w) => [w.top, w.bottom])
        .slice(-1),
    ).toEqual([[4, 5]]);
    for (let round = 0; round < rounds(100); round++) {
      const generator = random(round);
      const [height, width] = [1 + generator.integer(20), 1 + generator.integer(20)];
      const window = 1 + generator.integer(8);
      const seen = new Set<number>();
      for (const w of occlusionWindows(height, width, { window, stride: 1 + generator.integer(window) })) {
        for (let y = w.top; y < w.bottom; y++) for (let x = w.left; x < w.right; x++) seen.add(y * width + x);
      }
      expect(seen.size).toBe(height * width);
    }
    expect(() => occlusionWindows(5, 5, { window: 2, stride: 3 })).toThrow(/leaves gaps/);
    expect(() => occlusionWindows(5, 5, { window: 0 })).toThrow(ArgumentError);
  });

  test("G7 says when windows at the border are cut, and only then", async () => {
    const ask = async (window: number): Promise<string> =>
      (await attribute(linearNet(randomNormal([6, 6], random(2))), randomNormal([1, 6, 6], random(1)), { method: "occlusion", class: 0, window, stride: window, ...exact })).warnings.join(); // biome-ignore format: one question
    expect(await ask(4)).toMatch(/3 of 4 windows are cut off/);
    expect(await ask(3)).toBe("");
    const summed = await attribute(n1(), n1Picture, { method: "occlusion", class: 0, window: 2, credit: "sum", ...exact });
    expect(summed.warnings.join()).toMatch(/the sum of their drops, not the mean/);
  });

  test("G7 a fill per channel, and wasm agrees with the reference", async () => {
    const image = randomNormal([2, 3, 3], random(3));
    expect(
      Array.from(covered(image, { top: 0, left: 1, bottom: 3, right: 2 }, [5, 6]).data).filter((v) => v === 5 || v === 6),
    ).toHaveLength(6);
    const picture = randomNormal([1, 12, 12], random(4));
    const slow = await attribute(smallNet(), picture, { method: "occlusion", class: 1, device: "reference" });
    const fast = await attribute(smallNet(), picture, { method: "occlusion", class: 1, device: "wasm", threads: 1 });
    for (let p = 0; p < slow.map.size; p++) expect(fast.map.data[p]).toBeCloseTo(slow.map.data[p], 4);
    await expect(attribute(smallNet(), picture, { method: "occlusion", class: 1, fill: [1, 2], ...exact })).rejects.toThrow(
      /2 values for 1 channels/,
    );
  });
});

describe("RISE", () => {
  test.each([0.1, 0.5])("RI1 the mean of the masks is p everywhere, p = %s", (keep) => {
    const size = 32;
    const count = 4000;
    const mean = new Float64Array(size * size);
    const generator = random(11).fork("masks");
    for (let i = 0; i < count; i++) {
      const mask = riseMask({ height: size, width: size, cells: 4, keep }, generator);
      for (let p = 0; p < mean.length; p++) mean[p] += mask[p] / count;
    }
    expect(Math.abs(mean.reduce((a, b) => a + b, 0) / mean.length - keep)).toBeLessThan(0.005);
    for (const v of mean) expect(Math.abs(v - keep)).toBeLessThan(0.03);
  });

  test("RI2 of a linear score, differences between pixels are (1 - p) times the differences of their contributions", () => {
    // The estimator with a coin for each pixel: S_i = Σ f(x ⊙ M) · M_i / (N p).
    const contributions = [2, -2, 3, 2];
    const sums = [0, 0, 0, 0];
    const generator = random(5);
    const count = 200_000;
    for (let n = 0; n < count; n++) {
      const mask = contributions.map(() => (generator.uniform() < 0.5 ? 1 : 0));
      const score = contributions.reduce((sum, c, i) => sum + c * mask[i], 0);
      for (const i of sums.keys()) sums[i] += (score * mask[i]) / (count * 0.5);
    }
    for (const [i, expected] of [3.5, 1.5, 4, 3.5].entries()) expect(Math.abs(sums[i] - expected)).toBeLessThan(0.03);
  });

  test("RI2 the method is that estimator: of a linear score, with the masks that its seed draws", async () => {
    const weights = randomNormal([8, 8], random(3));
    const image = randomNormal([1, 8, 8], random(4)).cast("float64");
    const [masks, keep] = [50, 0.3];
    const asked = { method: "rise", layer: "dense", channel: 0, masks, keep, cells: 4, ...exact } as const;
    const { map } = await attribute(linearNet(weights), image, asked);
    const generator = random(0).fork("rise");
    const expected = new Float64Array(64);
    for (let n = 0; n < masks; n++) {
      const mask = riseMask({ height: 8, width: 8, cells: 4, keep }, generator);
      const score = mask.reduce((sum, m, p) => sum + m * image.data[p] * weights.data[p], 0);
      for (let p = 0; p < 64; p++) expected[p] += (score * mask[p]) / (masks * keep);
    }
    for (let p = 0; p < 64; p++) expect(map.data[p]).toBeCloseTo(expected[p], 9);
  });

  test("RISE finds the half of the picture that the score depends on, repeats by its seed, and agrees between devices", async () => {
    const weights = tensor(
      Float32Array.from({ length: 256 }, (_, i) => (i % 16 < 8 ? 0.05 : 0)),
      [16, 16],
    );
    const model = linearNet(weights);
    const image = tensor(new Float32Array(256).fill(1), [1, 16, 16]);
    const options = { method: "rise", layer: "dense", channel: 0, masks: 300 } as const;
    const once = await attribute(model, image, { ...options, device: "reference" });
    const again = await attribute(model, image, { ...options, device: "wasm", threads: 1 });
    const other = await attribute(model, image, { ...options, device: "reference", seed: 1 });
    const half = (from: number): number =>
      Array.from(once.map.data).reduce((sum, v, p) => sum + (p % 16 >= from && p % 16 < from + 8 ? v : 0), 0);
    expect(half(0)).toBeGreaterThan(half(8) * 1.05);
    for (let p = 0; p < 256; p++) expect(again.map.data[p]).toBeCloseTo(once.map.data[p], 4);
    expect(Array.from(other.map.data)).not.toEqual(Array.from(once.map.data));
    expect(once.seed).toBe(0);
  });

  test("PR15 impossible settings are refused", async () => {
    const image = tensor(new Float32Array(16), [1, 4, 4]);
    const ask = (given: object) => attribute(n1(), image, { method: "rise", class: 0, ...given, ...exact });
    await expect(ask({ keep: 1 })).rejects.toThrow(ArgumentError);
    await expect(ask({ masks: 0 })).rejects.toThrow(/masks is 0/);
    await expect(ask({ cells: 1.5 })).rejects.toThrow(/cells is 1.5/);
  });
});

test("G7 G9 channels of a layer on several pictures together: each has the map and the unit that it has alone", async () => {
  const model = smallNet();
  const tasks = [0, 3, 3].map((channel, i) => ({ image: randomNormal([1, 12, 12], random(20 + i)), target: { layer: "conv2", channel } }));
  for (const method of ["occlusion", "rise", "edges", "scoreCam", "ablationCam"] as const) {
    const options = { method, masks: 8, batchSize: 4, device: "reference" } as const;
    const together = await attributeEach(model, tasks, options);
    for (const [i, { image, target }] of tasks.entries()) {
      const alone = await attribute(model, image, { ...options, ...target });
      expect(together[i].map.data).toEqual(alone.map.data);
      expect([together[i].target, together[i].score]).toEqual([alone.target, alone.score]);
      // The channel's strongest unit, by another way.
      const values = (await activations(model, image, { layers: ["conv2"], device: "reference" })).get("conv2")?.entry(target.channel);
      expect(alone.target).toContain(`at (${peakOf(values as Tensor).join(", ")})`);
    }
  }
});

const peakOf = ({ data, shape: [, width] }: Tensor): [number, number] => {
  const at = Array.from(data).indexOf(Math.max(...data));
  return [Math.floor(at / width), at % width];
};
