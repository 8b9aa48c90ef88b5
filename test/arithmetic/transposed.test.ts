import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { convSize, dilatedKernel, transposedOf, transposedSize } from "../../src/arithmetic/index.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { rounds } from "../support/long.ts";

describe("A4 transposed convolutions, relationships 8-14", () => {
  it.each([
    ["4.1 no padding", { input: 4, kernel: 3 }, { input: 2, before: 2, stretched: 2, extra: 0, output: 4, relationship: 8 }],
    [
      "4.2 arbitrary padding",
      { input: 5, kernel: 4, padding: 2 },
      { input: 6, before: 1, stretched: 6, extra: 0, output: 5, relationship: 9 },
    ],
    ["4.3 half padding", { input: 5, kernel: 3, padding: 1 }, { input: 5, before: 1, stretched: 5, extra: 0, output: 5, relationship: 10 }],
    ["4.4 full padding", { input: 5, kernel: 3, padding: 2 }, { input: 7, before: 0, stretched: 7, extra: 0, output: 5, relationship: 11 }],
    ["4.5 strides", { input: 5, kernel: 3, stride: 2 }, { input: 2, before: 2, stretched: 3, extra: 0, output: 5, relationship: 12 }],
    [
      "4.6 padding, strides",
      { input: 5, kernel: 3, stride: 2, padding: 1 },
      { input: 3, before: 1, stretched: 5, extra: 0, output: 5, relationship: 13 },
    ],
    [
      "4.7 odd",
      { input: 6, kernel: 3, stride: 2, padding: 1 },
      { input: 3, before: 1, stretched: 5, extra: 1, output: 6, relationship: 14 },
    ],
  ] as const)("A4 table 2.1, figure %s", (_, convolution, expected) => {
    const found = transposedOf(convolution);
    expect(found).toMatchObject({ ...expected, kernel: convolution.kernel, stride: 1 });
    expect(found.after).toBe(found.before + found.extra);
    // The direct convolution that the numbers describe really gives o'.
    expect(convSize(found.stretched, found.kernel, 1, found.before, found.after)).toBe(found.output);
  });

  it("A4 o' = s(i' - 1) + a + k - 2p gives back the input of any convolution", () => {
    const config = fc.record({
      input: fc.integer({ min: 1, max: 40 }),
      kernel: fc.integer({ min: 1, max: 7 }),
      stride: fc.integer({ min: 1, max: 5 }),
      padding: fc.nat(6),
      dilation: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(config, (c) => {
        const extent = dilatedKernel(c.kernel, c.dilation);
        fc.pre(c.input + 2 * c.padding >= extent);
        const t = transposedOf(c);
        expect(t.extra).toBe((c.input + 2 * c.padding - extent) % c.stride);
        expect(t.output).toBe(c.input);
        expect(t.output).toBe(c.stride * (t.input - 1) + t.extra + extent - 2 * c.padding);
      }),
      { seed: 4, numRuns: rounds(2000) },
    );
  });

  it("A4 a convolution without output has no transpose", () => {
    expect(() => transposedOf({ input: 2, kernel: 3 })).toThrow(ShapeError);
    expect(transposedSize(3, 3, 2, 1, 1, 1)).toBe(6);
  });
});
