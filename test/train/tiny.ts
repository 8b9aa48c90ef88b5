// A data set small enough for the reference loops: bars across, bars down, and diagonals on 8×8 pixels, with noise.
import { arraysDataset, type Dataset } from "../../src/data/dataset.ts";
import { type Module, nn } from "../../src/nn/index.ts";
import { random } from "../../src/tensor/random.ts";

export function bars(count: number, seed = 1): Dataset {
  const generator = random(seed);
  const images = new Float32Array(count * 64);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % 3;
    const at = 1 + generator.integer(6);
    for (let p = 0; p < 64; p++) {
      const [row, column] = [Math.floor(p / 8), p % 8];
      const on = [row === at, column === at, (row + column) % 8 === at][labels[i]];
      images[i * 64 + p] = 0.3 * generator.uniform() + (on ? 0.7 : 0);
    }
  }
  return arraysDataset({ name: "bars", images, labels, imageShape: [1, 8, 8], classes: ["across", "down", "diagonal"] });
}

/** With batch norm and dropout, so that statistics and random masks are part of what must resume. */
export const barLayers: Readonly<Record<string, Module>> = {
  conv: nn.conv2d(1, 4, 3, { padding: 1 }),
  bn: nn.batchNorm2d(4),
  relu: nn.relu(),
  pool: nn.maxPool2d(2),
  flatten: nn.flatten(),
  drop: nn.dropout(0.2),
  logits: nn.linear(64, 3),
};

export const barNet: Module = nn.sequential(barLayers);
