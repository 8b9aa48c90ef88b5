// Normalisations against their definitions and the specification's vectors.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import * as ops from "../../src/ops/index.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { arange, ones, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";

const f64 = (values: readonly number[], shape: readonly number[]): Tensor => tensor([...values], shape, "float64");
const normal = (shape: readonly number[], seed: number): Tensor => randomNormal(shape, random(seed)).cast("float64");
const flat = (t: Tensor): number[] => Array.from(t.data);

function expectClose(actual: Tensor, wanted: readonly number[], tolerance: number): void {
  expect(actual.size).toBe(wanted.length);
  for (const [i, v] of wanted.entries()) expect(Math.abs(actual.data[i] - v)).toBeLessThan(tolerance);
}

describe("batch norm", () => {
  it("E8 batch norm of [1, 2, 3, 4] is ∓1.34163542, ∓0.44721181", () => {
    const y = ops.batchNormTraining(f64([1, 2, 3, 4], [4, 1]));
    expectClose(y, [-1.34163542, -0.44721181, 0.44721181, 1.34163542], 5e-9);
  });

  it("EN1 uses the biased variance over batch and space, per channel", () => {
    const x = normal([3, 2, 4], 1);
    expectClose(ops.channelMean(x), flat(ops.mean(x, { axes: [0, 2] })), 1e-15);
    const y = ops.batchNormTraining(x, f64([2, 3], [2]), f64([5, 7], [2]), { eps: 0 });
    expectClose(ops.channelMean(y), [5, 7], 1e-14);
    expectClose(ops.channelVariance(y), [4, 9], 1e-13);
  });

  it("EN1 evaluation with the batch's own statistics equals training", () => {
    const x = normal([2, 3, 2, 2], 2);
    const [weight, bias] = [normal([3], 3), normal([3], 4)];
    const trained = ops.batchNormTraining(x, weight, bias);
    const evaluated = ops.batchNorm(x, ops.channelMean(x), ops.channelVariance(x), weight, bias);
    expect(flat(evaluated)).toEqual(flat(trained));
  });

  it("a shift without a scale is a shift", () => {
    const x = normal([5, 2], 5);
    const shifted = ops.batchNormTraining(x, undefined, f64([10, 20], [2]));
    expectClose(ops.sub(shifted, f64([10, 20], [2])), flat(ops.batchNormTraining(x)), 1e-13);
  });

  it("a large mean costs no digits", () => {
    const x = f64([1e6 + 1, 1e6 + 2, 1e6 + 3, 1e6 + 4], [4, 1]).cast("float32");
    expectClose(ops.batchNormTraining(x), [-1.34163542, -0.44721181, 0.44721181, 1.34163542], 2e-7);
  });

  it("its explicit gradient equals the one through the decomposition", () => {
    const tensors = [normal([3, 2, 2, 3], 6), normal([2], 7), normal([2], 8), normal([3, 2, 2, 3], 9)];
    const [x, weight, bias, seed] = tensors.map((t, i) => input(`v${i}`, t.shape, "float64"));
    const known = new Map([x, weight, bias, seed].map((v, i) => [v, tensors[i]]));
    const explicit = gradient(ops.batchNormTraining(x, weight, bias), [x, weight, bias], { seed });
    const composed: Value = ops.batchNorm(x, ops.channelMean(x), ops.channelVariance(x), weight, bias);
    const derived = gradient(composed, [x, weight, bias], { seed });
    const results = evaluateValues([...explicit, ...derived], known);
    for (const k of [0, 1, 2]) expectClose(results[k], flat(results[k + 3]), 1e-13);
  });

  it("EN1 one value per channel in training is an error; so are parameters of another size", () => {
    expect(() => ops.batchNormTraining(zeros([1, 3, 1, 1]))).toThrow(/one value per channel, whose variance is 0/);
    expect(() => ops.batchNormTraining(zeros([2, 3]), ones([2]))).toThrow(/weight has shape \[2\]; expected \[3\]/);
    expect(() => ops.batchNorm(zeros([2, 3]), zeros([3]), ones([4]))).toThrow(/variance has shape \[4\]; expected \[3\]/);
    expect(() => ops.batchNormTraining(zeros([3]))).toThrow(/expected \[batch, channels, ...\]/);
    expect(() => ops.channelMean(zeros([0, 3]))).toThrow(ShapeError);
  });
});

