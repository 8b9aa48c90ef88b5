// The expression engine on its own: derivatives of every function against differences, formulas, keys, substitution, folding of numbers.
import { describe, expect, it } from "vitest";
import type { BinaryFunction, Expression, UnaryFunction } from "../../src/ops/expression.ts";
import { expressionKey, operandsOf, showExpression, stepsOf, substituteOperands } from "../../src/ops/expression.ts";
import * as e from "../../src/ops/expression-build.ts";
import { differentiate } from "../../src/ops/expression-derivative.ts";
import { blockLength, evaluateExpression, expressionAt } from "../../src/ops/expression-evaluate.ts";
import { binaryFunctions, unaryFunctions } from "../../src/ops/expression-functions.ts";

const [x, y] = [e.operand(0), e.operand(1)];
const unaryNames = Object.keys(unaryFunctions) as UnaryFunction[];
const binaryNames = Object.keys(binaryFunctions) as BinaryFunction[];
const positiveOnly: readonly string[] = ["log", "log1p", "sqrt", "rsqrt", "reciprocal", "pow"];

/** Central difference; the points below keep it away from kinks and steps. */
function difference(f: (v: number) => number, at: number): number {
  const h = 1e-6 * Math.max(1, Math.abs(at));
  return (f(at + h) - f(at - h)) / (2 * h);
}

describe("derivatives of the functions", () => {
  it.each(unaryNames)("EA4 %s agrees with central differences, twice", (fn) => {
    const first = differentiate(e.unary(fn, x), 0);
    const second = differentiate(first, 0);
    for (const at of [-2.3, -0.7, -0.1, 0.1, 0.7, 1.3, 2.2].filter((v) => v > 0 || !positiveOnly.includes(fn))) {
      const tolerance = (v: number): number => 1e-7 * Math.max(1, Math.abs(v));
      const d1 = difference((v) => unaryFunctions[fn](v), at);
      expect(Math.abs(expressionAt(first, [at]) - d1)).toBeLessThan(tolerance(d1));
      const d2 = difference((v) => expressionAt(first, [v]), at);
      expect(Math.abs(expressionAt(second, [at]) - d2)).toBeLessThan(tolerance(d2));
    }
  });

  it.each(binaryNames)("EA4 %s agrees with central differences in both operands", (fn) => {
    const f = e.binary(fn, x, y);
    for (const a of [0.3, 1.7, 2.9]) {
      for (const b of [-1.1, 0.8, 2.2].filter((v) => v > 0 || !positiveOnly.includes(fn))) {
        const da = difference((v) => binaryFunctions[fn](v, b), a);
        const db = difference((v) => binaryFunctions[fn](a, v), b);
        expect(expressionAt(differentiate(f, 0), [a, b])).toBeCloseTo(da, 6);
        expect(expressionAt(differentiate(f, 1), [a, b])).toBeCloseTo(db, 6);
      }
    }
  });

  it("a tie of min and max gives each side one half (EP3)", () => {
    for (const fn of ["min", "max"] as const) {
      expect(expressionAt(differentiate(e.binary(fn, x, y), 0), [2, 2])).toBe(0.5);
      expect(expressionAt(differentiate(e.binary(fn, x, y), 1), [2, 2])).toBe(0.5);
    }
    expect(expressionAt(differentiate(e.max(x, y), 0), [1, 2])).toBe(0);
    expect(expressionAt(differentiate(e.max(x, y), 1), [1, 2])).toBe(1);
  });

  it("powers of zero have derivatives without NaN", () => {
    const power = e.pow(x, y);
    expect(expressionAt(differentiate(power, 0), [0, 0])).toBe(0);
    expect(expressionAt(differentiate(power, 0), [0, 1])).toBe(1);
    expect(expressionAt(differentiate(power, 1), [0, 2])).toBe(0);
    expect(expressionAt(differentiate(e.pow(x, 3), 0), [-2])).toBe(12);
  });

  it("simplifies zeros and ones away", () => {
    expect(showExpression(differentiate(e.add(e.mul(3, x), y), 0))).toBe("3");
    expect(showExpression(differentiate(e.mul(x, y), 1), ["x", "y"])).toBe("x");
    expect(showExpression(differentiate(e.exp(y), 0))).toBe("0");
  });
});

