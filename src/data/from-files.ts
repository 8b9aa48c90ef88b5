// A data set from files by path, for places without folders: dropped files, an unpacked archive. What they are is told by what they hold.
import { gunzip, isGzip } from "../io/gzip.ts";
import { decodeImage, isImageName } from "../io/image.ts";
import { pictureToTensor } from "../io/picture.ts";
import { recogniseFile } from "../io/recognise.ts";
import { isLeftBehind } from "../io/recognise-files.ts";
import { coverImage } from "../io/resample.ts";
import { isZip, readZip } from "../io/zip.ts";
import { ArgumentError, DataError } from "../tensor/errors.ts";
import { expectMap } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { cifar10Classes, parseCifar } from "./cifar.ts";
import { arraysDataset, type TrainAndTest } from "./dataset.ts";
import { parseIdx } from "./idx.ts";
import { split } from "./select.ts";

export interface FilesDatasetOptions {
  /** Default "own pictures". */
  readonly name?: string;
  /** Height and width that pictures of folders get (default 32). */
  readonly size?: number;
  /** 1 = grey, 3 = RGB; of pictures in folders (default 3). */
  readonly channels?: 1 | 3;
  /** Share of each class that becomes the test set where the files are not divided (default 0.2). */
  readonly testShare?: number;
  /** Chooses which (default 0). */
  readonly seed?: number;
}

interface Labelled {
  readonly images: Uint8Array;
  readonly labels: ArrayLike<number>;
  readonly imageShape: Shape;
  readonly classes: readonly string[];
}

const isTest = (path: string): boolean => /(^|[/_.-])(t10k|test|val|valid|validation)([/_.-]|$)/i.test(path);

/**
 * Reads pictures and labels from files: pictures in one folder per class (perhaps inside `train/` and `test/`), IDX files of pictures and of labels,
 * binary CIFAR-10 files, CSV lines of a label and pixels 0..255, or one zip archive of any of these; IDX and CSV may be gzip'ed.
 * Throws `DataError` that names the file and says what it lacks.
 */
