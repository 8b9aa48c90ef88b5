// A decoded picture as plain interleaved pixels, and the way between it and tensors.
import { ArgumentError, DataError, ShapeError } from "../tensor/errors.ts";
import { expectParts, expectTensor } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Pixels row by row, channels interleaved: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. A `Uint16Array` holds 0..65535, else 0..255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly data: Uint8Array | Uint16Array;
}

export interface DecodeImageOptions {
  /** What messages call the file. */
  readonly name?: string;
  /** Most pixels to accept (default 100 million). */
  readonly maxPixels?: number;
}

export interface PictureToTensorOptions {
  /** 1 = grey, 3 = RGB (default: as the picture is). Alpha is composited on `background`. */
  readonly channels?: 1 | 3;
  /** RGB in 0..1 that shines through transparent pixels (default white). */
  readonly background?: readonly [number, number, number];
}

export interface TensorToPictureOptions {
  /** Values shown as black and as full intensity (default 0 and 1); what lies outside is clipped. */
  readonly low?: number;
  readonly high?: number;
}

/** Throws `ArgumentError` unless `given` is a picture. `where` is what the user called. */
export function expectPicture(where: string, given: unknown): void {
  expectParts(
    where,
    "the picture",
    given,
    ["width", "height", "channels", "data"],
    "{ width, height, channels, data }, as decodeImage gives it",
  );
}

/** Weights of red, green and blue in grey: ITU-R BT.601, as Pillow and OpenCV use them. */
export const greyWeights: readonly [number, number, number] = [0.299, 0.587, 0.114];

/** A picture as float32 [C, H, W] in 0..1. */
export function pictureToTensor(picture: Picture, options: PictureToTensorOptions = {}): Tensor {
  expectPicture("pictureToTensor", picture);
  checkOptions("pictureToTensor", options, ["channels", "background"]);
  const { width, height, data } = picture;
  const maximum = data instanceof Uint16Array ? 65535 : 255;
  const isColour = picture.channels >= 3;
  const hasAlpha = picture.channels % 2 === 0;
  const channels = options.channels ?? (isColour ? 3 : 1);
  const backdrop = options.background ?? [1, 1, 1];
  // A grey picture shows the backdrop's grey, unless colour is wanted.
  const greyBackdrop = grey(...backdrop);
  const plane = width * height;
  const out = new Float32Array(channels * plane);
  const [r, g, b] = isColour ? [0, 1, 2] : [0, 0, 0];
  for (let i = 0; i < plane; i++) {
    const at = i * picture.channels;
    const alpha = hasAlpha ? data[at + picture.channels - 1] / maximum : 1;
    const through = 1 - alpha;
    const red = (data[at + r] / maximum) * alpha + backdrop[0] * through;
    if (channels === 1 && !isColour) {
      out[i] = (data[at] / maximum) * alpha + greyBackdrop * through;
      continue;
    }
    const green = (data[at + g] / maximum) * alpha + backdrop[1] * through;
    const blue = (data[at + b] / maximum) * alpha + backdrop[2] * through;
    if (channels === 1) out[i] = grey(red, green, blue);
    else {
      out[i] = red;
      out[plane + i] = green;
      out[2 * plane + i] = blue;
    }
  }
  return new Tensor(out, [channels, height, width]);
}

/** A tensor [H, W] or [C, H, W] with C of 1..4 as an 8-bit picture. Values that are not numbers become 0. */
export function tensorToPicture(tensor: Tensor, options: TensorToPictureOptions = {}): Picture {
  expectTensor("tensorToPicture", "the picture", tensor);
  checkOptions("tensorToPicture", options, ["low", "high"]);
  const { low = 0, high = 1 } = options;
  if (!(high > low)) throw new ArgumentError(`tensorToPicture: high ${high} must be above low ${low}`);
  const shape = tensor.rank === 2 ? [1, ...tensor.shape] : tensor.shape;
  const [channels, height, width] = shape;
  if (shape.length !== 3 || channels < 1 || channels > 4) {
    throw new ShapeError(`tensorToPicture: shape ${showShape(tensor.shape)} is not [H, W] or [C, H, W] with 1 to 4 channels`);
  }
  const plane = width * height;
  const data = new Uint8ClampedArray(channels * plane);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) data[i * channels + c] = ((tensor.data[c * plane + i] - low) / (high - low)) * 255;
  }
  return { width, height, channels: channels as Picture["channels"], data: new Uint8Array(data.buffer) };
}

function grey(red: number, green: number, blue: number): number {
  return greyWeights[0] * red + greyWeights[1] * green + greyWeights[2] * blue;
}

/** Called by the decoders with what the header says, before anything is allocated. */
export function checkPictureSize(width: number, height: number, name: string, options: DecodeImageOptions): void {
  const { maxPixels = 100_000_000 } = options;
  if (width < 1 || height < 1) throw new DataError(`${name}: the picture is ${width} x ${height} pixels, which is nothing`);
  if (width * height > maxPixels)
    throw new DataError(`${name}: ${width} x ${height} pixels are more than the limit of ${maxPixels}`, {
      reason: { kind: "picture too large", file: name, width, height, most: maxPixels },
    });
}
