// Convolutions of planes against the ops' own loops, on every tier and cut between threads, and the islands that lowering gives to them.
// Operands are small whole numbers, so agreement is exact.
import { setFlagsFromString } from "node:v8";
import { afterAll, describe, expect, it } from "vitest";
import { compileReference } from "../../src/backends/reference/index.ts";
import { compileWasm, probe, stopWorkers } from "../../src/backends/wasm/index.ts";
import type { KernelRule, Tier } from "../../src/backends/wasm/kernel.ts";
import { planarDepthwiseRule } from "../../src/backends/wasm/kernels/planar-depthwise.ts";
import { planarPointwiseRule } from "../../src/backends/wasm/kernels/planar-pointwise.ts";
import { createGraph, type Graph } from "../../src/graph/graph.ts";
import { constant, input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { convOp } from "../../src/ops/conv.ts";
import * as e from "../../src/ops/expression-build.ts";
import { add, conv2d, mul, relu, sub } from "../../src/ops/index.ts";
import { random } from "../../src/tensor/random.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { expected, type FusedWork, nodeOf, runKernel, wholeNumbers } from "../support/kernel-harness.ts";

if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
const tiers: readonly Tier[] = probe().relaxedSimd ? ["simd", "relaxed", "revectorised"] : ["simd"];

afterAll(() => stopWorkers());

interface Configuration {
  readonly inputs: readonly Shape[];
  readonly attrs: Readonly<Record<string, unknown>>;
}

const pointwise: Configuration[] = [
  [1, 1, 1, [8, 8]],
  [2, 3, 5, [9, 9]],
  [1, 7, 6, [14, 14]],
  [3, 16, 13, [5, 17]],
  [1, 33, 70, [8, 11]],
  [2, 4, 9, [32, 33]],
  [1, 5, 64, [33, 40]],
  [2, 6, 4, [67]],
  [1, 3, 8, [4, 5, 6]],
].map(([batch, from, to, sizes], i) => ({
  inputs: [[batch, from, ...(sizes as number[])], [to, from, ...(sizes as number[]).map(() => 1)], [to]].slice(0, 2 + (i % 2)) as Shape[],
  attrs: {},
}));

function depthwiseAtRandom(count: number): Configuration[] {
  const generator = random(11);
  const between = (low: number, high: number): number => low + generator.integer(high - low + 1);
  const found: Configuration[] = [];
  while (found.length < count) {
    const channels = between(2, 5);
    const axes = [between(1, 11), between(4, 35)].map((size) => ({ size, kernel: between(1, 5), padding: [between(0, 3), between(0, 3)] }));
    if (axes.some(({ size, kernel, padding: [before, after] }) => size + before + after < kernel)) continue;
    const inputs = [[between(1, 2), channels, ...axes.map((a) => a.size)], [channels, 1, ...axes.map((a) => a.kernel)], [channels]];
    found.push({ inputs: inputs.slice(0, between(2, 3)), attrs: { groups: channels, padding: axes.map((a) => a.padding) } });
  }
  return found;
}

const depthwise: Configuration[] = [
  ...[4, 7, 8, 9, 12, 14, 16, 17, 31].map((size, i) => ({
    inputs: [[1 + (i % 2), 3, size, size], [3, 1, 3, 3], [3]].slice(0, 2 + (i % 2)),
    attrs: { groups: 3, padding: 1 },
  })),
  { inputs: [[1, 2, 1, 20], [2, 1, 5, 5], [2]], attrs: { groups: 2, padding: 2 } },
  ...depthwiseAtRandom(60),
];

const cases: readonly (readonly [string, KernelRule, Configuration])[] = [
  ...pointwise.map((c) => [`pointwise ${JSON.stringify(c)}`, planarPointwiseRule, c] as const),
  ...depthwise.map((c) => [`depthwise ${JSON.stringify(c)}`, planarDepthwiseRule, c] as const),
];

function waysOf(rule: KernelRule, value: Value): { readonly tier: Tier; readonly variant?: string }[] {
  const { shape, dtype } = value;
  const result = { shape, dtype, strides: shape.map(() => 0), border: shape.map(() => [0, 0] as const) };
  return tiers.flatMap((tier) => {
    const variants = rule.variants?.({ value, operands: [], result, tier });
    return variants === undefined ? [{ tier }] : variants.map((variant) => ({ tier, variant }));
  });
}

describe("planes", () => {
  it.each(cases)("G2 %s", (_, rule, { inputs, attrs }) => {
    const tensors = inputs.map((shape, i) => wholeNumbers(shape, i + 1));
    const node = nodeOf(convOp, tensors, attrs);
    // max(a·result + b, c): a number per channel, one for all, and one per image and channel.
    const [batch, channels, ...spatial] = node.shape;
    const ones = spatial.map(() => 1);
    const work: FusedWork = {
      expression: e.max(e.add(e.mul(e.operand(0), e.operand(1)), e.operand(2)), e.operand(3)),
      operands: [[channels, ...ones], [1], [batch, channels, ...ones]].map((shape, i) => wholeNumbers(shape, 20 + i)),
    };
    const plain = Float32Array.from(expected(node, tensors).data);
    const fused = Float32Array.from(expected(node, tensors, work).data);
    for (const way of waysOf(rule, node)) {
      for (const parts of [1, 3]) {
        const run = runKernel(rule, node, tensors, { ...way, parts });
        // Rows of few columns have no kernel here, on any tier.
        if (run === undefined) {
          expect(rule).toBe(planarDepthwiseRule);
          continue;
        }
        expect(run.result.data, JSON.stringify([way, parts])).toEqual(plain);
        expect(runKernel(rule, node, tensors, { ...way, parts, epilogue: work })?.result.data, JSON.stringify([way, parts])).toEqual(fused);
      }
    }
  });

  it("most of the depthwise cases have a kernel", () => {
    const able = depthwise.filter(({ inputs, attrs }) => {
      const tensors = inputs.map((shape) => wholeNumbers(shape, 1));
      return planarDepthwiseRule.wishes(nodeOf(convOp, tensors, attrs)) !== undefined;
    });
    expect(able.length).toBeGreaterThan(50);
  });
});

describe("islands of planes", () => {
  const weight = (shape: Shape, seed: number): Value => constant(wholeNumbers(shape, seed));
  const x = input("x", [2, 4, 12, 12]);
  const spread = (from: Value, seed: number): Value =>
    conv2d(from, weight([4, 1, 3, 3], seed), weight([4], seed + 1), { groups: 4, padding: 1 });
  const mix = (from: Value, seed: number): Value => conv2d(from, weight([4, 4, 1, 1], seed));

  async function kernelsOf(outputs: Readonly<Record<string, Value>>): Promise<string[]> {
    const graph = createGraph({ outputs });
    const feeds = { x: wholeNumbers(x.shape, 9) };
    const truth = await compileReference(graph).run(feeds);
    const program = await compileWasm(graph, { threads: 2 });
    const found = await program.run(feeds);
    for (const name of Object.keys(outputs)) expect(found[name].data).toEqual(Float32Array.from(truth[name].data));
    const kernels = program.explain().nodes.map((n) => n.kernel);
    program.release();
    return kernels.filter((kernel) => kernel.startsWith("conv"));
  }

  it("a layer between input and output works on planes, with what is computed along with it", async () => {
    expect(await kernelsOf({ y: relu(spread(x, 1)) })).toEqual([expect.stringContaining("planes depthwise")]);
    expect(await kernelsOf({ y: mul(mix(x, 1), 2) })).toEqual([expect.stringContaining("conv planes")]);
  });

  it("so does a chain of them, also where the middle is an output too", async () => {
    const middle = relu(spread(x, 1));
    const kernels = await kernelsOf({ y: relu(mix(middle, 3)), middle });
    expect(kernels.map((kernel) => kernel.includes("planes"))).toEqual([true, true]);
  });

  it("but not when anybody reads or makes channels last, or a whole image is added", async () => {
    const dense = conv2d(mix(spread(x, 1), 3), weight([3, 4, 3, 3], 5));
    expect((await kernelsOf({ y: dense })).some((kernel) => kernel.includes("planes"))).toBe(false);
    const after = mix(conv2d(x, weight([4, 4, 3, 3], 5), undefined, { padding: 1 }), 3);
    expect((await kernelsOf({ y: after })).some((kernel) => kernel.includes("planes"))).toBe(false);
    const h = mix(x, 1);
    expect((await kernelsOf({ y: add(h, x) })).some((kernel) => kernel.includes("planes"))).toBe(false);
    expect((await kernelsOf({ y: sub(h, 1), z: mul(h, h) })).some((kernel) => kernel.includes("planes"))).toBe(false);
  });
});

describe("threads", () => {
  const graphOf = (channels: number, size: number, dense: boolean): Graph => {
    const x = input("x", [1, channels, size, size]);
    const weight = constant(wholeNumbers([channels, dense ? channels : 1, 3, 3], 1));
    return createGraph({ outputs: { y: conv2d(x, weight, undefined, { padding: 1, groups: dense ? 1 : channels }) } });
  };

  it("one is enough where most of a run is copying inputs and results; explain() says so", async () => {
    const copying = (await compileWasm(graphOf(32, 64, false), { threads: 2 })).explain();
    expect(copying.threads).toBe(1);
    expect(copying.notes.join()).toContain("one thread: more would save less than they cost");
    for (const graph of [graphOf(32, 64, true), graphOf(4, 16, false)]) {
      const { threads, notes } = (await compileWasm(graph, { threads: 2 })).explain();
      expect(threads).toBe(2);
      expect(notes).toEqual([]);
    }
  });
});
