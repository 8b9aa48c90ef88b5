// The plan that most early nets follow: [[conv → relu] · N → pool?] · M → [dense → relu] · K → dense. Written down as numbers, checked before
// anything is built, and refused with the arithmetic that does not work out.
import { windowAxis } from "../arithmetic/index.ts";
import { nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";

export interface PatternBlock {
  /** Convolutions in a row (default 1). */
  readonly convs?: number;
  /** Maps that each of them makes. */
  readonly channels: number;
  /** Side of their kernels (default 3), stride (default 1) and padding (default 0). */
  readonly kernel?: number;
  readonly stride?: number;
  readonly padding?: number;
  /** Side and stride of the max pool at the end; 0 for none (default 2). */
  readonly pool?: number;
}

export interface Pattern {
  readonly blocks: readonly PatternBlock[];
  /** Sizes of the hidden dense layers (default none). */
  readonly dense?: readonly number[];
}

/**
 * A net after the pattern, for pictures [C, H, W]. Layers are called block1.conv1, block1.relu1 ... block1.pool, dense1, ..., scores. Throws
 * `ShapeError` where a kernel or pool does not fit into what is left, with the sum that shows it, and `ArgumentError` for impossible numbers.
 */
export function patternNet({ blocks, dense = [] }: Pattern, inputShape: Shape, classes: number): Module {
  if (inputShape.length !== 3)
    throw new ShapeError(`patternNet: the input is ${showShape(inputShape)}; expected [channels, height, width]`);
  for (const [name, n] of Object.entries({ classes, ...Object.fromEntries(dense.map((n, i) => [`dense[${i}]`, n])) })) {
    if (!Number.isInteger(n) || n < 1) throw new ArgumentError(`patternNet: ${name} is ${n}; expected a whole number, at least 1`);
  }
  let [channels, height, width] = inputShape;
  const parts: Record<string, Module> = {};
  blocks.forEach((block, b) => {
    const { convs = 1, kernel = 3, stride = 1, padding = 0, pool = 2 } = block;
    const inner: Record<string, Module> = {};
    for (let i = 1; i <= convs; i++) {
      const name = `block${b + 1}.conv${i}`;
      [height, width] = [height, width].map((input) => windowAxis({ input, kernel, stride, padding }, `patternNet: ${name}`).output);
      inner[`conv${i}`] = nn.conv2d(channels, block.channels, kernel, { stride, padding });
      inner[`relu${i}`] = nn.relu();
      channels = block.channels;
    }
    if (pool > 0) {
      [height, width] = [height, width].map(
        (input) => windowAxis({ input, kernel: pool, stride: pool }, `patternNet: block${b + 1}.pool`).output,
      );
      inner.pool = nn.maxPool2d(pool);
    }
    parts[`block${b + 1}`] = nn.sequential(inner);
  });
  parts.flatten = nn.flatten();
  let features = channels * height * width;
  dense.forEach((size, i) => {
    parts[`dense${i + 1}`] = nn.linear(features, size);
    parts[`denseRelu${i + 1}`] = nn.relu();
    features = size;
  });
  parts.scores = nn.linear(features, classes);
  return nn.sequential(parts);
}
