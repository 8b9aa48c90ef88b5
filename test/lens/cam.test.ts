// The CAM family on nets whose maps can be worked out by hand: N1, linear heads, one kernel.
import { afterAll, describe, expect, test } from "vitest";
import { stopWorkers } from "../../src/backends/wasm/index.ts";
import { type AttributionMethod, attribute, attributionMethod } from "../../src/lens/index.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { resize } from "../../src/ops/index.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { random, randomNormal, Tensor, tensor } from "../../src/tensor/index.ts";
import { n1, n1Picture, smallNet } from "./nets.ts";

afterAll(() => stopWorkers());

const exact = { device: "reference", dtype: "float64" } as const;
const values = (t: Tensor | undefined): number[] => Array.from((t as Tensor).data);
const closeTo = (found: Tensor | undefined, expected: readonly number[], digits = 9): void => {
  expect((found as Tensor).size).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect((found as Tensor).data[i]).toBeCloseTo(value, digits);
};

/** conv - relu - global average pooling - linear. */
function pooledNet(seed = 3): Model {
  const net = nn.sequential({
    conv: nn.conv2d(2, 5, 3, { padding: 1 }),
    relu: nn.relu(),
    pool: nn.globalAvgPool(),
    flatten: nn.flatten(),
    head: nn.linear(5, 4),
  });
  return createModel(net, [2, 6, 7], { seed });
}
const picture = randomNormal([2, 6, 7], random(4)).cast("float64");

describe("CA3 N1", () => {
  const at = (method: AttributionMethod, layer: string) => attribute(n1(), n1Picture, { method, class: 0, at: layer, ...exact });

  test("CA3 Grad-CAM at conv1, before the last ReLU", async () => {
    closeTo((await at("gradCam", "conv")).layerMap, [11.25, 13.5, 20.25, 22.5]);
  });
  test("CA3 Grad-CAM, HiResCAM and XGrad-CAM at ReLU1", async () => {
    closeTo((await at("gradCam", "relu")).layerMap, [0, 4, 28, 32.5]);
    closeTo((await at("hiResCam", "relu")).layerMap, [0, 4, 25, 25]);
    closeTo((await at("xGradCam", "relu")).layerMap, [0, 4, 25, 25], 5);
  });
  test("CA3 Grad-CAM at the convolution's input, and what its ReLU cuts off", async () => {
    const image = new Tensor(Float64Array.from(n1Picture.data), n1Picture.shape);
    image.data[5] = -4;
    const { map, layerMap } = await attribute(n1(), image, { method: "gradCam", class: 0, at: "input", ...exact });
    closeTo(
      layerMap,
      Array.from(image.data, (x) => 0.5625 * x),
    );
    closeTo(
      map,
      Array.from(image.data, (x) => Math.max(0, 0.5625 * x)),
    );
  });
  test("CA3 the score is the target's value, and the layer by default the last one with positions", async () => {
    const found = await attribute(n1(), n1Picture, { method: "gradCam", class: 0, ...exact });
    expect(found.score).toBe(54);
    closeTo(found.layerMap, [0, 4, 28, 32.5]);
  });
});

test("CA1 behind global average pooling, Grad-CAM = HiResCAM = CAM / Z before the ReLU", async () => {
  const model = pooledNet();
  for (const index of [0, 3]) {
    const [cam, grad, hires] = await Promise.all(
      (["cam", "gradCam", "hiResCam"] as const).map((method) => attribute(model, picture, { method, class: index, at: "relu", ...exact })),
    );
    closeTo(grad.layerMap, values(hires.layerMap), 10);
    closeTo(
      cam.layerMap,
      values(grad.layerMap).map((v) => 42 * v),
      10,
    );
    // The definition itself, from the classifier's weights.
    const weights = model.parameters.get("head.weight") as Tensor;
    const { map: maps } = { map: await layerOf(model, "relu") };
    const expected = Array.from({ length: 42 }, (_, p) =>
      [0, 1, 2, 3, 4].reduce((sum, k) => sum + weights.at(index, k) * maps.data[k * 42 + p], 0),
    );
    closeTo(cam.layerMap, expected, 6);
  }
});

async function layerOf(model: Model, layer: string): Promise<Tensor> {
  const { activations } = await import("../../src/lens/index.ts");
  return (await activations(model, picture, { layers: [layer], ...exact })).get(layer) as Tensor;
}

