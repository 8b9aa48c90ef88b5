// Winograd's short convolutions: the numbers of the direct sum up to rounding, whatever the map's size, and never where sums are to be exact.
import { setFlagsFromString } from "node:v8";
import { describe, expect, it } from "vitest";
import { probe } from "../../src/backends/wasm/index.ts";
import type { Site, Tier } from "../../src/backends/wasm/kernel.ts";
import { convRule } from "../../src/backends/wasm/kernels/conv.ts";
import { convOp } from "../../src/ops/conv.ts";
import { map } from "../../src/ops/elementwise.ts";
import "../../src/ops/index.ts";
import * as e from "../../src/ops/expression-build.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { expected, type FusedWork, type KernelOptions, nodeOf, runKernel } from "../support/kernel-harness.ts";

// Node 20 has relaxed SIMD behind a flag, which may be set until the first module needs it; later versions do not know the flag any more.
if (process.versions.node.startsWith("20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
const tiers: readonly Tier[] = probe().relaxedSimd ? ["simd", "relaxed", "revectorised"] : ["simd"];

interface Case {
  readonly title: string;
  readonly tensors: readonly Tensor[];
  readonly attrs: object;
}

function layer(batch: number, from: number, to: number, [height, width]: readonly [number, number], padding: unknown, bias = true): Case {
  const generator = random(from * 1000 + to + height);
  const weight = randomNormal([to, from, 3, 3], generator, 0, Math.sqrt(2 / (9 * from)));
  const x = randomNormal([batch, from, height, width], generator);
  const tensors = bias ? [x, weight, randomNormal([to], generator)] : [x, weight];
  return { title: `[${x.shape}] -> ${to}, padding ${JSON.stringify(padding)}${bias ? "" : ", no bias"}`, tensors, attrs: { padding } };
}

function randomLayers(count: number): Case[] {
  const generator = random(41);
  const between = (low: number, high: number): number => low + generator.integer(high - low + 1);
  return Array.from({ length: count }, () => {
    const size = [between(3, 17), between(3, 17)] as const;
    const padding = [
      [between(0, 2), between(0, 2)],
      [between(0, 2), between(0, 2)],
    ];
    return layer(between(1, 3), between(16, 70), between(16, 70), size, padding, generator.integer(2) === 0);
  });
}

const layers: readonly Case[] = [
  layer(1, 16, 16, [8, 8], 1),
  layer(2, 17, 19, [7, 7], 1),
  layer(1, 64, 64, [13, 9], 1, false),
  layer(1, 18, 33, [1, 1], 1),
  layer(1, 16, 20, [3, 3], 0),
  layer(
    1,
    16,
    16,
    [9, 6],
    [
      [-1, 3],
      [2, -2],
    ],
  ),
  layer(1, 24, 40, [60, 61], 1),
  ...randomLayers(8),
];

const winograd = (m: 2 | 4): string => `winograd ${m}x${m}`;

function run({ tensors, attrs }: Case, options: KernelOptions): { data: Float32Array; name: string } {
  const found = runKernel(convRule, nodeOf(convOp, tensors, attrs), tensors, { precision: "fast", ...options });
  if (found === undefined) throw new Error("there is no kernel");
  return { data: found.result.data as Float32Array, name: found.name };
}

const truths = new Map<Case, Tensor>();

/** The reference loops take longer than everything else here. */
function truthOf(c: Case): Tensor {
  const truth = truths.get(c) ?? expected(nodeOf(convOp, c.tensors, c.attrs), c.tensors);
  truths.set(c, truth);
  return truth;
}

/** Largest and root mean square deviation, as shares of the root mean square of the truth. */
function errorOf(found: Float32Array, truth: Tensor): { readonly most: number; readonly mean: number } {
  let most = 0;
  let squares = 0;
  let scale = 0;
  for (const [i, wanted] of [...truth.data].entries()) {
    most = Math.max(most, Math.abs(found[i] - wanted));
    squares += (found[i] - wanted) ** 2;
    scale += wanted ** 2;
  }
  return { most: most / Math.sqrt(scale / found.length), mean: Math.sqrt(squares / scale) };
}

const cuts: readonly KernelOptions[] = [{}, { parts: 3, gap: 1 }, { parts: 2, reversed: true }];

describe.each(tiers.flatMap((tier) => [4, 2].map((m) => [tier, m as 2 | 4] as const)))("on the %s tier, tiles of %i", (tier, m) => {
  it.each(layers.map((c) => [c.title, c] as const))("%s", (_, c) => {
    const truth = truthOf(c);
    const runs = cuts.map((cut) => run(c, { ...cut, tier, variant: winograd(m) }));
    expect(runs[0].name).toContain(winograd(m));
    expect(errorOf(runs[0].data, truth).most).toBeLessThan(m === 4 ? 3e-5 : 5e-6);
    for (const other of runs.slice(1)) expect(other.data).toEqual(runs[0].data);
  });
});

describe("work done while the result is in registers", () => {
  const expression = e.max(e.add(e.add(e.mul(e.operand(0), e.operand(1)), e.operand(2)), e.operand(3)), e.operand(4));
  const fused = (shape: Shape): FusedWork => {
    const [, channels, , width] = shape;
    const shapes = [[channels, 1, 1], [1], shape, [1, width]];
    return { expression, operands: shapes.map((s, i) => randomNormal(s, random(i + 1))) };
  };
  it.each(layers.map((c) => [c.title, c] as const))("%s", (_, c) => {
    const epilogue = fused(nodeOf(convOp, c.tensors, c.attrs).shape);
    const truth = map(epilogue.expression, [truthOf(c), ...epilogue.operands.map((t) => t.cast("float64"))]);
    for (const tier of tiers) {
      const runs = cuts.map((cut) => run(c, { ...cut, tier, epilogue, variant: winograd(4) }).data);
      expect(errorOf(runs[0], truth).most).toBeLessThan(5e-5);
      for (const other of runs.slice(1)) expect(other).toEqual(runs[0]);
    }
  });
});

describe("accuracy", () => {
  it("tiles of 4 err at most twelve times as much as the direct sum, tiles of 2 at most twice", () => {
    const c = layer(1, 64, 32, [32, 32], 1);
    const truth = truthOf(c);
    const direct = errorOf(run(c, { variant: "panels 4x8" }).data, truth).mean;
    expect(errorOf(run(c, { variant: winograd(4) }).data, truth).mean / direct).toBeLessThan(12);
    expect(errorOf(run(c, { variant: winograd(2) }).data, truth).mean / direct).toBeLessThan(2);
  });

  it("exact programs, other kernels and few channels sum directly", () => {
    const wide = layer(1, 64, 64, [56, 56], 1);
    const siteOf = ({ tensors, attrs }: Case, precision: "fast" | "exact"): Site => {
      const value = nodeOf(convOp, tensors, attrs);
      const placed = ({ shape }: { shape: Shape }): Site["result"] => ({
        shape,
        dtype: "float32",
        strides: shape.map((_, axis) => shape.slice(axis + 1).reduce((p, n) => p * n, 1)),
        border: shape.map(() => [0, 0] as const),
      });
      return { value, operands: tensors.map(placed), result: placed(value), tier: "simd", precision };
    };
    const ways = (c: Case, precision: "fast" | "exact"): readonly string[] => convRule.variants?.(siteOf(c, precision)) ?? [];
    expect(ways(wide, "fast")[0]).toContain("winograd 4x4");
    expect(ways(wide, "exact").join()).not.toContain("winograd");
    expect(ways(layer(1, 8, 64, [56, 56], 1), "fast").join()).not.toContain("winograd");
    expect(ways({ ...wide, attrs: { padding: 1, stride: 2 } }, "fast").join()).not.toContain("winograd");
    expect(ways({ ...wide, attrs: { padding: 1, dilation: 2 } }, "fast").join()).not.toContain("winograd");
  });
});
