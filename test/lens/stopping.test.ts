// Long work gives timers their turn, so that a button or Ctrl-C can stop it in the middle. A function that never yields would finish before the timer is heard.
import { describe, expect, it } from "vitest";
import { synthetic } from "../../src/data/index.ts";
import {
  ablateEach,
  adversarial,
  dissect,
  examples,
  faithfulness,
  featureEvolution,
  infidelity,
  maximise,
  maximiseBatch,
  type RunOptions,
  sanityCheck,
  sensitivityN,
  syntheticConcepts,
  tuning,
  unitMeter,
} from "../../src/lens/index.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { random, randomNormal } from "../../src/tensor/index.ts";

const model: Model = createModel(
  nn.sequential({
    conv1: nn.conv2d(1, 16, 3, { padding: 1 }),
    relu1: nn.relu(),
    conv2: nn.conv2d(16, 16, 3, { padding: 1 }),
    relu2: nn.relu(),
    flatten: nn.flatten(),
    logits: nn.linear(16 * 32 * 32, 3),
  }),
  [1, 32, 32],
  { seed: 1 },
);
const image = randomNormal([1, 32, 32], random(2));
const pictures = new Array(3000).fill(image);
const target = { layer: "conv2", channel: 3 } as const;
const { test: shapes } = await synthetic({ train: 1, test: 3000, size: 32, channels: 1 });

const long: Readonly<Record<string, (run: RunOptions) => Promise<unknown>>> = {
  tuning: (run) => tuning(model, pictures, { layer: "conv2", batchSize: 2, ...run }),
  examples: (run) => examples(model, shapes, { layer: "conv2", lowest: 3, quantiles: 3, batchSize: 2, ...run }),
  "examples by relevance": (run) => examples(model, shapes, { layer: "conv2", by: "relevance", batchSize: 2, ...run }),
  dissect: (run) => dissect(model, syntheticConcepts(shapes), { layer: "conv2", batchSize: 2, ...run }),
  faithfulness: (run) => faithfulness(model, image, image, { ...target, step: 1, batchSize: 1, ...run }),
  infidelity: (run) => infidelity(model, image, image, { ...target, samples: 5000, batchSize: 1, ...run }),
  sensitivityN: (run) => sensitivityN(model, image, image, { ...target, subsets: 5000, batchSize: 1, ...run }),
  sanityCheck: (run) => sanityCheck(model, image, { ...target, method: "smoothGrad", samples: 300, batchSize: 1, ...run }),
  maximise: (run) => maximise(model, { ...target, steps: 5000, ...run }),
  maximiseBatch: (run) => maximiseBatch(model, { objective: { kind: "channel", ...target }, count: 4, steps: 5000, ...run }),
  unitMeter: (run) => unitMeter(model, shapes, { batchSize: 2, ...run }),
  featureEvolution: (run) => featureEvolution([model, model], shapes, { pictures: 3000, ...run }),
  adversarial: (run) => adversarial(model, image, { epsilon: 0.1, steps: 5000, ...run }),
  ablateEach: (run) =>
    ablateEach(
      model,
      pictures.map((picture) => ({ image: picture, channel: 0 })),
      { layer: "conv2", batchSize: 2, ...run },
    ),
};

describe("long work", () => {
  it.each(Object.entries(long))("L33 %s ends between two of its runs when a timer says so", async (_, run) => {
    const control = new AbortController();
    const soon = (): unknown => setTimeout(() => control.abort(new Error("enough")));
    // Not before it has begun: compilers yield by themselves.
    await expect(run({ device: "wasm", threads: 1, signal: control.signal, onProgress: soon })).rejects.toThrow("enough");
  });

  it("L33 the search for the best picture of a data set ends when a timer says so, too", async () => {
    const control = new AbortController();
    let read = 0;
    const watched = {
      ...shapes,
      batch: (indices: ArrayLike<number>) => {
        if (read++ === 0) setTimeout(() => control.abort(new Error("enough")));
        return shapes.batch(indices);
      },
    };
    await expect(maximise(model, { ...target, steps: 1, dataset: watched, device: "wasm", signal: control.signal })).rejects.toThrow(
      "enough",
    );
    expect(read).toBeLessThan(3000 / 64);
  });

  it.each(["faithfulness", "infidelity", "sensitivityN", "tuning", "examples"])("L33 %s says how far it is", async (name) => {
    const told: number[] = [];
    const control = new AbortController();
    const onProgress = ({ done, total }: { readonly done: number; readonly total: number }): void => {
      told.push(done / total);
      if (told.length === 3) control.abort(new Error("enough"));
    };
    await expect(long[name]({ device: "wasm", threads: 1, signal: control.signal, onProgress })).rejects.toThrow("enough");
    expect(told[0]).toBeGreaterThan(0);
    expect(told[1]).toBeGreaterThan(told[0]);
    expect(told.every((share) => share < 1)).toBe(true);
  });
});
