// The nets that the study of convolution starts with: LeNet-5 as it is built today, and the small net that fovea trains by default.

import { nn } from "../nn/index.ts";
import { createModel, type Model, type ModelOptions } from "../nn/model.ts";
import type { Module } from "../nn/module.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Architecture, forDigits, mapsAfter } from "./architecture.ts";

/**
 * LeNet-5 of LeCun, Bottou, Bengio, Haffner 1998 with today's parts: all maps connected, max pooling, ReLU. 61,706 parameters at 1×32×32
 * and 10 classes. Throws `ShapeError` for pictures under 16×16.
 */
export function lenet5Net(inputShape: Shape = [1, 32, 32], classes = 10): Module {
  const [channels, rows, columns] = mapsAfter(inputShape, "lenet5", 16, (n) => Math.floor((Math.floor((n - 4) / 2) - 4) / 2));
  return nn.sequential({
    conv1: nn.conv2d(channels, 6, 5),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(6, 16, 5),
    relu2: nn.relu(),
    pool2: nn.maxPool2d(2),
    flatten: nn.flatten(),
    fc1: nn.linear(16 * rows * columns, 120),
    relu3: nn.relu(),
    fc2: nn.linear(120, 84),
    relu4: nn.relu(),
    logits: nn.linear(84, classes),
  });
}

/** `lenet5Net` with parameters. */
export function lenet5(options: ModelOptions & { readonly inputShape?: Shape } = {}): Model {
  const { inputShape = [1, 32, 32], ...rest } = options;
  return createModel(lenet5Net(inputShape, options.classes?.length ?? 10), inputShape, rest);
}

/**
 * Two convolutions, two pools, one dense layer: a LeNet-class net for small pictures, at least 12×12. At 1×28×28 it has 21,258 parameters
 * and learns MNIST to 99 % within three epochs.
 */
export function smallNet(inputShape: Shape, classes: number): Module {
  // conv1 keeps the size, each pool halves it (rounding down), and conv2 takes four pixels off.
  const [channels, rows, columns] = mapsAfter(inputShape, "smallNet", 12, (n) => Math.floor((Math.floor(n / 2) - 4) / 2));
  return nn.sequential({
    conv1: nn.conv2d(channels, 16, 5, { padding: "same" }),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(16, 32, 5),
    relu2: nn.relu(),
    pool2: nn.maxPool2d(2),
    flatten: nn.flatten(),
    logits: nn.linear(32 * rows * columns, classes),
  });
}

export const lenets: readonly Architecture[] = [
  forDigits("lenet", "LeNet-class net for small pictures: conv 16@5, pool, conv 32@5, pool, dense", smallNet),
  forDigits("lenet5", "LeNet-5 (LeCun et al. 1998) with ReLU, max pooling and all maps connected, 32 × 32", lenet5Net, 32),
];
