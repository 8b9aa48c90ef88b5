// People's own pictures: a folder with one subfolder per class. What does not fit is named, picture by picture.
import { baseName, joinPath, listFolder, readFile } from "#platform";
import { decodeImage, isImageName } from "../io/image.ts";
import { pictureToTensor } from "../io/picture.ts";
import { coverImage, resizeImage } from "../io/resample.ts";
import { ArgumentError, DataError, FileError } from "../tensor/errors.ts";
import { expectText } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { arraysDataset, type Dataset, measureNormalisation, type Normalisation, type TrainAndTest } from "./dataset.ts";
import { splitIndices } from "./select.ts";

export interface PictureFolderOptions {
  /** Height and width that every picture gets, one number for both (default 64). */
  readonly size?: number | readonly [number, number];
  /** 1 = grey, 3 = RGB (default 3). */
  readonly channels?: 1 | 3;
  /** "cover" keeps the proportions and cuts off what hangs over; "stretch" keeps everything (default "cover"). */
  readonly fit?: "cover" | "stretch";
  /** Share of each class that becomes the test set, when the folder is not divided into train and test (default 0.2). */
  readonly testShare?: number;
  /** Chooses which pictures are test pictures (default 0). */
  readonly seed?: number;
  /** Default: measured on the training pictures. */
  readonly normalisation?: Normalisation;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** For `checkOptions`. */
export const pictureFolderOptionNames: readonly (keyof PictureFolderOptions)[] = [
  "size",
  "channels",
  "fit",
  "testShare",
  "seed",
  "normalisation",
  "onProgress",
  "signal",
];

interface Pictures {
  readonly paths: string[];
  readonly labels: number[];
}

const trainNames = ["train", "training"];
const testNames = ["test", "val", "valid", "validation"];

/**
 * Reads PNG and JPEG files from `folder/<class>/`, or from `folder/train/<class>/` and `folder/test/<class>/`. All pictures are resized
 * and kept in memory as bytes. Throws `DataError` naming the folder or the picture when there is nothing to read or something cannot be read.
 */
export async function pictureFolder(folder: string, options: PictureFolderOptions = {}): Promise<TrainAndTest> {
  expectText("pictureFolder", "the folder", folder);
  checkOptions("pictureFolder", options, pictureFolderOptionNames);
  const { size, channels, testShare, seed } = options;
  const imageShape = shapeOf("pictureFolder", size, channels);
  const top = await subfolders(folder);
  const trainFolder = top.find((name) => trainNames.includes(name.toLowerCase()));
  const testFolder = top.find((name) => testNames.includes(name.toLowerCase()));
  const divided = trainFolder !== undefined && testFolder !== undefined;
  const classes = divided ? await subfolders(joinPath(folder, trainFolder)) : top;
  if (classes.length < 2) {
    throw new DataError(
      `${folder}: expected one subfolder per class, at least two; found ${classes.length === 0 ? "no subfolders" : `only "${classes[0]}"`}`,
    );
  }

  let train: Pictures;
  let test: Pictures;
  if (divided) {
    const extra = (await subfolders(joinPath(folder, testFolder))).filter((name) => !classes.includes(name));
    if (extra.length > 0) throw new DataError(`${joinPath(folder, testFolder)}: the class "${extra[0]}" has no training pictures`);
    train = await findPictures(joinPath(folder, trainFolder), classes, true);
    test = await findPictures(joinPath(folder, testFolder), classes, false);
    if (test.paths.length === 0) throw new DataError(`${joinPath(folder, testFolder)}: there are no test pictures`);
  } else {
    const all = await findPictures(folder, classes, true);
    const chosen = splitIndices(all.labels, classes.length, {
      ...(testShare !== undefined && { testShare }),
      ...(seed !== undefined && { seed }),
    });
    const pick = (indices: readonly number[]): Pictures => ({
      paths: indices.map((i) => all.paths[i]),
      labels: indices.map((i) => all.labels[i]),
    });
    train = pick(chosen.train);
    test = pick(chosen.test);
    if (test.paths.length === 0) throw new DataError(`${folder}: every class has only one picture, so none is left for testing`);
  }

  const [trainImages, testImages] = await loadAll([train.paths, test.paths], imageShape, options);
  const normalisation = options.normalisation ?? measureNormalisation(trainImages, imageShape);
  const make = (share: string, images: Uint8Array, { labels }: Pictures): Dataset =>
    arraysDataset({ name: `${baseName(folder)}, ${share}`, images, labels, imageShape, classes, normalisation });
  return { train: make("train", trainImages, train), test: make("test", testImages, test) };
}

/**
 * The pictures that lie in a folder itself, to be looked at rather than learned: all of one class, called as the folder is. Undefined where there is
 * none or where there are subfolders, which `pictureFolder` reads. Throws `DataError` for a picture that cannot be read.
 */
export async function loosePictures(folder: string, options: PictureFolderOptions = {}): Promise<Dataset | undefined> {
  expectText("loosePictures", "the folder", folder);
  checkOptions("loosePictures", options, pictureFolderOptionNames);
  if ((await subfolders(folder)).length > 0) return undefined;
  const paths = (await listFolder(folder)).filter(isPicture).map(({ name }) => joinPath(folder, name));
  if (paths.length === 0) return undefined;
  const imageShape = shapeOf("loosePictures", options.size, options.channels);
  const [images] = await loadAll([paths], imageShape, options);
  const { normalisation = measureNormalisation(images, imageShape) } = options;
  const labels = paths.map(() => 0);
  return arraysDataset({ name: baseName(folder), images, labels, imageShape, classes: [baseName(folder)], normalisation });
}

type ImageShape = readonly [channels: 1 | 3, height: number, width: number];

function shapeOf(where: string, size: PictureFolderOptions["size"] = 64, channels: 1 | 3 = 3): ImageShape {
  const [height, width] = typeof size === "number" ? [size, size] : size;
  if (![height, width].every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ArgumentError(`${where}: size ${height} x ${width} is not in whole pixels`);
  }
  return [channels, height, width];
}

/** The bytes of each list's pictures. */
async function loadAll(
  lists: readonly (readonly string[])[],
  [channels, height, width]: ImageShape,
  { fit = "cover", signal, onProgress }: PictureFolderOptions,
): Promise<Uint8Array[]> {
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  const size = channels * height * width;
  let done = 0;
  const loaded: Uint8Array[] = [];
  for (const paths of lists) {
    const images = new Uint8Array(paths.length * size);
    for (const [i, path] of paths.entries()) {
      signal?.throwIfAborted();
      images.set(await loadPicture(path, channels, height, width, fit), i * size);
      onProgress?.(++done, total);
    }
    loaded.push(images);
  }
  return loaded;
}

const isPicture = ({ kind, name }: { readonly kind: string; readonly name: string }): boolean =>
  kind === "file" && isImageName(name) && !name.startsWith(".");

/** Folder names starting with a dot belong to tools, not to classes. */
async function subfolders(folder: string): Promise<string[]> {
  try {
    return (await listFolder(folder)).filter(({ kind, name }) => kind === "folder" && !name.startsWith(".")).map(({ name }) => name);
  } catch (cause) {
    if (cause instanceof FileError) throw new DataError(`no pictures there: ${cause.message}`, { cause });
    throw cause;
  }
}

async function findPictures(folder: string, classes: readonly string[], everyClass: boolean): Promise<Pictures> {
  const found: Pictures = { paths: [], labels: [] };
  const present = await subfolders(folder);
  for (const [label, name] of classes.entries()) {
    const entries = present.includes(name) ? await listFolder(joinPath(folder, name)) : [];
    const pictures = entries.filter(isPicture);
    if (pictures.length === 0 && everyClass) {
      const there =
        entries.length === 0
          ? "it is empty"
          : `it has ${entries
              .slice(0, 3)
              .map((e) => e.name)
              .join(", ")}`;
      throw new DataError(`${joinPath(folder, name)}: the class "${name}" has no .png, .jpg or .jpeg pictures; ${there}`);
    }
    for (const picture of pictures) {
      found.paths.push(joinPath(folder, name, picture.name));
      found.labels.push(label);
    }
  }
  return found;
}

async function loadPicture(
  path: string,
  channels: 1 | 3,
  height: number,
  width: number,
  fit: "cover" | "stretch",
): Promise<Uint8ClampedArray> {
  const picture = decodeImage(await readFile(path), { name: path });
  const image = pictureToTensor(picture, { channels });
  const sized = fit === "cover" ? coverImage(image, height, width) : resizeImage(image, height, width);
  // A clamped array rounds, which a plain byte array does not.
  return Uint8ClampedArray.from(sized.data, (value) => value * 255);
}
