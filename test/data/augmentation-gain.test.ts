// E9 asks for the gain to be measured, not believed: the same net, steps and seed, with few pictures, with and without augmentation.
import { expect, test } from "vitest";
import { compose, randomAffine, randomFlip } from "../../src/data/augmentation.ts";
import { synthetic } from "../../src/data/synthetic.ts";
import { nn } from "../../src/nn/index.ts";
import { adam, evaluate, fit } from "../../src/train/index.ts";

test("E9 with 120 pictures, flips and affine maps raise the accuracy on 250 unseen ones by more than 5 points", async () => {
  // Classes that stay what they are when mirrored, turned and shifted.
  const classes = ["circle", "ring", "square", "triangle", "cross"];
  const figures = await synthetic({ train: 120, test: 250, size: 16, classes, seed: 2 });
  const net = nn.sequential({
    conv1: nn.conv2d(1, 8, 3, { padding: 1 }),
    relu1: nn.relu(),
    pool1: nn.maxPool2d(2),
    conv2: nn.conv2d(8, 16, 3, { padding: 1 }),
    relu2: nn.relu(),
    pool2: nn.maxPool2d(2),
    flatten: nn.flatten(),
    logits: nn.linear(256, 5),
  });
  const options = { epochs: 40, batchSize: 16, optimiser: adam(3e-3), seed: 1 };
  const augment = compose(randomFlip(), randomFlip({ axis: "vertical" }), randomAffine({ rotation: 180, translation: 2, fill: "edge" }));
  const accuracies: number[] = [];
  for (const more of [{}, { augment }]) {
    const model = await fit(net, figures.train, { ...options, ...more });
    accuracies.push((await evaluate(model, figures.test)).accuracy);
  }
  const [plain, augmented] = accuracies;
  expect(augmented - plain, `without ${plain}, with ${augmented}`).toBeGreaterThan(0.05);
}, 180_000);
