// The data sets of this room, in the worker. The last one is kept: another learning rate must not draw two thousand pictures again.
import { type Dataset, fashionClasses, firstOf, gunzip, idxDatasetFromFiles, random, subset, synthetic, type TrainAndTest } from "fovea";
import { DataError } from "fovea/tensor";
import type { Experiment } from "../experiment.ts";

/** The lab's own files, from the address of the page. */
async function fetchBytes(address: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch (cause) {
    throw new DataError(`${address} cannot be reached`, { cause });
  }
  if (!response.ok) throw new DataError(`${address} is not there (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

/** What the build put beside the page: MNIST and its clothed sister, the first of each. */
const packed = {
  mnist: { name: "MNIST", classes: Array.from({ length: 10 }, (_, digit) => String(digit)), mean: 0.1307, deviation: 0.3081 },
  fashion: { name: "Fashion-MNIST", classes: fashionClasses, mean: 0.286, deviation: 0.353 },
} as const;

async function packedFrom(which: keyof typeof packed, base: string): Promise<TrainAndTest> {
  const { name, classes, mean, deviation } = packed[which];
  const part = async (file: string): Promise<Uint8Array> => gunzip(await fetchBytes(`${base}data/${which}-${file}.idxz`), { name: file });
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(
    ["train-images", "train-labels", "t10k-images", "t10k-labels"].map(part),
  );
  return idxDatasetFromFiles(
    { trainImages, trainLabels, testImages, testLabels },
    { name, classes, normalisation: { mean: [mean], deviation: [deviation] } },
  );
}

/** What the reader brought; see `own.ts`. */
let own: TrainAndTest | undefined;
export function setOwn(data: TrainAndTest | undefined): void {
  own = data;
  if (kept?.key.startsWith("own")) kept = undefined;
}

let kept: { readonly key: string; readonly data: Promise<TrainAndTest> } | undefined;

export interface Waiting {
  readonly signal?: AbortSignal;
  /** Pictures that are drawn, of all. */
  readonly onProgress?: (done: number, count: number) => void;
}

/** The data of an experiment; `base` is the address of the lab's folder. */
export function dataOf({ data, dataSeed, pictures }: Experiment, base: string, waiting: Waiting = {}): Promise<TrainAndTest> {
  const key = `${data} ${dataSeed} ${pictures}`;
  if (kept?.key !== key) {
    const made = load(data, dataSeed, pictures, base, waiting);
    kept = { key, data: made };
    // What failed is tried again the next time.
    made.catch(() => {
      if (kept?.data === made) kept = undefined;
    });
  }
  return kept.data;
}

async function load(data: Experiment["data"], seed: number, pictures: number, base: string, waiting: Waiting): Promise<TrainAndTest> {
  if (data === "shapes") return synthetic({ size: 32, channels: 3, seed, train: pictures, test: 500, ...waiting });
  if (data === "grey") {
    const { train, test } = await synthetic({ size: 28, channels: 1, seed, train: pictures, test: 500, ...waiting });
    return { train: asPartOf(train, 6000), test };
  }
  if (data !== "own") {
    const { train, test } = await packedFrom(data, base);
    return { train: asPartOf({ ...firstOf(train, pictures), name: `${packed[data].name}, train` }, 60_000), test };
  }
  const whole = own;
  if (whole === undefined) throw new DataError("there are no pictures of your own yet");
  return { train: partOf(whole.train, pictures), test: whole.test };
}

/** Called as the command line calls the first pictures of the whole set, so that a run can go on there. */
function asPartOf(dataset: Dataset, whole: number): Dataset {
  return dataset.size < whole ? { ...dataset, name: `${dataset.name}, first ${dataset.size}` } : dataset;
}

/** At most `count` pictures, always the same, drawn by lot: sets are sorted by class, or take turns, and every second of those is no fair part. */
export function partOf(dataset: Dataset, count: number): Dataset {
  if (dataset.size <= count) return dataset;
  return subset(dataset, random(0).permutation(dataset.size).slice(0, count).sort());
}
