import { describe, expect, it } from "vitest";
import { changesOf, type FeatureMap, invariance, patchAt, patternMatch, shifted } from "../../../src/lens/index.ts";
import { avgPool2d, conv2d, maxPool2d } from "../../../src/ops/index.ts";
import { ArgumentError, ShapeError } from "../../../src/tensor/errors.ts";
import { random } from "../../../src/tensor/random.ts";
import { full, Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { fixture } from "../../support/fixtures.ts";

const row = (...values: number[]): Tensor => new Tensor(Float64Array.from(values), [1, 1, values.length]);
const pooled: FeatureMap = (x) => maxPool2d(x.reshape([1, ...x.shape]), [1, 3], { stride: 1, padding: [0, 1] }).entry(0);

describe("C5 small-shift invariance meter", () => {
  it("C5 width-3 max pooling: all 4 inputs change, 2 of 4 outputs", async () => {
    const [before, after] = [row(0.1, 1, 0.2, 0.1), row(0.3, 0.1, 1, 0.2)];
    expect(Array.from((await pooled(before)).data)).toEqual([1, 1, 1, 0.2]);
    expect(Array.from((await pooled(after)).data)).toEqual([0.3, 1, 1, 1]);
    const [{ input, output }] = await invariance(pooled, before, [after]);
    expect(input).toMatchObject({ count: 4, changed: 4 });
    expect(output).toMatchObject({ count: 4, changed: 2 });
    expect(after.data).toEqual(Float64Array.from([0.3, ...shifted(before, 0, 1).data.slice(1)]));
  });

  it("C5 pooling makes the distance that a shift causes smaller, a convolution does not have to", async () => {
    const generator = random(3);
    const picture = new Tensor(
      Float64Array.from({ length: 400 }, () => generator.uniform()),
      [1, 20, 20],
    );
    const batched =
      (f: (x: Tensor) => Tensor): FeatureMap =>
      (x) =>
        f(x.reshape([1, ...x.shape])).entry(0);
    const maps = {
      difference: batched((x) => conv2d(x, tensor([[[[-1, 1]]]], undefined, "float64"))),
      max: batched((x) => maxPool2d(x, 5, { stride: 1 })),
      mean: batched((x) => avgPool2d(x, 5, { stride: 1 })),
    };
    const variants = [shifted(picture, 0, 1, 0.5), shifted(picture, 1, 0, 0.5)];
    const distances = await Promise.all(
      Object.values(maps).map(async (map) => (await invariance(map, picture, variants)).map((r) => r.output.distance)),
    );
    const [input] = (await invariance(maps.max, picture, variants)).map((r) => r.input.distance);
    const [difference, max, mean] = distances.map((d) => d[0]);
    expect(max).toBeLessThan(input / 2);
    expect(mean).toBeLessThan(input / 2);
    expect(difference).toBeGreaterThan(input);
    expect((await invariance(maps.max, picture, [picture]))[0].output).toEqual({ count: 256, changed: 0, distance: 0 });
  });

  it("C5 a tolerance decides what counts as changed", () => {
    expect(changesOf(row(1, 2, 3), row(1.05, 2.5, 3), 0.1).changed).toBe(1);
    expect(changesOf(row(3, 4), row(3, 9)).distance).toBe(1);
    expect(() => changesOf(row(1), row(1, 2))).toThrow(ShapeError);
    expect(Array.from(shifted(row(1, 2, 3), 0, -1, 9).data)).toEqual([2, 3, 9]);
    expect(() => shifted(row(1), 0.5, 0)).toThrow(ArgumentError);
  });
});

describe("H9 brightness against pattern", () => {
  interface Curve {
    readonly filter: number[][];
    readonly patch_curve: number[][];
    readonly patch_mouse_head: number[][];
    readonly response: { curve: number; mouse_head: number; flat_50: number };
    readonly cosine_similarity: { curve: number; flat_50: number };
    readonly normalised_cross_correlation_curve: number;
    readonly zero_mean_filter_response: { curve: number; flat_50: number };
  }
  const curve = fixture<Curve>("curve_detector");
  const filter = curve.filter.flat();
  const flat = new Array<number>(49).fill(50);

  it("H9 V2: the flat patch scores 9000, the curve 6600; by cosine .3499 against .5077; with a zero-mean filter 0 against 4212.24", () => {
    const bright = patternMatch(filter, flat);
    const found = patternMatch(filter, curve.patch_curve.flat());
    expect([bright.response, found.response]).toEqual([9000, 6600]);
    expect(patternMatch(filter, curve.patch_mouse_head.flat()).response).toBe(curve.response.mouse_head);
    expect(bright.cosine).toBeCloseTo(0.3499, 4);
    expect(found.cosine).toBeCloseTo(0.5077, 4);
    expect(found.cosine).toBeCloseTo(curve.cosine_similarity.curve, 12);
    expect(bright.zeroMean).toBeCloseTo(0, 9);
    expect(found.zeroMean).toBeCloseTo(4212.24, 2);
    expect(found.correlation).toBeCloseTo(curve.normalised_cross_correlation_curve, 12);
    expect(bright.correlation).toBeNaN();
  });

  it("H9 the response is what a convolution gives there; correlation is blind to brightness and contrast", () => {
    const picture = full([1, 1, 9, 9], 10, "float64");
    curve.patch_curve.forEach((line, y) => {
      line.forEach((v, x) => {
        picture.data[(y + 1) * 9 + x + 2] = v;
      });
    });
    const map = conv2d(picture, tensor([[curve.filter]], undefined, "float64"));
    const plane = (picture.toNested() as number[][][][])[0][0];
    const patch = patchAt(plane, [1, 2], [7, 7]);
    const here = patternMatch(filter, patch);
    expect(here.response).toBe(map.at(0, 0, 1, 2));
    const other = patternMatch(
      filter,
      patch.map((v) => 3 * v + 100),
    );
    expect(other.correlation).toBeCloseTo(here.correlation, 12);
    expect(other.cosine).not.toBeCloseTo(here.cosine, 2);
    expect(() => patternMatch(filter, [1])).toThrow(ShapeError);
    expect(() => patchAt(plane, [3, 0], [7, 7])).toThrow(ArgumentError);
  });
});