export async function datasetFromFiles(files: ReadonlyMap<string, Uint8Array>, options: FilesDatasetOptions = {}): Promise<TrainAndTest> {
  expectMap("datasetFromFiles", "the files", files, "paths to bytes");
  checkOptions("datasetFromFiles", options, ["name", "size", "channels", "testShare", "seed"]);
  const { name = "own pictures", size = 32, seed = 0, testShare = 0.2 } = options;
  if (!Number.isInteger(size) || size < 1 || size > 1024)
    throw new ArgumentError(`datasetFromFiles: size is ${size}; expected whole pixels, 1 to 1024`);
  const all = unpacked(files);
  const [first] = all;
  if (first === undefined) throw new DataError(`${name}: there are no files`);
  const kinds = new Map(await Promise.all([...all].map(async ([path, bytes]) => [path, await recogniseFile(bytes)] as const)));
  const of = (kind: string): string[] => [...all.keys()].filter((path) => kinds.get(path) === kind);
  const test = (paths: readonly string[]): string[] => paths.filter(isTest);
  const rest = (paths: readonly string[]): string[] => paths.filter((path) => !isTest(path));
  const read = (path: string): Uint8Array => all.get(path) as Uint8Array;

  const whole = async (paths: readonly string[], part: (path: string) => Promise<Labelled> | Labelled): Promise<Labelled> =>
    joined(await Promise.all(paths.map(part)));
  const idx = of("idx");
  const cifar = of("cifar");
  const csv = of("csv");
  const pictures = of("picture").filter((path) => isImageName(path) || path.includes("/"));
  if (idx.length > 0)
    return divided(await idxPart(rest(idx), read, name), test(idx).length > 0 ? await idxPart(test(idx), read, name) : undefined);
  if (cifar.length > 0) return divide(cifar, (path) => cifarPart(read(path), path));
  if (csv.length > 0) return divide(csv, (path) => csvPart(read(path), path));
  if (pictures.length > 0) return picturesPart(pictures);
  const [path] = first;
  throw new DataError(
    `${path}: neither pictures in folders, nor an IDX file, a binary CIFAR-10 file or a CSV file of pixels (it looks like: ${kinds.get(path)})`,
    { reason: { kind: "no data set", file: path } },
  );

  async function divide(paths: readonly string[], part: (path: string) => Promise<Labelled> | Labelled): Promise<TrainAndTest> {
    const training = rest(paths);
    const testing = test(paths);
    if (training.length === 0 || testing.length === 0) return divided(await whole(paths, part), undefined);
    return divided(await whole(training, part), await whole(testing, part));
  }
  function divided(training: Labelled, testing: Labelled | undefined): TrainAndTest {
    const classes = training.classes.length >= (testing?.classes.length ?? 0) ? training.classes : (testing?.classes ?? training.classes);
    const train = arraysDataset({ ...training, classes, name: testing === undefined ? name : `${name}, train` });
    if (testing === undefined) {
      const parts = split(train, { testShare, seed });
      if (parts.test.size === 0) throw new DataError(`${name}: every class has only one picture, so none is left for testing`);
      return parts;
    }
    return { train, test: arraysDataset({ ...testing, classes, name: `${name}, test`, normalisation: train.normalisation }) };
  }
  function picturesPart(paths: readonly string[]): TrainAndTest {
    const folders = paths.map((path) =>
      path
        .split("/")
        .slice(0, -1)
        .filter((part) => part !== ""),
    );
    const classOf = (i: number): string | undefined => folders[i].at(-1);
    const homeless = folders.findIndex((parts) => parts.length === 0);
    if (homeless >= 0)
      throw new DataError(`${paths[homeless]}: lies in no folder; pictures must lie in folders that are called as their classes`);
    const classes = [...new Set(folders.map((_, i) => classOf(i) as string))].sort();
    if (classes.length < 2)
      throw new DataError(`${name}: all pictures lie in the folder "${classes[0]}"; there must be one folder per class, at least two`);
    const marks = folders.map((parts) => parts.slice(0, -1).some((part) => isTest(part)));
    const make = (which: readonly number[]): Labelled => ({
      ...pixelsOf(
        which.map((i) => paths[i]),
        read,
        size,
        options.channels ?? 3,
      ),
      labels: which.map((i) => classes.indexOf(classOf(i) as string)),
      classes,
    });
    const indices = paths.map((_, i) => i);
    const testing = indices.filter((i) => marks[i]);
    const training = indices.filter((i) => !marks[i]);
    if (testing.length === 0 || training.length === 0) return divided(make(indices), undefined);
    return divided(make(training), make(testing));
  }
}

/** A single archive stands for what is in it. */
function unpacked(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const own = [...files].filter(([path]) => !isLeftBehind(path));
  const [only] = own;
  if (own.length !== 1 || !isZip(only[1])) return new Map(own);
  return readZip(only[1], { name: only[0], only: (path) => !isLeftBehind(path) });
}

function pixelsOf(
  paths: readonly string[],
  read: (path: string) => Uint8Array,
  size: number,
  channels: 1 | 3,
): Pick<Labelled, "images" | "imageShape"> {
  const step = channels * size * size;
  const images = new Uint8Array(paths.length * step);
  paths.forEach((path, i) => {
    const image = pictureToTensor(decodeImage(read(path), { name: path }), { channels });
    // A clamped array rounds, which a plain byte array does not.
    images.set(
      Uint8ClampedArray.from(coverImage(image, size, size).data, (value) => value * 255),
      i * step,
    );
  });
  return { images, imageShape: [channels, size, size] };
}

