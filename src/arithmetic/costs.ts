// What layers cost: parameters and multiply-adds. Papers call multiply-adds "FLOPs"; some count two operations for each. fovea counts one
// multiply-add as one and calls it that; taps in the padding count, as everywhere.
import { ArgumentError } from "../tensor/errors.ts";

export interface LayerCost {
  /** Weights and biases. */
  readonly parameters: number;
  /** For one picture. */
  readonly macs: number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((p, n) => p * n, 1);

/** A convolution with the kernel [outChannels, inChannels / groups, ...kernel] and an output of spatial size `output`. Bias: default true. */
export function convCost(layer: {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: readonly number[];
  readonly output: readonly number[];
  readonly groups?: number;
  readonly bias?: boolean;
}): LayerCost {
  const { inChannels, outChannels, kernel, output, groups = 1, bias = true } = layer;
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ArgumentError(`convCost: groups ${groups} must divide ${inChannels} input channels and ${outChannels} output channels`);
  }
  const weights = outChannels * (inChannels / groups) * product(kernel);
  return { parameters: weights + (bias ? outChannels : 0), macs: weights * product(output) };
}

/** A dense layer. Bias: default true. */
export function linearCost(layer: { readonly inFeatures: number; readonly outFeatures: number; readonly bias?: boolean }): LayerCost {
  const { inFeatures, outFeatures, bias = true } = layer;
  const weights = inFeatures * outFeatures;
  return { parameters: weights + (bias ? outFeatures : 0), macs: weights };
}
