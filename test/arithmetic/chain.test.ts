import { describe, expect, it } from "vitest";
import {
  type Chain,
  type ChainLayer,
  chainOf,
  explainConvCost,
  explainLinearCost,
  explainTransposedCost,
} from "../../src/arithmetic/index.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { fixture } from "../support/fixtures.ts";

interface Row {
  readonly input: number[];
  readonly parameters: number;
  readonly batch_norm_running_statistics: number;
  readonly macs: number;
  readonly macs_convolutions_only: number;
}

type ConvOptions = Partial<Extract<ChainLayer, { kind: "conv" }>>;
const conv = (channels: number, kernel: number, options: ConvOptions = {}): ChainLayer => ({ kind: "conv", channels, kernel, ...options });
const pool = (kernel: number, stride = kernel, options: Partial<Extract<ChainLayer, { kind: "pool" }>> = {}): ChainLayer => ({
  kind: "pool",
  kernel,
  stride,
  ...options,
});
const dense = (...features: number[]): ChainLayer[] => features.map((n) => ({ kind: "linear", features: n }));
const norm: ChainLayer = { kind: "norm" };
const globalPool: ChainLayer = { kind: "globalPool" };

function alexnet(groups: number): ChainLayer[] {
  return [
    conv(96, 11, { stride: 4 }),
    pool(3, 2),
    conv(256, 5, { padding: 2, groups }),
    pool(3, 2),
    conv(384, 3, { padding: 1 }),
    conv(384, 3, { padding: 1, groups }),
    conv(256, 3, { padding: 1, groups }),
    pool(3, 2),
    ...dense(4096, 4096, 1000),
  ];
}

function vgg(stages: readonly number[], batchNorm = false): ChainLayer[] {
  const widths = [64, 128, 256, 512, 512];
  const layers = stages.flatMap((count, stage) => [
    ...Array.from({ length: count }, () => [conv(widths[stage], 3, { padding: 1 }), ...(batchNorm ? [norm] : [])]).flat(),
    pool(2),
  ]);
  return [...layers, ...dense(4096, 4096, 1000)];
}

/** MobileNet v1: a 3x3 convolution, then 13 pairs of depthwise and pointwise, or with `full` 13 full 3x3 convolutions. */
function mobilenet(width: number, full = false): ChainLayer[] {
  const rows: [number, number][] = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
    ...Array.from({ length: 5 }, (): [number, number] => [512, 1]),
    [1024, 2],
    [1024, 1],
  ];
  const free = { bias: false, padding: 1 };
  let channels = 32 * width;
  const layers: ChainLayer[] = [conv(channels, 3, { stride: 2, ...free }), norm];
  for (const [wide, stride] of rows) {
    if (full) layers.push(conv(wide * width, 3, { stride, ...free }), norm);
    else layers.push(conv(channels, 3, { stride, groups: "depthwise", ...free }), norm, conv(wide * width, 1, { bias: false }), norm);
    channels = wide * width;
  }
  return [...layers, globalPool, ...dense(1000)];
}

const nets: Readonly<Record<string, ChainLayer[]>> = {
  "lenet5-modern": [conv(6, 5), pool(2), conv(16, 5), pool(2), ...dense(120, 84, 10)],
  "keras-mnist-cnn": [conv(32, 3), conv(64, 3), pool(2), ...dense(128, 10)],
  "z1-mnist-net": [
    conv(32, 3, { padding: "same", bias: false }),
    pool(2),
    conv(64, 3, { padding: "same", bias: false }),
    pool(2),
    ...dense(1000, 1000, 10),
  ],
  "alexnet-2012": alexnet(2),
  "alexnet-ungrouped": alexnet(1),
  "alexnet-torchvision": [
    conv(64, 11, { stride: 4, padding: 2 }),
    pool(3, 2),
    conv(192, 5, { padding: 2 }),
    pool(3, 2),
    conv(384, 3, { padding: 1 }),
    conv(256, 3, { padding: 1 }),
    conv(256, 3, { padding: 1 }),
    pool(3, 2),
    ...dense(4096, 4096, 1000),
  ],
  zfnet: [
    conv(96, 7, { stride: 2, padding: 1 }),
    pool(3, 2, { ceilMode: true }),
    conv(256, 5, { stride: 2 }),
    pool(3, 2, { ceilMode: true }),
    conv(384, 3, { padding: 1 }),
    conv(384, 3, { padding: 1 }),
    conv(256, 3, { padding: 1 }),
    pool(3, 2),
    ...dense(4096, 4096, 1000),
  ],
  vgg11: vgg([1, 1, 2, 2, 2]),
  vgg16: vgg([2, 2, 3, 3, 3]),
  vgg19: vgg([2, 2, 4, 4, 4]),
  "vgg16-bn": vgg([2, 2, 3, 3, 3], true),
  "mobilenet-1.0-224": mobilenet(1),
  "mobilenet-0.75-224": mobilenet(0.75),
  "mobilenet-1.0-128": mobilenet(1),
  "mobilenet-full-conv": mobilenet(1, true),
};

