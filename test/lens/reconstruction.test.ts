// Zeiler and Fergus' projection of a map, by its definition: switches, rectification, transposed filters.
import { describe, expect, test } from "vitest";
import { activations, attribute } from "../../src/lens/index.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { convTranspose2d, maxPoolIndices, maxUnpool, relu } from "../../src/ops/index.ts";
import { random, randomNormal, type Tensor, zeros } from "../../src/tensor/index.ts";
import { smallNet } from "./nets.ts";

const exact = { device: "reference", dtype: "float64" } as const;

describe("G6 Zeiler-Fergus reconstructions", () => {
  test("G6 of a linear net without pooling it is Wᵀ times the map", async () => {
    const net = nn.sequential({ conv: nn.conv2d(2, 3, 3, { padding: 1, bias: false }) });
    const model = createModel(net, [2, 5, 6], { seed: 1 });
    const image = randomNormal([2, 5, 6], random(1)).cast("float64");
    const { map } = await attribute(model, image, { method: "zeilerFergus", layer: "conv", channel: 1, ...exact });
    const maps = (await activations(model, image, exact)).get("conv") as Tensor;
    const kept = zeros([1, 3, 5, 6], "float64");
    kept.data.set(maps.entry(1).data, 30);
    const weight = (model.parameters.get("conv.weight") as Tensor).cast("float64");
    const expected = convTranspose2d(kept, weight, { padding: 1 });
    for (let i = 0; i < map.size; i++) expect(map.data[i]).toBeCloseTo(expected.data[i], 10);
  });

  test("G6 through pooling and ReLU: unpooled by the switches, rectified, filtered back, step by step", async () => {
    const model = smallNet();
    const image = randomNormal([1, 12, 12], random(2)).cast("float64");
    const { map } = await attribute(model, image, { method: "zeilerFergus", layer: "conv2", channel: 3, ...exact });
    const found = await activations(model, image, exact);
    const weight = (name: string): Tensor => (model.parameters.get(`${name}.weight`) as Tensor).cast("float64");
    const kept = zeros([1, 6, 6, 6], "float64");
    kept.data.set((found.get("conv2") as Tensor).entry(3).data, 3 * 36);
    const below = convTranspose2d(kept, weight("conv2"), { padding: 1 });
    const rectifiedMaps = (found.get("relu1") as Tensor).reshape([1, 4, 12, 12]);
    const unpooled = maxUnpool(below, maxPoolIndices(rectifiedMaps, 2), { outputSize: [12, 12] });
    const expected = convTranspose2d(relu(unpooled), weight("conv1"), { padding: 1 });
    for (let i = 0; i < map.size; i++) expect(map.data[i]).toBeCloseTo(expected.data[i], 9);
  });

  test("G6 RR3 of one unit it stays within the unit's receptive field, and wasm agrees", async () => {
    const model = smallNet();
    const image = randomNormal([1, 12, 12], random(3));
    const options = { method: "zeilerFergus", layer: "conv2", channel: 0, position: [2, 3] } as const;
    const slow = await attribute(model, image, { ...options, device: "reference" });
    const fast = await attribute(model, image, { ...options, device: "wasm", threads: 1 });
    for (let i = 0; i < 144; i++) expect(fast.map.data[i]).toBeCloseTo(slow.map.data[i], 5);
    // conv 3, pool 2, conv 3: field 8, stride 2, padding 3.
    for (let y = 0; y < 12; y++) {
      for (let x = 0; x < 12; x++) {
        const inside = y >= 2 * 2 - 3 && y < 2 * 2 - 3 + 8 && x >= 2 * 3 - 3 && x < 2 * 3 - 3 + 8;
        if (!inside) expect(slow.map.at(0, y, x)).toBe(0);
      }
    }
  });
});