test("CA2 where the last map has one position, CAM is gradient x activation", async () => {
  const net = nn.sequential({
    conv: nn.conv2d(1, 3, 4),
    relu: nn.relu(),
    pool: nn.globalAvgPool(),
    flatten: nn.flatten(),
    head: nn.linear(3, 2),
  });
  const model = createModel(net, [1, 4, 4], { seed: 8 });
  const image = randomNormal([1, 4, 4], random(5)).cast("float64");
  const [cam, hires] = await Promise.all(
    (["cam", "hiResCam"] as const).map((method) => attribute(model, image, { method, class: 1, at: "relu", ...exact })),
  );
  closeTo(cam.layerMap, values(hires.layerMap), 12);
});

test("CA4 two bars under one kernel", async () => {
  const net = nn.sequential({
    conv: nn.conv2d(1, 1, 3, { padding: 1, bias: false }),
    sum: nn.functional((x) => x),
    flatten: nn.flatten(),
    head: nn.linear(25, 1),
  });
  const model = createModel(net, [1, 5, 5], {
    parameters: new Map([
      ["conv.weight", tensor([-1, -1, -1, 2, 2, 2, -1, -1, -1], [1, 1, 3, 3])],
      ["head.weight", tensor(new Float32Array(25).fill(1), [1, 25])],
      ["head.bias", tensor([0])],
    ]),
  });
  const image = tensor([0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0], [1, 5, 5]);
  const { map } = await attribute(model, image, { method: "gradCam", class: 0, at: "conv", ...exact });
  const most = Math.max(...map.data);
  const bar = [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3];
  const none = [0, 0, 0, 0, 0];
  closeTo(
    map,
    [...none, ...bar, ...none, ...bar, ...none].map((v) => v * most),
  );
});

test("CA5 KD7 the logit is explained: a constant on all logits changes nothing, and two calls agree", async () => {
  const model = pooledNet();
  const bias = model.parameters.get("head.bias") as Tensor;
  const moved = model.with(
    new Map([
      [
        "head.bias",
        new Tensor(
          bias.data.map((b: number) => b + 7),
          bias.shape,
        ),
      ],
    ]),
  );
  for (const method of ["gradCam", "hiResCam", "layerCam", "eigenCam", "gradCamPlusPlus"] as const) {
    const once = await attribute(model, picture, { method, class: 2, ...exact });
    expect(values((await attribute(model, picture, { method, class: 2, ...exact })).map)).toEqual(values(once.map));
    expect(values((await attribute(moved, picture, { method, class: 2, ...exact })).map)).toEqual(values(once.map));
  }
});

describe("CA6 nothing to show", () => {
  test("CA6 KD2 KD7 an all-negative sum gives a zero map and says so", async () => {
    const net = nn.sequential({
      conv: nn.conv2d(1, 1, 1),
      relu: nn.relu(),
      pool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      head: nn.linear(1, 1),
    });
    const model = createModel(net, [1, 3, 3], {
      parameters: new Map([
        ["conv.weight", tensor([1], [1, 1, 1, 1])],
        ["conv.bias", tensor([1])],
        ["head.weight", tensor([[-2]])],
        ["head.bias", tensor([0])],
      ]),
    });
    const found = await attribute(model, tensor(new Float32Array(9).fill(1), [1, 3, 3]), { method: "gradCam", class: 0, ...exact });
    expect(values(found.map)).toEqual(new Array(9).fill(0));
    expect(values(found.signed).every((v) => v < 0)).toBe(true);
    expect(found.warnings.join()).toMatch(/every weighted sum in "relu" is negative/);
  });

  test("KD2 a head of zero weights gives a map that is exactly zero, and says so", async () => {
    const model = pooledNet().with(new Map([["head.weight", new Tensor(new Float32Array(20), [4, 5])]]));
    const found = await attribute(model, picture, { method: "gradCam", class: 0, ...exact });
    expect(values(found.map).every((v) => v === 0)).toBe(true);
    expect(found.warnings.join()).toMatch(/zero everywhere/);
  });

  test("KD5 a constant map stays constant, with its raw value", async () => {
    const net = nn.sequential({
      conv: nn.conv2d(1, 1, 1),
      relu: nn.relu(),
      pool: nn.globalAvgPool(),
      flatten: nn.flatten(),
      head: nn.linear(1, 1),
    });
    const model = createModel(net, [1, 4, 4], {
      parameters: new Map([
        ["conv.weight", tensor([0], [1, 1, 1, 1])],
        ["conv.bias", tensor([3])],
        ["head.weight", tensor([[2]])],
        ["head.bias", tensor([0])],
      ]),
    });
    const found = await attribute(model, tensor(new Float32Array(16), [1, 4, 4]), { method: "cam", class: 0, ...exact });
    expect(values(found.map)).toEqual(new Array(16).fill(6));
    expect(found.range).toEqual({ low: 6, high: 6 });
  });
});

