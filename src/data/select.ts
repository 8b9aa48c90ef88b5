// Parts of data sets are data sets: a validation share, the first thousand, the pictures that a net got wrong.
import { ArgumentError, DataError } from "../tensor/errors.ts";
import { expectNumbers } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { random } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkIndex, type Dataset, expectDataset, type TrainAndTest } from "./dataset.ts";

export interface SplitOptions {
  /** Share of the pictures of every class that goes to `test`, between 0 and 1 (default 0.2). */
  readonly testShare?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** The pictures of these indices, in this order; an index may come twice. Throws `DataError` when there are none. */
export function subset(dataset: Dataset, indices: ArrayLike<number>, name: string = `${dataset?.name}, part`): Dataset {
  expectDataset("subset", dataset);
  expectNumbers("subset", "indices", indices);
  if (indices.length === 0) throw new DataError(`${name}: the data set is empty`);
  const chosen = Int32Array.from(indices, (i) => checkIndex(i, dataset.size, dataset.name));
  const original = (i: number): number => chosen[checkIndex(i, chosen.length, name)];
  return {
    name,
    size: chosen.length,
    imageShape: dataset.imageShape,
    classes: dataset.classes,
    normalisation: dataset.normalisation,
    image: (i) => dataset.image(original(i)),
    label: (i) => dataset.label(original(i)),
    batch: (wanted) => dataset.batch(Int32Array.from(wanted, original)),
  };
}

/** The first `count` pictures (all, when there are fewer). */
export function firstOf(dataset: Dataset, count: number): Dataset {
  expectDataset("firstOf", dataset);
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError(`firstOf: count ${count} is not an integer >= 1`);
  if (count >= dataset.size) return dataset;
  return subset(
    dataset,
    Int32Array.from({ length: count }, (_, i) => i),
    `${dataset.name}, first ${count}`,
  );
}

/**
 * The same pictures with their labels dealt out anew: what a net learns from it, it has learnt by heart. Zhang et al. 2017; Adebayo et al. 2018.
 * Every label is given as often as before. The same seed deals the same way.
 */
export function permuteLabels(dataset: Dataset, { seed = 0 }: { readonly seed?: number } = {}): Dataset {
  expectDataset("permuteLabels", dataset);
  const order = random(seed).fork("labels").permutation(dataset.size);
  const labelOf = (i: number): number => dataset.label(order[checkIndex(i, dataset.size, dataset.name)]);
  return {
    name: `${dataset.name}, labels permuted`,
    size: dataset.size,
    imageShape: dataset.imageShape,
    classes: dataset.classes,
    normalisation: dataset.normalisation,
    image: (i) => dataset.image(i),
    label: labelOf,
    batch(wanted) {
      const { x } = dataset.batch(wanted);
      return { x, y: new Tensor(Int32Array.from(wanted, labelOf), [wanted.length]) };
    },
  };
}

/** Splits into two sets in which every class has the same share; the same seed gives the same split. */
export function split(dataset: Dataset, options: SplitOptions = {}): TrainAndTest {
  expectDataset("split", dataset);
  const labels = Int32Array.from({ length: dataset.size }, (_, i) => dataset.label(i));
  const { train, test } = splitIndices(labels, dataset.classes.length, options);
  return { train: subset(dataset, train, `${dataset.name}, train`), test: subset(dataset, test, `${dataset.name}, test`) };
}

/** The indices of a seeded split by class, each list ascending. A class of two or more pictures is in both parts. */
export function splitIndices(labels: ArrayLike<number>, classes: number, options: SplitOptions = {}): { train: number[]; test: number[] } {
  checkOptions("split", options, ["testShare", "seed"]);
  const { testShare = 0.2, seed = 0 } = options;
  if (!(testShare > 0 && testShare < 1)) throw new ArgumentError(`split: testShare ${testShare} is not between 0 and 1`);
  const byClass = Array.from({ length: classes }, () => [] as number[]);
  for (let i = 0; i < labels.length; i++) byClass[labels[i]].push(i);
  const parts = { train: [] as number[], test: [] as number[] };
  for (const [label, members] of byClass.entries()) {
    const order = random(seed).fork(`split ${label}`).permutation(members.length);
    const rounded = Math.round(members.length * testShare);
    const testCount = members.length < 2 ? 0 : Math.min(Math.max(rounded, 1), members.length - 1);
    for (const [place, i] of order.entries()) parts[place < testCount ? "test" : "train"].push(members[i]);
  }
  parts.train.sort((a, b) => a - b);
  parts.test.sort((a, b) => a - b);
  return parts;
}
