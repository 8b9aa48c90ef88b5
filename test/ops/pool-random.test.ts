// Poolings with chance in them: what the random numbers decide, and what comes out on average. Fractional pooling against PyTorch stands in
// test/golden/pools.json.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { fractionalMaxPool2d, stochasticPool2d, stochasticPoolMean2d } from "../../src/ops/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { random } from "../../src/tensor/random.ts";
import { arange, full, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";

const flat = (t: Tensor): number[] => Array.from(t.data);

/** One run of the model, in the training step with this number or outside training. */
function run(model: Model, x: Tensor, step?: number): Tensor {
  const traced = model.trace({ batch: x.shape[0], training: step !== undefined });
  const known = new Map([[traced.input, x]]);
  for (const value of traced.variables.values()) known.set(value, tensor([step ?? 0], [1], "int32"));
  return evaluateValues([traced.output], known)[0];
}

describe("EP5 fractional max pooling", () => {
  it("EP5 windows of 2 step by 1 or 2, from the first position to the last, whatever the samples", () => {
    const generator = random(5);
    for (let i = 0; i < 200; i++) {
      const input = 6 + generator.integer(20);
      const output = Math.ceil(input / 2) + generator.integer(Math.floor(input / 2) - 1);
      // Along a rising row the maximum of a window is its end.
      const row = arange(input).reshape([1, 1, 1, input]);
      const samples = tensor([0, generator.uniform()], [1, 1, 2]);
      const ends = flat(fractionalMaxPool2d(row, samples, [1, 2], { outputSize: [1, output] }));
      expect([ends[0], ends[output - 1]]).toEqual([1, input - 1]);
      for (let j = 1; j < output; j++) expect([1, 2]).toContain(ends[j] - ends[j - 1]);
    }
  });

  it("EP5 maps of one picture are cut differently; a ratio rounds down", () => {
    const x = tensor(
      Array.from({ length: 2 * 2 * 9 }, (_, i) => i % 9),
      [1, 2, 2, 9],
    );
    const samples = tensor([0, 0.1, 0, 0.9], [1, 2, 2]);
    const y = fractionalMaxPool2d(x, samples, 2, { outputRatio: [0.5, 0.7] });
    expect(y.shape).toEqual([1, 2, 1, 6]);
    expect(flat(y).slice(0, 6)).not.toEqual(flat(y).slice(6));
  });

  it("EP5 refuses windows that do not fit, and asks for one of size and ratio", () => {
    const [x, samples] = [zeros([1, 1, 4, 4]), zeros([1, 1, 2])];
    expect(() => fractionalMaxPool2d(x, samples, 2, { outputSize: 4 })).toThrow(/4 positions, so at most 3 windows of 2, not 4/);
    expect(() => fractionalMaxPool2d(x, zeros([1, 2]), 2, { outputSize: 2 })).toThrow(ShapeError);
    expect(() => fractionalMaxPool2d(x, samples, 2, {})).toThrow(/either outputSize or outputRatio/);
    expect(() => fractionalMaxPool2d(x, samples, 2, { outputRatio: 1.5 })).toThrow(ArgumentError);
  });
});

describe("EP5 stochastic pooling", () => {
  const window = tensor([1, 2, 3, 4], [1, 1, 2, 2]);

  it("EP5 draws in proportion to the activations: shares 1, 2, 3 and 4 of 10", () => {
    const draw = (u: number): number => stochasticPool2d(window, full([1, 1, 1, 1], u), 2).item();
    expect([0, 0.09, 0.11, 0.29, 0.31, 0.59, 0.61, 0.999].map(draw)).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it("EP5 the expectation is Σa² / Σa, and many draws come near it", () => {
    expect(stochasticPoolMean2d(window, 2).item()).toBeCloseTo(3, 6);
    const generator = random(6);
    const many = 4000;
    const pictures = tensor(Array.from({ length: many }, () => [1, 2, 3, 4]).flat(), [many, 1, 2, 2]);
    const uniform = tensor(
      Array.from({ length: many }, () => generator.uniform()),
      [many, 1, 1, 1],
    );
    const drawn = flat(stochasticPool2d(pictures, uniform, 2));
    // The deviation of one draw is 1, that of the mean 1/√4000 = 0.016.
    expect(Math.abs(drawn.reduce((a, b) => a + b, 0) / many - 3)).toBeLessThan(0.06);
  });

  it("EP5 negative activations are never drawn beside positive ones; a window without any gives 0 on average", () => {
    const mixed = tensor([-5, 2, -1, -3], [1, 1, 2, 2]);
    for (const u of [0, 0.5, 0.999]) expect(stochasticPool2d(mixed, full([1, 1, 1, 1], u), 2).item()).toBe(2);
    expect(stochasticPoolMean2d(mixed, 2).item()).toBe(2);
    expect(stochasticPoolMean2d(zeros([1, 1, 2, 2]), 2).item()).toBe(0);
    expect(() => stochasticPool2d(window, zeros([1, 1, 2, 2]), 2)).toThrow(/expected \[1, 1, 1, 1\], one number per window/);
  });
});

describe("EP5 the layers", () => {
  const picture = tensor(
    Array.from({ length: 2 * 12 * 12 }, (_, i) => (i * 37) % 101),
    [1, 2, 12, 12],
  );

  it.each([
    ["stochastic", nn.stochasticPool2d(2)],
    ["fractional", nn.fractionalMaxPool2d(2, { outputRatio: 0.7 })],
  ])("EP5 %s: every training step draws afresh and repeatably; outside training nothing is left to chance", (_, layer) => {
    const model = createModel(layer, [2, 12, 12], { seed: 1 });
    expect(flat(run(model, picture, 3))).toEqual(flat(run(model, picture, 3)));
    expect(flat(run(model, picture, 3))).not.toEqual(flat(run(model, picture, 4)));
    expect(flat(run(model, picture))).toEqual(flat(run(model, picture)));
  });

  it("EP5 outside training the stochastic layer gives its expectation", () => {
    const model = createModel(nn.stochasticPool2d(3, { stride: 2, padding: 1 }), [2, 12, 12]);
    expect(flat(run(model, picture))).toEqual(flat(stochasticPoolMean2d(picture, 3, { stride: 2, padding: 1 })));
  });
});
