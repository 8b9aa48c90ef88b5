// Layer-wise relevance propagation and DeepLIFT: the toy nets of seeing-inside.md, the identities, and what is refused.
import { describe, expect, test } from "vitest";
import { attribute } from "../../src/lens/index.ts";
import { blocks, createModel, type Model, type Module, nn } from "../../src/nn/index.ts";
import { mul, sigmoid } from "../../src/ops/index.ts";
import { UnsupportedOpError } from "../../src/tensor/errors.ts";
import { random, randomNormal, sizeOf, Tensor, tensor } from "../../src/tensor/index.ts";
import { linearNet, n1, n1Picture } from "./nets.ts";

const exact = { device: "reference", dtype: "float64" } as const;
const closeTo = (found: Tensor, expected: ArrayLike<number>, digits = 6): void => {
  expect(found.size).toBe(expected.length);
  for (let i = 0; i < found.size; i++) expect(found.data[i]).toBeCloseTo(expected[i], digits);
};
const sum = ({ data }: Tensor): number => Array.from(data).reduce((a, b) => a + b, 0);

/** N2: dense 3→3, all weights 2 but for the first, ReLU, dense 3→1, all weights 3. */
function n2(corner: number): Model {
  const net = nn.sequential({ first: nn.linear(3, 3, { bias: false }), relu: nn.relu(), second: nn.linear(3, 1, { bias: false }) });
  return createModel(net, [3], {
    parameters: new Map([
      ["first.weight", tensor([[corner, 2, 2], [2, 2, 2], [2, 2, 2]])], // biome-ignore format: a matrix
      ["second.weight", tensor([[3, 3, 3]])],
    ]),
  });
}
const n2Input = tensor(Float64Array.of(1, 2, 3), [3]);

/** A ReLU net without biases, with stride, padding, pooling and two dense layers. */
function biasFree(seed: number): Model {
  const net = nn.sequential({
    conv1: nn.conv2d(2, 4, 3, { padding: 1, bias: false }),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(4, 5, 3, { stride: 2, bias: false }),
    relu2: nn.relu(),
    pool2: nn.avgPool2d(2, { stride: 1 }),
    flatten: nn.flatten(),
    dense: nn.linear(5, 6, { bias: false }),
    relu3: nn.relu(),
    scores: nn.linear(6, 3, { bias: false }),
  });
  return createModel(net, [2, 12, 12], { seed });
}
const picture = randomNormal([2, 12, 12], random(2)).cast("float64");

describe("LR2 the toy nets", () => {
  test("LR2 N1: LRP-0 is gradient x input", async () => {
    const { map } = await attribute(n1(), n1Picture, { method: "lrp", rule: "zero", class: 0, ...exact });
    closeTo(map, [0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 0, 0, 0]);
  });

  test("LR2 N2 under epsilon, alpha-beta and a mixture", async () => {
    const lrp = (corner: number, options: object) => attribute(n2(corner), n2Input, { method: "lrp", class: 0, ...options, ...exact });
    closeTo((await lrp(2, { rule: "epsilon", epsilon: 1e-9 })).map, [18, 36, 54]);
    closeTo((await lrp(-2, { rule: "epsilon", epsilon: 1e-9 })).map, [6, 36, 54]);
    closeTo((await lrp(-2, { rule: "alphaBeta", alpha: 1, epsilon: 0 })).map, [12, 33.6, 50.4]);
    closeTo((await lrp(-2, { rule: "zPlus", epsilon: 0 })).map, [12, 33.6, 50.4]);
    closeTo((await lrp(-2, { layerRules: { first: "identity", second: "epsilon" }, epsilon: 1e-9 })).map, [24, 36, 36]);
  });

  test("LR2 a maximum takes all", async () => {
    const net = nn.sequential({ pool: nn.maxPool2d(2), flatten: nn.flatten(), dense: nn.linear(1, 1, { bias: false }) });
    const model = createModel(net, [1, 2, 2], { parameters: new Map([["dense.weight", tensor([[1]])]]) });
    const { map } = await attribute(model, tensor([1, 2, 5, 6], [1, 2, 2]), {
      method: "lrp",
      rule: "epsilon",
      epsilon: 0,
      class: 0,
      ...exact,
    });
    closeTo(map, [0, 0, 0, 6]);
  });
});

