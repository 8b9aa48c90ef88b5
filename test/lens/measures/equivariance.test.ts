import { describe, expect, it } from "vitest";
import { classicKernels } from "../../../src/arithmetic/index.ts";
import {
  equivariance,
  type FeatureMap,
  layerEquivariance,
  layerMap,
  type PictureTransform,
  transformPicture,
} from "../../../src/lens/index.ts";
import { createModel, type Module, nn } from "../../../src/nn/index.ts";
import { avgPool2d, conv2d, maxPool2d, relu } from "../../../src/ops/index.ts";
import { ArgumentError, GraphError, ShapeError } from "../../../src/tensor/errors.ts";
import { random, randomNormal } from "../../../src/tensor/random.ts";
import { Tensor, tensor } from "../../../src/tensor/tensor.ts";

const picture = randomNormal([2, 12, 12], random(1)).cast("float64");
const kernel = randomNormal([3, 2, 5, 5], random(2)).cast("float64");
const batched =
  (f: (x: Tensor) => Tensor): FeatureMap =>
  (x) =>
    f(x.reshape([1, ...x.shape])).entry(0);
const circular = batched((x) => conv2d(x, kernel, undefined, { padding: 2, paddingMode: "circular" }));
const zeros = batched((x) => conv2d(x, kernel, undefined, { padding: 2 }));

const shift = (rows: number, columns: number): PictureTransform => ({ kind: "shift", rows, columns });
const shifts = [shift(1, 0), shift(0, 1), shift(-2, 3), shift(5, -4), shift(12, 24)];

