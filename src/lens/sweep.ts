// The stimuli of tuning curves: gratings, patches and colours in which one property runs and all others are held still.
import type { Preprocessing } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type GratingOptions, grating } from "./stimuli.ts";

export const sweptProperties = ["orientation", "frequency", "phase", "colour", "position", "scale"] as const;
export type SweptProperty = (typeof sweptProperties)[number];

export interface StimulusSweepOptions {
  /** Degrees counter-clockwise of the stripes, where another property runs (default 0: from left to right). */
  readonly orientation?: number;
  /** Cycles per pixel, likewise (default 0.125). */
  readonly frequency?: number;
  /** How the net's pixels were normalised (default: not). */
  readonly preprocessing?: Preprocessing | undefined;
}

export interface StimulusSweep {
  readonly property: SweptProperty;
  /** Of each stimulus. */
  readonly values: readonly number[];
  /** Of the values. */
  readonly unit: "degrees" | "cycles per pixel" | "pixels" | "grey value";
  /** [C, H, W] each, as the net sees them. */
  readonly stimuli: readonly Tensor[];
}

const steps = (count: number, from: number, to: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

/**
 * Stimuli for a net that takes [C, H, W]. Orientation: 0 to 175 degrees. Frequency: 0.02 to 0.5 cycles per pixel in equal ratios. Phase: 0 to 345 degrees.
 * Colour: even fields, of hues 0 to 345 degrees at full saturation, or of greys 0 to 1 for nets that are not given three channels. Position: a patch of
 * stripes whose centre runs across the picture. Scale: the radius of a patch in the middle. Gratings run between black and white. Throws `ArgumentError` for other properties.
 */
export function sweep([channels, height, width]: Shape, property: SweptProperty, options: StimulusSweepOptions = {}): StimulusSweep {
  checkOptions("sweep", options, ["orientation", "frequency", "preprocessing"]);
  const { orientation = 0, frequency = 0.125, preprocessing } = options;
  const size = Math.min(height, width);
  const scaled = (pixel: (c: number) => number, centred: boolean): number[] =>
    Array.from({ length: channels }, (_, c) => {
      const at = Math.min(c, (preprocessing?.mean.length ?? 1) - 1);
      return (pixel(c) - (centred ? (preprocessing?.mean[at] ?? 0) : 0)) / (preprocessing?.deviation[at] ?? 1);
    });
  const grey = scaled(() => 0.5, true);
  const stripes = (own: GratingOptions): Tensor =>
    grating([channels, height, width], { orientation, frequency, mean: grey, contrast: scaled(() => 0.5, false), ...own });
  const even = (pixel: (c: number) => number): Tensor =>
    grating([channels, height, width], { mean: scaled(pixel, true), contrast: 0, frequency });
  const made = (values: readonly number[], unit: StimulusSweep["unit"], of: (value: number) => Tensor): StimulusSweep => ({
    property,
    values,
    unit,
    stimuli: values.map(of),
  });
  switch (property) {
    case "orientation":
      return made(steps(36, 0, 175), "degrees", (value) => stripes({ orientation: value }));
    case "frequency":
      return made(
        steps(20, 0, 1).map((share) => 0.02 * 25 ** share),
        "cycles per pixel",
        (value) => stripes({ frequency: value }),
      );
    case "phase":
      return made(steps(24, 0, 345), "degrees", (value) => stripes({ phase: value }));
    case "colour": {
      if (channels !== 3) return made(steps(21, 0, 1), "grey value", (value) => even(() => value));
      const order = preprocessing?.channels === "bgr" ? [2, 1, 0] : [0, 1, 2];
      return made(steps(24, 0, 345), "degrees", (hue) => even((c) => hueChannel(hue, order[c])));
    }
    case "position":
      return made(steps(Math.min(33, width), 0, width), "pixels", (column) => stripes({ centre: [height / 2, column], radius: size / 6 }));
    case "scale":
      return made(steps(20, 1, size / 2), "pixels", (radius) => stripes({ radius }));
    default:
      throw new ArgumentError(`sweep: the property is "${String(property)}"; expected one of ${sweptProperties.join(", ")}`);
  }
}

/** A hue of full saturation and value: red at 0, green at 120, blue at 240 degrees. Smith 1978 (HSV). */
function hueChannel(hue: number, channel: number): number {
  const k = (5 - 2 * channel + hue / 60 + 6) % 6;
  return 1 - Math.max(0, Math.min(k, 4 - k, 1));
}
