// Ops that move elements, on examples small enough to check by eye, and the mistakes they refuse.
import { describe, expect, it } from "vitest";
import {
  affineGrid,
  cast,
  concat,
  flatten,
  flip,
  gridSample,
  pad,
  reshape,
  resize,
  roll,
  slice,
  squeeze,
  transpose,
  unsqueeze,
} from "../../src/ops/index.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../src/tensor/errors.ts";
import { arange, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";

const row = (...values: number[]): Tensor => tensor([[values]]);
const flat = (t: Tensor): number[] => Array.from(t.data);

describe("pad", () => {
  const abcd = row(1, 2, 3, 4);
  it.each([
    ["constant", [0, 0, 1, 2, 3, 4, 0, 0]],
    ["reflect", [3, 2, 1, 2, 3, 4, 3, 2]],
    ["replicate", [1, 1, 1, 2, 3, 4, 4, 4]],
    ["circular", [3, 4, 1, 2, 3, 4, 1, 2]],
    ["symmetric", [2, 1, 1, 2, 3, 4, 4, 3]],
  ] as const)("EC7 %s: abcd padded by 2", (mode, expected) => {
    expect(flat(pad(abcd, [[2, 2]], { mode }))).toEqual(expected);
  });

  it("EC4 crops where negative and fills with any number", () => {
    expect(flat(pad(abcd, [[-1, 2]], { value: 9 }))).toEqual([2, 3, 4, 9, 9]);
    expect(flat(pad(abcd, [[2, 0]], { value: Number.NEGATIVE_INFINITY })).slice(0, 2)).toEqual([-Infinity, -Infinity]);
  });

  it("circular and symmetric repeat as often as they must", () => {
    expect(flat(pad(row(1, 2), [[3, 3]], { mode: "circular" }))).toEqual([2, 1, 2, 1, 2, 1, 2, 1]);
    expect(flat(pad(row(1, 2), [[3, 3]], { mode: "symmetric" }))).toEqual([2, 2, 1, 1, 2, 2, 1, 1]);
  });

  it("refuses what cannot be", () => {
    expect(() => pad(abcd, [[4, 0]], { mode: "reflect" })).toThrow(/reflecting 4 needs a size of at least 5, not 4/);
    expect(() => pad(abcd, [[-3, -2]])).toThrow(/4 \+ -3 \+ -2 = -1 < 0/);
    expect(() =>
      pad(abcd, [
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
      ]),
    ).toThrow(ArgumentError);
    expect(() => pad(abcd, [[1.5, 1]])).toThrow(ArgumentError);
    expect(() => pad(abcd, [[1, 1]], { mode: "mirror" as "reflect" })).toThrow(/expected one of constant, reflect/);
  });
});

describe("slice", () => {
  const x = arange(10);
  it("counts from either end, clamps, and walks in steps both ways", () => {
    expect(flat(slice(x, { starts: [2], ends: [-3] }))).toEqual([2, 3, 4, 5, 6]);
    expect(flat(slice(x, { starts: [-3], ends: [99] }))).toEqual([7, 8, 9]);
    expect(flat(slice(x, { starts: [1], steps: [4] }))).toEqual([1, 5, 9]);
    expect(flat(slice(x, { steps: [-3] }))).toEqual([9, 6, 3, 0]);
    expect(flat(slice(x, { starts: [-2], ends: [1], steps: [-4] }))).toEqual([8, 4]);
    expect(slice(x, { starts: [5], ends: [2] }).shape).toEqual([0]);
  });
  it("slices the axes it is told", () => {
    expect(slice(arange(24, [2, 3, 4]), { axes: [-1, 1], starts: [1, 2], ends: [3, 3] }).toNested()).toEqual([[[9, 10]], [[21, 22]]]);
  });
  it("refuses a step of 0, an axis twice, an unknown axis", () => {
    expect(() => slice(x, { steps: [0] })).toThrow(ArgumentError);
    expect(() => slice(arange(4, [2, 2]), { axes: [0, -2], starts: [0, 0] })).toThrow(/axis 0 is sliced twice/);
    expect(() => slice(x, { axes: [1], starts: [0] })).toThrow(/axis 1 is out of range/);
    expect(() => slice(x, { starts: [0, 0], axes: [0] })).toThrow(/2 positions are given for 1 axes/);
  });
});

describe("shapes", () => {
  const x = arange(24, [2, 3, 4]);
  it("flip, roll and transpose move elements as numpy does", () => {
    expect(flip(arange(6, [2, 3]), { axes: [-1] }).toNested()).toEqual([
      [2, 1, 0],
      [5, 4, 3],
    ]);
    expect(flat(roll(arange(5), { shifts: 2, axes: 0 }))).toEqual([3, 4, 0, 1, 2]);
    expect(transpose(arange(6, [2, 3])).toNested()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(transpose(x, { permutation: [2, 0, 1] }).at(3, 1, 2)).toBe(x.at(1, 2, 3));
  });
  it("concat joins along any axis", () => {
    expect(concat([row(1, 2), row(3)], { axis: -1 }).toNested()).toEqual([[[1, 2, 3]]]);
    expect(() => concat([arange(4, [2, 2]), arange(3, [1, 3])], { axis: 0 })).toThrow(/must agree on every axis but 0/);
    expect(() => concat([])).toThrow(ShapeError);
  });
  it("reshape, flatten, squeeze and unsqueeze keep the elements in order", () => {
    expect(reshape(x, [4, -1]).shape).toEqual([4, 6]);
    expect(flatten(x).shape).toEqual([2, 12]);
    expect(flatten(x, { startAxis: 0, endAxis: 1 }).shape).toEqual([6, 4]);
    expect(flatten(arange(3)).shape).toEqual([3, 1]);
    expect(unsqueeze(x, { axes: [0, -1] }).shape).toEqual([1, 2, 3, 4, 1]);
    expect(squeeze(arange(3, [1, 3, 1])).shape).toEqual([3]);
    expect(squeeze(arange(3, [1, 3, 1]), { axes: -1 }).shape).toEqual([1, 3]);
    expect(flat(flatten(x))).toEqual(flat(x));
    expect(() => reshape(x, [5, -1])).toThrow(/24 elements do not fill the shape/);
    expect(() => squeeze(x, { axes: 1 })).toThrow(/axis 1 of \[2, 3, 4\] has size 3, not 1/);
  });
  it("cast cuts fractions off", () => {
    expect(flat(cast(tensor([-2.7, 0.9, 3.2]), { dtype: "int32" }))).toEqual([-2, 0, 3]);
    expect(cast(x, { dtype: "float64" }).dtype).toBe("float64");
  });
});

describe("resize", () => {
  it("EP9 nearest takes floor(j · ratio), nearest-exact floor((j + 0.5) · ratio)", () => {
    const x = row(0, 1, 2, 3, 4);
    expect(flat(resize(x, { size: 3 }))).toEqual([0, 1, 3]);
    expect(flat(resize(x, { size: 3, mode: "nearest-exact" }))).toEqual([0, 2, 4]);
    expect(flat(resize(x, { scale: 2 }))).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });
  it("EP9 linear: half-pixel centres clamped at 0, or aligned corners", () => {
    expect(flat(resize(row(0, 4), { scale: 2, mode: "linear" }))).toEqual([0, 1, 3, 4]);
    expect(flat(resize(row(0, 3), { size: 4, mode: "linear", alignCorners: true }))).toEqual([0, 1, 2, 3]);
  });
  it("copies an element exactly where positions fall on one, at any whole factor", () => {
    for (let factor = 2; factor <= 60; factor++) {
      const y = flat(resize(row(0, 1), { size: 2 * factor }));
      expect(y).toEqual([...new Array(factor).fill(0), ...new Array(factor).fill(1)]);
    }
  });
  it("refuses both or neither of size and scale, and sizes of 0", () => {
    expect(() => resize(row(1, 2), {})).toThrow(/either size or scale/);
    expect(() => resize(row(1, 2), { size: 1, scale: 1 })).toThrow(/either size or scale/);
    expect(() => resize(row(1, 2), { scale: 0.3 })).toThrow(ShapeError);
    expect(() => resize(row(1, 2), { scale: -1 })).toThrow(ArgumentError);
    for (const size of [2 ** 31, 2 ** 53]) expect(() => resize(row(1, 2), { size })).toThrow(/an axis of \d+ positions/);
    expect(() => resize(row(1, 2), { scale: 1e12 })).toThrow(/an axis of 2000000000000 positions/);
    expect(() => resize(row(1, 2), { scale: 2, alignCorners: true })).toThrow(/alignCorners/);
    expect(() => resize(row(1, 2), { scale: 2, mode: "area", antialias: true })).toThrow(/antialias is for the modes "linear" and "cubic"/);
    expect(() => resize(row(1, 2), { scale: 2, mode: "cubic", antialias: true, alignCorners: true })).toThrow(/half-pixel/);
  });
  it("EP9 cubic interpolation runs through its points and overshoots beside a step", () => {
    const step = flat(resize(row(0, 0, 0, 4, 4, 4), { scale: 3, mode: "cubic" }));
    expect([1, 4, 7, 10, 13, 16].map((j) => step[j])).toEqual([0, 0, 0, 4, 4, 4]);
    expect(Math.min(...step)).toBeLessThan(0);
    expect(Math.max(...step)).toBeGreaterThan(4);
  });
  it("EP9 area is the mean of what an output covers", () => {
    expect(flat(resize(row(1, 3, 5, 7), { size: 2, mode: "area" }))).toEqual([2, 6]);
    expect(flat(resize(row(0, 3, 6), { size: 2, mode: "area" }))).toEqual([1.5, 4.5]);
  });
});

interface TransformerFixture {
  readonly cases: readonly { readonly theta: number[][]; readonly output: number[][] }[];
}

describe("spatial transformer", () => {
  const picture = (): Tensor => arange(25, [1, 1, 5, 5]);
  const transform = (x: Tensor, theta: number[][]): Tensor =>
    gridSample(x, affineGrid(tensor([theta]), { size: [5, 5], alignCorners: true }), { alignCorners: true });

  it("F10 the identity changes nothing", () => {
    expect(
      flat(
        transform(picture(), [
          [1, 0, 0],
          [0, 1, 0],
        ]),
      ),
    ).toEqual(flat(picture()));
  });
  it("F10 a quarter turn is exactly rot90", () => {
    // Output (x, y) reads input (-y, x): the picture turns clockwise on a y axis that points down.
    const turned = transform(picture(), [
      [0, 1, 0],
      [-1, 0, 0],
    ]);
    for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) expect(turned.at(0, 0, i, j)).toBe(picture().at(0, 0, 4 - j, i));
  });
  it("F10 fixtures: zoom by 2, shift by one pixel", () => {
    const guide = fixture<{ input: number[][] }>("guide");
    for (const { theta, output } of fixture<TransformerFixture>("spatial_transformer").cases) {
      expect(transform(tensor([[guide.input]]), theta).toNested()).toEqual([[output]]);
    }
  });
  it("EP10 refuses grids that do not fit", () => {
    expect(() => gridSample(picture(), arange(8, [1, 2, 2, 2]).cast("float64"))).toThrow(DTypeError);
    expect(() => gridSample(picture(), arange(12, [1, 2, 2, 3]))).toThrow(/do not fit/);
    expect(() => gridSample(picture(), arange(16, [2, 2, 2, 2]))).toThrow(ShapeError);
    expect(() => affineGrid(arange(6, [2, 3]), { size: [5, 5] })).toThrow(/expected \[2, 2, 3\]/);
  });
});
