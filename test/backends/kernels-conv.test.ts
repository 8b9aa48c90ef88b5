// The convolution kernels against the ops' own loops, on shapes chosen to be awkward: every map, odd channels, strides, dilations, groups,
// crops, one to three axes. Operands are small whole numbers, so agreement is exact and any cut between threads must give the same bits.
import { setFlagsFromString } from "node:v8";
import { describe, expect, it } from "vitest";
import { probe } from "../../src/backends/wasm/index.ts";
import type { KernelRule, Tier } from "../../src/backends/wasm/kernel.ts";
import { convFilterGradRule, convInputGradRule, convRule } from "../../src/backends/wasm/kernels/conv.ts";
import { forwardBorder, inputGradBorder } from "../../src/backends/wasm/kernels/conv-maps.ts";
import type { Op } from "../../src/graph/op.ts";
import type { Value } from "../../src/graph/value.ts";
import { convFilterGradOp, convInputGradOp, convOp } from "../../src/ops/conv.ts";
import { convCases } from "../../src/ops/conv-cases.ts";
import { convGeometry } from "../../src/ops/conv-geometry.ts";
import "../../src/ops/index.ts";
import * as e from "../../src/ops/expression-build.ts";
import { random } from "../../src/tensor/random.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { expected, type FusedWork, type KernelOptions, nodeOf, runKernel, wholeNumbers } from "../support/kernel-harness.ts";

// Node 20 has relaxed SIMD behind a flag, which may be set until the first module needs it; later versions do not know the flag any more.
if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
const tiers: readonly Tier[] = probe().relaxedSimd ? ["simd", "relaxed", "revectorised"] : ["simd"];

