// Singular values, and what they say about kernels.
import { describe, expect, it } from "vitest";
import { numericalRank, separability, svd } from "../../src/arithmetic/index.ts";
import { random } from "../../src/tensor/random.ts";

const sizes = [
  [1, 1],
  [3, 3],
  [5, 2],
  [2, 7],
  [8, 8],
] as const;

describe("B5 singular value decomposition", () => {
  it.each(sizes)("B5 a random %i x %i matrix comes back from its parts, which are orthonormal", (rows, columns) => {
    const generator = random(rows * 10 + columns);
    const matrix = Array.from({ length: rows * columns }, () => generator.normal());
    const { values, u, v } = svd(matrix, rows, columns);
    expect(values).toHaveLength(Math.min(rows, columns));
    expect([...values].sort((a, b) => b - a)).toEqual(values);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const entry = values.reduce((sum, value, i) => sum + value * u[i][r] * v[i][c], 0);
        expect(Math.abs(entry - matrix[r * columns + c])).toBeLessThan(1e-13);
      }
    }
    for (const basis of [u, v]) {
      basis.forEach((a, i) => {
        basis.forEach((b, j) => {
          const product = a.reduce((sum, x, k) => sum + x * b[k], 0);
          expect(Math.abs(product - (i === j ? 1 : 0))).toBeLessThan(1e-13);
        });
      });
    }
  });

  it("B5 singular values of [[3, 0], [4, 5]] are √45 and √5", () => {
    const { values } = svd([3, 0, 4, 5], 2, 2);
    expect(values[0]).toBeCloseTo(Math.sqrt(45), 12);
    expect(values[1]).toBeCloseTo(Math.sqrt(5), 12);
  });

  it("B5 small singular values keep their digits; zeros have rank 0", () => {
    const { values } = svd([1, 1, 1, 1 + 1e-7], 2, 2);
    expect(values[1]).toBeCloseTo(5e-8, 13);
    expect(numericalRank(values)).toBe(2);
    expect(numericalRank(svd(new Float64Array(6), 2, 3).values)).toBe(0);
    expect(() => svd([1, 2, 3], 2, 2)).toThrow(/3 entries are no 2 x 2 matrix/);
  });
});

describe("B5 how separable a kernel is", () => {
  it("B5 Sobel is [1, 2, 1]ᵀ[-1, 0, 1]: rank 1", () => {
    const { rank, column, row, error } = separability([-1, 0, 1, -2, 0, 2, -1, 0, 1], 3, 3);
    expect([rank, error]).toEqual([1, 0]);
    const scale = column[0];
    expect(column.map((x) => Math.round((x / scale) * 1e12) / 1e12)).toEqual([1, 2, 1]);
    expect(row.map((x) => Math.round(x * scale * 1e12) / 1e12 + 0)).toEqual([-1, 0, 1]);
  });

  it("B5 the Laplace kernel has rank 2; the best column times row leaves what the second value says", () => {
    const kernel = [0, 1, 0, 1, -4, 1, 0, 1, 0];
    const { rank, singularValues, column, row, error } = separability(kernel, 3, 3);
    expect(rank).toBe(2);
    const left = Math.hypot(...kernel.map((k, i) => k - column[Math.floor(i / 3)] * row[i % 3]));
    expect(left).toBeCloseTo(singularValues[1], 12);
    expect(error).toBeCloseTo(left / Math.hypot(...kernel), 12);
    // No other column and row do better (Eckart and Young): steps away only lose.
    for (let i = 0; i < 3; i++) {
      for (const step of [-0.01, 0.01]) {
        const moved = kernel.map((k, j) => k - (column[Math.floor(j / 3)] + (Math.floor(j / 3) === i ? step : 0)) * row[j % 3]);
        expect(Math.hypot(...moved)).toBeGreaterThan(left);
      }
    }
  });

  it("B5 a kernel of zeros has rank 0 and nothing to leave", () => {
    expect(separability([0, 0, 0, 0], 2, 2)).toMatchObject({ rank: 0, error: 0 });
  });
});
