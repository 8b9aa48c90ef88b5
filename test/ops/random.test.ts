// Random numbers in a graph: the bits, the statistics, and dropout's promises.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import * as ops from "../../src/ops/index.ts";
import { DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { threefry, unitInterval } from "../../src/tensor/random.ts";
import { ones, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";

const step = (n: number): Tensor => tensor([n], [1], "int32");
const flat = (t: Tensor): number[] => Array.from(t.data);

describe("uniform and normal numbers", () => {
  it("element i is word i mod 2 of the block with counter (floor(i/2), step)", () => {
    const drawn = flat(ops.randomUniform(step(9), { shape: [3, 5], seed: 42, stream: -7 }));
    expect(drawn).toEqual(Array.from({ length: 15 }, (_, i) => unitInterval(threefry(42, -7, Math.floor(i / 2), 9)[i % 2])));
  });

  it("the same key and step give the same numbers; another step, seed or stream gives others", () => {
    const draw = (n: number, seed: number, stream: number): string => flat(ops.randomUniform(step(n), { shape: [8], seed, stream })).join();
    expect(draw(1, 2, 3)).toBe(draw(1, 2, 3));
    expect(new Set([draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)]).size).toBe(4);
  });

  it("float64 numbers are the float32 ones", () => {
    const options = { shape: [64], seed: 5 };
    expect(flat(ops.randomUniform(step(0), { ...options, dtype: "float64" }))).toEqual(flat(ops.randomUniform(step(0), options)));
  });

  it("uniform numbers have mean 1/2 and variance 1/12, normal ones mean 0 and variance 1, and neighbours are independent", () => {
    // Bounds are five standard errors of 40,000 numbers.
    const n = 40_000;
    const u = ops.randomUniform(step(1), { shape: [n], seed: 3, dtype: "float64" });
    expect(Math.abs(ops.mean(u).item() - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(ops.variance(u).item() - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / n));
    const z = ops.randomNormal(step(1), { shape: [n], seed: 3, dtype: "float64" });
    expect(Math.abs(ops.mean(z).item())).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(ops.variance(z).item() - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(ops.mean(ops.pow(z, 4)).item() - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    const neighbours = ops.mul(ops.slice(z, { starts: [0], ends: [n - 1] }), ops.slice(z, { starts: [1], ends: [n] }));
    expect(Math.abs(ops.mean(neighbours).item())).toBeLessThan(5 / Math.sqrt(n));
    expect(flat(z).every(Number.isFinite)).toBe(true);
  });

  it("the counter is one int32", () => {
    expect(() => ops.randomUniform(tensor([1]), { shape: [2] })).toThrow(DTypeError);
    expect(() => ops.randomUniform(zeros([2], "int32"), { shape: [2] })).toThrow(/expected one int32, the step number/);
    expect(() => ops.dropout(zeros([4]), zeros([2], "int32"))).toThrow(ShapeError);
    expect(() => ops.dropout(zeros([4]), step(0), { p: 1.5 })).toThrow(/expected a number in \[0, 1\]/);
  });
});

describe("E8 dropout", () => {
  const x = ones([100, 200]);

  it("E8 zeroes a share p, scales the rest by 1/(1-p), and so keeps the mean", () => {
    const y = ops.dropout(x, step(3), { p: 0.3, seed: 11 });
    const kept = flat(y).filter((v) => v !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.7)]));
    expect(Math.abs(kept.length / x.size - 0.7)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / x.size));
  });

  it("E8 is deterministic: the same seed and step drop the same elements, another step others", () => {
    const options = { p: 0.5, seed: 1 };
    expect(flat(ops.dropout(x, step(4), options))).toEqual(flat(ops.dropout(x, step(4), options)));
    expect(flat(ops.dropout(x, step(4), options))).not.toEqual(flat(ops.dropout(x, step(5), options)));
  });

  it("E8 the backward pass drops what the forward pass dropped", () => {
    const [v, counter] = [input("x", [50], "float64"), input("step", [1], "int32")];
    const y = ops.dropout(v, counter, { p: 0.4, seed: 2 });
    const known = new Map([
      [v, ones([50], "float64")],
      [counter, step(8)],
    ]);
    const [forward, backward] = evaluateValues([y, ...gradient(y, [v])], known);
    expect(flat(backward)).toEqual(flat(forward));
    expect(flat(forward)).toContain(0);
  });

  it("E8 p = 0 keeps everything, p = 1 nothing", () => {
    expect(flat(ops.dropout(tensor([1, 2]), step(0), { p: 0 }))).toEqual([1, 2]);
    expect(flat(ops.dropout(tensor([1, Number.NaN]), step(0), { p: 1 }))).toEqual([0, 0]);
  });

  it("E8 whole feature maps fall together", () => {
    const y = ops.dropout(ones([20, 10, 3, 3]), step(0), { p: 0.5, perChannel: true });
    const sums = flat(ops.sum(y, { axes: [2, 3] }));
    expect(new Set(sums)).toEqual(new Set([0, 18]));
  });
});
