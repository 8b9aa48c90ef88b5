// The nets that the study of convolution starts with: LeNet-5 as it is built today, and the small net that fovea trains by default.

import { nn } from "../nn/index.ts";
import { createModel, type Model, type ModelOptions } from "../nn/model.ts";
import type { Module } from "../nn/module.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";

/** LeNet-5 of LeCun, Bottou, Bengio, Haffner 1998 with today's parts: all maps connected, max pooling, ReLU. 61,706 parameters at 1×32×32 and 10 classes. */
export function lenet5Net(channels = 1, classes = 10): Module {
  return nn.sequential({
    conv1: nn.conv2d(channels, 6, 5),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(6, 16, 5),
    relu2: nn.relu(),
    pool2: nn.maxPool2d(2),
    flatten: nn.flatten(),
    fc1: nn.linear(400, 120),
    relu3: nn.relu(),
    fc2: nn.linear(120, 84),
    relu4: nn.relu(),
    logits: nn.linear(84, classes),
  });
}

/** `lenet5Net` with parameters, for pictures of 32×32. */
export function lenet5(options: ModelOptions & { readonly channels?: number } = {}): Model {
  const { channels = 1, ...rest } = options;
  return createModel(lenet5Net(channels, options.classes?.length ?? 10), [channels, 32, 32], rest);
}

/**
 * Two convolutions, two pools, one dense layer: a LeNet-class net for small pictures, at least 12×12. At 1×28×28 it has 21,258 parameters
 * and learns MNIST to 99 % within three epochs.
 */
export function smallNet(inputShape: Shape, classes: number): Module {
  const [channels, height, width] = inputShape;
  if (inputShape.length !== 3 || Math.min(height, width) < 12) {
    throw new ShapeError(`smallNet: pictures are ${showShape(inputShape)}; it needs [channels, height, width] of at least 12 × 12`);
  }
  // conv1 keeps the size, each pool halves it (rounding down), and conv2 takes four pixels off.
  const [rows, columns] = [height, width].map((n) => Math.floor((Math.floor(n / 2) - 4) / 2));
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
