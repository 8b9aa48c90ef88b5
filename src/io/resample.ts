// Changing the size of pictures the way that training pipelines do: a net that was trained on antialiased pictures
// sees something else when they are picked point by point.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { expectTensor } from "../tensor/expect.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * Resizes [C, H, W] to [C, height, width] bilinearly with antialiasing, as Pillow's BILINEAR and PyTorch's `interpolate(antialias=True)`:
 * when shrinking, the triangle filter widens with the scale so that every input pixel counts.
 */
export function resizeImage(image: Tensor, height: number, width: number): Tensor {
  const [channels, inHeight, inWidth] = imageShape(image, "resizeImage");
  for (const n of [height, width]) {
    if (!Number.isInteger(n) || n < 1) throw new ArgumentError(`resizeImage: ${height} x ${width} is not a size in whole pixels`);
  }
  if (inHeight === 0 || inWidth === 0) throw new ShapeError(`resizeImage: ${showShape(image.shape)} has no pixels`);
  const columns = triangleFilter(inWidth, width);
  const rows = triangleFilter(inHeight, height);
  const narrowed = new Float64Array(channels * inHeight * width);
  for (let y = 0; y < channels * inHeight; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x];
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * image.data[y * inWidth + first + k];
      narrowed[y * width + x] = sum;
    }
  }
  const out = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const { first, weights } = rows[y];
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * narrowed[(c * inHeight + first + k) * width + x];
        out[(c * height + y) * width + x] = sum;
      }
    }
  }
  return new Tensor(out, [channels, height, width]);
}

/** Half of a whole number, rounded to even where it ends in .5: torchvision's choice for the odd pixel. */
function halfToEven(n: number): number {
  const below = Math.floor(n / 2);
  return n % 2 === 0 || below % 2 === 0 ? below : below + 1;
}

/** The middle [C, height, width] of a picture, the pixel that torchvision's CenterCrop would begin with. Throws `ShapeError` when it is too small. */
export function centreCrop(image: Tensor, height: number, width: number): Tensor {
  const [channels, inHeight, inWidth] = imageShape(image, "centreCrop");
  if (height > inHeight || width > inWidth)
    throw new ShapeError(`centreCrop: ${showShape(image.shape)} is smaller than ${height} x ${width}`);
  const top = halfToEven(inHeight - height);
  const left = halfToEven(inWidth - width);
  const out = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const from = (c * inHeight + top + y) * inWidth + left;
      out.set(image.data.subarray(from, from + width), (c * height + y) * width);
    }
  }
  return new Tensor(out, [channels, height, width]);
}

/**
 * Scales a picture until the share `kept` of it (default 1) just covers height x width, keeping its proportions, and cuts the middle out.
 * Throws `ArgumentError` unless 0 < kept <= 1.
 */
export function coverImage(image: Tensor, height: number, width: number, kept = 1): Tensor {
  const [, inHeight, inWidth] = imageShape(image, "coverImage");
  if (!(kept > 0 && kept <= 1)) throw new ArgumentError(`coverImage: kept is ${kept}; expected a share above 0, at most 1`);
  const scale = Math.max(height / inHeight, width / inWidth) / kept;
  // The long side is rounded down, as torchvision does; the tolerance keeps a side that divides exactly from losing a pixel.
  const [scaledHeight, scaledWidth] = [inHeight, inWidth].map((n) => Math.floor(n * scale + 1e-6));
  const scaled = resizeImage(image, Math.max(height, scaledHeight), Math.max(width, scaledWidth));
  return centreCrop(scaled, height, width);
}

interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** For every output pixel, the input pixels under its triangle and their shares, which sum to 1. */
function triangleFilter(inSize: number, outSize: number): Taps[] {
  const scale = inSize / outSize;
  const reach = Math.max(scale, 1);
  return Array.from({ length: outSize }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(inSize, Math.floor(centre + reach + 0.5));
    const weights = Array.from({ length: end - first }, (_, k) => Math.max(0, 1 - Math.abs(first + k + 0.5 - centre) / reach));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((w) => w / sum) };
  });
}

function imageShape(image: Tensor, where: string): readonly [number, number, number] {
  expectTensor(where, "the picture", image);
  if (image.rank !== 3) throw new ShapeError(`${where}: ${showShape(image.shape)} is not [C, H, W]`);
  return image.shape as readonly [number, number, number];
}
