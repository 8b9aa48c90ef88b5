// What the activation functions of a net meet, against the net's own activations; and swapped ones against a net that is built with them.
import { describe, expect, test } from "vitest";
import { activations } from "../../src/lens/activations.ts";
import { studyActivations } from "../../src/lens/index.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { ArgumentError, GraphError, Tensor } from "../../src/tensor/index.ts";
import { predict } from "../../src/train/index.ts";
import { bars } from "../train/tiny.ts";

const device = "reference";
const data = bars(6);
const pictures = Array.from({ length: data.size }, (_, i) => data.image(i));
const netWith = (first: () => ReturnType<typeof nn.relu>, second: () => ReturnType<typeof nn.relu>) =>
  nn.sequential({
    conv: nn.conv2d(1, 4, 3, { padding: 1 }),
    act1: first(),
    flatten: nn.flatten(),
    fc: nn.linear(256, 8),
    act2: second(),
    logits: nn.linear(8, 3),
  });
const model = createModel(netWith(nn.relu, nn.sigmoid), [1, 8, 8], { seed: 5 });

describe("studyActivations", () => {
  test("LF14 counts where the sums of every activation layer lie, which slopes are flat and which values 0", async () => {
    const { layers, probabilities } = await studyActivations(model, pictures, { device, from: -1, to: 1, bins: 4 });
    expect(layers.map((l) => [l.layer, l.kind, l.applied, l.units])).toEqual([
      ["act1", "relu", "relu", 4],
      ["act2", "sigmoid", "sigmoid", 8],
    ]);
    const seen = await Promise.all(pictures.map((picture) => activations(model, picture, { device })));
    for (const [i, before] of ["conv", "fc"].entries()) {
      const sums = seen.flatMap((maps) => Array.from(maps.get(before)?.data ?? []));
      const slopeOf = (x: number): number => (i === 0 ? (x > 0 ? 1 : 0) : Math.exp(-x) / (1 + Math.exp(-x)) ** 2);
      const inBin = (b: number) => sums.filter((x) => x >= -1 + b / 2 && x < -0.5 + b / 2);
      const share = (holds: (x: number) => boolean): number => sums.filter(holds).length / sums.length;
      expect(layers[i].places).toBe(sums.length);
      expect(layers[i].histogram).toEqual([0, 1, 2, 3].map((b) => inBin(b).length));
      expect(layers[i].flat).toEqual([0, 1, 2, 3].map((b) => inBin(b).filter((x) => slopeOf(x) < 0.05).length));
      expect([layers[i].below, layers[i].above]).toEqual([sums.filter((x) => x < -1).length, sums.filter((x) => x >= 1).length]);
      expect([layers[i].low, layers[i].high]).toEqual([Math.min(...sums), Math.max(...sums)]);
      expect(layers[i].saturated).toBeCloseTo(
        share((x) => slopeOf(x) < 0.05),
        12,
      );
      expect(layers[i].zeros).toBeCloseTo(i === 0 ? share((x) => x <= 0) : 0, 12);
    }
    const predicted = await predict(model, pictures[2], { device });
    expect(probabilities[2].data).toEqual(predicted.probabilities.data);
  });

  test("LF14 a unit whose sums never leave the flat stretch is dead, and named", async () => {
    const state = model.state();
    const moved = new Float32Array(4);
    moved[2] = -100;
    const broken = model.with(new Map([...state, ["conv.bias", new Tensor(moved, [4])]]));
    const { layers } = await studyActivations(broken, pictures, { device });
    expect(layers[0].dead).toEqual([2]);
    expect(layers[0].below).toBe(6 * 64);
  });

  test("LF14 a swapped function gives what a net that is built with it gives, layer by layer", async () => {
    const built = createModel(netWith(nn.tanh, nn.tanh), [1, 8, 8], { parameters: model.state() });
    const half = createModel(netWith(nn.tanh, nn.sigmoid), [1, 8, 8], { parameters: model.state() });
    const whole = await studyActivations(model, pictures, { device, swap: "tanh" });
    const part = await studyActivations(model, pictures, { device, swap: "tanh", layers: ["act1"] });
    expect(whole.layers.map((l) => l.applied)).toEqual(["tanh", "tanh"]);
    expect(part.layers.map((l) => l.applied)).toEqual(["tanh", "sigmoid"]);
    const own = await studyActivations(model, pictures, { device });
    for (const [p, picture] of pictures.entries()) {
      const [all, some] = [await predict(built, picture, { device }), await predict(half, picture, { device })];
      expect(whole.probabilities[p].data).toEqual(all.probabilities.data);
      expect(part.probabilities[p].data).toEqual(some.probabilities.data);
      expect(own.probabilities[p].data).not.toEqual(all.probabilities.data);
    }
    // The second layer's sums are those that come out of the swapped first one.
    const sums = (await Promise.all(pictures.map((x) => activations(half, x, { device })))).flatMap((m) =>
      Array.from(m.get("fc")?.data ?? []),
    );
    expect([whole.layers[1].low, whole.layers[1].high]).toEqual([Math.min(...sums), Math.max(...sums)]);
  });

  test("LF14 what makes no sense is refused by name", async () => {
    await expect(studyActivations(model, [], { device })).rejects.toThrow(ArgumentError);
    await expect(studyActivations(model, pictures, { device, swap: "step" as never })).rejects.toThrow(/no function "step"/);
    await expect(studyActivations(model, pictures, { device, swap: "tanh", layers: ["conv"] })).rejects.toThrow(GraphError);
    await expect(studyActivations(model, pictures, { device, from: 1, to: 1 })).rejects.toThrow(/48 bins from 1 to 1/);
  });
});
