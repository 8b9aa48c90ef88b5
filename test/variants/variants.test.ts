// Convolutions taken apart and put together: counts of the papers, and equalities that make one variant another.
import { describe, expect, test } from "vitest";
import { checkerboard } from "../../src/arithmetic/index.ts";
import { evaluateValues } from "../../src/graph/evaluate.ts";
import { gradient } from "../../src/graph/grad.ts";
import { constant } from "../../src/graph/record.ts";
import type { Value } from "../../src/graph/value.ts";
import { createModel, initialise, type Module, nn } from "../../src/nn/index.ts";
import {
  channelShuffle,
  conv2d,
  convTranspose2d,
  matmul,
  mse,
  mul,
  partialConv,
  pixelShuffle,
  pixelUnshuffle,
  reshape,
  sub,
  subPixelKernel,
} from "../../src/ops/index.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { arange, full, ones, type Tensor, tensor, zeros } from "../../src/tensor/tensor.ts";
import { fixture } from "../support/fixtures.ts";
import { difference, normal64 } from "./support.ts";

const weightsOf = (net: Module, shape: Shape): number => createModel(net, shape).parameterCount;
const macsOf = (net: Module, shape: Shape): number => createModel(net, shape).summary().total.macs;

/** Runs a model's net on float64 input with the reference loops. */
function run(net: Module, x: Tensor, parameters?: ReadonlyMap<string, Tensor>): Tensor {
  const model = createModel(net, x.shape.slice(1), { seed: 4, ...(parameters && { parameters }) });
  const traced = model.trace({ batch: x.shape[0], dtype: "float64" });
  return evaluateValues([traced.output], new Map([[traced.input, x.cast("float64")]]))[0];
}

describe("B4 depthwise separable", () => {
  const bias = false;
  test("B4 3 to 256 maps: 27 + 768 = 795 weights against 6,912", () => {
    const net = nn.separableConv2d(3, 256, 3, { bias });
    const model = createModel(net, [3, 8, 8]);
    expect([...model.parameters].map(([name, t]) => [name, t.size])).toEqual([
      ["depthwise.weight", 27],
      ["pointwise.weight", 768],
    ]);
    expect(model.parameterCount).toBe(795);
    expect(weightsOf(nn.conv2d(3, 256, 3, { bias }), [3, 8, 8])).toBe(6912);
  });

  test("B4 16 to 32 maps: 656 against 4,608", () => {
    expect(weightsOf(nn.separableConv2d(16, 32, 3, { bias }), [16, 8, 8])).toBe(656);
    expect(weightsOf(nn.conv2d(16, 32, 3, { bias }), [16, 8, 8])).toBe(4608);
  });

  test("B4 multiply-adds: 1/N + 1/k² of the full convolution, 0.1131 for N 512 and k 3", () => {
    const shape = [512, 4, 4];
    const ratio = macsOf(nn.separableConv2d(512, 512, 3, { padding: 1 }), shape) / macsOf(nn.conv2d(512, 512, 3, { padding: 1 }), shape);
    expect(ratio).toBeCloseTo(1 / 512 + 1 / 9, 12);
    expect(ratio.toFixed(4)).toBe("0.1131");
  });

  test("B4 it is the full convolution whose kernel is every column of channels times one picture", () => {
    const x = normal64([2, 3, 6, 5], 1);
    const [depthwise, pointwise] = [normal64([6, 1, 3, 3], 2), normal64([4, 6, 1, 1], 3)];
    const names = new Map([
      ["depthwise.weight", depthwise.cast("float32")],
      ["pointwise.weight", pointwise.cast("float32")],
    ]);
    const y = run(nn.separableConv2d(3, 4, 3, { bias, multiplier: 2, stride: 2, padding: 1 }), x, names);
    const [d, p] = [...names.values()].map((t) => t.cast("float64"));
    const kernel = zeros([4, 3, 3, 3], "float64");
    for (let o = 0; o < 4; o++) {
      for (let c = 0; c < 3; c++) {
        for (let q = 0; q < 9; q++) {
          for (let j = 0; j < 2; j++) kernel.data[(o * 3 + c) * 9 + q] += p.data[o * 6 + c * 2 + j] * d.data[(c * 2 + j) * 9 + q];
        }
      }
    }
    expect(difference(y, conv2d(x, kernel, undefined, { stride: 2, padding: 1 }))).toBeLessThan(1e-12);
  });

  test("B17 the pointwise part first, and something between", () => {
    const order = "pointwise first" as const;
    const model = createModel(nn.separableConv2d(3, 8, 3, { order, between: nn.relu(), stride: 2, padding: 1 }), [3, 8, 8]);
    expect([...model.parameters].map(([name, t]) => [name, t.shape])).toEqual([
      ["pointwise.weight", [8, 3, 1, 1]],
      ["depthwise.weight", [8, 1, 3, 3]],
      ["depthwise.bias", [8]],
    ]);
    expect(model.summary().layers.map((l) => l.name)).toEqual(["pointwise", "between", "depthwise"]);
    expect(() => nn.separableConv2d(3, 8, 3, { order: "both" as never })).toThrow(/expected "depthwise first" or "pointwise first"/);
  });
});

