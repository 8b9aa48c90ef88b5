// PR10: laws that hold for all shapes and attributes, on random ones.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  affineGrid,
  concat,
  flip,
  gridSample,
  type PadMode,
  pad,
  padModes,
  resize,
  resizeModes,
  roll,
  slice,
  transpose,
} from "../../src/ops/index.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { arange, full, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { rounds } from "../support/long.ts";

const shapes = (rank: { min: number; max: number }, least = 1): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: least, max: 5 }), { minLength: rank.min, maxLength: rank.max });
const counted = (shape: Shape): Tensor => arange(sizeOf(shape), shape);
const check = <T>(arbitrary: fc.Arbitrary<T>, law: (drawn: T) => void): void =>
  fc.assert(fc.property(arbitrary, law), { numRuns: rounds(200), seed: 11 });
const expectEqual = (got: Tensor, wanted: Tensor): void => {
  expect(got.shape).toEqual(wanted.shape);
  expect(got.data).toEqual(wanted.data);
};

/** Python's `range(size)[start:end:step]`, from its documentation rather than from our code. */
function pythonSlice(size: number, start: number | undefined, end: number | undefined, step: number): number[] {
  const bound = (n: number): number => (step > 0 ? Math.max(0, Math.min(size, n)) : Math.max(-1, Math.min(size - 1, n)));
  const from = start === undefined ? (step > 0 ? 0 : size - 1) : bound(start < 0 ? start + size : start);
  const to = end === undefined ? (step > 0 ? size : -1) : bound(end < 0 ? end + size : end);
  const picked: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) picked.push(i);
  return picked;
}

describe("PR10 laws of the ops that move elements", () => {
  it("cropping undoes padding, in every mode", () => {
    const drawn = fc.record({
      shape: shapes({ min: 1, max: 4 }),
      mode: fc.constantFrom(...padModes),
      seed: fc.array(fc.nat(7), { minLength: 8, maxLength: 8 }),
    });
    check(drawn, ({ shape, mode, seed }) => {
      const most = (size: number): number => (mode === "reflect" ? size - 1 : 7);
      const pads = shape.map((size, axis) => [Math.min(seed[axis], most(size)), Math.min(seed[axis + 4], most(size))] as const);
      const x = counted(shape);
      const padded = pad(x, pads, { mode: mode as PadMode, value: -1 });
      expect(padded.shape).toEqual(shape.map((size, axis) => size + pads[axis][0] + pads[axis][1]));
      expectEqual(
        pad(
          padded,
          pads.map(([before, after]) => [-before, -after]),
        ),
        x,
      );
    });
  });

  it("slices are Python's", () => {
    const position = fc.option(fc.integer({ min: -12, max: 12 }), { nil: undefined });
    const step = fc.integer({ min: -4, max: 4 }).filter((n) => n !== 0);
    check(fc.record({ size: fc.nat(8), start: position, end: position, step }), ({ size, start, end, step: by }) => {
      const got = slice(arange(size), { starts: [start], ends: [end], steps: [by] });
      expect(Array.from(got.data)).toEqual(pythonSlice(size, start, end, by));
    });
  });

  it("what is cut along an axis and joined again is what it was", () => {
    check(fc.record({ shape: shapes({ min: 1, max: 4 }), axis: fc.nat(3), cuts: fc.array(fc.nat(5), { maxLength: 3 }) }), (drawn) => {
      const x = counted(drawn.shape);
      const axis = drawn.axis % x.rank;
      const size = x.shape[axis];
      const edges = [0, ...drawn.cuts.map((c) => Math.min(c, size)).sort((a, b) => a - b), size];
      const parts = edges.slice(1).map((end, i) => slice(x, { axes: [axis], starts: [edges[i]], ends: [end] }));
      expectEqual(concat(parts, { axis: axis - x.rank }), x);
    });
  });

  it("transposing moves element i to place p(i), and the inverse brings it back", () => {
    check(
      fc.record({ shape: shapes({ min: 1, max: 4 }), keys: fc.array(fc.double({ noNaN: true }), { minLength: 4, maxLength: 4 }) }),
      ({ shape, keys }) => {
        const x = counted(shape);
        const permutation = shape.map((_, axis) => axis).sort((a, b) => keys[a] - keys[b] || a - b);
        const moved = transpose(x, { permutation });
        const last = shape.map((size) => size - 1);
        expect(moved.at(...permutation.map((axis) => last[axis]))).toBe(x.at(...last));
        expectEqual(transpose(moved, { permutation: permutation.map((_, axis) => permutation.indexOf(axis)) }), x);
      },
    );
  });

  it("flipping twice, and rolling there and back or all the way round, change nothing", () => {
    check(
      fc.record({ shape: shapes({ min: 1, max: 3 }), shift: fc.integer({ min: -9, max: 9 }), axis: fc.nat(2) }),
      ({ shape, shift, axis: given }) => {
        const x = counted(shape);
        const axis = given % x.rank;
        expectEqual(flip(flip(x, { axes: axis }), { axes: [axis - x.rank] }), x);
        const rolled = roll(x, { shifts: shift, axes: axis });
        expectEqual(roll(rolled, { shifts: -shift, axes: axis }), x);
        expectEqual(roll(x, { shifts: [shift, shape[axis] - shift], axes: [axis, axis] }), x);
        const first = slice(rolled, { axes: [axis], starts: [((shift % shape[axis]) + shape[axis]) % shape[axis]] });
        expect(first.data[0]).toBe(x.data[0]);
      },
    );
  });
});

