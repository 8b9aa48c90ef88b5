// Kernels as pictures: whatever their size, with their numbers, over one scale that is drawn beside them.
import { expect, test } from "vitest";
import { kernelTiles } from "../../src/report/index.ts";

const sizes = [[1, 1], [2, 2], [3, 3], [3, 5], [7, 1], [7, 7], [11, 11]] as const; // biome-ignore format: pairs

test.each(sizes)(
  "KD16 kernels of %i x %i are drawn entry by entry, each with its value, over one scale with its raw ends",
  (height, width) => {
    // The second is ten times fainter than the first.
    const kernels = [1, 0.1].map((strength, k) => ({
      name: `channel ${k}`,
      matrix: Array.from({ length: height }, (_, r) => Array.from({ length: width }, (_, c) => ((r + c) % 2 === 0 ? strength : -strength))),
    }));
    const { marks, description } = kernelTiles(kernels);
    const numbers = marks.filter((m) => m.shape === "words" && m.role === "number").map((m) => (m as { text: string }).text);
    expect(numbers).toHaveLength(2 * height * width);
    expect(numbers.slice(0, height * width).every((text) => /^[−-]?1$/.test(text))).toBe(true);
    expect(numbers.slice(height * width).every((text) => /^[−-]?0\.1$/.test(text))).toBe(true);
    const fills = marks.filter((m) => m.shape === "rect" && m.role === "tile").map((m) => (m as { fill: string }).fill);
    // One scale: the first entry of either kernel is positive, and they are of different colours.
    expect(fills[0]).not.toBe(fills[height * width]);
    const words = marks.filter((m) => m.shape === "words" && m.role === "soft").map((m) => (m as { text: string }).text);
    expect(words.map((w) => w.replace("−", "-"))).toEqual(["-1", "0", "1"]);
    expect(description).toContain("channel 1: ");
  },
);
