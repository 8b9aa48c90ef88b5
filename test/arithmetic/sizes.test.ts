import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adaptiveWindow,
  convCost,
  convSize,
  dilatedKernel,
  linearCost,
  poolSize,
  samePadding,
  unrolledMatrix,
  windowAxes,
  windowAxis,
} from "../../src/arithmetic/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { rounds } from "../support/long.ts";

/** Counts placements one by one: the definition that the formulas must reproduce. */
function countPlacements(input: number, kernel: number, stride: number, dilation: number, before: number, after: number): number {
  let count = 0;
  for (let start = -before; start + dilation * (kernel - 1) < input + after; start += stride) count++;
  return count;
}

describe("A2 output sizes, relationships 1-6", () => {
  it.each([
    ["no padding, unit strides", 4, 3, 1, 0, 2],
    ["arbitrary padding", 5, 4, 1, 2, 6],
    ["half padding", 5, 3, 1, 1, 5],
    ["full padding", 5, 3, 1, 2, 7],
    ["no padding, strides", 5, 3, 2, 0, 2],
    ["padding, strides", 5, 3, 2, 1, 3],
    ["padding, strides, odd", 6, 3, 2, 1, 3],
  ])("A2 table 2.1, %s: i %i k %i s %i p %i", (_, input, kernel, stride, padding, output) => {
    expect(convSize(input, kernel, stride, padding)).toBe(output);
    expect(windowAxis({ input, kernel, stride, padding }).output).toBe(output);
  });

  it("A2 6x6, k3, s2, p1 leaves the last padded row and column uncovered", () => {
    const { input, kernel, stride, before, after, output } = windowAxis({ input: 6, kernel: 3, stride: 2, padding: 1 });
    const covered = (output - 1) * stride + kernel;
    expect(input + before + after - covered).toBe(1);
  });
});

describe("A3 pooling sizes, relationship 7", () => {
  it("A3 5x5, k3, s1 gives 3; 224 halves five times", () => {
    expect(poolSize(5, 3, 1)).toBe(3);
    let size = 224;
    const sizes = Array.from({ length: 5 }, () => {
      size = poolSize(size, 2, 2);
      return size;
    });
    expect(sizes).toEqual([112, 56, 28, 14, 7]);
  });

  it("A3 ceil mode counts the window that hangs over the end", () => {
    expect(poolSize(7, 2, 2)).toBe(3);
    expect(poolSize(7, 2, 2, 0, 0, true)).toBe(4);
    expect(poolSize(112, 3, 2, 0, 0, true)).toBe(56);
  });

  it("RF8 KD11 average pool k4 s4 p2 ceil on 9 gives 3, not 4: the last window must start inside the input or its left padding", () => {
    expect(poolSize(9, 4, 4, 2, 2, true)).toBe(3);
    expect(windowAxis({ input: 9, kernel: 4, stride: 4, padding: 2, ceilMode: true }).output).toBe(3);
  });

  it("RF8 KD11 in ceil mode no window starts beyond the input and none that may is left out, over random configurations", () => {
    const config = fc.record({
      input: fc.integer({ min: 1, max: 20 }),
      kernel: fc.integer({ min: 1, max: 6 }),
      stride: fc.integer({ min: 1, max: 6 }),
      padding: fc.nat(3),
    });
    fc.assert(
      fc.property(config, ({ input, kernel, stride, padding }) => {
        fc.pre(2 * padding <= kernel && input + 2 * padding >= kernel);
        const output = poolSize(input, kernel, stride, padding, padding, true);
        let count = 0;
        // A window counts when it covers something that the floor rule's windows do not, and starts where there is something to pool.
        for (let start = -padding; start < input && (start === -padding || start + kernel - stride < input + padding); start += stride)
          count++;
        expect(output).toBe(count);
      }),
      { seed: 3, numRuns: rounds(2000) },
    );
  });

  it("A3 adaptive windows cover the axis from floor(j·i/o) to ceil((j+1)·i/o)", () => {
    expect(Array.from({ length: 3 }, (_, j) => adaptiveWindow(j, 7, 3))).toEqual([
      [0, 3],
      [2, 5],
      [4, 7],
    ]);
  });
});

