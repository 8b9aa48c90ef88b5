// What pictures of a data set have in common - colours that go together, frequencies that are strong - so that climbed pictures can be
// given the same, instead of those of photographs.

import { svd } from "../arithmetic/svd.ts";
import { type Dataset, expectDataset, unnormalise } from "../data/dataset.ts";
import { ArgumentError, DataError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { Tensor } from "../tensor/tensor.ts";
import { magnitudes, slopeOf } from "./maximise/spectrum.ts";

export interface DataStatisticsOptions {
  /** At most so many pictures, evenly spread over the data set (default 1000). */
  readonly pictures?: number;
}

export interface DataStatistics {
  /** Name of the data set. */
  readonly name: string;
  /** How many pictures were looked at. */
  readonly pictures: number;
  /** Per channel, in 0..1. */
  readonly mean: readonly number[];
  /**
   * [C, C], M with M·Mᵀ the covariance of a pixel's channels (in 0..1): its columns are the colours that vary independently, strongest
   * first, as long as their standard deviations.
   */
  readonly colour: Tensor;
  /** [C, H, ⌊W/2⌋ + 1], the mean of |rfft2| over the pictures, pixels in 0..1. */
  readonly spectrum: Tensor;
  /** Height and width of the pictures. */
  readonly size: readonly [height: number, width: number];
  /** d log(power) / d log(frequency) of the mean power: about -2 in photographs. */
  readonly slope: number;
}

/** Mean, colours and frequencies of a data set. Throws `DataError` when it is empty. */
export function dataStatistics(dataset: Dataset, options: DataStatisticsOptions = {}): DataStatistics {
  expectDataset("dataStatistics", dataset);
  checkOptions("dataStatistics", options, ["pictures"]);
  const wanted = options.pictures ?? 1000;
  if (!Number.isInteger(wanted) || wanted < 1) throw new ArgumentError(`dataStatistics: pictures is ${wanted}; expected an integer >= 1`);
  if (dataset.size === 0) throw new DataError(`dataStatistics: the data set ${dataset.name} is empty`);
  const count = Math.min(wanted, dataset.size);
  const [channels, height, width] = dataset.imageShape;
  const [plane, half] = [height * width, Math.floor(width / 2) + 1];
  const sums = new Float64Array(channels);
  const products = new Float64Array(channels * channels);
  const spectrum = new Float64Array(channels * height * half);
  const power = new Float64Array(height * half);
  for (let n = 0; n < count; n++) {
    const { data } = unnormalise(dataset.image(Math.floor((n * dataset.size) / count)), dataset.normalisation);
    for (let c = 0; c < channels; c++) {
      const own = data.subarray(c * plane, (c + 1) * plane);
      for (let p = 0; p < plane; p++) {
        sums[c] += own[p];
        for (let d = 0; d <= c; d++) products[c * channels + d] += own[p] * data[d * plane + p];
      }
      magnitudes(own, height, width).forEach((m, p) => {
        spectrum[c * height * half + p] += m / count;
        power[p] += m * m;
      });
    }
  }
  const mean = Array.from(sums, (s) => s / (count * plane));
  const covariance = Float64Array.from({ length: channels * channels }, (_, at) => {
    const [c, d] = [Math.floor(at / channels), at % channels];
    return products[Math.max(c, d) * channels + Math.min(c, d)] / (count * plane) - mean[c] * mean[d];
  });
  return {
    name: dataset.name,
    pictures: count,
    mean,
    colour: rootOf(covariance, channels),
    spectrum: new Tensor(Float32Array.from(spectrum), [channels, height, half]),
    size: [height, width],
    slope: slopeOf(power, height, width),
  };
}

/** U·√S of a covariance U·S·Uᵀ; every column points to where most of it is positive. */
function rootOf(covariance: Float64Array, channels: number): Tensor {
  const { values, u } = svd(covariance, channels, channels);
  const root = new Float32Array(channels * channels);
  u.forEach((column, k) => {
    const sign = column.reduce((sum, v) => sum + v, 0) < 0 ? -1 : 1;
    column.forEach((v, c) => {
      root[c * channels + k] = sign * v * Math.sqrt(values[k]);
    });
  });
  return new Tensor(root, [channels, channels]);
}
