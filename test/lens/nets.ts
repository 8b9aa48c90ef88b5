// Toy nets whose answers are known by hand, and small data sets with planted patterns.
import { arraysDataset, type Dataset } from "../../src/data/dataset.ts";
import { createModel, type Model, nn } from "../../src/nn/index.ts";
import { ones, random, type Tensor, tensor } from "../../src/tensor/index.ts";

/** N1 of seeing-inside.md section 12: conv 1→2 of ones with biases, ReLU, dense ±1, ReLU. */
export function n1(): Model {
  const net = nn.sequential({
    conv: nn.conv2d(1, 2, 3),
    relu: nn.relu(),
    flatten: nn.flatten(),
    dense: nn.linear(8, 1),
    last: nn.relu(),
  });
  return createModel(net, [1, 4, 4], {
    parameters: new Map([
      ["conv.weight", ones([2, 1, 3, 3])],
      ["conv.bias", tensor([-50, -75])],
      ["dense.weight", tensor([[1, 1, 1, 1, 1, -1, -1, -1]])],
      ["dense.bias", tensor([0])],
    ]),
  });
}

export const n1Picture: Tensor = tensor(
  new Float32Array(16).map((_, i) => i),
  [1, 4, 4],
);

/** One dense unit, f = w · x, over pictures of this size. */
export function linearNet(weights: Tensor): Model {
  const [height, width] = weights.shape;
  const net = nn.sequential({ flatten: nn.flatten(), dense: nn.linear(height * width, 1, { bias: false }) });
  return createModel(net, [1, height, width], { parameters: new Map([["dense.weight", weights.reshape([1, -1])]]) });
}

/** Two convolutions with stride, padding and pooling: its units see boxes that stick out of the picture. */
export function smallNet(seed = 5): Model {
  const net = nn.sequential({
    conv1: nn.conv2d(1, 4, 3, { padding: 1 }),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(4, 6, 3, { padding: 1 }),
    relu2: nn.relu(),
    flatten: nn.flatten(),
    logits: nn.linear(6 * 36, 3),
  });
  return createModel(net, [1, 12, 12], { seed });
}

/** Noise between 0 and `loudest`, with `plant` written into some pictures. Not normalised, so that numbers stay as written. */
export function noisePictures(
  count: number,
  size: number,
  { seed = 1, loudest = 0.4, plant }: { seed?: number; loudest?: number; plant?: (picture: Float32Array, index: number) => void } = {},
): Dataset {
  const generator = random(seed);
  const images = new Float32Array(count * size * size).map(() => loudest * generator.uniform());
  for (let i = 0; i < count; i++) plant?.(images.subarray(i * size * size, (i + 1) * size * size), i);
  return arraysDataset({
    name: "noise",
    images,
    labels: new Int32Array(count),
    imageShape: [1, size, size],
    classes: ["noise"],
    normalisation: { mean: [0], deviation: [1] },
  });
}
