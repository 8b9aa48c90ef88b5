// Tuning curves: how a unit answers while one property of a stimulus is swept. Hubel and Wiesel's question, asked of a net.
import { compile } from "../backends/compile.ts";
import { createGraph } from "../graph/graph.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { max, mean, reshape } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { expectList, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { onePicture, stack, traceFor, usualBatch } from "./batch.ts";
import { compileOptions, pauseBetweenRuns, type RunOptions, runOptionNames } from "./run.ts";
import { centreOf, checkPosition, targetLayer } from "./target.ts";

export interface TuningOptions extends RunOptions {
  readonly layer: string;
  /** "centre" (default): the unit in the middle of the map. "max" or "mean" over the map: the channel wherever it is. Or a position. */
  readonly read?: "centre" | "max" | "mean" | readonly [row: number, column: number];
  /** Pictures per run (default 32; fewer of large ones, five of 224 x 224). */
  readonly batchSize?: number;
}

export interface Tuning {
  /** Per channel of the layer, the answer to each stimulus, in their order. */
  readonly responses: readonly Float64Array[];
  /** Per channel, the stimulus with the strongest answer; the first of equals. */
  readonly preferred: readonly number[];
  /** Per channel, (best - worst) / (|best| + |worst|): 0 for a unit that does not care. */
  readonly selectivity: readonly number[];
}

/** The answers of every channel of a layer to a list of pictures [C, H, W], one pass for all. */
export async function tuning(model: Model, stimuli: readonly Tensor[], options: TuningOptions): Promise<Tuning> {
  expectModel("tuning", model);
  expectList("tuning", "the stimuli", stimuli, "Tensors");
  for (const picture of stimuli) expectTensor("tuning", "a stimulus", picture);
  checkOptions("tuning", options, [...runOptionNames, "layer", "read", "batchSize"]);
  if (stimuli.length === 0) throw new ArgumentError("tuning: there are no stimuli");
  const { read = "centre", dtype = "float32", onProgress } = options;
  const shape = onePicture(stimuli[0]).shape;
  const { batchSize = usualBatch(shape, 32) } = options;
  const batch = Math.min(batchSize, stimuli.length);
  const layer = targetLayer(traceFor(model, shape, batch, dtype), { layer: options.layer });
  const flat = reshape(layer.value, [batch, layer.channels, layer.height * layer.width]);
  const outputs = read === "max" ? max(flat, { axes: 2 }) : read === "mean" ? mean(flat, { axes: 2 }) : flat;
  const position = read === "max" || read === "mean" ? undefined : read === "centre" ? centreOf(layer) : read;
  if (position !== undefined) checkPosition(layer, position);
  const program = await compile(createGraph({ outputs: { values: outputs } }), compileOptions(options));
  const pause = pauseBetweenRuns(options);
  const responses = Array.from({ length: layer.channels }, () => new Float64Array(stimuli.length));
  try {
    for (let start = 0; start < stimuli.length; start += batch) {
      await pause();
      const part = stimuli.slice(start, start + batch).map(onePicture);
      const { values } = await program.run({ x: stack(part, batch, shape, dtype) });
      const plane = position === undefined ? 1 : layer.height * layer.width;
      const offset = position === undefined ? 0 : position[0] * layer.width + position[1];
      for (let i = 0; i < part.length; i++) {
        for (let k = 0; k < layer.channels; k++) responses[k][start + i] = values.data[(i * layer.channels + k) * plane + offset];
      }
      onProgress?.({ done: start + part.length, total: stimuli.length });
    }
  } finally {
    program.release();
  }
  const preferred = responses.map((own) => own.indexOf(Math.max(...own)));
  const selectivity = responses.map((own) => {
    const [best, worst] = [Math.max(...own), Math.min(...own)];
    return best === worst ? 0 : (best - worst) / (Math.abs(best) + Math.abs(worst));
  });
  return { responses, preferred, selectivity };
}