describe("max-pools as average pools", () => {
  const swapped = (seed: number, pool: Module): Model => {
    const net = nn.sequential({
      ...{ conv: nn.conv2d(2, 4, 3, { padding: 1, bias: false }), relu: nn.relu(), pool },
      ...{ flatten: nn.flatten(), scores: nn.linear(4 * sizeAfter(pool), 3, { bias: false }) },
    });
    return createModel(net, [2, 12, 12], { seed });
  };
  const sizeAfter = (pool: Module): number => sizeOf(createModel(nn.sequential({ pool }), [1, 12, 12]).trace().output.shape);

  test("LR2 by contribution: 2x2 on [1 2; 5 6] with relevance 6 gives shares of 14", async () => {
    const net = nn.sequential({ pool: nn.maxPool2d(2), flatten: nn.flatten(), dense: nn.linear(1, 1, { bias: false }) });
    const model = createModel(net, [1, 2, 2], { parameters: new Map([["dense.weight", tensor([[1]])]]) });
    const options = { method: "lrp", rule: "zero", maxPool: "average", class: 0, ...exact } as const;
    const { map, warnings } = await attribute(model, tensor([1, 2, 5, 6], [1, 2, 2]), options);
    closeTo(map, [1, 2, 5, 6].map((v) => (6 * v) / 14)); // biome-ignore format: one thought
    expect(warnings.join()).toMatch(/1 max-pools handed their relevance down as if they were average pools/);
  });

  // The shares in a window are those of a pool that did average; only what is shared out differs, and that is the window's relevance.
  test.each([
    ["overlapping and padded", nn.maxPool2d(3, { stride: 2, padding: 1 }), nn.avgPool2d(3, { stride: 2, padding: 1 })],
    ["ceil mode", nn.maxPool2d(5, { stride: 5, ceilMode: true }), nn.avgPool2d(5, { stride: 5, ceilMode: true })],
    ["global", nn.globalMaxPool(), nn.globalAvgPool()],
    ["adaptive", nn.adaptiveMaxPool2d(5), nn.adaptiveAvgPool2d(5)],
  ])("LR3 nothing is lost, and shares are an average pool's: %s", async (_, largest, mean) => {
    const options = { method: "lrp", rule: "zero", maxPool: "average", class: 1, ...exact } as const;
    const found = await attribute(swapped(3, largest), picture, options);
    expect(found.figures.conservationGap).toBeLessThan(1e-9);
    // One window at a time: a net that reads one pooled number hands down a multiple of what the averaging net does.
    const one = (pool: Module): Model => {
      const size = 4 * sizeAfter(pool);
      const only = new Tensor(new Float32Array(3 * size).map((_, p) => (p === size + 1 ? 1 : 0)), [3, size]); // biome-ignore format: one thought
      return swapped(3, pool).with(new Map([["scores.weight", only]]));
    };
    const [a, b] = [await attribute(one(largest), picture, options), await attribute(one(mean), picture, options)];
    closeTo(a.map, b.map.data.map((v) => (v * a.score) / b.score), 9); // biome-ignore format: one thought
    expect(b.warnings.join()).not.toMatch(/max-pool/);
  });

  test("PR15 another way is refused", async () => {
    await expect(attribute(biasFree(1), picture, { method: "lrp", maxPool: "mean" as never, class: 0, ...exact })).rejects.toThrow(
      /maxPool is "mean"; expected winner or average/,
    );
  });
});