describe("A5 dilation, relationship 15", () => {
  it("A5 k3 d2 spans 5; i7 k3 d2 gives 3", () => {
    expect(dilatedKernel(3, 2)).toBe(5);
    expect(windowAxis({ input: 7, kernel: 3, dilation: 2 }).output).toBe(3);
    for (let k = 1; k < 6; k++) for (let d = 1; d < 5; d++) expect(dilatedKernel(k, d)).toBe(k + (k - 1) * (d - 1));
  });
});

describe("A11 axes are independent", () => {
  const axis = fc.record({
    input: fc.integer({ min: 1, max: 24 }),
    kernel: fc.integer({ min: 1, max: 7 }),
    stride: fc.integer({ min: 1, max: 5 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: -3, max: 6 }),
    after: fc.integer({ min: -3, max: 6 }),
  });

  it("A11 sizes of 10,000 random configurations in 1, 2 and 3 dimensions equal a brute-force count of placements", () => {
    let sized = 0;
    fc.assert(
      fc.property(fc.array(axis, { minLength: 1, maxLength: 3 }), (axes) => {
        const counts = axes.map((a) => countPlacements(a.input, a.kernel, a.stride, a.dilation, a.before, a.after));
        const resolve = (): number[] =>
          windowAxes({
            input: axes.map((a) => a.input),
            kernel: axes.map((a) => a.kernel),
            stride: axes.map((a) => a.stride),
            dilation: axes.map((a) => a.dilation),
            padding: axes.map((a) => [a.before, a.after] as const),
          }).map((a) => a.output);
        if (counts.some((n) => n === 0)) {
          expect(resolve).toThrow(ShapeError);
        } else {
          sized++;
          expect(resolve()).toEqual(counts);
        }
      }),
      { seed: 11, numRuns: rounds(10_000) },
    );
    expect(sized).toBeGreaterThan(4000);
  });
});

describe("A12 paddings by name", () => {
  it("A12 2x2 with 3x3 full gives 4x4; valid pads nothing; causal pads in front only", () => {
    const full = windowAxes({ input: [2, 2], kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: "full" });
    expect(full.map((a) => a.output)).toEqual([4, 4]);
    expect(windowAxis({ input: 5, kernel: 3, padding: "valid" })).toMatchObject({ before: 0, after: 0, output: 3 });
    expect(windowAxis({ input: 9, kernel: 3, dilation: 2, padding: "causal" })).toMatchObject({ before: 4, after: 0, output: 9 });
  });

  it("A12 SAME: total = max((ceil(i/s) - 1)s + k - i, 0), the odd one after, or before with same-lower", () => {
    expect(samePadding(5, 2)).toEqual([0, 1]);
    expect(samePadding(5, 2, 1, true)).toEqual([1, 0]);
    expect(samePadding(224, 7, 2)).toEqual([2, 3]);
    expect(samePadding(8, 1, 4)).toEqual([0, 0]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        (input, kernel, stride, dilation) => {
          for (const padding of ["same", "same-lower"] as const) {
            const axis = windowAxis({ input, kernel, stride, dilation, padding });
            expect(axis.output).toBe(Math.ceil(input / stride));
            expect(padding === "same" ? axis.after - axis.before : axis.before - axis.after).toBeOneOf([0, 1]);
            const extent = dilation * (kernel - 1) + 1;
            expect(axis.before + axis.after).toBe(Math.max((Math.ceil(input / stride) - 1) * stride + extent - input, 0));
          }
        },
      ),
      { seed: 12, numRuns: rounds(2000) },
    );
  });

  it("A12 same at stride 1 keeps the size; the word is refused where it has no meaning", () => {
    expect(windowAxis({ input: 13, kernel: 4, dilation: 3, padding: "same" }).output).toBe(13);
    expect(() => windowAxes({ input: [4, 4], kernel: [2, 2], stride: [1, 1], dilation: [1, 1], padding: "causal" })).toThrow(ArgumentError);
    expect(() => windowAxis({ input: 5, kernel: 3, padding: "SAME" as never })).toThrow(/"SAME"/);
  });
});

