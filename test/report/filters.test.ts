// Pictures through kernels: the numbers of the textbook, and a page that shows them.
import { describe, expect, test } from "vitest";
import { classicKernel } from "../../src/arithmetic/kernels.ts";
import { filterPicture, paintResponse, writeFilterPage } from "../../src/report/convolution/index.ts";
import { tensor, zeros } from "../../src/tensor/tensor.ts";

const own = (matrix: number[][], signed = true): Parameters<typeof filterPicture>[1] => ({
  name: "own",
  description: "given",
  matrix,
  signed,
});
const step = tensor(Array.from({ length: 6 }, () => [10, 10, 10, 0, 0, 0])).reshape([1, 6, 6]);
const rows = (t: { toNested(): unknown }): number[][] => (t.toNested() as number[][][])[0];

describe("filterPicture", () => {
  test("H11 a bright half beside a dark one: three stacked [1 0 −1] answer 0 30 30 0 in the middle of every row", () => {
    const { response, range, meanSize } = filterPicture(
      step,
      own([
        [1, 0, -1],
        [1, 0, -1],
        [1, 0, -1],
      ]),
    );
    expect(response.shape).toEqual([1, 6, 6]);
    for (const row of rows(response)) expect(row).toEqual([0, 0, 30, 30, 0, 0]);
    expect(range).toEqual({ low: 0, high: 30 });
    expect(meanSize).toBeCloseTo(10, 6);
  });

  test("H11 the classic pairs look along one axis each; flat pictures answer 0 everywhere, the border included", () => {
    for (const name of ["difference", "prewitt", "sobel", "scharr"]) {
      const along = filterPicture(step, classicKernel(`${name}-x`));
      const across = filterPicture(step, classicKernel(`${name}-y`));
      expect(Math.min(...along.response.data)).toBeLessThan(0);
      expect(across.range).toEqual({ low: 0, high: 0 });
    }
    const flat = tensor(new Float32Array(36).fill(0.5), [1, 6, 6]);
    for (const name of ["sobel-x", "laplace", "difference-x"])
      expect(filterPicture(flat, classicKernel(name)).range).toEqual({ low: 0, high: 0 });
    expect(filterPicture(flat, classicKernel("gaussian-5")).range.low).toBeCloseTo(0.5, 6);
  });

  test("colours are filtered one by one, and a flipped kernel is a true convolution", () => {
    const colour = zeros([3, 5, 5]);
    colour.data[25 + 12] = 1;
    const kernel = own(
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
      false,
    );
    const { response } = filterPicture(colour, kernel);
    const planes = response.toNested() as number[][][];
    expect(planes[0].flat().every((v) => v === 0)).toBe(true);
    // A single bright pixel shows the kernel: turned by correlation, upright by convolution.
    expect(planes[1].slice(1, 4).map((r) => r.slice(1, 4))).toEqual([
      [9, 8, 7],
      [6, 5, 4],
      [3, 2, 1],
    ]);
    const turned = filterPicture(colour, kernel, { flipKernel: true }).response.toNested() as number[][][];
    expect(turned[1].slice(1, 4).map((r) => r.slice(1, 4))).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
  });

  test("signed responses are painted around white: blue below 0, orange above", () => {
    const { data } = paintResponse(filterPicture(step, own([[-1, 0, 1]])));
    const at = (x: number): number[] => [...data.slice(4 * x, 4 * x + 3)];
    expect(at(0)).toEqual([247, 247, 247]);
    expect(at(2)[2]).toBeGreaterThan(at(2)[0]);
    const { data: other } = paintResponse(filterPicture(step, own([[1, 0, -1]])));
    expect(other[4 * 2]).toBeGreaterThan(other[4 * 2 + 2]);
  });

  test("what is no picture is refused", () => {
    expect(() => filterPicture(zeros([4, 4]), classicKernel("laplace"))).toThrow(/\[4, 4\] is no picture/);
  });
});

test("H11 the page has every response with its kernel and its raw range, and needs nothing else", () => {
  const image = tensor(
    Float32Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? 0.9 : 0.1)),
    [1, 8, 8],
  );
  const results = ["sobel-x", "laplace", "gaussian-3"].map((name) => filterPicture(image, classicKernel(name)));
  const page = writeFilterPage({ name: "half.png", image, results, flipped: false });
  expect(page.match(/<figure>/g)).toHaveLength(4);
  expect(page).toContain("raw response −3.2 … 0");
  expect(page).toContain("black 0, white 1");
  expect(page).not.toMatch(/(?:src|href)="https?:|<script/);
  for (const img of page.match(/<img [^>]*>/g) ?? []) expect(img).toMatch(/ alt="[^"]{5,}"/);
  for (const svg of page.match(/<svg [^>]*>/g) ?? []) expect(svg).toMatch(/aria-labelledby=/);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
  expect(new Set(ids).size).toBe(ids.length);
});
