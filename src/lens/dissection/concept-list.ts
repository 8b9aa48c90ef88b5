// Concepts of one's own: each a rule that says which pixels of a picture show it, by what is known of the picture, by its pixels, or by masks that
// somebody painted.
import type { Dataset } from "../../data/dataset.ts";
import { unnormalise } from "../../data/dataset.ts";
import type { GroundTruth, SyntheticDataset } from "../../data/synthetic.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { ConceptSet } from "./concepts.ts";

export const regions = ["top", "bottom", "left", "right", "centre", "border"] as const;
export type Region = (typeof regions)[number];

/** Which pixels show a concept. */
export type ConceptRule =
  /** Pictures of a class: the figure's pixels where they are known, the whole picture where not. */
  | { readonly kind: "class"; readonly class: number }
  /** The figure of any class; only where figures are known. */
  | { readonly kind: "figure" }
  /** Figures that are brighter (or darker) than what is behind them; only where figures are known. */
  | { readonly kind: "tone"; readonly tone: "brighter" | "darker" }
  /** Strokes and edges of this direction, in degrees counter-clockwise, within 22.5; only where figures are known. */
  | { readonly kind: "line"; readonly degrees: number }
  /** Pixels whose mean over the channels, 0..1, lies in [least, most]. */
  | { readonly kind: "brightness"; readonly least: number; readonly most: number }
  /** Pixels of this hue (0 red, 120 green, 240 blue) within so many degrees, of saturation 0.25 at least; needs three channels. */
  | { readonly kind: "hue"; readonly degrees: number; readonly within: number }
  /** Pixels on an edge of this direction, within 22.5 degrees: the strongest tenth of the picture's Sobel slopes, if above 0.05 per pixel. */
  | { readonly kind: "edge"; readonly degrees: number }
  /** A part of every picture: half of it, its middle (half of each side), or what is around that. */
  | { readonly kind: "region"; readonly region: Region }
  /** Painted masks [H·W] of 0 and 1, by picture. */
  | { readonly kind: "masks"; readonly masks: ReadonlyMap<number, Uint8Array> };

export interface Concept {
  readonly name: string;
  readonly rule: ConceptRule;
}

/** Whether the concept can only be told where the figures of the pictures are known to the pixel. */
export function needsFigures({ kind }: ConceptRule): boolean {
  return kind === "figure" || kind === "tone" || kind === "line";
}

/**
 * These concepts on a data set's pictures; concepts of one kind make a category. Throws `ArgumentError` for names that appear twice, classes that are not
 * there and rules that the data set cannot serve, `ShapeError` for painted masks of another size.
 */
export function conceptsOn(dataset: Dataset | SyntheticDataset, concepts: readonly Concept[]): ConceptSet {
  if (concepts.length === 0) throw new ArgumentError("conceptsOn: there are no concepts");
  const truth = "groundTruth" in dataset ? (i: number): GroundTruth => dataset.groundTruth(i) : undefined;
  const seen = new Set<string>();
  for (const { name, rule } of concepts) {
    if (name.trim() === "" || seen.has(name)) throw new ArgumentError(`conceptsOn: "${name}" is no name, or names two concepts`);
    seen.add(name);
    checkRule(name, rule, dataset, truth !== undefined);
  }
  const pixels = lastOf((i: number) => unnormalise(dataset.image(i), dataset.normalisation));
  return {
    name: dataset.name,
    size: dataset.size,
    concepts: concepts.map(({ name }) => name),
    categories: concepts.map(({ rule }) => rule.kind),
    image: (i) => dataset.image(i),
    mask(i, concept) {
      const found = concepts[concept];
      if (found === undefined) throw new ArgumentError(`${dataset.name}: there is no concept ${concept}`);
      return maskOf(found.rule, { index: i, label: dataset.label(i), truth: truth?.(i), pixels: () => pixels(i) });
    },
  };
}

function checkRule(name: string, rule: ConceptRule, { imageShape, classes, size }: Dataset, hasFigures: boolean): void {
  const [channels, height, width] = imageShape;
  if (needsFigures(rule) && !hasFigures)
    throw new ArgumentError(`conceptsOn: "${name}" is about figures, and those of these pictures are not known`);
  if (rule.kind === "hue" && channels !== 3)
    throw new ArgumentError(`conceptsOn: "${name}" is a colour, and these pictures have ${channels} channel`);
  if (rule.kind === "class" && !(Number.isInteger(rule.class) && rule.class >= 0 && rule.class < classes.length)) {
    throw new ArgumentError(`conceptsOn: "${name}" is class ${rule.class}; there are the classes 0..${classes.length - 1}`);
  }
  if (rule.kind !== "masks") return;
  for (const [index, mask] of rule.masks) {
    if (!(Number.isInteger(index) && index >= 0 && index < size)) {
      throw new ArgumentError(`conceptsOn: "${name}" has a mask for picture ${index}; there are the pictures 0..${size - 1}`);
    }
    if (mask.length !== height * width) {
      throw new ShapeError(`conceptsOn: "${name}", picture ${index}: the mask has ${mask.length} pixels, the picture ${height} x ${width}`);
    }
  }
}

interface PictureFacts {
  readonly index: number;
  readonly label: number;
  readonly truth: GroundTruth | undefined;
  /** [C, H, W] in 0..1. */
  pixels(): Tensor;
}

