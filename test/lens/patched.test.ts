// The net with a channel held fast, and directions between pictures: what they are is said by other functions of the library, and by arithmetic.
import { describe, expect, it } from "vitest";
import {
  activations,
  attribute,
  attributionMethods,
  direction,
  intervene,
  maximise,
  patched,
  sanityCheck,
  unitLength,
} from "../../src/lens/index.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { random, randomNormal, type Tensor, tensor } from "../../src/tensor/index.ts";
import { smallNet } from "./nets.ts";

const onReference = { device: "reference" } as const;
const model = smallNet();
const [picture, other] = [3, 4].map((seed) => randomNormal([1, 12, 12], random(seed)));
const outputOf = async (net: Model, image: Tensor): Promise<Tensor> => {
  const last = net.trace().layers.at(-1)?.name ?? "";
  return (await activations(net, image, { layers: [last], ...onReference })).get(last) as Tensor;
};

describe("patched", () => {
  it.each([
    ["0", {}],
    ["a number", { value: 0.7 }],
    ["what they were on another picture", { from: other }],
  ] as const)("LF37 channels held at %s give the output that intervene gives, and other channels stay", async (_, what) => {
    const net = await patched(model, { layer: "conv1", channels: [1, 3], ...what, ...onReference });
    const { before, after } = await intervene(model, picture, { layer: "conv1", channels: [1, 3], ...what, ...onReference });
    const found = await outputOf(net, picture);
    after.data.forEach((v: number, i: number) => void expect(found.data[i]).toBeCloseTo(v, 5));
    expect(Array.from(found.data)).not.toEqual(Array.from(before.data));
    const [was, is] = [await activations(model, picture, onReference), await activations(net, picture, onReference)];
    expect(is.get("conv1")?.entry(0).data).toEqual(was.get("conv1")?.entry(0).data);
  });

  it("LF37 the gradient of the net without a channel is its central difference", async () => {
    const net = await patched(model, { layer: "conv1", channels: [0], ...onReference });
    const asked = { class: 1, method: "gradient", dtype: "float64", ...onReference } as const;
    const exact = picture.cast("float64");
    const { map } = await attribute(net, exact, asked);
    const scoreAt = async (p: number, by: number): Promise<number> => {
      const moved = exact.clone();
      moved.data[p] += by;
      return (await attribute(net, moved, asked)).score;
    };
    for (const p of [17, 65, 100]) {
      const difference = ((await scoreAt(p, 1e-4)) - (await scoreAt(p, -1e-4))) / 2e-4;
      expect(map.data[p]).toBeCloseTo(difference, 5);
    }
    const whole = await attribute(model, exact, asked);
    expect(map.data).not.toEqual(whole.map.data);
  });

  it.each(attributionMethods.filter((method) => method !== "cam"))("LF37 %s explains the net without a channel", async (method) => {
    const net = await patched(model, { layer: "conv1", channels: [0], ...onReference });
    const { map, score } = await attribute(net, picture, { class: 1, method, masks: 32, ...onReference });
    expect(map.data.every(Number.isFinite)).toBe(true);
    // RISE scores by the probability.
    if (method !== "rise") expect(score).toBeCloseTo((await outputOf(net, picture)).data[1], 4);
  });

  it("LF37 weights may be forgotten behind the patch, and pictures climbed", async () => {
    const net = await patched(model, { layer: "conv1", channels: [0], ...onReference });
    const { steps } = await sanityCheck(net, picture, { class: 1, method: "gradient", ...onReference });
    expect(steps.length).toBeGreaterThan(1);
    const all = await patched(model, { layer: "conv1", ...onReference });
    const { history } = await maximise(all, { class: 1, steps: 4, ...onReference });
    expect(new Set(history).size).toBe(1);
  });

  it("LF37 channels that are not there are refused", async () => {
    await expect(patched(model, { layer: "conv1", channels: [9] })).rejects.toThrow(/channels 0\.\.3; 9/);
    await expect(patched(model, { layer: "conv1", value: 1, from: other })).rejects.toThrow("exclude each other");
  });
});

describe("direction", () => {
  const net = createModel(nn.sequential({ conv: nn.conv2d(1, 2, 1), flatten: nn.flatten(), scores: nn.linear(8, 2) }), [1, 2, 2], {
    parameters: new Map([
      ["conv.weight", tensor([1, -2], [2, 1, 1, 1])],
      ["conv.bias", tensor([0, 5])],
      ["scores.weight", randomNormal([2, 8], random(1))],
      ["scores.bias", tensor([0, 0])],
    ]),
  });
  const even = (value: number): Tensor => tensor(new Float32Array(4).fill(value), [1, 2, 2]);

  it("LF22 it is the difference of the channels' means, at length 1", async () => {
    const found = await direction(net, { layer: "conv", towards: [even(3), even(5)], from: [even(1)], ...onReference });
    // Means 4 and 1: the channels differ by 3 and -6.
    expect(found.data[0]).toBeCloseTo(1 / Math.sqrt(5), 6);
    expect(found.data[1]).toBeCloseTo(-2 / Math.sqrt(5), 6);
  });

  it("LF22 without pictures to point away from it is the mean itself", async () => {
    const found = await direction(net, { layer: "conv", towards: [even(2)], ...onReference });
    expect(found.data[0] / found.data[1]).toBeCloseTo(2, 5);
  });

  it("LF22 equal pictures give no direction", async () => {
    await expect(direction(net, { layer: "conv", towards: [even(1)], from: [even(1)], ...onReference })).rejects.toThrow("do not differ");
    expect(() => unitLength([0, 0])).toThrow("all 0");
  });
});
