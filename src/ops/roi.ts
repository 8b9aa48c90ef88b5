// What RoI pooling and RoI align share: boxes are rows [picture, x1, y1, x2, y2], x along the width, in units that `spatialScale`
// turns into positions of the feature map.
import { type AttrSpec, real, spatial } from "../graph/attrs.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface RoiOptions {
  /** Height and width of the result; a number stands for both. */
  readonly outputSize: number | readonly number[];
  /** Feature-map positions per unit of the boxes, e.g. 1/16 (default 1). */
  readonly spatialScale?: number;
}

const sizes = spatial(1);

export const roiAttrSpecs: { readonly outputSize: AttrSpec<readonly number[]>; readonly spatialScale: AttrSpec<number> } = {
  outputSize: {
    ...sizes,
    doc: "height and width of the result",
    parse(given, context) {
      if (given === undefined) throw new ArgumentError(`${context.where} is missing; expected a number or [height, width]`);
      return sizes.parse(given, { ...context, spatialRank: 2 });
    },
  },
  spatialScale: real(1, "feature-map positions per unit of the boxes"),
};

/** [boxes, channels, ...outputSize]. Throws `ShapeError` unless x is [N, C, H, W] and boxes [K, 5]. */
export function roiShape(x: Shape, boxes: Shape, outputSize: readonly number[], where: string): number[] {
  if (x.length !== 4) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, height, width]`);
  if (boxes.length !== 2 || boxes[1] !== 5) {
    throw new ShapeError(`${where}: boxes have shape ${showShape(boxes)}; expected [count, 5] with rows [picture, x1, y1, x2, y2]`);
  }
  return [boxes[0], x[1], ...outputSize];
}

/** Box k: its picture, and its corners as given. Throws `ArgumentError` when there is no such picture. */
export function boxAt(boxes: Tensor, k: number, pictures: number, where: string): { picture: number; corners: readonly number[] } {
  const [picture, ...corners] = boxes.data.subarray(5 * k, 5 * k + 5);
  if (!Number.isInteger(picture) || picture < 0 || picture >= pictures) {
    throw new ArgumentError(`${where}: box ${k} is in picture ${picture}; there are pictures 0..${pictures - 1}`);
  }
  return { picture, corners };
}
