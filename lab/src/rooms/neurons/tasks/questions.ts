// Questions that are put to a unit: what it is tuned to, which concept it lights up with, what happens without it, whether maps point at the figure.
import {
  type AttributionMethod,
  attribute,
  compareMaps,
  dissect,
  examples,
  intervene,
  type Model,
  pointingGame,
  tuning,
  type UnitDissection,
} from "fovea";
import { type Concept, conceptsOn, energyInside, needsFigures, patched, type SweptProperty, sweep } from "fovea/lens";
import { softmax } from "fovea/ops";
import type { Tensor } from "fovea/tensor";
import { outputKind } from "fovea/train";
import type { TaskContext } from "../../../engine/context.ts";
import { inputOf } from "../../../engine/look.ts";
import type { NetRef } from "../../../engine/nets.ts";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";
import { type DataRef, knowsShapes, openData, openShapes, pixelsOf } from "./pictures.ts";

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

export interface ChangedMapsWish extends Omit<AblationWish, "watch"> {
  readonly method: AttributionMethod;
  readonly class: number;
}

/** One method's map of a class, with and without the change. */
export interface ChangedMaps {
  readonly before: ChangedMap;
  readonly after: ChangedMap;
  /** Spearman's correlation of the two; undefined where one is constant. */
  readonly spearman: number | undefined;
}
interface ChangedMap {
  readonly map: Numbers;
  readonly range: { readonly low: number; readonly high: number };
  readonly score: number;
  readonly warnings: readonly string[];
}

export interface Ablated {
  /** One per class, or the raw output of nets that are no classifiers. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** The net's output itself: the logits of classifiers. */
  readonly raw: { readonly before: readonly number[]; readonly after: readonly number[]; readonly isLogit: boolean };
  readonly watched: { readonly before: Numbers; readonly after: Numbers } | undefined;
}

export interface DissectionWish {
  readonly net: NetRef;
  readonly layer: string;
  readonly data: DataRef;
  readonly concepts: readonly Concept[];
  /** Of positions above a unit's threshold. */
  readonly share: number;
  /** From which on a unit is said to stand for a concept. */
  readonly leastOverlap: number;
}

export interface Dissected {
  readonly units: readonly UnitDissection[];
  /** Concepts that these pictures cannot show. */
  readonly left: readonly string[];
  /** Pictures that were looked at. */
  readonly size: number;
}

export interface ConceptExamplesWish {
  readonly net: NetRef;
  readonly layer: string;
  readonly channel: number;
  readonly data: DataRef;
  readonly threshold: number;
}

export interface ConceptExample {
  readonly index: number;
  readonly activation: number;
  readonly pixels: Numbers;
  /** [H, W] of 0 and 1. */
  readonly mask?: Numbers;
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

  /** All units of a layer against a list of concepts on a set of pictures. Concepts that the set cannot serve, and those without pixels, are named. */
  async concepts(
    { net, layer, data, concepts, share, leastOverlap }: DissectionWish,
    { open, signal, report }: TaskContext,
  ): Promise<Dissected> {
    const model = await open(net);
    const dataset = await openData(model, data, { signal });
    const hasFigures = "groundTruth" in dataset;
    const fits = ({ rule }: Concept): boolean =>
      (hasFigures || !needsFigures(rule)) &&
      (rule.kind !== "hue" || dataset.imageShape[0] === 3) &&
      (rule.kind !== "class" || rule.class < dataset.classes.length) &&
      (rule.kind !== "masks" || rule.masks.size > 0);
    const able = concepts.filter(fits);
    const left = concepts.filter((one) => !fits(one)).map(({ name }) => name);
    if (able.length === 0) return { units: [], left, size: dataset.size };
    const { units } = await dissect(model, conceptsOn(dataset, able), { layer, share, leastOverlap, signal, onProgress: report });
    return { units, left, size: dataset.size };
  },

  /** The pictures that excite a unit most, and where in them it is above its threshold. */
  async conceptExamples(
    { net, layer, channel, data, threshold }: ConceptExamplesWish,
    { open, signal, report }: TaskContext,
  ): Promise<readonly ConceptExample[]> {
    const model = await open(net);
    const dataset = await openData(model, data, { signal });
    const options = { layer, channel, top: 6, signal, onProgress: report };
    const [first] = await examples(model, dataset, options);
    // A mask is told as a share of the best activation.
    const maskAt = Math.min(1 - 1e-6, Math.max(1e-6, threshold / first.best));
    const [unit] = first.best > 0 ? await examples(model, dataset, { ...options, maskAt }) : [first];
    return unit.top.map(({ index, activation, picture, mask }) => ({
      index,
      activation,
      pixels: pixelsOf(model, picture),
      ...(mask && { mask: toNumbers(mask) }),
    }));
  },

  /** One picture of a set, to paint on. */
  async pictureOfSet(
    { net, data, index }: { readonly net: NetRef; readonly data: DataRef; readonly index: number },
    { open, signal }: TaskContext,
  ): Promise<{ readonly pixels: Numbers; readonly size: number }> {
    const model = await open(net);
    const dataset = await openData(model, data, { signal });
    return { pixels: pixelsOf(model, dataset.image(Math.min(index, dataset.size - 1))), size: dataset.size };
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
      raw: { before: Array.from(before.data), after: Array.from(after.data), isLogit: isLogit(model) },
      watched: pair && { before: toNumbers(pair.before), after: toNumbers(pair.after) },
    };
  },

  /** Why the class, with and without the change: the whole method runs on the changed net. */
  async changedMaps(
    { net, pixels, layer, channels, from, method, class: wanted }: ChangedMapsWish,
    { open, signal, report }: TaskContext,
  ): Promise<ChangedMaps> {
    const model = await open(net);
    const image = inputOf(model, pixels);
    const changed = await patched(model, { layer, channels, ...(from && { from: inputOf(model, from) }), signal });
    const options = { method, class: wanted, signal, onProgress: report };
    const [before, after] = [await attribute(model, image, options), await attribute(changed, image, options)];
    const plain = ({ map, range, score, warnings }: typeof before): ChangedMap => ({ map: toNumbers(map), range, score, warnings });
    return { before: plain(before), after: plain(after), spearman: compareMaps(before.map, after.map).spearman };
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

function isLogit(model: Model): boolean {
  const { output } = model.trace();
  return output.rank === 2 && outputKind(output) === "scores";
}

/** A classifier's output as probabilities. */
function sharesOf(model: Model, output: Tensor): readonly number[] {
  const { output: traced } = model.trace();
  if (traced.rank !== 2) return Array.from(output.data);
  const kind = outputKind(traced);
  if (kind === "scores") return Array.from(softmax(output, { axis: 0 }).data);
  return Array.from(output.data, (v) => (kind === "log-probabilities" ? Math.exp(v) : v));
}
