// Blocks: the papers' counts, the equalities that define them, and torchvision's names.
import { describe, expect, test } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { constant } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { blocks, createModel, type Model, type Module, nn } from "../../src/nn/index.ts";
import { relu } from "../../src/ops/index.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { arange, full, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";
import { checkGradient } from "../support/gradient-check.ts";
import { difference, normal64 } from "./support.ts";

const count = (net: Module, shape: Shape): { parameters: number; macs: number; shape: Shape } => {
  const { layers, total } = createModel(net, shape).summary();
  return { parameters: total.parameters, macs: total.macs, shape: layers[layers.length - 1].outputShape };
};

function run(model: Model, x: Tensor): Tensor {
  const traced = model.trace({ batch: x.shape[0], dtype: "float64" });
  return evaluateValues([traced.output], new Map([[traced.input, x]]))[0];
}

/** The model with the named parameters replaced by one number each. */
function filled(model: Model, values: Readonly<Record<string, number>>): Model {
  const changed = [...model.parameters].filter(([name]) => name in values).map(([name, t]) => [name, full(t.shape, values[name])] as const);
  expect(changed).toHaveLength(Object.keys(values).length);
  return model.with(new Map(changed));
}

const names = (net: Module, shape: Shape): string[] => [...createModel(net, shape).parameters.keys()];

describe("B10 Inception", () => {
  const maps = { one: 64, threeReduce: 96, three: 128, fiveReduce: 16, five: 32, pool: 32 };
  test("B10 GoogLeNet's block 3a: 163,696 parameters, 128,049,152 multiply-adds at 28²", () => {
    expect(count(blocks.inception(192, maps), [192, 28, 28])).toEqual({ parameters: 163_696, macs: 128_049_152, shape: [256, 28, 28] });
  });
  test("B10 the naive block has no reductions, and its pool keeps all maps", () => {
    const naive = count(blocks.inceptionNaive(192, { one: 64, three: 128, five: 32 }), [192, 28, 28]);
    expect(naive.parameters).toBe(192 * (64 + 9 * 128 + 25 * 32) + 64 + 128 + 32);
    expect(naive.shape).toEqual([64 + 128 + 32 + 192, 28, 28]);
  });
  test("B10 the factorised blocks have Inception v3's numbers of parameters and maps", () => {
    // torchvision 0.14: InceptionA(192, 32), InceptionB(288), InceptionC(768, 128), InceptionD(768), InceptionE(1280), counted there.
    expect(count(blocks.inceptionA(192, { pool: 32 }), [192, 9, 9])).toMatchObject({ parameters: 255_904, shape: [256, 9, 9] });
    expect(count(blocks.inceptionB(288), [288, 9, 9])).toMatchObject({ parameters: 1_153_280, shape: [768, 4, 4] });
    expect(count(blocks.inceptionD(768), [768, 9, 9])).toMatchObject({ parameters: 1_698_304, shape: [1280, 4, 4] });
    expect(count(blocks.inceptionC(768, { maps: 128 }), [768, 9, 9])).toMatchObject({ parameters: 1_297_408, shape: [768, 9, 9] });
    expect(count(blocks.inceptionE(1280), [1280, 8, 8])).toMatchObject({ parameters: 5_044_608, shape: [2048, 8, 8] });
    expect(names(blocks.inceptionE(16), [16, 4, 4])).toContain("branch3x3dbl_3b.conv.weight");
  });
});

