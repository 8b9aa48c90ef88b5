// The gradients on the pixels against answers worked out by hand (seeing-inside.md sections 2, 3 and 12).
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { constant, input } from "../../src/graph/record.ts";
import { activations, attribute, attributeEach, attributionMethods, type ReluRule, reluRules } from "../../src/lens/index.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { clip, concat, leakyRelu, mul, prelu, relu, relu6, reshape, sin, slice, softmax, square, sum } from "../../src/ops/index.ts";
import { ones, random, randomNormal, sizeOf, Tensor, tensor, zeros } from "../../src/tensor/index.ts";
import { fixture } from "../support/fixtures.ts";
import { linearNet, n1, n1Picture, smallNet } from "./nets.ts";

const device = "reference" as const;
const rows = (t: Tensor): unknown => t.entry(0).toNested();
const total = (t: Tensor): number => Array.from(t.data).reduce((sum, v) => sum + v, 0);

describe("gradients on the pixels", () => {
  it("RR1 V7 G3 the three ReLU rules give the printed matrices exactly", () => {
    const v7 = fixture<Record<string, number[][]>>("relu_backward_rules");
    const x = input("x", [3, 3]);
    const names = { gradient: "backprop", guided: "guided", deconvnet: "deconvnet" } as const;
    for (const rule of Object.keys(names) as ReluRule[]) {
      const [g] = gradient(relu(x), [x], { seed: constant(tensor(v7.upstream_gradient)), rules: reluRules(rule) });
      const [map] = evaluateValues([g], new Map([[x, tensor(v7.forward_input)]]));
      // Zeros may carry a sign, which the printed matrices do not.
      expect(Array.from(map.data, (v) => v + 0)).toEqual(v7[names[rule]].flat());
    }
  });

  it.each([
    [
      "gradient",
      [
        [0, 1, 1, 1],
        [0, 1, 1, 1],
        [0, 1, 1, 1],
        [0, 0, 0, 0],
      ],
    ],
    [
      "gradientInput",
      [
        [0, 1, 2, 3],
        [0, 5, 6, 7],
        [0, 9, 10, 11],
        [0, 0, 0, 0],
      ],
    ],
    [
      "guided",
      [
        [0, 1, 1, 1],
        [1, 3, 3, 2],
        [1, 3, 3, 2],
        [1, 2, 2, 1],
      ],
    ],
    [
      "deconvnet",
      [
        [2, 3, 3, 1],
        [3, 5, 5, 2],
        [3, 5, 5, 2],
        [1, 2, 2, 1],
      ],
    ],
  ] as const)("RR1 GR6 N1 %s", async (method, expected) => {
    const result = await attribute(n1(), n1Picture, { method, class: 0, device });
    expect(rows(result.map)).toEqual(expected);
    expect(result.score).toBe(54);
    expect(result.warnings).toEqual([]);
  });

  it("GR6 N1 integrated gradients by the midpoint rule: the printed sums", async () => {
    for (const [points, sum] of [
      [25, 55.44],
      [50, 53.82],
      [300, 53.97],
      [3000, 53.988],
    ] as const) {
      const options = { method: "integratedGradients", class: 0, points, quadrature: "midpoint", device, batchSize: 100 } as const;
      const { figures } = await attribute(n1(), n1Picture, options);
      expect(figures.sum).toBeCloseTo(sum, 3);
      expect(figures.completenessGap).toBeCloseTo(Math.abs(sum - 54), 3);
    }
  });

  it("GR1 G2 the gradient equals central differences in float64", async () => {
    const model = smallNet();
    const picture = randomNormal([1, 12, 12], random(2)).cast("float64");
    const options = { method: "gradient", layer: "conv2", channel: 3, position: [2, 4], device, dtype: "float64" } as const;
    const { map } = await attribute(model, picture, options);
    const h = 1e-5;
    for (const p of [0, 17, 40, 53, 66, 80, 143]) {
      const score = async (step: number): Promise<number> => {
        const moved = picture.clone();
        moved.data[p] += step;
        return (await attribute(model, moved, options)).score;
      };
      expect(map.data[p]).toBeCloseTo(((await score(h)) - (await score(-h))) / (2 * h), 6);
    }
  });

  it("GR2 KD3 KD4 G2 a linear unit: every method gives the answer of theory, signs included", async () => {
    const weights = tensor([
      [1, -2, 3],
      [0.5, 0, -1],
      [2, 2, -0.25],
    ]);
    const model = linearNet(weights);
    const picture = randomNormal([1, 3, 3], random(4));
    const baseline = randomNormal([1, 3, 3], random(5));
    const w = weights.data;
    const expected = {
      gradient: Array.from(w),
      smoothGrad: Array.from(w),
      smoothGradSquared: Array.from(w, (v) => v * v),
      varGrad: Array.from(w, () => 0),
      integratedGradients: Array.from(w, (v, p) => v * (picture.data[p] - baseline.data[p])),
    };
    for (const [method, answer] of Object.entries(expected)) {
      for (const points of [1, 2, 7]) {
        const options = { method: method as keyof typeof expected, class: 0, baseline, points, samples: 5, device };
        const { map, figures } = await attribute(model, picture, options);
        for (const [p, v] of map.data.entries()) expect(v).toBeCloseTo(answer[p], 5);
        if (method === "integratedGradients") expect(figures.completenessGap).toBeLessThan(1e-5);
      }
    }
  });

  it("GR3 without biases the contributions gradient x input sum to f", async () => {
    const net = nn.sequential({
      conv: nn.conv2d(1, 3, 3, { bias: false }),
      relu: nn.relu(),
      pool: nn.maxPool2d(2),
      flatten: nn.flatten(),
      dense: nn.linear(27, 2, { bias: false }),
    });
    const model = createModel(net, [1, 8, 8], { seed: 3 });
    const picture = randomNormal([1, 8, 8], random(6)).cast("float64");
    const result = await attribute(model, picture, { method: "gradientInput", class: 1, device, dtype: "float64" });
    expect(total(result.map)).toBeCloseTo(result.score, 10);
  });

  it("GR4 f = (5a, b², sin c): integrated gradients (2.5, 3, sin 3 - sin 1)", async () => {
    const net = nn.functional((x) => {
      const part = (i: number): typeof x => reshape(slice(x, { starts: [0, 0, 0, i], ends: [x.shape[0], 1, 1, i + 1] }), [-1, 1]);
      return sum(concat([mul(part(0), 5), square(part(1)), sin(part(2))], { axis: 1 }), { axes: 1, keepDims: true });
    });
    const model = createModel(net, [1, 1, 3]);
    const [image, baseline] = [tensor([[[1, 2, 3]]], [1, 1, 3], "float64"), tensor([[[0.5, 1, 1]]], [1, 1, 3], "float64")];
    const result = await attribute(model, image, { method: "integratedGradients", class: 0, baseline, device, dtype: "float64" });
    for (const [p, v] of [2.5, 3, Math.sin(3) - Math.sin(1)].entries()) expect(result.map.data[p]).toBeCloseTo(v, 9);
  });

  it("GR5 KD1 the noise of SmoothGrad is spread · (max x - min x), and doubles with the input's range", async () => {
    // For f = ½Σx² the gradient is the noisy picture itself, so its variance over the copies is that of the noise.
    const net = nn.functional((x) => mul(sum(square(x), { axes: [2, 3] }), 0.5));
    const model = createModel(net, [1, 16, 16]);
    const picture = randomNormal([1, 16, 16], random(8));
    const noise = async (image: Tensor): Promise<number> => {
      const result = await attribute(model, image, { method: "varGrad", class: 0, samples: 200, spread: 0.15, device });
      return Math.sqrt(total(result.map) / sizeOf(image.shape));
    };
    const range = Math.max(...picture.data) - Math.min(...picture.data);
    const single = await noise(picture);
    expect(single / (0.15 * range)).toBeGreaterThan(0.98);
    expect(single / (0.15 * range)).toBeLessThan(1.02);
    expect(
      (await noise(
        new Tensor(
          picture.data.map((v) => 2 * v),
          picture.shape,
        ),
      )) / single,
    ).toBeCloseTo(2, 5);
  });

  it("RR2 a linear net without pooling: the deconvnet projection is the transpose", async () => {
    const model = createModel(nn.sequential({ conv: nn.conv2d(1, 2, 3, { padding: 1 }) }), [1, 6, 6], { seed: 9 });
    const picture = randomNormal([1, 6, 6], random(1));
    const target = { layer: "conv", channel: 1, position: [2, 3], device } as const;
    const { map } = await attribute(model, picture, { method: "deconvnet", ...target });
    const weight = model.parameters.get("conv.weight") as Tensor;
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 6; j++) {
        const inside = i >= 1 && i <= 3 && j >= 2 && j <= 4;
        expect(map.at(0, i, j)).toBe(inside ? weight.at(1, 0, i - 1, j - 2) : 0);
      }
    }
  });

  it("RR3 no projection leaves the receptive field of its unit", async () => {
    const model = smallNet();
    const picture = randomNormal([1, 12, 12], random(3));
    const field = model.field("conv2");
    for (const method of ["gradient", "guided", "deconvnet"] as const) {
      const { map } = await attribute(model, picture, { method, layer: "conv2", channel: 2, position: [0, 3], device });
      const [rowField, columnField] = field.axes;
      map.data.forEach((v, p) => {
        const [i, j] = [Math.floor(p / 12), p % 12];
        const inRow = i >= -rowField.padding && i < rowField.size - rowField.padding;
        const left = 3 * columnField.stride - columnField.padding;
        if (!inRow || j < left || j >= left + columnField.size) expect(v).toBe(0);
      });
      expect(map.data.some((v) => v !== 0)).toBe(true);
    }
  });

  it("leaky ReLU, ReLU6 and PReLU follow the rule on their ReLU part", () => {
    const x = input("x", [4]);
    const z = tensor([-2, -1, 3, 9]);
    const g = tensor([1, -1, -1, 1]);
    const slope = 0.25;
    const through = (y: typeof x, rule: ReluRule): number[] => {
      const [map] = gradient(y, [x], { seed: constant(g), rules: reluRules(rule) });
      return Array.from(evaluateValues([map], new Map([[x, z]]))[0].data, (v) => v + 0);
    };
    for (const leaky of [leakyRelu(x, { slope }), prelu(x, constant(tensor([slope])))]) {
      expect(through(leaky, "gradient")).toEqual([slope, -slope, -1, 1]);
      expect(through(leaky, "guided")).toEqual([slope, -slope, -slope, 1]);
      expect(through(leaky, "deconvnet")).toEqual([1, -slope, -slope, 1]);
    }
    expect(through(relu6(x), "gradient")).toEqual([0, 0, -1, 0]);
    expect(through(relu6(x), "deconvnet")).toEqual([1, 0, 0, 0]);
  });

  it("a silent target gives a zero map with its diagnosis, not an error", async () => {
    const { map, score, warnings } = await attribute(n1(), zeros([1, 4, 4]), { method: "gradient", class: 0, device });
    expect(score).toBe(0);
    expect(map.data.every((v) => v === 0)).toBe(true);
    expect(warnings.join()).toMatch(/zero everywhere.*ReLU/);
  });

  it("CA6 an empty map names the stage at which the gradient ends, and why; a full one does not", async () => {
    const parts = { conv: nn.conv2d(1, 2, 3), relu: nn.relu(), flatten: nn.flatten(), dense: nn.linear(8, 2) };
    const net = createModel(nn.sequential(parts), [1, 4, 4], { seed: 2 });
    const ones8 = ones([2, 8]);
    const changed = (name: string, values: Tensor, of: Model = net): Model => of.with(new Map([[name, values]]));
    const dead = changed("conv.bias", tensor([-100, -100]));
    const headless = changed("dense.weight", zeros([2, 8]));
    const squashed = createModel(nn.sequential({ ...parts, sigmoid: nn.sigmoid() }), [1, 4, 4], { seed: 2 });
    const saturated = changed("dense.bias", tensor([500, 500]), squashed);
    const against = changed("dense.weight", new Tensor(ones8.data.map((v) => -v), [2, 8]), changed("conv.bias", tensor([100, 100]))); // biome-ignore format: one thought
    const picture = randomNormal([1, 4, 4], random(1));
    const told = async (model: Model, method: "gradient" | "guided" | "gradCam" | "lrp"): Promise<string> =>
      (await attribute(model, picture, { method, class: 0, device })).warnings.join("; ");
    for (const method of ["gradient", "guided", "gradCam"] as const) {
      expect(await told(headless, method)).toMatch(/the gradient ends in "dense": its weights are all zero/);
      expect(await told(saturated, method)).toMatch(/the gradient ends in "sigmoid": its values, from 1.000 to 1.000, are saturated/);
    }
    expect(await told(dead, "gradient")).toMatch(/the gradient ends in "relu": none of its inputs is above 0 on this picture/);
    expect(await told(against, "guided")).toMatch(
      /the gradient ends in "relu": what arrives there has nothing positive that the guided rule/,
    );
    expect(await told(against, "gradient")).not.toMatch(/ends in/);
    // All-negative: a gradient arrives, and speaks against the class.
    expect(await told(against, "gradCam")).toMatch(/every weighted sum in "relu" is negative/);
    expect(await told(against, "gradCam")).not.toMatch(/ends in/);
  });

  it("CA5 KD7 the class score is the logit, also where the net ends in softmax", async () => {
    const body = { flatten: nn.flatten(), dense: nn.linear(9, 3) };
    const logits = createModel(nn.sequential(body), [1, 3, 3], { seed: 2 });
    const ended = createModel(nn.sequential({ ...body, end: nn.functional((x) => softmax(x, { axis: 1 })) }), [1, 3, 3], { seed: 2 });
    const picture = randomNormal([1, 3, 3], random(1));
    const ask = (model: Model): ReturnType<typeof attribute> => attribute(model, picture, { method: "gradient", class: 2, device });
    const [plain, withSoftmax] = [await ask(logits), await ask(ended)];
    expect(withSoftmax.score).toBe(plain.score);
    expect(Array.from(withSoftmax.map.data)).toEqual(Array.from(plain.map.data));
  });

  it("a convolution looks at colour pictures of any size", async () => {
    const net = nn.sequential({ conv1: nn.conv2d(3, 4, 3), relu1: nn.relu(), conv2: nn.conv2d(4, 2, 3) });
    const model = createModel(net, [3, 9, 9], { seed: 1 });
    const picture = randomNormal([3, 8, 15], random(2));
    const { map } = await attribute(model, picture, { method: "guided", layer: "conv2", channel: 1, position: [3, 10], device });
    expect(map.shape).toEqual([3, 8, 15]);
    const maps = await activations(model, picture, { device });
    expect(maps.get("conv2")?.shape).toEqual([2, 4, 11]);
  });

  it("guided maps of nets without ReLU say that they are plain gradients", async () => {
    const { warnings } = await attribute(linearNet(ones([3, 3])), zeros([1, 3, 3]), { method: "guided", class: 0, device });
    expect(warnings.join()).toMatch(/no ReLU before the target/);
  });

  it("many targets in one program give the same maps as one by one", async () => {
    const model = smallNet();
    const tasks = Array.from({ length: 5 }, (_, i) => ({
      image: randomNormal([1, 12, 12], random(20 + i)),
      target: { layer: "relu2", channel: i },
    }));
    const together = await attributeEach(model, tasks, { method: "guided", device, batchSize: 2 });
    for (const [i, task] of tasks.entries()) {
      const alone = await attribute(model, task.image, { method: "guided", ...task.target, device });
      expect(together[i].target).toBe(alone.target);
      expect(Array.from(together[i].map.data)).toEqual(Array.from(alone.map.data));
    }
  });

  it("PR15 says what is wrong with counts of samples and points, and with a baseline of another shape", async () => {
    const ask = (options: object): Promise<unknown> =>
      attribute(smallNet(), zeros([1, 12, 12]), { class: 0, device, ...options } as Parameters<typeof attribute>[2]);
    await expect(ask({ method: "smoothGrad", samples: 0 })).rejects.toThrow(/samples is 0; expected a whole number/);
    await expect(ask({ method: "varGrad", spread: -1 })).rejects.toThrow(/spread is -1/);
    await expect(ask({ method: "integratedGradients", points: 1.5 })).rejects.toThrow(/points is 1.5/);
    await expect(ask({ method: "integratedGradients", baseline: zeros([1, 3, 3]) })).rejects.toThrow(/baseline has shape \[1, 3, 3\]/);
  });

  it("RR1 ReLU and ReLU6 as files write them, clipped at 0, follow the same rules", () => {
    const x = input("x", [7]);
    const z = tensor([-2, -0.5, 0.5, 3, 5, 7, 8]);
    const upstream = tensor([1, -1, 1, -1, 1, 1, -1]);
    for (const [written, plain] of [
      [clip(x, { min: 0 }), relu(x)],
      [clip(x, { min: 0, max: 6 }), relu6(x)],
    ]) {
      // biome-ignore format: pairs
      for (const rule of ["gradient", "guided", "deconvnet"] as const) {
        const maps = [written, plain].map((y) => gradient(y, [x], { seed: constant(upstream), rules: reluRules(rule) })[0]);
        const [one, other] = evaluateValues(maps, new Map([[x, z]]));
        expect(Array.from(one.data, (v) => v + 0)).toEqual(Array.from(other.data, (v) => v + 0));
      }
    }
  });

  it("says what is wrong with an unknown method, class, layer, channel, position or picture", async () => {
    const model = smallNet();
    const picture = zeros([1, 12, 12]);
    const ask = (options: object, image = picture): Promise<unknown> =>
      attribute(model, image, { method: "gradient", device, ...options } as Parameters<typeof attribute>[2]);
    await expect(ask({ method: "magic", class: 0 })).rejects.toThrow(/magic.*guided/);
    await expect(ask({ class: 3 })).rejects.toThrow(/classes 0\.\.2/);
    await expect(ask({ class: "seven" })).rejects.toThrow(/no class is called "seven"/);
    await expect(ask({ layer: "conv9", channel: 0 })).rejects.toThrow(/conv9.*conv1/);
    await expect(ask({ layer: "conv2", channel: 6 })).rejects.toThrow(/channels 0\.\.5; 6/);
    await expect(ask({ layer: "conv2", channel: 0, position: [6, 0] })).rejects.toThrow(/6 x 6 positions/);
    await expect(ask({})).rejects.toThrow(/either a class, or a layer/);
    await expect(ask({ class: 0 }, zeros([1, 5, 5]))).rejects.toThrow(/\[1, 5, 5\] does not fit.*\[1, 12, 12\]/);
    const sizes = attributeEach(
      model,
      [picture, zeros([1, 5, 5])].map((image) => ({ image, target: { class: 0 } })),
      { method: "gradient", device },
    );
    await expect(sizes).rejects.toThrow(/\[1, 5, 5\].*\[1, 12, 12\]/);
  });
});

