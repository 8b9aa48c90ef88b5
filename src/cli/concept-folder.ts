// A user's own concepts for `fovea dissect`: a folder of pictures, and for each concept a folder of masks that say where in them it is seen.
import { joinPath, listFolder, readFile } from "#platform";
import { arraysDataset, type Dataset } from "../data/dataset.ts";
import { decodeImage, isImageName } from "../io/image.ts";
import { pictureToTensor } from "../io/picture.ts";
import { coverImage } from "../io/resample.ts";
import type { ConceptSet } from "../lens/dissection/concepts.ts";
import type { Model } from "../nn/model.ts";
import { ArgumentError, DataError, FileError, ShapeError } from "../tensor/errors.ts";
import { proposal } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { asSeenBy } from "./lens-data.ts";

/** The layout, for the help. */
export const conceptFolderHelp = `  FOLDER/pictures/NAME.jpg            the pictures, PNG or JPEG
  FOLDER/masks/CONCEPT/NAME.png       white where NAME shows the concept, else
                                      black; as large as the picture itself
  FOLDER/masks/GROUP/CONCEPT/NAME.png the same, with concepts in groups such as
                                      colour or part, for --within-category
  A picture without a mask shows nothing of the concept.`;

export interface ConceptFolder {
  readonly concepts: ConceptSet;
  /** The same pictures as a data set, without labels that mean anything. */
  readonly pictures: Dataset;
  /** What became of the masks that is worth saying, one line each. */
  readonly notes: readonly string[];
}

