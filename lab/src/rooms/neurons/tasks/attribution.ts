// Which pixels mattered, by any method; how far the map is to be believed; and whether it depends on what the net has learned.
import {
  type Attribution,
  type AttributionMethod,
  attribute,
  faithfulness,
  infidelity,
  type MethodOptions,
  type Model,
  sanityCheck,
  sensitivityN,
} from "fovea";
import type { TaskContext } from "../../../engine/context.ts";
import { inputOf } from "../../../engine/look.ts";
import type { NetRef } from "../../../engine/nets.ts";
import { tellError } from "../../../engine/protocol.ts";
import { type Numbers, toNumbers, toTensor } from "../../../engine/tensors.ts";
import { targetOf, type UnitRef } from "./unit.ts";

/** What a method may be told, as plain data. */
export type MethodWish = Omit<MethodOptions, "baseline" | "signal" | "onProgress" | "method">;

export interface MapWish {
  readonly net: NetRef;
  /** 0..1, of any size. */
  readonly pixels: Numbers;
  readonly unit: UnitRef;
  readonly method: AttributionMethod;
  readonly settings?: MethodWish;
}

/** The library's record, with numbers that can cross to the page. */
export interface FoundMap extends Omit<Attribution, "map" | "signed" | "layerMap"> {
  readonly map: Numbers;
  readonly signed?: Numbers;
  readonly layerMap?: Numbers;
  /** What the net saw. */
  readonly input: Numbers;
}

export interface Judgement {
  readonly deletion: { readonly pixels: readonly number[]; readonly scores: readonly number[]; readonly area: number };
  readonly insertion: { readonly pixels: readonly number[]; readonly scores: readonly number[]; readonly area: number };
  readonly infidelity: number;
  readonly sensitivityN: number | undefined;
}

export interface StripStep {
  readonly layer: string;
  readonly map: Numbers;
  readonly range: { readonly low: number; readonly high: number };
  readonly spearman: number | undefined;
  readonly spearmanAbsolute: number | undefined;
  readonly ssim: number;
}

export const attributionTasks = {
  async map(wish: MapWish, { open, signal, report }: TaskContext): Promise<FoundMap> {
    return mapOf(await open(wish.net), wish, { signal, onProgress: report });
  },

  /** Several methods on one picture. Those that are not defined for the net are left out, with the reason. */
  async compare(
    { methods, ...wish }: Omit<MapWish, "method"> & { readonly methods: readonly AttributionMethod[] },
    { open, signal, report }: TaskContext,
  ): Promise<void> {
    const model = await open(wish.net);
    for (const [i, method] of methods.entries()) {
      signal.throwIfAborted();
      report({ done: i, total: methods.length, method });
      try {
        const found = await mapOf(model, { ...wish, method }, { signal });
        report({ done: i + 1, total: methods.length, found });
      } catch (error) {
        signal.throwIfAborted();
        report({ done: i + 1, total: methods.length, method, refused: tellError(error) });
      }
    }
  },

  /** Deletion and insertion, infidelity, and the correlation of sums with drops, for a map that was found before. */
  async judge(
    { net, pixels, unit, map }: Omit<MapWish, "method"> & { readonly map: Numbers },
    { open, signal }: TaskContext,
  ): Promise<Judgement> {
    const model = await open(net);
    const [image, values, target] = [inputOf(model, pixels), toTensor(map), targetOf(unit)];
    const { deletion, insertion } = await faithfulness(model, image, values, { ...target, signal });
    return {
      deletion,
      insertion,
      infidelity: await infidelity(model, image, values, { ...target, signal, normalised: true }),
      sensitivityN: await sensitivityN(model, image, values, { ...target, signal }),
    };
  },

  /** The map again and again while the net forgets its weights from the top down. */
  async sanity(wish: MapWish, { open, signal, report }: TaskContext): Promise<readonly StripStep[]> {
    const model = await open(wish.net);
    const { method, settings, unit, pixels } = wish;
    const options = { ...settings, method, ...targetOf(unit), signal, onProgress: report };
    const { steps } = await sanityCheck(model, inputOf(model, pixels), options);
    return steps.map(({ layer, attribution: { map, range }, similarity: { spearman, spearmanAbsolute, ssim } }) => ({
      layer,
      map: toNumbers(map),
      range,
      spearman,
      spearmanAbsolute,
      ssim,
    }));
  },
};

async function mapOf(
  model: Model,
  { pixels, unit, method, settings = {} }: MapWish,
  run: { readonly signal: AbortSignal; readonly onProgress?: (progress: unknown) => void },
): Promise<FoundMap> {
  const input = inputOf(model, pixels);
  const { map, signed, layerMap, ...rest } = await attribute(model, input, { ...settings, method, ...targetOf(unit), ...run });
  return {
    ...rest,
    map: toNumbers(map),
    ...(signed && { signed: toNumbers(signed) }),
    ...(layerMap && { layerMap: toNumbers(layerMap) }),
    input: toNumbers(input),
  };
}
