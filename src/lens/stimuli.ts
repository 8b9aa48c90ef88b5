// Pictures made to ask a unit one question at a time: gratings, bars and spots whose orientation, frequency, phase, place and size are known.
import { ArgumentError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export interface GratingOptions {
  /** Degrees counter-clockwise of the stripes (default 0: stripes run from left to right). */
  readonly orientation?: number;
  /** Cycles per pixel (default 0.125). */
  readonly frequency?: number;
  /** Degrees (default 0: a crest through the centre). */
  readonly phase?: number;
  /** Centre in pixels from the upper left corner of the picture (default: its middle). */
  readonly centre?: readonly [row: number, column: number];
  /** Radius in pixels beyond which the stripes fade into the mean (default: none, the grating fills the picture). */
  readonly radius?: number;
  /** Mean and half of the difference between crest and trough, in the net's units; one per channel or one for all (default 0 and 1). */
  readonly mean?: number | readonly number[];
  readonly contrast?: number | readonly number[];
}

function channelValues(given: number | readonly number[], channels: number, name: string): readonly number[] {
  const list = typeof given === "number" ? new Array<number>(channels).fill(given) : given;
  if (list.length !== channels) throw new ArgumentError(`grating: ${name} has ${list.length} values for ${channels} channels`);
  return list;
}

/** A sinusoidal grating, float32 [C, H, W]. */
export function grating([channels, height, width]: Shape, options: GratingOptions = {}): Tensor {
  const { orientation = 0, frequency = 0.125, phase = 0, radius } = options;
  const [row, column] = options.centre ?? [height / 2, width / 2];
  const mean = channelValues(options.mean ?? 0, channels, "mean");
  const contrast = channelValues(options.contrast ?? 1, channels, "contrast");
  const angle = (orientation * Math.PI) / 180;
  const [across, down] = [Math.sin(angle), Math.cos(angle)];
  const data = new Float32Array(channels * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dy, dx] = [y + 0.5 - row, x + 0.5 - column];
      const wave = Math.cos(2 * Math.PI * frequency * (dx * across + dy * down) + (phase * Math.PI) / 180);
      const share = radius === undefined ? 1 : Math.exp(-((Math.hypot(dx, dy) / radius) ** 4));
      for (let c = 0; c < channels; c++) data[(c * height + y) * width + x] = mean[c] + contrast[c] * share * wave;
    }
  }
  return new Tensor(data, [channels, height, width]);
}

export interface PatternOptions {
  /** Where its centre goes, in pixels (default: the middle of the picture). */
  readonly centre?: readonly [row: number, column: number];
  /** Enlargement (default 1). */
  readonly scale?: number;
  /** Degrees counter-clockwise (default 0). */
  readonly rotation?: number;
  /** What surrounds it (default 0). */
  readonly ground?: number;
}

/** A small picture [C, h, w] placed, turned and scaled on an even ground, bilinearly: the stimulus of a sweep. */
export function placed(pattern: Tensor, [channels, height, width]: Shape, options: PatternOptions = {}): Tensor {
  const { scale = 1, rotation = 0, ground = 0 } = options;
  if (!(scale > 0)) throw new ArgumentError(`placed: scale is ${scale}; expected a number above 0`);
  const [row, column] = options.centre ?? [height / 2, width / 2];
  const [, h, w] = pattern.shape;
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const data = new Float32Array(channels * height * width).fill(ground);
  const at = (c: number, y: number, x: number): number => (y < 0 || x < 0 || y >= h || x >= w ? ground : pattern.data[(c * h + y) * w + x]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dy, dx] = [y + 0.5 - row, x + 0.5 - column];
      // Back into the pattern's own axes; pictures count rows downwards.
      const v = h / 2 + cos * dy + sin * dx - 0.5;
      const u = w / 2 + cos * dx - sin * dy - 0.5;
      if (v <= -1 || u <= -1 || v >= h || u >= w) continue;
      const [y0, x0] = [Math.floor(v), Math.floor(u)];
      const [below, right] = [v - y0, u - x0];
      for (let c = 0; c < channels; c++) {
        const above = at(c, y0, x0) * (1 - right) + at(c, y0, x0 + 1) * right;
        const under = at(c, y0 + 1, x0) * (1 - right) + at(c, y0 + 1, x0 + 1) * right;
        data[(c * height + y) * width + x] = above * (1 - below) + under * below;
      }
    }
  }
  return new Tensor(data, [channels, height, width]);
}
