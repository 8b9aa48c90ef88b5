// Deformable convolution beyond its cases: what it reduces to, and the numbers of the papers.
import { describe, expect, test } from "vitest";
import { findOp, type Op } from "../../src/graph/op.ts";
import { conv2d, deformConv2d, slice } from "../../src/ops/index.ts";
import { full, Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { caseBuild, caseOperands } from "../support/cases.ts";
import { fixture } from "../support/fixtures.ts";
import { checkGradient } from "../support/gradient-check.ts";
import { normal64 } from "./support.ts";

const input = tensor([
  [3, 3, 2, 1, 0],
  [0, 0, 1, 3, 1],
  [3, 1, 2, 2, 3],
  [2, 0, 0, 2, 2],
  [2, 0, 0, 0, 1],
]).reshape([1, 1, 5, 5]);
const kernel = tensor([
  [0, 1, 2],
  [2, 2, 0],
  [0, 1, 2],
]).reshape([1, 1, 3, 3]);

/** Offsets [n, 2·taps, oh, ow] from a function of tap and coordinate (0 row, 1 column). */
function offsets(shape: readonly [number, number, number, number], of: (tap: number, coordinate: number) => number): Tensor {
  const plane = shape[2] * shape[3];
  const data = Float64Array.from({ length: shape[0] * shape[1] * plane }, (_, i) => {
    const channel = Math.floor(i / plane) % shape[1];
    return of(channel >> 1, channel % 2);
  });
  return new Tensor(data, shape);
}

describe("B9 deformable convolution", () => {
  test.each([
    ["plain", [2, 3, 7, 6], [4, 3, 3, 3], {}],
    ["stride, padding, dilation, groups", [2, 4, 9, 8], [6, 2, 3, 2], { stride: [2, 1], padding: [1, 2], dilation: [1, 2] }],
    ["same padding, even kernel", [1, 2, 5, 5], [3, 2, 2, 2], { padding: "same" as const }],
  ])("B9 zero offsets are the plain convolution bit for bit: %s", (_, x, weight, options) => {
    for (const dtype of ["float32", "float64"] as const) {
      const [a, w, bias] = [normal64(x, 1), normal64(weight, 2), normal64([weight[0]], 3)].map((t) => t.cast(dtype));
      const plain = conv2d(a, w, bias, { ...options, groups: x[1] / weight[1] });
      const offset = zeros([x[0], 2 * weight[2] * weight[3], plain.shape[2], plain.shape[3]], dtype);
      expect(deformConv2d(a, offset, w, bias, undefined, options).data).toEqual(plain.data);
      const mask = full([x[0], weight[2] * weight[3], plain.shape[2], plain.shape[3]], 1, dtype);
      expect(deformConv2d(a, offset, w, bias, mask, options).data).toEqual(plain.data);
    }
  });

  test("B9 offset (i, j) at tap (i, j) is dilation 2", () => {
    const x = normal64([2, 2, 8, 9], 4);
    const w = normal64([3, 2, 3, 3], 5);
    const dilated = conv2d(x, w, undefined, { dilation: 2 });
    // The undilated window fits more often; positions that dilation leaves are compared.
    const apart = offsets([2, 18, 6, 7], (tap, coordinate) => (coordinate === 0 ? Math.floor(tap / 3) : tap % 3));
    const moved = slice(deformConv2d(x, apart, w), { axes: [2, 3], starts: [0, 0], ends: dilated.shape.slice(2) });
    expect(moved.data).toEqual(dilated.data);
  });

  test("B9 V6 every tap half a column to the right", () => {
    const offset = offsets([1, 18, 3, 3], (_, coordinate) => coordinate / 2).cast("float32");
    const expected = [
      [12, 14.5, 14],
      [13.5, 18, 16],
      [7.5, 10, 13],
    ];
    expect(deformConv2d(input, offset, kernel).toNested()).toEqual([[expected]]);
    expect(fixture<{ output: number[][] }>("deformable_convolution").output).toEqual(expected);
  });

  test("B9 a sample weighs its neighbours by max(0, 1 - |distance|), zero outside", () => {
    const x = tensor(
      [
        [1, 10],
        [100, 1000],
      ],
      undefined,
      "float64",
    ).reshape([1, 1, 2, 2]);
    const at = (row: number, column: number): number =>
      deformConv2d(x, tensor([row, column], [1, 2, 1, 1], "float64"), tensor([1], [1, 1, 1, 1], "float64"), undefined, undefined, {
        stride: 2,
      }).item();
    expect(at(0.25, 0.75)).toBeCloseTo(0.75 * (0.25 * 1 + 0.75 * 10) + 0.25 * (0.25 * 100 + 0.75 * 1000), 12);
    expect(at(-0.5, 0)).toBeCloseTo(0.5, 12);
    expect(at(1.5, 1.5)).toBeCloseTo(250, 12);
    expect(at(-1, 0)).toBe(0);
    expect(at(2, 0)).toBe(0);
  });

  test.each(["deformConv", "modulatedDeformConv"])(
    "B9 gradients of %s in x, offset, weight, mask and bias agree with finite differences below 1e-4",
    (name) => {
      const op = findOp(name) as Op;
      op.cases.forEach((opCase) => {
        const { error, worst } = checkGradient(caseBuild(op, opCase), caseOperands(op, opCase, "float64"));
        expect(error, worst).toBeLessThan(1e-6);
      });
    },
  );

  test("B9 operands that do not fit are refused with the numbers", () => {
    const x = zeros([1, 4, 5, 5]);
    const weight = zeros([2, 4, 3, 3]);
    expect(() => deformConv2d(x, zeros([1, 17, 3, 3]), weight)).toThrow(
      /offset has shape \[1, 17, 3, 3\]; expected \[1, 2·9·offsetGroups, 3, 3\]/,
    );
    expect(() => deformConv2d(x, zeros([1, 54, 3, 3]), weight)).toThrow(/offsetGroups dividing 4 channels/);
    expect(() => deformConv2d(x, zeros([1, 18, 3, 3]), weight, undefined, zeros([1, 18, 3, 3]))).toThrow(
      /mask has shape.*expected \[1, 9, 3, 3\]/,
    );
    expect(() => deformConv2d(x, zeros([1, 18, 3, 3]), zeros([2, 3, 3, 3]))).toThrow(/4 channels.*reads 3/);
    expect(() => deformConv2d(x, zeros([1, 18, 3, 3]), weight, zeros([3]))).toThrow(/bias has shape \[3\]; expected \[2\]/);
  });
});