describe("G9 the rest of the family, by its definitions", () => {
  const model = pooledNet(9);
  const run = (method: AttributionMethod) => attribute(model, picture, { method, class: 1, at: "relu", ...exact });

  test("G9 a counterfactual is the Grad-CAM with its sign turned", async () => {
    const plain = await run("gradCam");
    const against = await attribute(model, picture, { method: "gradCam", counterfactual: true, class: 1, at: "relu", ...exact });
    closeTo(
      against.signed,
      values(plain.signed).map((v) => -v),
      12,
    );
  });

  test("G9 LayerCAM and Grad-CAM++ from maps and gradients", async () => {
    const maps = (await layerOf(model, "relu")).data;
    const weights = model.parameters.get("head.weight") as Tensor;
    const gradient = (k: number): number => weights.at(1, k) / 42;
    const layer = Array.from({ length: 42 }, (_, p) =>
      [0, 1, 2, 3, 4].reduce((sum, k) => sum + Math.max(gradient(k), 0) * maps[k * 42 + p], 0),
    );
    closeTo((await run("layerCam")).layerMap, layer, 8);
    const plus = [0, 1, 2, 3, 4].map((k) => {
      const g = gradient(k);
      const sum = Array.from({ length: 42 }, (_, p) => maps[k * 42 + p]).reduce((a, b) => a + b, 0);
      return g <= 0 ? 0 : 42 * (g ** 2 / (2 * g ** 2 + sum * g ** 3 + 1e-6)) * g;
    });
    closeTo(
      (await run("gradCamPlusPlus")).layerMap,
      Array.from({ length: 42 }, (_, p) => plus.reduce((sum, w, k) => sum + w * maps[k * 42 + p], 0)),
      8,
    );
  });

  test("G9 Eigen-CAM of maps of rank one is that one map, and does not depend on the class", async () => {
    const maps = await layerOf(model, "relu");
    const one = await run("eigenCam");
    const other = await attribute(model, picture, { method: "eigenCam", class: 3, at: "relu", ...exact });
    expect(values(other.map)).toEqual(values(one.map));
    // No direction of unit length gathers more energy.
    const energy = values(one.layerMap).reduce((sum, v) => sum + v * v, 0);
    const generator = random(2);
    for (let trial = 0; trial < 50; trial++) {
      const direction = Array.from({ length: 5 }, () => generator.normal());
      const length = Math.hypot(...direction);
      let rival = 0;
      for (let p = 0; p < 42; p++) rival += direction.reduce((sum, d, k) => sum + (d / length) * maps.data[k * 42 + p], 0) ** 2;
      expect(rival).toBeLessThanOrEqual(energy * (1 + 1e-9));
    }
  });

  test("G9 Ablation-CAM weighs by the share of the score that a channel carries", async () => {
    const found = await run("ablationCam");
    const maps = (await layerOf(model, "relu")).data;
    const weights = model.parameters.get("head.weight") as Tensor;
    const shares = [0, 1, 2, 3, 4].map((k) => {
      let mean = 0;
      for (let p = 0; p < 42; p++) mean += maps[k * 42 + p] / 42;
      return (weights.at(1, k) * mean) / found.score;
    });
    closeTo(
      found.layerMap,
      Array.from({ length: 42 }, (_, p) => shares.reduce((sum, w, k) => sum + w * maps[k * 42 + p], 0)),
      8,
    );
  });

  test("G9 Score-CAM weighs by a softmax: its map lies between the smallest and the largest of the maps", async () => {
    const found = await run("scoreCam");
    const maps = (await layerOf(model, "relu")).data;
    for (let p = 0; p < 42; p++) {
      const here = [0, 1, 2, 3, 4].map((k) => maps[k * 42 + p]);
      expect((found.layerMap as Tensor).data[p]).toBeLessThanOrEqual(Math.max(...here) + 1e-9);
      expect((found.layerMap as Tensor).data[p]).toBeGreaterThanOrEqual(Math.min(...here) - 1e-9);
    }
  });

  test.each([
    ["in one batch", 16],
    ["in several, the last not full", 3],
  ])(
    "G9 Score-CAM by its definition: every map enlarged to 0..1, times the picture, %s; a map without a range shows nothing",
    async (_, batchSize) => {
      const dead = new Map([["conv.bias", tensor([0.1, -100, 0.2, -100, 0.05])]]);
      const some = model.with(dead);
      const found = await attribute(some, picture, { method: "scoreCam", class: 1, at: "relu", batchSize, ...exact });
      const { activations } = await import("../../src/lens/index.ts");
      const maps = (await activations(some, picture, { layers: ["relu"], ...exact })).get("relu") as Tensor;
      const [, rows, columns] = picture.shape;
      const scores: number[] = [];
      for (let k = 0; k < 5; k++) {
        const large = resize(maps.entry(k).reshape([1, 1, ...maps.shape.slice(1)]), { size: [rows, columns], mode: "linear" }).data;
        const [low, high] = [Math.min(...large), Math.max(...large)];
        expect(high > low).toBe(k % 2 === 0);
        const shown = new Tensor(
          picture.data.map((v: number, p: number) => (high > low ? (v * (large[p % large.length] - low)) / (high - low) : 0)),
          picture.shape,
        );
        scores.push((await attribute(some, shown, { method: "gradient", class: 1, ...exact })).score);
      }
      const total = scores.reduce((sum, s) => sum + Math.exp(s), 0);
      const plane = maps.size / 5;
      closeTo(
        found.layerMap,
        Array.from({ length: plane }, (_, p) => scores.reduce((sum, s, k) => sum + (Math.exp(s) / total) * maps.data[k * plane + p], 0)),
        9,
      );
    },
  );

  test("G9 Ablation-CAM where a shortcut leads around the layer: the drop is that of the whole net without the channel", async () => {
    const net = nn.sequential({
      stem: nn.conv2d(2, 4, 3, { padding: 1 }),
      block: nn.residual({ inner: nn.conv2d(4, 4, 3, { padding: 1 }), relu: nn.relu(), outer: nn.conv2d(4, 4, 3, { padding: 1 }) }),
      ...{ last: nn.relu(), pool: nn.globalAvgPool(), flatten: nn.flatten(), head: nn.linear(4, 3) },
    });
    const around = createModel(net, [2, 6, 7], { seed: 3 });
    const { activations, intervene } = await import("../../src/lens/index.ts");
    const run = { layer: "block.relu", ...exact } as const;
    for (const batchSize of [1, 3, 16]) {
      const found = await attribute(around, picture, { method: "ablationCam", class: 2, at: run.layer, batchSize, ...exact });
      const maps = (await activations(around, picture, { layers: [run.layer], ...exact })).get(run.layer) as Tensor;
      const sum = new Array<number>(42).fill(0);
      for (let k = 0; k < 4; k++) {
        const { before, after } = await intervene(around, picture, { ...run, channels: [k] });
        for (let p = 0; p < 42; p++) sum[p] += ((before.data[2] - after.data[2]) / before.data[2]) * maps.data[k * 42 + p];
      }
      closeTo(found.layerMap, sum, 9);
    }
  });

  test("G9 guided Grad-CAM is the product of its two parts", async () => {
    const [both, fine, coarse] = await Promise.all((["guidedGradCam", "guided", "gradCam"] as const).map(run));
    closeTo(both.map, values(fine.map).map((v, i) => v * coarse.map.data[i % 42]), 12); // biome-ignore format: one thought
  });
});

