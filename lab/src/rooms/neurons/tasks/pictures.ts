// Pictures between the page, which thinks in pixels 0..1, and the net, which sees them normalised; and the sets of pictures that units are
// asked about.
import type { Dataset, Model, SyntheticDataset } from "fovea";
import {
  type Batch,
  datasetFromFiles,
  firstOf,
  idxDatasetFromFiles,
  synthetic,
  syntheticClasses,
  type TrainAndTest,
  unnormalise,
} from "fovea/data";
import { decodeImage, encodePng, preparePicture, tensorToPicture } from "fovea/io";
import { Tensor } from "fovea/tensor";
import { inputOf } from "../../../engine/look.ts";
import { type Numbers, toNumbers, toTensor } from "../../../engine/tensors.ts";
import type { GivenFile } from "../../../state/given-files.ts";
import type { TrainedOn } from "../../../state/session.svelte.ts";
import type { Experiment } from "../../train/experiment.ts";
import { dataOf } from "../../train/work/data.ts";

/** Which pictures, and how many. */
export interface DataRef {
  readonly kind: "shapes" | "digits" | "own" | "folder" | "trained";
  readonly count: number;
  /** Where the lab lies. */
  readonly base: string;
  /** Of the kind "own": pixels 0..1, of any size. */
  readonly own?: readonly { readonly pixels: Numbers; readonly label?: number }[];
  /** Of the kind "folder". */
  readonly files?: readonly GivenFile[];
  /** Of the kind "trained". */
  readonly trainedOn?: TrainedOn;
  /** Changes when the reader's pictures or files do. */
  readonly ownKey?: string;
}

/** How the making of a set is stopped, and says how far it is. */
export interface Waiting {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** A picture as the net sees it, as pixels 0..1 again (beyond them where nothing kept it within). */
export function pixelsOf(model: Model, image: Tensor): Numbers {
  const { preprocessing } = model;
  if (preprocessing === undefined) return toNumbers(image);
  const [channels] = image.shape;
  // A net that was trained on grey pictures may have one number for all channels.
  const each = (values: readonly number[]): number[] => Array.from({ length: channels }, (_, c) => values[Math.min(c, values.length - 1)]);
  const { shape, data } = toNumbers(unnormalise(image, { mean: each(preprocessing.mean), deviation: each(preprocessing.deviation) }));
  if (preprocessing.channels !== "bgr" || channels !== 3) return { shape, data };
  const plane = data.length / 3;
  const turned = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) turned.set(data.subarray((2 - c) * plane, (3 - c) * plane), c * plane);
  return { shape, data: turned };
}

const kept = 3;
const opened = new Map<string, Promise<Dataset>>();

/** The pictures as this net sees them; the last few sets are kept. */
export async function openData(model: Model, data: DataRef, waiting: Waiting = {}): Promise<Dataset> {
  const { kind, count, ownKey = "" } = data;
  const key = JSON.stringify([kind, count, ownKey, model.inputShape, model.preprocessing]);
  const found = opened.get(key);
  if (found !== undefined) {
    try {
      return await found;
    } catch (error) {
      // Whoever began it has lost interest; this caller has not.
      if (waiting.signal?.aborted || !(error instanceof DOMException && error.name === "AbortError")) throw error;
    }
  }
  const made = makers[kind](model, data, waiting);
  opened.set(key, made);
  made.catch(() => {
    if (opened.get(key) === made) opened.delete(key);
  });
  while (opened.size > kept) opened.delete(opened.keys().next().value!);
  return made;
}

const makers: Readonly<Record<DataRef["kind"], (model: Model, data: DataRef, waiting: Waiting) => Promise<Dataset>>> = {
  shapes: (model, { count }, waiting) => openShapes(model, count, waiting),
  digits: openDigits,
  own: openOwn,
  folder: openFolder,
  trained: openTrained,
};

/** The synthetic pictures of the net's size, which no net was trained on: their test part. */
export async function openShapes(model: Model, count: number, { signal, onProgress }: Waiting = {}): Promise<SyntheticDataset> {
  const [channels, height, width] = model.inputShape;
  const size = Math.max(12, Math.min(height, width));
  const { test } = await synthetic({
    train: 1,
    test: count,
    size,
    channels: channels === 1 ? 1 : 3,
    noise: 0.03,
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (done: number, total: number) => onProgress({ done, total }) }),
  });
  return { ...test, ...seenBy(model, test) };
}