describe("the parts of the language", () => {
  it("erf is right to double precision", () => {
    // Digits from Abramowitz & Stegun, table 7.1, and from its continued fraction in extended precision.
    const table: readonly (readonly [number, number])[] = [
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [3, 0.9999779095030014],
    ];
    for (const [at, value] of table) {
      expect(Math.abs(unaryFunctions.erf(at) - value)).toBeLessThan(3e-16 * 2);
      expect(unaryFunctions.erf(-at)).toBe(-unaryFunctions.erf(at));
    }
    expect(unaryFunctions.erf(0)).toBe(0);
    expect([unaryFunctions.erf(Number.POSITIVE_INFINITY), unaryFunctions.erf(-40)]).toEqual([1, -1]);
    expect(unaryFunctions.erf(Number.NaN)).toBeNaN();
  });

  it("round takes halves to the even neighbour", () => {
    expect([-2.5, -1.5, -0.4, 0.5, 1.5, 2.5, 2.6].map((v) => unaryFunctions.round(v))).toEqual([-2, -2, -0, 0, 2, 2, 3]);
  });

  it("the unchosen side of a select has no influence, not even as NaN", () => {
    const guarded = e.select(e.gt(x, 0), e.log(x), 7);
    expect(expressionAt(guarded, [-1])).toBe(7);
    expect(expressionAt(differentiate(guarded, 0), [-1])).toBe(0);
  });

  it("min and max give NaN when either side is NaN; comparisons with NaN do not hold", () => {
    for (const fn of ["min", "max"] as const) {
      expect(expressionAt(e.binary(fn, x, y), [Number.NaN, 1])).toBeNaN();
      expect(expressionAt(e.binary(fn, x, y), [1, Number.NaN])).toBeNaN();
    }
    const answers = (["lt", "le", "gt", "ge", "eq", "ne"] as const).map((fn) => expressionAt(e.binary(fn, x, y), [Number.NaN, 1]));
    expect(answers).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it("prints formulas with the fewest brackets that keep the meaning", () => {
    const names = ["x", "y"];
    expect(showExpression(e.mul(e.add(x, y), e.sub(x, e.sub(y, 1))), names)).toBe("(x + y) * (x - (y - 1))");
    expect(showExpression(e.select(e.le(x, 0), 0, x), names)).toBe("x <= 0 ? 0 : x");
    expect(showExpression(e.neg(e.pow(x, e.add(y, 1))), names)).toBe("-x ^ (y + 1)");
    expect(showExpression(e.div(x, e.mul(x, y)), names)).toBe("x / (x * y)");
    expect(showExpression(e.max(e.exp(x), -2), names)).toBe("max(exp(x), -2)");
    expect(showExpression(e.mul(x, -2), names)).toBe("x * -2");
  });

  it("equal structure gives equal keys, other structure other keys", () => {
    const build = (): Expression => e.mul(e.sigmoid(x), e.add(x, 2));
    expect(expressionKey(build())).toBe(expressionKey(build()));
    const others = [
      e.mul(e.sigmoid(x), e.add(x, 3)),
      e.mul(e.sigmoid(y), e.add(x, 2)),
      e.mul(e.add(x, 2), e.sigmoid(x)),
      e.mul(e.sigmoid(x), e.sub(x, 2)),
    ];
    expect(new Set([build(), ...others].map(expressionKey)).size).toBe(5);
    expect(expressionKey(e.div(x, 0))).not.toBe(expressionKey(e.div(x, -0)));
  });

  it("steps hold each distinct subtree once, operands before users", () => {
    const f = e.mul(e.tanh(e.add(x, y)), e.sub(1, e.square(e.tanh(e.add(x, y)))));
    const steps = stepsOf(f);
    expect(steps.filter((s) => s.kind === "unary" && s.fn === "tanh")).toHaveLength(1);
    expect(steps).toHaveLength(8);
    expect(operandsOf(e.add(y, e.mul(e.operand(4), y)))).toEqual([1, 4]);
  });

  it("repeated sharing costs nothing: 200 doublings are 201 steps", () => {
    let f: Expression = x;
    for (let i = 0; i < 200; i++) f = e.add(f, f);
    expect(stepsOf(f)).toHaveLength(201);
    expect(expressionAt(f, [1])).toBe(2 ** 200);
    expect(expressionAt(differentiate(f, 0), [1])).toBe(2 ** 200);
  });

  it("substitution puts trees into trees and does the arithmetic that has become possible", () => {
    const f = substituteOperands(e.add(e.mul(x, y), 1), (i) => (i === 0 ? e.exp(e.operand(5)) : e.number(1)));
    expect(showExpression(f)).toBe("exp(x5) + 1");
    expect(substituteOperands(e.mul(x, y), () => e.number(3))).toEqual(e.number(9));
  });

  it("evaluates more elements than fit one block", () => {
    const size = 2 * blockLength + 3;
    const out = new Float64Array(size);
    evaluateExpression(
      e.add(e.mul(x, 2), 1),
      size,
      (_, start, count, into) => {
        for (let i = 0; i < count; i++) into[i] = start + i;
      },
      (start, block) => out.set(block, start),
    );
    expect(Array.from(out)).toEqual(Array.from({ length: size }, (_, i) => 2 * i + 1));
  });
});