describe("B5 B6 rows and columns", () => {
  test("B5 Sobel as a column and a row: 72 multiplications instead of 81 on a 5x5 input, the same result", () => {
    const column = tensor([1, 2, 1], [1, 1, 3, 1], "float64");
    const row = tensor([-1, 0, 1], [1, 1, 1, 3], "float64");
    const sobel = reshape(matmul(column.reshape([3, 1]), row.reshape([1, 3])), [1, 1, 3, 3]);
    const x = arange(25, [1, 1, 5, 5], "float64");
    expect(conv2d(conv2d(x, column), row).data).toEqual(conv2d(x, sobel).data);
    const initial = { initialise: initialise.constant(1), bias: false };
    const separate = nn.sequential([nn.conv2d(1, 1, [3, 1], initial), nn.conv2d(1, 1, [1, 3], initial)]);
    expect([macsOf(separate, [1, 5, 5]), macsOf(nn.conv2d(1, 1, 3), [1, 5, 5])]).toEqual([72, 81]);
  });

  test("B6 1x3 and 3x1 save 33 %; two 3x3 against one 5x5: 0.54", () => {
    const options = { bias: false };
    expect(weightsOf(nn.asymmetricConv2d(8, 8, 3, options), [8, 9, 9]) / weightsOf(nn.conv2d(8, 8, 3, options), [8, 9, 9])).toBeCloseTo(
      2 / 3,
      12,
    );
    const five = weightsOf(nn.conv2d(256, 512, 5, options), [256, 9, 9]);
    const threes = weightsOf(nn.sequential([nn.conv2d(256, 256, 3, options), nn.conv2d(256, 512, 3, options)]), [256, 9, 9]);
    expect([five, threes]).toEqual([3_276_800, 1_769_472]);
    expect((threes / five).toFixed(2)).toBe("0.54");
  });

  test("B6 a row and a column see what the square sees, with its stride and padding", () => {
    const square = createModel(nn.conv2d(2, 3, 5, { stride: 2, padding: 2 }), [2, 11, 9]);
    const asymmetric = createModel(nn.asymmetricConv2d(2, 3, 5, { stride: 2, padding: 2, between: nn.relu() }), [2, 11, 9]);
    expect(asymmetric.summary().layers.at(-1)?.outputShape).toEqual(square.summary().layers[0].outputShape);
    expect(asymmetric.field("column").axes).toEqual(square.field("conv2d").axes);
  });

  test("B11 two 3x3 see 5 with 18 weights instead of 25, three see 7 with 27 instead of 49", () => {
    const stack = (n: number): Module => nn.sequential(Array.from({ length: n }, () => nn.conv2d(1, 1, 3, { bias: false })));
    for (const [n, field, weights, whole] of [
      [2, 5, 18, 25],
      [3, 7, 27, 49],
    ]) {
      const model = createModel(stack(n), [1, 9, 9]);
      expect(model.field(String(n - 1)).axes[0].size).toBe(field);
      expect([model.parameterCount, weightsOf(nn.conv2d(1, 1, field, { bias: false }), [1, 9, 9])]).toEqual([weights, whole]);
    }
  });
});

