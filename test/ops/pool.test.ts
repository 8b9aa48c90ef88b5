import { describe, expect, it } from "vitest";
import { adaptiveWindow, windowAxis } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  adaptiveMaxPoolIndices,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  globalAvgPool,
  globalLpPool,
  globalMaxPool,
  lpPool1d,
  lpPool2d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxPoolIndices,
  maxUnpool,
  poolGather,
} from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { random } from "../../src/tensor/random.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { arange, type Nested, ones, Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";

const map = (rows: Nested): Tensor => {
  const t = tensor(rows, undefined, "float64");
  return t.reshape([1, 1, ...t.shape]);
};
const rowsOf = (t: Tensor): Nested => t.reshape(t.shape.slice(2)).toNested();
const line = (...values: number[]): Tensor => map(values);
const listOf = (t: Tensor): number[] => Array.from(t.data);

/** d(sum of y) / dx. */
function slope(build: (x: Value) => Value, x: Tensor): Tensor {
  const v = input("x", x.shape, x.dtype);
  return evaluateValues(gradient(build(v), [v]), new Map([[v, x]]))[0];
}

function noise(shape: Shape, seed: number): Tensor {
  const generator = random(seed);
  return new Tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => generator.normal()),
    shape,
  );
}

describe("C1 max and average", () => {
  it("C1 4x4, k2 s2", () => {
    const x = map([
      [1, 0, 2, 3],
      [4, 6, 6, 8],
      [3, 1, 1, 0],
      [1, 2, 2, 4],
    ]);
    expect(rowsOf(maxPool2d(x, 2))).toEqual([
      [6, 8],
      [3, 4],
    ]);
    expect(rowsOf(avgPool2d(x, 2))).toEqual([
      [2.75, 4.75],
      [1.75, 1.75],
    ]);
  });

  it("C1 V1 pools of the guide's input", () => {
    const guide = fixture<Record<string, Nested>>("guide");
    const x = map(guide.input);
    expect(rowsOf(maxPool2d(x, 3, { stride: 1 }))).toEqual(guide.max_pool3_stride1);
    const average = avgPool2d(x, 3, { stride: 1 });
    tensor(guide.average_pool3_stride1, [3, 3], "float64").data.forEach((v, i) => {
      expect(average.data[i]).toBeCloseTo(v, 14);
    });
  });

  it("C1 in 1 and 3 dimensions", () => {
    expect(listOf(maxPool1d(line(3, 1, 2, 5, 4), 2))).toEqual([3, 5]);
    expect(listOf(avgPool1d(line(3, 1, 2, 5, 4), 3, { stride: 2 }))).toEqual([2, 11 / 3]);
    const cube = arange(27, [1, 1, 3, 3, 3], "float64");
    expect(listOf(maxPool3d(cube, 2, { stride: 1 }))).toEqual([13, 14, 16, 17, 22, 23, 25, 26]);
    expect(listOf(avgPool3d(cube, 3))).toEqual([13]);
  });

  it("T2 the padding of a max pooling is minus infinity, never 0", () => {
    expect(listOf(maxPool1d(line(-3, -1, -2), 3, { stride: 1, padding: 1 }))).toEqual([-1, -1, -1]);
    expect(listOf(maxPoolIndices(line(-3, -1, -2), 3, { stride: 1, padding: 1 }))).toEqual([1, 1, 1]);
  });

  it("RF8 KD11 average pool k4 s4 p2 ceil on 9: three windows, the last one hanging over", () => {
    const x = line(1, 2, 3, 4, 5, 6, 7, 8, 9);
    // Windows -2..1, 2..5, 6..9; input and padding end at 10, so 9 counts as padding.
    expect(listOf(avgPool1d(x, 4, { stride: 4, padding: 2, ceilMode: true }))).toEqual([3 / 4, 18 / 4, 24 / 4]);
    expect(listOf(avgPool1d(x, 4, { stride: 4, padding: 2, ceilMode: true, countIncludePad: false }))).toEqual([3 / 2, 18 / 4, 24 / 3]);
    expect(listOf(maxPool1d(x, 4, { stride: 4, padding: 2, ceilMode: true }))).toEqual([2, 6, 9]);
    expect(listOf(lpPool1d(x, 1, 4, { stride: 4, padding: 2, ceilMode: true }))).toEqual([3, 18, 24]);
    expect(listOf(slope((v) => avgPool1d(v, 4, { stride: 4, padding: 2, ceilMode: true }), x))).toEqual(new Array(9).fill(0.25));
  });

  it("EP4 what hangs beyond input and padding never counts; divisorOverride beats both countings", () => {
    const x = line(1, 2, 3, 4, 5, 6);
    const options = { stride: 4, padding: 1, ceilMode: true } as const;
    // Windows -1..3 and 3..7; the padded input ends at 6, so the second window has 4 elements, one of them padding.
    expect(listOf(avgPool1d(x, 5, options))).toEqual([10 / 5, 15 / 4]);
    expect(listOf(avgPool1d(x, 5, { ...options, countIncludePad: false }))).toEqual([10 / 4, 15 / 3]);
    expect(listOf(avgPool1d(x, 5, { ...options, countIncludePad: false, divisorOverride: 2 }))).toEqual([5, 7.5]);
  });

  it("EP1 dilation: elements k apart", () => {
    expect(listOf(maxPool1d(line(9, 1, 2, 8, 4, 3), 2, { stride: 1, dilation: 3 }))).toEqual([9, 4, 3]);
    expect(listOf(maxPoolIndices(line(9, 1, 2, 8, 4, 3), 2, { stride: 1, dilation: 3 }))).toEqual([0, 4, 5]);
  });

  it("EP1 NaN wins, and minus infinity is a number like any other", () => {
    const x = line(1, Number.NaN, 3, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN);
    expect(listOf(maxPool1d(x, 2))).toEqual([Number.NaN, 3, Number.NaN]);
    expect(listOf(maxPoolIndices(x, 2))).toEqual([1, 2, 5]);
    const low = line(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
    expect(listOf(maxPool1d(low, 2))).toEqual([Number.NEGATIVE_INFINITY]);
    expect(listOf(maxPoolIndices(low, 2))).toEqual([0]);
  });

  it("C5 a shift changes all 4 inputs but 2 of 4 outputs", () => {
    const pooled = (x: Tensor): number[] => listOf(maxPool1d(x, 3, { stride: 1, padding: 1 }));
    expect(pooled(line(0.1, 1, 0.2, 0.1))).toEqual([1, 1, 1, 0.2]);
    expect(pooled(line(0.3, 0.1, 1, 0.2))).toEqual([0.3, 1, 1, 1]);
  });
});

describe("C2 Lp", () => {
  it("C2 the L2 norm of [3, 4] is 5; the L1 norm takes absolute values", () => {
    expect(listOf(lpPool1d(line(3, 4), 2, 2))).toEqual([5]);
    expect(listOf(lpPool1d(line(-3, 4), 1, 2))).toEqual([7]);
    expect(listOf(lpPool1d(line(-3, 3), 3, 2))[0]).toBeCloseTo(54 ** (1 / 3), 12);
    expect(listOf(globalLpPool(map([[3], [4]])))).toEqual([5]);
  });

  it("C2 the gradient is x/y, and 0 for a window of zeros", () => {
    const [a, b, ...rest] = listOf(slope((v) => lpPool1d(v, 2, 2), line(3, 4, 0, 0)));
    expect(a).toBeCloseTo(0.6, 15);
    expect(b).toBeCloseTo(0.8, 15);
    expect(rest).toEqual([0, 0]);
    expect(listOf(slope((v) => globalLpPool(v, { p: 3 }), line(0, 0, 0)))).toEqual([0, 0, 0]);
  });

  it("C2 large exponents approach the maximum", () => {
    const x = noise([1, 2, 6, 6], 1);
    const [high, most] = [lpPool2d(x, 200, 3), maxPool2d(new Tensor(x.data.map(Math.abs) as Float64Array, x.shape), 3)];
    high.data.forEach((v, i) => {
      expect(v).toBeCloseTo(most.data[i], 1);
    });
  });
});

describe("C3 overlapping and global", () => {
  it("C3 overlapping k3 s2: 7x7x1024 becomes 1x1x1024 under a global average", () => {
    const x = noise([1, 1024, 7, 7], 2);
    const y = globalAvgPool(x);
    expect(y.shape).toEqual([1, 1024, 1, 1]);
    for (const c of [0, 17, 1023]) {
      const channel = Array.from(x.entry(0).entry(c).data);
      expect(y.data[c]).toBeCloseTo(channel.reduce((a, b) => a + b, 0) / 49, 12);
      expect(globalMaxPool(x).data[c]).toBe(Math.max(...channel));
    }
    expect(maxPool2d(noise([1, 1, 13, 13], 3), 3, { stride: 2 }).shape).toEqual([1, 1, 6, 6]);
  });

  it("EP7 global pools keep the rank, also in 1 and 3 dimensions, and equal the pooling over everything", () => {
    for (const shape of [
      [2, 3, 5],
      [2, 3, 2, 3, 4],
    ]) {
      const x = noise(shape, 4);
      const pooled = [2, 3, ...shape.slice(2).map(() => 1)];
      expect(globalMaxPool(x).shape).toEqual(pooled);
      expect(globalLpPool(x).shape).toEqual(pooled);
      const whole = shape.length === 3 ? avgPool1d(x, shape.slice(2)) : avgPool3d(x, shape.slice(2));
      globalAvgPool(x).data.forEach((v, i) => {
        expect(v).toBeCloseTo(whole.data[i], 12);
      });
    }
  });

  it("C3 the windows of overlapping pooling share elements, and their gradients add up", () => {
    expect(listOf(slope((v) => maxPool1d(v, 3, { stride: 2 }), line(1, 2, 9, 4, 5)))).toEqual([0, 0, 2, 0, 0]);
    expect(listOf(slope((v) => avgPool1d(v, 3, { stride: 2 }), line(1, 2, 9, 4, 5)))).toEqual([1, 1, 2, 1, 1].map((n) => n / 3));
  });
});

describe("C4 switches and unpooling", () => {
  it("C4 the fixtures' 4x4", () => {
    const { input: rows, output } = fixture<Record<"input" | "output", Nested>>("max_pool_4x4");
    expect(rowsOf(maxPool2d(map(rows), 2))).toEqual(output);
  });

  it("C4 unpool(pool(x)) keeps each maximum at its place, 0 elsewhere", () => {
    const x = noise([2, 3, 7, 6], 5);
    const [y, indices] = [maxPool2d(x, [3, 2]), maxPoolIndices(x, [3, 2])];
    expect(indices.dtype).toBe("int32");
    const back = maxUnpool(y, indices, { outputSize: [7, 6] });
    expect(back.shape).toEqual(x.shape);
    const kept = listOf(back).filter((v, i) => {
      if (v !== 0) expect(v).toBe(x.data[i]);
      return v !== 0;
    });
    expect(kept.sort()).toEqual(listOf(y).sort());
    expect(poolGather(x, indices)).toEqual(y);
    expect(poolGather(back, indices)).toEqual(y);
  });

  it("RR4 KD15 C4 ties go to the first in row-major order: value, index, gradient and unpooling agree", () => {
    const flat = ones([1, 1, 4, 4], "float64");
    expect(listOf(maxPoolIndices(flat, 2))).toEqual([0, 2, 8, 10]);
    const first = [
      [1, 0, 1, 0],
      [0, 0, 0, 0],
      [1, 0, 1, 0],
      [0, 0, 0, 0],
    ];
    expect(rowsOf(slope((v) => maxPool2d(v, 2), flat))).toEqual(first);
    expect(rowsOf(maxUnpool(maxPool2d(flat, 2), maxPoolIndices(flat, 2), { outputSize: 4 }))).toEqual(first);
    expect(listOf(slope((v) => globalMaxPool(v), flat)).indexOf(1)).toBe(0);
    expect(listOf(slope((v) => globalMaxPool(v), flat)).reduce((a, b) => a + b)).toBe(1);
    expect(listOf(adaptiveMaxPoolIndices(flat, 3))).toEqual([0, 1, 2, 4, 5, 6, 8, 9, 10]);
  });

  it("EP2 indices count the unpadded input, row by row", () => {
    const x = map([
      [1, 2, 3],
      [4, 5, 9],
      [7, 8, 6],
    ]);
    expect(rowsOf(maxPoolIndices(x, 2, { stride: 2, padding: 1 }))).toEqual([
      [0, 2],
      [6, 5],
    ]);
  });

  it("EP8 outputSize resolves what the stride leaves open; overlapping choices add up; -1 goes nowhere", () => {
    const [y, indices] = [line(5, 7), new Tensor(Int32Array.of(1, 2), [1, 1, 2])];
    expect(listOf(maxUnpool(y, indices, { outputSize: 4 }))).toEqual([0, 5, 7, 0]);
    expect(listOf(maxUnpool(y, indices, { outputSize: [5] }))).toEqual([0, 5, 7, 0, 0]);
    const both = new Tensor(Int32Array.of(1, 1), [1, 1, 2]);
    expect(listOf(maxUnpool(y, both, { outputSize: 3 }))).toEqual([0, 12, 0]);
    const none = new Tensor(Int32Array.of(-1, 0), [1, 1, 2]);
    expect(listOf(maxUnpool(y, none, { outputSize: 2 }))).toEqual([7, 0]);
    expect(listOf(poolGather(y, none))).toEqual([0, 5]);
  });
});

describe("EP6 adaptive", () => {
  it("EP6 windows floor(j·i/o) .. ceil((j+1)·i/o), for average and maximum", () => {
    const x = noise([2, 2, 7, 10], 6);
    const [average, most, indices] = [adaptiveAvgPool2d(x, [3, 4]), adaptiveMaxPool2d(x, [3, 4]), adaptiveMaxPoolIndices(x, [3, 4])];
    for (let plane = 0; plane < 4; plane++) {
      for (let r = 0; r < 3; r++) {
        for (let c = 0; c < 4; c++) {
          const [[r0, r1], [c0, c1]] = [adaptiveWindow(r, 7, 3), adaptiveWindow(c, 10, 4)];
          const window: number[] = [];
          for (let i = r0; i < r1; i++) for (let j = c0; j < c1; j++) window.push(x.data[plane * 70 + i * 10 + j]);
          const at = plane * 12 + r * 4 + c;
          expect(average.data[at]).toBeCloseTo(window.reduce((a, b) => a + b, 0) / window.length, 12);
          expect(most.data[at]).toBe(Math.max(...window));
          expect(x.data[plane * 70 + indices.data[at]]).toBe(most.data[at]);
        }
      }
    }
  });

  it("EP6 where the sizes divide it is an ordinary pooling; to one position it is global", () => {
    const x = noise([1, 2, 6, 8], 7);
    expect(adaptiveAvgPool2d(x, [3, 2])).toEqual(avgPool2d(x, [2, 4]));
    expect(adaptiveMaxPool2d(x, [3, 2])).toEqual(maxPool2d(x, [2, 4]));
    expect(adaptiveMaxPool2d(x, 1)).toEqual(globalMaxPool(x));
    expect(listOf(adaptiveAvgPool1d(line(1, 2, 3), 5))).toEqual([1, 1.5, 2, 2.5, 3]);
  });
});

describe("bad input", () => {
  const x = ones([1, 2, 5, 5]);
  it.each([
    [
      "padding above half",
      () => maxPool2d(x, 3, { padding: 2 }),
      ArgumentError,
      "padding [2, 2] on spatial axis 0 must lie in 0..1 for a kernel that spans 3",
    ],
    ["negative padding", () => avgPool2d(x, 3, { padding: -1 }), ArgumentError, "padding [-1, -1]"],
    [
      "one-sided padding",
      () =>
        maxPool2d(x, 2, {
          padding: [
            [0, 2],
            [0, 0],
          ],
        }),
      ArgumentError,
      "must lie in 0..1",
    ],
    [
      "too large a kernel",
      () => maxPool2d(x, 6),
      ShapeError,
      "maxPool: spatial axis 0: the kernel 6 does not fit into 5 + 0 + 0 = 5: output size floor((5 + 0 + 0 - 6) / 6) + 1 = 0",
    ],
    ["rank", () => maxPool1d(x, 2), ShapeError, "maxPool1d: input has shape [1, 2, 5, 5]; expected [batch, channels, length]"],
    ["no kernel", () => maxPool2d(x, undefined as never), ArgumentError, "kernelSize is missing"],
    ["kernel 0", () => avgPool2d(x, 0), ArgumentError, "kernelSize is 0; expected an integer >= 1"],
    ["divisor 0", () => avgPool2d(x, 2, { divisorOverride: 0 }), ArgumentError, "divisorOverride is 0"],
    ["unknown option", () => avgPool2d(x, 2, { strides: 1 } as object), ArgumentError, 'unknown option "strides"'],
    ["integers", () => maxPool2d(ones([1, 1, 4, 4], "int32"), 2), DTypeError, "int32"],
    ["exponent", () => lpPool2d(x, 0.5, 2), ArgumentError, "p is 0.5"],
    [
      "index too large",
      () => poolGather(x, new Tensor(Int32Array.of(25, 0), [1, 2, 1, 1])),
      ShapeError,
      "index 25 is outside a plane of 25 elements",
    ],
    ["float indices", () => poolGather(x, x), DTypeError, "indices are float32; expected int32"],
    ["planes differ", () => poolGather(x, zeros([1, 3, 1, 1], "int32")), ShapeError, "must agree in batch, channels"],
    ["shapes differ", () => maxUnpool(x, zeros([1, 2, 5, 4], "int32"), { outputSize: 9 }), ShapeError, "differ in shape"],
    ["empty map", () => globalAvgPool(zeros([1, 2, 0, 3])), ShapeError, "at least one position"],
    ["no output size", () => adaptiveAvgPool2d(x, undefined as never), ArgumentError, "outputSize is missing"],
  ] as const)("%s", (_, build, error, message) => {
    expect(build).toThrow(error);
    expect(build).toThrow(message);
  });

  it("ceil mode lets one window see a map smaller than the kernel, as PyTorch does", () => {
    expect(windowAxis({ input: 1, kernel: 2, stride: 2, ceilMode: true }).output).toBe(1);
    expect(listOf(avgPool1d(line(6), 2, { ceilMode: true }))).toEqual([6]);
  });
});