describe("LR1, LR3, LR4 identities", () => {
  test.each([1, 2, 3])("LR1 LRP-0 is gradient x input on a ReLU net without biases, and LR3 nothing is lost, seed %s", async (seed) => {
    const options = { class: 1, ...exact } as const;
    const lrp = await attribute(biasFree(seed), picture, { method: "lrp", rule: "zero", ...options });
    const plain = await attribute(biasFree(seed), picture, { method: "gradientInput", ...options });
    closeTo(lrp.map, plain.map.data, 10);
    expect(sum(lrp.map)).toBeCloseTo(lrp.score, 9);
    expect(lrp.figures.conservationGap).toBeLessThan(1e-9);
  });

  test("LR3 layer by layer: what lies on each layer is the same", async () => {
    // The tail of the net, given the layer's values as its picture, hands down what the whole net does.
    const model = biasFree(1);
    const { activations } = await import("../../src/lens/index.ts");
    const values = await activations(model, picture, { ...exact });
    const tail = nn.sequential({ dense: nn.linear(5, 6, { bias: false }), relu3: nn.relu(), scores: nn.linear(6, 3, { bias: false }) });
    const parameters = new Map([...model.parameters].filter(([name]) => /^(dense|scores)/.test(name)));
    const inner = await attribute(createModel(tail, [5], { parameters }), values.get("flatten") as Tensor, {
      ...{ method: "lrp", rule: "zero", class: 1, ...exact },
    });
    const whole = await attribute(model, picture, { method: "lrp", rule: "zero", class: 1, ...exact });
    expect(sum(inner.map)).toBeCloseTo(sum(whole.map), 9);
  });

  test("LR4 gamma = 0 is LRP-0, and a large gamma approaches z-plus where inputs are not negative", async () => {
    const model = biasFree(2);
    const positive = new Tensor(
      picture.data.map((v: number) => Math.abs(v)),
      picture.shape,
    );
    const lrp = (options: object) => attribute(model, positive, { method: "lrp", class: 1, epsilon: 0, ...options, ...exact });
    closeTo((await lrp({ rule: "gamma", gamma: 0 })).map, (await lrp({ rule: "zero" })).map.data, 10);
    const [far, limit] = [await lrp({ rule: "gamma", gamma: 1e9 }), await lrp({ rule: "zPlus" })];
    closeTo(far.map, limit.map.data, 5);
  });

  test("LR4 z-plus conserves the score, and so do flat and w-squared, which ignore the picture but for what comes from above", async () => {
    for (const rule of ["zPlus", "flat", "wSquare"] as const) {
      const found = await attribute(n2(2), n2Input, { method: "lrp", rule, class: 0, epsilon: 0, ...exact });
      expect(sum(found.map)).toBeCloseTo(108, 6);
    }
    closeTo((await attribute(n2(2), n2Input, { method: "lrp", rule: "flat", class: 0, epsilon: 0, ...exact })).map, [36, 36, 36]);
  });

  test("LR4 the box rule counts from the bounds: at the lower one, positive weights get nothing", async () => {
    const model = linearNet(tensor([[1, 2], [3, -4]])); // biome-ignore format: a picture
    const at = (values: number[]) =>
      attribute(model, tensor(values, [1, 2, 2]), { method: "lrp", rule: "zBox", bounds: [-1, 2], class: 0, epsilon: 0, ...exact });
    const { map, score } = await at([-1, 0, 1, 2]);
    expect(map.data[0]).toBeCloseTo(0, 12);
    expect(map.data[3]).toBeCloseTo(0, 12);
    expect(sum(map)).toBeCloseTo(score, 9);
  });
});

describe("LR5 batch norm", () => {
  const net = nn.sequential({
    conv: nn.conv2d(1, 3, 3, { padding: 1, bias: false }),
    norm: nn.batchNorm2d(3),
    relu: nn.relu(),
    flatten: nn.flatten(),
    scores: nn.linear(48, 2, { bias: false }),
  });
  const generator = random(4);
  const plain = createModel(net, [1, 4, 4], { seed: 3 });
  const model = plain.with(
    new Map([
      ["norm.running_mean", randomNormal([3], generator)],
      ["norm.running_var", tensor([0.5, 2, 1.2])],
      ["norm.weight", tensor([1.5, 0.7, 1])],
    ]),
  );
  const image = randomNormal([1, 4, 4], generator).cast("float64");

  test("LR5 it is folded by itself, the score stays, and the report says so", async () => {
    const lrp = await attribute(model, image, { method: "lrp", rule: "zero", class: 0, ...exact });
    const score = (await attribute(model, image, { method: "gradient", class: 0, ...exact })).score;
    expect(Math.abs(lrp.score - score)).toBeLessThan(1e-6);
    expect(lrp.warnings.join()).toMatch(/1 batch norms were folded/);
    // As for the net whose convolution has taken the norm in.
    const names = ["running_mean", "running_var", "weight"].map((n) => model.state().get(`norm.${n}`) as Tensor);
    const scale = Array.from(names[2].data, (w, c) => w / Math.sqrt(names[1].data[c] + 1e-5));
    const weight = model.parameters.get("conv.weight") as Tensor;
    const folded = createModel(
      nn.sequential({
        conv: nn.conv2d(1, 3, 3, { padding: 1 }),
        relu: nn.relu(),
        flatten: nn.flatten(),
        scores: nn.linear(48, 2, { bias: false }),
      }),
      [1, 4, 4],
      {
        parameters: new Map([
          [
            "conv.weight",
            new Tensor(
              weight.data.map((w: number, i: number) => w * scale[Math.floor(i / 9)]),
              weight.shape,
            ),
          ],
          ["conv.bias", tensor(scale.map((s, c) => -s * names[0].data[c]))],
          ["scores.weight", model.parameters.get("scores.weight") as Tensor],
        ]),
      },
    );
    closeTo(lrp.map, (await attribute(folded, image, { method: "lrp", rule: "zero", class: 0, ...exact })).map.data, 5);
  });
});

