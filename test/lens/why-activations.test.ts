// Why nets have activations, what goes wrong with them, and the meters that show it.
import { describe, expect, test } from "vitest";
import { arraysDataset, type Dataset } from "../../src/data/index.ts";
import { activationTable, gradientFlow, unitMeter } from "../../src/lens/index.ts";
import { createModel, initialise, type Model, type Module, nn } from "../../src/nn/index.ts";
import { conv1d, conv2d, leakyRelu, linear, mergeConvs, relu, sigmoid, tanh } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { full, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { adam, evaluate, fit, sgd } from "../../src/train/index.ts";
import { chartDepths, gradientByDepth } from "../../tools/docs-charts.ts";
import { difference, normal64 } from "../variants/support.ts";

const device = "reference" as const;

describe("D1 tables of values and slopes", () => {
  test("D1 σ(1), σ'(1), σ'(0), tanh(1), tanh'(1)", () => {
    const [zero, one] = activationTable(sigmoid, [0, 1]);
    expect(one.y).toBeCloseTo(0.7310585786, 10);
    expect(one.slope).toBeCloseTo(0.1966119332, 10);
    expect(zero.slope).toBe(0.25);
    const [at] = activationTable(tanh, [1]);
    expect([at.y, at.slope].map((v) => v.toFixed(10))).toEqual(["0.7615941560", "0.4199743416"]);
  });
  test("D1 rectifiers: kinks and slopes as in PyTorch", () => {
    expect(activationTable(relu, [-1, 0, 2])).toEqual([
      { x: -1, y: 0, slope: 0 },
      { x: 0, y: 0, slope: 0 },
      { x: 2, y: 2, slope: 1 },
    ]);
    expect(activationTable((x) => leakyRelu(x, { slope: 0.01 }), [-2])).toEqual([{ x: -2, y: -0.02, slope: 0.01 }]);
  });
});

describe("D3 without an activation", () => {
  test.each([
    ["3x3 after 3x3", [2, 3, 9, 8], [4, 3, 3, 3], [5, 4, 3, 3], 1, 0],
    ["1x1 after 5x5 with stride and padding", [1, 2, 11, 9], [6, 2, 5, 5], [3, 6, 1, 1], 2, 2],
    ["2x3 after 3x2, stride 2 first", [1, 2, 11, 12], [3, 2, 3, 2], [2, 3, 2, 3], 2, 0],
  ] as const)("D3 two linear convolutions are one, difference < 1e-12: %s", (_, x, first, second, stride, padding) => {
    const picture = normal64(x, 1);
    const [w1, b1, w2, b2] = [normal64(first, 2), normal64([first[0]], 3), normal64(second, 4), normal64([second[0]], 5)];
    const two = conv2d(conv2d(picture, w1, b1, { stride, padding }), w2, b2);
    const merged = mergeConvs({ weight: w1, bias: b1 }, { weight: w2, bias: b2 }, { stride });
    expect(difference(conv2d(picture, merged.weight, merged.bias, { stride, padding }), two)).toBeLessThan(1e-12);
    // With an activation between them they are not.
    const bent = conv2d(relu(conv2d(picture, w1, b1, { stride, padding })), w2, b2);
    expect(difference(bent, two)).toBeGreaterThan(0.1);
  });

  test("D3 merging works along one axis, and with one bias or none", () => {
    const [x, w1, w2, b1] = [normal64([1, 2, 12], 6), normal64([3, 2, 3], 7), normal64([2, 3, 4], 8), normal64([3], 9)];
    const merged = mergeConvs({ weight: w1, bias: b1 }, { weight: w2 });
    expect(difference(conv1d(x, merged.weight, merged.bias), conv1d(conv1d(x, w1, b1), w2))).toBeLessThan(1e-12);
    expect(mergeConvs({ weight: w1 }, { weight: w2 }).bias).toBeUndefined();
    expect(() => mergeConvs({ weight: w1 }, { weight: w1 })).toThrow(/gives 3 maps.*reads 2/);
  });
});

const corners = [0, 1, 2, 3].map((i) => [i & 1, i >> 1]);
const xor: Dataset = arraysDataset({
  name: "xor",
  images: Float32Array.from(corners.flat(), (v) => 2 * v - 1),
  labels: corners.map(([a, b]) => a ^ b),
  imageShape: [1, 1, 2],
  classes: ["same", "different"],
});

describe("D3 XOR", () => {
  const linearNet = (): Module => nn.sequential([nn.flatten(), nn.linear(2, 8), nn.linear(8, 2)]);
  const bent = (activation: Module, hidden: number): Module =>
    nn.sequential([nn.flatten(), nn.linear(2, hidden), activation, nn.linear(hidden, 2)]);
  const trained = async (net: Module, seed: number): Promise<number> => {
    const model = await fit(net, xor, { epochs: 150, batchSize: 4, optimiser: adam(0.1), seed, device });
    return (await evaluate(model, xor, { device })).accuracy;
  };

  test("D3 no linear net exceeds 75 %: neither trained ones nor 2,000 random ones", async () => {
    for (const seed of [1, 2, 3]) expect(await trained(linearNet(), seed)).toBeLessThanOrEqual(0.75);
    let best = 0;
    const { x, y } = xor.batch([0, 1, 2, 3]);
    for (let i = 0; i < 2000; i++) {
      const [w1, b1, w2, b2] = [[3, 2], [3], [2, 3], [2]].map((shape, k) => randomNormal(shape, random(i, k)));
      const logits = linear(linear(x.reshape([4, 2]), w1, b1), w2, b2);
      const right = Array.from(y.data).filter((label, n) => (logits.at(n, 1) > logits.at(n, 0) ? 1 : 0) === label).length;
      best = Math.max(best, right / 4);
    }
    expect(best).toBe(0.75);
  });

  test.each([["tanh"], ["relu"]] as const)("D3 two hidden %s units reach 100 %%", async (name) => {
    const activation = nn[name]();
    const accuracies: number[] = [];
    for (let seed = 0; seed < 8 && !accuracies.includes(1); seed++) accuracies.push(await trained(bent(activation, 2), seed));
    expect(Math.max(...accuracies)).toBe(1);
  });
});

describe("D4 vanishing gradients", () => {
  /** One unit per layer with weight 1 and bias 0: what is left is the product of the slopes. */
  const chain = (depth: number, activation: () => Module): Module => {
    const one = { initialise: initialise.constant(1), initialiseBias: initialise.constant(0) };
    return nn.sequential(Array.from({ length: depth }, () => [nn.linear(1, 1, one), activation()]).flat());
  };

  test("D4 n sigmoids in a chain pass at most 0.25ⁿ of the gradient; 0.25¹⁰ = 9.54e-7", async () => {
    expect((0.25 ** 10).toExponential(2)).toBe("9.54e-7");
    for (const depth of [2, 10, 20]) {
      for (const x of [-1, 0, 0.5]) {
        const model = createModel(chain(depth, nn.sigmoid), [1]);
        const flow = await gradientFlow(model, tensor([[x]]), { device, dtype: "float64" });
        // The first layer's gradient has passed every sigmoid.
        expect(flow[0].gradient).toBeLessThanOrEqual(0.25 ** depth);
        expect(flow[0].gradient).toBeGreaterThan(0.19 ** depth);
      }
    }
  });

  test("D4 gradient at the first layer, relative to the last, depth 2 to 50: sigmoid dies, the others hold with He weights", async () => {
    // The same that docs/pictures/gradient-depth.svg shows.
    const curve = async (activation: () => Module): Promise<number[]> =>
      Promise.all(chartDepths.map((depth) => gradientByDepth(activation, depth)));
    const [s, t, r, l] = [await curve(nn.sigmoid), await curve(nn.tanh), await curve(nn.relu), await curve(nn.leakyRelu)];
    for (let i = 1; i < chartDepths.length; i++) expect(s[i]).toBeLessThan(s[i - 1] / 10);
    expect(s[4]).toBeLessThan(1e-15);
    expect(s[4]).toBeGreaterThan(0);
    for (const kept of [...t, ...r, ...l]) {
      expect(kept).toBeGreaterThan(0.02);
      expect(kept).toBeLessThan(50);
    }
  });

  test("D4 what ReLU does not fix: with first weights too small the gradient vanishes all the same", async () => {
    const small = nn.sequential(
      Array.from({ length: 20 }, () => [nn.linear(24, 24, { initialise: initialise.normal(0, 0.05) }), nn.relu()]).flat(),
    );
    const pictures = randomNormal([16, 24], random(4));
    const flow = await gradientFlow(createModel(small, [24], { seed: 5 }), pictures, { device });
    expect(flow[0].gradient / flow[flow.length - 1].gradient).toBeLessThan(1e-8);
  });
});

/** Two classes of 6x6 noise, brighter on the left or on the right. */
function sides(count: number, seed: number): Dataset {
  const images = randomNormal([count, 1, 6, 6], random(seed));
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  for (let i = 0; i < count; i++) for (let p = 0; p < 36; p++) images.data[i * 36 + p] += p % 6 < 3 === (labels[i] === 0) ? 1 : -1;
  return arraysDataset({ name: "sides", images: images.data as Float32Array, labels, imageShape: [1, 6, 6], classes: ["left", "right"] });
}

describe("D5 dead and saturated units", () => {
  const data = sides(100, 6);
  const net = (activation: Module): Module =>
    nn.sequential({
      conv: nn.conv2d(1, 4, 3),
      act: activation,
      flatten: nn.flatten(),
      hidden: nn.linear(64, 8),
      act2: activation,
      output: nn.linear(8, 2),
    });
  const shifted = (model: Model, name: string, change: (t: Tensor) => Tensor): Model =>
    model.with(new Map([[name, change(model.parameters.get(name) as Tensor)]]));

  test("D5 the meter counts units that are 0 on the whole set, exactly", async () => {
    const model = shifted(createModel(net(nn.relu()), [1, 6, 6], { seed: 7 }), "conv.bias", (t) => {
      const bias = t.clone();
      bias.data[2] = -100;
      return bias;
    });
    const [first, second] = await unitMeter(model, data, { device, batchSize: 32 });
    expect(first).toMatchObject({ layer: "act", kind: "relu", units: 64, maps: 4, deadMaps: 1, dead: 16 });
    expect(second).toMatchObject({ layer: "act2", units: 8, maps: 8 });
    // By hand: the layer on every picture.
    const traced = model.trace();
    expect(traced.layers.map((l) => l.name)).toContain("act");
    let zeros = 0;
    for (let i = 0; i < data.size; i++) {
      const w = model.parameters.get("conv.weight") as Tensor;
      const b = model.parameters.get("conv.bias") as Tensor;
      zeros += relu(conv2d(data.image(i).reshape([1, 1, 6, 6]), w, b)).data.filter((v) => v === 0).length;
    }
    expect(first.zeros).toBeCloseTo(zeros / 6400, 10);
    // Where a rectifier gives 0 its slope is 0 as well.
    expect(first.saturated).toBeCloseTo(first.zeros, 10);
  });

  test("D5 a sigmoid saturates instead: large weights leave no slope, and nothing is dead", async () => {
    const tame = createModel(net(nn.sigmoid()), [1, 6, 6], { seed: 7 });
    const wild = shifted(tame, "conv.weight", (t) =>
      tensor(
        t.data.map((v) => v * 100),
        t.shape,
      ),
    );
    const [[before], [after]] = [await unitMeter(tame, data, { device }), await unitMeter(wild, data, { device })];
    expect([before.dead, after.dead]).toEqual([0, 0]);
    expect(before.saturated).toBe(0);
    expect(after.saturated).toBeGreaterThan(0.9);
  });

  test("D5 any layer can be asked for; only functions of single values have a slope", async () => {
    const model = createModel(net(nn.relu()), [1, 6, 6], { seed: 7 });
    const [conv] = await unitMeter(model, data, { layers: ["conv"], device });
    expect(conv).toMatchObject({ dead: 0, saturated: undefined });
    await expect(unitMeter(model, data, { layers: ["conv9"], device })).rejects.toThrow(/no layer is called "conv9"/);
  });

  test("D5 the meter says the same on wasm, with another batch size", async () => {
    const model = createModel(net(nn.relu()), [1, 6, 6], { seed: 7 });
    const [a, b] = [
      await unitMeter(model, data, { device, batchSize: 100 }),
      await unitMeter(model, data, { device: "wasm", threads: 1, batchSize: 7 }),
    ];
    expect(b).toEqual(a);
  });

  const withBias = (activation: Module): Model =>
    shifted(createModel(net(activation), [1, 6, 6], { seed: 8 }), "hidden.bias", (t) => full(t.shape, -10));
  const learn = (model: Model): Promise<Model> => fit(model, data, { epochs: 60, batchSize: 20, optimiser: sgd(0.1), seed: 1, device });

  test("D5 bias -10 kills a layer of ReLUs for good; leaky ones recover", async () => {
    const dead = withBias(nn.relu());
    expect((await unitMeter(dead, data, { device }))[1]).toMatchObject({ dead: 8, saturated: 1 });
    const still = await learn(dead);
    expect((await unitMeter(still, data, { device }))[1].dead).toBe(8);
    expect(still.parameters.get("hidden.bias")?.data).toEqual(dead.parameters.get("hidden.bias")?.data);
    expect((await evaluate(still, data, { device })).accuracy).toBe(0.5);

    const leaky = await learn(withBias(nn.leakyRelu({ slope: 0.1 })));
    expect((await unitMeter(leaky, data, { device }))[1].dead).toBe(0);
    expect((await evaluate(leaky, data, { device })).accuracy).toBeGreaterThan(0.95);
  });

  test("D5 a huge learning rate kills ReLUs that a moderate one does not", async () => {
    const deadAfter = async (learningRate: number): Promise<number> => {
      const model = await fit(createModel(net(nn.relu()), [1, 6, 6], { seed: 9 }), data, {
        epochs: 2,
        batchSize: 20,
        optimiser: sgd(learningRate),
        seed: 1,
        device,
      });
      return (await unitMeter(model, data, { device })).reduce((sum, layer) => sum + layer.dead, 0);
    };
    expect(await deadAfter(0.05)).toBeLessThanOrEqual(1);
    expect(await deadAfter(20)).toBeGreaterThanOrEqual(8);
  });
});
