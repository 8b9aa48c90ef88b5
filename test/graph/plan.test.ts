import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MemoryItem, planMemory } from "../../src/graph/plan.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { rounds } from "../support/long.ts";

const item = fc
  .record({ size: fc.nat(500), from: fc.nat(30), life: fc.nat(12) })
  .map(({ size, from, life }): MemoryItem => ({ size, from, to: from + life }));

/** The most bytes that are alive at one step: no plan can need less. */
function lowerBound(items: readonly MemoryItem[]): number {
  let most = 0;
  for (let step = 0; step <= 42; step++) {
    most = Math.max(
      most,
      items.filter((i) => i.from <= step && step <= i.to).reduce((sum, i) => sum + i.size, 0),
    );
  }
  return most;
}

describe("memory plan", () => {
  it("keeps everything that lives together apart, aligned, and within the sum of the sizes", () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), fc.constantFrom(1, 4, 16, 64), (items, alignment) => {
        const { offsets, bytes } = planMemory(items, { alignment });
        const padded = (n: number): number => Math.ceil(n / alignment) * alignment;
        expect(offsets).toHaveLength(items.length);
        items.forEach((a, i) => {
          expect(offsets[i] % alignment).toBe(0);
          expect(offsets[i] + a.size).toBeLessThanOrEqual(bytes);
          items.slice(0, i).forEach((b, j) => {
            const together = a.from <= b.to && b.from <= a.to && a.size > 0 && b.size > 0;
            const apart = offsets[i] + a.size <= offsets[j] || offsets[j] + b.size <= offsets[i];
            expect(!together || apart).toBe(true);
          });
        });
        expect(bytes).toBeLessThanOrEqual(items.reduce((sum, i) => sum + padded(i.size), 0));
        expect(bytes).toBeGreaterThanOrEqual(lowerBound(items));
      }),
      { numRuns: rounds(300), seed: 1 },
    );
  });

  it("runs a chain in the space of its two largest neighbours", () => {
    const chain = [64, 640, 320, 128].map((size, i) => ({ size, from: i, to: i + 1 }));
    expect(planMemory(chain).bytes).toBe(960);
  });

  it("takes the tightest gap that fits", () => {
    // Long-lived blocks separate a gap of 300 bytes from one of 100 bytes; 90 bytes belong into the smaller one.
    const items = [
      { size: 300, from: 0, to: 1 },
      { size: 200, from: 0, to: 9 },
      { size: 100, from: 0, to: 1 },
      { size: 95, from: 0, to: 9 },
      { size: 90, from: 2, to: 3 },
    ];
    const { offsets, bytes } = planMemory(items, { alignment: 1 });
    expect(bytes).toBe(695);
    expect(offsets[4]).toBe(offsets[2]);
  });

  it("refuses impossible lives and alignments", () => {
    expect(() => planMemory([{ size: 1, from: 2, to: 1 }])).toThrow(ArgumentError);
    expect(() => planMemory([{ size: 1, from: 0, to: 1 }], { alignment: 0 })).toThrow(ArgumentError);
  });
});
