import { expect, test } from "vitest";
import { random, threefry } from "../../src/tensor/index.ts";

test("seeded random numbers are the same in a browser as in Node", () => {
  expect(threefry(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe | 0]);
  expect(random(7).fork("conv1").permutation(4).length).toBe(4);
});

test("the test page is cross-origin isolated, so that threads can be tested", () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
});
