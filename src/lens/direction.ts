// A direction in a layer: what its channels say to some pictures and not to others. A direction can be climbed like a unit.
// Olah, Mordvintsev, Schubert 2017 (directions); Kim et al. 2018 (the difference of means is the simplest concept vector).
import { expectModel, type Model } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { expectList } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type RunOptions, runOptionNames } from "./run.ts";
import { tuning } from "./tuning.ts";

export interface DirectionOptions extends RunOptions {
  readonly layer: string;
  /** Pictures [C, H, W] that the direction points to. */
  readonly towards: readonly Tensor[];
  /** Pictures that it points away from (default: none, so that the direction is the mean of `towards`). */
  readonly from?: readonly Tensor[];
}

/**
 * The mean of each channel over positions and the pictures `towards`, minus that over `from`: [C], of length 1. Throws `ArgumentError` where the two do not
 * differ, and as `tuning` does.
 */
export async function direction(model: Model, options: DirectionOptions): Promise<Tensor> {
  expectModel("direction", model);
  checkOptions("direction", options, [...runOptionNames, "layer", "towards", "from"]);
  const { towards, from = [], layer, ...run } = options;
  expectList("direction", "towards", towards, "Tensors");
  expectList("direction", "from", from, "Tensors");
  if (towards.length === 0) throw new ArgumentError("direction: there are no pictures to point to");
  const { responses } = await tuning(model, [...towards, ...from], { ...run, layer, read: "mean" });
  const mean = (values: Float64Array): number => (values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length);
  return unitLength(responses.map((own) => mean(own.subarray(0, towards.length)) - mean(own.subarray(towards.length))));
}

/** Weights per channel as a direction of length 1. Throws `ArgumentError` for weights that are all 0, or no numbers. */
export function unitLength(weights: readonly number[]): Tensor {
  const length = Math.hypot(...weights);
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(
      "direction: the weights are all 0 or not finite, so there is no direction: the pictures do not differ in this layer",
    );
  }
  return new Tensor(
    Float32Array.from(weights, (w) => w / length),
    [weights.length],
  );
}
