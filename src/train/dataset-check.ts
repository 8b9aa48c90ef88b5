// Whether a net and a data set belong together, said before anything runs.
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../nn/model.ts";
import { DataError, ShapeError } from "../tensor/errors.ts";
import { sameShape, showShape } from "../tensor/shape.ts";

/** Throws `DataError` for an empty data set, `ShapeError` when pictures or classes do not fit the net. Returns the number of classes. */
export function checkDataset(model: Model, dataset: Dataset, where: string): number {
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
