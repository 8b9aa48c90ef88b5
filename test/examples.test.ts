// What the examples show is true: each runs here, and its results are checked.
import { expect, test } from "vitest";

test("J1 first-network: trains without any download and looks inside in three ways", async () => {
  const { results } = await import("../examples/first-network.ts");
  expect(results.accuracy).toBeGreaterThan(0.8);
  expect(results.reached).toBeGreaterThan(results.best);
  expect(results.patch).toEqual([1, 14, 14]);
});

test("H11 convolution-by-hand: an edge answers 0 30 30 0", async () => {
  const { results } = await import("../examples/convolution-by-hand.ts");
  expect(results.response).toEqual(Array.from({ length: 4 }, () => [0, 30, 30, 0]));
  expect(results.back).toEqual([1, 1, 6, 6]);
});

test("E4 gradients: a filter is learned back, and gradients have gradients", async () => {
  const { results } = await import("../examples/gradients.ts");
  expect(results.loss).toBeLessThan(1e-6);
  for (const [i, w] of [-1, 0, 1, -2, 0, 2, -1, 0, 1].entries()) expect(results.kernel[i]).toBeCloseTo(w, 3);
  expect(results.curvature).toEqual([6, 12, 18]);
});
