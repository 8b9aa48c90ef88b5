// The curves that the lab draws of activation functions, against formulas written out by hand.
import { describe, expect, test } from "vitest";
import { activationAt, activationCurve, type CurveName, curveNames } from "../../src/report/activation-curves.ts";

describe("LF14 activation curves", () => {
  test("LF14 sigmoid and tanh: value and derivative by their closed forms, saturated at both ends, dead nowhere", () => {
    const s = activationCurve("sigmoid");
    const th = activationCurve("tanh");
    s.x.forEach((x, i) => {
      const y = 1 / (1 + Math.exp(-x));
      expect(s.value[i]).toBeCloseTo(y, 12);
      expect(s.slope[i]).toBeCloseTo(y * (1 - y), 12);
      expect(th.slope[i]).toBeCloseTo(1 - Math.tanh(x) ** 2, 12);
    });
    expect(s.greatestSlope).toBeCloseTo(0.25, 12);
    // y(1 - y) = 1/80 where x = ±ln((1 + r) / (1 - r)), r = sqrt(1 - 1/20).
    const edge = Math.log((1 + Math.sqrt(0.95)) / (1 - Math.sqrt(0.95)));
    expect(s.saturated).toHaveLength(2);
    expect(Math.abs(s.saturated[0][1] + edge)).toBeLessThan(0.06);
    expect(Math.abs(s.saturated[1][0] - edge)).toBeLessThan(0.06);
    expect(s.dead).toEqual([]);
  });
  test("LF14 ReLU is dead up to 0, ReLU6 also from 6 on, leaky ReLU nowhere", () => {
    expect(activationCurve("relu").dead).toEqual([[-6, 0]]);
    expect(activationCurve("relu6", { to: 8, points: 281 }).dead).toEqual([
      [-6, 0],
      [6, 8],
    ]);
    const leaky = activationCurve("leakyRelu", { negativeSlope: 0.2 });
    expect([leaky.dead, leaky.saturated]).toEqual([[], []]);
    expect(activationAt("leakyRelu", -3, { negativeSlope: 0.2 })).toEqual({ value: -3 * 0.2, slope: 0.2 });
  });
  test.each(curveNames)("LF14 %s: the derivative is the slope of the curve", (name: CurveName) => {
    for (const x of [-2.3, -0.4, 0.7, 2.1]) {
      const h = 1e-5;
      const numeric = (activationAt(name, x + h).value - activationAt(name, x - h).value) / (2 * h);
      expect(activationAt(name, x).slope).toBeCloseTo(numeric, 6);
    }
  });
  test("LF14 other names and empty ranges are refused", () => {
    expect(() => activationCurve("step" as CurveName)).toThrow(/no curve of "step"; curves: sigmoid/);
    expect(() => activationCurve("relu", { from: 2, to: 2 })).toThrow(/from 2 to 2/);
  });
});
