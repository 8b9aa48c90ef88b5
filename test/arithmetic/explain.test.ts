import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AxisPadding,
  dilatedKernel,
  type Explained,
  evaluateFormula,
  explainBox,
  explainConvSize,
  explainField,
  explainPoolSize,
  explainTransposed,
  explainTransposedSize,
  explanationLines,
  inputsOfOutput,
  paddingOfAutoPad,
  pathField,
  poolSize,
  resolvePadding,
  transposedOf,
  transposedSame,
  transposedSize,
  windowAxis,
} from "../../src/arithmetic/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { rounds } from "../support/long.ts";

/** Every printed line is true: what stands left of the last "=" has the value right of it. */
function expectTrue(explained: Explained): void {
  for (const step of explained.steps) expectTrue(step);
  const [left, right = left] = explained.substituted.split(" = ");
  expect(evaluateFormula(left)).toBe(explained.value);
  expect(Number(right)).toBe(explained.value);
}

describe("A2 sizes that explain themselves", () => {
  it("A2 in general: half and full padding as the numbers that they are", () => {
    for (const padding of [1, 2]) {
      const { substituted, relationship, value } = explainConvSize({ input: 5, kernel: 3, padding, general: true });
      expect(substituted).toContain(`(5 - 3) + 2·${padding} + 1 = ${3 + 2 * padding}`);
      expect([relationship, value]).toEqual([2, 3 + 2 * padding]);
    }
  });

  it("A2 the formula, the numbers, the relationship", () => {
    expect(explainConvSize({ input: 5, kernel: 3, stride: 2, padding: 1, dilation: 1 })).toMatchObject({
      symbol: "o",
      value: 3,
      formula: "o = floor((i + 2p - k) / s) + 1",
      substituted: "floor((5 + 2·1 - 3) / 2) + 1 = 3",
      relationship: 6,
      cites: [expect.stringContaining("arXiv 1603.07285")],
    });
  });

  it.each([
    [1, { input: 4, kernel: 3 }, 2],
    [2, { input: 5, kernel: 4, padding: 2 }, 6],
    [3, { input: 5, kernel: 3, padding: 1 }, 5],
    [4, { input: 5, kernel: 3, padding: 2 }, 7],
    [5, { input: 5, kernel: 3, stride: 2 }, 2],
    [6, { input: 5, kernel: 3, stride: 2, padding: 1 }, 3],
    [6, { input: 6, kernel: 3, stride: 2, padding: 1 }, 3],
    [15, { input: 7, kernel: 3, dilation: 2 }, 3],
  ] as const)("A2 relationship %i: %o", (relationship, options, value) => {
    const explained = explainConvSize(options);
    expect(explained).toMatchObject({ relationship, value });
    expectTrue(explained);
  });

  it("A2 6x6, k3, s2, p1 says that the last row is not covered", () => {
    expect(explainConvSize({ input: 5, kernel: 3, stride: 2, padding: 1 }).note).toBeUndefined();
    expect(explainConvSize({ input: 6, kernel: 3, stride: 2, padding: 1 }).note).toBe(
      "the last position, in the padding, is covered by no window: 5 mod 2 = 1",
    );
    expect(explainConvSize({ input: 2, kernel: 3 })).toMatchObject({
      value: 0,
      note: "no window fits: it is 1 longer than the padded input",
    });
  });

  it("A5 dilation shows the extent of the kernel first", () => {
    expect(explanationLines(explainConvSize({ input: 7, kernel: 3, dilation: 2 }))).toEqual([
      "k̂ = k + (k - 1)(d - 1) = 3 + (3 - 1)·(2 - 1) = 5   (relationship 15)",
      "o = floor((i + 2p - k - (k - 1)(d - 1)) / s) + 1 = floor((7 + 2·0 - 3 - (3 - 1)·(2 - 1)) / 1) + 1 = 3   (relationship 15)",
    ]);
  });

  it("A12 SAME shows where its padding comes from, and which side gets the odd one", () => {
    const lines = explanationLines(explainConvSize({ input: 224, kernel: 7, stride: 2, padding: "same" }));
    expect(lines).toEqual([
      "total = max((ceil(i / s) - 1)s + k - i, 0) = max((ceil(224 / 2) - 1)·2 + 7 - 224, 0) = 5",
      "before = floor(total / 2) = floor(5 / 2) = 2",
      "after = total - before = 5 - 2 = 3",
      "o = floor((i + before + after - k) / s) + 1 = floor((224 + 2 + 3 - 7) / 2) + 1 = 112   (relationship 6)",
    ]);
    const lower = explainConvSize({ input: 224, kernel: 7, stride: 2, padding: "same-lower" });
    expect(lower.steps.map(({ symbol, value }) => [symbol, value])).toEqual([
      ["total", 5],
      ["after", 2],
      ["before", 3],
    ]);
  });

  it("A12 ONNX auto_pad by name", () => {
    expect(paddingOfAutoPad("SAME_UPPER")).toBe("same");
    expect(paddingOfAutoPad("SAME_LOWER")).toBe("same-lower");
    expect(paddingOfAutoPad("VALID")).toBe("valid");
    expect(paddingOfAutoPad("NOTSET")).toBeUndefined();
    expect(() => paddingOfAutoPad("SAME" as never)).toThrow(ArgumentError);
  });

  it("A3 pooling is relationship 7; ceil mode shows its rule", () => {
    expect(explainPoolSize({ input: 5, kernel: 3 })).toMatchObject({ value: 3, relationship: 7, formula: "o = floor((i - k) / s) + 1" });
    expect(explanationLines(explainPoolSize({ input: 9, kernel: 4, stride: 4, padding: 2, ceilMode: true }))).toEqual([
      "n = ceil((i + 2p - k) / s) + 1 = ceil((9 + 2·2 - 4) / 4) + 1 = 4   (relationship 7)",
      "start = (n - 1)s = (4 - 1)·4 = 12",
      "end = i + p = 9 + 2 = 11",
      "o = n - 1 = 4 - 1 = 3",
      "  the last window would start at 12 of the padded input, at or beyond 11 where the input ends: it is dropped",
    ]);
    expect(explainPoolSize({ input: 112, kernel: 3, stride: 2, ceilMode: true })).toMatchObject({
      value: 56,
      note: "the last window starts at 110 of the padded input, before 112 where the input ends: it counts",
    });
  });
});

