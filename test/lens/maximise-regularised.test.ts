// Yosinski's regularised ascent step by step, and what one sees of a long run: previews, finished pictures, progress, stopping.
import { describe, expect, it } from "vitest";
import { type AscentPreview, type Maximised, maximise, maximiseEach } from "../../src/lens/index.ts";
import { type RegularisedSettings, regularisedPresets, regularisedStep } from "../../src/lens/maximise/regularised.ts";
import { random, randomNormal } from "../../src/tensor/index.ts";
import { adam } from "../../src/train/optimisers.ts";
import { smallNet } from "./nets.ts";

const run = { device: "wasm", threads: 1 } as const;
const still: RegularisedSettings = { decay: 0, blurSigma: 0, blurEvery: 4, smallNorm: 0, smallContribution: 0, steps: 1, rate: 1 };

describe("regularised ascent", () => {
  const shape = [2, 4, 5];
  const start = (): Float64Array => Float64Array.from(randomNormal([40], random(1)).data);
  const g = randomNormal([40], random(2)).data;

  it("G1 rises by rate · g first and fades then", () => {
    const x = start();
    regularisedStep(x, g, shape, 1, { ...still, rate: 0.5, decay: 0.3 }, undefined);
    start().forEach((v, p) => {
      expect(x[p]).toBeCloseTo(0.7 * (v + 0.5 * g[p]), 12);
    });
  });

  it("G1 a wanted rise is rate = progress / |g|², so that a linear objective rises by it", () => {
    const x = start();
    regularisedStep(x, g, shape, 1, { ...still, rate: { progress: 2, most: 1e8 } }, undefined);
    const rise = start().reduce((sum, v, p) => sum + (x[p] - v) * g[p], 0);
    expect(rise).toBeCloseTo(2, 10);
    const held = start();
    regularisedStep(held, g, shape, 1, { ...still, rate: { progress: 2, most: 1e-3 } }, undefined);
    expect(held[0] - start()[0]).toBeCloseTo(1e-3 * g[0], 12);
  });

  it("G1 rates are those of pixels in 0..255, whatever the net's scale", () => {
    const [mean, deviation] = [
      [0, 0],
      [0.25, 0.5],
    ];
    const x = start();
    regularisedStep(x, g, shape, 1, { ...still, rate: 100 }, { mean, deviation });
    // dJ/dpixel = g / (255 · deviation), and the pixel's step is again divided by it.
    expect(x[0] - start()[0]).toBeCloseTo((100 * g[0]) / (255 * 0.25) ** 2, 12);
    expect(x[20] - start()[20]).toBeCloseTo((100 * g[20]) / (255 * 0.5) ** 2, 12);
  });

  it("G1 the smallest pixels are lost, by length and by contribution, over all channels at once", () => {
    for (const [key, of] of [
      ["smallNorm", (v: number, _: number): number => v * v],
      ["smallContribution", (v: number, slope: number): number => v * slope],
    ] as const) {
      const x = start();
      regularisedStep(x, g, shape, 1, { ...still, rate: 0, [key]: 0.5 }, undefined);
      const sizes = Array.from({ length: 20 }, (_, p) => Math.abs(of(start()[p], g[p]) + of(start()[p + 20], g[p + 20])));
      const kept = [...sizes].sort((a, b) => a - b)[10];
      for (let p = 0; p < 20; p++) {
        const lost = sizes[p] < kept;
        expect([x[p], x[p + 20]]).toEqual(lost ? [0, 0] : [start()[p], start()[p + 20]]);
      }
    }
  });

  it("G1 blur happens every so many steps, and below a sigma of 0.3 never", () => {
    const change = (step: number, blurSigma: number): number => {
      const x = start();
      regularisedStep(x, g, shape, step, { ...still, rate: 0, blurSigma }, undefined);
      return start().reduce((sum, v, p) => sum + Math.abs(v - x[p]), 0);
    };
    expect([change(1, 1), change(3, 1), change(4, 0.29)]).toEqual([0, 0, 0]);
    expect(change(4, 1)).toBeGreaterThan(1);
  });

  it("the four presets are the paper's table", () => {
    const rows = Object.values(regularisedPresets).map((p) => [p.decay, p.blurSigma, p.smallNorm, p.smallContribution, p.steps]);
    expect(rows).toEqual([
      [0, 0.5, 0.5, 0, 500],
      [0.3, 0, 0.2, 0, 750],
      [0.0001, 1, 0, 0, 1000],
      [0, 0.5, 0, 0.9, 1000],
    ]);
  });

  it.each(Object.keys(regularisedPresets) as (keyof typeof regularisedPresets)[])(
    "AM5 KD8 preset %s climbs, and stands still at learning rate 0",
    async (regularised) => {
      const normalisation = { mean: [0.5], deviation: [0.25] };
      const options = { layer: "conv2", channel: 1, position: "centre", regularised, normalisation, ...run } as const;
      const result = await maximise(smallNet(), { ...options, steps: 40 });
      expect(result.objective).toBeGreaterThan(result.history[0]);
      expect(result.history).toHaveLength(40);
      const still0 = { ...options, optimiser: adam(0) };
      const [before, after] = [await maximise(smallNet(), { ...still0, steps: 0 }), await maximise(smallNet(), { ...still0, steps: 9 })];
      expect(after.image.data).toEqual(before.image.data);
    },
  );

  it("refuses what it cannot be combined with", async () => {
    const ask = (options: object): Promise<unknown> => maximise(smallNet(), { class: 0, ...run, ...options });
    await expect(ask({ regularised: "pretty" })).rejects.toThrow(/pretty.*smooth, sparse, default, contributing/);
    await expect(ask({ regularised: "smooth", parametrisation: "fourier" })).rejects.toThrow(/plain pixels/);
  });
});

