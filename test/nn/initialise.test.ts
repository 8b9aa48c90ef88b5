import { describe, expect, test } from "vitest";
import { createModel, initialise, nn } from "../../src/nn/index.ts";
import { fansOf } from "../../src/nn/initialise.ts";
import { linear, relu } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

function moments(t: Tensor): { mean: number; variance: number } {
  const data = Array.from(t.data);
  const mean = data.reduce((a, b) => a + b, 0) / data.length;
  return { mean, variance: data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length };
}

const shape = [64, 32, 3, 3];
const [fanIn, fanOut] = [32 * 9, 64 * 9];
const make = (init: initialise.Initialiser, of: readonly number[] = shape): Tensor => init(of, random(5), fansOf(of));

describe("E7 initialisers", () => {
  // 18,432 draws: the variance of a sample variance puts 3 % at more than two deviations even for the normal ones.
  const rows: [string, initialise.Initialiser, number][] = [
    ["Xavier uniform", initialise.xavierUniform(), 2 / (fanIn + fanOut)],
    ["Xavier normal, gain 2", initialise.xavierNormal(2), 8 / (fanIn + fanOut)],
    ["He uniform", initialise.kaimingUniform(), 2 / fanIn],
    ["He normal", initialise.kaimingNormal(), 2 / fanIn],
    ["He normal, fan out", initialise.kaimingNormal({ mode: "fanOut" }), 2 / fanOut],
    ["He uniform, gain 1", initialise.kaimingUniform({ gain: 1 }), 1 / fanIn],
    ["PyTorch's default", initialise.fanInUniform(), 1 / (3 * fanIn)],
    ["uniform", initialise.uniform(-2, 4), 36 / 12],
    ["normal", initialise.normal(0, 0.3), 0.09],
  ];
  test.each(rows)("E7 %s has its variance", (_, init, variance) => {
    const found = moments(make(init));
    expect(found.variance / variance).toBeGreaterThan(0.96);
    expect(found.variance / variance).toBeLessThan(1.04);
  });

  test("E7 uniform ones stay within their bounds and reach them", () => {
    const bound = 1 / Math.sqrt(fanIn);
    const largest = Math.max(...make(initialise.fanInUniform()).data.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.999 * bound);
  });

  test("E7 truncated normal stays inside and keeps the truncated variance", () => {
    const t = make(initialise.truncatedNormal(1, 0.5, 0, 2));
    expect(Math.min(...t.data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...t.data)).toBeLessThanOrEqual(2);
    // 1 - 2·2·φ(2)/(2Φ(2) - 1): the variance of a normal cut at two deviations.
    expect(moments(t).variance / 0.25).toBeCloseTo(0.7737, 1.7);
    expect(() => initialise.truncatedNormal(0, 1, 8, 9)).toThrow(/next to nothing/);
  });

  test.each([[[8, 3, 3, 3]], [[40, 3, 3]]])("E7 orthogonal %j has orthonormal rows or columns", (of) => {
    const t = make(initialise.orthogonal(2), of);
    const [rows, columns] = [of[0], t.size / of[0]];
    const small = Math.min(rows, columns);
    const at = (i: number, k: number): number => (rows <= columns ? t.data[i * columns + k] : t.data[k * columns + i]);
    for (let i = 0; i < small; i++) {
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let k = 0; k < Math.max(rows, columns); k++) dot += at(i, k) * at(j, k);
        expect(dot).toBeCloseTo(i === j ? 4 : 0, 5);
      }
    }
  });

  test("E7 a dirac convolution is the identity", () => {
    const model = createModel(nn.conv2d(3, 3, 3, { padding: 1, bias: false, initialise: initialise.dirac() }), [3, 4, 4]);
    const weight = model.parameters.get("weight") as Tensor;
    expect([...weight.data].filter((v) => v !== 0)).toEqual([1, 1, 1]);
    expect(weight.at(1, 1, 1, 1)).toBe(1);
  });

  test("E7 with He's weights 20 ReLU layers keep the activations' variance within a factor of 2", () => {
    const width = 256;
    let x = randomNormal([64, width], random(1));
    let first = 0;
    for (let layer = 0; layer < 20; layer++) {
      const weight = initialise.kaimingNormal()([width, width], random(2).fork(layer), fansOf([width, width]));
      x = relu(linear(x, weight));
      const power = Array.from(x.data).reduce((a, b) => a + b * b, 0) / x.size;
      if (layer === 0) first = power;
      expect(power / first).toBeGreaterThan(0.5);
      expect(power / first).toBeLessThan(2);
    }
  });
});

describe("seeded parameters", () => {
  const small = { conv1: nn.conv2d(1, 4, 3), relu1: nn.relu(), flatten: nn.flatten(), logits: nn.linear(4 * 36, 10) };

  test("depend on the seed and the name alone, not on what else is in the net", () => {
    const a = createModel(nn.sequential(small), [1, 8, 8], { seed: 3 });
    const b = createModel(nn.sequential({ norm0: nn.batchNorm2d(1), ...small }), [1, 8, 8], { seed: 3 });
    for (const name of ["conv1.weight", "logits.bias"]) expect(b.parameters.get(name)?.data).toEqual(a.parameters.get(name)?.data);
    const c = createModel(nn.sequential(small), [1, 8, 8], { seed: 4 });
    expect(c.parameters.get("conv1.weight")?.data).not.toEqual(a.parameters.get("conv1.weight")?.data);
  });

  test("PyTorch's default bounds a bias by its weight's fan-in", () => {
    const model = createModel(nn.linear(400, 2000), [400]);
    const bias = model.parameters.get("bias") as Tensor;
    expect(Math.max(...bias.data.map(Math.abs))).toBeLessThanOrEqual(1 / 20);
    expect(moments(bias).variance / (1 / (3 * 400))).toBeCloseTo(1, 0.8);
  });
});
