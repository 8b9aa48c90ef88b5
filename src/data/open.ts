// One word from a command line to a data set: a known name, or a folder that is recognised by what lies in it.
import { isFolder } from "#platform";
import { DataError } from "../tensor/errors.ts";
import { expectText } from "../tensor/expect.ts";
import { checkOptions, proposal } from "../tensor/options.ts";
import { cifar10, isCifarFolder } from "./cifar.ts";
import type { TrainAndTest } from "./dataset.ts";
import { idxDataset, isIdxFolder } from "./idx-dataset.ts";
import { fashionMnist, mnist } from "./mnist.ts";
import { type PictureFolderOptions, pictureFolder, pictureFolderOptionNames } from "./picture-folder.ts";
import { synthetic } from "./synthetic.ts";

/** The names that `openDataset` knows. */
export const datasetNames: readonly string[] = ["mnist", "fashion-mnist", "synthetic"];

/**
 * Opens `mnist`, `fashion-mnist`, `synthetic`, or a folder with IDX files, the binary CIFAR-10 files, or one subfolder of pictures per class.
 * The options apply to folders of pictures. Throws `DataError` when it is none of these.
 */
export async function openDataset(nameOrFolder: string, options: PictureFolderOptions = {}): Promise<TrainAndTest> {
  expectText("openDataset", "the name or folder", nameOrFolder);
  checkOptions("openDataset", options, pictureFolderOptionNames);
  if (nameOrFolder === "mnist") return mnist();
  if (nameOrFolder === "fashion-mnist") return fashionMnist();
  if (nameOrFolder === "synthetic") return synthetic(options.seed === undefined ? {} : { seed: options.seed });
  if (!(await isFolder(nameOrFolder))) {
    throw new DataError(
      `there is no data set "${nameOrFolder}"${proposal(nameOrFolder, datasetNames)}: it is neither ${datasetNames.join(", ")} nor a folder`,
    );
  }
  if (await isIdxFolder(nameOrFolder)) return idxDataset(nameOrFolder);
  if (await isCifarFolder(nameOrFolder)) return cifar10(nameOrFolder);
  return pictureFolder(nameOrFolder, options);
}