describe("A4 transposed convolutions that explain themselves", () => {
  it.each([
    ["4.1", { input: 4, kernel: 3 }, 8, { "i'": 2, "p'": 2, "ĩ'": 2, a: 0, "o'": 4 }],
    ["4.2", { input: 5, kernel: 4, padding: 2 }, 9, { "i'": 6, "p'": 1, "ĩ'": 6, a: 0, "o'": 5 }],
    ["4.3", { input: 5, kernel: 3, padding: 1 }, 10, { "i'": 5, "p'": 1, "ĩ'": 5, a: 0, "o'": 5 }],
    ["4.4", { input: 5, kernel: 3, padding: 2 }, 11, { "i'": 7, "p'": 0, "ĩ'": 7, a: 0, "o'": 5 }],
    ["4.5", { input: 5, kernel: 3, stride: 2 }, 12, { "i'": 2, "p'": 2, "ĩ'": 3, a: 0, "o'": 5 }],
    ["4.6", { input: 5, kernel: 3, stride: 2, padding: 1 }, 13, { "i'": 3, "p'": 1, "ĩ'": 5, a: 0, "o'": 5 }],
    ["4.7", { input: 6, kernel: 3, stride: 2, padding: 1 }, 14, { "i'": 3, "p'": 1, "ĩ'": 5, a: 1, "o'": 6 }],
  ] as const)("A4 table 2.1, figure %s: relationship %3$i", (_, convolution, relationship, numbers) => {
    const { relationship: found, ...parts } = explainTransposed(convolution);
    expect(found).toBe(relationship);
    const values = Object.fromEntries(Object.values(parts).map((e) => [e.symbol, e.value]));
    expect(values).toEqual({ ...numbers, "k'": convolution.kernel, "s'": 1 });
    for (const part of Object.values(parts)) expectTrue(part);
    expect(parts.output.relationship).toBe(relationship);
  });

  it("A4 as a layer: o' = s(i' - 1) + a + k - 2p", () => {
    expect(explainTransposedSize({ input: 3, kernel: 3, stride: 2, padding: 1, outputPadding: 1 })).toMatchObject({
      value: 6,
      relationship: 14,
      substituted: "2·(3 - 1) + 1 + 3 - 2·1 = 6",
    });
    expect(() => explainTransposedSize({ input: 3, kernel: 3, stride: 2, outputPadding: 2 })).toThrow(ArgumentError);
    expect(() => explainTransposed({ input: 2, kernel: 3 })).toThrow(ShapeError);
  });
});

