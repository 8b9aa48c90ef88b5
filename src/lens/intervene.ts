// What would the net say without this channel, or with what it saw on another picture? The causal question, which no map of the pixels answers.
import { compile } from "../backends/compile.ts";
import { createGraph } from "../graph/graph.ts";
import { input } from "../graph/record.ts";
import { substitute } from "../graph/rewrite.ts";
import { expectModel, layerValue, type Model } from "../nn/model.ts";
import { add, mul } from "../ops/index.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { expectList, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { allocate, Tensor } from "../tensor/tensor.ts";
import { onePicture, stack, traceFor } from "./batch.ts";
import { compileOptions, type RunOptions, runOptionNames } from "./run.ts";
import { targetLayer } from "./target.ts";

export interface InterveneOptions extends RunOptions {
  readonly layer: string;
  /** The channels to change (default: all of the layer). */
  readonly channels?: readonly number[];
  /** What they become everywhere (default 0). */
  readonly value?: number;
  /** Or: what they were on this picture [C, H, W]. */
  readonly from?: Tensor;
  /** Layers whose values are wanted, too, with and without the change (default: none). */
  readonly watch?: readonly string[];
}

export interface Intervention {
  /** The net's output on the picture, without and with the change, without the batch axis. */
  readonly before: Tensor;
  readonly after: Tensor;
}

export interface WatchedIntervention extends Intervention {
  /** Values of the watched layers by name, likewise. */
  readonly watched: ReadonlyMap<string, { readonly before: Tensor; readonly after: Tensor }>;
}

/** Runs the net with channels of a layer replaced. Throws `ArgumentError` for channels that are not there, `GraphError` for unknown layers. */
export async function intervene(model: Model, image: Tensor, options: InterveneOptions): Promise<WatchedIntervention> {
  expectModel("intervene", model);
  expectTensor("intervene", "the picture", image);
  checkOptions("intervene", options, [...runOptionNames, "layer", "channels", "value", "from", "watch"]);
  const { dtype = "float32", value, from, watch = [] } = options;
  expectList("intervene", "watch", watch, "names of layers");
  if (value !== undefined && from !== undefined) throw new ArgumentError("intervene: value and from exclude each other");
  const picture = onePicture(image);
  const source = from === undefined ? undefined : onePicture(from);
  if (source !== undefined && !sameShape(source.shape, picture.shape)) {
    throw new ShapeError(`intervene: the pictures have the shapes ${showShape(picture.shape)} and ${showShape(source.shape)}`);
  }
  const traced = traceFor(model, picture.shape, 1, dtype);
  const layer = targetLayer(traced, { layer: options.layer });
  const channels = options.channels ?? Array.from({ length: layer.channels }, (_, c) => c);
  for (const c of channels) {
    if (!Number.isInteger(c) || c < 0 || c >= layer.channels) {
      throw new ArgumentError(`intervene: "${options.layer}" has the channels 0..${layer.channels - 1}; ${c} was asked for`);
    }
  }
  const shape = layer.value.shape;
  const [kept, put] = [input("kept", shape, dtype), input("put", shape, dtype)];
  const seen = watch.map((name) => layerValue(traced, name));
  const [changed, ...seenAfter] = substitute([traced.output, ...seen], new Map([[layer.value, add(mul(layer.value, kept), put)]]));
  const pairs = seen.flatMap((own, i) => [[`before${i}`, own] as const, [`after${i}`, seenAfter[i]] as const]);
  const graph = createGraph({
    outputs: { before: traced.output, after: changed, values: layer.value, ...Object.fromEntries(pairs) },
  });
  const program = await compile(graph, compileOptions(options));
  const run = (x: Tensor, mask: Tensor, given: Tensor): ReturnType<typeof program.run> =>
    program.run({ x: stack([x], 1, picture.shape, dtype), kept: mask, put: given });
  try {
    const all = new Tensor(allocate(dtype, sizeOf(shape)).fill(1), shape);
    const none = new Tensor(allocate(dtype, sizeOf(shape)), shape);
    const values = source === undefined ? undefined : (await run(source, all, none)).values;
    const [keep, give] = [all.clone(), none.clone()];
    const plane = layer.height * layer.width;
    for (const c of channels) {
      keep.data.fill(0, c * plane, (c + 1) * plane);
      if (values !== undefined) give.data.set(values.data.subarray(c * plane, (c + 1) * plane), c * plane);
      else give.data.fill(value ?? 0, c * plane, (c + 1) * plane);
    }
    const results = await run(picture, keep, give);
    const pair = (i: number | ""): { before: Tensor; after: Tensor } => ({
      before: results[`before${i}`].entry(0),
      after: results[`after${i}`].entry(0),
    });
    return { ...pair(""), watched: new Map(watch.map((name, i) => [name, pair(i)])) };
  } finally {
    program.release();
  }
}
