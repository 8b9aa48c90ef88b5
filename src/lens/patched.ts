// The net with some channels of a layer replaced for good: every question that can be put to a net - maps, climbed pictures, examples - can then be
// put to the net without a channel, or with what the channel was on another picture.
import { constant } from "../graph/record.ts";
import { rewriteValues } from "../graph/rewrite.ts";
import type { Value } from "../graph/value.ts";
import { expectModel, layerValue, type Model } from "../nn/model.ts";
import type { Traced } from "../nn/module.ts";
import { add, mul } from "../ops/index.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { type DType, full, ones, type Tensor, zeros } from "../tensor/tensor.ts";
import { activations } from "./activations.ts";
import { onePicture } from "./batch.ts";
import { type RunOptions, runOptionNames } from "./run.ts";
import { targetLayer } from "./target.ts";

export interface PatchOptions extends RunOptions {
  readonly layer: string;
  /** The channels to change (default: all of the layer). */
  readonly channels?: readonly number[];
  /** What they become everywhere (default 0). */
  readonly value?: number;
  /** Or: what they were on this picture [C, H, W], of the model's own size. */
  readonly from?: Tensor;
}

/**
 * The model with channels of a layer held fast, whatever the picture; its output is what `intervene` calls "after". Throws `ArgumentError` for channels that
 * are not there, `GraphError` for unknown layers.
 */
export async function patched(model: Model, options: PatchOptions): Promise<Model> {
  expectModel("patched", model);
  checkOptions("patched", options, [...runOptionNames, "layer", "channels", "value", "from"]);
  const { layer: name, channels: wanted, value = 0, from, ...run } = options;
  if (options.value !== undefined && from !== undefined) throw new ArgumentError("patched: value and from exclude each other");
  const layer = targetLayer(model.trace(), { layer: name });
  const channels = wanted ?? Array.from({ length: layer.channels }, (_, c) => c);
  for (const c of channels) {
    if (!Number.isInteger(c) || c < 0 || c >= layer.channels) {
      throw new ArgumentError(`patched: "${name}" has the channels 0..${layer.channels - 1}; ${c} was asked for`);
    }
  }
  const source = from === undefined ? undefined : (await activations(model, onePicture(from), { ...run, layers: [name] })).get(name);
  const ownShape = layer.value.shape.slice(1);
  // One number per channel fits maps of any size; what a channel was on a picture, of that size alone.
  const shape = source === undefined ? [layer.channels, ...ownShape.slice(1).map(() => 1)] : ownShape;
  const plane = shape.slice(1).reduce((a, b) => a * b, 1);
  const [kept, put] = [ones([1, ...shape]), zeros([1, ...shape])];
  for (const c of channels) {
    const [start, end] = [c * plane, (c + 1) * plane];
    kept.data.fill(0, start, end);
    put.data.set((source ?? full(shape, value)).data.subarray(start, end) as Float32Array, start);
  }
  return withPatch(model, name, kept, put);
}

function withPatch(model: Model, name: string, kept: Tensor, put: Tensor): Model {
  return {
    ...model,
    trace: (options) => patchTrace(model.trace(options), name, kept, put, options?.dtype ?? "float32"),
    with: (state) => withPatch(model.with(state), name, kept, put),
  };
}

function patchTrace(traced: Traced, name: string, kept: Tensor, put: Tensor, dtype: DType): Traced {
  const own = layerValue(traced, name);
  const held = add(mul(own, constant(kept.cast(dtype))), constant(put.cast(dtype)));
  const roots = [...traced.names.values(), ...traced.layers.flatMap(({ input, value }) => [input, value]), traced.output];
  const moved = rewriteValues(roots, (value) => (value === own ? held : undefined));
  const now = (value: Value): Value => moved.get(value) as Value;
  return {
    ...traced,
    output: now(traced.output),
    layers: traced.layers.map((layer) => ({ ...layer, input: now(layer.input), value: now(layer.value) })),
    names: new Map([...traced.names].map(([path, value]) => [path, now(value)])),
  };
}
