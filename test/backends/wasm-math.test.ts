// EA4: every function of an expression on a grid with ±0, ±∞, NaN, denormal and huge numbers, against double precision.
import { describe, expect, it } from "vitest";
import { compileWasmSync } from "../../src/backends/wasm/index.ts";
import { createGraph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/record.ts";
import { map } from "../../src/ops/elementwise.ts";
import type { BinaryFunction, UnaryFunction } from "../../src/ops/expression.ts";
import { binary, operand, select, unary } from "../../src/ops/expression-build.ts";
import { expressionAt } from "../../src/ops/expression-evaluate.ts";
import { binaryFunctions, unaryFunctions } from "../../src/ops/expression-functions.ts";
import { random } from "../../src/tensor/random.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  1e-40,
  -1e-40,
  2 ** -126,
  2 ** -149,
  3.4e38,
  -3.4e38,
  1e10,
  -1e10,
  88.7,
  88.8,
  -87.4,
  -103.9,
  -104.1,
  9.01,
  20,
  100,
  1e4,
  Infinity,
  -Infinity,
  NaN,
];

function grid(seed: number): Float32Array {
  const generator = random(seed);
  const values = [...special];
  for (let i = 0; i < 1500; i++) values.push(generator.normal() * 10 ** (generator.uniform() * 6 - 4));
  for (let i = 0; i < 400; i++) values.push((generator.uniform() * 2 - 1) * 100);
  return Float32Array.from(values);
}

/** Distance in units of the last place of float32; equal NaNs and infinities are 0 apart. */
function ulps(actual: number, exact: number): number {
  const expected = Math.fround(exact);
  if (Object.is(actual, expected) || actual === expected || (Number.isNaN(actual) && Number.isNaN(exact))) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Number.POSITIVE_INFINITY;
  const step = Math.max(2 ** (Math.floor(Math.log2(Math.max(Math.abs(exact), 2 ** -126))) - 23), 2 ** -149);
  return Math.abs(actual - exact) / step;
}

function evaluate(expression: Parameters<typeof map>[0], operands: readonly Float32Array[]): Float32Array {
  const inputs = operands.map((data, i) => input(`x${i}`, [data.length]));
  const program = compileWasmSync(createGraph({ outputs: { y: map(expression, inputs) } }), { strict: true });
  const feeds = Object.fromEntries(operands.map((data, i) => [`x${i}`, new Tensor(data, [data.length])]));
  return program.runSync?.(feeds).y.data as Float32Array;
}

/** Largest error in ulp; functions that are not listed must be exact after rounding. */
const allowed: Partial<Record<UnaryFunction, number>> = {
  exp: 2,
  expm1: 3,
  log: 2,
  log1p: 3,
  rsqrt: 1.5,
  reciprocal: 0.51,
  tanh: 4,
  sigmoid: 3,
  sin: 2,
  cos: 2,
  tan: 4,
  atan: 3,
  erf: 4,
};

describe("unary functions", () => {
  it.each(Object.keys(unaryFunctions) as UnaryFunction[])("EA4 %s", (fn) => {
    const x = grid(1);
    const y = evaluate(unary(fn, operand(0)), [x]);
    x.forEach((value, i) => {
      const exact = unaryFunctions[fn](value);
      // Reducing by π leaves no digits of arguments beyond 1e9; only their range is promised.
      if ((fn === "sin" || fn === "cos" || fn === "tan") && Math.abs(value) > 1e9 && Number.isFinite(value)) {
        if (fn !== "tan") expect(Math.abs(y[i])).toBeLessThanOrEqual(1.01);
        return;
      }
      // Near their zeros, what counts is the error of the reduced argument, not of the tiny result.
      const small =
        (fn === "sin" || fn === "cos" || fn === "tan") && Math.abs(value) > 2 && Math.abs(y[i] - exact) < 2e-7 * Math.max(1, exact * exact);
      // Denormal quotients e^-x lose digits that nobody can see.
      const vanishing = fn === "sigmoid" && exact < 2 ** -120 && y[i] >= 0 && y[i] < 2 ** -120;
      const error = small || vanishing ? 0 : ulps(y[i], exact);
      expect(error, `${fn}(${value}) = ${y[i]}, expected ${exact}`).toBeLessThanOrEqual(allowed[fn] ?? 0.5000001);
    });
  });

  it("zeros keep their sign where the function is odd", () => {
    for (const fn of ["tanh", "sin", "tan", "atan", "erf", "expm1", "log1p", "neg", "sign", "sqrt"] as const) {
      const y = evaluate(unary(fn, operand(0)), [Float32Array.of(0, -0, 1, 1, 1)]);
      expect([Object.is(y[0], unaryFunctions[fn](0)), Object.is(y[1], unaryFunctions[fn](-0))], fn).toEqual([true, true]);
    }
  });
});

describe("binary functions", () => {
  it.each(Object.keys(binaryFunctions) as BinaryFunction[])("EA4 %s", (fn) => {
    const left = grid(2);
    const right = grid(3);
    // Every special value meets every other.
    const a = Float32Array.from([...special.flatMap((x) => special.map(() => x)), ...left]);
    const b = Float32Array.from([...special.flatMap(() => special), ...right]);
    const y = evaluate(binary(fn, operand(0), operand(1)), [a, b]);
    a.forEach((x, i) => {
      const exact = binaryFunctions[fn](x, b[i]);
      expect(ulps(y[i], exact), `${fn}(${x}, ${b[i]}) = ${y[i]}, expected ${exact}`).toBeLessThanOrEqual(fn === "pow" ? 1 : 0.5000001);
    });
  });
});

describe("select", () => {
  it("the unchosen side has no influence, not even NaN; NaN as a condition counts as true", () => {
    const x = Float32Array.of(-1, 0, 2, Number.NaN, 4);
    const expression = select(binary("gt", operand(0), operand(1)), unary("log", operand(0)), operand(1));
    const zero = new Float32Array(5);
    const y = evaluate(expression, [x, zero]);
    x.forEach((value, i) => {
      expect(ulps(y[i], expressionAt(expression, [value, 0]))).toBeLessThanOrEqual(2);
    });
    expect(
      evaluate(select(operand(0), operand(1), operand(2)), [
        Float32Array.of(Number.NaN, 0, -0, 5),
        Float32Array.of(1, 1, 1, 1),
        Float32Array.of(2, 2, 2, 2),
      ]),
    ).toEqual(Float32Array.of(1, 2, 2, 1));
  });
});