describe("norms within a sample", () => {
  const x = normal([2, 6, 3, 2], 10);

  it("EN2 layer norm: mean 0 and biased variance 1 over the last axes of each sample", () => {
    const y = ops.layerNorm(x, undefined, undefined, { normalisedShape: [6, 3, 2], eps: 0 });
    expectClose(ops.mean(y, { axes: [1, 2, 3] }), [0, 0], 1e-14);
    expectClose(ops.variance(y, { axes: [1, 2, 3] }), [1, 1], 1e-13);
    expectClose(ops.layerNorm(f64([1, 2, 3, 4], [1, 4])), [-1.34163542, -0.44721181, 0.44721181, 1.34163542], 5e-9);
  });

  it("EN2 group norm with one group is layer norm over everything; with C groups it is instance norm", () => {
    const one = ops.groupNorm(x, undefined, undefined, { groups: 1 });
    expectClose(one, flat(ops.layerNorm(x, undefined, undefined, { normalisedShape: [6, 3, 2] })), 1e-14);
    const [weight, bias] = [normal([6], 11), normal([6], 12)];
    expectClose(ops.groupNorm(x, weight, bias, { groups: 6 }), flat(ops.instanceNorm(x, weight, bias)), 1e-14);
  });

  it("EN2 group norm splits channels in order", () => {
    const y = ops.groupNorm(
      tensor([
        [
          [0, 0],
          [2, 2],
          [5, 5],
          [9, 9],
        ],
      ]),
      undefined,
      undefined,
      { groups: 2, eps: 0 },
    );
    expect(flat(y)).toEqual([-1, -1, 1, 1, -1, -1, 1, 1]);
  });

  it("EN2 rms norm divides by the root of the mean square", () => {
    expectClose(ops.rmsNorm(f64([3, 4], [1, 2]), f64([1, 10], [2]), { eps: 0 }), [3 / Math.sqrt(12.5), 40 / Math.sqrt(12.5)], 1e-14);
  });

  it("EN2 a constant input gives zeros, not NaN", () => {
    expect(flat(ops.layerNorm(ones([2, 3])))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(flat(ops.instanceNorm(ones([1, 1, 3])))).toEqual([0, 0, 0]);
  });

  it("EN2 mistakes are named", () => {
    expect(() => ops.groupNorm(x, undefined, undefined, { groups: 4 })).toThrow(/6 channels do not divide into 4 groups/);
    expect(() => ops.layerNorm(x, undefined, undefined, { normalisedShape: [3, 3] })).toThrow(
      /normalisedShape \[3, 3\] is not how the input \[2, 6, 3, 2\] ends/,
    );
    expect(() => ops.instanceNorm(zeros([2, 3, 1, 1]))).toThrow(/one value per channel/);
    expect(() => ops.instanceNorm(zeros([2, 3]))).toThrow(ShapeError);
  });
});

describe("local response norm", () => {
  it("E8 local response norm, the paper's form (fixture)", () => {
    const f = fixture<{ k: number; n: number; alpha: number; beta: number; input_channels: number[]; output: number[] }>(
      "local_response_normalisation",
    );
    const x = f64(f.input_channels, [1, 5]);
    const paper = ops.localResponseNorm(x, { size: f.n, alpha: f.alpha, beta: f.beta, k: f.k, alphaForm: "sum" });
    expectClose(paper, f.output, 1e-15);
    const mean = ops.localResponseNorm(x, { size: f.n, alpha: f.alpha * f.n, beta: f.beta, k: f.k });
    expectClose(mean, f.output, 1e-15);
  });

  it("E8 local response norm of [1..5] with k 2, n 5, α 1e-4, β 0.75 (T15: α times the sum)", () => {
    const y = ops.localResponseNorm(f64([1, 2, 3, 4, 5], [1, 5, 1, 1]), { size: 5, alpha: 1e-4, beta: 0.75, k: 2, alphaForm: "sum" });
    expectClose(y, [0.59429158, 1.18787101, 1.78014039, 2.37360929, 2.96745555], 6e-9);
  });

  it.each(["pytorch", "onnx"] as const)("EN3 the window of an even size, as in %s", (window) => {
    const [size, channels] = [4, 6];
    const x = arange(channels, [1, channels], "float64");
    const first = window === "pytorch" ? -Math.floor(size / 2) : -Math.floor((size - 1) / 2);
    const wanted = flat(x).map((v, c) => {
      let energy = 0;
      for (let j = c + first; j < c + first + size; j++) if (j >= 0 && j < channels) energy += x.data[j] ** 2;
      return v / (2 + (0.5 / size) * energy) ** 0.6;
    });
    expectClose(ops.localResponseNorm(x, { size, alpha: 0.5, beta: 0.6, k: 2, window }), wanted, 1e-14);
  });

  it("k must be positive", () => {
    expect(() => ops.localResponseNorm(zeros([1, 3]), { k: 0 })).toThrow(/k is 0; expected a number above 0/);
  });
});
