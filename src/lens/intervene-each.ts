// Many channels of a layer switched off, each on a picture of its own: one compiled program for a whole atlas.
import { breather } from "#platform";
import { compile } from "../backends/compile.ts";
import { createGraph } from "../graph/graph.ts";
import { input } from "../graph/record.ts";
import { substitute } from "../graph/rewrite.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { mul } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { ones, type Tensor } from "../tensor/tensor.ts";
import { onePicture, stack, traceFor } from "./batch.ts";
import type { Intervention } from "./intervene.ts";
import { compileOptions, type RunOptions, runOptionNames } from "./run.ts";
import { targetLayer } from "./target.ts";

export interface AblationTask {
  /** [C, H, W], as the net sees it. */
  readonly image: Tensor;
  /** The channel that becomes 0 everywhere. */
  readonly channel: number;
}

export interface AblateOptions extends RunOptions {
  readonly layer: string;
  /** Pictures per run (default 32). */
  readonly batchSize?: number;
}

/**
 * The logits of each picture with and without its channel, in the order of the tasks. Throws `ArgumentError` for channels that are not there,
 * `GraphError` for unknown layers, `ShapeError` for nets whose output is no list of scores.
 */
export async function ablateEach(model: Model, tasks: readonly AblationTask[], options: AblateOptions): Promise<Intervention[]> {
  expectModel("ablateEach", model);
  expectList("ablateEach", "the tasks", tasks, "{ image, channel }");
  checkOptions("ablateEach", options, [...runOptionNames, "layer", "batchSize"]);
  const { batchSize = 32, dtype = "float32", signal, onProgress } = options;
  if (tasks.length === 0) return [];
  const { shape } = onePicture(tasks[0].image);
  const batch = Math.min(batchSize, tasks.length);
  const traced = traceFor(model, shape, batch, dtype);
  const layer = targetLayer(traced, { layer: options.layer });
  const logits = targetLayer(traced, { class: 0 }).value;
  for (const { channel } of tasks) {
    if (!Number.isInteger(channel) || channel < 0 || channel >= layer.channels) {
      throw new ArgumentError(`ablateEach: "${options.layer}" has the channels 0..${layer.channels - 1}; ${channel} was asked for`);
    }
  }
  const factors = [batch, layer.channels, ...layer.value.shape.slice(2).map(() => 1)];
  const kept = input("kept", factors, dtype);
  // The logits themselves may be the layer.
  const [after] = substitute([logits], new Map([[layer.value, mul(layer.value, kept)]]));
  const program = await compile(createGraph({ outputs: { before: logits, after } }), compileOptions(options));
  const breathe = breather();
  const results: Intervention[] = [];
  try {
    for (let start = 0; start < tasks.length; start += batch) {
      signal?.throwIfAborted();
      const part = tasks.slice(start, start + batch);
      const mask = ones(factors, dtype);
      part.forEach(({ channel }, i) => {
        mask.data[i * layer.channels + channel] = 0;
      });
      const pictures = part.map(({ image }) => onePicture(image));
      const scores = await program.run({ x: stack(pictures, batch, shape, dtype), kept: mask });
      part.forEach((_, i) => void results.push({ before: scores.before.entry(i).clone(), after: scores.after.entry(i).clone() }));
      onProgress?.({ done: results.length, total: tasks.length });
      await breathe();
    }
  } finally {
    program.release();
  }
  return results;
}
