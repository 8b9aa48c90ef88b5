// The channel and position that a target means on a picture, for methods that need no gradient.
import { compile } from "../../backends/compile.ts";
import { createGraph } from "../../graph/graph.ts";
import type { Program } from "../../graph/program.ts";
import type { Model } from "../../nn/model.ts";
import type { Shape } from "../../tensor/shape.ts";
import { allocate, type Tensor } from "../../tensor/tensor.ts";
import { stack, traceFor } from "../batch.ts";
import { compileOptions, type RunOptions } from "../run.ts";
import { channelOf, checkPosition, fillDirection, fillMask, type Target, targetLayer } from "../target.ts";
import { strongest } from "./aim.ts";
import type { AttributionTask } from "./method.ts";

/** What a score is the sum of: the mask over the target's layer, and the position that was settled on. */
export interface Settled {
  readonly mask: Tensor["data"];
  readonly position: readonly [row: number, column: number] | undefined;
}

export interface Settler {
  /** Throws `ArgumentError` for targets that are not there. Only a channel without a position costs a run: its strongest unit is looked up. */
  settle(task: AttributionTask): Promise<Settled>;
  /** Gives the memory of what was compiled back. */
  release(): void;
}

/** For tasks with targets in one layer and pictures of one shape [C, H, W]; what needs a run is compiled once for all. Errors as `targetLayer`. */
export function settlerFor(model: Model, target: Target, shape: Shape, options: RunOptions): Settler {
  const { dtype = "float32" } = options;
  const layer = targetLayer(traceFor(model, shape, 1, dtype), target);
  const spatial = layer.height * layer.width > 1;
  let program: Program | undefined;
  const valuesOn = async (image: Tensor): Promise<Tensor> => {
    program ??= await compile(createGraph({ outputs: { values: layer.value } }), compileOptions(options));
    return (await program.run({ x: stack([image], 1, shape, dtype) })).values;
  };
  return {
    release: () => program?.release(),
    async settle({ image, target: wanted }) {
      const mask = allocate(dtype, layer.channels * layer.height * layer.width);
      if (wanted.direction !== undefined) {
        fillDirection(mask, layer, wanted.direction);
        return { mask, position: undefined };
      }
      const channel = channelOf(model, wanted, layer);
      const position = wanted.position ?? (spatial ? strongest(await valuesOn(image), 0, channel, layer) : ([0, 0] as const));
      checkPosition(layer, position);
      fillMask(mask, layer, channel, position);
      return { mask, position: spatial ? position : undefined };
    },
  };
}
