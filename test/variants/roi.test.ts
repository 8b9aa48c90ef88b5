// Regions of interest: the worked example, and gradients, whose cases the general harness leaves out because boxes have none.
import { describe, expect, test } from "vitest";
import { constant } from "../../src/graph/record.ts";
import { roiAlign, roiAlignMax, roiPool, take } from "../../src/ops/index.ts";
import { arange, tensor, zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";
import { adjointPair, checkGradient, checkSecondGradient } from "../support/gradient-check.ts";
import { normal64 } from "./support.ts";

const boxes = tensor(
  [
    [0, 0.3, 1.1, 5.2, 6.4],
    [1, 2.4, 1.6, 5, 4],
    [1, -2, 3, 3, 9],
  ],
  undefined,
  "float64",
);

describe("C6 regions of interest", () => {
  test("C6 V8 the 8x8 map in rows 3-7, columns 0-6", () => {
    const { map, output } = fixture<{ map: number[][]; output: number[][] }>("roi_max_pool");
    const box = tensor([[0, 0, 3, 6, 7]]);
    const x = tensor(map).reshape([1, 1, 8, 8]);
    const disjoint = roiPool(x, box, { outputSize: 2, bins: "disjoint" });
    expect(disjoint.data).toEqual(Float32Array.from(output.flat()));
    // Rounded outwards, the upper right bin reaches row 5 as well.
    expect(roiPool(x, box, { outputSize: 2 }).data).toEqual(Float32Array.from([0.85, 0.96, 0.97, 0.96]));
  });

  test("C6 the whole map in one bin is its maximum; an empty bin gives 0", () => {
    const x = arange(20, [1, 1, 4, 5]);
    expect(roiPool(x, tensor([[0, 0, 0, 4, 3]]), { outputSize: 1 }).item()).toBe(19);
    expect(roiPool(x, tensor([[0, 7, 7, 9, 9]]), { outputSize: 1 }).item()).toBe(0);
  });

  test("C6 the gradient of a bin goes to its maximum alone", () => {
    const x = normal64([2, 2, 8, 7], 1);
    for (const bins of ["overlapping", "disjoint"] as const) {
      const { error, worst } = checkGradient(([v]) => roiPool(v, constant(boxes), { outputSize: [2, 3], bins }), [x]);
      expect(error, worst).toBeLessThan(1e-6);
    }
  });

  test.each([{ outputSize: 2 }, { outputSize: [3, 2], samplingRatio: 2, aligned: true, spatialScale: 0.5 }])(
    "EP12 RoI align is linear in the picture: %o",
    (options) => {
      const x = normal64([2, 2, 8, 7], 2);
      const build = ([v]: readonly Parameters<typeof roiAlign>[0][]) => roiAlign(v, constant(boxes), options) as never;
      expect(checkGradient(build, [x]).error).toBeLessThan(1e-6);
      expect(checkSecondGradient(build, [x]).error).toBeLessThan(1e-6);
      const [forward, backward] = adjointPair(build, [x], 0);
      expect(Math.abs(forward - backward)).toBeLessThan(1e-11 * (1 + Math.abs(forward)));
    },
  );

  test("EP12 RoI align of a slope reads the middle of every bin", () => {
    const slope = arange(64, [1, 1, 8, 8], "float64");
    const y = roiAlign(slope, tensor([[0, 1, 1, 5, 5]], undefined, "float64"), { outputSize: 2, samplingRatio: 2, aligned: true });
    // Corners 1 and 5 become 0.5 and 4.5; the bins' middles are 1.5 and 3.5.
    expect(y.toNested()).toEqual([
      [
        [
          [13.5, 15.5],
          [29.5, 31.5],
        ],
      ],
    ]);
  });

  test("EP12 RoI align by ONNX's maximum: the numbers of onnxruntime 1.30", () => {
    const map = Float32Array.from({ length: 36 }, (_, i) => ((i * 7) % 13) - 6);
    const regions = tensor([
      [0, 0.3, 0.7, 4.1, 5.2],
      [0, -3, 4, 3, 9],
      [0, 2, 2, 3, 3],
    ]);
    const align = (data: Float32Array): number[] =>
      Array.from(roiAlignMax(tensor(data, [1, 1, 6, 6]), regions, { outputSize: 2, samplingRatio: 2 }).data);
    const expectClose = (got: number[], wanted: number[]): void => wanted.forEach((v, i) => void expect(got[i]).toBeCloseTo(v, 5));
    expectClose(align(map), [2.28624988, 2.48906207, 1.48218703, 1.72124934, 2.25, 2.25, 0, 0, 1.3125, 0.5625, 3.0625, 1.3125]);
    // Where all is negative, what lies outside counts as 0; the samples within choose their smallest weights.
    expectClose(
      align(map.map((v) => -1 - Math.abs(v))),
      [-0.05906252, -0.17062506, -0.09968758, -0.27187514, 0, 0, 0, 0, -0.046875, -0.078125, -0.09375, -0.03125],
    );
  });

  test("EP12 RoI align by ONNX's maximum: the gradient goes to the chosen elements", () => {
    const x = normal64([2, 2, 8, 7], 3);
    const { error, worst } = checkGradient(
      ([v]) => roiAlignMax(v, constant(boxes), { outputSize: [2, 3], samplingRatio: 2, aligned: true }),
      [x],
    );
    expect(error, worst).toBeLessThan(1e-6);
  });

  test("EP12 what does not fit is refused", () => {
    expect(() => roiPool(zeros([2, 1, 4, 4]), zeros([1, 4]), { outputSize: 2 })).toThrow(
      /boxes have shape \[1, 4\].*\[picture, x1, y1, x2, y2\]/,
    );
    expect(() => roiAlign(zeros([2, 1, 4, 4]), tensor([[2, 0, 0, 1, 1]]), { outputSize: 2 })).toThrow(
      /box 0 is in picture 2; there are pictures 0..1/,
    );
    expect(() => take(zeros([3]), tensor([3], [1], "int32"))).toThrow(/index 3 is outside 0..2/);
  });
});
