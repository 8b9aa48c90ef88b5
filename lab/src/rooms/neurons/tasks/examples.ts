// The pictures that excite a unit, with the part of each that it saw.
import { type Example, examples, type Model, type UnitExamples } from "fovea";
import type { TaskContext } from "../../../engine/context.ts";
import type { NetRef } from "../../../engine/nets.ts";
import type { Numbers } from "../../../engine/tensors.ts";
import { type DataRef, openData, pixelsOf } from "./pictures.ts";
import { sharedWork } from "./shared.ts";

export const kinds = ["top", "lowest", "random", "quantiles"] as const;
export type Kind = (typeof kinds)[number];

export interface ExamplesWish {
  readonly net: NetRef;
  readonly layer: string;
  readonly channel: number;
  readonly data: DataRef;
  readonly by: "activation" | "relevance";
  readonly onePerImage: boolean;
  /** Of each kind. */
  readonly most: number;
  readonly seed: number;
}

export interface ShownExample extends Omit<Example, "picture" | "crop" | "mask"> {
  /** Pixels 0..1. */
  readonly picture: Numbers;
  readonly crop: Numbers;
  readonly className: string;
}

export interface ShownUnit extends Readonly<Record<Kind, readonly ShownExample[]>> {
  readonly best: number;
  readonly warnings: readonly string[];
  /** How many pictures were looked at. */
  readonly size: number;
}

/** One pass serves all channels of a layer; of very wide layers only the unit that was asked for is kept. */
const mostChannels = 64;

interface Pass {
  readonly units: readonly UnitExamples[];
  readonly size: number;
  readonly classes: readonly string[];
}

const passes = sharedWork<Pass>(4);

export const exampleTasks = {
  async examples(wish: ExamplesWish, { open, signal, report }: TaskContext): Promise<ShownUnit> {
    const model = await open(wish.net);
    const { units, size, classes } = await passOf(model, wish, signal, report);
    const unit = units.find(({ channel }) => channel === wish.channel);
    if (unit === undefined) throw new Error(`${wish.layer} has no unit ${wish.channel}`);
    const shown = (list: readonly Example[] = []): readonly ShownExample[] =>
      list.map(({ picture, crop, mask: _mask, ...rest }) => ({
        ...rest,
        picture: pixelsOf(model, picture),
        crop: pixelsOf(model, crop),
        className: classes[rest.label] ?? "",
      }));
    const { top, lowest, random, quantiles, best, warnings } = unit;
    return { top: shown(top), lowest: shown(lowest), random: shown(random), quantiles: shown(quantiles), best, warnings, size };
  },
};

function passOf(model: Model, wish: ExamplesWish, signal: AbortSignal, report: (message: unknown) => void): Promise<Pass> {
  const { net, layer, channel, data, by, onePerImage, most, seed } = wish;
  const wide = (model.trace().layers.find(({ name }) => name === layer)?.value.shape[1] ?? 0) > mostChannels;
  const key = JSON.stringify([net.key, layer, wide && channel, data.kind, data.count, data.ownKey, by, onePerImage, most, seed]);
  return passes.join(key, signal, report, async (joint, tell) => {
    const dataset = await openData(model, data, { signal: joint });
    const lists = { top: most, lowest: most, random: most, quantiles: most };
    const options = { layer, ...(wide && { channel }), ...lists, by, onePerImage, seed, signal: joint, onProgress: tell };
    return { units: await examples(model, dataset, options), size: dataset.size, classes: dataset.classes };
  });
}