describe("H6 equivariance meter", () => {
  it("H6 convolution with circular padding: exactly 0 for every shift", async () => {
    for (const { error, relative, interior, whole } of await equivariance(circular, picture, shifts)) {
      expect({ error, relative, interior, whole }).toEqual({ error: 0, relative: 0, interior: 0, whole: true });
    }
  });

  it("H6 zero padding: 0 beyond k//2 of the border, not 0 nearer to it", async () => {
    const readings = await equivariance(zeros, picture, shifts.slice(0, 4), { margin: 2 });
    expect(readings.map(({ inside }) => inside)).toEqual([7 * 8, 8 * 7, 6 * 5, 3 * 4]);
    for (const { error, interior } of readings) {
      expect(error).toBeGreaterThan(1);
      expect(interior).toBe(0);
    }
    for (const { interior } of await equivariance(zeros, picture, shifts.slice(0, 4), { margin: 1 })) expect(interior).toBeGreaterThan(0.1);
    // Where it differs: along the two borders and the two seams of the shift, and nowhere else.
    const [{ where }] = await equivariance(zeros, picture, [shift(1, 0)]);
    const rows = Array.from({ length: 12 }, (_, y) => Array.from(where.data.subarray(y * 12, y * 12 + 12)).some((v) => v > 0));
    expect(rows.map(Number)).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  });

  it.each<[string, FeatureMap, number]>([
    ["a convolution with stride 2", batched((x) => conv2d(x, kernel, undefined, { padding: 2, paddingMode: "circular", stride: 2 })), 2],
    ["a convolution with stride 3", batched((x) => conv2d(x, kernel, undefined, { padding: 2, paddingMode: "circular", stride: 3 })), 3],
    ["max pooling by 2", batched((x) => maxPool2d(x, 2)), 2],
    ["average pooling by 4", batched((x) => avgPool2d(x, 4)), 4],
  ])("H6 %s: 0 for shifts that are multiples of the stride, and for no others", async (_, map, stride) => {
    const transforms = Array.from({ length: 12 }, (_, s) => [shift(s, 0), shift(0, s)]).flat();
    for (const { transform, error, whole } of await equivariance(map, picture, transforms, { stride: [stride, stride] })) {
      const { rows, columns } = transform as Extract<PictureTransform, { kind: "shift" }>;
      const isMultiple = (rows + columns) % stride === 0;
      expect(whole).toBe(isMultiple);
      if (isMultiple) expect(error).toBe(0);
      else expect(error).toBeGreaterThan(0.1);
    }
  });

  it("H6 not for rotation or scale", async () => {
    const others: PictureTransform[] = [
      { kind: "rotation", quarters: 1 },
      { kind: "rotation", quarters: 2 },
      { kind: "rotation", quarters: 3 },
      { kind: "scale", factor: 2 },
      { kind: "scale", factor: 1.5 },
    ];
    for (const { relative } of await equivariance(circular, picture, others)) expect(relative).toBeGreaterThan(0.3);
    // It is the kernel's shape that breaks it: one pixel has no shape, and the Laplace kernel looks the same after a quarter turn.
    const pointwise = batched((x) => conv2d(x, kernel.reshape([3, 50, 1, 1]).cast("float64"), undefined));
    const onePixel = await equivariance(pointwise, randomNormal([50, 12, 12], random(3)).cast("float64"), others);
    for (const { error } of onePixel) expect(error).toBe(0);
    const laplace = tensor([[classicKernels.laplace.matrix, classicKernels.laplace.matrix]], undefined, "float64");
    const round = batched((x) => conv2d(x, laplace, undefined, { padding: 1 }));
    const [quarter, half, , double] = await equivariance(round, picture, others);
    expect(quarter.error).toBeLessThan(1e-12);
    expect(half.error).toBeLessThan(1e-12);
    expect(double.relative).toBeGreaterThan(0.3);
  });

  it("H6 a layer of a model: stride and margin come from its receptive field", async () => {
    const net: Module = nn.sequential({
      conv1: nn.conv2d(1, 4, 3, { padding: 1 }),
      relu1: nn.relu(),
      pool1: nn.maxPool2d(2),
      conv2: nn.conv2d(4, 5, 3, { padding: 1 }),
      flatten: nn.flatten(),
      logits: nn.linear(5 * 256, 3),
    });
    const model = createModel(net, [1, 32, 32], { seed: 4 });
    const image = randomNormal([1, 32, 32], random(5));
    const transforms = [shift(2, -4), shift(4, 0), shift(1, 0), shift(3, 3)];
    const readings = await layerEquivariance(model, image, { layer: "conv2", transforms });
    expect(readings.map((r) => r.whole)).toEqual([true, true, false, false]);
    const [even, odd] = [readings.slice(0, 2), readings.slice(2)];
    for (const { interior, error } of even) {
      expect(interior).toBeLessThan(1e-5);
      expect(error).toBeGreaterThan(0.01);
    }
    for (const { interior } of odd) expect(interior).toBeGreaterThan(0.1);
    await expect(layerMap(model, "logits")).rejects.toThrow(ShapeError);
    await expect(layerMap(model, "conv9")).rejects.toThrow(GraphError);
  });

  it("H6 the transforms do what they say", () => {
    const square = tensor([
      [
        [1, 2],
        [3, 4],
      ],
    ]);
    expect(transformPicture(square, { kind: "rotation", quarters: 1 }).toNested()).toEqual([
      [
        [2, 4],
        [1, 3],
      ],
    ]);
    expect(transformPicture(square, shift(1, 0)).toNested()).toEqual([
      [
        [3, 4],
        [1, 2],
      ],
    ]);
    const row = new Tensor(Float32Array.of(0, 1, 2, 3), [1, 1, 4]);
    expect(Array.from(transformPicture(row, { kind: "scale", factor: 2 }).data)).toEqual([1, 1, 2, 2]);
    // Four quarter turns, or back and forth, leave the picture as it was.
    const turned = [1, 2, 1].reduce((p, quarters) => transformPicture(p, { kind: "rotation", quarters: quarters as 1 | 2 }), picture);
    expect(turned.data).toEqual(picture.data);
    expect(() => transformPicture(row, { kind: "rotation", quarters: 1 })).toThrow(ArgumentError);
    expect(() => transformPicture(row, { kind: "scale", factor: 0.5 })).toThrow(ArgumentError);
  });
});

