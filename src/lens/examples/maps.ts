// The feature maps of a few pictures, for showing where in them a unit fired.
import { compile } from "../../backends/compile.ts";
import { createGraph } from "../../graph/graph.ts";
import { layerValue, type Model } from "../../nn/model.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { stack, usualBatch } from "../batch.ts";
import { compileOptions, pauseBetweenRuns, type RunOptions } from "../run.ts";

/** Maps [H, W] of a layer by picture and channel; undefined from layers without space. `pictures` are [C, H, W], by a number of the caller's. */
export async function mapReader(
  model: Model,
  layer: string,
  pictures: ReadonlyMap<number, Tensor>,
  options: RunOptions,
): Promise<(picture: number, channel: number) => Tensor | undefined> {
  const batch = Math.min(usualBatch(model.inputShape, 32), Math.max(1, pictures.size));
  const values = layerValue(model.trace({ batch }), layer);
  if (values.rank !== 4 || values.shape[2] * values.shape[3] === 1) return () => undefined;
  const program = await compile(createGraph({ outputs: { values } }), compileOptions(options));
  const maps = new Map<number, Tensor>();
  const all = [...pictures];
  const pause = pauseBetweenRuns(options);
  for (let first = 0; first < all.length; first += batch) {
    await pause();
    const part = all.slice(first, first + batch);
    const images = part.map(([, image]) => image);
    const results = await program.run({ x: stack(images, batch, model.inputShape, "float32") });
    part.forEach(([key], i) => {
      maps.set(key, results.values.entry(i));
    });
  }
  program.release();
  return (picture, channel) => maps.get(picture)?.entry(channel);
}
