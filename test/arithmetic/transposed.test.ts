import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { convSize, dilatedKernel, inputsOfOutput, settingsOfOutput, transposedOf, transposedSize } from "../../src/arithmetic/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";

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
      { seed: 4, numRuns: 2000 },
    );
  });

  it("A4 a convolution without output has no transpose", () => {
    expect(() => transposedOf({ input: 2, kernel: 3 })).toThrow(ShapeError);
    expect(transposedSize(3, 3, 2, 1, 1, 1)).toBe(6);
  });
});

describe("A6 inverse questions", () => {
  it("A6 o 3, k3, s2, p1 comes from exactly the inputs 5 and 6", () => {
    expect(inputsOfOutput({ output: 3, kernel: 3, stride: 2, padding: 1 })).toEqual([5, 6]);
    expect(() => inputsOfOutput({ output: 0, kernel: 3 })).toThrow(ArgumentError);
  });

  it("A6 the inputs found are all there are", () => {
    for (let kernel = 1; kernel < 5; kernel++) {
      for (let stride = 1; stride < 5; stride++) {
        for (let padding = 0; padding < kernel; padding++) {
          for (let output = 1; output < 5; output++) {
            const all = Array.from({ length: 60 }, (_, i) => i + 1).filter((i) => convSize(i, kernel, stride, padding) === output);
            expect(inputsOfOutput({ output, kernel, stride, padding })).toEqual(all);
          }
        }
      }
    }
  });

  it("A6 settings that turn 5 into 3 all do, and k3 s2 p1 is among them", () => {
    const found = settingsOfOutput({ input: 5, output: 3 });
    for (const { kernel, stride, padding } of found) expect(convSize(5, kernel, stride, padding)).toBe(3);
    expect(found).toContainEqual({ kernel: 3, stride: 2, padding: 1 });
    expect(found).toContainEqual({ kernel: 3, stride: 1, padding: 0 });
  });
});
