// The strongest activation among training pictures: without it, a weak unit's picture looks as convincing as a strong one's.
import type { Model } from "../../nn/model.ts";
import { usualBatch } from "../batch.ts";
import { peakProgram } from "../examples/peaks.ts";
import { pauseBetweenRuns } from "../run.ts";
import type { Target } from "../target.ts";
import type { AscentOptions } from "./settings.ts";

/** The largest activation of any channel of the target's layer over `options.dataset`; undefined without one. */
export async function bestInData(
  model: Model,
  target: Target | undefined,
  { dataset, ...options }: AscentOptions,
): Promise<((channel: number) => number) | undefined> {
  if (dataset === undefined || target === undefined) return undefined;
  const batch = Math.min(usualBatch(dataset.imageShape, 64), dataset.size);
  const program = await peakProgram(model, [target], { ...options, by: "activation", batch, perPicture: 1, lowest: false });
  const [{ channels }] = program.layers;
  const best = new Float64Array(channels).fill(Number.NEGATIVE_INFINITY);
  const pause = pauseBetweenRuns(options);
  for (let start = 0; start < dataset.size; start += batch) {
    await pause();
    const indices = Array.from({ length: batch }, (_, i) => Math.min(start + i, dataset.size - 1));
    const [{ peaks }] = await program.run(dataset.batch(indices).x);
    for (let at = 0; at < peaks.values.length; at++) best[at % channels] = Math.max(best[at % channels], peaks.values[at]);
  }
  program.release();
  return (channel) => best[channel];
}
