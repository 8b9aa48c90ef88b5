// What both kinds of TensorFlow.js models are read as.
import type { Value } from "../../graph/value.ts";
import type { Context } from "../../nn/module.ts";

/** An input as it is fed: [channels, spatial axes...] or whatever the file says, without the batch; undefined where it leaves a size open. */
export interface TfjsPort {
  readonly name: string;
  readonly shape: readonly (number | undefined)[];
}

export interface ReadNet {
  /** What the net as a module is called. */
  readonly kind: string;
  readonly inputs: readonly TfjsPort[];
  readonly outputs: readonly string[];
  /** Records the net on inputs [N, ...] in fovea's order of axes; gives the outputs in that order. */
  build(inputs: readonly Value[], context: Context): readonly Value[];
}

/** From TensorFlow's [spatial axes..., channels] to fovea's [channels, spatial axes...]. */
export function channelsFirst<N>(shape: readonly N[]): readonly N[] {
  return shape.length < 2 ? shape : [shape[shape.length - 1], ...shape.slice(0, -1)];
}
