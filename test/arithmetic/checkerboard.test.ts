// Where a transposed convolution overlaps, and how much of a map that makes repeat.
import { describe, expect, it } from "vitest";
import { checkerboard, overlapCounts } from "../../src/arithmetic/index.ts";
import { convTranspose2d } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { ones } from "../../src/tensor/tensor.ts";

describe("B8 overlap of a transposed convolution", () => {
  it("B8 k3 s2 on 4 inputs: 1 1 2 1 2 1 2 1 1", () =>
    expect(overlapCounts({ input: 4, kernel: 3, stride: 2 })).toEqual([1, 1, 2, 1, 2, 1, 2, 1, 1]));

  it("B8 k4 s2 p1 is constant 2 per axis, 4 in the plane, inside", () => {
    expect(overlapCounts({ input: 4, kernel: 4, stride: 2, padding: 1 })).toEqual([1, 2, 2, 2, 2, 2, 2, 1]);
  });

  it("B8 in the plane the counts multiply: 1, 2 and 4 inside, and all-ones convolutions say the same", () => {
    for (const [kernel, stride, padding] of [
      [3, 2, 0],
      [4, 2, 1],
      [5, 3, 2],
      [2, 3, 0],
    ]) {
      const counts = overlapCounts({ input: 4, kernel, stride, padding });
      const y = convTranspose2d(ones([1, 1, 4, 4]), ones([1, 1, kernel, kernel]), undefined, { stride, padding });
      expect(y.toNested()).toEqual([[counts.map((r) => counts.map((c) => r * c))]]);
    }
  });

  it("B8 what leaves nothing is refused", () => {
    expect(() => overlapCounts({ input: 1, kernel: 2, padding: 1 })).toThrow(/\(1 - 1\)·1 - 2·1 \+ 2 = 0/);
    expect(() => overlapCounts({ input: 4, kernel: 0 })).toThrow(/kernel is 0/);
  });
});

describe("B8 share of a map that repeats with the stride", () => {
  it("B8 1 for a checkerboard, 0 for a constant, about 1/256 · 3 for noise", () => {
    const board = Array.from({ length: 64 }, (_, i) => ((i >> 3) + i) % 2);
    expect(checkerboard(board, 8, 8, 2)).toBeCloseTo(1, 12);
    expect(checkerboard(new Array(64).fill(0.1), 8, 8, 2)).toBe(0);
    const noise = randomNormal([64, 64], random(1)).data;
    expect(checkerboard(noise, 64, 64, 2)).toBeLessThan(0.005);
  });

  it("B8 it is the energy at the stride's frequencies: a wave of another period has none", () => {
    const wave = (period: number) => Array.from({ length: 144 }, (_, i) => Math.cos((2 * Math.PI * (i % 12)) / period));
    expect(checkerboard(wave(3), 12, 12, 3)).toBeCloseTo(1, 12);
    expect(checkerboard(wave(4), 12, 12, 3)).toBeCloseTo(0, 12);
    const mixed = wave(3).map((x, i) => x + 2 * wave(4)[i]);
    expect(checkerboard(mixed, 12, 12, 3)).toBeCloseTo(1 / 5, 12);
    expect(() => checkerboard([1, 2, 3], 1, 3, 2)).toThrow(/no whole period/);
  });
});
