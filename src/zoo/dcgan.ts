// DCGAN: a generator of transposed convolutions and the discriminator that teaches it. Radford, Metz, Chintala 2016; names and sizes as in
// PyTorch's example.
import { initialise, nn } from "../nn/index.ts";
import type { Module } from "../nn/module.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { showShape } from "../tensor/shape.ts";
import { type Architecture, type BuildNet, channelsOf } from "./architecture.ts";

const start = { initialise: initialise.normal(0, 0.02), bias: false };

/** Number of halvings between `size` and 4 pixels. */
function halvings(size: number): number {
  const steps = Math.log2(size) - 2;
  if (!Number.isInteger(steps) || steps < 1) throw new ArgumentError(`dcgan: pictures of ${size} pixels; expected 8, 16, 32, 64, ...`);
  return steps;
}

export interface DcganOptions {
  /** Width and height of the pictures, a power of two (default 64). */
  readonly size?: number;
  /** Maps beside the picture (default 64). */
  readonly width?: number;
}

/** From codes [length, 1, 1], N(0, 1), to pictures with `classes` channels and values in (−1, 1). */
export function dcganGenerator({ size = 64, width = 64 }: DcganOptions = {}): BuildNet {
  const steps = halvings(size);
  return (inputShape, channels) => {
    const layers: Module[] = [];
    let inChannels = channelsOf(inputShape);
    for (let step = steps; step >= 1; step--) {
      const maps = width * 2 ** (step - 1);
      const first = step === steps;
      layers.push(
        nn.convTranspose2d(inChannels, maps, 4, { stride: first ? 1 : 2, padding: first ? 0 : 1, ...start }),
        nn.batchNorm2d(maps),
        nn.relu(),
      );
      inChannels = maps;
    }
    layers.push(nn.convTranspose2d(inChannels, channels, 4, { stride: 2, padding: 1, ...start }), nn.tanh());
    return nn.sequential({ main: nn.sequential(layers) });
  };
}

/** From square pictures to scores [N, classes], one class in the paper: the score for "real", before the sigmoid. */
export function dcganDiscriminator({ width = 64 }: { readonly width?: number } = {}): BuildNet {
  return (inputShape, classes) => {
    const [, height, columns] = inputShape;
    if (height !== columns) throw new ShapeError(`dcgan: pictures are ${showShape(inputShape)}; expected as many rows as columns`);
    const layers: Module[] = [];
    let inChannels = channelsOf(inputShape);
    for (let step = 0; step < halvings(height); step++) {
      const maps = width * 2 ** step;
      layers.push(nn.conv2d(inChannels, maps, 4, { stride: 2, padding: 1, ...start }));
      if (step > 0) layers.push(nn.batchNorm2d(maps));
      layers.push(nn.leakyRelu({ slope: 0.2 }));
      inChannels = maps;
    }
    layers.push(nn.conv2d(inChannels, classes, 4, start));
    return nn.sequential({ main: nn.sequential(layers), flatten: nn.flatten() });
  };
}

export const dcgans: readonly Architecture[] = [
  {
    name: "dcgan-generator",
    about: "DCGAN's generator: 100 numbers in, a picture of 64 × 64 out (Radford et al. 2016)",
    inputShape: [100, 1, 1],
    classes: 3,
    gives: "picture",
    build: dcganGenerator(),
  },
  {
    name: "dcgan-discriminator",
    about: "DCGAN's discriminator: a picture in, a score for being real out (Radford et al. 2016)",
    inputShape: [3, 64, 64],
    classes: 1,
    gives: "realness",
    build: dcganDiscriminator(),
  },
];
