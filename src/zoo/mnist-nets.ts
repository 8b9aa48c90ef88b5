// Two small nets that thousands of people have met as their first: Keras' example, and the one of an early Chinese introduction, whose
// dense layers are sigmoid throughout and which was trained on squared errors - a lesson in what slows learning down.
import { nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Architecture, channelsOf, forDigits } from "./architecture.ts";

/** Keras' mnist_cnn: 1,199,882 parameters at 1×28×28. */
export function kerasMnistNet(inputShape: Shape = [1, 28, 28], classes = 10): Module {
  const [, height, width] = inputShape;
  const pooled = (n: number): number => Math.floor((n - 4) / 2);
  return nn.sequential({
    conv1: nn.conv2d(channelsOf(inputShape), 32, 3),
    relu1: nn.relu(),
    conv2: nn.conv2d(32, 64, 3),
    relu2: nn.relu(),
    pool: nn.maxPool2d(2),
    dropout1: nn.dropout(0.25),
    flatten: nn.flatten(),
    fc1: nn.linear(64 * pooled(height) * pooled(width), 128),
    relu3: nn.relu(),
    dropout2: nn.dropout(0.5),
    fc2: nn.linear(128, classes),
  });
}

/** 4,166,730 parameters at 1×28×28, nearly all of them in the dense layers. Gives out scores; the original puts a sigmoid behind them. */
export function z1Net(inputShape: Shape = [1, 28, 28], classes = 10): Module {
  const [, height, width] = inputShape;
  const pooled = (n: number): number => Math.floor(Math.floor(n / 2) / 2);
  return nn.sequential({
    conv1: nn.conv2d(channelsOf(inputShape), 32, 3, { padding: "same", bias: false }),
    pool1: nn.avgPool2d(2),
    conv2: nn.conv2d(32, 64, 3, { padding: "same", bias: false }),
    pool2: nn.avgPool2d(2),
    flatten: nn.flatten(),
    fc1: nn.linear(64 * pooled(height) * pooled(width), 1000),
    sigmoid1: nn.sigmoid(),
    fc2: nn.linear(1000, 1000),
    sigmoid2: nn.sigmoid(),
    fc3: nn.linear(1000, classes),
  });
}

export const mnistNets: readonly Architecture[] = [
  forDigits("keras-mnist-cnn", "Keras' example for MNIST: two convolutions, one pool, dropout, 128 hidden units", kerasMnistNet),
  forDigits("z1-mnist-net", "Two linear convolutions with average pools, then 1000 + 1000 sigmoid units: see it learn slowly", z1Net),
];