describe("B12 B19 bottlenecks", () => {
  const weights = (net: Module, shape: Shape): number =>
    [...createModel(net, shape).parameters].filter(([, t]) => t.rank === 4).reduce((sum, [, t]) => sum + t.size, 0);
  test("B12 256 to 256 maps: 69,632 weights against 589,824 of one 3x3 (8.47 times)", () => {
    const narrow = weights(blocks.bottleneck(256, 64, 256), [256, 7, 7]);
    expect(narrow).toBe(69_632);
    expect((589_824 / narrow).toFixed(2)).toBe("8.47");
  });
  test("B19 ResNeXt: 32 groups of 4 maps cost what 64 maps do", () => {
    const grouped = weights(blocks.bottleneck(256, 128, 256, { groups: 32 }), [256, 7, 7]);
    expect(grouped).toBe(256 * 128 + 9 * 128 * 4 + 128 * 256);
    expect(grouped / 69_632).toBeCloseTo(1, 1);
  });
  test("B19 sixteen such blocks, a first layer and a classifier are ResNeXt-50 32x4d: 25,028,904 parameters", () => {
    let channels = 64;
    const stages = [3, 4, 6, 3].flatMap((units, s) =>
      Array.from({ length: units }, (_, i) => {
        const block = blocks.bottleneck(channels, 128 * 2 ** s, 256 * 2 ** s, { groups: 32, stride: s > 0 && i === 0 ? 2 : 1 });
        channels = 256 * 2 ** s;
        return block;
      }),
    );
    const stem = [blocks.plainConv(3, 64, 7, { stride: 2 }), nn.batchNorm2d(64), nn.relu(), nn.maxPool2d(3, { stride: 2, padding: 1 })];
    const net = nn.sequential([...stem, ...stages, nn.globalAvgPool(), nn.flatten(), nn.linear(2048, 1000)]);
    expect(count(net, [3, 64, 64]).parameters).toBe(25_028_904);
  });
  test("B12 the stride in the 3x3 or in the first 1x1; names as in torchvision", () => {
    const late = count(blocks.bottleneck(16, 8, 32, { stride: 2 }), [16, 8, 8]);
    const early = count(blocks.bottleneck(16, 8, 32, { stride: 2, strideIn: "1x1" }), [16, 8, 8]);
    expect([late.shape, late.parameters]).toEqual([early.shape, early.parameters]);
    expect(late.macs - early.macs).toBe(16 * 8 * (64 - 16));
    const all = names(blocks.bottleneck(16, 8, 32), [16, 8, 8]);
    expect(all).toEqual(expect.arrayContaining(["conv1.weight", "bn3.bias", "downsample.0.weight", "downsample.1.weight"]));
  });
});

describe("B13 residual", () => {
  test("B13 zero weights: the identity", () => {
    const x = normal64([2, 4, 5, 5], 1);
    const before = filled(createModel(blocks.preActivationBlock(4, 4), [4, 5, 5]), { "conv2.weight": 0 });
    expect(run(before, x).data).toEqual(x.data);
    const basic = filled(createModel(blocks.basicBlock(4, 4), [4, 5, 5]), { "bn2.weight": 0 });
    expect(run(basic, x).data).toEqual(relu(x).data);
    const inverted = filled(createModel(blocks.invertedResidual(4, 4), [4, 5, 5]), { "conv.3.weight": 0 });
    expect(run(inverted, x).data).toEqual(x.data);
  });

  test("B13 H(x) = F(x) + x: the gradient has the +1 path", () => {
    const model = filled(createModel(blocks.preActivationBlock(4, 4), [4, 5, 5]), { "conv2.weight": 0 });
    const { input, output } = model.trace({ batch: 2, dtype: "float64" });
    const g = normal64([2, 4, 5, 5], 2);
    const [dx] = evaluateValues(gradient(output, [input], { seed: constant(g) }), new Map([[input, normal64([2, 4, 5, 5], 3)]]));
    expect(dx.data).toEqual(g.data);
  });

  test("B13 50 blocks: the gradient at the first is within 10 times that at the last; a plain net's is not", () => {
    const depth = 50;
    const plain = (): Module => {
      const brick = (): Module[] => [blocks.plainConv(4, 4, 3), nn.batchNorm2d(4), nn.relu()];
      return nn.sequential([...brick(), ...brick()]);
    };
    const ratio = (block: () => Module, seed: number): number => {
      const net = nn.sequential(Array.from({ length: depth }, block));
      const model = createModel(net, [4, 6, 6], { seed });
      const traced = model.trace({ batch: 4, training: true });
      const at = (i: number): Value => traced.names.get(String(i)) as Value;
      const initial = [...traced.variables.values()].map((v) => [v, v.attrs.initial as Tensor] as const);
      const known = new Map<Value, Tensor>([[traced.input, normal64([4, 4, 6, 6], seed).cast("float32")], ...initial]);
      const seedValue = constant(normal64(traced.output.shape, 5).cast("float32"));
      const grads = evaluateValues(gradient(traced.output, [at(0), at(depth - 2)], { seed: seedValue }), known);
      const [first, last] = grads.map((g) => Math.hypot(...g.data));
      return Math.max(first / last, last / first);
    };
    expect(ratio(() => blocks.preActivationBlock(4, 4), 1)).toBeLessThan(10);
    expect(ratio(plain, 1)).toBeGreaterThan(10);
  });
});

