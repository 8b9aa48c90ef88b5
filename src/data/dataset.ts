// What training and seeing inside ask of data: pictures as the net sees them, and their labels. Pictures stay bytes until they are
// asked for, so MNIST costs 47 MB and not 188.
import { ArgumentError, DataError, ShapeError } from "../tensor/errors.ts";
import { expectList, expectNumbers, expectParts, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { checkShape, type Shape, showShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What is subtracted from and divides each channel of a picture in 0..1 before the net sees it. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Several pictures and their labels. */
export interface Batch {
  /** float32 [n, C, H, W], normalised. */
  readonly x: Tensor;
  /** int32 [n]. */
  readonly y: Tensor;
}

export interface Dataset {
  readonly name: string;
  /** Number of pictures. */
  readonly size: number;
  /** [C, H, W] of every picture. */
  readonly imageShape: Shape;
  /** Names of the classes; a label is an index into it. */
  readonly classes: readonly string[];
  readonly normalisation: Normalisation;
  /** Picture i as float32 [C, H, W], normalised: what the net sees. */
  image(i: number): Tensor;
  /** Index of the class of picture i. */
  label(i: number): number;
  /** The pictures of these indices, in this order. */
  batch(indices: ArrayLike<number>): Batch;
}

/** Throws `ArgumentError` unless `given` is a data set. `where` is what the user called. */
export function expectDataset(where: string, given: unknown): void {
  const parts: readonly (keyof Dataset)[] = ["size", "imageShape", "classes", "normalisation", "image", "label", "batch"];
  expectParts(where, "the data set", given, parts, `a data set, an object with ${parts.join(", ")}`);
}

/** What the loaders of data sets return. */
export interface TrainAndTest<D extends Dataset = Dataset> {
  readonly train: D;
  readonly test: D;
}

export interface ArraysDatasetOptions {
  readonly name: string;
  /** Pictures one after the other, each [C, H, W]. Bytes are 0..255, floats 0..1. */
  readonly images: Uint8Array | Float32Array;
  readonly labels: ArrayLike<number>;
  readonly imageShape: Shape;
  readonly classes: readonly string[];
  /** Default: measured over all pictures. */
  readonly normalisation?: Normalisation;
}

/** A data set over pictures in memory. Throws `DataError` when it is empty, counts differ or a label is not a class. */
export function arraysDataset(options: ArraysDatasetOptions): Dataset {
  checkOptions("arraysDataset", options, ["name", "images", "labels", "imageShape", "classes", "normalisation"]);
  const { name, images, labels, imageShape, classes } = options;
  checkShape(imageShape, "arraysDataset: imageShape");
  expectNumbers("arraysDataset", "images", images);
  expectNumbers("arraysDataset", "labels", labels);
  expectList("arraysDataset", "classes", classes, "names");
  if (imageShape.length !== 3) throw new ShapeError(`${name}: picture shape ${showShape(imageShape)} is not [C, H, W]`);
  const size = labels.length;
  const step = sizeOf(imageShape);
  if (size === 0 || step === 0)
    throw new DataError(`${name}: the data set is empty (${size} labels, pictures of ${showShape(imageShape)})`);
  if (images.length !== size * step) {
    throw new DataError(
      `${name}: ${size} labels need ${size} pictures of ${showShape(imageShape)} = ${size * step} values, but there are ${images.length}`,
    );
  }
  for (let i = 0; i < size; i++) {
    if (!Number.isInteger(labels[i]) || labels[i] < 0 || labels[i] >= classes.length) {
      throw new DataError(
        `${name}: the label of picture ${i} is ${labels[i]}; there are ${classes.length} classes (0..${classes.length - 1})`,
      );
    }
  }
  const normalisation = options.normalisation ?? measureNormalisation(images, imageShape);
  checkNormalisation(normalisation, imageShape[0], name);
  const put = pixelWriter(images, imageShape, normalisation);
  const check = (i: number): number => checkIndex(i, size, name);
  return {
    name,
    size,
    imageShape,
    classes,
    normalisation,
    image(i) {
      const out = new Float32Array(step);
      put(check(i), out, 0);
      return new Tensor(out, imageShape);
    },
    label: (i) => labels[check(i)],
    batch: (indices) =>
      gather(
        indices,
        imageShape,
        (i, out, offset) => put(check(i), out, offset),
        (i) => labels[i],
      ),
  };
}

/** Builds a batch from two functions: one writes picture i at an offset, one gives its label. */
export function gather(
  indices: ArrayLike<number>,
  imageShape: Shape,
  put: (i: number, out: Float32Array, offset: number) => void,
  label: (i: number) => number,
): Batch {
  const step = sizeOf(imageShape);
  const x = new Float32Array(indices.length * step);
  const y = new Int32Array(indices.length);
  for (let n = 0; n < indices.length; n++) {
    put(indices[n], x, n * step);
    y[n] = label(indices[n]);
  }
  return { x: new Tensor(x, [indices.length, ...imageShape]), y: new Tensor(y, [indices.length]) };
}

/** Mean and standard deviation of each channel over all pictures, in 0..1. A channel without any variation gets deviation 1. */
export function measureNormalisation(images: Uint8Array | Float32Array, imageShape: Shape): Normalisation {
  const [channels, height, width] = imageShape;
  const plane = height * width;
  const scale = images instanceof Uint8Array ? 1 / 255 : 1;
  const mean = new Array<number>(channels).fill(0);
  const deviation = new Array<number>(channels).fill(0);
  const perChannel = images.length / channels;
  const eachPixel = (visit: (channel: number, value: number) => void): void => {
    for (let i = 0; i < images.length; i++) visit(Math.floor(i / plane) % channels, images[i] * scale);
  };
  eachPixel((c, value) => {
    mean[c] += value / perChannel;
  });
  // A second pass instead of a sum of squares, which loses digits where the variation is small.
  eachPixel((c, value) => {
    deviation[c] += (value - mean[c]) ** 2 / perChannel;
  });
  return { mean, deviation: deviation.map((v) => (v > 1e-12 ? Math.sqrt(v) : 1)) };
}

/** A normalised picture [C, H, W] as pixels in 0..1, for showing and for augmentation. */
export function unnormalise(image: Tensor, normalisation: Normalisation): Tensor {
  return perChannel(image, normalisation, (value, mean, deviation) => value * deviation + mean);
}

/** A picture [C, H, W] of pixels in 0..1 as the net sees it. */
export function normalise(image: Tensor, normalisation: Normalisation): Tensor {
  return perChannel(image, normalisation, (value, mean, deviation) => (value - mean) / deviation);
}

/** How many pictures each class has. */
export function classCounts(dataset: Dataset): number[] {
  expectDataset("classCounts", dataset);
  const counts = new Array<number>(dataset.classes.length).fill(0);
  for (let i = 0; i < dataset.size; i++) counts[dataset.label(i)]++;
  return counts;
}

/** `i` itself; throws `ArgumentError` unless it is one of 0..size-1. `name` is the data set's, for the message. */
export function checkIndex(i: number, size: number, name: string): number {
  if (!Number.isInteger(i) || i < 0 || i >= size)
    throw new ArgumentError(`${name}: there is no picture ${i}; the indices are 0..${size - 1}`);
  return i;
}

/** Throws `ArgumentError` unless there are a mean and a positive deviation for each channel. */
export function checkNormalisation(normalisation: Normalisation, channels: number, name: string): void {
  expectParts(name, "the normalisation", normalisation, ["mean", "deviation"], "{ mean, deviation }, one number per channel each");
  const { mean, deviation } = normalisation;
  if (mean.length !== channels || deviation.length !== channels || !deviation.every((d) => d > 0)) {
    throw new ArgumentError(
      `${name}: normalisation needs a mean and a positive deviation for each of ${channels} channels, got [${mean.join(", ")}] and [${deviation.join(", ")}]`,
    );
  }
}

function pixelWriter(
  images: Uint8Array | Float32Array,
  [channels, height, width]: Shape,
  { mean, deviation }: Normalisation,
): (i: number, out: Float32Array, offset: number) => void {
  const plane = height * width;
  const step = channels * plane;
  // A byte has 256 values, so normalising one is a table look-up.
  const tables =
    images instanceof Uint8Array
      ? mean.map((m, c) => Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - m) / deviation[c]))
      : undefined;
  return (i, out, offset) => {
    for (let c = 0; c < channels; c++) {
      const from = i * step + c * plane;
      const to = offset + c * plane;
      if (tables !== undefined) {
        const table = tables[c];
        for (let p = 0; p < plane; p++) out[to + p] = table[images[from + p]];
      } else {
        for (let p = 0; p < plane; p++) out[to + p] = (images[from + p] - mean[c]) / deviation[c];
      }
    }
  };
}

function perChannel(
  image: Tensor,
  normalisation: Normalisation,
  change: (value: number, mean: number, deviation: number) => number,
): Tensor {
  expectTensor("normalise", "the picture", image);
  const channels = image.shape[0];
  checkNormalisation(normalisation, channels, `picture ${showShape(image.shape)}`);
  const plane = image.size / channels;
  const out = new Float32Array(image.size);
  for (let i = 0; i < out.length; i++) {
    const c = Math.floor(i / plane);
    out[i] = change(image.data[i], normalisation.mean[c], normalisation.deviation[c]);
  }
  return new Tensor(out, image.shape);
}