describe("B8 enlarging without and with a checkerboard", () => {
  const inside = (y: Tensor): number => {
    const [height, width] = y.shape.slice(2);
    const cropped = run(
      nn.pad([
        [-4, -4],
        [-4, -4],
      ]),
      y,
    );
    return checkerboard(cropped.data, height - 8, width - 8, 2);
  };
  const flat = ones([1, 1, 12, 12], "float64");

  test("B8 on a flat picture k3 s2 is all checkerboard, k4 s2 p1 and resize + conv are flat", () => {
    expect(inside(convTranspose2d(flat, ones([1, 1, 3, 3], "float64"), undefined, { stride: 2 }))).toBeCloseTo(1, 12);
    expect(inside(convTranspose2d(flat, ones([1, 1, 4, 4], "float64"), undefined, { stride: 2, padding: 1 }))).toBe(0);
    for (const mode of ["nearest", "linear"] as const) expect(inside(run(nn.resizeConv2d(1, 1, 3, 2, { mode }), flat))).toBe(0);
  });

  test("B8 a resize-convolution has an output r times the size, and its kernel's parameters alone", () => {
    const model = createModel(nn.resizeConv2d(4, 8, 3, 2), [4, 5, 6]);
    expect(model.summary().layers.at(-1)?.outputShape).toEqual([8, 10, 12]);
    expect([...model.parameters.keys()]).toEqual(["conv.weight", "conv.bias"]);
  });
});

describe("B18 sub-pixel convolution", () => {
  test.each([
    [2, 3, 1],
    [3, 3, 0],
    [2, 2, 1],
    [4, 1, 0],
  ])("B18 factor %i, kernel %i, padding %i: a transposed convolution with the rearranged kernel", (factor, k, padding) => {
    const x = normal64([2, 3, 5, 4], 7);
    const weight = normal64([2 * factor ** 2, 3, k, k], 8);
    const shuffled = pixelShuffle(conv2d(x, weight, undefined, { padding }), { factor });
    const transposed = convTranspose2d(x, subPixelKernel(weight, { factor }), undefined, {
      stride: factor,
      padding: factor * (k - 1 - padding),
    });
    expect(difference(shuffled, transposed)).toBeLessThan(1e-12);
  });

  test("EP11 channel c·r² + a·r + b becomes row a, column b of block c", () => {
    const y = pixelShuffle(arange(8, [1, 8, 1, 1]), { factor: 2 });
    expect(y.toNested()).toEqual([
      [
        [
          [0, 1],
          [2, 3],
        ],
        [
          [4, 5],
          [6, 7],
        ],
      ],
    ]);
    const x = normal64([2, 3, 6, 4], 9);
    expect(pixelShuffle(pixelUnshuffle(x, { factor: 2 }), { factor: 2 }).data).toEqual(x.data);
    expect(() => pixelShuffle(zeros([1, 6, 2, 2]), { factor: 2 })).toThrow(/6 channels do not divide into blocks of 2\^2 = 4 pixels/);
    expect(() => pixelUnshuffle(zeros([1, 1, 4, 5]), { factor: 2 })).toThrow(/size 5 of spatial axis 1/);
  });

  test("B18 as a layer, twice as large", () => {
    const model = createModel(nn.subPixelConv2d(3, 2, 3, 2), [3, 5, 4]);
    expect(model.summary().layers.map((l) => [l.name, l.outputShape])).toEqual([
      ["conv", [8, 5, 4]],
      ["shuffle", [2, 10, 8]],
    ]);
  });
});

