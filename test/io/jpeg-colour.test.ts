// Which colours a JPEG file means: YCbCr unless Adobe's segment says otherwise, rounded and not cut off.
import jpeg from "jpeg-js";
import { expect, test } from "vitest";
import { decodeImage } from "../../src/io/index.ts";

/** A flat picture: what comes back is one colour, as exactly as quality 100 allows. */
function flat([red, green, blue]: readonly number[]): Uint8Array {
  const data = new Uint8Array(16 * 16 * 4);
  for (let i = 0; i < data.length; i += 4) data.set([red, green, blue, 255], i);
  return new Uint8Array(jpeg.encode({ width: 16, height: 16, data }, 100).data);
}

/** The file with Adobe's APP14 segment behind the start marker. */
function withAdobe(bytes: Uint8Array, transform: number): Uint8Array {
  const segment = [0xff, 0xee, 0, 14, ...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, transform];
  return new Uint8Array([...bytes.subarray(0, 2), ...segment, ...bytes.subarray(2)]);
}

test("EF5 a flat colour comes back within a level, and on both sides of it", () => {
  const differences: number[] = [];
  for (const colour of [
    [200, 60, 30],
    [13, 240, 101],
    [90, 91, 250],
    [127, 128, 129],
    [255, 0, 0],
    [0, 0, 0],
  ]) {
    const { data } = decodeImage(flat(colour));
    for (const c of [0, 1, 2]) differences.push(data[c] - colour[c]);
  }
  expect(Math.max(...differences.map(Math.abs))).toBeLessThanOrEqual(1);
  // By the rounding of T.871; colours that are cut off are never above and mostly below.
  expect(Math.abs(differences.reduce((a, b) => a + b, 0) / differences.length)).toBeLessThan(0.3);
});

test("EF5 Adobe's segment decides between YCbCr and RGB", () => {
  const plain = flat([200, 60, 30]);
  expect(decodeImage(withAdobe(plain, 1)).data).toEqual(decodeImage(plain).data);
  // The same numbers, taken as they are: luma 0.299 · 200 + 0.587 · 60 + 0.114 · 30 = 98.4, and the two differences of colour around 128.
  const [luma, blue, red] = decodeImage(withAdobe(plain, 0)).data;
  expect(Math.abs(luma - 98.4)).toBeLessThan(1);
  expect(Math.abs(blue - (128 + (30 - 98.44) / 1.772))).toBeLessThan(1.5);
  expect(Math.abs(red - (128 + (200 - 98.44) / 1.402))).toBeLessThan(1.5);
});
