import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyMatrix,
  applyTransposed,
  connectionCounts,
  convMatrix,
  denseMatrix,
  efficiency,
  transposeMatrix,
  usesAlongAxis,
  type WindowAxis,
  weightUses,
  windowAxes,
  windowAxis,
} from "../../src/arithmetic/index.ts";
import { conv1d, conv2d, conv3d, convInputGrad } from "../../src/ops/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { random } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";
import { rounds } from "../support/long.ts";

const square = (input: number, kernel: number): WindowAxis[] =>
  windowAxes({ input: [input, input], kernel: [kernel, kernel], stride: [1, 1], dilation: [1, 1], padding: "valid" });

const integers = (shape: readonly number[], seed: number): Tensor => {
  const generator = random(seed);
  return new Tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => generator.integer(19) - 9),
    shape,
  );
};

const layer = fc.record({
  axes: fc.array(
    fc.record({
      input: fc.integer({ min: 1, max: 6 }),
      kernel: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      before: fc.integer({ min: -1, max: 3 }),
      after: fc.integer({ min: -1, max: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  groups: fc.integer({ min: 1, max: 2 }),
  inPerGroup: fc.integer({ min: 1, max: 2 }),
  outPerGroup: fc.integer({ min: 1, max: 2 }),
  seed: fc.nat(1000),
});

describe("A7 a convolution as a sparse matrix", () => {
  it("A7 the guide's 4x4 input and 3x3 kernel: 4x16, 36 non-zeros, 28 zeros, row by row", () => {
    const golden = fixture<{ rows: number[][] }>("unrolled_matrix");
    const matrix = convMatrix({ axes: square(4, 3) });
    const { data, rows, columns } = denseMatrix(matrix, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([rows, columns]).toEqual([4, 16]);
    expect(matrix.column).toHaveLength(36);
    expect(connectionCounts({ axes: square(4, 3) })).toMatchObject({ nonZeros: 36, zeros: 28, entries: 64, parameters: 9 });
    expect(Array.from({ length: 4 }, (_, r) => Array.from(data.subarray(r * 16, r * 16 + 16)))).toEqual(golden.rows);
  });

  it("A7 C·vec(x) is the convolution and Cᵀ·vec(y) the transposed one, exactly, for any axes, stride, dilation, padding, maps, groups", () => {
    let checked = 0;
    fc.assert(
      fc.property(layer, ({ axes: settings, groups, inPerGroup, outPerGroup, seed }) => {
        const extent = (a: (typeof settings)[number]): number => a.dilation * (a.kernel - 1) + 1;
        fc.pre(settings.every((a) => a.input + a.before + a.after >= extent(a)));
        const axes = settings.map((a) => windowAxis({ ...a, padding: [a.before, a.after] }));
        const [inChannels, outChannels] = [groups * inPerGroup, groups * outPerGroup];
        const size = axes.map((a) => a.input);
        const x = integers([1, inChannels, ...size], seed);
        const w = integers([outChannels, inPerGroup, ...axes.map((a) => a.kernel)], seed + 1);
        const g = integers([1, outChannels, ...axes.map((a) => a.output)], seed + 2);
        const options = {
          stride: axes.map((a) => a.stride),
          dilation: axes.map((a) => a.dilation),
          padding: axes.map((a) => [a.before, a.after] as const),
          groups,
        };
        const matrix = convMatrix({ axes, inChannels, outChannels, groups });
        const conv = [conv1d, conv2d, conv3d][axes.length - 1];
        const y = applyMatrix(matrix, w.data, x.data);
        const back = applyTransposed(matrix, w.data, g.data);
        expect(Array.from(y)).toEqual(Array.from(conv(x, w, undefined, options).data));
        expect(Array.from(back)).toEqual(Array.from(convInputGrad(g, w, { ...options, inputSize: size }).data));
        // The transpose as a matrix of its own, and the adjoint identity, exact on integers.
        expect(Array.from(applyMatrix(transposeMatrix(matrix), w.data, g.data))).toEqual(Array.from(back));
        const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
        expect(dot(y, g.data)).toBe(dot(x.data, back));
        checked++;
      }),
      { seed: 7, numRuns: rounds(400) },
    );
    expect(checked).toBeGreaterThan(200);
  });

  it("A7 with stride 1 the matrix is doubly blocked Toeplitz: entries depend on differences of rows and of columns alone", () => {
    const axes = windowAxes({
      input: [4, 5],
      kernel: [3, 2],
      stride: [1, 1],
      dilation: [1, 1],
      padding: [[1, 1] as const, [0, 1] as const],
    });
    const [height, width] = axes;
    const { taps, columns } = denseMatrix(convMatrix({ axes }), [1, 2, 3, 4, 5, 6]);
    const byDifference = new Map<string, number>();
    for (let row = 0; row < height.output * width.output; row++) {
      for (let column = 0; column < columns; column++) {
        const blocks = Math.floor(column / width.input) - Math.floor(row / width.output);
        const inside = (column % width.input) - (row % width.output);
        const key = `${blocks} ${inside}`;
        const tap = taps[row * columns + column];
        expect(byDifference.get(key) ?? tap).toBe(tap);
        byDifference.set(key, tap);
      }
    }
    expect([...byDifference.values()].filter((tap) => tap >= 0)).toHaveLength(6);
  });

  it("A7 counts without a matrix equal those of the matrix", () => {
    fc.assert(
      fc.property(layer, ({ axes: settings, groups, inPerGroup, outPerGroup }) => {
        fc.pre(settings.every((a) => a.input + a.before + a.after >= a.dilation * (a.kernel - 1) + 1));
        const axes = settings.map((a) => windowAxis({ ...a, padding: [a.before, a.after] }));
        const connected = { axes, inChannels: groups * inPerGroup, outChannels: groups * outPerGroup, groups };
        const matrix = convMatrix(connected);
        const counts = connectionCounts(connected);
        const uses = weightUses(matrix);
        expect(counts).toMatchObject({
          rows: matrix.rows,
          columns: matrix.columns,
          nonZeros: matrix.column.length,
          parameters: uses.length,
          mostUsed: Math.max(...uses),
          leastUsed: Math.min(...uses),
        });
        expect(Array.from(uses)).toEqual(Array.from({ length: uses.length }, (_, i) => counts.uses[i % counts.uses.length]));
      }),
      { seed: 8, numRuns: rounds(300) },
    );
  });

  it("A7 sizes and groups that do not fit are refused", () => {
    const matrix = convMatrix({ axes: square(4, 3) });
    expect(() => applyMatrix(matrix, [1], new Float64Array(16))).toThrow(ShapeError);
    expect(() => applyTransposed(matrix, new Float64Array(9), new Float64Array(5))).toThrow("y has 5 entries; the matrix needs 4");
    expect(() => denseMatrix(matrix, [1])).toThrow(ShapeError);
    expect(() => convMatrix({ axes: square(4, 3), inChannels: 3, outChannels: 2, groups: 2 })).toThrow(ArgumentError);
    expect(() => connectionCounts({ axes: square(4, 3), inChannels: 3, outChannels: 2, groups: 2 })).toThrow(ArgumentError);
  });
});

describe("the three ideas in numbers", () => {
  const five = windowAxis({ input: 5, kernel: 3, padding: 1 });

  it("H1 sparse interaction: x3 touches 3 of 5 outputs, in a dense layer all 5", () => {
    const { rowStart, column } = transposeMatrix(convMatrix({ axes: [five] }));
    expect(Array.from(column.subarray(rowStart[2], rowStart[3]))).toEqual([1, 2, 3]);
    const dense = transposeMatrix(convMatrix({ axes: [], inChannels: 5, outChannels: 5 }));
    expect(Array.from(dense.column.subarray(dense.rowStart[2], dense.rowStart[3]))).toEqual([0, 1, 2, 3, 4]);
  });

  it("H2 s3 is reached from x2, x3, x4; 13 connections against 25", () => {
    const matrix = convMatrix({ axes: [five] });
    expect(Array.from(matrix.column.subarray(matrix.rowStart[2], matrix.rowStart[3]))).toEqual([1, 2, 3]);
    expect(connectionCounts({ axes: [five] })).toMatchObject({ nonZeros: 13, entries: 25 });
    expect(connectionCounts({ axes: [], inChannels: 5, outChannels: 5 })).toMatchObject({ nonZeros: 25, parameters: 25 });
  });

  it("H4 parameter sharing: 3 parameters used 13 times, the middle one 5 times; dense: 25 used once each", () => {
    expect(usesAlongAxis(five)).toEqual([4, 5, 4]);
    expect(connectionCounts({ axes: [five] })).toMatchObject({ parameters: 3, uses: [4, 5, 4], mostUsed: 5 });
    const dense = weightUses(convMatrix({ axes: [], inChannels: 5, outChannels: 5 }));
    expect(Array.from(dense)).toEqual(new Array(25).fill(1));
  });

  it("H5 edge detection on 280x320: every number of the book, without making the matrix", () => {
    const axes = windowAxes({ input: [280, 320], kernel: [1, 2], stride: [1, 1], dilation: [1, 1], padding: "valid" });
    expect(axes.map((a) => a.output)).toEqual([280, 319]);
    const { counts, flops, matrixFlops, storageRatio, computeRatio } = efficiency({ axes });
    expect(flops).toBe(267_960);
    expect(flops).toBe(319 * 280 * 3);
    expect(counts.entries).toBe(8_003_072_000);
    expect(matrixFlops).toBeGreaterThan(16e9);
    expect(counts.nonZeros).toBe(178_640);
    expect(Math.round(computeRatio)).toBe(59_733);
    expect(storageRatio).toBe(4_001_536_000);
    // The sparse form has exactly these entries, and can be made.
    expect(convMatrix({ axes }).column).toHaveLength(178_640);
  });
});