describe("B14 dense", () => {
  test("B14 a block adds growth maps per layer and passes all others on untouched", () => {
    const model = createModel(blocks.denseBlock(6, { growth: 3, layers: 4 }), [6, 4, 4]);
    const x = normal64([1, 6, 4, 4], 6);
    const y = run(model, x);
    expect(y.shape).toEqual([1, 18, 4, 4]);
    expect(y.data.slice(0, x.size)).toEqual(x.data);
    expect([...model.parameters.keys()]).toEqual(expect.arrayContaining(["denselayer1.norm1.weight", "denselayer4.conv2.weight"]));
  });

  test("B14 four blocks and three transitions are DenseNet-121: 7,978,856 parameters", () => {
    let channels = 64;
    const body = [6, 12, 24, 16].flatMap((layers, i) => {
      const block = blocks.denseBlock(channels, { growth: 32, layers });
      const full = channels + 32 * layers;
      channels = i < 3 ? full / 2 : full;
      return i < 3 ? [block, blocks.denseTransition(full, channels)] : [block];
    });
    const stem = [blocks.plainConv(3, 64, 7, { stride: 2 }), nn.batchNorm2d(64), nn.relu(), nn.maxPool2d(3, { stride: 2, padding: 1 })];
    const head = [nn.batchNorm2d(1024), nn.relu(), nn.globalAvgPool(), nn.flatten(), nn.linear(1024, 1000)];
    expect(count(nn.sequential([...stem, ...body, ...head]), [3, 64, 64]).parameters).toBe(7_978_856);
  });

  test("B14 without bottleneck: one 3x3 per layer", () => {
    expect(names(blocks.denseBlock(4, { growth: 2, layers: 1, bottleneck: 0 }), [4, 4, 4])).toEqual(
      ["norm1.weight", "norm1.bias", "conv1.weight"].map((n) => `denselayer1.${n}`),
    );
  });
});

describe("B16 attention", () => {
  test("B16 256 maps, reduction 16: 8,192 weights and multiply-adds, 272 biases", () => {
    const { parameters, macs } = count(blocks.squeezeExcite(256), [256, 7, 7]);
    expect([parameters, macs]).toEqual([8192 + 272, 8192]);
  });

  test("B16 a gate of 1 everywhere is the identity; a gate of 0 stops all", () => {
    const x = normal64([2, 8, 5, 4], 7);
    const model = createModel(blocks.squeezeExcite(8, { reduction: 4 }), [8, 5, 4]);
    expect(run(filled(model, { "fc2.weight": 0, "fc2.bias": 40 }), x).data).toEqual(x.data);
    expect(Math.max(...run(filled(model, { "fc2.weight": 0, "fc2.bias": -800 }), x).data.map(Math.abs))).toBe(0);
  });

  test("B16 CBAM weighs maps by one shared net, then places", () => {
    const model = createModel(blocks.cbam(8, { reduction: 4, kernelSize: 3 }), [8, 6, 5], { seed: 2 });
    expect([...model.parameters.keys()]).toEqual(
      ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"].map((n) => `channel.${n}`).concat("spatial.conv.weight"),
    );
    const x = normal64([2, 8, 6, 5], 8);
    const y = run(model, x);
    // Every value is scaled by (share of its map) · (share of its place): ratios at one place relative to those at another agree for all maps.
    const share = (n: number, c: number, p: number): number => y.data[(n * 8 + c) * 30 + p] / x.data[(n * 8 + c) * 30 + p];
    for (let c = 1; c < 8; c++) expect(share(1, c, 3) / share(1, c, 17)).toBeCloseTo(share(1, 0, 3) / share(1, 0, 17), 9);
    // Both pools count: with the net's weights 0 and bias b, the share of a map is σ(2b).
    const flat = filled(model, { "channel.fc2.weight": 0, "channel.fc2.bias": 0.5, "spatial.conv.weight": 0 });
    const expected = (1 / (1 + Math.exp(-1))) * 0.5;
    expect(run(flat, x).data[11] / x.data[11]).toBeCloseTo(expected, 7);
  });
});

