// Pictures to batches and back. Programs have a fixed batch size; a batch that is not full is filled up with zeros.
import type { Model } from "../nn/model.ts";
import type { Traced } from "../nn/module.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import { allocate, type DType, Tensor } from "../tensor/tensor.ts";

/** [count, ...shape] from at most `count` tensors of this shape. Throws `ShapeError` for others. */
export function stack(pictures: readonly Tensor[], count: number, shape: Shape, dtype: DType): Tensor {
  const size = sizeOf(shape);
  const data = allocate(dtype, count * size);
  pictures.forEach((picture, i) => {
    if (!sameShape(picture.shape, shape)) {
      throw new ShapeError(`a picture has the shape ${showShape(picture.shape)}; the net takes ${showShape(shape)}`);
    }
    data.set(picture.data, i * size);
  });
  return new Tensor(data, [count, ...shape]);
}

/**
 * Pictures per run where the caller does not say: `most`, and fewer of large ones (16 of 128 x 128 pixels, five of 224 x 224), which gain nothing
 * from a large batch: work stops between runs only, and runs should be short.
 */
export function usualBatch([, height = 1, width = 1]: Shape, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(2 ** 18 / (height * width))));
}

/** One picture as the net wants it: [C, H, W], or [1, C, H, W] with the batch axis dropped. */
export function onePicture(image: Tensor): Tensor {
  return image.rank === 4 && image.shape[0] === 1 ? image.entry(0) : image;
}

/** The net written out for pictures of this shape. Throws `ShapeError` naming both shapes where the layers do not allow another size. */
export function traceFor(model: Model, shape: Shape, batch: number, dtype: DType): Traced {
  try {
    return model.trace({ batch, inputShape: shape, dtype });
  } catch (cause) {
    if (!(cause instanceof ShapeError) || sameShape(shape, model.inputShape)) throw cause;
    throw new ShapeError(
      `a picture of ${showShape(shape)} does not fit the net, which takes ${showShape(model.inputShape)}: ${cause.message}`,
      { cause },
    );
  }
}
