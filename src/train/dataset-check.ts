// Whether a net and a data set belong together, said before anything runs.
import { type Dataset, expectDataset } from "../data/dataset.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { DataError, ShapeError } from "../tensor/errors.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Throws `DataError` when a label is no class: machine code cannot, and would let the picture count nothing. `indices` name the pictures. */
export function checkLabels(dataset: Dataset, labels: Tensor, indices: ArrayLike<number>, where: string): void {
  const classes = dataset.classes.length;
  if (labels.dtype !== "int32" || labels.size !== indices.length) {
    throw new DataError(
      `${where}: batch() of "${dataset.name}" gave ${labels.dtype} labels ${showShape(labels.shape)} for ${indices.length} pictures; expected int32 [${indices.length}]`,
    );
  }
  for (let i = 0; i < labels.size; i++) {
    const label = labels.data[i];
    if (label >= 0 && label < classes) continue;
    throw new DataError(
      `${where}: the label of picture ${indices[i]} of "${dataset.name}" is ${label}; there are ${classes} classes (0..${classes - 1})`,
    );
  }
}

/** Throws `DataError` for an empty data set, `ShapeError` when pictures or classes do not fit the net. Returns the number of classes. */
export function checkDataset(model: Model, dataset: Dataset, where: string): number {
  expectModel(where, model);
  expectDataset(where, dataset);
  if (dataset.size === 0) throw new DataError(`${where}: the data set "${dataset.name}" is empty`);
  if (!sameShape(dataset.imageShape, model.inputShape)) {
    throw new ShapeError(
      `${where}: pictures of "${dataset.name}" are ${showShape(dataset.imageShape)}, but the net was made for ${showShape(model.inputShape)}`,
    );
  }
  const { output } = model.trace();
  const classes = output.shape[1];
  if (output.rank !== 2) {
    throw new ShapeError(
      `${where}: the net gives ${showShape(output.shape.slice(1))} per picture; a classifier gives one number per class`,
    );
  }
  if (classes !== dataset.classes.length) {
    throw new ShapeError(
      `${where}: the net's last layer "${output.label}" gives ${classes} numbers per picture, but "${dataset.name}" has ${dataset.classes.length} classes: ` +
        `${classes} is not ${dataset.classes.length}`,
    );
  }
  return classes;
}
