// Pictures of two figures and what can be said about them: a data set for nets that speak, made without a file and with known truth.
import { ArgumentError } from "../tensor/errors.ts";
import { expectNumbers } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { type Random, random } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  type Caption,
  type CaptionColour,
  type CaptionRelation,
  type CaptionShape,
  captionColours,
  captionRelations,
  captionShapes,
  encodeCaptions,
  showCaption,
} from "./caption-grammar.ts";
import { checkIndex } from "./dataset.ts";
import { coverAt, distanceAt, figureClasses, type PlacedFigure } from "./synthetic-shapes.ts";

export interface CaptionedShapesOptions {
  /** Numbers of training and test pictures (default 1500 and 200). */
  readonly train?: number;
  readonly test?: number;
  /** Standard deviation of the pixel noise, in 0..1 (default 0.03). */
  readonly noise?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** One of the two figures of a picture. */
export interface CaptionedFigure {
  readonly colour: CaptionColour;
  readonly shape: CaptionShape;
  /** Pixels from the upper left corner. */
  readonly centre: { readonly x: number; readonly y: number };
  /** uint8 [32, 40]: 1 where the centre of the pixel lies in the figure. */
  readonly mask: Tensor;
}

export interface CaptionedShapes {
  readonly name: string;
  /** Number of pictures. */
  readonly size: number;
  /** The two figures of picture i: of different colours and shapes. */
  figures(i: number): readonly [CaptionedFigure, CaptionedFigure];
  /** The two captions that are true of picture i; the first is the one it is taught with. */
  captions(i: number): readonly [string, string];
  /** Pictures float32 [n, 3, 32, 40], about −1..1, and the words of their first captions int32 [n, captionLength]. */
  batch(indices: ArrayLike<number>): { readonly pictures: Tensor; readonly words: Tensor };
}

/** Height and width of the pictures: 4 × 5 regions of 8 × 8 pixels. */
export const captionedSize: readonly [height: number, width: number] = [32, 40];

/**
 * Two figures of different shape and colour, one clearly left of, right of, above or below the other, on dark grey with noise. The relations take
 * turns. The same options give the same pictures. Throws `ArgumentError` for impossible options.
 */
export function captionedShapes(options: CaptionedShapesOptions = {}): { readonly train: CaptionedShapes; readonly test: CaptionedShapes } {
  checkOptions("captionedShapes", options, ["train", "test", "noise", "seed"]);
  const { train = 1500, test = 200, noise = 0.03, seed = 0 } = options;
  if (!(noise >= 0)) throw new ArgumentError(`captionedShapes: noise ${noise} must be >= 0`);
  const part = (share: string, count: number): CaptionedShapes => {
    if (!Number.isInteger(count) || count < 1)
      throw new ArgumentError(`captionedShapes: ${count} ${share} pictures; expected an integer >= 1`);
    return captionedPart(`captioned shapes, ${share}`, count, noise, (i) => random(seed).fork(`captions ${share} ${i}`));
  };
  return { train: part("train", train), test: part("test", test) };
}

interface Figure extends PlacedFigure {
  readonly colour: CaptionColour;
  readonly shape: CaptionShape;
}

interface Scene {
  readonly figures: readonly [Figure, Figure];
  /** What the first is to the second. */
  readonly relation: CaptionRelation;
  readonly background: number;
}

function captionedPart(name: string, count: number, noise: number, generator: (i: number) => Random): CaptionedShapes {
  const [height, width] = captionedSize;
  const step = 3 * height * width;
  const scenes = Array.from({ length: count }, (_, i) => arrange(captionRelations[i % captionRelations.length], generator(i)));
  // Bytes, as from a camera, until a net asks for them.
  const bytes = new Uint8ClampedArray(count * step);
  scenes.forEach((scene, i) => void paint(scene, noise, generator(i).fork("noise"), bytes.subarray(i * step, (i + 1) * step)));
  const captions = scenes.map(truths);
  const at = (i: number): number => checkIndex(i, count, name);
  return {
    name,
    size: count,
    figures: (i) => {
      const [first, second] = scenes[at(i)].figures.map(truthOf);
      return [first, second];
    },
    captions: (i) => captions[at(i)],
    batch(indices) {
      expectNumbers("batch", "indices", indices);
      const chosen = Array.from(indices, at);
      const pictures = new Float32Array(chosen.length * step);
      chosen.forEach((i, n) => {
        for (let p = 0; p < step; p++) pictures[n * step + p] = bytes[i * step + p] / 127.5 - 1;
      });
      return {
        pictures: new Tensor(pictures, [chosen.length, 3, height, width]),
        words: encodeCaptions(chosen.map((i) => captions[i][0])),
      };
    },
  };
}

const opposite: Readonly<Record<CaptionRelation, CaptionRelation>> = {
  "left of": "right of",
  "right of": "left of",
  above: "below",
  below: "above",
};

/** Either figure may be spoken of first. */
function truths({ figures: [first, second], relation }: Scene): [string, string] {
  const say = (of: Figure, to: Figure, what: CaptionRelation): Caption => ({
    colour: of.colour,
    shape: of.shape,
    relation: what,
    other: to.shape,
  });
  return [showCaption(say(first, second, relation)), showCaption(say(second, first, opposite[relation]))];
}

function arrange(relation: CaptionRelation, generator: Random): Scene {
  const colours = generator.permutation(captionColours.length);
  const shapes = generator.permutation(captionShapes.length);
  const place = (which: number): Figure => {
    const shape = captionShapes[shapes[which]];
    const shapeClass = figureClasses.find((figure) => figure.name === shape) as PlacedFigure["shapeClass"];
    const between = (low: number, high: number): number => low + (high - low) * generator.uniform();
    const scale = between(5, 6.5);
    const [height, width] = captionedSize;
    return {
      colour: captionColours[colours[which]],
      shape,
      shapeClass,
      scale,
      thickness: 1.5,
      orientation: 0,
      centre: { x: between(scale + 0.5, width - scale - 0.5), y: between(scale + 0.5, height - scale - 0.5) },
    };
  };
  const background = 0.3 * generator.uniform();
  // About one try in ten succeeds.
  for (;;) {
    const figures: [Figure, Figure] = [place(0), place(1)];
    if (relationOf(...figures) === relation) return { figures, relation, background };
  }
}

/** What `a` is to `b`, where they do not overlap in one direction and differ less in the other; undefined where it could be argued about. */
function relationOf(a: Figure, b: Figure): CaptionRelation | undefined {
  const [dx, dy] = [b.centre.x - a.centre.x, b.centre.y - a.centre.y];
  const [far, near] = [Math.max(Math.abs(dx), Math.abs(dy)), Math.min(Math.abs(dx), Math.abs(dy))];
  if (far < a.scale + b.scale || far < 1.5 * near) return undefined;
  if (Math.abs(dx) > Math.abs(dy)) return dx > 0 ? "left of" : "right of";
  return dy > 0 ? "above" : "below";
}

const pigments: Readonly<Record<CaptionColour, readonly [number, number, number]>> = {
  red: [0.9, 0.15, 0.15],
  green: [0.15, 0.75, 0.2],
  blue: [0.2, 0.3, 0.95],
  yellow: [0.9, 0.85, 0.2],
};

/** Fills `out`, [3, height, width]. */
function paint({ figures, background }: Scene, noise: number, generator: Random, out: Uint8ClampedArray): void {
  const [height, width] = captionedSize;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const covers = figures.map((figure) => coverAt(figure, x, y));
      for (let c = 0; c < 3; c++) {
        const value = figures.reduce((behind, { colour }, f) => behind + covers[f] * (pigments[colour][c] - behind), background);
        out[(c * height + y) * width + x] = 255 * (value + noise * generator.normal());
      }
    }
  }
}

function truthOf(figure: Figure): CaptionedFigure {
  const [height, width] = captionedSize;
  const mask = Uint8Array.from({ length: height * width }, (_, p) => (distanceAt(figure, p % width, Math.floor(p / width)) <= 0 ? 1 : 0));
  const { colour, shape, centre } = figure;
  return { colour, shape, centre, mask: new Tensor(mask, [height, width]) };
}
