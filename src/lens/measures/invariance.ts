// Small-shift invariance, counted: when a picture moves by a little, how many of its numbers change, and how many of a layer's? Pooling
// makes the second count smaller than the first. Goodfellow, Bengio & Courville, Deep Learning, section 9.3 and figure 9.8.
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkMaps, type FeatureMap, rearranged } from "./feature-map.ts";

export interface Changes {
  readonly count: number;
  readonly changed: number;
  /** ‖after − before‖ / ‖before‖; infinite when only the first is 0. */
  readonly distance: number;
}

/** How many numbers differ by more than `tolerance` (default 0). Throws `ShapeError` for different shapes. */
export function changesOf(before: Tensor, after: Tensor, tolerance = 0): Changes {
  if (!sameShape(before.shape, after.shape)) {
    throw new ShapeError(`changesOf: ${showShape(before.shape)} and ${showShape(after.shape)} cannot be compared`);
  }
  let [changed, difference, size] = [0, 0, 0];
  for (let i = 0; i < before.size; i++) {
    const d = after.data[i] - before.data[i];
    if (Math.abs(d) > tolerance) changed++;
    difference += d ** 2;
    size += before.data[i] ** 2;
  }
  return { count: before.size, changed, distance: difference === 0 ? 0 : Math.sqrt(difference / size) };
}

export interface InvarianceReading {
  readonly input: Changes;
  readonly output: Changes;
}

/** What becomes of `picture` and of its maps when it is replaced by each of `variants`. */
export async function invariance(
  map: FeatureMap,
  picture: Tensor,
  variants: readonly Tensor[],
  options: { readonly tolerance?: number } = {},
): Promise<InvarianceReading[]> {
  const { tolerance = 0 } = options;
  const maps = await map(picture);
  const readings: InvarianceReading[] = [];
  for (const variant of variants) {
    const input = changesOf(picture, variant, tolerance);
    readings.push({ input, output: changesOf(maps, await map(variant), tolerance) });
  }
  return readings;
}

/** A picture [C, H, W] moved down and to the right; what comes in from outside is `fill` (default 0). */
export function shifted(picture: Tensor, rows: number, columns: number, fill = 0): Tensor {
  if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
    throw new ArgumentError(`shifted: a shift of (${rows}, ${columns}) is not in whole positions`);
  }
  const [, height, width] = checkMaps(picture, "shifted: the picture");
  const source = Int32Array.from({ length: height * width }, (_, p) => {
    const [y, x] = [Math.floor(p / width) - rows, (p % width) - columns];
    return y >= 0 && y < height && x >= 0 && x < width ? y * width + x : -1;
  });
  return rearranged(picture, source, [height, width], fill);
}
