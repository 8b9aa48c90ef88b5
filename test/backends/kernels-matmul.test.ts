// The matrix product kernels against the ops' own loops: every transposition, odd sizes on both sides of a tile, broadcast batches, operands
// that lie transposed in memory.
import { setFlagsFromString } from "node:v8";
import { describe, expect, it } from "vitest";
import { probe } from "../../src/backends/wasm/index.ts";
import type { KernelRule, Tier } from "../../src/backends/wasm/kernel.ts";
import { linearRule, matmulRule } from "../../src/backends/wasm/kernels/matmul.ts";
import type { Op } from "../../src/graph/op.ts";
import type { Value } from "../../src/graph/value.ts";
import * as e from "../../src/ops/expression-build.ts";
import { linearOp } from "../../src/ops/linear.ts";
import { matmulOp } from "../../src/ops/matmul.ts";
import "../../src/ops/index.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { expected, type KernelOptions, nodeOf, runKernel, wholeNumbers } from "../support/kernel-harness.ts";

// Node 20 has relaxed SIMD behind a flag, which may be set until the first module needs it; later versions do not know the flag any more.
if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
const tiers: readonly Tier[] = probe().relaxedSimd ? ["simd", "relaxed", "revectorised"] : ["simd"];

interface Product {
  readonly inputs: readonly Shape[];
  readonly attrs?: object;
}

const transpositions = [false, true].flatMap((transposeA) => [false, true].map((transposeB) => ({ transposeA, transposeB })));
const sizes = [
  [1, 1, 1],
  [1, 100, 10],
  [2, 5, 3],
  [3, 7, 4],
  [4, 8, 8],
  [5, 9, 17],
  [33, 65, 35],
  [64, 120, 84],
  [130, 3, 9],
];
const matrices: Product[] = sizes.flatMap(([rows, inner, columns]) =>
  transpositions.map((attrs) => ({
    inputs: [attrs.transposeA ? [inner, rows] : [rows, inner], attrs.transposeB ? [columns, inner] : [inner, columns]],
    attrs,
  })),
);
const asProduct = ({ inputs, attrs = {} }: Op["cases"][number]): Product => ({
  inputs: inputs.map((given) => ("length" in given ? given : given.shape)),
  attrs,
});

/** Every tile that the rule offers on every tier that this engine can run. */
function offeredWays(rule: KernelRule, node: Value): KernelOptions[] {
  const { shape, dtype } = node;
  const result = { shape, dtype, strides: shape.map(() => 0), border: shape.map(() => [0, 0] as const) };
  return tiers.flatMap((tier) =>
    (rule.variants?.({ value: node, operands: [], result, tier }) ?? []).map((variant) => ({ tier, variant })),
  );
}

function check(rule: KernelRule, op: Op, { inputs, attrs = {} }: Product): void {
  const operands = inputs.map((shape, i) => wholeNumbers(shape, i + 1));
  const node = nodeOf(op, operands, attrs);
  const columns = node.shape[node.rank - 1];
  const epilogue = {
    expression: e.max(e.add(e.mul(e.operand(0), e.operand(1)), e.operand(2)), 0),
    operands: [wholeNumbers([columns], 7), wholeNumbers(node.shape, 8)],
  };
  const truth = Float32Array.from(expected(node, operands).data);
  const fused = Float32Array.from(expected(node, operands, epilogue).data);
  const cuts: readonly KernelOptions[] = [{}, { parts: 3, gap: 1 }, { parts: 2, reversed: true }];
  for (const options of [...cuts, ...offeredWays(rule, node)]) {
    expect(runKernel(rule, node, operands, options)?.result.data).toEqual(truth);
    if (rule.fuses?.(node)) expect(runKernel(rule, node, operands, { ...options, epilogue })?.result.data).toEqual(fused);
  }
}

const title = ({ inputs, attrs = {} }: Product): string => `${inputs.map((s) => `[${s}]`).join(" ")} ${JSON.stringify(attrs)}`;

describe("matmul kernel", () => {
  it.each([...matrices, ...matmulOp.cases.map(asProduct)].map((p) => [title(p), p] as const))("%s", (_, product) => {
    check(matmulRule, matmulOp, product);
  });

  it("fuses unless there are several batches of right factors", () => {
    const fuses = (a: Shape, b: Shape): boolean | undefined =>
      matmulRule.fuses?.(nodeOf(matmulOp, [wholeNumbers(a, 1), wholeNumbers(b, 2)]));
    expect(fuses([3, 4], [4, 2])).toBe(true);
    expect(fuses([5, 6, 3, 4], [1, 6, 4, 2])).toBe(true);
    expect(fuses([5, 6, 3, 4], [5, 6, 4, 2])).toBe(false);
  });

  it("declines batches that are no single loop", () => {
    const operands = [wholeNumbers([1, 5, 3, 4], 1), wholeNumbers([2, 1, 4, 2], 2)];
    const several = [wholeNumbers([1, 3, 1, 3, 4], 1), wholeNumbers([2, 1, 5, 4, 2], 2)];
    expect(matmulRule.wishes(nodeOf(matmulOp, operands))).toBeDefined();
    expect(matmulRule.wishes(nodeOf(matmulOp, several))).toBeUndefined();
  });
});

describe("linear kernel", () => {
  const layers: Product[] = [
    ...linearOp.cases.map(asProduct),
    { inputs: [[64, 400], [120, 400], [120]] },
    { inputs: [[2, 300], [9, 300], [9]] },
    { inputs: [[3, 37], [3, 37], [3]] },
    {
      inputs: [
        [4, 18],
        [33, 18],
      ],
    },
    { inputs: [[1, 2, 2, 35], [6, 35], [6]] },
  ];
  it.each(layers.map((p) => [title(p), p] as const))("%s", (_, layer) => {
    check(linearRule, linearOp, layer);
  });

  it("computes up to four rows as dot products of weights as they lie, more rows by packed panels", () => {
    const inPanels = (rows: number): boolean => {
      const operands = [wholeNumbers([rows, 300], 1), wholeNumbers([50, 300], 2)];
      return runKernel(linearRule, nodeOf(linearOp, operands), operands)?.name.includes("panels") === true;
    };
    expect([1, 2, 4, 5].map(inPanels)).toEqual([false, false, false, true]);
  });
});