describe("watching a long run", () => {
  const options = { layer: "conv2", channels: [0, 3, 5], batchSize: 2, steps: 12, jitter: 1, ...run } as const;

  it("G1 previews come every n steps, with every picture of the batch, and change nothing", async () => {
    const seen: AscentPreview[] = [];
    const progress: number[] = [];
    const watched = await maximiseEach(smallNet(), {
      ...options,
      previewEvery: 5,
      onPreview: (p) => void seen.push(p),
      onProgress: ({ done, total }) => void progress.push(done / total),
    });
    expect(seen.map(({ first, step, images }) => [first, step, images.length])).toEqual([
      [0, 5, 2],
      [0, 10, 2],
      [2, 5, 1],
      [2, 10, 1],
    ]);
    for (const { images } of seen) for (const image of images) expect(image.shape).toEqual([1, 12, 12]);
    expect(seen[1].images[0].data).not.toEqual(seen[0].images[0].data);
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
    expect(await maximiseEach(smallNet(), options)).toEqual(watched);
  });

  it("G1 a run that is stopped has handed over what was finished", async () => {
    const stop = new AbortController();
    const finished: [number, Maximised][] = [];
    const asked = maximiseEach(smallNet(), {
      ...options,
      signal: stop.signal,
      onResult: (result, index) => {
        finished.push([index, result]);
        if (index === 1) stop.abort(new Error("enough"));
      },
    });
    await expect(asked).rejects.toThrow("enough");
    expect(finished.map(([index, { channel }]) => [index, channel])).toEqual([
      [0, 0],
      [1, 3],
    ]);
    const whole = await maximiseEach(smallNet(), options);
    expect(finished[1][1]).toEqual(whole[1]);
  });

  it("AM9 joint and regularised runs give the same bits again", async () => {
    const objective = { kind: "energy", layer: "conv1" } as const;
    for (const extra of [{ regularised: "default" }, { parametrisation: "laplacian" }, { parametrisation: "cppn" }] as const) {
      const once = { objective, steps: 8, seed: 4, ...run, ...extra } as const;
      expect(await maximise(smallNet(), once)).toEqual(await maximise(smallNet(), once));
    }
  });
});
