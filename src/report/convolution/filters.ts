// A picture through one kernel, with the raw range of the response: what a filter does before anybody calls it a neuron.
import { conv2d, pad } from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { showShape } from "../../tensor/shape.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { diverging, grey } from "../colour.ts";
import { percentileRange, type Range, rangeOf, symmetricRange } from "../range.ts";
import { paint, type Raster } from "../raster.ts";

/** A kernel with what it is called; `ClassicKernel` is one. */
export interface PictureFilter {
  readonly name: string;
  readonly description: string;
  readonly matrix: readonly (readonly number[])[];
  /** Whether 0 is the response's neutral middle. */
  readonly signed: boolean;
}

export interface FilteredPicture {
  readonly filter: PictureFilter;
  /** [C, H, W], as large as the picture. */
  readonly response: Tensor;
  readonly range: Range;
  /** Mean of |response|. */
  readonly meanSize: number;
  /** Raw values of the picture's darkest and lightest colour. */
  readonly shown: Range;
}

/**
 * Every channel of `image` [C, H, W] through the kernel, by itself. Beyond the border the picture repeats its edge: zeros there would be an
 * edge of their own. Kernels of even size reach one further to the right and down. Throws `ArgumentError` for what is no picture.
 */
export function filterPicture(image: Tensor, filter: PictureFilter, options: { readonly flipKernel?: boolean } = {}): FilteredPicture {
  checkOptions("filterPicture", options, ["flipKernel"]);
  if (image.rank !== 3 || image.size === 0) throw new ArgumentError(`filterPicture: ${showShape(image.shape)} is no picture [C, H, W]`);
  const [channels, height, width] = image.shape;
  const [rows, columns] = [filter.matrix.length, filter.matrix[0].length];
  const weights = tensor(filter.matrix).reshape([1, 1, rows, columns]);
  const [top, left] = [Math.floor((rows - 1) / 2), Math.floor((columns - 1) / 2)];
  // Channels are laid into the batch: one kernel for all.
  const batch = image.reshape([channels, 1, height, width]);
  const framed = pad(
    batch,
    [
      [0, 0],
      [0, 0],
      [top, rows - 1 - top],
      [left, columns - 1 - left],
    ],
    { mode: "replicate" },
  );
  const response = conv2d(framed, weights, undefined, options).reshape([channels, height, width]);
  let sum = 0;
  for (const v of response.data) sum += Math.abs(v);
  const shown = filter.signed ? (percentileRange([response]) ?? symmetricRange(response)) : { low: 0, high: 1 };
  return { filter, response, range: rangeOf(response), meanSize: sum / response.size, shown };
}

/** The response as a picture: signed grey ones blue below 0 and orange above; colour ones with mid-grey for 0. */
export function paintResponse({ filter, response, shown }: FilteredPicture): Raster {
  const single = response.shape[0] === 1;
  return paint(response, { map: single && filter.signed ? diverging : grey, range: shown });
}