describe("A14 cost meter", () => {
  it.each(Object.keys(nets))("A14 %s: parameters and multiply-adds of section 3", (name) => {
    const { networks } = fixture<{ networks: Record<string, Row> }>("architectures");
    const row = networks[name];
    const { rows, total } = chainOf(row.input, nets[name]);
    expect(total.parameters).toBe(row.parameters);
    expect(total.macs).toBe(row.macs);
    expect(total.convolutionMacs).toBe(row.macs_convolutions_only);
    // A norm keeps as many running statistics as it has parameters.
    const statistics = rows.filter((r) => r.kind === "norm").reduce((sum, r) => sum + r.cost.parameters.value, 0);
    expect(statistics).toBe(row.batch_norm_running_statistics);
  });

  it("A14 LeNet-5: every layer's shape, activations, memory and field", () => {
    const { rows, total } = chainOf([1, 32, 32], nets["lenet5-modern"]);
    expect(rows.map((r) => r.shape)).toEqual([[6, 28, 28], [6, 14, 14], [16, 10, 10], [16, 5, 5], [120], [84], [10]]);
    expect(rows.map((r) => r.cost.parameters.value)).toEqual([156, 0, 2416, 0, 48_120, 10_164, 850]);
    expect(rows.map((r) => r.cost.activations.value)).toEqual([4704, 1176, 1600, 400, 120, 84, 10]);
    expect(rows[0].cost.memory).toMatchObject({ value: 4 * (156 + 4704), formula: "bytes = 4(parameters + activations)" });
    expect(total.memory).toBe(4 * (61_706 + 8094));
    expect(rows[3].field).toEqual([
      { size: 16, stride: 4, padding: 0 },
      { size: 16, stride: 4, padding: 0 },
    ]);
    expect(rows[4].field).toBe("whole input");
    expect(rows[0].sizes[0].substituted).toBe("(32 - 5) + 1 = 28");
  });

  it("A14 the dense layers' share: AlexNet 96.0 %, VGG-16 89.4 %", () => {
    const share = ({ rows, total }: Chain): number =>
      rows.filter((r) => r.kind === "linear").reduce((sum, r) => sum + r.cost.parameters.value, 0) / total.parameters;
    expect(share(chainOf([3, 224, 224], nets["alexnet-torchvision"]))).toBeCloseTo(0.96, 3);
    expect(share(chainOf([3, 224, 224], nets.vgg16))).toBeCloseTo(0.894, 3);
  });

  it("A14 costs explain themselves", () => {
    const cost = explainConvCost({ inChannels: 4, outChannels: 6, kernel: [3, 5], output: [8, 7], groups: 2 });
    expect(cost.parameters).toMatchObject({
      value: 186,
      formula: "parameters = n·(m / g)·k1·k2 + n",
      substituted: "6·(4 / 2)·3·5 + 6 = 186",
    });
    expect(cost.macs).toMatchObject({ value: 10_080, substituted: "6·(4 / 2)·3·5·8·7 = 10080" });
    expect(cost.activations).toMatchObject({ value: 336, substituted: "6·8·7 = 336" });
    expect(explainLinearCost({ inFeatures: 1024, outFeatures: 1000 }, { bytes: 2 }).memory.value).toBe(2 * (1_025_000 + 1000));
    expect(() => explainConvCost({ inChannels: 4, outChannels: 6, kernel: [1], output: [1], groups: 4 })).toThrow(ArgumentError);
  });

  it("A14 a transposed convolution costs what the convolution costs that it is the transpose of", () => {
    const forward = explainConvCost({ inChannels: 8, outChannels: 4, kernel: [3, 3], output: [5, 6], groups: 2, bias: false });
    const back = explainTransposedCost({
      inChannels: 4,
      outChannels: 8,
      kernel: [3, 3],
      input: [5, 6],
      output: [10, 12],
      groups: 2,
      bias: false,
    });
    expect(back.macs.value).toBe(forward.macs.value);
    expect(back.parameters.value).toBe(forward.parameters.value);
    expect(back.activations.value).toBe(8 * 120);
  });

  it("A14 layers that do not fit are named", () => {
    expect(() => chainOf([1, 8, 8], [conv(4, 3, { name: "stem" }), pool(2), conv(4, 5, { name: "deep" })])).toThrow(ShapeError);
    expect(() => chainOf([1, 8, 8], [conv(4, 3, { name: "stem" }), pool(2), conv(4, 5, { name: "deep" })])).toThrow(
      /^deep: spatial axis 0/,
    );
    expect(() => chainOf([1, 8], [...dense(3), conv(2, 1, { name: "late" })])).toThrow("late: its input is flat");
    expect(() => chainOf([1, 8, 8], [{ kind: "conv", name: "odd", channels: 1, kernel: [3] }])).toThrow(ArgumentError);
  });

  it("A14 every axis on its own", () => {
    const { rows } = chainOf(
      [1, 20, 30],
      [{ kind: "conv", channels: 2, kernel: [3, 5], stride: [1, 2], dilation: [2, 1], padding: "same" }],
    );
    expect(rows[0].shape).toEqual([2, 20, 15]);
    expect(rows[0].field).toEqual([
      { size: 5, stride: 1, padding: 2 },
      { size: 5, stride: 2, padding: 1 },
    ]);
  });
});
