// What stands where a pixel was taken away.
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { full, Tensor } from "../../tensor/tensor.ts";

/** A number for every pixel, the picture blurred, or a picture of the caller's. */
export type Substrate = number | "blur" | Tensor;

/** The substrate as a picture. */
export function substrateFor(image: Tensor, substrate: Substrate): Tensor {
  if (typeof substrate === "number") return full(image.shape, substrate, image.dtype);
  if (substrate === "blur") return blurred(image);
  if (!(substrate instanceof Tensor))
    throw new ArgumentError(`a substrate is "${String(substrate)}"; expected a number, "blur" or a picture`);
  if (!sameShape(substrate.shape, image.shape)) {
    throw new ShapeError(`the substrate has shape ${showShape(substrate.shape)}, the picture ${showShape(image.shape)}`);
  }
  return substrate;
}

/** Gaussian blur of [C, H, W]: 11 taps and a deviation of 5 at 224 pixels, scaled with the picture; borders repeat. */
export function blurred(image: Tensor): Tensor {
  const [channels, height, width] = image.shape;
  const scale = Math.min(height, width) / 224;
  const reach = Math.max(1, Math.round(5 * scale));
  const deviation = Math.max(0.5, 5 * scale);
  const taps = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)));
  const total = taps.reduce((a, b) => a + b, 0);
  const mix = (from: ArrayLike<number>, start: number, step: number, size: number, at: number): number => {
    let sum = 0;
    for (let t = -reach; t <= reach; t++) sum += (taps[t + reach] / total) * from[start + step * Math.min(Math.max(at + t, 0), size - 1)];
    return sum;
  };
  const across = new Float64Array(image.size);
  const out = image.clone();
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) across[(c * height + y) * width + x] = mix(image.data, (c * height + y) * width, 1, width, x);
    }
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) out.data[(c * height + y) * width + x] = mix(across, c * height * width + x, width, height, y);
    }
  }
  return out;
}

/** `onto` [C, H, W] with the listed pixels taken from `from`. */
export function withPixels(onto: Tensor, from: Tensor, pixels: Int32Array): Tensor {
  const out = onto.clone();
  const plane = onto.shape[1] * onto.shape[2];
  for (const p of pixels) for (let i = p; i < out.size; i += plane) out.data[i] = from.data[i];
  return out;
}
