// The target's value alone, for methods that change the picture, or a layer, and watch the score: no gradient is compiled.
import { compile } from "../../backends/compile.ts";
import { createGraph } from "../../graph/graph.ts";
import { input } from "../../graph/record.ts";
import { substitute } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { mul, softmax, sum } from "../../ops/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { ones, Tensor } from "../../tensor/tensor.ts";
import { stack, traceFor } from "../batch.ts";
import { compileOptions, type RunOptions } from "../run.ts";
import { type Target, type TargetLayer, targetLayer } from "../target.ts";
import { placeOf } from "./place.ts";

export interface ScoreSettings extends RunOptions {
  /** Class scores as probabilities instead of logits (default false). */
  readonly probabilities?: boolean;
  /** Also give the maps of the layer `at`, and let its channels be switched off. */
  readonly place?: { readonly at: string | undefined };
}

export interface ScoreProgram {
  readonly batch: number;
  readonly layer: TargetLayer;
  readonly at: TargetLayer | undefined;
  /** At most `batch` pictures under one mask; `kept` has one factor for each channel of `at` and picture (default: all kept). */
  run(pictures: readonly Tensor[], mask: Tensor["data"], kept?: Tensor["data"]): Promise<ScoreRun>;
  /** Gives its memory back; what runs gave stays valid. */
  release(): void;
}

export interface ScoreRun {
  readonly scores: readonly number[];
  /** Of the layer `at`, [K, H, W] per picture; empty without one. */
  readonly maps: readonly Tensor[];
}

/** Compiles the value of a target for `batch` pictures at a time. Errors as `targetLayer`, `placeOf` and `compile`. */
export async function scoreProgram(
  model: Model,
  target: Target,
  batch: number,
  shape: Shape,
  settings: ScoreSettings,
): Promise<ScoreProgram> {
  const { dtype = "float32", probabilities = false, place } = settings;
  const traced = traceFor(model, shape, batch, dtype);
  const layer = targetLayer(traced, target);
  const at = place && placeOf(traced, layer, place.at);
  const mask = input("mask", layer.value.shape, dtype);
  let values: Value = layer.value;
  if (at !== undefined) {
    const kept = input("kept", [batch, at.channels, 1, 1], dtype);
    // The maps that are given back are the untouched ones: the layer itself is no user of its replacement.
    [values] = substitute([layer.value], new Map([[at.value, mul(at.value, kept)]]));
  }
  if (probabilities && target.class !== undefined) values = softmax(values, { axis: 1 });
  const axes = values.shape.map((_, axis) => axis).slice(1);
  const scores = sum(mul(values, mask), { axes });
  const program = await compile(createGraph({ outputs: { scores, ...(at && { maps: at.value }) } }), compileOptions(settings));
  const all = at && ones([batch, at.channels, 1, 1], dtype);
  return {
    batch,
    layer,
    at,
    release: () => program.release(),
    async run(pictures, one, kept) {
      const masks = pictures.map(() => new Tensor(one, layer.value.shape.slice(1)));
      const results = await program.run({
        x: stack(pictures, batch, shape, dtype),
        mask: stack(masks, batch, layer.value.shape.slice(1), dtype),
        ...(at && {
          kept:
            kept === undefined
              ? (all as Tensor)
              : stack([new Tensor(kept, [kept.length])], 1, [batch * at.channels], dtype).reshape([batch, at.channels, 1, 1]),
        }),
      });
      return {
        scores: Array.from(results.scores.data.subarray(0, pictures.length)),
        maps: at === undefined ? [] : pictures.map((_, i) => results.maps.entry(i)),
      };
    },
  };
}
