import { describe, expect, it } from "vitest";
import {
  type AxisPadding,
  convSize,
  dilatedKernel,
  explainInputsOfOutput,
  inputsOfOutput,
  poolSize,
  resolvePadding,
  settingsOfOutput,
} from "../../src/arithmetic/index.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";

describe("A6 which inputs give this output", () => {
  it("A6 o 3, k3, s2, p1 comes from exactly the inputs 5 and 6", () => {
    expect(inputsOfOutput({ output: 3, kernel: 3, stride: 2, padding: 1 })).toEqual([5, 6]);
    expect(() => inputsOfOutput({ output: 0, kernel: 3 })).toThrow(ArgumentError);
  });

  it("A6 explained: i = (o - 1)s + k - 2p up to s - 1 more", () => {
    const { least, greatest } = explainInputsOfOutput({ output: 3, kernel: 3, stride: 2, padding: 1 });
    expect(least).toMatchObject({ value: 5, formula: "i = (o - 1)s + k - 2p", substituted: "(3 - 1)·2 + 3 - 2·1 = 5" });
    expect(greatest).toMatchObject({ value: 6, note: "the floor hides up to s - 1 = 1 positions at the far end" });
    expect(explainInputsOfOutput({ output: 3, kernel: 3, dilation: 2 }).least.value).toBe(7);
  });

  it("A6 the inputs found are all there are, for every convention", () => {
    const paddings: AxisPadding[] = [0, 1, 4, -2, [2, 0], [-1, 3], "valid", "same", "same-lower", "full", "causal"];
    for (const padding of paddings) {
      for (const kernel of [1, 2, 3, 4]) {
        for (const stride of [1, 2, 3, 4]) {
          for (const dilation of [1, 2]) {
            for (const ceilMode of [false, true]) {
              const extent = dilatedKernel(kernel, dilation);
              const sizeOf = (input: number): number =>
                poolSize(input, extent, stride, ...resolvePadding(padding, { input, extent, stride }), ceilMode);
              for (const output of [1, 2, 5]) {
                const all = Array.from({ length: 60 }, (_, i) => i + 1).filter((input) => sizeOf(input) === output);
                expect(inputsOfOutput({ output, kernel, stride, padding, dilation, ceilMode })).toEqual(all);
              }
            }
          }
        }
      }
    }
  });
});

describe("A6 questions too large to be tried out", () => {
  it("A6 are refused with the number of candidates", () => {
    expect(() => inputsOfOutput({ output: 1e9, kernel: 3, stride: 1e9 })).toThrow(
      /^inputsOfOutput: 2\d{9} candidates to try; at most 1000000/,
    );
    expect(() => inputsOfOutput({ output: 1e300, kernel: 3 })).toThrow(ArgumentError);
    expect(() => settingsOfOutput({ input: 5, output: 3, largestKernel: 1e9 })).toThrow(/candidates to try; at most 1000000/);
  });
});

describe("A6 which settings give this output", () => {
  it("A6 settings that turn 5 into 3 all do, the simplest first, and k3 s2 p1 is among them", () => {
    const found = settingsOfOutput({ input: 5, output: 3 });
    for (const { kernel, stride, padding } of found) expect(convSize(5, kernel, stride, padding)).toBe(3);
    expect(found[0]).toEqual({ kernel: 3, stride: 1, padding: 0, dilation: 1, uncovered: 0 });
    expect(found.slice(1, 4)).toEqual([
      { kernel: 5, stride: 1, padding: 1, dilation: 1, uncovered: 0 },
      { kernel: 7, stride: 1, padding: 2, dilation: 1, uncovered: 0 },
      { kernel: 1, stride: 2, padding: 0, dilation: 1, uncovered: 0 },
    ]);
    expect(found).toContainEqual({ kernel: 3, stride: 2, padding: 1, dilation: 1, uncovered: 0 });
    expect(found).toContainEqual({ kernel: 2, stride: 2, padding: 1, dilation: 1, uncovered: 1 });
  });

  it("A6 none is missing within the bounds, dilation included", () => {
    const bounds = { largestKernel: 4, largestStride: 3, largestPadding: 5, largestDilation: 3 };
    for (const [input, output] of [
      [7, 3],
      [8, 4],
      [9, 9],
      [6, 1],
      [3, 7],
    ]) {
      const found = settingsOfOutput({ input, output, ...bounds });
      let count = 0;
      for (let kernel = 1; kernel <= 4; kernel++) {
        for (let stride = 1; stride <= 3; stride++) {
          for (let padding = 0; padding <= 5; padding++) {
            for (let dilation = 1; dilation <= 3; dilation++) {
              const extent = dilatedKernel(kernel, dilation);
              if (kernel === 1 && dilation > 1) continue;
              if (padding >= extent || convSize(input, extent, stride, padding) !== output) continue;
              count++;
              expect(found).toContainEqual(expect.objectContaining({ kernel, stride, padding, dilation }));
            }
          }
        }
      }
      expect(found).toHaveLength(count);
    }
  });

  it("A6 nothing gives more outputs than a full padding allows", () => {
    expect(settingsOfOutput({ input: 5, output: 50 })).toEqual([]);
    expect(() => settingsOfOutput({ input: 5, output: 1.5 })).toThrow(ArgumentError);
  });
});
