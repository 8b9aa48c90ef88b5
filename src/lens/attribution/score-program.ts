// The target's value alone, for methods that change the picture and watch the score: no gradient is compiled.
import { compile } from "../../backends/compile.ts";
import { createGraph } from "../../graph/graph.ts";
import { input } from "../../graph/record.ts";
import type { Model } from "../../nn/model.ts";
import { mul, softmax, sum } from "../../ops/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { stack, traceFor } from "../batch.ts";
import { compileOptions, pauseBetweenRuns, type RunOptions } from "../run.ts";
import { type Target, type TargetLayer, targetLayer } from "../target.ts";

export interface ScoreSettings extends RunOptions {
  /** Class scores as probabilities instead of logits (default false). */
  readonly probabilities?: boolean;
}

export interface ScoreProgram {
  readonly batch: number;
  readonly layer: TargetLayer;
  /** At most `batch` pictures under one mask. Rejects where the signal of the settings stops the work. */
  run(pictures: readonly Tensor[], mask: Tensor["data"]): Promise<ScoreRun>;
  /** Gives its memory back; what runs gave stays valid. */
  release(): void;
}

export interface ScoreRun {
  readonly scores: readonly number[];
}

/** Compiles the value of a target for `batch` pictures at a time. Errors as `targetLayer` and `compile`. */
export async function scoreProgram(
  model: Model,
  target: Target,
  batch: number,
  shape: Shape,
  settings: ScoreSettings,
): Promise<ScoreProgram> {
  const { dtype = "float32", probabilities = false } = settings;
  const traced = traceFor(model, shape, batch, dtype);
  const layer = targetLayer(traced, target);
  const mask = input("mask", layer.value.shape, dtype);
  const values = probabilities && target.class !== undefined ? softmax(layer.value, { axis: 1 }) : layer.value;
  const axes = values.shape.map((_, axis) => axis).slice(1);
  const scores = sum(mul(values, mask), { axes });
  const program = await compile(createGraph({ outputs: { scores } }), compileOptions(settings));
  const pause = pauseBetweenRuns(settings);
  return {
    batch,
    layer,
    release: () => program.release(),
    async run(pictures, one) {
      await pause();
      const masks = pictures.map(() => new Tensor(one, layer.value.shape.slice(1)));
      const results = await program.run({
        x: stack(pictures, batch, shape, dtype),
        mask: stack(masks, batch, layer.value.shape.slice(1), dtype),
      });
      return { scores: Array.from(results.scores.data.subarray(0, pictures.length)) };
    },
  };
}
