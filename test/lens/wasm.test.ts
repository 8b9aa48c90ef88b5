// The same answers on the backend that people use: bits that repeat, values that agree with the reference, ties that fall the same way.
import { describe, expect, it } from "vitest";
import { activations, attribute, examples, maximise, maximiseEach } from "../../src/lens/index.ts";
import { random, randomNormal } from "../../src/tensor/index.ts";
import { adam } from "../../src/train/optimisers.ts";
import { n1, n1Picture, noisePictures, smallNet } from "./nets.ts";

const device = "wasm" as const;

describe("seeing inside on wasm", () => {
  it.each([1, 2])("RR1 GR6 N1 guided and deconvnet with %i threads", async (threads) => {
    const rows = async (method: "guided" | "deconvnet"): Promise<unknown> =>
      (await attribute(n1(), n1Picture, { method, class: 0, device, threads })).map.entry(0).toNested();
    expect(await rows("guided")).toEqual([
      [0, 1, 1, 1],
      [1, 3, 3, 2],
      [1, 3, 3, 2],
      [1, 2, 2, 1],
    ]);
    expect(await rows("deconvnet")).toEqual([
      [2, 3, 3, 1],
      [3, 5, 5, 2],
      [3, 5, 5, 2],
      [1, 2, 2, 1],
    ]);
  });

  it("AM9 the same seed and threads give the same bits", async () => {
    for (const threads of [1, 2]) {
      const options = { layer: "conv2", channels: [0, 2, 5], seed: 3, steps: 20, blur: 0.7, jitter: 1, device, threads } as const;
      const [first, again] = [await maximiseEach(smallNet(), options), await maximiseEach(smallNet(), options)];
      expect(again).toEqual(first);
    }
  });

  it("KD8 at learning rate 0 the picture keeps every bit", async () => {
    const options = { layer: "conv2", channel: 1, jitter: 3, blur: 1, optimiser: adam(0), device } as const;
    const [before, after] = [await maximise(smallNet(), { ...options, steps: 0 }), await maximise(smallNet(), { ...options, steps: 25 })];
    expect(Array.from(after.image.data)).toEqual(Array.from(before.image.data));
  });

  it("the first steps of an ascent agree with the reference", async () => {
    const options = { layer: "conv2", channel: 4, jitter: 1, steps: 5 } as const;
    const [ours, theirs] = [
      await maximise(smallNet(), { ...options, device }),
      await maximise(smallNet(), { ...options, device: "reference" }),
    ];
    for (const [step, value] of ours.history.entries()) expect(value).toBeCloseTo(theirs.history[step], 4);
  });

  it("DE4 examples are the reference's, whatever the batch size and the number of threads", async () => {
    const data = noisePictures(40, 12, { loudest: 1 });
    const reference = await examples(smallNet(), data, { layer: "conv2", top: 5, device: "reference" });
    for (const [batchSize, threads] of [
      [7, 1],
      [40, 2],
    ] as const) {
      const ours = await examples(smallNet(), data, { layer: "conv2", top: 5, batchSize, device, threads });
      for (const [channel, unit] of ours.entries()) {
        const expected = reference[channel].top;
        expect(unit.top.map((e) => [e.index, ...e.position])).toEqual(expected.map((e) => [e.index, ...e.position]));
        for (const [k, { activation }] of unit.top.entries()) expect(activation).toBeCloseTo(expected[k].activation, 5);
      }
    }
  });

  it("DE2 noise everywhere outside the crop leaves the activation as it was, to 1e-6", async () => {
    const data = noisePictures(20, 12, { loudest: 1 });
    for (const { channel, top } of await examples(smallNet(), data, { layer: "conv2", top: 2, device })) {
      for (const { picture, box, position, activation } of top) {
        const noise = randomNormal(picture.shape, random(channel), 0, 5);
        for (let p = 0; p < noise.size; p++) {
          const [i, j] = [Math.floor(p / 12) - box.top, (p % 12) - box.left];
          if (i >= 0 && j >= 0 && i < box.height && j < box.width) noise.data[p] = picture.data[p];
        }
        const maps = await activations(smallNet(), noise, { layers: ["conv2"], device });
        expect(Math.abs((maps.get("conv2")?.at(channel, ...position) ?? Number.NaN) - activation)).toBeLessThanOrEqual(
          1e-6 * Math.abs(activation),
        );
      }
    }
  });
});
