import { describe, expect, test } from "vitest";
import { tensor } from "../../src/tensor/tensor.ts";
import { calibration } from "../../src/train/index.ts";

describe("LF38 calibration", () => {
  // Ten pictures by hand: each the confidence that the net has, and whether it is right.
  const rows: readonly (readonly [confidence: number, right: boolean])[] = [
    [0.58, true],
    [0.58, false],
    [0.7, true],
    [0.95, true],
    [0.95, true],
    [0.95, true],
    [0.95, false],
    [1, true],
    [0.55, false],
    [0.5, false],
  ];
  const probabilities = tensor(rows.map(([p]) => [p, 1 - p]));
  const labels = rows.map(([, right]) => (right ? 0 : 1));

  test("bins, expected and maximum error are those computed by hand", () => {
    const { bins, expectedError, maximumError } = calibration(probabilities, labels, { bins: 5 });
    expect(bins.map(({ count }) => count)).toEqual([0, 0, 4, 1, 5]);
    expect(bins[2].confidence).toBeCloseTo((0.58 + 0.58 + 0.55 + 0.5) / 4, 6);
    expect(bins[2].accuracy).toBe(0.25);
    expect([bins[3].confidence, bins[3].accuracy]).toEqual([expect.closeTo(0.7, 6), 1]);
    expect([bins[4].confidence, bins[4].accuracy]).toEqual([expect.closeTo(0.96, 6), 0.8]);
    expect(bins[0]).toEqual({ low: 0, high: 0.2, count: 0, confidence: Number.NaN, accuracy: Number.NaN });
    // 0.4 · |0.25 − 0.5525| + 0.1 · |1 − 0.7| + 0.5 · |0.8 − 0.96|
    expect(expectedError).toBeCloseTo(0.4 * 0.3025 + 0.1 * 0.3 + 0.5 * 0.16, 6);
    expect(maximumError).toBeCloseTo(0.3025, 6);
  });

  test("one bin compares the means; a confidence of 0.5 lies in (0.4, 0.5] of ten bins", () => {
    expect(calibration(probabilities, labels, { bins: 1 }).expectedError).toBeCloseTo(Math.abs(0.6 - 0.771), 6);
    expect(calibration(tensor([[0.5, 0.5]]), [0]).bins.findIndex(({ count }) => count === 1)).toBe(4);
  });

  test("what cannot be compared says why", () => {
    expect(() => calibration(probabilities, [0, 1])).toThrow(/\[10, 2\] and 2 labels do not belong together/);
    expect(() => calibration(probabilities, labels, { bins: 0 })).toThrow(/bins is 0/);
    expect(() => calibration(tensor([[3, -2]]), [0])).toThrow(/greatest probability of picture 0 is 3/);
  });
});
