// Ablations by the batch are ablations one by one.
import { describe, expect, test } from "vitest";
import { ablateEach, intervene } from "../../src/lens/index.ts";
import { random, Tensor } from "../../src/tensor/index.ts";
import { smallNet } from "./nets.ts";

const picture = (seed: number): Tensor => {
  const generator = random(seed);
  return new Tensor(
    Float32Array.from({ length: 144 }, () => generator.normal()),
    [1, 12, 12],
  );
};

describe("ablateEach", () => {
  test.each(["conv1", "relu2", "logits"])("gives what intervene gives for each channel of %s", async (layer) => {
    const model = smallNet();
    const tasks = [0, 2, 1, 2, 0].map((channel, i) => ({ image: picture(i), channel }));
    const run = { layer, device: "reference" } as const;
    const results = await ablateEach(model, tasks, { ...run, batchSize: 2 });
    expect(results).toHaveLength(tasks.length);
    for (const [i, { image, channel }] of tasks.entries()) {
      const one = await intervene(model, image, { ...run, channels: [channel] });
      expect(Array.from(results[i].before.data)).toEqual(Array.from(one.before.data));
      expect(Array.from(results[i].after.data)).toEqual(Array.from(one.after.data, (v) => expect.closeTo(v, 6)));
      expect(results[i].after.data).not.toEqual(results[i].before.data);
    }
  });

  test("refuses channels that are not there, and has nothing to say to no tasks", async () => {
    const model = smallNet();
    await expect(ablateEach(model, [{ image: picture(0), channel: 4 }], { layer: "conv1" })).rejects.toThrow(
      /has the channels 0\.\.3; 4 was/,
    );
    expect(await ablateEach(model, [], { layer: "conv1" })).toEqual([]);
  });
});
