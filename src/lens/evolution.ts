// How features grow: each layer at every checkpoint, compared with what it became. Zeiler, Fergus 2014, section 4.1: lower layers settle first.
import { compile } from "../backends/compile.ts";
import { type Dataset, expectDataset } from "../data/dataset.ts";
import { createGraph } from "../graph/graph.ts";
import { expectModel, layerValue, type Model } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { compileOptions, pauseBetweenRuns, type RunOptions, runOptionNames } from "./run.ts";
import { correlation } from "./trust/fidelity.ts";

export interface EvolutionOptions extends RunOptions {
  /** Default: every layer with maps. */
  readonly layers?: readonly string[];
  /** How many pictures of the data set to compare on (default 50). */
  readonly pictures?: number;
}

export interface LayerEvolution {
  readonly layer: string;
  /** Per checkpoint, the mean over channels of the correlation of a channel's activations with those of the last checkpoint; channels that do not vary count 0. */
  readonly similarity: readonly number[];
  /** The first checkpoint from which on the similarity stays above 0.9; undefined when that is the last one only. */
  readonly settled: number | undefined;
}

/** Compares a row of models, from the first checkpoint to the last, on the first pictures of a data set. */
export async function featureEvolution(
  models: readonly Model[],
  dataset: Dataset,
  options: EvolutionOptions = {},
): Promise<LayerEvolution[]> {
  expectList("featureEvolution", "the models", models, "Models");
  for (const model of models) expectModel("featureEvolution", model);
  expectDataset("featureEvolution", dataset);
  checkOptions("featureEvolution", options, [...runOptionNames, "layers", "pictures"]);
  const { pictures = 50, layers: wanted, ...run } = options;
  if (models.length < 2) throw new ArgumentError("featureEvolution: at least two checkpoints are needed to see something grow");
  const count = Math.min(pictures, dataset.size);
  const last = models[models.length - 1];
  const layers =
    wanted ??
    last
      .summary()
      .layers.filter(({ outputShape }) => outputShape.length === 3)
      .map(({ name }) => name);
  const recorded: Map<string, Float64Array[]>[] = [];
  for (const model of models) {
    recorded.push(await recordOf(model, dataset, layers, count, run));
    run.onProgress?.({ done: recorded.length, total: models.length });
  }
  return layers.map((layer) => {
    const final = recorded[recorded.length - 1].get(layer) as Float64Array[];
    const similarity = recorded.map((own) => {
      const channels = own.get(layer) as Float64Array[];
      return channels.reduce((sum, channel, k) => sum + (correlation(channel, final[k]) ?? 0), 0) / channels.length;
    });
    const settled = similarity.findIndex((_, i) => similarity.slice(i).every((s) => s > 0.9));
    return { layer, similarity, settled: settled === similarity.length - 1 || settled < 0 ? undefined : settled };
  });
}

/** Per layer and channel, the activations on all pictures in a row. */
async function recordOf(
  model: Model,
  dataset: Dataset,
  layers: readonly string[],
  count: number,
  options: RunOptions,
): Promise<Map<string, Float64Array[]>> {
  const batch = Math.min(count, 32);
  const traced = model.trace({ batch });
  const outputs = new Map(layers.map((name) => [name, layerValue(traced, name)]));
  const program = await compile(createGraph({ outputs }), compileOptions(options));
  const all = new Map<string, Float64Array[]>();
  const pause = pauseBetweenRuns(options);
  try {
    for (let start = 0; start < count; start += batch) {
      await pause();
      const indices = Array.from({ length: batch }, (_, i) => Math.min(start + i, count - 1));
      const results = await program.run({ x: dataset.batch(indices).x });
      for (const name of layers) {
        const { data, shape, size } = results[name];
        const [, channels] = shape;
        const plane = size / (batch * channels);
        const rows = all.get(name) ?? Array.from({ length: channels }, () => new Float64Array(count * plane));
        all.set(name, rows);
        for (let i = 0; i < Math.min(batch, count - start); i++) {
          for (let k = 0; k < channels; k++) {
            const from = (i * channels + k) * plane;
            rows[k].set(data.subarray(from, from + plane), (start + i) * plane);
          }
        }
      }
    }
  } finally {
    program.release();
  }
  return all;
}
