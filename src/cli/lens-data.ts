// Data sets as a given net wants to see them: its size, its channels, its normalisation, whatever the data set brought along.
import { isFile, isFolder, joinPath, readText } from "#platform";
import type { Dataset, Normalisation, TrainAndTest } from "../data/dataset.ts";
import { openDataset } from "../data/open.ts";
import { loosePictures } from "../data/picture-folder.ts";
import { type SyntheticDataset, synthetic } from "../data/synthetic.ts";
import type { Model } from "../nn/model.ts";
import { ShapeError } from "../tensor/errors.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** The data set of a run folder; undefined for anything else. */
export async function datasetOfRun(model: string): Promise<string | undefined> {
  const file = joinPath(model, "settings.json");
  if (!(await isFile(file))) return undefined;
  try {
    const { dataset } = JSON.parse(await readText(file)) as { dataset?: unknown };
    return typeof dataset === "string" ? dataset : undefined;
  } catch {
    return undefined;
  }
}

/** Opens a data set for a net: one to learn from, or a folder of pictures just to look at, which are then both parts. Throws `ShapeError` where its pictures cannot be what the net takes. */
export async function datasetFor(model: Model, given: string): Promise<TrainAndTest> {
  const [channels, height, width] = model.inputShape;
  if (given === "synthetic") return syntheticFor(model);
  const folderOptions = channels === 1 || channels === 3 ? { size: [height, width] as const, channels: channels as 1 | 3 } : {};
  const loose = (await isFolder(given)) ? await loosePictures(given, folderOptions) : undefined;
  const { train, test } = loose ? { train: loose, test: loose } : await openDataset(given, folderOptions);
  return { train: asSeenBy(model, train), test: asSeenBy(model, test) };
}

/** Figures of known place and kind, of the net's size. */
export async function syntheticFor(model: Model, count = 1000): Promise<TrainAndTest<SyntheticDataset>> {
  const [channels, height, width] = model.inputShape;
  if (height !== width || (channels !== 1 && channels !== 3)) {
    throw new ShapeError(`synthetic pictures are square, with 1 or 3 channels; the net takes ${showShape(model.inputShape)}`);
  }
  const { train, test } = await synthetic({ size: height, channels, train: count, test: Math.min(count, 1000) });
  return { train: asSeenBy(model, train), test: asSeenBy(model, test) };
}

/** The same pictures under the net's own normalisation. A net that says nothing about its pictures gets them as the data set gives them. */
export function asSeenBy<D extends Dataset>(model: Model, dataset: D): D {
  const { imageShape } = dataset;
  if (!sameShape(imageShape, model.inputShape)) {
    throw new ShapeError(`the pictures of ${dataset.name} are ${showShape(imageShape)}; the net takes ${showShape(model.inputShape)}`);
  }
  const wanted = model.preprocessing;
  const isBgr = wanted?.channels === "bgr";
  if (wanted === undefined || (!isBgr && sameNormalisation(wanted, dataset.normalisation))) return dataset;
  const { mean, deviation } = dataset.normalisation;
  const [channels, height, width] = imageShape;
  const plane = height * width;
  const convert = (picture: ArrayLike<number>, out: Float32Array, start: number): void => {
    for (let c = 0; c < channels; c++) {
      const from = isBgr ? channels - 1 - c : c;
      const scale = deviation[from] / wanted.deviation[c];
      const shift = (mean[from] - wanted.mean[c]) / wanted.deviation[c];
      for (let p = 0; p < plane; p++) out[start + c * plane + p] = picture[start + from * plane + p] * scale + shift;
    }
  };
  return {
    ...dataset,
    normalisation: { mean: wanted.mean, deviation: wanted.deviation },
    image(i) {
      const out = new Float32Array(channels * plane);
      convert(dataset.image(i).data, out, 0);
      return new Tensor(out, imageShape);
    },
    batch(indices) {
      const { x, y } = dataset.batch(indices);
      const out = new Float32Array(x.size);
      for (let i = 0; i < indices.length; i++) convert(x.data, out, i * channels * plane);
      return { x: new Tensor(out, x.shape), y };
    },
  };
}

function sameNormalisation(a: Normalisation, b: Normalisation): boolean {
  const near = (x: readonly number[], y: readonly number[]): boolean => x.every((v, i) => Math.abs(v - y[i]) < 1e-6);
  return near(a.mean, b.mean) && near(a.deviation, b.deviation);
}
