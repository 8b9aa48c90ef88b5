import { describe, expect, it } from "vitest";
import { classicKernel, classicKernels } from "../../src/arithmetic/index.ts";
import { conv2d } from "../../src/ops/index.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";

const picture = (rows: readonly (readonly number[])[]): Tensor => tensor([[rows]], undefined, "float64");
const filtered = (image: Tensor, matrix: readonly (readonly number[])[]): unknown => {
  const [[rows]] = conv2d(image, picture(matrix)).toNested() as number[][][][];
  return rows;
};
const transposed = (rows: readonly (readonly number[])[]): number[][] => rows[0].map((_, x) => rows.map((row) => row[x]));

/** A bright left half; its transpose has a bright upper half. */
const edge = Array.from({ length: 6 }, () => [10, 10, 10, 0, 0, 0]);

describe("H11 edge-detection bench", () => {
  it("H11 three stacked [1 0 -1] on rows [10 10 10 0 0 0] give rows 0 30 30 0", () => {
    const stacked = [1, 1, 1].map(() => [1, 0, -1]);
    expect(filtered(picture(edge), stacked)).toEqual(Array.from({ length: 4 }, () => [0, 30, 30, 0]));
    // The table writes Prewitt with + for brighter to the right: the same kernel with the other sign.
    expect(classicKernels["prewitt-x"].matrix).toEqual(stacked.map((row) => row.map((w) => -w + 0)));
  });

  it.each([
    ["difference", [0, 0, -10, 0, 0]],
    ["prewitt", [0, -30, -30, 0]],
    ["sobel", [0, -40, -40, 0]],
    ["scharr", [0, -160, -160, 0]],
  ] as const)("H11 %s-x answers at the vertical edge, %s-y not at all; turned by a quarter they change places", (name, row) => {
    const [x, y] = [classicKernel(`${name}-x`), classicKernel(`${name}-y`)];
    expect(y.matrix).toEqual(transposed(x.matrix));
    const response = filtered(picture(edge), x.matrix) as number[][];
    expect(response.every((found) => found.every((v, i) => v === row[i]))).toBe(true);
    const horizontal = transposed(edge);
    expect(transposed(filtered(picture(horizontal), y.matrix) as number[][])).toEqual(response);
    for (const [image, kernel] of [
      [edge, y],
      [horizontal, x],
    ] as const) {
      expect((filtered(picture(image), kernel.matrix) as number[][]).flat().every((v) => v === 0)).toBe(true);
    }
  });

  it.each(["laplace", "laplace-diagonal"])("H11 %s answers to both edges alike, with a pair of signs", (name) => {
    const { matrix } = classicKernel(name);
    const response = filtered(picture(edge), matrix) as number[][];
    const height = name === "laplace" ? 10 : 30;
    expect(response[0].map((v) => v + 0)).toEqual([0, -height, height, 0]);
    expect(transposed(filtered(picture(transposed(edge)), matrix) as number[][])).toEqual(response);
  });

  it("H11 edge kernels ignore flat pictures, smoothing and sharpening keep them", () => {
    for (const { name, matrix, signed } of Object.values(classicKernels)) {
      const sum = matrix.flat().reduce((s, w) => s + w, 0);
      expect(sum, name).toBeCloseTo(signed ? 0 : 1, 12);
    }
  });

  it("H11 the Gaussians have the variances that they claim", () => {
    for (const [name, variance] of [
      ["gaussian-3", 1 / 2],
      ["gaussian-5", 1],
    ] as const) {
      const { matrix } = classicKernel(name);
      const middle = (matrix.length - 1) / 2;
      expect(matrix.flatMap((row, y) => row.map((w) => w * (y - middle) ** 2)).reduce((s, v) => s + v, 0)).toBeCloseTo(variance, 12);
    }
  });

  it("an unknown name is answered with the list of names", () => {
    expect(() => classicKernel("sobel")).toThrow(ArgumentError);
    expect(() => classicKernel("sobel")).toThrow(/"sobel"; kernels: identity, difference-x/);
    expect(() => classicKernel("constructor")).toThrow(ArgumentError);
  });
});
