// A map as an order of pixels.
import { ShapeError } from "../../tensor/errors.ts";
import { showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * The contribution of each pixel, [H·W]: the sum over channels of a map [C, H, W] (or [1, H, W], or [H, W]). Throws `ShapeError` unless the map
 * has the picture's height and width.
 */
export function perPixel(map: Tensor, image: Tensor): Float64Array {
  const [height, width] = image.shape.slice(-2);
  const plane = height * width;
  if (map.rank < 2 || map.rank > 3 || map.shape.at(-2) !== height || map.shape.at(-1) !== width) {
    throw new ShapeError(`the map has shape ${showShape(map.shape)}; expected [C, ${height}, ${width}], as the picture`);
  }
  const out = new Float64Array(plane);
  for (let i = 0; i < map.size; i++) out[i % plane] += map.data[i];
  return out;
}

/** Pixels from the most to the least relevant; ties in row-major order. */
export function mostRelevantFirst(map: Tensor, image: Tensor): Int32Array {
  const values = perPixel(map, image);
  return Int32Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
}
