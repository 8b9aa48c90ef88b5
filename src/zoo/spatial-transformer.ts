// A net that turns its picture upright before it reads it: a small net chooses an affine map, the picture is sampled along it, and a
// classifier sees the result. Jaderberg, Simonyan, Zisserman, Kavukcuoglu 2015.
import { initialise, nn } from "../nn/index.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { affineGrid, gridSample, reshape } from "../ops/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { type Architecture, channelsOf, forDigits } from "./architecture.ts";
import { smallNet } from "./lenet.ts";

/** Samples the picture along the map θ [N, 6] that `localisation` finds in it: corners at ±1, zeros outside. */
export function spatialTransformer(localisation: Module): Module {
  return defineModule("spatialTransformer", (x, context) => {
    const theta = reshape(context.child("localisation", localisation, x), [x.shape[0], 2, 3]);
    return gridSample(x, affineGrid(theta, { size: x.shape.slice(2), alignCorners: true }), { alignCorners: true });
  });
}

/** A spatial transformer before `smallNet`. It starts as the identity: the last layer's weight is 0 and its bias is the map that keeps all. */
export function spatialTransformerNet(inputShape: Shape = [1, 28, 28], classes = 10): Module {
  const [, height, width] = inputShape;
  const pooled = (n: number): number => Math.floor((Math.floor((n - 6) / 2) - 4) / 2);
  const identity = tensor([1, 0, 0, 0, 1, 0]);
  const localisation = nn.sequential({
    conv1: nn.conv2d(channelsOf(inputShape), 8, 7),
    pool1: nn.maxPool2d(2),
    relu1: nn.relu(),
    conv2: nn.conv2d(8, 10, 5),
    pool2: nn.maxPool2d(2),
    relu2: nn.relu(),
    flatten: nn.flatten(),
    fc1: nn.linear(10 * pooled(height) * pooled(width), 32),
    relu3: nn.relu(),
    theta: nn.linear(32, 6, { initialise: initialise.constant(0), initialiseBias: initialise.values(identity) }),
  });
  return nn.sequential({ transformer: spatialTransformer(localisation), classifier: smallNet(inputShape, classes) });
}

export const spatialTransformers: readonly Architecture[] = [
  forDigits("stn", "Spatial transformer before a LeNet-class net (Jaderberg et al. 2015)", spatialTransformerNet),
];
