// The two nets that the lab opens with, already trained (tools/lab-nets.ts): so few maps that all of them can be seen at once, kernels whose
// sums can be read, and so few weights that they come with the page.
import { nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Architecture, forCifar, forDigits, mapsAfter } from "./architecture.ts";

/** Three 3×3 convolutions of 8, 12 and 16 maps, each with a pool: 5,414 parameters at 3×32×32. Throws `ShapeError` for pictures under 8×8. */
function shapesNet(inputShape: Shape, classes: number): Module {
  const [channels, rows, columns] = mapsAfter(inputShape, "shapes-net", 8, (n) => Math.floor(n / 8));
  const conv = (from: number, to: number): Module => nn.conv2d(from, to, 3, { padding: "same" });
  return nn.sequential({
    conv1: conv(channels, 8),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: conv(8, 12),
    relu2: nn.relu(),
    pool2: nn.maxPool2d(2),
    conv3: conv(12, 16),
    relu3: nn.relu(),
    pool3: nn.maxPool2d(2),
    flatten: nn.flatten(),
    logits: nn.linear(16 * rows * columns, classes),
  });
}

/** LeNet's plan with 6 and 12 maps and 32 hidden units: 8,474 parameters at 1×28×28. Throws `ShapeError` for pictures under 16×16. */
function digitsNet(inputShape: Shape, classes: number): Module {
  const [channels, rows, columns] = mapsAfter(inputShape, "digits-net", 16, (n) => Math.floor((Math.floor((n - 4) / 2) - 4) / 2));
  return nn.sequential({
    conv1: nn.conv2d(channels, 6, 5),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(6, 12, 5),
    relu2: nn.relu(),
    pool2: nn.maxPool2d(2),
    flatten: nn.flatten(),
    fc1: nn.linear(12 * rows * columns, 32),
    relu3: nn.relu(),
    logits: nn.linear(32, classes),
  });
}

export const labNets: readonly Architecture[] = [
  forCifar(
    "shapes-net",
    "The lab's first net, for synthetic shapes: three 3×3 convolutions with pools, dense; 5,414 parameters",
    shapesNet,
  ),
  forDigits("digits-net", "The lab's second net: LeNet's plan with 6 and 12 maps and 32 hidden units; 8,474 parameters", digitsNet),
];