describe("B15 B17 shuffled, inverted, separable", () => {
  test("B15 a shuffle unit's maps meet: two units let every input map reach every output map, without shuffles they do not", () => {
    const reach = (net: Module): number => {
      const model = createModel(net, [24, 4, 4], { seed: 3 });
      const x = normal64([1, 24, 4, 4], 9);
      const { input, output } = model.trace({ dtype: "float64" });
      const seed = zeros(output.shape, "float64");
      for (let p = 0; p < 16; p++) seed.data[p] = 1;
      const [dx] = evaluateValues(gradient(output, [input], { seed: constant(seed) }), new Map([[input, x]]));
      return Array.from({ length: 24 }, (_, c) => dx.data.slice(c * 16, c * 16 + 16).some((v) => v !== 0)).filter(Boolean).length;
    };
    const convs = (shuffled: boolean): Module =>
      nn.sequential([
        nn.conv2d(24, 24, 1, { groups: 3 }),
        ...(shuffled ? [nn.channelShuffle(3)] : []),
        nn.conv2d(24, 24, 1, { groups: 3 }),
      ]);
    expect(reach(convs(false))).toBe(8);
    expect(reach(convs(true))).toBe(24);
    expect(reach(nn.sequential([blocks.shuffleUnit(24, 24, { groups: 3 }), blocks.shuffleUnit(24, 24, { groups: 3 })]))).toBe(24);
  });

  test("B15 stride 2 halves the size and makes the maps that are missing; v2 passes half of the maps on", () => {
    expect(count(blocks.shuffleUnit(24, 240, { groups: 3, firstGroups: 1, stride: 2 }), [24, 56, 56]).shape).toEqual([240, 28, 28]);
    expect(count(blocks.shuffleUnitV2(24, 116, { stride: 2 }), [24, 56, 56]).shape).toEqual([116, 28, 28]);
    const model = createModel(blocks.shuffleUnitV2(8, 8), [8, 4, 4]);
    const x = normal64([1, 8, 4, 4], 10);
    const y = run(model, x);
    // Shuffled in two groups, map 2i of the result is map i of what passed.
    for (let i = 0; i < 4; i++) expect(y.data.slice(2 * i * 16, (2 * i + 1) * 16)).toEqual(x.data.slice(i * 16, (i + 1) * 16));
    expect(names(blocks.shuffleUnitV2(8, 16, { stride: 2 }), [8, 4, 4])).toEqual(
      expect.arrayContaining(["branch1.0.weight", "branch2.6.bias"]),
    );
    expect(() => blocks.shuffleUnitV2(8, 16)).toThrow(/8 should become 16/);
    expect(() => blocks.shuffleUnit(8, 16, { groups: 2 })).toThrow(/only stride 2/);
  });

  test("B17 an Xception block: depthwise first as published, pointwise first as Inception would, both of one size", () => {
    const options = { maps: [16, 16] };
    const published = createModel(blocks.xceptionBlock(8, options), [8, 8, 8]);
    expect([...published.parameters.keys()].slice(0, 2)).toEqual(["sepconv1.conv.depthwise.weight", "sepconv1.conv.pointwise.weight"]);
    expect(published.summary().layers.at(-1)?.outputShape).toEqual([16, 4, 4]);
    const turned = createModel(blocks.xceptionBlock(8, { ...options, order: "pointwise first", between: nn.relu() }), [8, 8, 8]);
    expect([...turned.parameters.keys()].slice(0, 2)).toEqual(["sepconv1.conv.pointwise.weight", "sepconv1.conv.depthwise.weight"]);
    expect(turned.parameterCount - published.parameterCount).toBe(9 * (16 - 8));
  });

  test("B17 twelve such blocks between first and last layers are Xception: 22,855,952 parameters", () => {
    const middle = Array.from({ length: 8 }, () => blocks.xceptionBlock(728, { maps: [728, 728, 728], halve: false }));
    const net = nn.sequential([
      nn.conv2d(3, 32, 3, { stride: 2, bias: false }),
      nn.batchNorm2d(32),
      nn.relu(),
      nn.conv2d(32, 64, 3, { bias: false }),
      nn.batchNorm2d(64),
      nn.relu(),
      blocks.xceptionBlock(64, { maps: [128, 128], activated: false }),
      blocks.xceptionBlock(128, { maps: [256, 256] }),
      blocks.xceptionBlock(256, { maps: [728, 728] }),
      ...middle,
      blocks.xceptionBlock(728, { maps: [728, 1024] }),
      blocks.separableNorm(1024, 1536),
      nn.relu(),
      blocks.separableNorm(1536, 2048),
      nn.relu(),
      nn.globalAvgPool(),
      nn.flatten(),
      nn.linear(2048, 1000),
    ]);
    expect(count(net, [3, 71, 71]).parameters).toBe(22_855_952);
  });

  test("F11 an inverted residual is wide inside, and has torchvision's names", () => {
    const net = blocks.invertedResidual(16, 24, { stride: 2 });
    expect(count(net, [16, 8, 8])).toMatchObject({ parameters: 16 * 96 + 9 * 96 + 96 * 24 + 2 * (96 + 96 + 24), shape: [24, 4, 4] });
    expect(names(net, [16, 8, 8])).toEqual(expect.arrayContaining(["conv.0.0.weight", "conv.1.1.bias", "conv.2.weight", "conv.3.bias"]));
  });
});

