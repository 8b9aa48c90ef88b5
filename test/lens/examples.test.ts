// The pictures that excite a unit, and the exactness of the part of them that it sees (seeing-inside.md section 7).
import { describe, expect, it } from "vitest";
import { arraysDataset } from "../../src/data/dataset.ts";
import { cropBox, unitBox } from "../../src/lens/crop.ts";
import { activations, examples, filters } from "../../src/lens/index.ts";
import { createModel, type Model, type Module, nn } from "../../src/nn/index.ts";
import { pad } from "../../src/ops/index.ts";
import { ones, random, randomNormal, Tensor, tensor } from "../../src/tensor/index.ts";
import { fixture } from "../support/fixtures.ts";
import { noisePictures, smallNet } from "./nets.ts";

const device = "reference" as const;
const plus = [0, 1, 0, 1, 1, 1, 0, 1, 0];

/** A detector of plus signs: the sign's own pixels count, the others count against it. */
function plusDetector(size: number): Model {
  const weight = tensor(new Float32Array(plus.map((v) => (v === 1 ? 1 : -1))), [1, 1, 3, 3]);
  return createModel(nn.sequential({ conv: nn.conv2d(1, 1, 3, { bias: false }) }), [1, size, size], {
    parameters: new Map([["conv.weight", weight]]),
  });
}

