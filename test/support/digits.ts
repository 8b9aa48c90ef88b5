// Digits as LeCun had them in 1989: few, small, and each seen at four places. Absent where MNIST is not installed; tests then skip.
import { arraysDataset, type Dataset, mnist, type TrainAndTest } from "../../src/data/index.ts";
import { centreCrop, resizeImage } from "../../src/io/resample.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { random } from "../../src/tensor/random.ts";

/** MNIST, or undefined where it is not installed. */
export const digits: TrainAndTest | undefined = await mnist().catch((error: unknown) => {
  if (error instanceof DataError) return undefined;
  throw error;
});

const [size, height, width] = [16, 13, 8];
const [perClass, places, trainPerClass] = [12, 4, 32];

/**
 * The report's recipe with MNIST's digits for the hand-drawn ones: 12 of each class, 13 high and 8 wide, put at four neighbouring places of a
 * 16 × 16 picture; of the 48 pictures of a class 32 are for training and 16 for testing. Background -1, ink 1.
 */
export function digits1989(source: Dataset, seed: number): TrainAndTest {
  const generator = random(seed).fork("1989");
  const taken = source.classes.map(() => 0);
  const chosen = Array.from(generator.permutation(source.size)).filter((i) => taken[source.label(i)]++ < perClass);
  const pictures = source.classes.map((): Float32Array[] => []);
  for (const i of chosen) {
    const digit = resizeImage(centreCrop(source.image(i), 20, 20), height, width);
    for (let place = 0; place < places; place++) pictures[source.label(i)].push(placed(digit.data, source, place));
  }
  const orders = pictures.map((all) => generator.permutation(all.length));
  const part = (name: string, from: number, to: number): Dataset => {
    const labelled = pictures.flatMap((all, label) => Array.from(orders[label].subarray(from, to), (k) => ({ picture: all[k], label })));
    const images = new Float32Array(labelled.length * size * size);
    labelled.forEach(({ picture }, at) => {
      images.set(picture, at * size * size);
    });
    return arraysDataset({
      name: `digits of 1989, ${name}`,
      images,
      labels: labelled.map(({ label }) => label),
      imageShape: [1, size, size],
      classes: source.classes,
      normalisation: { mean: [0.5], deviation: [0.5] },
    });
  };
  return { train: part("train", 0, trainPerClass), test: part("test", trainPerClass, perClass * places) };
}

function placed(digit: ArrayLike<number>, { normalisation }: Dataset, place: number): Float32Array {
  const picture = new Float32Array(size * size);
  const left = Math.floor((size - width - places + 1) / 2) + place;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ink = digit[y * width + x] * normalisation.deviation[0] + normalisation.mean[0];
      picture[(y + 1) * size + left + x] = Math.min(1, Math.max(0, ink));
    }
  }
  return picture;
}
