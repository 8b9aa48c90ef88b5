// Resizing against PyTorch 1.13 (`interpolate(mode="bilinear", antialias=True)`, which is Pillow's filter) in float64.
import { expect, test } from "vitest";
import { centreCrop, coverImage, resizeImage } from "../../src/io/resample.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { arange, full, Tensor } from "../../src/tensor/tensor.ts";

const pattern = new Tensor(
  Float64Array.from({ length: 35 }, (_, i) => ((i * 37) % 19) / 19),
  [1, 5, 7],
);

/** Rows of a picture as PyTorch prints them. */
const golden: readonly [number, number, readonly number[]][] = [
  [
    3,
    4,
    [
      0.515216613, 0.732631579, 0.635789474, 0.553884712, 0.457811195, 0.375906433, 0.279064327, 0.488164857, 0.656641604, 0.574736842,
      0.477894737, 0.395989975,
    ],
  ],
  [
    2,
    11,
    [
      0.358851675, 0.479556329, 0.619617225, 0.586124402, 0.552631579, 0.519138756, 0.485645933, 0.45215311, 0.418660287, 0.509134406,
      0.588516746, 0.622009569, 0.598086124, 0.564593301, 0.531100478, 0.497607656, 0.464114833, 0.43062201, 0.397129187, 0.363636364,
      0.454110483, 0.533492823,
    ],
  ],
  [5, 1, [0.733997155, 0.473684211, 0.213371266, 0.736842105, 0.368421053]],
];

for (const [height, width, expected] of golden) {
  test(`EF5 5 x 7 to ${height} x ${width} agrees with PyTorch`, () => {
    const out = resizeImage(pattern, height, width);
    expect(out.shape).toEqual([1, height, width]);
    for (const [i, value] of expected.entries()) expect(out.data[i]).toBeCloseTo(value, 6);
  });
}

test("EF5 the same size is the same picture, and a flat picture stays flat at every size", () => {
  expect(resizeImage(pattern, 5, 7).data).toEqual(Float32Array.from(pattern.data));
  for (const size of [1, 2, 3, 10, 13]) {
    for (const value of resizeImage(full([2, 6, 5], 0.25), size, size).data) expect(value).toBeCloseTo(0.25, 6);
  }
});

test("EF5 cropping and covering keep the middle", () => {
  const image = arange(20, [1, 4, 5]);
  expect([...centreCrop(image, 2, 2).data]).toEqual([7, 8, 12, 13]);
  expect(centreCrop(image, 4, 5)).toEqual(image);
  expect(() => centreCrop(image, 5, 5)).toThrow(ShapeError);
  expect(coverImage(full([3, 40, 60], 1), 28, 28).shape).toEqual([3, 28, 28]);
  expect(coverImage(full([3, 5, 3], 1), 28, 28).shape).toEqual([3, 28, 28]);
  expect(() => resizeImage(image, 0, 3)).toThrow(ArgumentError);
  expect(() => resizeImage(full([2, 2], 1), 3, 3)).toThrow(ShapeError);
});
