// A block that chooses where to look: a small net finds an affine map in the picture, and the picture is sampled along it.
// Jaderberg, Simonyan, Zisserman, Kavukcuoglu 2015.

import { affineGrid, gridSample, reshape } from "../../ops/index.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { showShape } from "../../tensor/shape.ts";
import { tensor } from "../../tensor/tensor.ts";
import * as init from "../initialise.ts";
import { linear } from "../layers/conv.ts";
import { defineModule, type Module } from "../module.ts";

export interface SpatialTransformerOptions {
  /** Height and width of the result (default: those of the input). */
  readonly size?: readonly number[];
  /** −1 and 1 are the centres of the corner pixels (default true, the paper's), or the picture's edges. */
  readonly alignCorners?: boolean;
}

/** Samples x along θ = `localisation`(x), [N, 6], bilinearly with zeros outside. Child "localisation". Differentiable in θ and x. */
export function spatialTransformer(localisation: Module, options: SpatialTransformerOptions = {}): Module {
  checkOptions("spatialTransformer", options, ["size", "alignCorners"]);
  const { size, alignCorners = true } = options;
  return defineModule("spatialTransformer", (x, context) => {
    const theta = context.child("localisation", localisation, x);
    if (theta.rank !== 2 || theta.shape[1] !== 6) {
      throw new ShapeError(
        `spatialTransformer: localisation gave ${showShape(theta.shape)}; expected [${x.shape[0]}, 6], an affine map per picture`,
      );
    }
    const grid = affineGrid(reshape(theta, [x.shape[0], 2, 3]), { size: size ?? x.shape.slice(2), alignCorners });
    return gridSample(x, grid, { alignCorners });
  });
}

/** The last layer of a localisation net: starts as the map that keeps all. [N, features] → [N, 6]. */
export function affinePose(features: number): Module {
  return linear(features, 6, { initialise: init.constant(0), initialiseBias: init.values(tensor([1, 0, 0, 0, 1, 0])) });
}
