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
  ["F4", "vgg11", "vgg11"],
  ["F4", "vgg16", "vgg16"],
  ["F4", "vgg19", "vgg19"],
  ["F4", "vgg16-bn", "vgg16-bn"],
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
];

function statistics(model: Model): number {
  let count = 0;
  for (const [name, buffer] of model.buffers) if (/running_(mean|var)$/.test(name)) count += buffer.size;
  return count;
}

describe("exact counts", () => {
  test.each(rows)("A14 %s %s has the counts of section 3", (_, key, name) => {
    const expected = fixture<{ networks: Readonly<Record<string, Counts>> }>("architectures").networks[key];
    const model = zooModel(name, { inputShape: expected.input });
    const { layers, total } = model.summary();
    const convolutions = layers.filter((l) => l.kind === "conv2d").reduce((sum, l) => sum + l.macs, 0);
    expect(model.parameterCount).toBe(expected.parameters);
    expect(total.parameters).toBe(expected.parameters);
    expect(statistics(model)).toBe(expected.batch_norm_running_statistics);
    expect(total.macs).toBe(expected.macs);
    expect(convolutions).toBe(expected.macs_convolutions_only);
  });
});
