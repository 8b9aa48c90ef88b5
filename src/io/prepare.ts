// From a decoded picture to what a model's first layer expects: its channels, its size, its normalisation.
import { expectModel, type Model } from "../nn/model.ts";
import { ShapeError } from "../tensor/errors.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { expectPicture, type Picture, pictureToTensor } from "./picture.ts";
import { coverImage } from "./resample.ts";

/** `picture` as [C, H, W] for `model`: proportions are kept, and what hangs over is cut off evenly. Throws `ShapeError` for nets of other channel counts than 1 and 3. */
export function preparePicture(picture: Picture, model: Model): Tensor {
  expectPicture("preparePicture", picture);
  expectModel("preparePicture", model);
  const [channels, height, width] = model.inputShape;
  if (channels !== 1 && channels !== 3) {
    throw new ShapeError(`the net takes ${showShape(model.inputShape)}; a picture can be brought to 1 or 3 channels only`);
  }
  const { mean, deviation, channels: order } = model.preprocessing ?? { mean: [], deviation: [], channels: "rgb" };
  const pixels = coverImage(pictureToTensor(picture, { channels }), height, width);
  const data = new Float32Array(pixels.size);
  const plane = height * width;
  for (let c = 0; c < channels; c++) {
    const from = order === "bgr" && channels === 3 ? 2 - c : c;
    for (let p = 0; p < plane; p++) data[c * plane + p] = (pixels.data[from * plane + p] - (mean[c] ?? 0)) / (deviation[c] ?? 1);
  }
  return new Tensor(data, model.inputShape);
}

/** The same in words, for people to check: a wrong profile gives confident nonsense. */
export function describePreprocessing(model: Model): string {
  expectModel("describePreprocessing", model);
  const [channels, height, width] = model.inputShape;
  const { preprocessing } = model;
  const colours = channels === 1 ? "grey" : (preprocessing?.channels ?? "rgb").toUpperCase();
  const scale =
    preprocessing === undefined
      ? "pixels 0..1, not normalised"
      : `(pixels 0..1 - ${preprocessing.mean.map((m) => m.toFixed(4)).join(", ")}) / ${preprocessing.deviation.map((d) => d.toFixed(4)).join(", ")}`;
  return `${colours}, ${height} x ${width}, ${scale}${preprocessing === undefined ? "" : ` (profile "${preprocessing.name}")`}`;
}
