// From a decoded picture to what a model's first layer expects: its channels, its size, its normalisation.
import { expectModel, type Model, type Preprocessing } from "../nn/model.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { expectPicture, type Picture, pictureToTensor } from "./picture.ts";
import { coverImage } from "./resample.ts";

/** `picture` as [C, H, W] for `model`: proportions are kept, and what hangs over is cut off evenly. Throws `ShapeError` for nets of other channel counts than 1 and 3. */
export function preparePicture(picture: Picture, model: Model): Tensor {
  expectModel("preparePicture", model);
  return pictureToInput(picture, model.inputShape, model.preprocessing);
}

/** The same for a net of which only the input's shape [C, H, W] and the preprocessing are known (default: pixels 0..1, RGB). */
export function pictureToInput(picture: Picture, shape: Shape, preprocessing?: Preprocessing): Tensor {
  expectPicture("preparePicture", picture);
  const [channels, height, width] = shape;
  if (shape.length !== 3 || (channels !== 1 && channels !== 3)) {
    throw new ShapeError(`the net takes ${showShape(shape)}; a picture can be brought to 1 or 3 channels only`, {
      reason: { kind: "channels of no picture", shape: [...shape] },
    });
  }
  const { mean, deviation, channels: order, kept } = preprocessing ?? { mean: [], deviation: [], channels: "rgb" };
  const pixels = coverImage(pictureToTensor(picture, { channels }), height, width, kept);
  const data = new Float32Array(pixels.size);
  const plane = height * width;
  for (let c = 0; c < channels; c++) {
    const from = order === "bgr" && channels === 3 ? 2 - c : c;
    for (let p = 0; p < plane; p++) data[c * plane + p] = (pixels.data[from * plane + p] - (mean[c] ?? 0)) / (deviation[c] ?? 1);
  }
  return new Tensor(data, shape);
}

/** The same in words, for people to check: a wrong profile gives confident nonsense. */
export function describePreprocessing(model: Model): string {
  expectModel("describePreprocessing", model);
  const { preprocessing } = model;
  const [channels, height, width] = model.inputShape;
  const colours = channels === 1 ? "grey" : (preprocessing?.channels ?? "rgb").toUpperCase();
  const crop = preprocessing?.kept === undefined ? "" : `, the middle ${Number((100 * preprocessing.kept).toFixed(1))} %`;
  return `${colours}, ${height} x ${width}${crop}, ${preprocessing === undefined ? "pixels 0..1, not normalised" : describeScale(preprocessing)}`;
}

function describeScale({ name, mean, deviation }: Preprocessing): string {
  // Profiles that divide by 1/255 were thought of in bytes, and are recognised in bytes only.
  const inBytes = deviation.every((d) => Math.abs(255 * d - 1) < 1e-9);
  const list = (values: readonly number[]): string => values.map((v) => Number((inBytes ? 255 * v : v).toFixed(4))).join(", ");
  const shifted = `pixels 0..${inBytes ? 255 : 1} - (${list(mean)})`;
  return `${inBytes ? shifted : `(${shifted}) / (${list(deviation)})`} (profile "${name}")`;
}
