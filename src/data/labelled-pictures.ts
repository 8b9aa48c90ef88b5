// People's labelled pictures as one model wants them: to measure a network from elsewhere on what it never saw.
import { decodeImage } from "../io/image.ts";
import { type Picture, tensorToPicture } from "../io/picture.ts";
import { preparePicture } from "../io/prepare.ts";
import { recogniseFiles } from "../io/recognise-files.ts";
import { isZip, readZip } from "../io/zip.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { DataError, ShapeError } from "../tensor/errors.ts";
import { expectMap } from "../tensor/expect.ts";
import { showShape } from "../tensor/shape.ts";
import { type Dataset, gather, unnormalise } from "./dataset.ts";
import { datasetFromFiles } from "./from-files.ts";

export interface LabelledPictures extends Dataset {
  /** Where picture i comes from: a file's path, or the number of a record. */
  source(i: number): string;
  /** Picture i as it was before it was prepared. */
  picture(i: number): Picture;
}

interface Source {
  readonly size: number;
  readonly classes: readonly string[];
  label(i: number): number;
  source(i: number): string;
  picture(i: number): Picture;
}

/**
 * All pictures of `files` (paths to bytes), prepared as `model` prepares pictures, with the model's classes as labels: pictures in one folder per
 * class, IDX, binary CIFAR-10 or CSV files, or one zip archive of these. What a class is called must be one of the model's names (or one of the
 * synonyms that commas part), or its number. Pictures are decoded when they are asked for. Throws `DataError` that names the file or the class.
 */
export async function labelledPictures(files: ReadonlyMap<string, Uint8Array>, model: Model): Promise<LabelledPictures> {
  expectMap("labelledPictures", "the files", files, "paths to bytes");
  expectModel("labelledPictures", model);
  const [first] = files;
  if (first === undefined) throw new DataError("labelledPictures: there are no files");
  const own = files.size === 1 && isZip(first[1]) ? readZip(first[1], { name: first[0] }) : files;
  const { use, kind } = await recogniseFiles(own);
  const found = use === "data" && kind === "picture" ? fromFolders(own) : await fromRecords(files);
  const classes = classesOf(model);
  const translated = found.classes.map((name) => classNumber(name, classes));
  const label = (i: number): number => translated[found.label(i)];
  const image = (i: number) => preparePicture(found.picture(i), model);
  const { mean, deviation } = model.preprocessing ?? { mean: [], deviation: [] };
  return {
    name: "labelled pictures",
    size: found.size,
    imageShape: model.inputShape,
    classes,
    normalisation: { mean, deviation },
    image,
    label,
    batch: (indices) => gather(indices, model.inputShape, (i, out, offset) => out.set(image(i).data, offset), label),
    source: found.source,
    picture: found.picture,
  };
}

function classesOf(model: Model): readonly string[] {
  const { shape } = model.trace().output;
  if (shape.length !== 2)
    throw new ShapeError(
      `labelledPictures: the net gives ${showShape(shape.slice(1))} per picture; a classifier gives one number per class`,
    );
  return model.classes ?? Array.from({ length: shape[1] }, (_, i) => String(i));
}

function classNumber(name: string, classes: readonly string[]): number {
  const bare = (text: string): string =>
    text
      .trim()
      .toLowerCase()
      .replace(/[\s_-]+/g, " ");
  const exact = classes.findIndex((one) => bare(one) === bare(name));
  const found = exact >= 0 ? exact : classes.findIndex((one) => one.split(",").some((synonym) => bare(synonym) === bare(name)));
  if (found >= 0) return found;
  if (/^\d+$/.test(name) && Number(name) < classes.length) return Number(name);
  const shown = classes.slice(0, 8).join(", ");
  throw new DataError(
    `"${name}" is none of the net's ${classes.length} classes (${shown}${classes.length > 8 ? ", ..." : ""}), nor the number of one`,
    { reason: { kind: "no class of the net", name, classes } },
  );
}

function fromFolders(files: ReadonlyMap<string, Uint8Array>): Source {
  const paths = [...files.keys()].filter((path) => /\.(png|jpe?g)$/i.test(path) && path.includes("/")).sort();
  if (paths.length === 0)
    throw new DataError(`${[...files.keys()][0]}: only PNG and JPEG pictures in folders are read`, {
      reason: { kind: "no data set", file: [...files.keys()][0] },
    });
  const folders = paths.map((path) => path.split("/").at(-2) as string);
  const classes = [...new Set(folders)];
  return {
    size: paths.length,
    classes,
    label: (i) => classes.indexOf(folders[i]),
    source: (i) => paths[i],
    picture: (i) => decodeImage(files.get(paths[i]) as Uint8Array, { name: paths[i] }),
  };
}

async function fromRecords(files: ReadonlyMap<string, Uint8Array>): Promise<Source> {
  const { train, test } = await datasetFromFiles(files);
  const at = (i: number): readonly [Dataset, number] => (i < train.size ? [train, i] : [test, i - train.size]);
  return {
    size: train.size + test.size,
    classes: train.classes,
    label: (i) => {
      const [set, index] = at(i);
      return set.label(index);
    },
    source: (i) => {
      const [set, index] = at(i);
      return `${set.name}, ${index}`;
    },
    picture: (i) => {
      const [set, index] = at(i);
      return tensorToPicture(unnormalise(set.image(index), set.normalisation));
    },
  };
}
