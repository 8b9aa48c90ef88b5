// Stimuli of tuning curves, what a change does to the layers behind it, and how much of a map lies on an object.
import { describe, expect, test } from "vitest";
import { energyInside, intervene, sweep, sweptProperties, tuning } from "../../src/lens/index.ts";
import { createModel, nn } from "../../src/nn/index.ts";
import { Tensor } from "../../src/tensor/index.ts";

describe("LF31 sweeps", () => {
  test.each(sweptProperties)("%s: one stimulus for each value, of the net's shape, within black and white", (property) => {
    const preprocessing = { name: "half", channels: "rgb", mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] } as const;
    const { values, stimuli } = sweep([3, 16, 20], property, { preprocessing });
    expect(stimuli.length).toBe(values.length);
    expect([...values].sort((a, b) => a - b)).toEqual(values);
    for (const { shape, data } of stimuli) {
      expect(shape).toEqual([3, 16, 20]);
      expect(Math.max(...data)).toBeLessThanOrEqual(2.0001);
      expect(Math.min(...data)).toBeGreaterThanOrEqual(-2.0001);
    }
    expect(stimuli[0].data).not.toEqual(stimuli[Math.floor(stimuli.length / 2)].data);
  });

  test("hues are red, green and blue where HSV has them, and in the order of the net", () => {
    const at = (hue: number, channels: "rgb" | "bgr"): number[] => {
      const preprocessing = { name: "none", channels, mean: [0, 0, 0], deviation: [1, 1, 1] };
      const { values, stimuli } = sweep([3, 12, 12], "colour", { preprocessing });
      const { data } = stimuli[values.indexOf(hue)];
      return [data[0], data[144], data[288]];
    };
    expect(at(0, "rgb")).toEqual([1, 0, 0]);
    expect(at(60, "rgb")).toEqual([1, 1, 0]);
    expect(at(120, "rgb")).toEqual([0, 1, 0]);
    expect(at(240, "rgb")).toEqual([0, 0, 1]);
    expect(at(240, "bgr")).toEqual([1, 0, 0]);
    expect(sweep([1, 12, 12], "colour").unit).toBe("grey value");
  });

  test("a filter that sums rows prefers stripes that run along them", async () => {
    const weight = new Tensor(Float32Array.of(-1, -1, -1, 2, 2, 2, -1, -1, -1), [1, 1, 3, 3]);
    const net = nn.sequential({ edge: nn.conv2d(1, 1, 3, { bias: false }) });
    const model = createModel(net, [1, 16, 16], { parameters: new Map([["edge.weight", weight]]) });
    const { values, stimuli } = sweep([1, 16, 16], "orientation", { frequency: 0.25 });
    const { preferred } = await tuning(model, stimuli, { layer: "edge", read: "max", device: "reference" });
    expect([0, 175, 5]).toContain(values[preferred[0]]);
  });

  test("an unknown property is refused with the known ones", () => {
    expect(() => sweep([1, 12, 12], "smell" as "phase")).toThrow(/smell.*orientation, frequency/);
  });
});

test("LF37 watched layers show the change behind the channel and none before it", async () => {
  const net = nn.sequential({
    a: nn.conv2d(1, 3, 3),
    r: nn.relu(),
    b: nn.conv2d(3, 2, 3),
    f: nn.flatten(),
    out: nn.linear(32, 2),
  });
  const model = createModel(net, [1, 8, 8], { seed: 3 });
  const image = new Tensor(
    Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)),
    [1, 8, 8],
  );
  const { watched, before, after } = await intervene(model, image, {
    layer: "r",
    channels: [1],
    watch: ["a", "r", "b"],
    device: "reference",
  });
  const [a, r, b] = ["a", "r", "b"].map((name) => watched.get(name)!);
  expect(a.after.data).toEqual(a.before.data);
  expect(Math.max(...r.after.entry(1).data)).toBe(0);
  expect(r.after.entry(0).data).toEqual(r.before.entry(0).data);
  expect(b.after.data).not.toEqual(b.before.data);
  expect(after.data).not.toEqual(before.data);
});

test("LF35 the energy inside is the share of positive values on the object", () => {
  const mask = new Tensor(Uint8Array.of(1, 0, 0, 1), [2, 2]);
  expect(energyInside(new Tensor(Float32Array.of(3, 1, -5, 0), [1, 2, 2]), mask)).toBe(0.75);
  expect(energyInside(new Tensor(Float32Array.of(-1, -1, -1, 0), [1, 2, 2]), mask)).toBeUndefined();
  expect(() => energyInside(new Tensor(Float32Array.of(1, 1), [1, 1, 2]), mask)).toThrow(/mask/);
});
