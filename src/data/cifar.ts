// CIFAR-10 in its standard binary layout: records of one label byte and 3 x 32 x 32 bytes. https://www.cs.toronto.edu/~kriz/cifar.html
import { isFile, joinPath, listFolder, readFile, readText } from "#platform";
import { DataError, FileError } from "../tensor/errors.ts";
import { expectText } from "../tensor/expect.ts";
import { arraysDataset, type Dataset, type TrainAndTest } from "./dataset.ts";

const imageShape = [3, 32, 32];
const pixels = 3 * 32 * 32;
const recordLength = 1 + pixels;
const normalisation = { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] };

/** The ten classes of CIFAR-10, in the order of their labels. */
export const cifar10Classes: readonly string[] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/**
 * Reads CIFAR-10 from a folder with `data_batch_1.bin` ... and `test_batch.bin` (fewer training files are fine). Class names come from
 * `batches.meta.txt` where it is there. Throws `DataError` when files are missing, cut off or have labels outside 0..9.
 */
export async function cifar10(folder: string): Promise<TrainAndTest> {
  expectText("cifar10", "the folder", folder);
  let names: string[];
  try {
    names = (await listFolder(folder)).map((entry) => entry.name);
  } catch (cause) {
    if (cause instanceof FileError) throw new DataError(`no CIFAR-10 there: ${cause.message}`, { cause });
    throw cause;
  }
  const trainNames = names.filter((name) => /^data_batch_\d+\.bin$/.test(name));
  if (trainNames.length === 0 || !names.includes("test_batch.bin")) {
    throw new DataError(`${folder}: expected data_batch_1.bin and test_batch.bin, the binary version of CIFAR-10`);
  }
  const classes = await readClasses(joinPath(folder, "batches.meta.txt"));
  const load = async (files: readonly string[], share: string): Promise<Dataset> => {
    const parts = await Promise.all(files.map(async (name) => parseCifar(await readFile(joinPath(folder, name)), joinPath(folder, name))));
    const images = new Uint8Array(parts.reduce((sum, part) => sum + part.images.length, 0));
    const labels: number[] = [];
    let offset = 0;
    for (const part of parts) {
      images.set(part.images, offset);
      offset += part.images.length;
      for (const label of part.labels) labels.push(label);
    }
    return arraysDataset({ name: `CIFAR-10, ${share}`, images, labels, imageShape, classes, normalisation });
  };
  return { train: await load(trainNames, "train"), test: await load(["test_batch.bin"], "test") };
}

/** Whether a folder holds the binary version of CIFAR-10. */
export async function isCifarFolder(folder: string): Promise<boolean> {
  return isFile(joinPath(folder, "test_batch.bin"));
}

/** One binary file: pictures one after the other, and their labels. */
export function parseCifar(bytes: Uint8Array, name = "CIFAR-10 file"): { images: Uint8Array; labels: Uint8Array } {
  const count = Math.floor(bytes.length / recordLength);
  if (count === 0 || bytes.length % recordLength !== 0) {
    throw new DataError(
      `${name}: ${bytes.length} bytes are not whole records of ${recordLength}: cut off after ${count} pictures, or not a CIFAR-10 file`,
    );
  }
  const images = new Uint8Array(count * pixels);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * recordLength;
    if (bytes[at] > 9) throw new DataError(`${name}: the label at byte ${at} is ${bytes[at]}, expected 0..9`);
    labels[i] = bytes[at];
    images.set(bytes.subarray(at + 1, at + recordLength), i * pixels);
  }
  return { images, labels };
}

async function readClasses(path: string): Promise<readonly string[]> {
  if (!(await isFile(path))) return cifar10Classes;
  const names = (await readText(path)).split(/\r?\n/).filter((line) => line.trim() !== "");
  return names.length === cifar10Classes.length ? names : cifar10Classes;
}
