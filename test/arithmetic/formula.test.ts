import { describe, expect, it } from "vitest";
import { evaluateFormula, explain, explanationLines, substituteFormula } from "../../src/arithmetic/index.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";

describe("formulas as texts", () => {
  it.each([
    ["floor((i + 2p - k) / s) + 1", { i: 5, p: 1, k: 3, s: 2 }, 3, "floor((5 + 2·1 - 3) / 2) + 1"],
    ["k + (k - 1)(d - 1)", { k: 3, d: 2 }, 5, "3 + (3 - 1)·(2 - 1)"],
    ["s(i' - 1) + a + k - 2p", { s: 2, "i'": 3, a: 1, k: 3, p: 1 }, 6, "2·(3 - 1) + 1 + 3 - 2·1"],
    ["(i + 2p - k) mod s", { i: 6, p: 1, k: 3, s: 2 }, 1, "(6 + 2·1 - 3) mod 2"],
    ["max((ceil(i / s) - 1)s + k̂ - i, 0)", { i: 7, s: 2, k̂: 5 }, 4, "max((ceil(7 / 2) - 1)·2 + 5 - 7, 0)"],
    ["-P + y·S + (R - 1) / 2", { P: 1, y: 3, S: 2, R: 4 }, 6.5, "-1 + 3·2 + (4 - 1) / 2"],
    ["i + before", { i: 4, before: -2 }, 2, "4 + (-2)"],
    ["n·(m / g)·k1·k2 + n", { n: 6, m: 4, g: 2, k1: 3, k2: 5 }, 186, "6·(4 / 2)·3·5 + 6"],
    ["min(a, b, 3)", { a: 5, b: 4 }, 3, "min(5, 4, 3)"],
    ["10 - 4 - 3", {}, 3, "10 - 4 - 3"],
    ["12 / 2 / 3", {}, 2, "12 / 2 / 3"],
  ])("%s", (text, letters, value, substituted) => {
    expect(evaluateFormula(text, letters)).toBe(value);
    expect(substituteFormula(text, letters)).toBe(substituted);
    // What is printed is a formula again, with the same value.
    expect(evaluateFormula(substituted)).toBe(value);
  });

  it("mod is never negative, and zero has no sign", () => {
    expect(evaluateFormula("a mod 3", { a: -1 })).toBe(2);
    expect(Object.is(evaluateFormula("-a", { a: 0 }), 0)).toBe(true);
  });

  it.each([
    ["i +", "expected a number"],
    ["(i", 'expected ")"'],
    ["i)", "is left over"],
    ["q", "q has no value; given are i"],
    ["i ? 2", 'cannot read " ? 2"'],
    ["floor i", 'expected "("'],
    ["toString", "toString has no value"],
  ])("%s is refused", (text, message) => {
    expect(() => evaluateFormula(text, { i: 1 })).toThrow(ArgumentError);
    expect(() => evaluateFormula(text, { i: 1 })).toThrow(message);
  });

  it("an explanation lists its steps first, each once", () => {
    const step = explain("k̂", "k + (k - 1)(d - 1)", { k: 3, d: 2 }, { relationship: 15 });
    const inner = explain("a", "k̂ - 1", {}, { steps: [step] });
    const explained = explain("o", "a + k̂", { [step.symbol]: step.value }, { steps: [step, inner], note: "so there" });
    expect(explained.value).toBe(9);
    expect(explanationLines(explained)).toEqual([
      "k̂ = k + (k - 1)(d - 1) = 3 + (3 - 1)·(2 - 1) = 5   (relationship 15)",
      "a = k̂ - 1 = 5 - 1 = 4",
      "o = a + k̂ = 4 + 5 = 9",
      "  so there",
    ]);
  });
});
