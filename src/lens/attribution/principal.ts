// The direction in the space of channels along which a layer's maps vary together most.
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * The first right singular vector of maps [K, H, W] read as a matrix of positions x channels, not centred (Muhammad & Yeasin 2020), by power
 * iteration. Its sign is the one under which the map A·v has a positive mean.
 */
export function firstDirection(maps: Tensor): Float64Array {
  const [channels, height, width] = maps.shape;
  const plane = height * width;
  const { data } = maps;
  // Begun with the channels' energies, which is never orthogonal to the answer unless the maps are all zero.
  let direction = Float64Array.from({ length: channels }, (_, k) => {
    let energy = 0;
    for (let p = 0; p < plane; p++) energy += data[k * plane + p] ** 2;
    return Math.sqrt(energy) + 1e-12;
  });
  const projected = new Float64Array(plane);
  for (let round = 0; round < 500; round++) {
    projected.fill(0);
    for (let k = 0; k < channels; k++) for (let p = 0; p < plane; p++) projected[p] += direction[k] * data[k * plane + p];
    const next = new Float64Array(channels);
    for (let k = 0; k < channels; k++) for (let p = 0; p < plane; p++) next[k] += projected[p] * data[k * plane + p];
    const length = Math.hypot(...next);
    if (length === 0) return new Float64Array(channels);
    let change = 0;
    for (let k = 0; k < channels; k++) {
      next[k] /= length;
      change = Math.max(change, Math.abs(next[k] - direction[k]));
    }
    direction = next;
    if (change < 1e-12) break;
  }
  let mean = 0;
  for (let k = 0; k < channels; k++) for (let p = 0; p < plane; p++) mean += direction[k] * data[k * plane + p];
  return mean < 0 ? direction.map((v) => -v) : direction;
}
