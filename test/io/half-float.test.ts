// All 65,536 patterns of both 16-bit formats, and the roundings between them.
import { expect, test } from "vitest";
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from "../../src/io/half-float.ts";

test("EF2 every half and every bfloat16 survives widening and narrowing", () => {
  for (let bits = 0; bits < 65536; bits++) {
    if (Number.isNaN(fromHalf(bits))) expect(toHalf(Number.NaN)).toBe(0x7e00);
    else if (toHalf(fromHalf(bits)) !== bits) throw new Error(`half ${bits.toString(16)}`);
    if (Number.isNaN(fromBfloat16(bits))) expect(toBfloat16(Number.NaN)).toBe(0x7fc0);
    else if (toBfloat16(fromBfloat16(bits)) !== bits) throw new Error(`bfloat16 ${bits.toString(16)}`);
  }
});

test("EF2 a number between two neighbours rounds to the nearer, a tie to the even one", () => {
  const below = (fromHalf: (b: number) => number, toHalf: (v: number) => number, last: number): void => {
    for (let bits = 0; bits < last; bits++) {
      const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
      expect(high).toBeGreaterThan(low);
      const middle = (low + high) / 2;
      if (toHalf(middle) !== bits + (bits % 2)) throw new Error(`tie above ${bits}`);
      if (toHalf(low + (high - low) * 0.25) !== bits || toHalf(low + (high - low) * 0.75) !== bits + 1) throw new Error(`near ${bits}`);
    }
  };
  below(fromHalf, toHalf, 0x7bff);
  below(fromBfloat16, toBfloat16, 0x7f7f);
});

test("EF2 known halves", () => {
  expect([0x3c00, 0x3555, 0x7bff, 0x0400, 0x0001, 0xfc00].map(fromHalf)).toEqual([
    1,
    0.333251953125,
    65504,
    2 ** -14,
    2 ** -24,
    Number.NEGATIVE_INFINITY,
  ]);
});