describe("sizes that cannot be", () => {
  it("a kernel that does not fit is refused with the arithmetic", () => {
    expect(() => windowAxis({ input: 4, kernel: 3, dilation: 2 }, "conv")).toThrow(
      "conv: the kernel 3 with dilation 2 (extent 5) does not fit into 4 + 0 + 0 = 4: output size floor((4 + 0 + 0 - 5) / 1) + 1 = 0",
    );
    expect(() => windowAxis({ input: 5, kernel: 3, padding: [-2, -1] })).toThrow("floor((5 + -2 + -1 - 3) / 1) + 1 = 0");
  });

  it.each([
    [{ input: 5, kernel: 0 }, "kernel size is 0"],
    [{ input: 5, kernel: 3, stride: 0 }, "stride is 0"],
    [{ input: 5, kernel: 3, dilation: 1.5 }, "dilation is 1.5"],
    [{ input: 5, kernel: 3, padding: 0.5 }, "padding is [0.5, 0.5]"],
    [{ input: -1, kernel: 3 }, "input size is -1"],
  ])("%o is refused", (options, message) => {
    expect(() => windowAxis(options)).toThrow(ArgumentError);
    expect(() => windowAxis(options)).toThrow(message);
  });
});

describe("costs", () => {
  it("B1 100x100x60 with 20 filters of 1x1: 1,200 weights", () => {
    expect(convCost({ inChannels: 60, outChannels: 20, kernel: [1, 1], output: [100, 100], bias: false })).toEqual({
      parameters: 1200,
      macs: 12_000_000,
    });
  });

  it("B2 256 to 256 channels, 3x3: 589,824 weights, with 8 groups 73,728", () => {
    const layer = { inChannels: 256, outChannels: 256, kernel: [3, 3], output: [1, 1], bias: false };
    expect(convCost(layer).parameters).toBe(589_824);
    expect(convCost({ ...layer, groups: 8 }).parameters).toBe(73_728);
    expect(() => convCost({ ...layer, groups: 7 })).toThrow(ArgumentError);
  });

  it("B3 depthwise 3x3 on 3 channels: 27 weights", () => {
    expect(convCost({ inChannels: 3, outChannels: 3, groups: 3, kernel: [3, 3], output: [8, 8], bias: false }).parameters).toBe(27);
  });

  it("A9 2 to 3 maps with 3x3 kernels: 54 weights", () => {
    expect(convCost({ inChannels: 2, outChannels: 3, kernel: [3, 3], output: [1, 1], bias: false }).parameters).toBe(54);
  });

  it("C3 global average pooling cuts the classifier from 50,176,000 to 1,024,000 weights", () => {
    expect(linearCost({ inFeatures: 7 * 7 * 1024, outFeatures: 1000, bias: false }).parameters).toBe(50_176_000);
    expect(linearCost({ inFeatures: 1024, outFeatures: 1000, bias: false }).parameters).toBe(1_024_000);
    expect(linearCost({ inFeatures: 1024, outFeatures: 1000 })).toEqual({ parameters: 1_025_000, macs: 1_024_000 });
  });
});

describe("A7 unrolled matrix", () => {
  it("A7 unrolled matrix of a 4x4 input with a 3x3 kernel", () => {
    const axes = windowAxes({ input: [4, 4], kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: "valid" });
    const { rows, columns, data, taps } = unrolledMatrix([1, 2, 3, 4, 5, 6, 7, 8, 9], axes);
    expect([rows, columns]).toEqual([4, 16]);
    expect(data.filter((v) => v !== 0)).toHaveLength(36);
    expect(taps.filter((t) => t < 0)).toHaveLength(28);
    expect(Array.from(data.subarray(0, 16))).toEqual([1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0]);
    expect(() => unrolledMatrix([1, 2], axes)).toThrow(ShapeError);
  });
});
