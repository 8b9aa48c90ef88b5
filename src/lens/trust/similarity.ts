// How alike two maps are, in the four ways in which the literature compares them.
import { ShapeError } from "../../tensor/errors.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { rangeOfValues } from "../range.ts";
import { correlation } from "./fidelity.ts";

export interface MapSimilarity {
  /** Spearman's rank correlation; undefined where a map is constant. */
  readonly spearman: number | undefined;
  /** Of the absolute values. */
  readonly spearmanAbsolute: number | undefined;
  /** Structural similarity of the maps, each brought to 0..1 (Wang 2004). */
  readonly ssim: number;
  /** Correlation of histograms of oriented gradients; undefined where there are none. */
  readonly hog: number | undefined;
}

/** Compares two maps of one shape, [C, H, W]; channels are added up for `ssim` and `hog`. Throws `ShapeError` for different shapes. */
export function compareMaps(a: Tensor, b: Tensor): MapSimilarity {
  if (!sameShape(a.shape, b.shape) || a.rank < 2) {
    throw new ShapeError(`compareMaps: ${showShape(a.shape)} and ${showShape(b.shape)} are not two maps of one shape`);
  }
  const [planeA, planeB] = [a, b].map(toPlane);
  return {
    spearman: correlation(ranks(a.data), ranks(b.data)),
    spearmanAbsolute: correlation(ranks(a.data.map(Math.abs)), ranks(b.data.map(Math.abs))),
    ssim: ssim(unit(planeA), unit(planeB)),
    hog: correlation(orientations(planeA), orientations(planeB)),
  };
}

interface Plane {
  readonly height: number;
  readonly width: number;
  readonly data: Float64Array;
}

function toPlane(map: Tensor): Plane {
  const [height, width] = map.shape.slice(-2);
  const data = new Float64Array(height * width);
  for (let i = 0; i < map.size; i++) data[i % data.length] += map.data[i];
  return { height, width, data };
}

/** Ranks from 1; equal values share the mean of their places. */
export function ranks(values: ArrayLike<number>): Float64Array {
  // Numbers sort many times faster than their places do, and a sorted list tells every place.
  const sorted = Float64Array.from(values).sort();
  const places = new Map<number, number>();
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1;
    while (to < sorted.length && sorted[to] === sorted[from]) to++;
    places.set(sorted[from], (from + 1 + to) / 2);
    from = to;
  }
  return Float64Array.from(values, (value) => places.get(value) ?? Number.NaN);
}

function unit({ height, width, data }: Plane): Plane {
  const { low, high } = rangeOfValues(data as unknown as readonly number[]);
  return { height, width, data: data.map((v) => (high > low ? (v - low) / (high - low) : 0)) };
}

/** Mean structural similarity over Gaussian windows of deviation 1.5 (11 pixels, fewer where the map is smaller), cut at the border. */
function ssim(a: Plane, b: Plane): number {
  const { height, width } = a;
  const reach = Math.min(5, Math.floor((Math.min(height, width) - 1) / 2));
  const taps = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * 1.5 ** 2)));
  const [c1, c2] = [0.01 ** 2, 0.03 ** 2];
  let total = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [weight, sumA, sumB, squareA, squareB, both] = [0, 0, 0, 0, 0, 0];
      for (let i = Math.max(0, y - reach); i <= Math.min(height - 1, y + reach); i++) {
        for (let j = Math.max(0, x - reach); j <= Math.min(width - 1, x + reach); j++) {
          const w = taps[i - y + reach] * taps[j - x + reach];
          const [u, v] = [a.data[i * width + j], b.data[i * width + j]];
          weight += w;
          sumA += w * u;
          sumB += w * v;
          squareA += w * u * u;
          squareB += w * v * v;
          both += w * u * v;
        }
      }
      const [meanA, meanB] = [sumA / weight, sumB / weight];
      const [varA, varB, covariance] = [squareA / weight - meanA ** 2, squareB / weight - meanB ** 2, both / weight - meanA * meanB];
      total += ((2 * meanA * meanB + c1) * (2 * covariance + c2)) / ((meanA ** 2 + meanB ** 2 + c1) * (varA + varB + c2));
    }
  }
  return total / (height * width);
}

/** Histograms of gradient directions, eight bins over half a turn in each cell of an eighth of the map (Dalal & Triggs 2005). */
function orientations({ height, width, data }: Plane): Float64Array {
  const [rows, columns] = [Math.min(8, height), Math.min(8, width)];
  const bins = 8;
  const out = new Float64Array(rows * columns * bins);
  const at = (y: number, x: number): number => data[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [across, down] = [at(y, x + 1) - at(y, x - 1), at(y + 1, x) - at(y - 1, x)];
      const angle = ((Math.atan2(down, across) + Math.PI) % Math.PI) / Math.PI;
      const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
      out[cell * bins + Math.min(bins - 1, Math.floor(angle * bins))] += Math.hypot(across, down);
    }
  }
  return out;
}
