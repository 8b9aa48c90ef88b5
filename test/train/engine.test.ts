// Training on the engine that users get: the same as the reference to rounding, and the same bits every time.
import { describe, expect, test } from "vitest";
import type { Model } from "../../src/nn/index.ts";
import { adam, cosine, evaluate, type FitOptions, fit } from "../../src/train/index.ts";
import { barNet, bars } from "./tiny.ts";

const data = bars(45);
const base: FitOptions = { epochs: 3, batchSize: 8, seed: 5, optimiser: adam(0.01), schedule: cosine() };

async function train(options: FitOptions): Promise<{ model: Model; losses: number[] }> {
  const losses: number[] = [];
  const model = await fit(barNet, data, { ...base, ...options, onStep: (s) => losses.push(s.loss) });
  return { model, losses };
}

const bitsOf = (model: Model): Record<string, number[]> => Object.fromEntries([...model.state()].map(([name, t]) => [name, [...t.data]]));

describe("training on wasm", () => {
  test("follows the reference loops: every loss, and the measurement at the end", async () => {
    const wasm = await train({ device: "wasm", threads: 1 });
    const reference = await train({ device: "reference" });
    expect(wasm.losses).toHaveLength(18);
    for (const [i, loss] of reference.losses.entries()) expect(wasm.losses[i], `step ${i + 1}`).toBeCloseTo(loss, 3);
    expect(wasm.losses[0]).toBeCloseTo(reference.losses[0], 5);
    const [a, b] = [await evaluate(wasm.model, data, { device: "wasm" }), await evaluate(wasm.model, data, { device: "reference" })];
    expect([...a.predictions]).toEqual([...b.predictions]);
    expect(a.loss).toBeCloseTo(b.loss, 5);
  });

  test.each([1, 2])("gives the same bits every time on %d threads", async (threads) => {
    const [a, b] = [await train({ device: "wasm", threads }), await train({ device: "wasm", threads })];
    expect(a.losses).toEqual(b.losses);
    expect(bitsOf(a.model)).toEqual(bitsOf(b.model));
  });
});
