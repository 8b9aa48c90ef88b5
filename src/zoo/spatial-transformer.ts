// A net that turns its picture upright before it reads it: a small net chooses an affine map, the picture is sampled along it, and a
// classifier sees the result. Jaderberg, Simonyan, Zisserman, Kavukcuoglu 2015.
import { blocks, nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Architecture, channelsOf, forDigits } from "./architecture.ts";
import { smallNet } from "./lenet.ts";

/** A spatial transformer before `smallNet`. It starts as the identity: the last layer's weight is 0 and its bias is the map that keeps all. */
export function spatialTransformerNet(inputShape: Shape = [1, 28, 28], classes = 10): Module {
  const [, height, width] = inputShape;
  const pooled = (n: number): number => Math.floor((Math.floor((n - 6) / 2) - 4) / 2);
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
    theta: blocks.affinePose(32),
  });
  return nn.sequential({ transformer: blocks.spatialTransformer(localisation), classifier: smallNet(inputShape, classes) });
}

export const spatialTransformers: readonly Architecture[] = [
  forDigits("stn", "Spatial transformer before a LeNet-class net (Jaderberg et al. 2015)", spatialTransformerNet),
];