/** Placements one by one: the definition that every formula must reproduce. */
function placements(input: number, extent: number, stride: number, before: number, after: number): number {
  let count = 0;
  for (let start = -before; start + extent <= input + after; start += stride) count++;
  return count;
}

/** The least padding with which ceil(i / s) windows fit, found by trying. */
function leastPadding(input: number, extent: number, stride: number): number {
  let windows = 0;
  for (let start = 0; start < input; start += stride) windows++;
  let total = 0;
  while (placements(input, extent, stride, 0, total) < windows) total++;
  return total;
}

/** Positions that windows of a transposed convolution cover: every input position spreads over one window, s apart. */
function spread(input: number, extent: number, stride: number): number {
  const covered = new Set<number>();
  for (let j = 0; j < input; j++) for (let t = 0; t < extent; t++) covered.add(j * stride + t);
  return Math.max(...covered) + 1;
}

describe("A11 every convention against brute force", () => {
  const axis = fc.record({
    input: fc.integer({ min: 1, max: 30 }),
    kernel: fc.integer({ min: 1, max: 7 }),
    stride: fc.integer({ min: 1, max: 5 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: -3, max: 6 }),
    after: fc.integer({ min: -3, max: 6 }),
    extra: fc.nat(4),
  });
  const conventions = [
    "number",
    "sides",
    "valid",
    "same",
    "same-lower",
    "full",
    "causal",
    "ceil",
    "transposed",
    "transposed same",
    "transposed same-lower",
  ] as const;

  it("A11 A12 A3 A4 A5 10,000 random configurations: value, explanation and count of placements agree", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(fc.constantFrom(...conventions), axis, (convention, { input, kernel, stride, dilation, before, after, extra }) => {
        const extent = dilatedKernel(kernel, dilation);
        const settings = { input, kernel, stride, dilation };
        seen.set(convention, (seen.get(convention) ?? 0) + 1);
        const check = (padding: AxisPadding, [front, back]: readonly [number, number]): void => {
          expect(resolvePadding(padding, { input, extent, stride })).toEqual([front, back]);
          const count = placements(input, extent, stride, front, back);
          const explained = explainConvSize({ ...settings, padding });
          const pooled = explainPoolSize({ ...settings, padding });
          expectTrue(explained);
          expectTrue(pooled);
          if (count > 0) {
            expect(windowAxis({ ...settings, padding }).output).toBe(count);
            expect([explained.value, pooled.value]).toEqual([count, count]);
          } else {
            expect(() => windowAxis({ ...settings, padding })).toThrow(ShapeError);
            expect(explained.value).toBeLessThan(1);
          }
        };
        switch (convention) {
          case "number":
            return check(before, [before, before]);
          case "sides":
            return check([before, after], [before, after]);
          case "valid":
            return check("valid", [0, 0]);
          case "same":
          case "same-lower": {
            const total = leastPadding(input, extent, stride);
            const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
            return check(convention, convention === "same" ? [less, more] : [more, less]);
          }
          case "full": {
            // The first window touches the input with its last tap, the last possible one with its first.
            let front = 0;
            while (-front + extent - 1 > 0) front++;
            return check("full", [front, front]);
          }
          case "causal": {
            // Window 0 ends at position 0, and no window reaches beyond the last.
            check("causal", [extent - 1, 0]);
            expect(windowAxis({ ...settings, padding: "causal" }).output).toBe(Math.ceil(input / stride));
            return;
          }
          case "ceil": {
            const p = Math.min(Math.abs(before), Math.floor(extent / 2));
            fc.pre(input + 2 * p >= extent);
            let count = 0;
            for (let start = -p; start < input && (start === -p || start - stride + extent < input + p); start += stride) count++;
            const explained = explainPoolSize({ ...settings, padding: p, ceilMode: true });
            expectTrue(explained);
            expect([explained.value, poolSize(input, extent, stride, p, p, true)]).toEqual([count, count]);
            return;
          }
          case "transposed": {
            const a = Math.min(extra, Math.max(stride, dilation) - 1);
            const size = spread(input, extent, stride) - before - after + a;
            const explained = explainTransposedSize({ ...settings, padding: [before, after], outputPadding: a });
            expectTrue(explained);
            expect([explained.value, transposedSize(input, extent, stride, before, after, a)]).toEqual([size, size]);
            return;
          }
          default: {
            const lower = convention === "transposed same-lower";
            const same = transposedSame(input, extent, stride, 0, lower);
            const covered = spread(input, extent, stride);
            expect(covered - same.before - same.after + same.outputPadding).toBe(input * stride);
            expect(Math.min(same.outputPadding, same.before + same.after)).toBe(0);
            expect(lower ? same.before - same.after : same.after - same.before).toBeOneOf([0, 1]);
            // It undoes the convention of the forward direction on an input of i'·s.
            const forward = resolvePadding(lower ? "same-lower" : "same", { input: input * stride, extent, stride });
            expect([same.before, same.after]).toEqual(forward);
            const explained = explainTransposedSize({ ...settings, padding: lower ? "same-lower" : "same" });
            expectTrue(explained);
            expect(explained.value).toBe(input * stride);
          }
        }
      }),
      { seed: 21, numRuns: rounds(10_000) },
    );
    for (const convention of conventions) expect(seen.get(convention), convention).toBeGreaterThan(500);
  });

  it("A4 A6 explained transposes and inverse questions agree with counting, over 2,000 random configurations", () => {
    fc.assert(
      fc.property(axis, ({ input, kernel, stride, dilation, before }) => {
        const padding = Math.abs(before);
        const extent = dilatedKernel(kernel, dilation);
        fc.pre(input + 2 * padding >= extent);
        const settings = { input, kernel, stride, dilation, padding };
        const { relationship, ...parts } = explainTransposed(settings);
        const numbers = transposedOf(settings);
        expect(relationship).toBe(numbers.relationship);
        expect([parts.input.value, parts.padding.value, parts.stretched.value, parts.extra.value, parts.output.value]).toEqual([
          numbers.input,
          numbers.before,
          numbers.stretched,
          numbers.extra,
          input,
        ]);
        for (const part of Object.values(parts)) expectTrue(part);
        // The extra rows are those that no window of the convolution reaches.
        const reached = (placements(input, extent, stride, padding, padding) - 1) * stride + extent;
        expect(parts.extra.value).toBe(input + 2 * padding - reached);
        expect(inputsOfOutput({ output: parts.input.value, kernel, stride, dilation, padding })).toContain(input);
      }),
      { seed: 22, numRuns: rounds(2000) },
    );
  });
});

