import { expect, test } from "vitest";
import { random, randomNormal, randomUniform, threefry } from "../../src/tensor/index.ts";

const hex = (words: ArrayLike<number>): string[] => Array.from(words, (w) => (w >>> 0).toString(16).padStart(8, "0"));

// Known answers of Threefry-2x32, 20 rounds, from the distribution of Random123 (kat_vectors).
test("threefry gives the published known answers", () => {
  expect(hex(threefry(0, 0, 0, 0))).toEqual(["6b200159", "99ba4efe"]);
  expect(hex(threefry(-1, -1, -1, -1))).toEqual(["1cb996fc", "bb002be7"]);
  expect(hex(threefry(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3))).toEqual(["c4923a9c", "483df7a0"]);
});

test("the same seed gives the same numbers, another seed or stream others", () => {
  const draw = (seed: number, stream?: number): number[] => Array.from(randomUniform([5], random(seed, stream)).data);
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7)).not.toEqual(draw(7, 1));
  expect(random(7).fork("conv1").uniform()).toBe(random(7).fork("conv1").uniform());
  expect(random(7).fork("conv1").uniform()).not.toBe(random(7).fork("conv2").uniform());
});

test("uniform and normal numbers have the right moments", () => {
  const moments = (data: ArrayLike<number>): [number, number] => {
    const list = Array.from(data);
    const mean = list.reduce((a, b) => a + b, 0) / list.length;
    return [mean, list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length];
  };
  const [mean, variance] = moments(randomUniform([20_000], random(1)).data);
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.003);
  const [centre, spread] = moments(randomNormal([20_000], random(2), 3, 2).data);
  expect(Math.abs(centre - 3)).toBeLessThan(0.06);
  expect(Math.abs(spread - 4)).toBeLessThan(0.15);
});

test("a permutation holds every number once", () => {
  const order = random(3).permutation(1000);
  expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(order[0] === 0 && order[1] === 1 && order[2] === 2).toBe(false);
});