describe("dataset examples", () => {
  it("DE1 G4 a pattern planted in 1 of 1000 pictures is rank 1, and its crop is the planted box", async () => {
    const [index, top, left] = [617, 5, 2];
    const plant = (picture: Float32Array, i: number): void => {
      if (i === index) for (let p = 0; p < 9; p++) picture[(top + Math.floor(p / 3)) * 11 + left + (p % 3)] = plus[p];
    };
    const data = noisePictures(1000, 11, { plant });
    const [unit] = await examples(plusDetector(11), data, { layer: "conv", channel: 0, device });
    expect(unit.top).toHaveLength(9);
    expect(unit.top[0]).toMatchObject({ index, activation: 5, position: [top, left], box: { top, left, height: 3, width: 3 } });
    expect(Array.from(unit.top[0].crop.data)).toEqual(plus);
    expect(Array.from(unit.top[0].picture.data)).toEqual(Array.from(data.image(index).data));
    expect(unit.best).toBe(5);
    expect(unit.top[1].activation).toBeLessThan(5);
  });

  it("G4 the box of feature (0, 2) at R 3039, S 32, P 1482 is centred at (37, 101)", () => {
    const axis = { size: 3039, stride: 32, padding: 1482 };
    const box = unitBox({ field: { status: "exact", axes: [axis, axis] }, warnings: [] }, [0, 2]);
    expect([box.top + (box.height - 1) / 2, box.left + (box.width - 1) / 2]).toEqual([37, 101]);
  });

  const nets: Readonly<Record<string, { net: Module; layer: string }>> = {
    "a chain with stride, padding, dilation and pools": {
      layer: "conv3",
      net: nn.sequential({
        conv1: nn.conv2d(1, 3, 5, { stride: 2, padding: 2 }),
        relu1: nn.relu(),
        pool: nn.maxPool2d(3, { stride: 1, padding: 1 }),
        conv2: nn.conv2d(3, 4, 3, {
          dilation: 2,
          padding: [
            [1, 2],
            [0, 1],
          ],
        }),
        relu2: nn.relu(),
        conv3: nn.conv2d(4, 5, [2, 3]),
      }),
    },
    "a residual block": {
      layer: "conv2",
      net: nn.sequential({
        conv1: nn.conv2d(1, 3, 3, { padding: 1 }),
        block: nn.residual({ a: nn.conv2d(3, 3, 3, { padding: 1 }), relu: nn.relu(), b: nn.conv2d(3, 3, 3, { padding: 1 }) }),
        pool: nn.avgPool2d(2),
        conv2: nn.conv2d(3, 5, 3),
      }),
    },
  };

  describe.each(Object.entries(nets))("in %s", (_, { net, layer }) => {
    const model = createModel(net, [1, 20, 20], { seed: 3 });
    const data = noisePictures(30, 20, { seed: 8, loudest: 1 });

    it("DE2 G4 noise everywhere outside the crop leaves the activation as it was, bit for bit", async () => {
      for (const unit of await examples(model, data, { layer, top: 4, device })) {
        for (const { picture, box, position, activation } of unit.top) {
          const noise = randomNormal(picture.shape, random(unit.channel * 100 + position[0]), 0, 50);
          for (let i = 0; i < 20; i++) {
            for (let j = 0; j < 20; j++) {
              const inside = i >= box.top && i < box.top + box.height && j >= box.left && j < box.left + box.width;
              if (inside) noise.data[i * 20 + j] = picture.data[i * 20 + j];
            }
          }
          const maps = await activations(model, noise, { layers: [layer], device });
          expect(maps.get(layer)?.at(unit.channel, ...position)).toBe(activation);
        }
      }
    });

    it("DE3 the crop on an empty picture, at its place, gives the recorded value back", async () => {
      const units = await examples(model, data, { layer, top: 2, device });
      for (const unit of units) {
        for (const { crop, box, position, activation } of unit.top) {
          const placed = pad(crop, [
            [0, 0],
            [box.top, 20 - box.top - box.height],
            [box.left, 20 - box.left - box.width],
          ]);
          const maps = await activations(model, placed, { layers: [layer], device });
          expect(maps.get(layer)?.at(unit.channel, ...position)).toBeCloseTo(activation, 5);
        }
      }
    });

    it("DE4 order and content do not depend on the batch size", async () => {
      const one = await examples(model, data, { layer, batchSize: 1, device });
      for (const batchSize of [7, 30, 64]) expect(await examples(model, data, { layer, batchSize, device })).toEqual(one);
    });
  });

  it("G4 ties go to the lower picture, then to the first position in row-major order", async () => {
    const images = new Float32Array(5 * 36);
    // Pictures 1 and 3 hold the same bright pixel twice; 4 holds it once.
    for (const [picture, pixel] of [
      [1, 20],
      [1, 9],
      [3, 9],
      [3, 20],
      [4, 7],
    ])
      images[picture * 36 + pixel] = 1;
    const data = arraysDataset({
      name: "ties",
      images,
      labels: [0, 0, 0, 0, 0],
      imageShape: [1, 6, 6],
      classes: ["a"],
      normalisation: { mean: [0], deviation: [1] },
    });
    const net = nn.sequential({ conv: nn.conv2d(1, 1, 1, { bias: false }) });
    const model = createModel(net, [1, 6, 6], { parameters: new Map([["conv.weight", ones([1, 1, 1, 1])]]) });
    const [unit] = await examples(model, data, { layer: "conv", top: 5, batchSize: 2, device });
    expect(unit.top.map((e) => [e.index, ...e.position])).toEqual([
      [1, 1, 3],
      [3, 1, 3],
      [4, 1, 1],
      [0, 0, 0],
      [2, 0, 0],
    ]);
  });

  it("G4 at the edge the crop is filled up with zeros where the box leaves the picture", async () => {
    const picture = tensor(
      new Float32Array(25).map((_, i) => i + 1),
      [1, 5, 5],
    );
    const crop = cropBox(picture, { top: -1, left: 3, height: 3, width: 4 });
    expect(crop.toNested()).toEqual([
      [
        [0, 0, 0, 0],
        [4, 5, 0, 0],
        [9, 10, 0, 0],
      ],
    ]);
    const plant = (image: Float32Array, i: number): void => {
      if (i === 2) image[0] = 9;
    };
    const [unit] = await examples(smallNet(), noisePictures(4, 12, { plant }), { layer: "conv1", channels: [0], top: 4, device });
    const edge = unit.top.find((e) => e.position[0] === 0 && e.position[1] === 0) ?? unit.top.find((e) => e.index === 2);
    expect(edge?.index).toBe(2);
    expect(edge?.box.height).toBe(3);
  });

  it("layers without space see the whole picture; channels are units", async () => {
    const units = await examples(smallNet(), noisePictures(5, 12), { layer: "logits", top: 2, device });
    expect(units.map((u) => u.channel)).toEqual([0, 1, 2]);
    expect(units[0].top[0]).toMatchObject({ position: [0, 0], box: { top: 0, left: 0, height: 12, width: 12 } });
    expect(units[0].warnings.join()).not.toMatch(/receptive/);
  });

  it("a silent unit is named, a channel or layer that is not there is an error, and the pass can be stopped", async () => {
    const silent = smallNet().with(new Map([["conv1.bias", tensor([-100, 0, 0, 0])]]));
    const [unit] = await examples(silent, noisePictures(3, 12), { layer: "relu1", channel: 0, device });
    expect(unit.best).toBe(0);
    expect(unit.warnings.join()).toMatch(/channel 0 is never above 0/);
    const ask = (options: object): Promise<unknown> => examples(smallNet(), noisePictures(3, 12), { layer: "conv1", device, ...options });
    await expect(ask({ channel: 4 })).rejects.toThrow(/channels 0\.\.3; 4/);
    await expect(ask({ layer: "conv7" })).rejects.toThrow(/conv7.*conv1/);
    await expect(ask({ top: 0 })).rejects.toThrow(/top is 0/);
    await expect(ask({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});

describe("feature maps and filters", () => {
  it("G5 V2 the curve detector highlights the curve's cell in a 26 x 26 map", async () => {
    const v2 = fixture<Record<"filter" | "patch_curve" | "patch_mouse_head", number[][]>>("curve_detector");
    const model = createModel(nn.sequential({ conv: nn.conv2d(1, 1, 7, { bias: false }) }), [1, 32, 32], {
      parameters: new Map([["conv.weight", tensor([[v2.filter]])]]),
    });
    const scene = new Tensor(new Float32Array(32 * 32), [1, 32, 32]);
    const put = (patch: number[][], top: number, left: number): void => {
      patch.forEach((row, i) => {
        scene.data.set(row, (top + i) * 32 + left);
      });
    };
    put(v2.patch_curve, 4, 6);
    put(v2.patch_mouse_head, 20, 17);
    const map = (await activations(model, scene, { layers: ["conv"], device })).get("conv") as Tensor;
    expect(map.shape).toEqual([1, 26, 26]);
    expect(map.at(0, 4, 6)).toBe(6600);
    expect(map.at(0, 20, 17)).toBe(0);
    const flat = new Tensor(new Float32Array(32 * 32).fill(50), [1, 32, 32]);
    expect((await activations(model, flat, { layers: ["conv"], device })).get("conv")?.at(0, 4, 6)).toBe(9000);
    // The stroke is two pixels wide, so a neighbouring cell sees it, too; nothing else comes near.
    for (const [p, v] of map.data.entries()) {
      const distance = Math.max(Math.abs(Math.floor(p / 26) - 4), Math.abs((p % 26) - 6));
      if (distance > 1) expect(v).toBeLessThan(6600);
    }
    expect(filters(model, "conv").toNested()).toEqual([[v2.filter]]);
  });

  it("G5 every layer's values by name, without the batch axis", async () => {
    const all = await activations(smallNet(), randomNormal([1, 12, 12], random(1)), { device });
    expect([...all].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ["conv1", 4, 12, 12],
      ["relu1", 4, 12, 12],
      ["pool1", 4, 6, 6],
      ["conv2", 6, 6, 6],
      ["relu2", 6, 6, 6],
      ["flatten", 216],
      ["logits", 3],
    ]);
    expect(() => filters(smallNet(), "logits")).toThrow(/no convolution kernels.*conv1, conv2/);
  });
});