describe("residual nets and gates", () => {
  test("LR3 a sum hands on by contribution: nothing is lost in a residual net", async () => {
    const net = nn.sequential({
      conv: nn.conv2d(1, 4, 3, { padding: 1, bias: false }),
      relu: nn.relu(),
      block: nn.residual({
        a: nn.conv2d(4, 4, 3, { padding: 1, bias: false }),
        r: nn.relu(),
        b: nn.conv2d(4, 4, 3, { padding: 1, bias: false }),
      }),
      pool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      scores: nn.linear(4, 2, { bias: false }),
    });
    const model = createModel(net, [1, 6, 6], { seed: 7 });
    const image = randomNormal([1, 6, 6], random(1)).cast("float64");
    const { map, score } = await attribute(model, image, { method: "lrp", rule: "zero", class: 0, ...exact });
    expect(sum(map)).toBeCloseTo(score, 8);
  });

  test("a squeeze-excite gate scales: the signal takes all of its product's relevance", async () => {
    const net = nn.sequential({
      conv: nn.conv2d(1, 8, 3, { padding: 1, bias: false }),
      gate: blocks.squeezeExcite(8, { reduction: 4 }),
      pool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      scores: nn.linear(8, 2, { bias: false }),
    });
    const model = createModel(net, [1, 5, 5], { seed: 2 });
    const image = randomNormal([1, 5, 5], random(1)).cast("float64");
    const { map, score } = await attribute(model, image, { method: "lrp", rule: "zero", class: 0, ...exact });
    expect(sum(map)).toBeCloseTo(score, 8);
  });

  test.each(["the picture first", "the gate first"])("the signal is the signal wherever it stands in the product: %s", async (order) => {
    const gated = (shape: "maps" | "means"): Model => {
      const gate = nn.functional((x, context) => {
        const share = sigmoid(shape === "maps" ? x : context.child("pool", nn.globalAvgPool(), x));
        return order === "the gate first" ? mul(share, x) : mul(x, share);
      });
      const net = nn.sequential({
        ...{ conv: nn.conv2d(1, 3, 3, { bias: false }), gate, flatten: nn.flatten() },
        head: nn.linear(27, 2, { bias: false }),
      });
      return createModel(net, [1, 5, 5], { seed: 2 });
    };
    const image = randomNormal([1, 5, 5], random(1)).cast("float64");
    for (const shape of ["maps", "means"] as const) {
      const { map, score } = await attribute(gated(shape), image, { method: "lrp", rule: "zero", class: 0, ...exact });
      expect(sum(map)).toBeCloseTo(score, 8);
    }
  });

  test("PR15 a net with something that has no rule is refused by name; unknown rules, layers and composites too", async () => {
    const net = nn.sequential({ flatten: nn.flatten(), dense: nn.linear(4, 4), norm: nn.layerNorm(4), scores: nn.linear(4, 2) });
    const model = createModel(net, [1, 2, 2]);
    const image = tensor([1, 2, 3, 4], [1, 2, 2]);
    await expect(attribute(model, image, { method: "lrp", class: 0, ...exact })).rejects.toThrow(UnsupportedOpError);
    const ask = (options: object) => attribute(n2(2), n2Input, { method: "lrp", class: 0, ...options, ...exact });
    await expect(ask({ rule: "beta" })).rejects.toThrow(/expected one of zero, epsilon/);
    await expect(ask({ layerRules: { third: "zero" } })).rejects.toThrow(/"third", but the layers with weights are first, second/);
    await expect(ask({ composite: "none" })).rejects.toThrow(/expected one of epsilonPlus/);
  });
});

