// The one program behind every gradient picture: pictures and masks in, the target's value and its gradient on the pixels (or on a layer in
// between) out. The mask is fed, so the program serves every class, channel and position of a layer.
import { compile } from "../backends/compile.ts";
import { gradient } from "../graph/grad.ts";
import { createGraph } from "../graph/graph.ts";
import { input } from "../graph/record.ts";
import type { Value } from "../graph/value.ts";
import type { Model } from "../nn/model.ts";
import type { Traced } from "../nn/module.ts";
import { mul, sum } from "../ops/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { stack, traceFor } from "./batch.ts";
import { type ReluRule, reluRules } from "./rules.ts";
import { compileOptions, pauseBetweenRuns, type RunOptions } from "./run.ts";
import { type Target, type TargetLayer, targetLayer } from "./target.ts";

export interface GradientProgram {
  readonly batch: number;
  readonly layer: TargetLayer;
  /** Where the gradient is taken: a layer, or the pixels. */
  readonly at: TargetLayer;
  /** Names of the ops with a ReLU in them between the pixels and the target. */
  readonly relus: readonly string[];
  /** At most `batch` pictures, each with its mask (channels · height · width numbers). Rejects where the signal of the options stops the work. */
  run(pictures: readonly Tensor[], masks: readonly Tensor["data"][]): Promise<GradientRun>;
  /** Gives its memory back; what runs gave stays valid. */
  release(): void;
}

export interface GradientRun {
  /** Σ layer · mask, per picture. */
  readonly scores: readonly number[];
  /** The layer's values, [N, C, H, W] or [N, C]. */
  readonly values: Tensor;
  /** Per picture, [C, H, W] of the pixels or of the layer `at`. */
  readonly gradients: readonly Tensor[];
  /** Per picture, the values of the layer `at`. */
  readonly maps: readonly Tensor[];
}

export interface GradientProgramParts {
  /** Where the gradient is taken (default: in the pixels). */
  readonly place?: (traced: Traced, layer: TargetLayer) => TargetLayer;
  /** What is handed down instead of the gradient of Σ target · mask: relevance, multipliers. */
  readonly backward?: (target: Value, at: Value, mask: Value) => Value;
  /** What `backward` reads beside the pictures. */
  readonly feeds?: Readonly<Record<string, Tensor>>;
}

/**
 * Compiles the gradient of a layer under a mask, in the picture or in what `place` finds in the net, for `batch` pictures at a time. Errors as
 * `targetLayer`, and `compile`'s.
 */
export async function gradientProgram(
  model: Model,
  target: Target,
  rule: ReluRule,
  batch: number,
  shape: Shape,
  options: RunOptions,
  { place, backward, feeds = {} }: GradientProgramParts = {},
): Promise<GradientProgram> {
  const { dtype = "float32" } = options;
  const traced = traceFor(model, shape, batch, dtype);
  const layer = targetLayer(traced, target);
  const mask = input("mask", layer.value.shape, dtype);
  const rules = reluRules(rule);
  const at = place?.(traced, layer) ?? pixelsOf(traced);
  const change =
    backward?.(layer.value, at.value, mask) ?? gradient(layer.value, [at.value], { seed: mask, ...(rule !== "gradient" && { rules }) })[0];
  const axes = layer.value.shape.map((_, axis) => axis).slice(1);
  const graph = createGraph({ outputs: { values: layer.value, scores: sum(mul(layer.value, mask), { axes }), change, maps: at.value } });
  const program = await compile(graph, compileOptions(options));
  const pause = pauseBetweenRuns(options);
  const relus = [...new Set(graph.order.map((v) => v.op.name))].filter((name) => name in rules);
  return {
    batch,
    layer,
    at,
    relus,
    release: () => program.release(),
    async run(pictures, masks) {
      await pause();
      const results = await program.run({
        ...feeds,
        x: stack(pictures, batch, shape, dtype),
        mask: stack(
          masks.map((m) => new Tensor(m, layer.value.shape.slice(1))),
          batch,
          layer.value.shape.slice(1),
          dtype,
        ),
      });
      return {
        values: results.values,
        scores: Array.from(results.scores.data.subarray(0, pictures.length)),
        gradients: pictures.map((_, i) => results.change.entry(i)),
        maps: pictures.map((_, i) => results.maps.entry(i)),
      };
    },
  };
}

/** The pixels, as if they were a layer. */
export function pixelsOf({ input: value }: Traced): TargetLayer {
  const [, channels, height = 1, width = 1] = value.shape;
  return { value, name: "input", channels, height, width };
}
