// The pooling kernels against the ops' own loops: clipped and dilated windows, ceil mode, tied and NaN elements, overlapping scatters,
// channel counts on both sides of a vector.
import { describe, expect, it } from "vitest";
import type { KernelRule } from "../../src/backends/wasm/kernel.ts";
import { poolRules } from "../../src/backends/wasm/kernels/pool.ts";
import { findOp, type Op } from "../../src/graph/op.ts";
import "../../src/ops/index.ts";
import { random } from "../../src/tensor/random.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { caseOperands, caseTitle } from "../support/cases.ts";
import { expected, nodeOf, runKernel, wholeNumbers } from "../support/kernel-harness.ts";

const opOf = (rule: KernelRule): Op => findOp(rule.op) as Op;
const layouts = [{}, { parts: 3, gap: 1 }, { parts: 2 }];

function check(rule: KernelRule, operands: readonly Tensor[], attrs: object): void {
  const node = nodeOf(opOf(rule), operands, attrs);
  const truth = expected(node, operands);
  for (const options of layouts) {
    const run = runKernel(rule, node, operands, options);
    expect(run).toBeDefined();
    const found = run?.result as Tensor;
    expect(found.dtype).toBe(node.dtype);
    for (let i = 0; i < truth.size; i++) {
      const [a, b] = [found.data[i], truth.data[i]];
      const close = Object.is(a, b) || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));
      if (!close) expect.fail(`element ${i} is ${a}; expected ${b}`);
    }
  }
}

describe.each(poolRules.map((rule) => [rule.op, rule] as const))("%s kernel", (_, rule) => {
  const op = opOf(rule);
  it.each(op.cases.map((c, i) => [caseTitle(op, c, i), c] as const))("%s", (__, opCase) => {
    check(rule, caseOperands(op, opCase, "float32"), opCase.attrs ?? {});
  });
});

const channelCounts = [1, 3, 4, 6, 8, 9, 15, 16, 17, 35];
const windows = [
  { kernelSize: 2 },
  { kernelSize: 3, stride: 2, padding: 1 },
  { kernelSize: [3, 5], stride: [2, 1], padding: [1, 2], dilation: [2, 1] },
  { kernelSize: 7, stride: 2, padding: 3, ceilMode: true },
];
const byName = (name: string): KernelRule => poolRules.find((r) => r.op === name) as KernelRule;

describe("pooling of many channel counts", () => {
  const configurations = channelCounts.flatMap((channels) => windows.map((attrs) => ({ channels, attrs })));
  it.each(configurations.map((c) => [`${c.channels} channels, ${JSON.stringify(c.attrs)}`, c] as const))("%s", (_, { channels, attrs }) => {
    const x = wholeNumbers([2, channels, 9, 11], channels);
    for (const name of ["maxPool", "maxPoolIndices", "avgPool"]) check(byName(name), [x], attrs);
    const pooled = nodeOf(opOf(byName("avgPool")), [x], attrs).shape;
    check(byName("avgPoolGrad"), [wholeNumbers(pooled, 3)], { ...attrs, inputSize: [9, 11] });
    check(byName("avgPoolGrad"), [wholeNumbers(pooled, 3)], { ...attrs, inputSize: [9, 11], countIncludePad: false });
  });
});

describe("what windows may contain", () => {
  it("RR4 KD15 C4 equal elements: the first one's index, in every cut", () => {
    check(byName("maxPoolIndices"), [new Tensor(new Float32Array(2 * 5 * 6 * 6).fill(3), [2, 5, 6, 6])], { kernelSize: 3, stride: 2 });
  });

  it("NaN and infinities", () => {
    const x = wholeNumbers([1, 6, 8, 8], 5);
    const generator = random(9);
    const odd = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let i = 0; i < x.size; i++) if (generator.uniform() < 0.3) x.data[i] = odd[generator.integer(3)];
    for (const attrs of windows) for (const name of ["maxPool", "maxPoolIndices"]) check(byName(name), [x], attrs);
    const allLow = new Tensor(new Float32Array(4 * 4).fill(Number.NEGATIVE_INFINITY), [1, 1, 4, 4]);
    for (const name of ["maxPool", "maxPoolIndices"]) check(byName(name), [allLow], { kernelSize: 2 });
  });

  it("indices that point nowhere move nothing", () => {
    const x = wholeNumbers([1, 3, 2, 2], 1);
    const indices = new Tensor(Int32Array.of(0, -1, 3, 5, -1, -1, 8, 8, 2, 4, 6, -1), [1, 3, 2, 2]);
    check(byName("maxUnpool"), [x, indices], { outputSize: [3, 3] });
    check(byName("poolGather"), [wholeNumbers([1, 3, 3, 3], 2), indices], {});
  });

  it("many images, many channels", () => {
    for (const shape of [
      [9, 6, 4, 4],
      [2, 40, 4, 4],
    ]) {
      const x = wholeNumbers(shape, 7);
      const indices = new Tensor(
        Int32Array.from(x.data, (_, i) => (i * 37) % 64),
        shape,
      );
      check(byName("maxUnpool"), [x, indices], { outputSize: [8, 8] });
      check(byName("poolGather"), [wholeNumbers([shape[0], shape[1], 8, 8], 2), indices], {});
    }
  });
});