describe("H3 receptive fields that explain themselves", () => {
  it("H3 the three sums with their numbers, and the growth layer by layer", () => {
    const explained = explainField([
      { name: "conv1", kernel: 5 },
      { name: "pool1", kernel: 2, stride: 2 },
      { name: "conv2", kernel: 3, padding: 1 },
    ]);
    expect(explained.size).toMatchObject({
      value: 10,
      formula: "R = 1 + (k1 - 1) + (k2 - 1)·s1 + (k3 - 1)·s1·s2",
      substituted: "1 + (5 - 1) + (2 - 1)·1 + (3 - 1)·1·2 = 10",
    });
    expect(explained.stride).toMatchObject({ value: 2, substituted: "1·2·1 = 2" });
    expect(explained.padding).toMatchObject({ value: 2, formula: "P = p1 + p2·s1 + p3·s1·s2" });
    expect(explained.centre.value).toBe(2.5);
    expect(explained.layers.map(({ name, size, stride, padding }) => [name, size, stride, padding])).toEqual([
      ["conv1", 5, 1, 0],
      ["pool1", 6, 2, 0],
      ["conv2", 10, 2, 2],
    ]);
    for (const part of [explained.size, explained.stride, explained.padding, explained.centre]) expectTrue(part);
  });

  it("H3 the explained sums equal the recurrence on random paths", () => {
    const layer = fc.record({
      kernel: fc.integer({ min: 1, max: 7 }),
      stride: fc.integer({ min: 1, max: 3 }),
      padding: fc.nat(4),
      dilation: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 7 }), (path) => {
        const field = pathField(path);
        const { size, stride, padding } = explainField(path);
        expect({ size: size.value, stride: stride.value, padding: padding.value }).toEqual(field);
      }),
      { seed: 23, numRuns: rounds(500) },
    );
  });

  it("G4 the published example: P1482 S32 R3039, position 2 lies around 101", () => {
    const field = { size: 3039, stride: 32, padding: 1482 };
    expect(explainBox(field, 0).centre.value).toBe(37);
    const { first, last, centre } = explainBox(field, 2);
    expect([first.value, last.value, centre.value]).toEqual([-1418, 1620, 101]);
    expect(centre.substituted).toBe("-1482 + 2·32 + (3039 - 1) / 2 = 101");
    expect(explainBox({ size: 2, stride: 2, padding: 0 }, 0).centre.note).toMatch(/between two positions/);
  });
});