describe("DeepLIFT", () => {
  test("a saturated unit: the gradient is silent, DeepLIFT shares the change out", async () => {
    // y = 1 - relu(1 - x1 - x2) at (1, 1): the slope is 0, the score rose from 0 to 1.
    const net = nn.sequential({ inner: nn.linear(2, 1), relu: nn.relu(), outer: nn.linear(1, 1) });
    const model = createModel(net, [2], {
      parameters: new Map([
        ["inner.weight", tensor([[-1, -1]])],
        ["inner.bias", tensor([1])],
        ["outer.weight", tensor([[-1]])],
        ["outer.bias", tensor([1])],
      ]),
    });
    const x = tensor(Float64Array.of(1, 1), [2]);
    closeTo((await attribute(model, x, { method: "gradient", class: 0, ...exact })).map, [0, 0]);
    const found = await attribute(model, x, { method: "deepLift", class: 0, ...exact });
    closeTo(found.map, [0.5, 0.5]);
    expect(found.figures.completenessGap).toBeLessThan(1e-12);
  });

  test("linear nets give w (x - baseline), exactly", async () => {
    const weights = randomNormal([3, 4], random(1));
    const x = randomNormal([1, 3, 4], random(2)).cast("float64");
    const baseline = randomNormal([1, 3, 4], random(3)).cast("float64");
    const { map } = await attribute(linearNet(weights), x, { method: "deepLift", class: 0, baseline, ...exact });
    closeTo(map, Array.from(weights.data, (w, i) => w * (x.data[i] - baseline.data[i])), 10); // biome-ignore format: one thought
  });

  test.each([1, 2, 3])("the contributions add up to the change, pooling and biases included, seed %s", async (seed) => {
    const net = nn.sequential({
      conv1: nn.conv2d(2, 4, 3, { padding: 1 }),
      tanh: nn.tanh(),
      pool: nn.maxPool2d(2),
      conv2: nn.conv2d(4, 3, 3),
      silu: nn.silu(), // biome-ignore format: pairs
      flatten: nn.flatten(),
      dense: nn.linear(48, 3), // biome-ignore format: pairs
    });
    const model = createModel(net, [2, 12, 12], { seed });
    const baseline = randomNormal([2, 12, 12], random(seed + 9)).cast("float64");
    const found = await attribute(model, picture, { method: "deepLift", class: 2, baseline, ...exact });
    expect(found.figures.completenessGap).toBeLessThan(1e-9);
    const fast = await attribute(model, picture.cast("float32"), {
      method: "deepLift",
      class: 2,
      baseline: baseline.cast("float32"),
      device: "wasm",
      threads: 1,
    });
    closeTo(fast.map, found.map.data, 3);
  });

  test("a gate that depends on the picture is shared out exactly, too", async () => {
    const net = nn.sequential({
      conv: nn.conv2d(2, 8, 3),
      gate: blocks.squeezeExcite(8, { reduction: 2 }),
      flatten: nn.flatten(),
      dense: nn.linear(800, 2),
    });
    const found = await attribute(createModel(net, [2, 12, 12], { seed: 5 }), picture, { method: "deepLift", class: 0, ...exact });
    expect(found.figures.completenessGap).toBeLessThan(1e-9);
  });

  test("where a norm over the layer is taken by its slope, the gap is said in words", async () => {
    const net = nn.sequential({ conv: nn.conv2d(2, 4, 3), norm: nn.groupNorm(1, 4), flatten: nn.flatten(), dense: nn.linear(400, 2) });
    const { figures, warnings } = await attribute(createModel(net, [2, 12, 12], { seed: 5 }), picture, { method: "deepLift", class: 0, ...exact }); // biome-ignore format: one question
    expect(figures.completenessGap).toBeGreaterThan(0.01);
    expect(warnings.join()).toMatch(/the contributions add up to .*, but the score changed by/);
    const plain = await attribute(biasFree(4), picture, { method: "deepLift", class: 0, ...exact });
    expect(plain.warnings).toEqual([]);
  });

  test("at a ReLU net without biases and a zero baseline it is gradient x input", async () => {
    const [lift, plain] = await Promise.all(
      (["deepLift", "gradientInput"] as const).map((method) => attribute(biasFree(4), picture, { method, class: 0, ...exact })),
    );
    closeTo(lift.map, plain.map.data, 8);
  });
});