describe("F10 spatial transformer", () => {
  /** A localisation net that always answers θ. */
  const always = (theta: readonly number[]): Module =>
    nn.functional((x) => constant(tensor(Array.from({ length: x.shape[0] }, () => theta).flat(), [x.shape[0], 6], x.dtype)));
  const warp = (theta: readonly number[], x: Tensor): Tensor =>
    run(createModel(blocks.spatialTransformer(always(theta)), x.shape.slice(1)), x);

  test("F10 identity θ keeps the picture, 90° turns it exactly, tx 0.5 shifts by one pixel on 5x5", () => {
    const x = arange(25, [1, 1, 5, 5], "float64");
    expect(difference(warp([1, 0, 0, 0, 1, 0], x), x)).toBeLessThan(1e-12);
    const turned = warp([0, -1, 0, 1, 0, 0], x);
    const expected = tensor(
      Array.from({ length: 25 }, (_, i) => x.at(0, 0, i % 5, 4 - Math.floor(i / 5))),
      [1, 1, 5, 5],
      "float64",
    );
    expect(difference(turned, expected)).toBeLessThan(1e-12);
    const moved = warp([1, 0, 0.5, 0, 1, 0], x);
    for (let r = 0; r < 5; r++) for (let c = 0; c < 5; c++) expect(moved.at(0, 0, r, c)).toBeCloseTo(c < 4 ? x.at(0, 0, r, c + 1) : 0, 12);
  });

  test("F10 the fixtures' maps", () => {
    const input = tensor(fixture<{ input: number[][] }>("guide").input, undefined, "float64").reshape([1, 1, 5, 5]);
    for (const { theta, output } of fixture<{ cases: { theta: number[][]; output: number[][] }[] }>("spatial_transformer").cases) {
      expect(difference(warp(theta.flat(), input), tensor(output, undefined, "float64").reshape([1, 1, 5, 5]))).toBeLessThan(1e-9);
    }
  });

  test("F10 gradients to θ agree with finite differences; it starts as the identity", () => {
    const x = normal64([2, 3, 6, 5], 11);
    const theta = tensor([0.913, -0.217, 0.113, 0.171, 0.829, -0.077, 1.103, 0.129, 0.031, -0.313, 1.057, 0.201], [2, 6], "float64");
    const warped = ([t, picture]: readonly Value[]): Value =>
      blocks
        .spatialTransformer(nn.functional(() => t))
        .build(picture, { child: (_: string, m: Module, v: Value) => m.build(v, undefined as never) } as never);
    const { error, worst } = checkGradient(warped, [theta, x]);
    expect(error, worst).toBeLessThan(1e-6);
    const net = blocks.spatialTransformer(nn.sequential({ flatten: nn.flatten(), pose: blocks.affinePose(90) }));
    expect(difference(run(createModel(net, [3, 6, 5]), x), x)).toBeLessThan(1e-6);
    const bad = blocks.spatialTransformer(nn.flatten());
    expect(() => createModel(bad, [3, 6, 5]).summary()).toThrow(/expected \[1, 6\], an affine map per picture/);
  });
});
