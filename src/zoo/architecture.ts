// What a net of the zoo is: a name, a line about it, the pictures it was made for, and how to build it for others.
import type { Module } from "../nn/module.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";

/** A net for pictures [channels, height, width] and a number of classes; throws `ShapeError` when they do not suit it. */
export type BuildNet = (inputShape: Shape, classes: number) => Module;

export interface Architecture {
  readonly name: string;
  /** One line: what it is and where it comes from. */
  readonly about: string;
  /** [channels, height, width] it was designed for. */
  readonly inputShape: Shape;
  readonly classes: number;
  /** What comes out: one score per class (default), one map per class, a picture, or one score for "real". */
  readonly gives?: "maps" | "picture" | "realness";
  /** Parts that exist in training only and are not built, but whose tensors published weights hold: `["aux1", "aux2"]`. */
  readonly trainingParts?: readonly string[];
  readonly build: BuildNet;
}

/** A net for ImageNet: 224 × 224 colour pictures, 1000 classes. */
export function forImageNet(name: string, about: string, build: BuildNet, size = 224): Architecture {
  return { name, about, inputShape: [3, size, size], classes: 1000, build };
}

/** A net for CIFAR-10: 32 × 32 colour pictures, 10 classes. */
export function forCifar(name: string, about: string, build: BuildNet): Architecture {
  return { name, about, inputShape: [3, 32, 32], classes: 10, build };
}

/** A net for handwritten digits: grey pictures of 28 × 28, 10 classes. */
export function forDigits(name: string, about: string, build: BuildNet, size = 28): Architecture {
  return { name, about, inputShape: [1, size, size], classes: 10, build };
}

/** Number of channels of pictures [channels, height, width]; anything else is no picture. */
export function channelsOf(inputShape: Shape): number {
  if (inputShape.length !== 3)
    throw new ShapeError(`pictures are [channels, height, width]; ${showShape(inputShape)} has ${inputShape.length} axes`);
  return inputShape[0];
}

/**
 * Channels of the pictures, and rows and columns of the last maps, whose size along one axis is `sizeAfter(pixels)`. Throws `ShapeError` for
 * pictures under `smallest` pixels.
 */
export function mapsAfter(
  inputShape: Shape,
  name: string,
  smallest: number,
  sizeAfter: (pixels: number) => number,
): [number, number, number] {
  const [channels, height, width] = inputShape;
  if (inputShape.length !== 3 || Math.min(height, width) < smallest) {
    throw new ShapeError(
      `${name}: pictures are ${showShape(inputShape)}; it needs [channels, height, width] of at least ${smallest} × ${smallest}`,
    );
  }
  return [channels, sizeAfter(height), sizeAfter(width)];
}
