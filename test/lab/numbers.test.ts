// What numbers read like in all rooms; written down by hand.
import { describe, expect, it } from "vitest";
import { percent, plain } from "../../lab/src/ui/numbers.ts";
import { typeset } from "../../lab/src/ui/typeset.ts";

describe("L27 numbers", () => {
  it.each([
    [0, "0.0 %"],
    [-0, "0.0 %"],
    [1, "100.0 %"],
    [0.994, "99.4 %"],
    [0.5, "50.0 %"],
    [-0.125, "−12.5 %"],
    [-1e-9, "0.0 %"],
    [Number.NaN, "–"],
  ])("a share of %s is %s", (share, text) => expect(percent(share)).toBe(text));

  it("a share that is not 0 or 1 never reads as if it were", () => {
    expect([1e-9, 0.000499].map(percent)).toEqual(["< 0.1 %", "< 0.1 %"]);
    expect([0.000501, 0.99949].map(percent)).toEqual(["0.1 %", "99.9 %"]);
    expect([Math.fround(1 - 2 ** -24), 0.9996].map(percent)).toEqual(["> 99.9 %", "> 99.9 %"]);
  });

  it("ticks have a true minus, and zero has no sign", () => {
    expect([-6, -0.5, 0, -0, 12].map(plain)).toEqual(["−6", "−0.5", "0", "0", "12"]);
  });

  it.each([
    ["o = floor((i + 2p - k) / s) + 1", "o = ⌊(i + 2p − k) / s⌋ + 1"],
    ["max((ceil(i / s) - 1)s + k - i, 0)", "max((⌈i / s⌉ − 1)s + k − i, 0)"],
    ["floor(floor(i / 2) / 2)", "⌊⌊i / 2⌋ / 2⌋"],
    ["5.2e-8 = -3", "5.2 × 10⁻⁸ = −3"],
    ["0.25^3 · k1", "0.25³ · k₁"],
    ["before + size", "before + size"],
  ])("%s is typeset", (formula, text) => expect(typeset(formula)).toBe(text));
});