describe("stopping", () => {
  const image = randomNormal([1, 12, 12], random(3));

  it.each(attributionMethods)("G2 %s ends where it is told to, not after its work", async (method) => {
    const asked = attribute(smallNet(), image, { method, class: 0, device, signal: AbortSignal.abort(new Error("enough")) });
    await expect(asked).rejects.toThrow(method === "cam" ? /cam needs a net/ : "enough");
  });

  it.each([
    ["smoothGrad", { samples: 3000 }],
    ["integratedGradients", { points: 3000, quadrature: "midpoint" }],
  ] as const)("G2 %s ends between two of a single picture's runs, for which Ctrl-C gets its turn", async (method, settings) => {
    const control = new AbortController();
    const asked = attribute(smallNet(), image, { method, class: 0, device, batchSize: 1, ...settings, signal: control.signal });
    setTimeout(() => control.abort(new Error("enough")));
    await expect(asked).rejects.toThrow("enough");
  });
});

it("G2 GR6 pictures of photographic size go in smaller runs, to the same map", async () => {
  const net = nn.sequential({ conv: nn.conv2d(1, 2, 7, { stride: 7 }), relu: nn.relu(), pool: nn.globalAvgPool(), flatten: nn.flatten() });
  const model = createModel(net, [1, 224, 224], { seed: 2 });
  const asked = { method: "integratedGradients", class: 1, points: 12, device: "wasm", threads: 1 } as const;
  const image = randomNormal([1, 224, 224], random(4));
  const [usual, large] = [await attribute(model, image, asked), await attribute(model, image, { ...asked, batchSize: 16 })];
  expect(usual.range.high).toBeGreaterThan(0);
  const worst = Array.from(usual.map.data).reduce((most, v, i) => Math.max(most, Math.abs(v - large.map.data[i])), 0);
  expect(worst).toBeLessThan(1e-5 * usual.range.high);
});
