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
import { avgPool2d, conv2d, maxPool2d } from "../../../src/ops/index.ts";
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
    expect(() => transformPicture(row, shift(0.5, 0))).toThrow(ArgumentError);
    expect(() => transformPicture(row, { kind: "scale", factor: 0.5 })).toThrow(ArgumentError);
  });
});
