// What a convolution takes for granted, made visible: put the pixels of every picture into the same random order. A dense net cannot tell
// the difference, because it never knew which pixels are neighbours; a convolutional net loses what made it good.
import type { Dataset, TrainAndTest } from "../../data/dataset.ts";
import type { Module } from "../../nn/module.ts";
import { random } from "../../tensor/random.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { evaluate } from "../../train/evaluate.ts";
import { type FitOptions, fit } from "../../train/fit.ts";

/** The data set with the pixels of every picture in one order, drawn from `seed`; all channels alike. */
export function permutePixels(dataset: Dataset, seed: number): Dataset {
  const [channels, height, width] = dataset.imageShape;
  const plane = height * width;
  const order = random(seed).fork("pixels").permutation(plane);
  const permute = (pictures: Tensor): Tensor => {
    const data = pictures.data.slice();
    for (let start = 0; start < data.length; start += plane) {
      for (let p = 0; p < plane; p++) data[start + p] = pictures.data[start + order[p]];
    }
    return new Tensor(data, pictures.shape);
  };
  return {
    ...dataset,
    name: `${dataset.name}, pixels permuted`,
    imageShape: [channels, height, width],
    image: (i) => permute(dataset.image(i)),
    batch(indices) {
      const { x, y } = dataset.batch(indices);
      return { x: permute(x), y };
    },
  };
}

export interface PermutationReading {
  readonly net: string;
  /** Test accuracy on the pictures as they are, and with permuted pixels. */
  readonly straight: number;
  readonly permuted: number;
  /** What is lost. */
  readonly drop: number;
}

/** Trains every net twice, on the pictures as they are and with their pixels permuted, and tests each on its own kind. */
export async function pixelPermutation(
  nets: Readonly<Record<string, Module>>,
  data: TrainAndTest,
  options: FitOptions & { readonly permutationSeed?: number } = {},
): Promise<PermutationReading[]> {
  const { permutationSeed = 0, ...settings } = options;
  const permutedData = { train: permutePixels(data.train, permutationSeed), test: permutePixels(data.test, permutationSeed) };
  const where = { ...(settings.device && { device: settings.device }), ...(settings.threads && { threads: settings.threads }) };
  const readings: PermutationReading[] = [];
  for (const [net, module] of Object.entries(nets)) {
    const accuracy = async ({ train, test }: TrainAndTest): Promise<number> =>
      (await evaluate(await fit(module, train, settings), test, where)).accuracy;
    const [straight, permuted] = [await accuracy(data), await accuracy(permutedData)];
    readings.push({ net, straight, permuted, drop: straight - permuted });
  }
  return readings;
}
