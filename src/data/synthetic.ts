// A data set that needs no file and whose truth is known exactly: where the figure is, how large, how turned, and which pixels it covers.
// So a test can ask whether a heat map points at the figure, and a unit can be compared with a concept, without anybody's labels.
import { breather } from "#platform";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { type Random, random } from "../tensor/random.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { arraysDataset, checkIndex, type Dataset, type TrainAndTest } from "./dataset.ts";
import { coverAt, distanceAt, type FigureClass, figureClasses, type PlacedFigure } from "./synthetic-shapes.ts";

export interface SyntheticOptions {
  /** Numbers of training and test pictures (default 6000 and 1000). */
  readonly train?: number;
  readonly test?: number;
  /** Height and width in pixels, at least 12 (default 28). */
  readonly size?: number;
  /** 1 = grey, 3 = colour (default 1). */
  readonly channels?: 1 | 3;
  /** Standard deviation of the pixel noise, in 0..1 (default 0.05). */
  readonly noise?: number;
  /** Names of the classes to use (default: all ten of `syntheticClasses`). */
  readonly classes?: readonly string[];
  /** Default 0. */
  readonly seed?: number;
  /** Stops drawing; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Pictures that are drawn, of all. */
  readonly onProgress?: (done: number, count: number) => void;
}

/** What was drawn into a picture. */
export interface GroundTruth {
  readonly label: number;
  readonly className: string;
  /** Centre of the figure in pixels from the upper left corner of the picture; for an edge a point on it. */
  readonly centre: { readonly x: number; readonly y: number };
  /** Degrees counter-clockwise as seen. For strokes the direction of the stroke, for an edge the direction along it that has the figure's colour on its right. */
  readonly orientation: number;
  /** Radius of the figure in pixels (half the length of a stroke; half the picture for an edge). */
  readonly scale: number;
  /** Half the width of strokes, of the ring and of the cross, in pixels. */
  readonly thickness: number;
  /** Colour of the figure and of what is behind it, one value in 0..1 per channel, before shading and noise. */
  readonly figure: readonly number[];
  readonly background: readonly number[];
  /** uint8 [H, W]: 1 where the centre of the pixel lies in the figure; for an edge, where it lies within one pixel of the edge. */
  readonly mask: Tensor;
}

export interface SyntheticDataset extends Dataset {
  groundTruth(i: number): GroundTruth;
}

/** The ten classes of `synthetic`, in the order of their labels. */
export const syntheticClasses: readonly string[] = figureClasses.map(({ name }) => name);

/**
 * Circles, rings, squares, triangles, crosses, strokes in four directions and edges: random place, size, direction, thickness and colours
 * (dark on light or light on dark), a shaded background and noise. The classes take turns, so every prefix is balanced.
 * The same options give the same pictures. Throws `ArgumentError` for impossible options.
 */
export async function synthetic(options: SyntheticOptions = {}): Promise<TrainAndTest<SyntheticDataset>> {
  checkOptions("synthetic", options, ["train", "test", "size", "channels", "noise", "classes", "seed", "signal", "onProgress"]);
  const { train = 6000, test = 1000 } = options;
  const { onProgress } = options;
  const all = train + test;
  const part = (share: string, count: number, before: number): Promise<SyntheticDataset> =>
    syntheticPart(share, count, { ...options, ...(onProgress && { onProgress: (done: number) => onProgress(before + done, all) }) });
  return { train: await part("train", train, 0), test: await part("test", test, train) };
}