describe("PR10 laws of resampling", () => {
  it("the same size changes nothing; a constant stays one; results stay between the extremes, but for cubic ones", () => {
    const drawn = fc.record({
      shape: shapes({ min: 3, max: 5 }),
      size: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 3 }),
      mode: fc.constantFrom(...resizeModes),
      how: fc.constantFrom({}, { alignCorners: true }, { antialias: true }),
    });
    check(drawn, ({ shape, size, mode, how }) => {
      const options = { mode, ...(mode === "linear" || mode === "cubic" ? how : {}) };
      const x = counted(shape).cast("float64");
      const spatial = shape.slice(2);
      expectEqual(resize(x, { size: spatial, ...options }), x);
      const target = spatial.map((_, i) => size[i]);
      const y = resize(x, { size: target, ...options });
      expect(y.shape).toEqual([...shape.slice(0, 2), ...target]);
      if (mode !== "cubic") {
        expect(Math.min(...y.data)).toBeGreaterThanOrEqual(-1e-9);
        expect(Math.max(...y.data)).toBeLessThanOrEqual(x.size - 1 + 1e-9);
      }
      for (const v of resize(full(shape, 7, "float64"), { size: target, ...options }).data) expect(v).toBeCloseTo(7, 12);
    });
  });

  it("the identity grid changes nothing, in every mode and whatever lies beyond", () => {
    const drawn = fc.record({
      shape: shapes({ min: 4, max: 4 }, 2),
      mode: fc.constantFrom("bilinear", "nearest"),
      paddingMode: fc.constantFrom("zeros", "border", "reflection"),
      alignCorners: fc.boolean(),
    });
    check(drawn, ({ shape: [n, c, h, w], mode, paddingMode, alignCorners }) => {
      const x = counted([n, c, h, w]).cast("float64");
      const identity = tensor(
        Array.from({ length: n }, () => [
          [1, 0, 0],
          [0, 1, 0],
        ]),
        undefined,
        "float64",
      );
      const y = gridSample(x, affineGrid(identity, { size: [h, w], alignCorners }), { mode, paddingMode, alignCorners });
      x.data.forEach((v, i) => void expect(y.data[i]).toBeCloseTo(v, 10));
    });
  });
});
