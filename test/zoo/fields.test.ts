// Receptive fields of the zoo against the published tables.
import { describe, expect, test } from "vitest";
import type { Model } from "../../src/nn/index.ts";
import { zooModel } from "../../src/zoo/index.ts";
import { fixture } from "../support/fixtures.ts";

type Table = readonly (readonly [layer: string, size: number, stride: number, padding: number])[];
const tables = fixture<{ networks: Readonly<Record<string, Table>> }>("receptive_fields").networks;

/** torchvision numbers VGG's layers; the tables name them: conv1_1, conv1_2, pool1, ... */
function vggNames(model: Model): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  let [run, conv] = [1, 1];
  for (const { name, kind } of model.summary().layers) {
    if (kind === "conv2d") names.set(`conv${run}_${conv++}`, name);
    if (kind === "maxPool2d") {
      names.set(`pool${run++}`, name);
      conv = 1;
    }
  }
  return names;
}

/** Size and stride of a layer's field, when it is the same along both axes. */
function sizeAndStride(model: Model, layer: string): readonly [number, number] {
  const { status, axes } = model.field(layer);
  expect(status).toBe("exact");
  expect(axes[0]).toEqual(axes[1]);
  return [axes[0].size, axes[0].stride];
}

describe("H3 receptive fields", () => {
  test.each([
    ["alexnet_v2", "alexnet-2012"],
    ["zfnet", "zfnet"],
    ["vgg_16", "vgg16"],
    ["lenet5", "lenet5-1998"],
  ])("H3 %s has the fields of section 5", (table, name) => {
    const model = zooModel(name);
    const renamed = vggNames(model);
    for (const [layer, size, stride, padding] of tables[table]) {
      const path = table === "vgg_16" ? (renamed.get(layer) as string) : table === "lenet5" ? layer.toLowerCase() : layer;
      const axis = { size, stride, padding };
      expect(model.field(path), layer).toEqual({ status: "exact", axes: [axis, axis] });
    }
  });

  test.each([
    ["F4", "vgg11", "features.20", 150, 32],
    ["F6", "resnet18", "layer4", 435, 32],
    ["F6", "resnet50", "layer4", 427, 32],
    ["F6", "resnet50-paper", "layer4", 483, 32],
    ["F11", "mobilenet-v1", "features", 315, 32],
  ])("H3 %s %s sees %s", (_, name, layer, size, stride) => {
    expect(sizeAndStride(zooModel(name), layer)).toEqual([size, stride]);
  });

  test.each([
    [224, [0, 2, 2, 6, 6, 14, 14, 30, 46, 62, 78, 94, 94, 126]],
    [321, [1, 3, 5, 9, 13, 21, 29, 45, 61, 77, 93, 109, 125, 157]],
  ])("RF7 MobileNet's paddings at %i pixels are those of TensorFlow", (size, paddings) => {
    const model = zooModel("mobilenet-v1", { inputShape: [3, size, size] });
    expect(paddings.map((_, i) => model.field(`features.${i}`).axes[0].padding)).toEqual(paddings);
  });
});
