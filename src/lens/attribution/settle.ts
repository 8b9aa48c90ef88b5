// The channel and position that a target means on a picture, for methods that need no gradient.
import type { Model } from "../../nn/model.ts";
import { allocate, type Tensor } from "../../tensor/tensor.ts";
import { traceFor } from "../batch.ts";
import { gradientProgram } from "../gradient-program.ts";
import type { RunOptions } from "../run.ts";
import { channelOf, checkPosition, fillDirection, fillMask, targetLayer } from "../target.ts";
import { aim } from "./aim.ts";
import type { AttributionTask } from "./method.ts";

/** What a score is the sum of: the mask over the target's layer, and the position that was settled on. */
export interface Settled {
  readonly mask: Tensor["data"];
  readonly position: readonly [row: number, column: number] | undefined;
}

/** Throws `ArgumentError` for targets that are not there. Only a channel without a position costs a run: its strongest unit is looked up. */
export async function settle(model: Model, { image, target }: AttributionTask, options: RunOptions): Promise<Settled> {
  const { dtype = "float32" } = options;
  const layer = targetLayer(traceFor(model, image.shape, 1, dtype), target);
  const spatial = layer.height * layer.width > 1;
  if (spatial && target.position === undefined && target.direction === undefined) {
    const program = await gradientProgram(model, target, "gradient", 1, image.shape, options);
    try {
      const [{ mask, position }] = await aim(model, program, [{ image, target }]);
      return { mask, position };
    } finally {
      program.release();
    }
  }
  const mask = allocate(dtype, layer.channels * layer.height * layer.width);
  if (target.direction !== undefined) {
    fillDirection(mask, layer, target.direction);
    return { mask, position: undefined };
  }
  const position = target.position ?? ([0, 0] as const);
  checkPosition(layer, position);
  fillMask(mask, layer, channelOf(model, target, layer), position);
  return { mask, position: spatial ? position : undefined };
}
