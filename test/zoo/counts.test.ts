// Parameters, running statistics and multiply-adds of the zoo, against the exact counts of the papers and of torchvision.
import { describe, expect, test } from "vitest";
import type { Model } from "../../src/nn/index.ts";
import { zooModel } from "../../src/zoo/index.ts";
import { fixture } from "../support/fixtures.ts";

interface Counts {
  readonly input: readonly number[];
  readonly parameters: number;
  readonly batch_norm_running_statistics: number;
  readonly macs: number;
  readonly macs_convolutions_only: number;
}

/** Requirement row, name in the fixtures, name in the zoo. */
const rows: readonly (readonly [row: string, fixture: string, name: string])[] = [
  ["F1", "lenet5-modern", "lenet5"],
  ["A14", "keras-mnist-cnn", "keras-mnist-cnn"],
  ["A14", "z1-mnist-net", "z1-mnist-net"],
  ["F2", "alexnet-2012", "alexnet-2012"],
  ["F2", "alexnet-ungrouped", "alexnet-ungrouped"],
  ["F2", "alexnet-torchvision", "alexnet"],
  ["F3", "zfnet", "zfnet"],
  ["F4", "vgg11", "vgg11"],
  ["F4", "vgg16", "vgg16"],
  ["F4", "vgg19", "vgg19"],
  ["F4", "vgg16-bn", "vgg16-bn"],
  ["F5", "googlenet-paper", "googlenet-paper"],
  ["F5", "googlenet-torchvision", "googlenet"],
  ["F6", "resnet18", "resnet18"],
  ["F6", "resnet50-v1.5", "resnet50"],
  ["F6", "resnet50-paper", "resnet50-paper"],
  ["F6", "resnet50-keras", "resnet50-keras"],
  ["F6", "resnet152-v1.5", "resnet152"],
  ["F6", "resnet152-paper", "resnet152-paper"],
  ...[20, 32, 44, 56, 110, 1202].map((depth) => ["F6", `resnet${depth}-cifar`, `resnet${depth}-cifar`] as const),
  ["B19", "resnext50-32x4d", "resnext50-32x4d"],
  ["F11", "mobilenet-1.0-224", "mobilenet-v1"],
  ["F11", "mobilenet-0.75-224", "mobilenet-v1-0.75"],
  ["F11", "mobilenet-1.0-128", "mobilenet-v1"],
  ["F11", "mobilenet-full-conv", "mobilenet-v1-full"],
  ["F11", "squeezenet1.0", "squeezenet1.0"],
  ...[1, 3, 8].map((groups) => ["F11", `shufflenet-v1-1x-g${groups}`, `shufflenet-v1-g${groups}`] as const),
  ["B14", "densenet121", "densenet121"],
  ["B14", "densenet161", "densenet161"],
  ["B14", "densenet40-k12-cifar", "densenet40-cifar"],
  ["B17", "xception", "xception"],
];

function statistics(model: Model): number {
  let count = 0;
  for (const [name, buffer] of model.buffers) if (/running_(mean|var)$/.test(name)) count += buffer.size;
  return count;
}

const expectations = fixture<{ networks: Readonly<Record<string, Counts>> }>("architectures").networks;

describe("exact counts", () => {
  test("A14 every net of the fixtures is in the zoo", () => {
    expect(rows.map(([, key]) => key).sort()).toEqual(Object.keys(expectations).sort());
  });

  test.each(rows)("A14 %s %s has the counts of section 3", (_, key, name) => {
    const expected = expectations[key];
    const model = zooModel(name, { inputShape: expected.input });
    const { layers, total } = model.summary();
    const convolutions = layers.filter((l) => l.kind === "conv2d").reduce((sum, l) => sum + l.macs, 0);
    expect(model.parameterCount).toBe(expected.parameters);
    expect(total.parameters).toBe(expected.parameters);
    expect(statistics(model)).toBe(expected.batch_norm_running_statistics);
    expect(total.macs).toBe(expected.macs);
    expect(convolutions).toBe(expected.macs_convolutions_only);
  });

  // SE-ResNet-50 as its authors released it; WRN-28-10 as Zagoruyko & Komodakis count it; the rest as their reference code counts.
  test.each([
    ["se-resnet50", 28_088_024],
    ["wide-resnet28-10-cifar", 36_479_194],
    ["preact-resnet164-cifar", 1_703_258],
    ["unet", 31_030_658],
    ["dcgan-generator", 3_576_704],
    ["dcgan-discriminator", 2_765_568],
  ])("F6 F8 F11 %s has %i parameters", (name, parameters) => {
    expect(zooModel(name).parameterCount).toBe(parameters);
  });

  test("F11 the share of the dense layers: 96.0 % of AlexNet, 89.4 % of VGG-16", () => {
    const share = (name: string): string => {
      const { layers, total } = zooModel(name).summary();
      const dense = layers.filter((l) => l.kind === "linear").reduce((sum, l) => sum + l.parameters, 0);
      return ((100 * dense) / total.parameters).toFixed(1);
    };
    expect(share("alexnet")).toBe("96.0");
    expect(share("vgg16")).toBe("89.4");
  });

  test("F11 SqueezeNet has 48.9 times fewer parameters than AlexNet", () => {
    expect((zooModel("alexnet").parameterCount / zooModel("squeezenet1.0").parameterCount).toFixed(1)).toBe("48.9");
  });
});

describe("map sizes", () => {
  const rowsOf = (name: string, layers: readonly string[]): number[] => {
    const summary = zooModel(name).summary();
    return layers.map((layer) => summary.layers.find((l) => l.name === layer)?.outputShape[1] ?? Number.NaN);
  };

  test("F2 AlexNet: 55, 27, 27, 13, 13, 13, 6", () => {
    const layers = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv5", "pool5"];
    expect(rowsOf("alexnet-2012", layers)).toEqual([55, 27, 27, 13, 13, 13, 6]);
  });

  test("F3 ZF Net: 110, 55, 26, 13, 6", () => {
    expect(rowsOf("zfnet", ["conv1", "pool1", "conv2", "pool2", "pool5"])).toEqual([110, 55, 26, 13, 6]);
  });

  test("B10 GoogLeNet's blocks take 128, 304, 73, 88, 100, 119, 170, 51 and 71 million multiply-adds", () => {
    const { layers } = zooModel("googlenet-paper").summary();
    const work = (block: string): number =>
      layers.filter((l) => l.name.startsWith(`inception${block}.`)).reduce((sum, l) => sum + l.macs, 0);
    expect(work("3a")).toBe(128_049_152);
    // The paper rounds 73.6 down, and for 5a it prints 54.
    const printed = { "3a": 128, "3b": 304, "4a": 73, "4b": 88, "4c": 100, "4d": 119, "4e": 170, "5a": 51, "5b": 71 };
    for (const [block, millions] of Object.entries(printed)) expect(Math.abs(work(block) / 1e6 - millions), block).toBeLessThan(0.7);
    const parameters = layers.filter((l) => l.name.startsWith("inception3a.")).reduce((sum, l) => sum + l.parameters, 0);
    expect(parameters).toBe(163_696);
  });
});
