// The tables behind resizing, by properties that hold whatever the sizes. Values stand in test/golden/resampling.json (PyTorch) and in ONNX's own
// vectors for Resize.
import { describe, expect, it } from "vitest";
import {
  isIdentity,
  type PositionRule,
  positionRules,
  positionsOf,
  resample,
  type TapRule,
  tapsOf,
  transposeTaps,
  windowOfTaps,
} from "../../src/ops/index.ts";
import { random } from "../../src/tensor/random.ts";
import { zeros } from "../../src/tensor/tensor.ts";

const generator = random(9);
const sizes = Array.from({ length: 60 }, () => ({ inputSize: 1 + generator.integer(12), outputSize: 1 + generator.integer(20) }));
const sumOf = (row: readonly (readonly [number, number])[]): number => row.reduce((sum, [, weight]) => sum + weight, 0);
const kernels = ["nearest", "linear", "cubic"] as const;
const usual = positionRules.filter((rule) => rule !== "tf-crop-and-resize" && rule !== "tf-half-pixel-for-nn");

describe("EP9 where output positions lie", () => {
  it.each(positionRules.filter((rule) => rule !== "tf-half-pixel-for-nn"))("EP9 %s at the same size changes nothing", (positions) => {
    for (const kernel of kernels) {
      for (let n = 2; n < 12; n++) {
        const taps = tapsOf({ inputSize: n, outputSize: n }, { kernel, positions, rounding: "prefer-floor" });
        expect(isIdentity(taps), `${kernel} ${n}`).toBe(true);
      }
    }
  });

  it("EP9 half-pixel-symmetric looks the same from both ends, however the size was rounded; half-pixel does not", () => {
    const skew = (rule: PositionRule, inputSize: number, scale: number): number => {
      const outputSize = Math.floor(inputSize * scale);
      const { position } = positionsOf({ inputSize, outputSize, scale }, rule);
      return Math.abs(position(0) + position(outputSize - 1) - (inputSize - 1));
    };
    for (const scale of [0.3, 0.6, 1.7, 2.45]) expect(skew("half-pixel-symmetric", 7, scale)).toBeLessThan(1e-12);
    expect(skew("half-pixel", 7, 0.6)).toBeGreaterThan(0.1);
  });

  it("EP9 crop and resize takes its region; what lies beyond the input reads nothing", () => {
    const rule = { kernel: "linear", positions: "tf-crop-and-resize" } as const;
    const reads = (region: readonly [number, number], outputSize: number): unknown =>
      tapsOf({ inputSize: 5, outputSize }, { ...rule, region }).reads;
    expect(reads([0.5, 1], 3)).toEqual([[[2, 1]], [[3, 1]], [[4, 1]]]);
    expect(reads([0.5, 1.5], 3)).toEqual([[[2, 1]], [[4, 1]], []]);
    // One position is the middle of the region.
    expect(reads([0, 1], 1)).toEqual([[[2, 1]]]);
  });

  it("EP9 the four ways to round to the nearest element differ at halves", () => {
    const at = (rounding: NonNullable<TapRule["rounding"]>): number[] =>
      tapsOf({ inputSize: 6, outputSize: 3 }, { kernel: "nearest", positions: "half-pixel", rounding }).reads.map(([[from]]) => from);
    expect([at("floor"), at("ceil"), at("prefer-floor"), at("prefer-ceil")]).toEqual([
      [0, 2, 4],
      [1, 3, 5],
      [0, 2, 4],
      [1, 3, 5],
    ]);
  });
});

describe("EP9 the tables", () => {
  it.each(usual)("EP9 %s: weights sum to 1, and no position beyond the input is read, with and without what lies outside", (positions) => {
    for (const axis of sizes) {
      for (const kernel of ["linear", "cubic"] as const) {
        for (const options of [{}, { excludeOutside: true }, { antialias: true }, { antialias: true, excludeOutside: true }]) {
          for (const row of tapsOf(axis, { kernel, positions, ...options }).reads) {
            expect(sumOf(row)).toBeCloseTo(1, 12);
            for (const [from] of row) expect(from >= 0 && from < axis.inputSize).toBe(true);
            expect(new Set(row.map(([from]) => from)).size).toBe(row.length);
          }
        }
      }
    }
  });

  it("EP9 antialiasing reads every element where the axis shrinks; without it some are skipped", () => {
    const read = (antialias: boolean): number[] => {
      const taps = tapsOf({ inputSize: 12, outputSize: 3 }, { kernel: "linear", positions: "half-pixel", antialias });
      return transposeTaps(taps).reads.map((row) => row.length);
    };
    expect(Math.min(...read(true))).toBeGreaterThan(0);
    expect(read(false).filter((n) => n === 0)).toHaveLength(6);
  });

  it("EP9 a table that does not fit, or is none, is refused", () => {
    const x = zeros([1, 2]);
    const one = { inputSize: 2, step: 1, reads: [[[0, 1]]] } as const;
    expect(resample(x, [undefined, one]).shape).toEqual([1, 1]);
    for (const [taps, says] of [
      [[undefined, { ...one, reads: [[[5, 1]]] }], /axis 1 reads position 5 of 2/],
      [[undefined, { ...one, reads: [[[0, Number.NaN]]] }], /with weight NaN/],
      [[undefined, { ...one, reads: [3] }], /axis 1 is no table/],
      [[undefined, null], /axis 1 is no table/],
      [[undefined, { ...one, inputSize: 3 }], /axis 1 of \[1, 2\] has 2 positions, but its table is for 3/],
      [[one], /1 tables for the 2 axes/],
    ] as const) {
      expect(() => resample(x, taps as never)).toThrow(says);
    }
  });

  it("EP9 turned round twice a table is itself, and windows hold every read", () => {
    for (const axis of sizes) {
      const taps = tapsOf(axis, { kernel: "cubic", positions: "half-pixel" });
      const sorted = taps.reads.map((row) => [...row].sort(([a], [b]) => a - b));
      expect(transposeTaps(transposeTaps(taps)).reads).toEqual(sorted);
      const { size, stride, before } = windowOfTaps(taps);
      taps.reads.forEach((row, o) => {
        for (const [from] of row) {
          expect(from).toBeGreaterThanOrEqual(o * stride - before - 1e-9);
          expect(from).toBeLessThanOrEqual(o * stride - before + size - 1 + 1e-9);
        }
      });
    }
  });
});