async function idxPart(paths: readonly string[], read: (path: string) => Uint8Array, name: string): Promise<Labelled> {
  let images: Tensor | undefined;
  let labels: Tensor | undefined;
  for (const path of paths) {
    const bytes = read(path);
    const tensor = parseIdx(isGzip(bytes) ? await gunzip(bytes, { name: path }) : bytes, path);
    if (tensor.rank === 1) labels = tensor;
    else if (tensor.dtype === "uint8" && tensor.rank <= 4) images = tensor;
    else throw new DataError(`${path}: holds ${tensor.dtype} of ${tensor.rank} axes; expected bytes [count, height, width]`);
  }
  if (images === undefined) throw new DataError(`${paths[0] ?? name}: labels without pictures; drop the IDX file of the pictures, too`);
  if (labels === undefined) throw new DataError(`${paths[0]}: pictures without labels; drop the IDX file of the labels, too`);
  if (images.shape[0] !== labels.size) throw new DataError(`${name}: ${images.shape[0]} pictures, but ${labels.size} labels`);
  const [, ...rest] = images.shape;
  return {
    images: images.data as Uint8Array,
    labels: labels.data,
    imageShape: rest.length === 2 ? [1, ...rest] : rest,
    classes: numbered(labels.data, name),
  };
}

function cifarPart(bytes: Uint8Array, path: string): Labelled {
  return { ...parseCifar(bytes, path), imageShape: [3, 32, 32], classes: cifar10Classes };
}

/** Lines of a label and the pixels of a square picture, grey or (in planes) of three colours; a heading is passed over. */
async function csvPart(given: Uint8Array, path: string): Promise<Labelled> {
  const text = new TextDecoder().decode(isGzip(given) ? await gunzip(given, { name: path }) : given);
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const cells = lines.map((line) => line.split(/[,;\t]/));
  if (cells.length > 0 && Number.isNaN(Number(cells[0][1]))) cells.shift();
  if (cells.length === 0) throw new DataError(`${path}: there are no lines of numbers`);
  const pixels = cells[0].length - 1;
  const shape = squareOf(pixels);
  if (shape === undefined)
    throw new DataError(
      `${path}: its first line has ${pixels} numbers after the label; expected those of a square picture, such as 784 for 28 × 28`,
    );
  const names = [...new Set(cells.map(([label]) => label.trim()))];
  const classes = names.every((label) => /^\d+$/.test(label)) ? numbered(names.map(Number), path) : names.sort();
  const images = new Uint8Array(cells.length * pixels);
  const labels = new Int32Array(cells.length);
  for (const [i, line] of cells.entries()) {
    if (line.length !== pixels + 1) throw new DataError(`${path}: line ${i + 1} has ${line.length} numbers, the first one ${pixels + 1}`);
    labels[i] = classes.indexOf(/^\d+$/.test(line[0].trim()) ? String(Number(line[0])) : line[0].trim());
    for (let p = 0; p < pixels; p++) {
      const value = Number(line[p + 1]);
      if (!(value >= 0 && value <= 255)) throw new DataError(`${path}: line ${i + 1}, pixel ${p} is "${line[p + 1]}"; expected 0..255`);
      images[i * pixels + p] = value;
    }
  }
  return { images, labels, imageShape: shape, classes };
}

function squareOf(pixels: number): Shape | undefined {
  for (const channels of [1, 3]) {
    const side = Math.sqrt(pixels / channels);
    if (Number.isInteger(side) && side >= 2) return [channels, side, side];
  }
  return undefined;
}

function numbered(labels: ArrayLike<number>, name: string): string[] {
  let largest = 0;
  for (let i = 0; i < labels.length; i++) largest = Math.max(largest, labels[i]);
  // Labels are class numbers; a file with huge ones is something else, and the list of names must stay bounded.
  if (largest > 10_000) throw new DataError(`${name}: the labels go up to ${largest}; expected class numbers`);
  return Array.from({ length: largest + 1 }, (_, i) => String(i));
}

function joined(parts: readonly Labelled[]): Labelled {
  const images = new Uint8Array(parts.reduce((sum, part) => sum + part.images.length, 0));
  const labels: number[] = [];
  let offset = 0;
  for (const part of parts) {
    if (part.imageShape.join() !== parts[0].imageShape.join())
      throw new DataError(`pictures of ${part.imageShape.join(" × ")} and of ${parts[0].imageShape.join(" × ")} in one data set`);
    images.set(part.images, offset);
    offset += part.images.length;
    for (let i = 0; i < part.labels.length; i++) labels.push(part.labels[i]);
  }
  const { classes } = parts.reduce((most, part) => (part.classes.length > most.classes.length ? part : most));
  return { images, labels, imageShape: parts[0].imageShape, classes };
}