async function openDigits(model: Model, { base, count }: DataRef): Promise<Dataset> {
  const read = async (name: string): Promise<Uint8Array> => {
    const response = await fetch(new URL(`data/mnist-${name}.idxz`, base)).catch(() => undefined);
    if (response?.ok !== true) throw new Error(`data/mnist-${name}.idxz is not here: this build of the lab has no digits`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(
    ["train-images", "train-labels", "t10k-images", "t10k-labels"].map(read),
  );
  const { preprocessing: scale } = model;
  const normalisation = scale?.mean.length === 1 ? { normalisation: { mean: scale.mean, deviation: scale.deviation } } : {};
  const { train } = await idxDatasetFromFiles({ trainImages, trainLabels, testImages, testLabels }, { name: "MNIST", ...normalisation });
  return adapted(model, train, count);
}

async function openOwn(model: Model, { own = [] }: DataRef): Promise<Dataset> {
  const images = own.map(({ pixels }) => inputOf(model, pixels));
  return listed(model, "own", images.length, model.classes ?? ["0"], (i) => images[i], (i) => own[i].label ?? 0); // biome-ignore format: one thought
}

/** Pictures anywhere in a folder, each as the net wants pictures, classes by the folders that they lie in; or files of a data set. */
async function openFolder(model: Model, { files = [], count }: DataRef): Promise<Dataset> {
  const pictures = files.filter(({ path }) => /\.(png|jpe?g)$/i.test(path) && !/(^|\/)(\.|__MACOSX\/)/.test(path));
  const bytes = async ({ file }: GivenFile): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer());
  if (pictures.length === 0) {
    const read = await Promise.all(files.map(async (given) => [given.path, await bytes(given)] as const));
    const [channels, height] = model.inputShape;
    return adaptedBoth(model, await datasetFromFiles(new Map(read), { size: height, channels: channels === 1 ? 1 : 3 }), count);
  }
  const chosen = pictures.toSorted((a, b) => a.path.localeCompare(b.path)).slice(0, count);
  const contents = await Promise.all(chosen.map(bytes));
  const folders = chosen.map(({ path }) => path.split("/").at(-2) ?? "");
  const classes = [...new Set(folders)];
  const image = (i: number): Tensor => preparePicture(decodeImage(contents[i], { name: chosen[i].path }), model);
  return listed(model, "folder", chosen.length, classes, image, (i) => classes.indexOf(folders[i]));
}

/** What the net was trained on in this session. */
async function openTrained(model: Model, { trainedOn, base, count }: DataRef): Promise<Dataset> {
  if (trainedOn === undefined) throw new Error("it is not known what the net was trained on");
  const { own, ...experiment } = trainedOn;
  if (own === undefined) return adaptedBoth(model, await dataOf(experiment as Experiment, base), count);
  const drawn = own.drawn.map(({ label, pixels }, i) => [`${label}/${i}.png`, encodePng(tensorToPicture(toTensor(pixels)))] as const);
  const { size, channels, seed } = own;
  return adaptedBoth(model, await datasetFromFiles(new Map([...own.files, ...drawn]), { size, channels, seed }), count);
}

const adaptedBoth = (model: Model, { train }: TrainAndTest, count: number): Dataset => adapted(model, train, count);

function adapted(model: Model, dataset: Dataset, count: number): Dataset {
  const part = firstOf(dataset, Math.min(count, dataset.size));
  return { ...part, ...seenBy(model, part) };
}

/** The same pictures in the size and the normalisation that the net was made for. */
function seenBy(model: Model, dataset: Dataset): Pick<Dataset, "imageShape" | "image" | "batch" | "normalisation"> {
  const { preprocessing } = model;
  const sameScale =
    preprocessing !== undefined &&
    preprocessing.channels !== "bgr" &&
    JSON.stringify([preprocessing.mean, preprocessing.deviation]) ===
      JSON.stringify([dataset.normalisation.mean, dataset.normalisation.deviation]);
  if (sameScale && String(model.inputShape) === String(dataset.imageShape)) return dataset;
  const image = (i: number): Tensor => inputOf(model, toNumbers(unnormalise(dataset.image(i), dataset.normalisation)));
  return {
    imageShape: model.inputShape,
    normalisation: normalisationOf(model),
    image,
    batch: (indices) => batchOf(indices, model.inputShape, image, (i) => dataset.label(i)),
  };
}

function listed(
  model: Model,
  name: string,
  size: number,
  classes: readonly string[],
  image: (i: number) => Tensor,
  label: (i: number) => number,
): Dataset {
  return {
    name,
    size,
    imageShape: model.inputShape,
    classes,
    normalisation: normalisationOf(model),
    image,
    label,
    batch: (indices) => batchOf(indices, model.inputShape, image, label),
  };
}

/** Per channel of the net's input. */
function normalisationOf({ preprocessing, inputShape: [channels] }: Model): Dataset["normalisation"] {
  const each = (values: readonly number[], usual: number): number[] =>
    Array.from({ length: channels }, (_, c) => values[Math.min(c, values.length - 1)] ?? usual);
  return { mean: each(preprocessing?.mean ?? [], 0), deviation: each(preprocessing?.deviation ?? [], 1) };
}

function batchOf(indices: ArrayLike<number>, shape: readonly number[], image: (i: number) => Tensor, label: (i: number) => number): Batch {
  const images = Array.from(indices, image);
  const x = new Float32Array(images.reduce((sum, { size }) => sum + size, 0));
  for (const [n, { data, size }] of images.entries()) x.set(data, n * size);
  return { x: new Tensor(x, [images.length, ...shape]), y: new Tensor(Int32Array.from(indices, label), [images.length]) };
}

/** Whether the net's classes are those of the synthetic pictures, so that their truth is known. */
export function knowsShapes(model: Model): boolean {
  return model.classes?.length === syntheticClasses.length && model.classes.every((name, i) => name === syntheticClasses[i]);
}
