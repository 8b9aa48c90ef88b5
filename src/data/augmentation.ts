// Variations that leave the class of a picture as it is (whether a flip does, only the user knows: not for digits). Each is made from its
// options and returns a pure function of (picture, random numbers); pictures are [C, H, W] with pixels in 0..1.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { expectFunction, expectTensor } from "../tensor/expect.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import type { Random } from "../tensor/random.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Changes a picture [C, H, W] of pixels in 0..1 at random without changing its class. */
export interface Augmentation {
  (image: Tensor, generator: Random): Tensor;
  /** What it does, with all its settings. A checkpoint stores it, and training resumes only with the same. */
  readonly description?: string;
}

/** What is seen beyond the border: a grey value in 0..1 (default 0, black), or the border's own pixels. */
export type Fill = number | "edge";

/** One after the other, each with random numbers of its own. */
export function compose(...steps: readonly Augmentation[]): Augmentation {
  for (const step of steps) expectFunction("compose", "a step", step);
  const description = steps.map((step) => step.description ?? "a function without description").join(", then ");
  return Object.assign((image: Tensor, generator: Random) => steps.reduce((picture, step, i) => step(picture, generator.fork(i)), image), {
    description,
  });
}

/** Mirrors left and right, with probability `p` (default 0.5). */
export function randomFlip(options: { readonly p?: number; readonly axis?: "horizontal" | "vertical" } = {}): Augmentation {
  checkOptions("randomFlip", options, ["p", "axis"]);
  const { p = 0.5, axis = "horizontal" } = options;
  if (axis !== "horizontal" && axis !== "vertical")
    throw new ArgumentError(`randomFlip: axis is ${showGiven(axis)}; expected "horizontal" or "vertical"`);
  checkRange("randomFlip: p", p, 0, 1);
  return described("randomFlip", { p, axis }, (image, generator) => {
    if (generator.uniform() >= p) return image;
    const [, height, width] = pictureShape(image, "randomFlip");
    return rearrange(image, 0, axis === "horizontal" ? (y, x) => [y, width - 1 - x] : (y, x) => [height - 1 - y, x]);
  });
}

/** Pads all sides by `padding` pixels and cuts a picture of the old size out at a random place, as is usual for CIFAR-10 (padding 4). */
export function randomCrop(options: { readonly padding: number; readonly fill?: Fill }): Augmentation {
  checkOptions("randomCrop", options, ["padding", "fill"]);
  const { padding, fill = 0 } = options;
  checkWhole("randomCrop: padding", padding);
  return randomTranslation({ pixels: padding, fill });
}

/** Shifts by up to `pixels` whole pixels up or down and left or right. */
export function randomTranslation(options: { readonly pixels: number; readonly fill?: Fill }): Augmentation {
  checkOptions("randomTranslation", options, ["pixels", "fill"]);
  const { pixels, fill = 0 } = options;
  checkWhole("randomTranslation: pixels", pixels);
  return described("randomTranslation", { pixels, fill }, (image, generator) => {
    const dy = generator.integer(2 * pixels + 1) - pixels;
    const dx = generator.integer(2 * pixels + 1) - pixels;
    return translate(image, { dx, dy, fill });
  });
}

/** Shifts by whole pixels: right for positive `dx`, down for positive `dy`. */
export function translate(image: Tensor, options: { readonly dx?: number; readonly dy?: number; readonly fill?: Fill }): Tensor {
  checkOptions("translate", options, ["dx", "dy", "fill"]);
  const { dx = 0, dy = 0, fill = 0 } = options;
  pictureShape(image, "translate");
  return rearrange(image, fill, (y, x) => [y - dy, x - dx]);
}

export interface RandomAffineOptions {
  /** Turns by up to this many degrees either way (default 0). */
  readonly rotation?: number;
  /** Factors of size, least and largest (default [1, 1]); drawn evenly on a logarithmic scale. */
  readonly scale?: readonly [number, number];
  /** Shears by up to this many degrees either way, along x (default 0). */
  readonly shear?: number;
  /** Shifts by up to this many pixels either way, not only whole ones (default 0). */
  readonly translation?: number;
  readonly fill?: Fill;
}