async function syntheticPart(share: string, count: number, options: SyntheticOptions): Promise<SyntheticDataset> {
  const { size = 28, channels = 1, noise = 0.05, seed = 0, classes = syntheticClasses, signal, onProgress } = options;
  const name = `synthetic, ${share}`;
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError(`${name}: ${count} pictures; expected an integer >= 1`);
  if (!Number.isInteger(size) || size < 12) throw new ArgumentError(`${name}: size ${size}; the figures need at least 12 pixels`);
  if (!(noise >= 0)) throw new ArgumentError(`${name}: noise ${noise} must be >= 0`);
  const figures = classes.map((wanted) => {
    const found = figureClasses.find((f) => f.name === wanted);
    if (found === undefined) throw new ArgumentError(`${name}: there is no class "${wanted}"; there are ${syntheticClasses.join(", ")}`);
    return found;
  });
  if (figures.length === 0 || new Set(figures).size !== figures.length)
    throw new ArgumentError(`${name}: classes must be a list without repetition`);

  const generator = (i: number): Random => random(seed).fork(`${share} ${i}`);
  const scene = (i: number): Scene => arrange(figures[i % figures.length], i % figures.length, size, channels, generator(i));
  const step = channels * size * size;
  const images = new Uint8Array(count * step);
  const breathe = breather();
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted();
    images.set(paint(scene(i), size, channels, noise, generator(i).fork("noise")), i * step);
    const breath = breathe();
    if (breath === undefined) continue;
    onProgress?.(i + 1, count);
    await breath;
  }
  const dataset = arraysDataset({
    name,
    images,
    labels: Int32Array.from({ length: count }, (_, i) => i % figures.length),
    imageShape: [channels, size, size],
    classes,
    normalisation: { mean: new Array(channels).fill(0.5), deviation: new Array(channels).fill(0.25) },
  });
  return { ...dataset, groundTruth: (i) => truthOf(scene(checkIndex(i, count, name)), size) };
}

interface Scene extends Omit<GroundTruth, "mask">, PlacedFigure {
  /** Change of the background's brightness across the picture, as slopes per pixel. */
  readonly shading: readonly [number, number];
}

/** Least distance between the grey values of figure and background: visible through shading and noise. */
const leastContrast = 0.35;

/** Draws everything about a picture but its pixels. */
function arrange(shapeClass: FigureClass, label: number, size: number, channels: number, generator: Random): Scene {
  const between = (low: number, high: number): number => low + (high - low) * generator.uniform();
  const orientation = between(...shapeClass.orientation);
  const scale = shapeClass.endless ? size / 2 : size * between(0.22, 0.36);
  const thickness = shapeClass.endless ? 0 : Math.max(1, scale * between(0.13, 0.22));
  // The figure stays inside the picture; an edge passes near the middle, so that both sides show.
  const margin = shapeClass.endless ? size * 0.3 : scale + 1;
  const centre = { x: between(margin, size - margin), y: between(margin, size - margin) };
  const background = Array.from({ length: channels }, () => generator.uniform());
  const figure = contrasting(background, generator);
  const slope = 0.2 / size;
  return {
    shapeClass,
    label,
    className: shapeClass.name,
    centre,
    orientation,
    scale,
    thickness,
    figure,
    background,
    shading: [between(-slope, slope), between(-slope, slope)],
  };
}

/** A colour whose mean differs enough from that of the background. Every second try succeeds at the least, so this ends. */
function contrasting(background: readonly number[], generator: Random): number[] {
  const mean = (colour: readonly number[]): number => colour.reduce((a, b) => a + b, 0) / colour.length;
  for (let attempt = 0; ; attempt++) {
    const colour = background.map(() => generator.uniform());
    if (Math.abs(mean(colour) - mean(background)) >= leastContrast) return colour;
    // Three channels of a middling background rarely differ enough; black or white then does.
    if (attempt === 20) return background.map(() => (mean(background) < 0.5 ? 1 : 0));
  }
}

/** Bytes [C, H, W]. */
function paint(scene: Scene, size: number, channels: number, noise: number, generator: Random): Uint8ClampedArray {
  const plane = size * size;
  const out = new Uint8ClampedArray(channels * plane);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const cover = coverAt(scene, x, y);
      const shade = scene.shading[0] * (x - size / 2) + scene.shading[1] * (y - size / 2);
      for (let c = 0; c < channels; c++) {
        const behind = scene.background[c] + shade;
        const value = behind + cover * (scene.figure[c] - behind) + noise * generator.normal();
        out[c * plane + y * size + x] = value * 255;
      }
    }
  }
  return out;
}

function truthOf(scene: Scene, size: number): GroundTruth {
  const shape: Shape = [size, size];
  const mask = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const distance = distanceAt(scene, x, y);
      mask[y * size + x] = (scene.shapeClass.endless ? Math.abs(distance) <= 1 : distance <= 0) ? 1 : 0;
    }
  }
  const { label, className, centre, orientation, scale, thickness, figure, background } = scene;
  return { label, className, centre, orientation, scale, thickness, figure, background, mask: new Tensor(mask, shape) };
}