test("G9 any layer, any unit: a channel of a layer can be the target, and wasm agrees with the reference", async () => {
  const model = smallNet();
  const image = randomNormal([1, 12, 12], random(6));
  for (const method of ["gradCam", "hiResCam", "scoreCam", "ablationCam"] as const) {
    const target = { layer: "conv2", channel: 2, at: "relu1" };
    const slow = await attribute(model, image, { method, ...target, device: "reference" });
    const fast = await attribute(model, image, { method, ...target, device: "wasm", threads: 1 });
    expect(fast.target).toBe(slow.target);
    closeTo(fast.map, values(slow.map), 4);
  }
});

test("G9 what cannot be is refused: CAM without average pooling, layers after the target, layers without positions", async () => {
  await expect(attribute(smallNet(), randomNormal([1, 12, 12], random(0)), { method: "cam", class: 0, ...exact })).rejects.toThrow(
    /there is no average/,
  );
  const after = attribute(smallNet(), randomNormal([1, 12, 12], random(0)), {
    method: "gradCam",
    layer: "conv1",
    channel: 0,
    at: "conv2",
    ...exact,
  });
  await expect(after).rejects.toThrow(ArgumentError);
  const flat = attribute(smallNet(), randomNormal([1, 12, 12], random(0)), { method: "gradCam", class: 0, at: "flatten", ...exact });
  await expect(flat).rejects.toThrow(/"flatten" has values \[1, 216\]/);
});