/** Undefined where the picture shows nothing of the concept. */
function maskOf(rule: ConceptRule, { index, label, truth, pixels }: PictureFacts): Uint8Array | undefined {
  const figure = (shown: boolean | undefined): Uint8Array | undefined =>
    shown === true ? (truth?.mask.data as Uint8Array | undefined) : undefined;
  switch (rule.kind) {
    case "masks":
      return some(rule.masks.get(index));
    case "figure":
      return figure(true);
    case "class":
      if (label !== rule.class) return undefined;
      return truth === undefined ? everywhere(pixels()) : figure(true);
    case "tone":
      return figure(truth && total(truth.figure) > total(truth.background) === (rule.tone === "brighter"));
    case "line":
      return figure(truth && /stroke|edge/.test(truth.className) && between(truth.orientation, rule.degrees, 180) <= 22.5);
    case "brightness":
      return perPixel(pixels(), (values) => {
        const mean = total(values) / values.length;
        return mean >= rule.least && mean <= rule.most;
      });
    case "hue":
      return perPixel(pixels(), (values) => {
        const { hue, saturation } = hueOf(values);
        return saturation >= 0.25 && between(hue, rule.degrees, 360) <= rule.within;
      });
    case "edge":
      return edges(pixels(), rule.degrees);
    case "region":
      return inRegion(pixels().shape, rule.region);
  }
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** How far two angles are apart, of directions that repeat after `turn` degrees. */
function between(a: number, b: number, turn: number): number {
  const apart = (((a - b) % turn) + turn) % turn;
  return Math.min(apart, turn - apart);
}

function some(mask: Uint8Array | undefined): Uint8Array | undefined {
  return mask?.some((v) => v > 0) ? mask : undefined;
}

function everywhere({ shape }: Tensor): Uint8Array {
  return new Uint8Array(shape[1] * shape[2]).fill(1);
}

function perPixel(
  { data, shape: [channels, height, width] }: Tensor,
  shows: (values: readonly number[]) => boolean,
): Uint8Array | undefined {
  const plane = height * width;
  return some(
    Uint8Array.from({ length: plane }, (_, p) => (shows(Array.from({ length: channels }, (_, c) => data[c * plane + p])) ? 1 : 0)),
  );
}

/** Hue in degrees and saturation of red, green, blue. Smith 1978 (HSV). */
function hueOf([red, green, blue]: readonly number[]): { readonly hue: number; readonly saturation: number } {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const range = most - least;
  if (!(range > 0)) return { hue: 0, saturation: 0 };
  const sixth = most === red ? (green - blue) / range : most === green ? 2 + (blue - red) / range : 4 + (red - green) / range;
  return { hue: (((60 * sixth) % 360) + 360) % 360, saturation: range / most };
}

/** The steepest tenth of the pixels whose edge runs in this direction; slopes of the mean over the channels, per pixel. */
function edges({ data, shape: [channels, height, width] }: Tensor, degrees: number): Uint8Array | undefined {
  const plane = height * width;
  const grey = Float64Array.from({ length: plane }, (_, p) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[c * plane + p];
    return sum / channels;
  });
  const at = (y: number, x: number): number => grey[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)];
  const slope = new Float64Array(plane);
  const direction = new Float64Array(plane);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const across = (at(y - 1, x + 1) + 2 * at(y, x + 1) + at(y + 1, x + 1) - at(y - 1, x - 1) - 2 * at(y, x - 1) - at(y + 1, x - 1)) / 8;
      const down = (at(y + 1, x - 1) + 2 * at(y + 1, x) + at(y + 1, x + 1) - at(y - 1, x - 1) - 2 * at(y - 1, x) - at(y - 1, x + 1)) / 8;
      slope[y * width + x] = Math.hypot(across, down);
      // An edge runs at right angles to the slope, and rows count downwards.
      direction[y * width + x] = (Math.atan2(-down, across) * 180) / Math.PI + 90;
    }
  }
  const least = Math.max(0.05, slope.slice().sort()[Math.floor(0.9 * plane)]);
  return some(Uint8Array.from(slope, (s, p) => (s >= least && between(direction[p], degrees, 180) <= 22.5 ? 1 : 0)));
}

function inRegion([, height, width]: readonly number[], region: Region): Uint8Array {
  const middle = (i: number, size: number): boolean => i + 0.5 > size / 4 && i + 0.5 < (3 * size) / 4;
  const inside: Readonly<Record<Region, (y: number, x: number) => boolean>> = {
    top: (y) => y + 0.5 < height / 2,
    bottom: (y) => y + 0.5 > height / 2,
    left: (_, x) => x + 0.5 < width / 2,
    right: (_, x) => x + 0.5 > width / 2,
    centre: (y, x) => middle(y, height) && middle(x, width),
    border: (y, x) => !(middle(y, height) && middle(x, width)),
  };
  return Uint8Array.from({ length: height * width }, (_, p) => (inside[region](Math.floor(p / width), p % width) ? 1 : 0));
}

/** Keeps the last answer: all concepts of one picture are asked for in a row. */
function lastOf<T>(make: (i: number) => T): (i: number) => T {
  let kept: { readonly i: number; readonly value: T } | undefined;
  return (i) => {
    if (kept?.i !== i) kept = { i, value: make(i) };
    return kept.value;
  };
}
