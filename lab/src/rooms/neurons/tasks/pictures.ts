// Pictures between the page, which thinks in pixels 0..1, and the net, which sees them normalised; and the sets of pictures that units are
// asked about.
import type { Dataset, Model, SyntheticDataset } from "fovea";
import { type Batch, firstOf, idxDatasetFromFiles, synthetic, syntheticClasses, unnormalise } from "fovea/data";
import { Tensor } from "fovea/tensor";
import { inputOf } from "../../../engine/look.ts";
import { type Numbers, toNumbers } from "../../../engine/tensors.ts";

/** Which pictures, and how many. */
export interface DataRef {
  readonly kind: "shapes" | "digits" | "own";
  readonly count: number;
  /** Where the page keeps its data files. */
  readonly base: string;
  /** Of the kind "own": pixels 0..1, of any size. */
  readonly own?: readonly { readonly pixels: Numbers; readonly label?: number }[];
  /** Of the kind "own": changes when the pictures do. */
  readonly ownKey?: string;
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
  for (let c = 0; c < 3; c++) turned.set(data.subarray((2 - c) * plane, (3 - c) * plane), c * plane);
  return { shape, data: turned };
}

const kept = 3;
const opened = new Map<string, Promise<Dataset>>();

/** The pictures as this net sees them; the last few sets are kept. */
export function openData(model: Model, data: DataRef): Promise<Dataset> {
  const { kind, count, ownKey = "" } = data;
  const key = JSON.stringify([kind, count, ownKey, model.inputShape, model.preprocessing]);
  const found = opened.get(key);
  if (found !== undefined) return found;
  const made = kind === "shapes" ? openShapes(model, count) : kind === "digits" ? openDigits(model, data) : openOwn(model, data);
  opened.set(key, made);
  made.catch(() => opened.delete(key));
  while (opened.size > kept) opened.delete(opened.keys().next().value!);
  return made;
}

/** The synthetic pictures of the net's size, which no net was trained on: their test part. */
export async function openShapes(model: Model, count: number): Promise<SyntheticDataset> {
  const [channels, height, width] = model.inputShape;
  const size = Math.max(12, Math.min(height, width));
  const { test } = await synthetic({ train: 1, test: count, size, channels: channels === 1 ? 1 : 3, noise: 0.03 });
  return { ...test, ...seenBy(model, test) };
}

async function openDigits(model: Model, { base, count }: DataRef): Promise<Dataset> {
  const read = async (name: string): Promise<Uint8Array> => {
    const response = await fetch(new URL(`mnist-${name}.idxz`, base)).catch(() => undefined);
    if (response?.ok !== true) throw new Error(`data/mnist-${name}.idxz is not here: this build of the lab has no digits`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(
    ["train-images", "train-labels", "t10k-images", "t10k-labels"].map(read),
  );
  const { preprocessing: scale } = model;
  const normalisation = scale?.mean.length === 1 ? { normalisation: { mean: scale.mean, deviation: scale.deviation } } : {};
  const { train } = await idxDatasetFromFiles({ trainImages, trainLabels, testImages, testLabels }, { name: "MNIST", ...normalisation });
  const part = firstOf(train, count);
  return { ...part, ...seenBy(model, part) };
}

async function openOwn(model: Model, { own = [] }: DataRef): Promise<Dataset> {
  const images = own.map(({ pixels }) => inputOf(model, pixels));
  const image = (i: number): Tensor => images[i];
  const label = (i: number): number => own[i].label ?? 0;
  return {
    name: "own",
    size: images.length,
    imageShape: model.inputShape,
    classes: model.classes ?? ["0"],
    normalisation: { mean: [0], deviation: [1] },
    image,
    label,
    batch: (indices) => batchOf(indices, model.inputShape, image, label),
  };
}

/** The same pictures in the size and the normalisation that the net was made for. */
function seenBy(model: Model, dataset: Dataset): Pick<Dataset, "imageShape" | "image" | "batch"> {
  const sameScale =
    model.preprocessing !== undefined &&
    model.preprocessing.channels !== "bgr" &&
    JSON.stringify([model.preprocessing.mean, model.preprocessing.deviation]) ===
      JSON.stringify([dataset.normalisation.mean, dataset.normalisation.deviation]);
  if (sameScale && String(model.inputShape) === String(dataset.imageShape)) return dataset;
  const image = (i: number): Tensor => inputOf(model, toNumbers(unnormalise(dataset.image(i), dataset.normalisation)));
  return {
    imageShape: model.inputShape,
    image,
    batch: (indices) => batchOf(indices, model.inputShape, image, (i) => dataset.label(i)),
  };
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
