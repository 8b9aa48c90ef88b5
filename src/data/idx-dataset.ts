// A folder of four IDX files, the layout of MNIST and of everything made to replace it.
import { baseName, joinPath, listFolder, readFile } from "#platform";
import { gunzip, isGzip } from "../io/gzip.ts";
import { DataError, FileError } from "../tensor/errors.ts";
import { expectText } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { arraysDataset, type Dataset, measureNormalisation, type Normalisation, type TrainAndTest } from "./dataset.ts";
import { parseIdx } from "./idx.ts";

export interface IdxDatasetOptions {
  /** Default: the folder's name. */
  readonly name?: string;
  /** Default: "0", "1", ... as far as the labels go. */
  readonly classes?: readonly string[];
  /** Default: measured on the training pictures. */
  readonly normalisation?: Normalisation;
}

/** The bytes of the four files, for places without a file system. */
export interface IdxFiles {
  readonly trainImages: Uint8Array;
  readonly trainLabels: Uint8Array;
  readonly testImages: Uint8Array;
  readonly testLabels: Uint8Array;
}

type Part = keyof IdxFiles;

/** File names as they are found in the wild: train-images-idx3-ubyte, emnist-letters-test-labels.idx1-ubyte.gz, ... */
const filePatterns: Readonly<Record<Part, RegExp>> = {
  trainImages: /(^|[-_.])train-images[-.]idx\d-ubyte(\.gz)?$/,
  trainLabels: /(^|[-_.])train-labels[-.]idx\d-ubyte(\.gz)?$/,
  testImages: /(^|[-_.])(t10k|test)-images[-.]idx\d-ubyte(\.gz)?$/,
  testLabels: /(^|[-_.])(t10k|test)-labels[-.]idx\d-ubyte(\.gz)?$/,
};

const usualNames: Readonly<Record<Part, string>> = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
};

const parts = Object.keys(usualNames) as Part[];

/** More unpacked bytes than this are not a data set that fits into memory. */
const unpackLimit = 2 ** 31;

/**
 * Reads a folder with IDX files of training and test pictures and labels, plain or gzip. Pictures are [N, H, W] or [N, C, H, W] bytes.
 * Throws `DataError` when a file is missing, damaged, or does not fit to the others.
 */
export async function idxDataset(folder: string, options: IdxDatasetOptions = {}): Promise<TrainAndTest> {
  expectText("idxDataset", "the folder", folder);
  checkOptions("idxDataset", options, ["name", "classes", "normalisation"]);
  const names = await findIdxFiles(folder);
  const read = async (part: Part): Promise<Uint8Array> => readFile(joinPath(folder, names[part]));
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(parts.map(read));
  return idxDatasetFromFiles({ trainImages, trainLabels, testImages, testLabels }, { name: baseName(folder), ...options }, (part) =>
    joinPath(folder, names[part]),
  );
}

/** Whether a folder holds pictures in IDX files. */
export async function isIdxFolder(folder: string): Promise<boolean> {
  const names = (await listFolder(folder)).map((entry) => entry.name);
  return names.some((name) => filePatterns.trainImages.test(name));
}

/** The same from bytes, for a browser. */
export async function idxDatasetFromFiles(
  files: IdxFiles,
  options: IdxDatasetOptions = {},
  nameOf: (part: Part) => string = (part) => usualNames[part],
): Promise<TrainAndTest> {
  checkOptions("idxDatasetFromFiles", options, ["name", "classes", "normalisation"]);
  const { name = "IDX data set" } = options;
  const tensors = {} as Record<Part, Tensor>;
  for (const part of parts) {
    const bytes = isGzip(files[part]) ? await gunzip(files[part], { name: nameOf(part), limit: unpackLimit }) : files[part];
    tensors[part] = parseIdx(bytes, nameOf(part));
  }
  const trainShape = checkPair(tensors.trainImages, tensors.trainLabels, nameOf("trainImages"), nameOf("trainLabels"));
  const testShape = checkPair(tensors.testImages, tensors.testLabels, nameOf("testImages"), nameOf("testLabels"));
  if (showShape(trainShape) !== showShape(testShape)) {
    throw new DataError(`${name}: training pictures are ${showShape(trainShape)}, but test pictures are ${showShape(testShape)}`);
  }
  const pixels = tensors.trainImages.data as Uint8Array;
  const shared = {
    imageShape: trainShape,
    classes: options.classes ?? numberedClasses(tensors.trainLabels, tensors.testLabels),
    normalisation: options.normalisation ?? measureNormalisation(pixels, trainShape),
  };
  const make = (share: string, images: Tensor, labels: Tensor): Dataset =>
    arraysDataset({ ...shared, name: `${name}, ${share}`, images: images.data as Uint8Array, labels: labels.data });
  return { train: make("train", tensors.trainImages, tensors.trainLabels), test: make("test", tensors.testImages, tensors.testLabels) };
}

async function findIdxFiles(folder: string): Promise<Record<Part, string>> {
  let names: string[];
  try {
    names = (await listFolder(folder)).filter((entry) => entry.kind === "file").map((entry) => entry.name);
  } catch (cause) {
    if (cause instanceof FileError) throw new DataError(`no data set there: ${cause.message}`, { cause });
    throw cause;
  }
  const found = {} as Record<Part, string>;
  for (const part of parts) {
    const matches = names.filter((name) => filePatterns[part].test(name));
    // A plain file beside its packed twin is the same thing, and faster to read.
    const plain = matches.filter((name) => !name.endsWith(".gz"));
    const [choice, another] = plain.length > 0 ? plain : matches;
    if (choice === undefined) {
      const there = names.length === 0 ? "no files" : names.slice(0, 8).join(", ") + (names.length > 8 ? ", ..." : "");
      throw new DataError(`${folder}: there is no ${usualNames[part]} (or ${usualNames[part]}.gz); the folder has ${there}`);
    }
    if (another !== undefined)
      throw new DataError(`${folder}: both ${choice} and ${another} could be ${usualNames[part]}; give them folders of their own`);
    found[part] = choice;
  }
  return found;
}

/** Checks that pictures and labels belong together and returns [C, H, W]. */
function checkPair(images: Tensor, labels: Tensor, imagesName: string, labelsName: string): readonly number[] {
  if ((images.rank !== 3 && images.rank !== 4) || images.dtype !== "uint8") {
    throw new DataError(
      `${imagesName}: holds ${images.dtype} ${showShape(images.shape)}, expected pictures as bytes: [count, height, width]`,
    );
  }
  if (labels.rank !== 1 || labels.dtype === "float32" || labels.dtype === "float64") {
    throw new DataError(`${labelsName}: holds ${labels.dtype} ${showShape(labels.shape)}, expected labels as integers: [count]`);
  }
  const [count, ...rest] = images.shape;
  if (count !== labels.size) throw new DataError(`${imagesName} has ${count} pictures, but ${labelsName} has ${labels.size} labels`);
  if (images.size === 0) throw new DataError(`${imagesName}: the data set is empty: ${showShape(images.shape)}`);
  return rest.length === 2 ? [1, ...rest] : rest;
}

function numberedClasses(...labels: readonly Tensor[]): string[] {
  let largest = 0;
  for (const { data } of labels) for (const label of data) largest = Math.max(largest, label);
  // Labels are class numbers; a file with huge ones is something else, and the list of names must stay bounded.
  if (largest > 100_000) throw new DataError(`the labels go up to ${largest}; expected class numbers`);
  return Array.from({ length: largest + 1 }, (_, i) => String(i));
}
