// Does a map depend on what the net has learned? Forget the weights, layer by layer from the top, and watch the map: one that stays as it was explained the
// picture. Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim 2018.
import type { Dataset } from "../../data/dataset.ts";
import { permuteLabels } from "../../data/select.ts";
import type { Model } from "../../nn/model.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { random } from "../../tensor/random.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { fit } from "../../train/fit.ts";
import type { FitOptions } from "../../train/options.ts";
import { type AttributeOptions, attribute } from "../attribute.ts";
import type { Attribution } from "../records.ts";
import { pauseBetweenRuns } from "../run.ts";
import { targetOrPredicted } from "./predicted.ts";
import { compareMaps, type MapSimilarity } from "./similarity.ts";

export type SanityOptions = AttributeOptions & {
  /** "cascading" (default) forgets from the logits down, one layer more at a time; "independent" each layer alone. */
  readonly mode?: "cascading" | "independent";
  /** Seed of the forgetful weights (default 0). */
  readonly forgetSeed?: number;
};

export interface SanityStep {
  /** The layer that was forgotten last. */
  readonly layer: string;
  readonly attribution: Attribution;
  /** With the map of the untouched net. */
  readonly similarity: MapSimilarity;
}

export interface SanityReport {
  readonly original: Attribution;
  /** From the logits down. */
  readonly steps: readonly SanityStep[];
}

/** Layers that have weights, from the last to the first. */
export function layersToForget(model: Model): string[] {
  const owners = parameterOwners(model);
  return [...new Set([...model.parameters.keys()].map((name) => owners(name)))].reverse();
}

/** The layer that a parameter belongs to. In nets from files the names of parameters need not be those of their layers. */
function parameterOwners(model: Model): (parameter: string) => string {
  const owners = new Map(model.trace().layers.flatMap(({ name, parameters }) => parameters.map((own) => [own, name] as const)));
  return (parameter) => owners.get(parameter) ?? parameter.slice(0, Math.max(0, parameter.lastIndexOf(".")));
}

/** The parameters of a layer, drawn anew: normal numbers with each tensor's own mean and deviation. Depends on the seed and the names alone. */
export function forgotten(model: Model, layers: readonly string[], seed = 0): Model {
  const state = new Map<string, Tensor>();
  const owners = parameterOwners(model);
  for (const [name, tensor] of model.parameters) {
    if (!layers.includes(owners(name))) continue;
    const { mean, deviation } = momentsOf(tensor);
    const generator = random(seed).fork(name);
    state.set(
      name,
      new Tensor(
        tensor.data.map(() => mean + deviation * generator.normal()),
        tensor.shape,
      ),
    );
  }
  return model.with(state);
}

function momentsOf({ data, size }: Tensor): { readonly mean: number; readonly deviation: number } {
  let [sum, squares] = [0, 0];
  for (const v of data) sum += v;
  for (const v of data) squares += (v - sum / size) ** 2;
  return { mean: sum / size, deviation: Math.sqrt(squares / size) };
}

/** One map of the net as it is, and one after each step of forgetting; without a target, of the class that the net predicts. Errors as `attribute`. */
export async function sanityCheck(model: Model, image: Tensor, options: SanityOptions): Promise<SanityReport> {
  const { mode = "cascading", forgetSeed = 0, ...asked } = options;
  if (mode !== "cascading" && mode !== "independent") {
    throw new ArgumentError(`sanityCheck: mode is "${String(mode)}"; expected cascading or independent`);
  }
  const layers = layersToForget(model);
  if (layers.length === 0) throw new ArgumentError("sanityCheck: the net has no parameters to forget");
  const { onProgress, ...rest } = asked as AttributeOptions;
  // Settled once: forgetful nets predict other classes.
  const settings: AttributeOptions = { ...rest, ...(await targetOrPredicted("sanityCheck", model, image, rest)) };
  const original = await attribute(model, image, settings);
  const steps: SanityStep[] = [];
  const pause = pauseBetweenRuns(rest);
  for (const [i, layer] of layers.entries()) {
    const changed = forgotten(model, mode === "cascading" ? layers.slice(0, i + 1) : [layer], forgetSeed);
    await pause();
    const attribution = await attribute(changed, image, settings);
    await pause();
    steps.push({ layer, attribution, similarity: compareMaps(original.map, attribution.map) });
    onProgress?.({ done: i + 1, total: layers.length });
  }
  return { original, steps };
}

export type DataSanityOptions = AttributeOptions & {
  /** How the second net is trained (default: as `fit` does; give what the first was trained with). */
  readonly fit?: FitOptions;
  /** Seed by which labels are dealt out (default 0). */
  readonly labelSeed?: number;
};

export interface DataSanity {
  readonly original: Attribution;
  /** Of the same net, trained on the same pictures with permuted labels. */
  readonly permuted: Attribution;
  readonly similarity: MapSimilarity;
}

/**
 * The data randomisation test: a net that learnt nothing but a list by heart should be explained differently. Trains the same net again, on `dataset`
 * with its labels permuted, and compares. Errors as `attribute` and `fit`.
 */
export async function dataSanityCheck(model: Model, dataset: Dataset, image: Tensor, options: DataSanityOptions): Promise<DataSanity> {
  const { fit: training = {}, labelSeed = 0, ...asked } = options;
  const blind = await fit(model.net, permuteLabels(dataset, { seed: labelSeed }), training);
  const settings: AttributeOptions = {
    ...(asked as AttributeOptions),
    ...(await targetOrPredicted("dataSanityCheck", model, image, asked)),
  };
  const [original, permuted] = [await attribute(model, image, settings), await attribute(blind, image, settings)];
  return { original, permuted, similarity: compareMaps(original.map, permuted.map) };
}