export interface ConceptFolderOptions {
  /** Take only the first so many pictures, by name. */
  readonly limit?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** One folder of masks: picture name → file. */
interface Concept {
  readonly name: string;
  readonly category: string;
  readonly masks: ReadonlyMap<string, string>;
}

/** Pictures and masks are held in memory as bytes; more than this is refused before anything is read. */
const mostBytes = 2 ** 31;

/** Reads pictures and masks, brought into the model's form alike. Throws `DataError` that names the file or folder at fault. */
export async function conceptFolder(folder: string, model: Model, options: ConceptFolderOptions): Promise<ConceptFolder> {
  const { limit = Number.POSITIVE_INFINITY, signal, onProgress } = options;
  const [channels, height, width] = model.inputShape;
  if (channels !== 1 && channels !== 3) throw new ShapeError(`pictures have 1 or 3 channels; the net takes ${showShape(model.inputShape)}`);
  const files = await findPictures(folder);
  const found = await findConcepts(folder, [...files.keys()]);
  const names = [...files.keys()].slice(0, limit);
  const plane = height * width;
  const maskCount = found.reduce((sum, { masks }) => sum + names.filter((name) => masks.has(name)).length, 0);
  const bytes = plane * (channels * names.length + maskCount);
  if (bytes > mostBytes) {
    throw new ArgumentError(
      `${folder}: ${names.length} pictures and ${maskCount} masks of ${height} x ${width} are ${bytes} bytes, more than ${mostBytes}; take fewer by --pictures`,
    );
  }
  const kept = model.preprocessing?.kept;
  const images = new Uint8Array(names.length * channels * plane);
  const masks: (Uint8Array | undefined)[][] = [];
  const lost = found.map(() => 0);
  for (const [i, name] of names.entries()) {
    signal.throwIfAborted();
    const path = files.get(name) as string;
    const picture = pictureToTensor(decodeImage(await readFile(path), { name: path }), { channels });
    const sized = coverImage(picture, height, width, kept);
    // A clamped array rounds, which a plain byte array does not.
    images.set(
      Uint8ClampedArray.from(sized.data, (v) => 255 * v),
      i * channels * plane,
    );
    const own: (Uint8Array | undefined)[] = [];
    for (const [c, concept] of found.entries()) {
      const file = concept.masks.get(name);
      const mask = file === undefined ? undefined : await readMask(file, path, picture);
      own.push(mask && inForm(mask, height, width, kept));
      if (own[c] === undefined && mask?.data.includes(1)) lost[c]++;
    }
    masks.push(own);
    onProgress(i + 1, names.length);
  }
  const dataset = arraysDataset({
    name: folder,
    images,
    labels: new Uint8Array(names.length),
    imageShape: model.inputShape,
    classes: ["no label"],
    normalisation: { mean: new Array<number>(channels).fill(0), deviation: new Array<number>(channels).fill(1) },
  });
  const pictures = asSeenBy(model, dataset);
  return {
    pictures,
    concepts: {
      name: folder,
      size: names.length,
      concepts: found.map(({ name }) => name),
      categories: found.map(({ category }) => category),
      image: (i) => pictures.image(i),
      mask: (i, concept) => masks[i][concept],
    },
    notes: found.flatMap(({ name }, c) =>
      lost[c] === 0
        ? []
        : [
            `In ${lost[c] === 1 ? "one picture" : `${lost[c]} pictures`} "${name}" is cut off or too thin to be seen at ${height} x ${width}.`,
          ],
    ),
  };
}

/** Name without ending → path. */
async function findPictures(folder: string): Promise<ReadonlyMap<string, string>> {
  const { files } = await contentsOf(folder, "pictures");
  const found = new Map<string, string>();
  for (const file of files.filter(isImageName)) {
    const path = joinPath(folder, "pictures", file);
    const other = found.get(withoutEnding(file));
    if (other !== undefined) throw new DataError(`${path} and ${other} have one name, so no mask can say which of them it belongs to`);
    found.set(withoutEnding(file), path);
  }
  if (found.size === 0) throw new DataError(`${joinPath(folder, "pictures")}: there are no .png, .jpg or .jpeg pictures`);
  return found;
}

async function findConcepts(folder: string, pictures: readonly string[]): Promise<readonly Concept[]> {
  const top = await contentsOf(folder, "masks");
  const loose = top.files.find(isImageName);
  if (loose !== undefined)
    throw new DataError(`${joinPath(folder, "masks", loose)}: a mask lies in the folder of its concept, masks/CONCEPT`);
  const concepts: Concept[] = [];
  for (const name of top.folders) {
    const { folders, files } = await contentsOf(folder, "masks", name);
    if (folders.length === 0) concepts.push(conceptOf(joinPath(folder, "masks", name), name, "", files, pictures));
    else if (files.some(isImageName)) {
      throw new DataError(
        `${joinPath(folder, "masks", name)} holds both masks and folders (${folders[0]}); it is either a concept or a group of them`,
      );
    }
    for (const inner of folders) {
      const path = joinPath(folder, "masks", name, inner);
      concepts.push(conceptOf(path, inner, name, (await contentsOf(folder, "masks", name, inner)).files, pictures));
    }
  }
  if (concepts.length === 0) throw new DataError(`${joinPath(folder, "masks")}: there are no folders of masks, one for each concept`);
  const twice = concepts.find(({ name }, i) => concepts.findIndex((c) => c.name === name) < i);
  if (twice !== undefined) throw new DataError(`${joinPath(folder, "masks")}: two concepts are called "${twice.name}"`);
  return concepts;
}

function conceptOf(path: string, name: string, category: string, files: readonly string[], pictures: readonly string[]): Concept {
  const masks = new Map<string, string>();
  for (const file of files.filter(isImageName)) {
    const mask = joinPath(path, file);
    if (!/\.png$/i.test(file)) throw new DataError(`${mask}: masks are PNG files; JPEG smudges their borders`);
    const picture = withoutEnding(file);
    if (!pictures.includes(picture)) {
      throw new DataError(
        `${mask}: among the pictures there is no "${picture}"${proposal(picture, pictures)}; a mask is called like its picture`,
      );
    }
    masks.set(picture, mask);
  }
  if (masks.size === 0) throw new DataError(`${path}: the concept "${name}" has no masks (.png)`);
  return { name, category, masks };
}

/** 1 where the mask is white: [1, H, W] of the file. */
async function readMask(file: string, picturePath: string, picture: Tensor): Promise<Tensor> {
  const mask = pictureToTensor(decodeImage(await readFile(file), { name: file }), { channels: 1, background: [0, 0, 0] });
  const [[, height, width], [, rows, columns]] = [mask.shape, picture.shape];
  if (height !== rows || width !== columns) {
    throw new DataError(`${file}: the mask is ${width} x ${height} pixels, but its picture ${picturePath} is ${columns} x ${rows}`);
  }
  let brightest = 0;
  for (const value of mask.data) brightest = Math.max(brightest, value);
  if (brightest > 0 && brightest < 0.5) {
    throw new DataError(
      `${file}: the brightest pixel is ${Math.round(255 * brightest)} of 255; expected white where the concept is, black elsewhere`,
    );
  }
  for (let p = 0; p < mask.size; p++) mask.data[p] = mask.data[p] >= 0.5 ? 1 : 0;
  return mask;
}

/** The mask cut and sized as its picture is: 1 where at least half of a pixel shows the concept; undefined where none does. */
function inForm(mask: Tensor, height: number, width: number, kept: number | undefined): Uint8Array | undefined {
  const pixels = Uint8Array.from(coverImage(mask, height, width, kept).data, (v) => (v >= 0.5 ? 1 : 0));
  return pixels.includes(1) ? pixels : undefined;
}

/** What lies in a folder, without what belongs to tools, in the order of names. */
async function contentsOf(root: string, ...parts: readonly string[]): Promise<{ readonly folders: string[]; readonly files: string[] }> {
  try {
    const entries = (await listFolder(joinPath(root, ...parts))).filter(({ name }) => !name.startsWith("."));
    const named = (kind: "file" | "folder"): string[] => entries.filter((e) => e.kind === kind).map(({ name }) => name);
    return { folders: named("folder"), files: named("file") };
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    throw new DataError(`${root}: expected a folder with pictures/ and masks/ in it: ${cause.message}`, { cause });
  }
}

const withoutEnding = (file: string): string => file.replace(/\.[^.]*$/, "");
