// Does a map depend on what the net has learned? Forget the weights, layer by layer from the top, and watch the map: one that stays as it was explained the
// picture. Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim 2018.
import type { Model } from "../../nn/model.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { random } from "../../tensor/random.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type AttributeOptions, attribute } from "../attribute.ts";
import type { Attribution } from "../records.ts";
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
  const named = [...model.parameters.keys()].map((name) => name.slice(0, name.lastIndexOf(".")));
  return [...new Set(named)].reverse();
}

/** The parameters of a layer, drawn anew: normal numbers with each tensor's own mean and deviation. Depends on the seed and the names alone. */
export function forgotten(model: Model, layers: readonly string[], seed = 0): Model {
  const state = new Map<string, Tensor>();
  for (const [name, tensor] of model.parameters) {
    if (!layers.includes(name.slice(0, name.lastIndexOf(".")))) continue;
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

/** One map of the net as it is, and one after each step of forgetting. Errors as `attribute`. */
export async function sanityCheck(model: Model, image: Tensor, options: SanityOptions): Promise<SanityReport> {
  const { mode = "cascading", forgetSeed = 0, ...asked } = options;
  if (mode !== "cascading" && mode !== "independent") {
    throw new ArgumentError(`sanityCheck: mode is "${String(mode)}"; expected cascading or independent`);
  }
  const layers = layersToForget(model);
  if (layers.length === 0) throw new ArgumentError("sanityCheck: the net has no parameters to forget");
  const { onProgress, ...settings } = asked as AttributeOptions;
  const original = await attribute(model, image, settings as AttributeOptions);
  const steps: SanityStep[] = [];
  for (const [i, layer] of layers.entries()) {
    const changed = forgotten(model, mode === "cascading" ? layers.slice(0, i + 1) : [layer], forgetSeed);
    const attribution = await attribute(changed, image, settings as AttributeOptions);
    steps.push({ layer, attribution, similarity: compareMaps(original.map, attribution.map) });
    onProgress?.({ done: i + 1, total: layers.length });
  }
  return { original, steps };
}
