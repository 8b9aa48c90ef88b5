// Colours that can be ordered, signed maps with 0 at their centre, and ranges that never exaggerate.
import { describe, expect, it } from "vitest";
import { decodePng } from "../../src/io/png.ts";
import {
  diverging,
  grey,
  ink,
  luminance,
  notANumber,
  paint,
  percentileRange,
  rasterToPng,
  sequential,
  sheet,
  show,
  showCount,
  showRange,
  symmetricRange,
  toHex,
} from "../../src/report/index.ts";
import { full, tensor, zeros } from "../../src/tensor/index.ts";

const steps = Array.from({ length: 101 }, (_, i) => i / 100);

describe("colour maps", () => {
  it("sequential maps rise steadily in luminance, so that grey print keeps their order", () => {
    for (const map of [sequential, grey]) {
      const lights = steps.map((t) => luminance(map.at(t)));
      for (let i = 1; i < lights.length; i++) expect(lights[i]).toBeGreaterThanOrEqual(lights[i - 1]);
      expect(lights[100] - lights[0]).toBeGreaterThan(0.6);
    }
    expect(ink.at(0)).toEqual([255, 255, 255]);
  });

  it("the diverging map is near white at 0, falls alike on both sides, and is blue below and orange above", () => {
    expect(toHex(diverging.at(0.5))).toBe("#f7f7f7");
    for (let i = 1; i <= 50; i++) {
      expect(luminance(diverging.at(0.5 - i / 100))).toBeLessThan(luminance(diverging.at(0.51 - i / 100)));
      expect(luminance(diverging.at(0.5 + i / 100))).toBeLessThan(luminance(diverging.at(0.49 + i / 100)));
    }
    for (const t of [0.05, 0.2, 0.35]) {
      const [red, , blue] = diverging.at(t);
      expect(blue).toBeGreaterThan(red);
      const [warmRed, , warmBlue] = diverging.at(1 - t);
      expect(warmRed).toBeGreaterThan(warmBlue);
    }
  });

  it("the two sides differ in luminance-free colour for red-green blindness, too: blue against no blue", () => {
    for (const t of [0.1, 0.25]) expect(diverging.at(t)[2] - diverging.at(1 - t)[2]).toBeGreaterThan(80);
  });

  it("values outside are clipped, and what is not a number has a colour of its own", () => {
    expect(sequential.at(-3)).toEqual(sequential.at(0));
    expect(sequential.at(7)).toEqual(sequential.at(1));
    expect(sequential.at(Number.NaN)).toEqual(notANumber);
  });
});

describe("ranges", () => {
  it("signed pictures are symmetric about 0, so that 0 is drawn as the centre", () => {
    const map = tensor([[-1, 0, 4]]);
    expect(symmetricRange(map)).toEqual({ low: -4, high: 4 });
    const { data } = paint(map, { map: diverging });
    expect([...data.subarray(4, 8)]).toEqual([...diverging.at(0.5), 255]);
    expect([...data.subarray(8, 12)]).toEqual([...diverging.at(1), 255]);
  });

  it("the percentile range ends where 98 % of the absolute sum is reached", () => {
    const map = tensor([...new Array<number>(98).fill(1), -1, 50]);
    // Sum 149; 98 % = 146.02 is reached only by the 50.
    expect(percentileRange([map])).toEqual({ low: -50, high: 50 });
    const calm = tensor([...new Array<number>(999).fill(-1), 10]);
    expect(percentileRange([calm])).toEqual({ low: -1, high: 1 });
  });

  it("a map below 1e-5 is numerically zero and is not blown up", () => {
    expect(percentileRange([full([4, 4], 1e-7)])).toBeUndefined();
    expect(percentileRange([zeros([4])])).toBeUndefined();
  });

  it("KD5 a constant picture is drawn constant, in the middle of its map", () => {
    const { data } = paint(full([2, 2], 7), { map: grey });
    expect(new Set(data)).toEqual(new Set([128, 255]));
  });

  it("KD5 pictures with a common range can be compared", () => {
    const range = { low: 0, high: 2 };
    const [weak, strong] = [paint(full([1, 1], 0.5), { range }), paint(full([1, 1], 2), { range })];
    expect(weak.data[0]).toBe(64);
    expect(strong.data[0]).toBe(255);
  });

  it("numbers are written for people", () => {
    expect([0, 1, -1.2345, 0.000123, 12_345_678, 1234.5, 0.1 + 0.2, Number.NaN, Number.NEGATIVE_INFINITY].map((v) => show(v))).toEqual([
      "0",
      "1",
      "−1.23",
      "1.23 × 10⁻⁴",
      "1.23 × 10⁷",
      "1235",
      "0.3",
      "not a number",
      "−∞",
    ]);
    expect(showCount(61706)).toBe("61\u202f706");
    expect(showRange({ low: -2, high: 2 })).toBe("±2");
    expect(showRange({ low: 0, high: 2 })).toBe("0 … 2");
  });
});

describe("rasters", () => {
  it("colour pictures keep their channels, and PNG files give every pixel back", () => {
    const picture = tensor([[[0, 1]], [[0.5, 0]], [[1, 0.2]]], [3, 1, 2]);
    const raster = paint(picture, { range: { low: 0, high: 1 } });
    expect([...raster.data]).toEqual([0, 128, 255, 255, 255, 0, 51, 255]);
    const { width, height, channels, data } = decodePng(rasterToPng(raster));
    expect({ width, height, channels, data: [...data] }).toEqual({ width: 2, height: 1, channels: 4, data: [...raster.data] });
  });

  it("a sheet puts pictures in rows with transparent gaps", () => {
    const one = paint(full([1, 2], 1), { range: { low: 0, high: 1 } });
    const { width, height, data } = sheet([one, one, one], { columns: 2, gap: 1 });
    expect([width, height]).toEqual([5, 3]);
    const opacity = Array.from({ length: 15 }, (_, p) => (data[4 * p + 3] === 255 ? 1 : 0));
    expect(opacity).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
  });

  it("says what is not a picture", () => {
    expect(() => paint(zeros([2, 3, 3]))).toThrow(/\[2, 3, 3\] is not a picture/);
    expect(() => paint(zeros([3]))).toThrow(/not a picture/);
  });
});
