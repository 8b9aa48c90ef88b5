// Maps against PyTorch's, made by hooks that were written for the purpose (tools/golden_lens.py), on nets of torchvision and a small one.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type AttributeOptions, type AttributionMethod, attribute } from "../../src/lens/index.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { Tensor } from "../../src/tensor/index.ts";
import { architecture } from "../../src/zoo/index.ts";
import { filled, numbers } from "../support/formula-weights.ts";

interface Rows {
  /** Every seventh row of every channel. */
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
interface Case {
  readonly net: string;
  readonly class: number;
  readonly shape: readonly number[];
  readonly score: number;
  readonly maps: Readonly<Record<string, Rows>>;
  readonly layerMaps: Readonly<Record<string, Rows>>;
  /** Of LRP, by an option and its value: "rule gamma". */
  readonly relevance: Readonly<Record<string, Rows>>;
}
const { cases } = JSON.parse(readFileSync(new URL("../golden/lens-maps.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};

/** PyTorch's name of a net, its name here, and the layer that the maps of the CAM family belong to. */
const nets: Readonly<Record<string, { readonly name?: string; readonly at: string }>> = {
  lenet: { at: "4" },
  resnet18: { name: "resnet18", at: "layer3" },
  squeezenet1_1: { name: "squeezenet1.1", at: "features.12" },
  mobilenet_v2: { name: "mobilenet-v2", at: "features.18" },
};

const lenet = nn.sequential([
  ...[nn.conv2d(1, 6, 5), nn.relu(), nn.maxPool2d(2), nn.conv2d(6, 8, 3), nn.relu(), nn.flatten()],
  ...[nn.linear(288, 16), nn.relu(), nn.linear(16, 5)],
]);

function modelOf({ net, shape }: Case): Model {
  const { name } = nets[net];
  const built = name === undefined ? lenet : architecture(name).build(shape, 1000);
  const shapes = createModel(built, shape).shapes();
  const state = new Map([...shapes].filter(([n]) => !n.endsWith("num_batches_tracked")).map(([n, s]) => [n, filled(n, s)]));
  return createModel(built, shape, { parameters: state, partial: true });
}

function everySeventhRow(map: Tensor): number[] {
  const [height, width] = map.shape.slice(-2);
  return Array.from(map.data).filter((_, i) => Math.floor((i % (height * width)) / width) % 7 === 0);
}

/** Largest difference over largest magnitude. The file has six digits; in float32, kinks of deep random nets fall to either side. */
function expectAlike(found: Tensor, { values }: Rows, tolerance: number): void {
  const rows = everySeventhRow(found);
  expect(rows.length).toBe(values.length);
  const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const worst = values.reduce((most, v, i) => Math.max(most, Math.abs(v - rows[i])), 0);
  expect(worst / largest).toBeLessThan(tolerance);
}

const settings: Readonly<Record<string, (shape: readonly number[]) => Partial<AttributeOptions>>> = {
  occlusion: ([, size]) => ({ window: size / 4, stride: size / 4 }),
  lrp: () => ({ rule: "epsilon", epsilon: 0.01 }),
};

describe.each(cases)("G2 G3 G7 G9 $net as PyTorch sees it", (given) => {
  const model = modelOf(given);
  const image = new Tensor(Float32Array.from(numbers("picture", given.shape.reduce((a, b) => a * b, 1))), given.shape); // biome-ignore format: one thought
  // Small nets exactly, large ones on the device that people use.
  const exact = given.net === "lenet";
  const machine = exact ? ({ device: "reference", dtype: "float64" } as const) : ({ device: "wasm", threads: 2 } as const);
  const ask = (method: AttributionMethod, more: Partial<AttributeOptions> = {}) =>
    attribute(model, exact ? image.cast("float64") : image, { method, class: given.class, ...machine, ...more });

  test.each(Object.keys(given.maps))("%s", { timeout: 60_000 }, async (method) => {
    const found = await ask(method as AttributionMethod, settings[method]?.(given.shape));
    expect(Math.abs(found.score / given.score - 1)).toBeLessThan(exact ? 1e-6 : 1e-3);
    expectAlike(found.map, given.maps[method], exact ? 6e-6 : 1e-2);
  });

  test.each(Object.keys(given.layerMaps))("%s", { timeout: 60_000 }, async (method) => {
    const { layerMap } = await ask(method as AttributionMethod, { at: nets[given.net].at });
    expectAlike(layerMap as Tensor, given.layerMaps[method], exact ? 6e-6 : 1e-2);
  });

  test.each(Object.keys(given.relevance))("LR2 LR4 lrp with %s", async (told) => {
    const [option, value] = told.split(" ");
    expectAlike((await ask("lrp", { [option]: value })).map, given.relevance[told], 6e-6);
  });
});