interface Configuration {
  readonly title: string;
  readonly inputs: readonly Shape[];
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** Configurations at random: anything that has at least one output. */
function randomConfigurations(count: number): Configuration[] {
  const generator = random(20261123);
  const between = (low: number, high: number): number => low + generator.integer(high - low + 1);
  const found: Configuration[] = [];
  while (found.length < count) {
    const rank = [1, 2, 2, 2, 3][generator.integer(5)];
    const groups = [1, 1, 1, 2, 3, 5][generator.integer(6)];
    const channels = groups * between(1, groups === 1 ? 20 : 5);
    const outChannels = groups * between(1, groups === 1 ? 21 : 6);
    const axes = Array.from({ length: rank }, () => ({
      input: between(1, rank === 3 ? 5 : 9),
      kernel: between(1, 4),
      stride: between(1, 4),
      dilation: between(1, 3),
      padding: [between(-1, 3), between(-1, 3)],
    }));
    const fits = axes.every((a) => a.input + a.padding[0] + a.padding[1] >= a.dilation * (a.kernel - 1) + 1);
    if (!fits) continue;
    const x = [between(1, 3), channels, ...axes.map((a) => a.input)];
    const weight = [outChannels, channels / groups, ...axes.map((a) => a.kernel)];
    const attrs = {
      stride: axes.map((a) => a.stride),
      dilation: axes.map((a) => a.dilation),
      padding: axes.map((a) => a.padding),
      groups,
    };
    found.push({
      title: `[${x}] * [${weight}] ${JSON.stringify(attrs)}`,
      inputs: [x, weight, [outChannels]].slice(0, between(2, 3)),
      attrs,
    });
  }
  return found;
}

const channelCounts = [1, 2, 3, 5, 6, 7, 8, 9, 12, 16, 17, 31, 33, 64, 70];
const configurations: Configuration[] = [
  ...convCases.map(({ title = "", inputs, attrs = {} }) => ({ title, inputs, attrs })),
  { title: "unpadded: the input gradient in bands", inputs: [[5, 6, 14, 14], [16, 6, 5, 5], [16]], attrs: {} },
  { title: "widely padded: the forward map in bands", inputs: [[6, 3, 6, 6], [9, 3, 5, 5], [9]], attrs: { padding: 4, stride: [2, 1] } },
  { title: "bands over three axes", inputs: [[4, 3, 3, 4, 3], [5, 3, 3, 3, 3], [5]], attrs: { padding: 2 } },
  { title: "bands with dilation and groups", inputs: [[8, 6, 5, 6], [8, 3, 3, 3], [8]], attrs: { padding: 4, dilation: 2, groups: 2 } },
  { title: "bands, depthwise", inputs: [[8, 5, 4, 4], [5, 1, 3, 5], [5]], attrs: { padding: [2, 3], groups: 5, stride: [1, 2] } },
  { title: "bands of a one-dimensional convolution", inputs: [[16, 2, 6], [3, 2, 5], [3]], attrs: { padding: 4 } },
  { title: "bands over rows only, for many pictures", inputs: [[3, 4, 9, 40], [5, 4, 5, 3], [5]], attrs: { padding: [4, 1] } },
  {
    title: "bands without any tap",
    inputs: [[8, 2, 3, 4], [4, 2, 2, 2], [4]],
    attrs: {
      padding: [
        [5, 4],
        [0, 0],
      ],
    },
  },
  ...channelCounts.map((c, i) => {
    const out = channelCounts[(i * 7 + 3) % channelCounts.length];
    return { title: `${c} -> ${out} channels`, inputs: [[2, c, 5, 6], [out, c, 3, 3], [out]], attrs: { padding: 1 } };
  }),
  { title: "one pixel, many channels (a dense layer)", inputs: [[3, 65, 1, 1], [50, 65, 1, 1], [50]], attrs: {} },
  { title: "weights beyond the caches, fetched panel by panel", inputs: [[1, 300, 4, 5], [100, 300, 3, 3], [100]], attrs: { padding: 1 } },
  { title: "kernel as large as the map", inputs: [[2, 16, 5, 5], [10, 16, 5, 5], [10]], attrs: {} },
  {
    title: "enough pixels for several chunks",
    inputs: [
      [3, 40, 23, 22],
      [9, 40, 2, 2],
    ],
    attrs: { stride: 1 },
  },
  ...[2, 3, 4, 7, 8, 13, 40].map((c) => ({
    title: `depthwise, ${c} channels`,
    inputs: [[2, c, 9, 7], [c, 1, 3, 5], [c]],
    attrs: { groups: c, padding: [1, 2], stride: c % 2 === 0 ? 1 : 2, dilation: [2, 1] },
  })),
  ...randomConfigurations(120),
];

interface MapCase {
  readonly rule: KernelRule;
  readonly op: Op;
  operands(c: Configuration): { readonly tensors: readonly Tensor[]; readonly attrs: object };
}

function upstream({ inputs, attrs }: Configuration): Tensor {
  return wholeNumbers(
    nodeOf(
      convOp,
      inputs.map((s, i) => wholeNumbers(s, i)),
      attrs,
    ).shape,
    4,
  );
}

const maps: readonly MapCase[] = [
  { rule: convRule, op: convOp, operands: ({ inputs, attrs }) => ({ tensors: inputs.map((s, i) => wholeNumbers(s, i + 1)), attrs }) },
  {
    rule: convInputGradRule,
    op: convInputGradOp,
    operands: (c) => ({ tensors: [upstream(c), wholeNumbers(c.inputs[1], 2)], attrs: { ...c.attrs, inputSize: c.inputs[0].slice(2) } }),
  },
  {
    rule: convFilterGradRule,
    op: convFilterGradOp,
    operands: (c) => ({ tensors: [wholeNumbers(c.inputs[0], 1), upstream(c)], attrs: { ...c.attrs, kernelSize: c.inputs[1].slice(2) } }),
  },
];

describe.each(maps.map((m) => [m.op.name, m] as const))("%s kernel", (_, { rule, op, operands }) => {
  it.each(configurations.map((c) => [c.title, c] as const))("%s", (__, configuration) => {
    const { tensors, attrs } = operands(configuration);
    const node = nodeOf(op, tensors, attrs);
    const truth = Float32Array.from(expected(node, tensors).data);
    for (const options of [{}, { parts: 3, gap: 1 }, { parts: 2, reversed: true }]) {
      expect(runKernel(rule, node, tensors, options)?.result.data).toEqual(truth);
    }
  });
});

describe("work done while the result is in registers", () => {
  // max(a·result + b + residual, c): a scale per channel, a shift for all, a tensor of the result's shape, a number per column of pixels.
  const expression = e.max(e.add(e.add(e.mul(e.operand(0), e.operand(1)), e.operand(2)), e.operand(3)), e.operand(4));
  const fused = (shape: Shape): FusedWork => {
    const [, channels, ...spatial] = shape;
    const ones = spatial.map(() => 1);
    const shapes = [[channels, ...ones], [1], shape, [...ones.slice(1), spatial[spatial.length - 1]]];
    return { expression, operands: shapes.map((s, i) => wholeNumbers(s, 10 + i)) };
  };
  const chosen = configurations.filter((_, i) => i % 5 === 0);
  const cases = chosen.flatMap((c) => maps.slice(0, 2).map((m) => [`${m.op.name}: ${c.title}`, m, c] as const));
  it.each(cases)("%s", (_, { rule, op, operands }, configuration) => {
    const { tensors, attrs } = operands(configuration);
    const node = nodeOf(op, tensors, attrs);
    expect(rule.fuses?.(node)).toBe(true);
    const epilogue = fused(node.shape);
    const truth = Float32Array.from(expected(node, tensors, epilogue).data);
    for (const options of [{}, { parts: 3, gap: 1 }, { parts: 2, reversed: true }]) {
      expect(runKernel(rule, node, tensors, { ...options, epilogue })?.result.data).toEqual(truth);
    }
  });
});

/** Every way that a rule offers for a node, on every tier that this engine can run: tiles, unrolled and looped kernels. */
function offeredWays(rule: KernelRule, node: Value): KernelOptions[] {
  const { shape, dtype } = node;
  const placed = { shape, dtype, strides: shape.map(() => 0), border: shape.map(() => [0, 0] as const) };
  return tiers.flatMap((tier) => {
    const variants = rule.variants?.({ value: node, operands: [], result: placed, tier }) ?? [];
    return variants.map((variant) => ({ tier, variant }));
  });
}

describe("in every way on every tier", () => {
  const chosen = configurations.filter((c, i) => i % 3 === 0 || c.title.startsWith("depthwise"));
  it.each(chosen.flatMap((c) => maps.map((m) => [`${m.op.name}: ${c.title}`, m, c] as const)))("%s", (_, { rule, op, operands }, c) => {
    const { tensors, attrs } = operands(c);
    const node = nodeOf(op, tensors, attrs);
    const truth = Float32Array.from(expected(node, tensors).data);
    const ways = offeredWays(rule, node);
    expect(ways.length).toBeGreaterThanOrEqual(2);
    for (const way of ways) expect(runKernel(rule, node, tensors, way)?.result.data, JSON.stringify(way)).toEqual(truth);
  });
});

it("the filter gradient of many pixels does not drift: chunks are summed by themselves", () => {
  const tenths = (shape: Shape): Tensor => new Tensor(new Float32Array(shape.reduce((p, n) => p * n, 1)).fill(0.1), shape);
  const operands = [tenths([4, 2, 100, 100]), tenths([4, 3, 100, 100])];
  const node = nodeOf(convFilterGradOp, operands, { kernelSize: [1, 1] });
  const [truth] = expected(node, operands).data;
  for (const found of runKernel(convFilterGradRule, node, operands)?.result.data ?? [])
    expect(Math.abs(found / truth - 1)).toBeLessThan(5e-5);
});

describe("the filter gradient of pixels that are split into parts", () => {
  it.each([
    { x: [8, 5, 34, 31], g: [8, 7, 34, 31], padding: [1, 1] },
    { x: [6, 16, 33, 30], g: [6, 16, 17, 15], padding: [1, 1], stride: [2, 2] },
    { x: [10, 6, 40, 40], g: [10, 6, 40, 40], padding: [1, 1], groups: 6 },
  ])("$x, groups $groups, stride $stride", ({ x, g, padding, ...rest }) => {
    const operands = [wholeNumbers(x, 1), wholeNumbers(g, 2)];
    const node = nodeOf(convFilterGradOp, operands, { kernelSize: [3, 3], padding, ...rest });
    const truth = Float32Array.from(expected(node, operands).data);
    for (const way of offeredWays(convFilterGradRule, node)) {
      for (const options of [{}, { parts: 3 }, { parts: 7, reversed: true }]) {
        expect(runKernel(convFilterGradRule, node, operands, { ...way, ...options })?.result.data, way.variant).toEqual(truth);
      }
    }
  });
});

describe("which convolutions need zeros around their operand", () => {
  const attrs = { stride: [1, 1], padding: [[0, 0] as const, [0, 0] as const], dilation: [1, 1], groups: 1 };
  const none = [0, 0];

  it("none where bands leave the padding out: batches of small maps", () => {
    expect(inputGradBorder(convGeometry([8, 6, 14, 14], [16, 6, 5, 5], attrs))).toEqual([none, none, none, none]);
  });

  it("inside the rows only, where the batch is too large for the cache", () => {
    expect(inputGradBorder(convGeometry([64, 6, 14, 14], [128, 6, 5, 5], attrs))).toEqual([none, none, none, [4, 4]]);
  });

  it("on all sides, where the padding is a small part of the work", () => {
    const padded = { ...attrs, padding: [[1, 1] as const, [1, 1] as const] };
    expect(forwardBorder(convGeometry([1, 64, 56, 56], [64, 64, 3, 3], padded))).toEqual([none, none, [1, 1], [1, 1]]);
  });
});

describe("what the convolution kernels decline", () => {
  it("float64 and empty batches", () => {
    const wide = [wholeNumbers([1, 2, 4, 4], 1).cast("float64"), wholeNumbers([3, 2, 3, 3], 2).cast("float64")];
    expect(convRule.wishes(nodeOf(convOp, wide))).toBeUndefined();
    const empty = [wholeNumbers([0, 2, 4, 4], 1), wholeNumbers([3, 2, 3, 3], 2)];
    expect(convRule.wishes(nodeOf(convOp, empty))).toBeUndefined();
  });
});
