// Activations at the points where implementations go wrong: kinks, large arguments, zeros of both signs, infinities, NaN.
import { describe, expect, it } from "vitest";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { input } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import * as ops from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { tensor } from "../../src/tensor/tensor.ts";

type Activation = (x: Value) => Value;

/** f and its first derivative at each point, in float64. */
function at(f: Activation, points: readonly number[]): { y: number[]; slope: number[] } {
  const x = input("x", [points.length], "float64");
  const y = f(x);
  const [values, slopes] = evaluateValues([y, ...gradient(y, [x])], new Map([[x, tensor([...points], undefined, "float64")]]));
  return { y: Array.from(values.data), slope: Array.from(slopes.data) };
}

const value = (f: Activation, point: number): number => at(f, [point]).y[0];
const slope = (f: Activation, point: number): number => at(f, [point]).slope[0];

/** Each function with a second, independent formula that is safe for moderate arguments. */
const functions: Readonly<Record<string, readonly [Activation, (x: number) => number]>> = {
  relu: [(x) => ops.relu(x), (x) => Math.max(x, 0)],
  relu6: [(x) => ops.relu6(x), (x) => Math.min(Math.max(x, 0), 6)],
  leakyRelu: [(x) => ops.leakyRelu(x), (x) => Math.max(0, x) + 0.01 * Math.min(0, x)],
  elu: [(x) => ops.elu(x, { alpha: 1.5 }), (x) => Math.max(0, x) + 1.5 * Math.min(0, Math.expm1(x))],
  selu: [(x) => ops.selu(x), (x) => 1.0507009873554805 * (Math.max(0, x) + 1.6732632423543772 * Math.min(0, Math.expm1(x)))],
  celu: [(x) => ops.celu(x, { alpha: 2 }), (x) => Math.max(0, x) + Math.min(0, 2 * Math.expm1(x / 2))],
  silu: [(x) => ops.silu(x), (x) => x / (1 + Math.exp(-x))],
  mish: [(x) => ops.mish(x), (x) => x * Math.tanh(Math.log(1 + Math.exp(x)))],
  softplus: [(x) => ops.softplus(x, { beta: 2 }), (x) => Math.log(1 + Math.exp(2 * x)) / 2],
  softsign: [(x) => ops.softsign(x), (x) => (x < 0 ? x / (1 - x) : x / (1 + x))],
  sigmoid: [(x) => ops.sigmoid(x), (x) => 0.5 + 0.5 * Math.tanh(x / 2)],
  logSigmoid: [(x) => ops.logSigmoid(x), (x) => -Math.log(1 + Math.exp(-x))],
  tanh: [(x) => ops.tanh(x), (x) => (Math.exp(2 * x) - 1) / (Math.exp(2 * x) + 1)],
  tanhshrink: [(x) => ops.tanhshrink(x), (x) => x - (Math.exp(2 * x) - 1) / (Math.exp(2 * x) + 1)],
  softshrink: [(x) => ops.softshrink(x), (x) => Math.max(x - 0.5, 0) + Math.min(x + 0.5, 0)],
  hardshrink: [(x) => ops.hardshrink(x), (x) => (x > 0.5 || x < -0.5 ? x : 0)],
  hardTanh: [(x) => ops.hardTanh(x), (x) => Math.min(1, Math.max(-1, x))],
  hardSigmoid: [(x) => ops.hardSigmoid(x), (x) => Math.min(6, Math.max(0, x + 3)) / 6],
  hardSwish: [(x) => ops.hardSwish(x), (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6],
  threshold: [(x) => ops.threshold(x, { threshold: 0.1, value: 20 }), (x) => (x > 0.1 ? x : 20)],
  "gelu (tanh)": [
    (x) => ops.gelu(x, { approximate: "tanh" }),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  gelu: [(x) => ops.gelu(x), (x) => x * normalDistribution(x)],
};

/** Φ by Simpson's rule from 0: slow, but independent of every erf. */
function normalDistribution(x: number): number {
  const n = 2000;
  let sum = 0;
  for (let i = 0; i <= n; i++) sum += (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp(-(((x * i) / n) ** 2) / 2);
  return 0.5 + (sum * x) / n / 3 / Math.sqrt(2 * Math.PI);
}

const names = Object.keys(functions);
const grid = Array.from({ length: 81 }, (_, i) => (i - 40) / 8 + 0.013);

describe("D1 the classical activations", () => {
  it("D1 sigmoid and tanh: values and derivatives to ten digits", () => {
    expect(value(functions.sigmoid[0], 1)).toBeCloseTo(0.7310585786, 10);
    expect(slope(functions.sigmoid[0], 1)).toBeCloseTo(0.1966119332, 10);
    expect(slope(functions.sigmoid[0], 0)).toBe(0.25);
    expect(value(functions.tanh[0], 1)).toBeCloseTo(0.761594156, 10);
    expect(slope(functions.tanh[0], 1)).toBeCloseTo(0.4199743416, 10);
  });

  it("D1 leaky relu of -2 is -0.02", () => {
    expect(value(functions.leakyRelu[0], -2)).toBe(-0.02);
  });

  it("D1 tanh(z) = 2 sigmoid(2z) - 1", () => {
    const { y: left } = at(functions.tanh[0], grid);
    const { y: right } = at((x) => ops.sub(ops.mul(ops.sigmoid(ops.mul(x, 2)), 2), 1), grid);
    for (const [i, v] of left.entries()) expect(Math.abs(v - right[i])).toBeLessThan(1e-15);
  });

  it("D1 the derivative of the sigmoid is taken at the pre-activation, not at the output (T6)", () => {
    const output = value(functions.sigmoid[0], 2);
    expect(slope(functions.sigmoid[0], 2)).toBeCloseTo(output * (1 - output), 15);
    expect(Math.abs(slope(functions.sigmoid[0], 2) - 2 * (1 - 2))).toBeGreaterThan(1);
  });
});

describe("D2 PReLU, maxout, gates", () => {
  it("D2 prelu has one slope per channel, and its gradient sums over the rest", () => {
    const x = tensor([
      [
        [1, -2],
        [-3, 4],
        [-5, -6],
      ],
    ]);
    const weight = tensor([0.1, 0.2, 0.5]);
    expect(ops.prelu(x, weight).toNested()).toEqual([
      [
        [1, Math.fround(-0.2)],
        [Math.fround(-0.6), 4],
        [-2.5, -3],
      ],
    ]);
    const [xv, wv] = [input("x", [1, 3, 2], "float64"), input("w", [3], "float64")];
    const [dw] = evaluateValues(
      gradient(ops.prelu(xv, wv), [wv]),
      new Map([
        [xv, x.cast("float64")],
        [wv, weight.cast("float64")],
      ]),
    );
    expect(Array.from(dw.data)).toEqual([-2, -3, -11]);
    expect(ops.prelu(x, tensor([0.5])).toNested()).toEqual([
      [
        [1, -1],
        [-1.5, 4],
        [-2.5, -3],
      ],
    ]);
    expect(() => ops.prelu(x, tensor([1, 2]))).toThrow(ShapeError);
  });

  it("D2 maxout takes the largest of each run of channels", () => {
    expect(ops.maxout(tensor([[1, 5, -3, -2, 0, 9]]), { pieces: 2 }).toNested()).toEqual([[5, -2, 9]]);
    expect(ops.maxout(tensor([[1, 5, -3, -2, 0, 9]]), { pieces: 3 }).toNested()).toEqual([[5, 9]]);
    expect(() => ops.maxout(tensor([[1, 2, 3]]), { pieces: 2 })).toThrow(/does not divide into runs of 2 channels/);
  });

  it("D2 glu gates the first half by the second", () => {
    expect(ops.glu(tensor([[3, 8, 0, 100]])).toNested()).toEqual([[1.5, 8]]);
    expect(() => ops.glu(tensor([[1, 2, 3]]))).toThrow(/odd size 3/);
  });
});

describe("every activation", () => {
  it.each(names)("EA4 %s equals an independent formula on a grid", (name) => {
    const [f, formula] = functions[name];
    const { y } = at(f, grid);
    for (const [i, point] of grid.entries()) expect(Math.abs(y[i] - formula(point))).toBeLessThan(1e-12 * Math.max(1, Math.abs(y[i])));
  });

  it.each(names)("EA4 %s: derivative agrees with central differences on the grid", (name) => {
    const [f] = functions[name];
    const { slope: slopes } = at(f, grid);
    const h = 1e-6;
    const up = at(
      f,
      grid.map((p) => p + h),
    ).y;
    const down = at(
      f,
      grid.map((p) => p - h),
    ).y;
    for (const [i, v] of slopes.entries()) expect(Math.abs(v - (up[i] - down[i]) / (2 * h))).toBeLessThan(1e-8);
  });

  it.each(names)("EA2 %s and its derivative are finite and right at ±100 and ±10⁴", (name) => {
    const [f] = functions[name];
    const { y, slope: slopes } = at(f, [-1e4, -100, 100, 1e4]);
    for (const v of [...y, ...slopes]) expect(Number.isFinite(v)).toBe(true);
    const { low, high } = limits[name] ?? { low: 0, high: (x: number) => x };
    [1e4, 100].forEach((x, i) => {
      const [below, above] = [y[i], y[3 - i]];
      const wanted = typeof low === "number" ? low : low(-x);
      expect(Math.abs(below - wanted)).toBeLessThan(1e-13 * Math.max(1, Math.abs(wanted)));
      expect(Math.abs(above - high(x))).toBeLessThan(1e-13 * Math.max(1, high(x)));
    });
  });

  it.each(names)("EA4 %s: NaN passes through, ±0 give equal values, ±∞ give the limits", (name) => {
    const [f] = functions[name];
    const { y } = at(f, [Number.NaN, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(y[0]).toBeNaN();
    expect(y[1] === y[2]).toBe(true);
    if (name === "softsign") return;
    const { low, high } = limits[name] ?? { low: 0, high: (x: number) => x };
    expect(y[3]).toBeCloseTo(high(Number.POSITIVE_INFINITY), 12);
    expect(y[4]).toBeCloseTo(typeof low === "number" ? low : low(Number.NEGATIVE_INFINITY), 12);
  });
});

/** Behaviour far out: most functions go to 0 on the left and to x on the right. */
const limits: Readonly<Record<string, { low: number | ((x: number) => number); high: (x: number) => number }>> = {
  relu6: { low: 0, high: () => 6 },
  leakyRelu: { low: (x) => 0.01 * x, high: (x) => x },
  elu: { low: -1.5, high: (x) => x },
  selu: { low: -1.0507009873554805 * 1.6732632423543772, high: (x) => 1.0507009873554805 * x },
  celu: { low: -2, high: (x) => x },
  softsign: { low: (x) => x / (1 - x), high: (x) => x / (1 + x) },
  sigmoid: { low: 0, high: () => 1 },
  logSigmoid: { low: (x) => x, high: () => 0 },
  tanh: { low: -1, high: () => 1 },
  tanhshrink: { low: (x) => x + 1, high: (x) => x - 1 },
  softshrink: { low: (x) => x + 0.5, high: (x) => x - 0.5 },
  hardshrink: { low: (x) => x, high: (x) => x },
  hardTanh: { low: -1, high: () => 1 },
  hardSigmoid: { low: 0, high: () => 1 },
  threshold: { low: 20, high: (x) => x },
};

describe("EA1 derivatives at kinks are PyTorch's", () => {
  it.each([
    ["relu at 0", (x: Value) => ops.relu(x), 0, 0],
    ["leaky relu at 0", (x: Value) => ops.leakyRelu(x, { slope: 0.2 }), 0, 0.2],
    ["elu at 0", (x: Value) => ops.elu(x), 0, 1],
    ["celu at 0", (x: Value) => ops.celu(x, { alpha: 3 }), 0, 1],
    ["selu at 0", (x: Value) => ops.selu(x), 0, 1.7580993408473768],
    ["relu6 at 0", (x: Value) => ops.relu6(x), 0, 0],
    ["relu6 at 6", (x: Value) => ops.relu6(x), 6, 0],
    ["hard tanh at -1", (x: Value) => ops.hardTanh(x), -1, 0],
    ["hard tanh at 1", (x: Value) => ops.hardTanh(x), 1, 0],
    ["hard sigmoid at -3", (x: Value) => ops.hardSigmoid(x), -3, 0],
    ["hard sigmoid at 3", (x: Value) => ops.hardSigmoid(x), 3, 0],
    ["hard swish at -3", (x: Value) => ops.hardSwish(x), -3, -0.5],
    ["hard swish at 3", (x: Value) => ops.hardSwish(x), 3, 1.5],
    ["|x| at 0", (x: Value) => ops.abs(x), 0, 0],
    ["clip at its lower bound", (x: Value) => ops.clip(x, { min: -1, max: 2 }), -1, 1],
    ["clip at its upper bound", (x: Value) => ops.clip(x, { min: -1, max: 2 }), 2, 1],
    ["clip beyond a bound", (x: Value) => ops.clip(x, { min: -1, max: 2 }), 2.5, 0],
    ["softshrink at 0.5", (x: Value) => ops.softshrink(x), 0.5, 0],
    ["hardshrink at -0.5", (x: Value) => ops.hardshrink(x), -0.5, 0],
    ["threshold at the threshold", (x: Value) => ops.threshold(x, { threshold: 1, value: 0 }), 1, 0],
  ] as const)("EA1 %s", (_, f, point, wanted) => {
    expect(slope(f, point)).toBeCloseTo(wanted, 14);
  });

  it("EA1 softplus is linear where beta · x exceeds the threshold", () => {
    const f: Activation = (x) => ops.softplus(x, { beta: 2, threshold: 3 });
    expect(at(f, [1.6]).y[0]).toBe(1.6);
    expect(slope(f, 1.6)).toBe(1);
    // Below the threshold it is the smooth function, although its value already exceeds what the linear part starts with.
    expect(slope(f, 1.499)).toBeCloseTo(1 / (1 + Math.exp(-2.998)), 12);
    expect(slope((x) => ops.softplus(x), 30)).toBe(1);
  });
});

describe("bad input", () => {
  const x = tensor([1, 2]);
  it("options out of range or unknown are named", () => {
    expect(() => ops.leakyRelu(x, { slop: 1 } as object)).toThrow(
      /leakyRelu: unknown option "slop" \(did you mean "slope"\?\); known options: slope/,
    );
    expect(() => ops.softshrink(x, { lambda: -1 })).toThrow(ArgumentError);
    expect(() => ops.hardTanh(x, { min: 2, max: 1 })).toThrow(/min 2 is not below max 1/);
    expect(() => ops.clip(x, { min: 2, max: 1 })).toThrow(/min 2 lies above max 1/);
    expect(() => ops.celu(x, { alpha: 0 })).toThrow(ArgumentError);
    expect(() => ops.softplus(x, { beta: 0 })).toThrow(ArgumentError);
    expect(() => ops.gelu(x, { approximate: "erf" as "tanh" })).toThrow(/expected one of none, tanh/);
  });

  it("element types must agree", () => {
    expect(() => ops.add(x, x.cast("float64"))).toThrow(DTypeError);
    expect(() => ops.where(x, x, x.cast("int32"))).toThrow(/dtypes float32 and float32 and int32/);
  });
});
