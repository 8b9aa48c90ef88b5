// What the meters of this folder measure: anything that makes maps of a picture. A layer of a model is one, a single op another.
import { compile } from "../../backends/compile.ts";
import { createGraph } from "../../graph/graph.ts";
import { layerValue, type Model } from "../../nn/model.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { type Shape, showShape } from "../../tensor/shape.ts";
import { allocate, Tensor } from "../../tensor/tensor.ts";
import { onePicture, stack } from "../batch.ts";
import { compileOptions, type RunOptions } from "../run.ts";

/** A picture [C, H, W] to maps [C', H', W']. */
export type FeatureMap = (picture: Tensor) => Tensor | Promise<Tensor>;

/** A layer as a function of the picture. Throws `GraphError` when there is no such layer, `ShapeError` when its values are no maps. */
export async function layerMap(model: Model, layer: string, options: RunOptions = {}): Promise<FeatureMap> {
  const { dtype = "float32" } = options;
  const traced = model.trace({ batch: 1, dtype });
  const maps = layerValue(traced, layer);
  if (maps.rank !== 4) throw new ShapeError(`layerMap: "${layer}" gives ${showShape(maps.shape)}; expected maps [N, C, H, W]`);
  const program = await compile(createGraph({ outputs: { maps } }), compileOptions(options));
  return async (picture) => (await program.run({ x: stack([onePicture(picture)], 1, model.inputShape, dtype) })).maps.entry(0);
}

export function checkMaps(maps: Tensor, what: string): readonly [channels: number, height: number, width: number] {
  if (maps.rank !== 3) throw new ShapeError(`${what} has the shape ${showShape(maps.shape)}; expected [C, H, W]`);
  return maps.shape as readonly [number, number, number];
}

/** Every plane of [C, H, W] read at `source`: position p of the result is position source[p] of the picture, or `fill` where that is -1. */
export function rearranged(maps: Tensor, source: Int32Array, shape: Shape, fill = 0): Tensor {
  const [channels, height, width] = checkMaps(maps, "rearranged: the picture");
  const data = allocate(maps.dtype, channels * source.length);
  for (let c = 0; c < channels; c++) {
    for (let p = 0; p < source.length; p++) {
      data[c * source.length + p] = source[p] < 0 ? fill : maps.data[c * height * width + source[p]];
    }
  }
  return new Tensor(data, [channels, ...shape]);
}
