// Questions that are put to a unit: what it is tuned to, which concept it lights up with, what happens without it, whether maps point at the figure.
import {
  type AttributionMethod,
  attribute,
  dissect,
  intervene,
  type Model,
  pointingGame,
  syntheticConcepts,
  tuning,
  type UnitDissection,
} from "fovea";
import { energyInside, type SweptProperty, sweep } from "fovea/lens";
import { softmax } from "fovea/ops";
import type { Tensor } from "fovea/tensor";
import { outputKind } from "fovea/train";
import type { TaskContext } from "../../../engine/context.ts";
import { inputOf } from "../../../engine/look.ts";
import type { NetRef } from "../../../engine/nets.ts";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";
import { knowsShapes, openShapes, pixelsOf } from "./pictures.ts";

export interface TuningWish {
  readonly net: NetRef;
  readonly layer: string;
  readonly channel: number;
  readonly property: SweptProperty;
  readonly read: "centre" | "max" | "mean";
  readonly orientation: number;
  readonly frequency: number;
}

export interface TuningCurve {
  readonly values: readonly number[];
  readonly unit: string;
  readonly responses: readonly number[];
  /** Index of the strongest answer. */
  readonly preferred: number;
  readonly selectivity: number;
  /** Some of the stimuli, as pixels, and their indices. */
  readonly shown: readonly { readonly index: number; readonly pixels: Numbers }[];
}

export interface AblationWish {
  readonly net: NetRef;
  readonly pixels: Numbers;
  readonly layer: string;
  readonly channels: readonly number[];
  /** Pixels of the picture whose values are pasted in; undefined puts zero. */
  readonly from: Numbers | undefined;
  /** The layer whose maps are shown with and without. */
  readonly watch: string | undefined;
}

export interface Ablated {
  /** One per class, or the raw output of nets that are no classifiers. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly watched: { readonly before: Numbers; readonly after: Numbers } | undefined;
}

export interface Pointed {
  readonly method: AttributionMethod;
  readonly hits: number;
  readonly total: number;
  readonly accuracy: number;
  /** Mean over the pictures whose map has positive values. */
  readonly energy: number | undefined;
}

export const questionTasks = {
  async tuning(wish: TuningWish, { open, signal, report }: TaskContext): Promise<TuningCurve> {
    const model = await open(wish.net);
    const { layer, channel, property, read, orientation, frequency } = wish;
    const { values, unit, stimuli } = sweep(model.inputShape, property, { orientation, frequency, preprocessing: model.preprocessing });
    const { responses, preferred, selectivity } = await tuning(model, stimuli, { layer, read, signal, onProgress: report });
    const every = Math.max(1, Math.ceil(stimuli.length / 8));
    const shown = stimuli.flatMap((stimulus, index) => (index % every === 0 ? [{ index, pixels: pixelsOf(model, stimulus) }] : []));
    return {
      values,
      unit,
      responses: Array.from(responses[channel]),
      preferred: preferred[channel],
      selectivity: selectivity[channel],
      shown,
    };
  },

  /** All units of a layer against the concepts of the synthetic pictures. */
  async concepts(
    { net, layer, count }: { readonly net: NetRef; readonly layer: string; readonly count: number },
    { open, signal, report }: TaskContext,
  ): Promise<readonly UnitDissection[]> {
    const model = await open(net);
    const { units } = await dissect(model, syntheticConcepts(await openShapes(model, count)), { layer, signal, onProgress: report });
    return units;
  },

  async ablate({ net, pixels, layer, channels, from, watch }: AblationWish, { open, signal }: TaskContext): Promise<Ablated> {
    const model = await open(net);
    const { before, after, watched } = await intervene(model, inputOf(model, pixels), {
      layer,
      channels,
      ...(from && { from: inputOf(model, from) }),
      ...(watch !== undefined && { watch: [watch] }),
      signal,
    });
    const pair = watch === undefined ? undefined : watched.get(watch);
    return {
      before: sharesOf(model, before),
      after: sharesOf(model, after),
      watched: pair && { before: toNumbers(pair.before), after: toNumbers(pair.after) },
    };
  },

  /** How often the strongest pixel lies on the figure, where its pixels are known. Only for nets that know the synthetic classes. */
  async pointing(
    { net, methods, count }: { readonly net: NetRef; readonly methods: readonly AttributionMethod[]; readonly count: number },
    { open, signal, report }: TaskContext,
  ): Promise<readonly Pointed[]> {
    const model = await open(net);
    if (!knowsShapes(model)) throw new Error(`${net.name} does not tell the synthetic figures apart`);
    const shapes = await openShapes(model, count);
    const results: Pointed[] = [];
    for (const method of methods) {
      const tasks = [];
      const energies: number[] = [];
      for (let i = 0; i < shapes.size; i++) {
        signal.throwIfAborted();
        const { map } = await attribute(model, shapes.image(i), { method, class: shapes.label(i), signal });
        const { mask } = shapes.groundTruth(i);
        const energy = energyInside(map, mask);
        if (energy !== undefined) energies.push(energy);
        tasks.push({ map, mask, class: shapes.label(i) });
        report({ done: results.length * shapes.size + i + 1, total: methods.length * shapes.size });
      }
      const { hits, total, accuracy } = pointingGame(tasks);
      const energy = energies.length === 0 ? undefined : energies.reduce((a, b) => a + b, 0) / energies.length;
      results.push({ method, hits, total, accuracy, energy });
    }
    return results;
  },
};

/** A classifier's output as probabilities. */
function sharesOf(model: Model, output: Tensor): readonly number[] {
  const { output: traced } = model.trace();
  if (traced.rank !== 2) return Array.from(output.data);
  const kind = outputKind(traced);
  if (kind === "scores") return Array.from(softmax(output, { axis: 0 }).data);
  return Array.from(output.data, (v) => (kind === "log-probabilities" ? Math.exp(v) : v));
}
