// The maps of one layer on one picture, its kernels, and where a unit looks: what choosing a unit needs.
import { activations, boxOf, filters, type Model, receptiveField } from "fovea";
import { predict } from "fovea/train";
import type { TaskContext } from "../../../engine/context.ts";
import { inputOf } from "../../../engine/look.ts";
import type { NetRef } from "../../../engine/nets.ts";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";
import { pixelsOf } from "./pictures.ts";

export interface LayerMaps {
  /** [C, H, W] or [C]. */
  readonly values: Numbers;
  /** What the net saw, as pixels 0..1. */
  readonly seen: Numbers;
}

/** [row, column, height, width] in pixels; undefined where the layers give no box. */
export type PixelBox = readonly [row: number, column: number, height: number, width: number];

export interface UnitPlace {
  readonly box: PixelBox | undefined;
  /** The library's word: "exact", "whole input", "upper bound", "data-dependent", "unknown". */
  readonly status: string;
}

export const mapTasks = {
  async layerMaps(
    { net, pixels, layer }: { readonly net: NetRef; readonly pixels: Numbers; readonly layer: string },
    { open, signal }: TaskContext,
  ): Promise<LayerMaps> {
    const model = await open(net);
    const input = inputOf(model, pixels);
    const found = await activations(model, input, { layers: [layer], signal });
    const [values] = found.values();
    return { values: toNumbers(values), seen: pixelsOf(model, input) };
  },

  /** The least and the greatest value of all layers with maps: what colours of the whole net span. */
  async netRange(
    { net, pixels }: { readonly net: NetRef; readonly pixels: Numbers },
    { open, signal }: TaskContext,
  ): Promise<{ readonly low: number; readonly high: number }> {
    const model = await open(net);
    const layers = model.trace().layers.flatMap(({ name, value }) => (value.rank === 4 ? [name] : []));
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { data } of (await activations(model, inputOf(model, pixels), { layers, signal })).values()) {
      for (const v of data) {
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
    }
    return { low, high };
  },

  /** One per class; empty for nets that are no classifiers. */
  async probabilities({ net, pixels }: { readonly net: NetRef; readonly pixels: Numbers }, { open }: TaskContext): Promise<number[]> {
    const model = await open(net);
    if (model.trace().output.rank !== 2) return [];
    return Array.from((await predict(model, [inputOf(model, pixels)])).probabilities.data);
  },

  /**
   * A convolution's kernels [out, in, height, width]. Of a linear layer that reads flattened maps likewise, height and width being the maps'; of other
   * linear layers [out, in, 1, 1]. Undefined for layers without weights.
   */
  async kernels({ net, layer }: { readonly net: NetRef; readonly layer: string }, { open }: TaskContext): Promise<Numbers | undefined> {
    const model = await open(net);
    const own = model.trace().layers.find(({ name }) => name === layer);
    const weights = own?.parameters.map((name) => model.parameters.get(name)).find((one) => (one?.rank ?? 0) >= 2);
    if (own === undefined || weights === undefined) return undefined;
    if (weights.rank >= 3) return toNumbers(filters(model, layer));
    const [outputs, inputs] = weights.shape;
    if (own.kind !== "linear" || own.value.shape.at(-1) !== outputs) return undefined;
    return { shape: [outputs, ...mapsBefore(model, layer, inputs)], data: toNumbers(weights).data };
  },

  /** The part of the picture that a unit at this position of the layer sees. */
  async place(
    { net, layer, position }: { readonly net: NetRef; readonly layer: string; readonly position: readonly [number, number] },
    { open }: TaskContext,
  ): Promise<UnitPlace> {
    return placeOf(await open(net), layer, position);
  },
};

/** [C, H, W] of the maps whose numbers, row after row, a linear layer reads; [inputs, 1, 1] where it reads no maps. */
function mapsBefore(model: Model, layer: string, inputs: number): readonly number[] {
  const { layers } = model.trace();
  const before = layers
    .slice(
      0,
      layers.findIndex(({ name }) => name === layer),
    )
    .map(({ value }) => value.shape.slice(1));
  // Relu, dropout and flatten lie between; another linear layer does not hand maps on.
  const maps = before.findLast((shape) => shape.length === 3 || shape[0] !== inputs);
  return maps?.length === 3 && maps[0] * maps[1] * maps[2] === inputs ? maps : [inputs, 1, 1];
}

function placeOf(model: Model, layer: string, position: readonly [number, number]): UnitPlace {
  const traced = model.trace();
  const own = traced.layers.find(({ name }) => name === layer);
  if (own === undefined || own.value.rank !== 4) return { box: undefined, status: "whole input" };
  try {
    const field = receptiveField(own.value, traced.input);
    const [[top, bottom], [left, right]] = boxOf(field, position);
    return { box: [top, left, bottom - top + 1, right - left + 1], status: field.status };
  } catch {
    // Branches that look at different places have no common box.
    return { box: undefined, status: "unknown" };
  }
}