describe("B15 channel shuffle", () => {
  const order = (channels: number, groups: number): number[] =>
    Array.from(channelShuffle(arange(channels, [1, channels]), { groups }).data);
  test("B15 6 channels in 2 and in 3 groups", () => {
    expect(order(6, 2)).toEqual([0, 3, 1, 4, 2, 5]);
    expect(order(6, 3)).toEqual([0, 2, 4, 1, 3, 5]);
    expect(() => order(6, 4)).toThrow(/does not divide into 4 groups/);
  });
  test("B15 the fixtures' orders", () => {
    for (const c of fixture<{ cases: { channels: number; groups: number; order: number[] }[] }>("channel_shuffle").cases) {
      expect(order(c.channels, c.groups)).toEqual(c.order);
    }
  });
  test("B15 shuffling by g and then by n is the identity", () => {
    const x = normal64([2, 12, 3, 2], 10);
    for (const g of [2, 3, 4, 6]) expect(channelShuffle(channelShuffle(x, { groups: g }), { groups: 12 / g }).data).toEqual(x.data);
  });
});

describe("EC6 EC17 layers that know order, place or holes", () => {
  test("EC6 a causal convolution of a sequence does not see the future", () => {
    const net = nn.sequential([nn.conv1d(1, 2, 3, { padding: "causal" }), nn.conv1d(2, 1, 2, { padding: "causal", dilation: 4 })]);
    const x = normal64([1, 1, 12], 11);
    const changed = x.clone();
    changed.data[7] += 1;
    const [before, after] = [run(net, x), run(net, changed)];
    expect(before.shape).toEqual([1, 1, 12]);
    // The unit at 7 and later ones that reach back 0..2 and 4..6 steps.
    expect(Array.from(before.data, (v, i) => v !== after.data[i])).toEqual(Array.from({ length: 12 }, (_, i) => [7, 8, 9, 11].includes(i)));
  });

  test("EC17 coordinate channels run from -1 to 1, and the radius from the centre", () => {
    const y = run(nn.coordinateChannels({ radius: true }), zeros([2, 1, 3, 2]));
    expect(y.shape).toEqual([2, 4, 3, 2]);
    expect(y.entry(1).toNested()).toEqual(y.entry(0).toNested());
    expect(y.entry(1).entry(1).toNested()).toEqual([
      [-1, -1],
      [0, 0],
      [1, 1],
    ]);
    expect(y.entry(1).entry(2).toNested()).toEqual([
      [-1, 1],
      [-1, 1],
      [-1, 1],
    ]);
    expect(y.at(1, 3, 0, 0)).toBeCloseTo(Math.SQRT2, 6);
    expect(y.at(1, 3, 1, 1)).toBeCloseTo(1, 12);
  });

  test("EC17 a partial convolution with everything known is the convolution", () => {
    const [x, w, b] = [normal64([2, 3, 6, 5], 12), normal64([4, 3, 3, 3], 13), normal64([4], 14)];
    const { y, mask } = partialConv(x, ones([2, 1, 6, 5], "float64"), w, b, { stride: 2 });
    expect(difference(y, conv2d(x, w, b, { stride: 2 }))).toBeLessThan(1e-12);
    expect(mask.data.every((m) => m === 1)).toBe(true);
  });

  test("EC17 what lies in the holes does not matter, and the mean of a flat picture survives them", () => {
    const mask = tensor(
      [
        [1, 1, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0],
      ],
      undefined,
      "float64",
    ).reshape([1, 1, 4, 5]);
    const mean = full([1, 1, 3, 3], 1 / 9, "float64");
    const [a, b] = [0, 1e6].map((junk) => {
      const x = mask.clone();
      for (let i = 0; i < x.size; i++) x.data[i] = mask.data[i] === 1 ? 5 : junk;
      return partialConv(x, mask, mean, undefined, { padding: 1 });
    });
    expect(b.y.data).toEqual(a.y.data);
    expect(difference(a.y, mul(a.mask, 5))).toBeLessThan(1e-12);
    // Windows around columns 0..2 meet something known, those further right do not.
    expect(a.mask.toNested()).toEqual([
      [
        [
          [1, 1, 1, 0, 0],
          [1, 1, 1, 0, 0],
          [1, 1, 1, 0, 0],
          [1, 1, 1, 0, 0],
        ],
      ],
    ]);
    expect(() => partialConv(mask, ones([1, 2, 4, 5], "float64"), mean)).toThrow(/expected \[1, 1, 4, 5\]/);
  });

  test("EC17 stacked partial layers carry the mask along until the hole is closed", () => {
    const x = ones([1, 2, 7, 7]);
    for (let r = 1; r < 6; r++) for (let c = 1; c < 6; c++) x.data[49 + r * 7 + c] = 0;
    const layer = (): Module => nn.partialConv2d(1, 1, 3, { padding: 1 });
    const holes = (n: number): number => {
      const y = run(nn.sequential(Array.from({ length: n }, layer)), x);
      return Array.from(y.data.subarray(49)).filter((m) => m === 0).length;
    };
    expect([holes(1), holes(2), holes(3)]).toEqual([9, 1, 0]);
    expect(() => createModel(nn.partialConv2d(3, 4, 3), [3, 5, 5])).toThrow(/expected 3 channels and a mask/);
  });

  test("B9 a deformable layer starts as the plain convolution, version 2 as half of it", () => {
    const x = normal64([2, 3, 6, 6], 15);
    const plain = run(nn.conv2d(3, 4, 3, { padding: 1, bias: false, initialise: initialise.constant(0.5) }), x);
    const same = { padding: 1, bias: false, initialise: initialise.constant(0.5) };
    expect(run(nn.deformConv2d(3, 4, 3, same), x).data).toEqual(plain.data);
    const half = run(nn.deformConv2d(3, 4, 3, { ...same, modulated: true }), x);
    expect(difference(mul(half, 2), plain)).toBeLessThan(1e-12);
    const model = createModel(nn.deformConv2d(4, 6, 3, { groups: 2, offsetGroups: 2, modulated: true }), [4, 5, 5]);
    expect([...model.parameters].map(([name, t]) => [name, t.shape])).toEqual([
      ["offset.weight", [36, 4, 3, 3]],
      ["offset.bias", [36]],
      ["mask.weight", [18, 4, 3, 3]],
      ["mask.bias", [18]],
      ["weight", [6, 2, 3, 3]],
      ["bias", [6]],
    ]);
  });

  test("B9 a deformable layer whose kernel is fixed learns where to look: half a column to the right", () => {
    const x = normal64([4, 1, 6, 6], 16);
    const target = mul(conv2d(x, tensor([[[[0, 1, 1]]]], undefined, "float64"), undefined, { padding: [0, 1] }), 0.5);
    const model = createModel(nn.deformConv2d(1, 1, 1, { bias: false, initialise: initialise.constant(1) }), [1, 6, 6]);
    const { input, output, variables } = model.trace({ batch: 4, dtype: "float64", frozen: false });
    const names = ["offset.weight", "offset.bias"];
    const learned = names.map((name) => variables.get(name) as Value);
    const loss = mse(output, constant(target));
    const slopes = gradient(loss, learned);
    const values = new Map<Value, Tensor>([[input, x]]);
    for (const [name, value] of variables) values.set(value, (model.parameters.get(name) as Tensor).cast("float64"));
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) {
      const [now, ...down] = evaluateValues([loss, ...slopes], values);
      losses.push(now.item());
      learned.forEach((value, k) => {
        values.set(value, sub(values.get(value) as Tensor, mul(down[k], 0.1)));
      });
    }
    const [weight, bias] = learned.map((value) => values.get(value) as Tensor);
    expect(losses[59]).toBeLessThan(losses[0] / 1000);
    // The same place in every picture: the bias says it all.
    expect(Math.max(...weight.data.map(Math.abs))).toBeLessThan(1e-3);
    expect(bias.data[0]).toBeCloseTo(0, 3);
    expect(bias.data[1]).toBeCloseTo(0.5, 3);
  });
});
