// Batches in a shuffled order that is a pure function of (seed, epoch, step): training can stop anywhere and go on with the very
// batch that would have come next, and nothing about the order has to be stored.
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { type Random, random } from "../tensor/random.ts";
import type { Augmentation } from "./augmentation.ts";
import { type Batch, type Dataset, expectDataset, gather, normalise, unnormalise } from "./dataset.ts";

export interface LoaderOptions {
  readonly batchSize: number;
  /** Default 0. */
  readonly seed?: number;
  /** A new order each epoch (default true). */
  readonly shuffle?: boolean;
  /** Leave out a last batch that is not full (default false). */
  readonly dropLast?: boolean;
  /** Applied to each picture; what it does depends on the seed, the epoch and the picture alone. */
  readonly augment?: Augmentation;
}

export interface LoadedBatch extends Batch {
  /** Which pictures of the data set these are. */
  readonly indices: Int32Array;
}

export interface Loader {
  readonly batchesPerEpoch: number;
  /** Batch `step` (0..batchesPerEpoch-1) of epoch `epoch` (from 0). */
  batch(epoch: number, step: number): LoadedBatch;
  /** The batch that begins at place `start` (0..size-1) of the epoch's order: for a training whose batch size has changed within it. */
  batchFrom(epoch: number, start: number): LoadedBatch;
  /** The batches of an epoch, from `firstStep` on (default 0). */
  epoch(epoch: number, firstStep?: number): Generator<LoadedBatch>;
}

/** Throws `ArgumentError` when the batch size is not a positive integer, or when there would be no batch. */
export function loader(dataset: Dataset, options: LoaderOptions): Loader {
  expectDataset("loader", dataset);
  checkOptions("loader", options, ["batchSize", "seed", "shuffle", "dropLast", "augment"]);
  const { batchSize, seed = 0, shuffle = true, dropLast = false, augment } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) throw new ArgumentError(`loader: batchSize ${batchSize} is not an integer >= 1`);
  const batchesPerEpoch = dropLast ? Math.floor(dataset.size / batchSize) : Math.ceil(dataset.size / batchSize);
  if (batchesPerEpoch === 0) {
    throw new ArgumentError(`loader: ${dataset.name} has ${dataset.size} pictures, which do not fill one batch of ${batchSize} (dropLast)`);
  }
  let ordered: { readonly epoch: number; readonly order: Int32Array } | undefined;
  const orderOf = (epoch: number): Int32Array => {
    if (ordered?.epoch !== epoch) ordered = { epoch, order: epochOrder(dataset.size, seed, epoch, shuffle) };
    return ordered.order;
  };
  const batch = (epoch: number, step: number): LoadedBatch => {
    if (!Number.isInteger(step) || step < 0 || step >= batchesPerEpoch) {
      throw new ArgumentError(`loader: step ${step} is outside 0..${batchesPerEpoch - 1}`);
    }
    return batchFrom(epoch, step * batchSize);
  };
  const batchFrom = (epoch: number, start: number): LoadedBatch => {
    if (!Number.isInteger(start) || start < 0 || start >= dataset.size) {
      throw new ArgumentError(`loader: place ${start} is outside 0..${dataset.size - 1}`);
    }
    const indices = orderOf(epoch).slice(start, start + batchSize);
    if (augment === undefined) return { indices, ...dataset.batch(indices) };
    const put = (i: number, out: Float32Array, offset: number): void => {
      const changed = augment(unnormalise(dataset.image(i), dataset.normalisation), sampleRandom(seed, epoch, i));
      out.set(normalise(changed, dataset.normalisation).data, offset);
    };
    return { indices, ...gather(indices, dataset.imageShape, put, (i) => dataset.label(i)) };
  };
  return {
    batchesPerEpoch,
    batch,
    batchFrom,
    *epoch(epoch, firstStep = 0) {
      for (let step = firstStep; step < batchesPerEpoch; step++) yield batch(epoch, step);
    },
  };
}

/** The order of the pictures in an epoch. */
export function epochOrder(size: number, seed: number, epoch: number, shuffle: boolean): Int32Array {
  if (shuffle) return random(seed).fork(`order ${epoch}`).permutation(size);
  return Int32Array.from({ length: size }, (_, i) => i);
}

/** The random numbers of one picture in one epoch, whoever computes it and in whatever order. */
export function sampleRandom(seed: number, epoch: number, index: number): Random {
  return random(seed).fork(`augment ${epoch} ${index}`);
}