describe("LF19 movements between the pixels", () => {
  const close = (a: Tensor, b: Tensor, digits = 6): void => {
    expect(a.shape).toEqual(b.shape);
    for (const [i, value] of a.data.entries()) expect(value).toBeCloseTo(b.data[i], digits);
  };
  /** Row and column numbers as pixels: what a movement does to places can be read off. */
  const places = new Tensor(
    Float64Array.from({ length: 2 * 9 * 15 }, (_, i) => (i < 135 ? Math.floor(i / 15) : i % 15)),
    [2, 9, 15],
  );

  it("quarter turns by degrees are the quarter turns, and whole shifts by parts the whole shifts", () => {
    for (const quarters of [1, 2, 3] as const)
      close(
        transformPicture(picture, { kind: "rotation", degrees: 90 * quarters }),
        transformPicture(picture, { kind: "rotation", quarters }),
      );
    close(transformPicture(picture, { kind: "rotation", degrees: -360 }), picture);
    close(transformPicture(picture, { kind: "scale", factor: 1, sampling: "bilinear" }), picture);
    const half = transformPicture(picture, shift(0.5, 0)).data;
    const [still, moved] = [picture.data, transformPicture(picture, shift(1, 0)).data];
    for (const [i, value] of half.entries()) expect(value).toBeCloseTo((still[i] + moved[i]) / 2, 12);
  });

  it("a turn by 30 degrees and an enlargement by 1.5 show each position what stands at its source, in oblong pictures too", () => {
    const centre = [4, 7];
    const read = (maps: Tensor, y: number, x: number): number[] => [maps.data[y * 15 + x], maps.data[135 + y * 15 + x]];
    const turned = transformPicture(places, { kind: "rotation", degrees: 30 });
    const [cos, sin] = [Math.sqrt(3) / 2, 0.5];
    for (const [dy, dx] of [
      [0, 0],
      [0, 3],
      [-2, 1],
      [2, -4],
    ]) {
      const [row, column] = read(turned, 4 + dy, 7 + dx);
      expect(row).toBeCloseTo(centre[0] + sin * dx + cos * dy, 9);
      expect(column).toBeCloseTo(centre[1] + cos * dx - sin * dy, 9);
    }
    const large = transformPicture(places, { kind: "scale", factor: 1.5, sampling: "bilinear" });
    expect(read(large, 1, 13)[0]).toBeCloseTo(4 - 3 / 1.5, 9);
    expect(read(large, 1, 13)[1]).toBeCloseTo(7 + 6 / 1.5, 9);
    // Made smaller, there is nothing around.
    const small = transformPicture(places, { kind: "scale", factor: 0.5, sampling: "bilinear" });
    expect(read(small, 0, 0)).toEqual([0, 0]);
    for (const [i, at] of [6, 9].entries()) expect(read(small, 5, 8)[i]).toBeCloseTo(at, 9);
  });

  it("a convolution keeps shifts by parts of a pixel, ReLU after it does not; a convolution of one pixel keeps every movement inside", async () => {
    const parts = [shift(0.5, 0), shift(-1.25, 2.75)];
    for (const { relative, whole } of await equivariance(circular, picture, parts)) {
      expect(relative).toBeLessThan(1e-12);
      expect(whole).toBe(false);
    }
    const bent = batched((x) => relu(conv2d(x, kernel, undefined, { padding: 2, paddingMode: "circular" })));
    for (const { relative } of await equivariance(bent, picture, parts)) expect(relative).toBeGreaterThan(0.05);

    const one = randomNormal([3, 2, 1, 1], random(4)).cast("float64");
    const bias = tensor([1, -2, 3]).cast("float64");
    const moves: PictureTransform[] = [
      { kind: "rotation", degrees: 20 },
      { kind: "scale", factor: 0.7, sampling: "bilinear" },
    ];
    for (const reading of await equivariance(
      batched((x) => conv2d(x, one, bias)),
      picture,
      moves,
    )) {
      expect(reading.interior).toBeLessThan(1e-9);
      expect(reading.relativeInterior).toBeLessThan(1e-10);
      // Where nothing came from the picture, the bias stands on one side alone.
      expect(reading.relative).toBeGreaterThan(0.01);
    }
    for (const { relativeInterior } of await equivariance(zeros, picture, moves, { margin: 2 }))
      expect(relativeInterior).toBeGreaterThan(0.1);
  });

  it("a shift by parts of a pixel moves maps by the same parts of their stride", async () => {
    const average = batched((x) => avgPool2d(x, 2));
    const [reading] = await equivariance(average, picture, [shift(2.5, 0)], { stride: [2, 2] });
    expect(reading.onMaps).toEqual(shift(1.25, 0));
    const [whole] = await equivariance(average, picture, [shift(3, 0)], { stride: [2, 2] });
    expect(whole.onMaps.kind === "shift" && Number.isInteger(whole.onMaps.rows)).toBe(true);
  });

  it("what is no movement is refused", () => {
    expect(() => transformPicture(picture, { kind: "rotation", degrees: Number.NaN })).toThrow(ArgumentError);
    expect(() => transformPicture(picture, { kind: "scale", factor: 0, sampling: "bilinear" })).toThrow(/> 0/);
    expect(() => transformPicture(picture, shift(Number.POSITIVE_INFINITY, 0))).toThrow(/is no place/);
  });
});