/** Rotation, scale, shear and translation about the centre in one bilinear sampling, so that the picture is blurred once and not four times. */
export function randomAffine(options: RandomAffineOptions): Augmentation {
  checkOptions("randomAffine", options, ["rotation", "scale", "shear", "translation", "fill"]);
  const { rotation = 0, scale = [1, 1], shear = 0, translation = 0, fill = 0 } = options;
  if (!(scale[0] > 0 && scale[1] >= scale[0]))
    throw new ArgumentError(`randomAffine: scale [${scale.join(", ")}] is not [least, largest] above 0`);
  checkRange("randomAffine: shear", shear, 0, 80);
  return described("randomAffine", { rotation, scale, shear, translation, fill }, (image, generator) => {
    const either = (limit: number): number => (2 * generator.uniform() - 1) * limit;
    const angle = either(rotation);
    const size = scale[0] * (scale[1] / scale[0]) ** generator.uniform();
    return affine(image, { rotation: angle, scale: size, shear: either(shear), dx: either(translation), dy: either(translation), fill });
  });
}

export interface AffineOptions {
  /** Degrees, counter-clockwise as seen. */
  readonly rotation?: number;
  readonly scale?: number;
  /** Degrees by which upright lines lean to the right. */
  readonly shear?: number;
  readonly dx?: number;
  readonly dy?: number;
  readonly fill?: Fill;
}

/** Shears, scales, rotates about the centre, then shifts; bilinear. */
export function affine(image: Tensor, options: AffineOptions): Tensor {
  checkOptions("affine", options, ["rotation", "scale", "shear", "dx", "dy", "fill"]);
  const { rotation = 0, scale = 1, shear = 0, dx = 0, dy = 0, fill = 0 } = options;
  const [, height, width] = pictureShape(image, "affine");
  const cos = Math.cos((rotation * Math.PI) / 180);
  const sin = Math.sin((rotation * Math.PI) / 180);
  const lean = Math.tan((shear * Math.PI) / 180);
  const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
  // For each pixel of the result: where it came from. The y axis points down, so a turn that is seen counter-clockwise has this sign.
  return resample(image, fill, (y, x) => {
    const u = x - middleX - dx;
    const v = y - middleY - dy;
    const turnedX = (cos * u - sin * v) / scale;
    const turnedY = (sin * u + cos * v) / scale;
    return [turnedY + middleY, turnedX + lean * turnedY + middleX];
  });
}

export interface RandomColourOptions {
  /** Adds up to this much either way (default 0). */
  readonly brightness?: number;
  /** Multiplies the distance to the mean grey by 1 - contrast ... 1 + contrast (default 0). */
  readonly contrast?: number;
  /** Multiplies the distance of each pixel to its own grey by 1 - saturation ... 1 + saturation (default 0; RGB only). */
  readonly saturation?: number;
}

/** Changes brightness, contrast and saturation; pixels stay in 0..1. */
export function randomColour(options: RandomColourOptions): Augmentation {
  checkOptions("randomColour", options, ["brightness", "contrast", "saturation"]);
  const { brightness = 0, contrast = 0, saturation = 0 } = options;
  checkRange("randomColour: brightness", brightness, 0, 1);
  checkRange("randomColour: contrast", contrast, 0, 1);
  checkRange("randomColour: saturation", saturation, 0, 1);
  return described("randomColour", { brightness, contrast, saturation }, (image, generator) => {
    const [channels, height, width] = pictureShape(image, "randomColour");
    const either = (limit: number): number => (2 * generator.uniform() - 1) * limit;
    const [added, stretched, coloured] = [either(brightness), 1 + either(contrast), 1 + either(saturation)];
    const plane = height * width;
    let mean = 0;
    for (const value of image.data) mean += value / image.size;
    const out = new Float32Array(image.size);
    for (let p = 0; p < plane; p++) {
      let grey = 0;
      for (let c = 0; c < channels; c++) grey += image.data[c * plane + p] / channels;
      for (let c = 0; c < channels; c++) {
        const saturated = grey + (image.data[c * plane + p] - grey) * coloured;
        out[c * plane + p] = clip(mean + (saturated - mean) * stretched + added);
      }
    }
    return new Tensor(out, image.shape);
  });
}

/** Adds normal noise of this standard deviation; pixels stay in 0..1. */
export function randomNoise(options: { readonly deviation: number }): Augmentation {
  checkOptions("randomNoise", options, ["deviation"]);
  const { deviation } = options;
  checkRange("randomNoise: deviation", deviation, 0, 1);
  return described("randomNoise", { deviation }, (image, generator) => {
    pictureShape(image, "randomNoise");
    return new Tensor(
      Float32Array.from(image.data, (value) => clip(value + deviation * generator.normal())),
      image.shape,
    );
  });
}

