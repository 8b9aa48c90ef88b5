// Eager calls through one-node programs: the same numbers, kept programs, and no change where the reference loops are the better choice.
import { afterEach, describe, expect, it } from "vitest";
import { installWasmEvaluator, removeWasmEvaluator } from "../../src/backends/index.ts";
import { compileWasmSync } from "../../src/backends/wasm/index.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import { conv2d, exp, gridSample, mul, pad, sum } from "../../src/ops/index.ts";
import { random, randomNormal } from "../../src/tensor/random.ts";
import { full, tensor, zeros } from "../../src/tensor/tensor.ts";
import { deviation } from "../support/backend-compare.ts";

afterEach(removeWasmEvaluator);

describe("eager evaluator", () => {
  it("conv2d on tensors gives the reference's numbers, the second time from a kept program", () => {
    const x = randomNormal([2, 3, 17, 19], random(1));
    const w = randomNormal([8, 3, 3, 3], random(2));
    const expected = conv2d(x, w, undefined, { stride: 2, padding: 1 });
    installWasmEvaluator();
    for (let i = 0; i < 2; i++) expect(deviation(conv2d(x, w, undefined, { stride: 2, padding: 1 }), expected)).toBeLessThan(1e-5);
    expect(conv2d(x, w, undefined, { stride: 1 }).shape).toEqual([2, 8, 15, 17]);
  });

  it("results of earlier calls are not overwritten", () => {
    installWasmEvaluator();
    const a = exp(full([40_000], 0));
    const b = exp(full([40_000], 1));
    expect(a.data[39_999]).toBe(1);
    expect(b.data[39_999]).toBeCloseTo(Math.E, 6);
  });

  it("tiny, float64 and unsupported calls stay with the reference loops", () => {
    installWasmEvaluator();
    expect(sum(mul(tensor([1, 2, 3]), 2)).item()).toBe(12);
    expect(exp(full([30_000], 1, "float64")).data[7]).toBe(Math.E);
    const grid = full([1, 100, 100, 2], 0);
    expect(gridSample(full([1, 3, 9, 9], 2), grid).data[5]).toBe(2);
  });

  it("many shapes in turn are forgotten in the order of their last use, and still right", () => {
    installWasmEvaluator();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 80; i++) expect(sum(full([20_000 + i], 1)).item()).toBe(20_000 + i);
    }
  });

  it("options that JSON cannot tell apart have programs of their own", () => {
    installWasmEvaluator();
    const x = zeros([1, 200, 200]);
    const corner = (value: number): number =>
      pad(
        x,
        [
          [0, 0],
          [1, 0],
          [0, 0],
        ],
        { value },
      ).data[0];
    for (let round = 0; round < 2; round++) {
      for (const value of [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, -0, 0, 1])
        expect(Object.is(corner(value), value)).toBe(true);
    }
  });

  it("compileWasmSync runs at once", () => {
    const x = input("x", [3]);
    const program = compileWasmSync(createGraph({ outputs: { y: mul(x, 3) } }));
    expect(Array.from(program.runSync?.({ x: tensor([1, 2, 3]) }).y.data ?? [])).toEqual([3, 6, 9]);
  });
});
