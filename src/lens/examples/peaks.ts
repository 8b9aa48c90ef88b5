// One program that reduces every map of several layers to its extremes and their places, so that no feature map leaves it and one pass over
// the data serves all units of a net.
import { compile } from "../../backends/compile.ts";
import { gradient } from "../../graph/grad.ts";
import { createGraph } from "../../graph/graph.ts";
import type { Program } from "../../graph/program.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { argMax, argMin, max, min, mul, reshape, topKIndices, topKValues } from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Tensor, TensorData } from "../../tensor/tensor.ts";
import { type UnitField, unitField } from "../crop.ts";
import { compileOptions, type RunOptions } from "../run.ts";
import { type Target, type TargetLayer, targetLayer } from "../target.ts";

/** What a unit's pictures are ordered by: its own value, or its share in the logit that wins on the picture. */
export type RankedBy = "activation" | "relevance";

export interface PeakSettings extends RunOptions {
  readonly batch: number;
  readonly by: RankedBy;
  /** How many positions of a map count (1, or more where one picture may appear several times). */
  readonly perPicture: number;
  /** Whether the smallest value is wanted, too. */
  readonly lowest: boolean;
}

/** Per picture and channel `count` values and their places in the map, best first. */
export interface Extremes {
  readonly values: TensorData;
  readonly places: TensorData;
  readonly count: number;
}

export interface LayerPeaks {
  readonly peaks: Extremes;
  readonly lows: Extremes | undefined;
}

export interface PeakProgram {
  readonly layers: readonly TargetLayer[];
  readonly fields: readonly UnitField[];
  /** One entry per layer. */
  run(x: Tensor): Promise<LayerPeaks[]>;
  release(): void;
}

/** Compiles for layers (or classes, whose layer the logits are). Errors as `targetLayer`, and `compile`'s. */
export async function peakProgram(model: Model, wanted: readonly Target[], settings: PeakSettings): Promise<PeakProgram> {
  const { batch, by, perPicture, lowest } = settings;
  const traced = model.trace({ batch });
  const layers = wanted.map((target) => targetLayer(traced, target));
  const ranked = by === "activation" ? layers.map(({ value }) => value) : relevanceOf(targetLayer(traced, { class: 0 }).value, layers);
  const outputs = new Map<string, Value>();
  const counts = layers.map(({ height, width }) => Math.min(perPicture, height * width));
  layers.forEach(({ channels, height, width }, k) => {
    const flat = reshape(ranked[k], [batch, channels, height * width]);
    const several = counts[k] > 1;
    outputs.set(`peaks${k}`, several ? topKValues(flat, { k: counts[k] }) : max(flat, { axes: 2 }));
    outputs.set(`places${k}`, several ? topKIndices(flat, { k: counts[k] }) : argMax(flat, { axis: 2 }));
    if (!lowest) return;
    outputs.set(`lows${k}`, min(flat, { axes: 2 }));
    outputs.set(`lowPlaces${k}`, argMin(flat, { axis: 2 }));
  });
  const program: Program = await compile(createGraph({ outputs }), compileOptions(settings));
  return {
    layers,
    fields: layers.map((layer) => unitField(layer, traced.input)),
    async run(x) {
      const results = await program.run({ x });
      return layers.map((_, k) => ({
        peaks: { values: results[`peaks${k}`].data, places: results[`places${k}`].data, count: counts[k] },
        lows: lowest ? { values: results[`lows${k}`].data, places: results[`lowPlaces${k}`].data, count: 1 } : undefined,
      }));
    },
    release: () => program.release(),
  };
}

/** Every value's share in the winning logit: value · gradient, which is LRP-0 in ReLU nets without biases. */
function relevanceOf(logits: Value, layers: readonly TargetLayer[]): Value[] {
  if (logits.rank !== 2) throw new ArgumentError('examples: by "relevance" needs a net that ends in logits [N, classes]');
  const values = layers.map(({ value }) => value);
  return gradient(max(logits, { axes: 1 }), values).map((g, k) => mul(g, values[k]));
}