test("G9 what is shown is the positive part, then enlarged: guided Grad-CAM's second factor, too", async () => {
  const model = smallNet();
  const image = randomNormal([1, 12, 12], random(6)).cast("float64");
  const [found, both, fine] = await Promise.all(
    (["gradCam", "guidedGradCam", "guided"] as const).map((method) => attribute(model, image, { method, class: 1, at: "relu1", ...exact })),
  );
  const coarse = found.layerMap as Tensor;
  expect(values(coarse).some((v) => v < 0) && values(coarse).some((v) => v > 0)).toBe(true);
  closeTo(found.map, values(coarse).map((v) => Math.max(v, 0)), 12); // biome-ignore format: one thought
  const { map, layerMap } = await attribute(model, image, { method: "gradCam", class: 1, at: "conv2", ...exact });
  const positive = values(layerMap).map((v) => Math.max(v, 0));
  // Pixel 3 of an axis lies three quarters of the way from cell 1 to cell 2 less a half pixel: (3.5 / 2 - 0.5) = 1.25.
  const expected = [positive[7], positive[8], positive[13], positive[14]].map((v, i) => v * [0.5625, 0.1875, 0.1875, 0.0625][i]);
  expect(map.at(0, 3, 3)).toBeCloseTo(
    expected.reduce((a, b) => a + b),
    12,
  );
  closeTo(both.map, values(fine.map).map((v, p) => v * found.map.data[p]), 12); // biome-ignore format: one thought
});

test("G9 CAM is refused where positions do not all count the same: averages over parts, and convolutions over neighbours", async () => {
  const ask = (parts: Parameters<typeof nn.sequential>[0]): Promise<unknown> =>
    attribute(createModel(nn.sequential(parts), [1, 8, 8]), randomNormal([1, 8, 8], random(1)), {
      method: "cam",
      class: 0,
      at: "relu",
      device: "reference",
    });
  const body = { conv: nn.conv2d(1, 2, 3, { padding: 1 }), relu: nn.relu() };
  await expect(ask({ ...body, pool: nn.avgPool2d(4), flatten: nn.flatten(), head: nn.linear(8, 2) })).rejects.toThrow(
    /no average over all/,
  );
  const three = { score: nn.conv2d(2, 2, 3, { padding: 1 }), pool: nn.globalAvgPool(), flatten: nn.flatten() };
  await expect(ask({ ...body, ...three })).rejects.toThrow(/between them is conv that mixes positions/);
  await expect(ask({ ...body, ...three, score: nn.conv2d(2, 2, 1) })).resolves.toBeDefined();
});

test("PR15 every method says what it is called, where it comes from and how to read it", () => {
  for (const name of ["gradCam", "cam", "scoreCam", "rise", "occlusion", "edges"] as const) {
    const { title, cites, caveat } = attributionMethod(name);
    expect(title.length).toBeGreaterThan(2);
    expect(cites).toMatch(/\d{4}/);
    expect(caveat?.length).toBeGreaterThan(20);
  }
  expect(() => attributionMethod("nonsense" as never)).toThrow(/expected one of gradient, /);
});