export interface RandomErasingOptions {
  /** Default 0.5. */
  readonly p?: number;
  /** Share of the picture's area, least and largest (default [0.02, 0.2]). */
  readonly area?: readonly [number, number];
  /** What the rectangle is filled with: a grey value in 0..1, or noise (default 0). */
  readonly fill?: number | "noise";
}

/** Covers a random rectangle with sides between 1:3 and 3:1. Zhong, Zheng, Kang, Li, Yang, "Random erasing", arXiv 1708.04896. */
export function randomErasing(options: RandomErasingOptions = {}): Augmentation {
  checkOptions("randomErasing", options, ["p", "area", "fill"]);
  const { p = 0.5, area = [0.02, 0.2], fill = 0 } = options;
  checkRange("randomErasing: p", p, 0, 1);
  if (!(area[0] > 0 && area[1] >= area[0] && area[1] <= 1))
    throw new ArgumentError(`randomErasing: area [${area.join(", ")}] is not [least, largest] within 0..1`);
  return described("randomErasing", { p, area, fill }, (image, generator) => {
    const [channels, height, width] = pictureShape(image, "randomErasing");
    if (generator.uniform() >= p) return image;
    const pixels = (area[0] + (area[1] - area[0]) * generator.uniform()) * height * width;
    const ratio = 3 ** (2 * generator.uniform() - 1);
    const tall = Math.min(height, Math.max(1, Math.round(Math.sqrt(pixels * ratio))));
    const wide = Math.min(width, Math.max(1, Math.round(Math.sqrt(pixels / ratio))));
    const top = generator.integer(height - tall + 1);
    const left = generator.integer(width - wide + 1);
    const out = Float32Array.from(image.data);
    for (let c = 0; c < channels; c++) {
      for (let y = top; y < top + tall; y++) {
        for (let x = left; x < left + wide; x++) out[(c * height + y) * width + x] = fill === "noise" ? generator.uniform() : fill;
      }
    }
    return new Tensor(out, image.shape);
  });
}

function described(name: string, settings: object, apply: (image: Tensor, generator: Random) => Tensor): Augmentation {
  return Object.assign(apply, { description: `${name} ${JSON.stringify(settings)}` });
}

/** Takes every pixel of the result from the whole-numbered place that `source` names. */
function rearrange(image: Tensor, fill: Fill, source: (y: number, x: number) => readonly [number, number]): Tensor {
  const [channels, height, width] = image.shape;
  const out = new Float32Array(image.size);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromY, fromX] = source(y, x);
      for (let c = 0; c < channels; c++) out[(c * height + y) * width + x] = pixelAt(image, c, fromY, fromX, fill);
    }
  }
  return new Tensor(out, image.shape);
}

/** The same with places between pixels, where the four neighbours mix. */
function resample(image: Tensor, fill: Fill, source: (y: number, x: number) => readonly [number, number]): Tensor {
  const [channels, height, width] = image.shape;
  const out = new Float32Array(image.size);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromY, fromX] = source(y, x);
      const [top, left] = [Math.floor(fromY), Math.floor(fromX)];
      const [down, right] = [fromY - top, fromX - left];
      for (let c = 0; c < channels; c++) {
        const upper = pixelAt(image, c, top, left, fill) * (1 - right) + pixelAt(image, c, top, left + 1, fill) * right;
        const lower = pixelAt(image, c, top + 1, left, fill) * (1 - right) + pixelAt(image, c, top + 1, left + 1, fill) * right;
        out[(c * height + y) * width + x] = upper * (1 - down) + lower * down;
      }
    }
  }
  return new Tensor(out, image.shape);
}

function pixelAt(image: Tensor, channel: number, y: number, x: number, fill: Fill): number {
  const [, height, width] = image.shape;
  const inside = y >= 0 && y < height && x >= 0 && x < width;
  if (!inside && fill !== "edge") return fill;
  const row = Math.min(height - 1, Math.max(0, y));
  const column = Math.min(width - 1, Math.max(0, x));
  return image.data[(channel * height + row) * width + column];
}

function pictureShape(image: Tensor, where: string): readonly [number, number, number] {
  expectTensor(where, "the picture", image);
  if (image.rank !== 3) throw new ShapeError(`${where}: ${showShape(image.shape)} is not one picture [C, H, W]`);
  return image.shape as readonly [number, number, number];
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function checkRange(what: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) throw new ArgumentError(`${what} is ${value}, expected ${low}..${high}`);
}

function checkWhole(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 0) throw new ArgumentError(`${what} is ${value}, expected an integer >= 0`);
}
