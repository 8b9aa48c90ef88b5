// Random transforms between the picture and the net, so that a picture is good wherever and however it is looked at. All that move pixels -
// crop, scale, turn, flip - are one affine map, read with one bilinear interpolation; the map is fed, so one compiled program serves all.
import { apply, constant, input } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { add, reshape, sub } from "../../ops/index.ts";
import { mixOp } from "../../ops/mix.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Random } from "../../tensor/random.ts";
import { type DType, Tensor } from "../../tensor/tensor.ts";
import { blurMatrix, separably } from "./blur.ts";

export type Transform =
  /** What is read beyond the picture's edge is mid-grey (0.5 of the pixel range) instead of the edge itself. */
  | { readonly kind: "pad" }
  /** A random crop that is so many pixels smaller, so that the picture moves by up to half as many each way. */
  | { readonly kind: "jitter"; readonly pixels: number }
  /** Larger or smaller about the centre, by one of these factors. */
  | { readonly kind: "scale"; readonly factors: readonly number[] }
  /** Turned about the centre by one of these angles, in degrees. An angle that is listed twice is twice as likely. */
  | { readonly kind: "rotate"; readonly degrees: readonly number[] }
  /** Gaussian, with a standard deviation in pixels drawn uniformly from this range. */
  | { readonly kind: "blur"; readonly sigma: readonly [low: number, high: number] }
  /** Left for right, every other time. For data that may be mirrored: never for digits. */
  | { readonly kind: "flip" };

const range = (low: number, high: number, step: number): number[] =>
  Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step);

/**
 * What pictures of this size can stand: strengths grow with the size (u = size/16), and from 128 pixels on pictures are turned as well.
 * `flip` for data sets that may be mirrored.
 */
export function standardTransforms([height, width]: readonly [number, number], options: { readonly flip?: boolean } = {}): Transform[] {
  const size = Math.min(height, width);
  const jitter = (pixels: number): Transform => ({ kind: "jitter", pixels });
  const flip: Transform[] = options.flip === true ? [{ kind: "flip" }] : [];
  if (size >= 128) {
    const turns = [...range(-10, 10, 1), 0, 0, 0, 0, 0];
    return [
      { kind: "pad" },
      jitter(8),
      { kind: "scale", factors: range(0.9, 1.1, 0.02) },
      { kind: "rotate", degrees: turns },
      jitter(4),
      ...flip,
    ];
  }
  const u = Math.max(1, Math.round(size / 16));
  return [
    { kind: "pad" },
    ...[2 * u, 2 * u, 4 * u, 4 * u, 4 * u].map(jitter),
    { kind: "scale", factors: range(0.92, 0.96, 0.01) },
    { kind: "blur", sigma: [1, 1.1] },
    jitter(u),
    jitter(u),
    ...flip,
  ];
}

/** Throws `ArgumentError` for strengths that make no sense. */
export function checkTransforms(transforms: readonly Transform[]): void {
  for (const t of transforms) {
    const wrong =
      (t.kind === "jitter" && !(Number.isInteger(t.pixels) && t.pixels >= 0)) ||
      (t.kind === "scale" && (t.factors.length === 0 || !t.factors.every((f) => f > 0 && Number.isFinite(f)))) ||
      (t.kind === "rotate" && (t.degrees.length === 0 || !t.degrees.every(Number.isFinite))) ||
      (t.kind === "blur" && !(t.sigma[0] > 0 && t.sigma[1] >= t.sigma[0] && Number.isFinite(t.sigma[1])));
    if (wrong || !["pad", "jitter", "scale", "rotate", "blur", "flip"].includes(t.kind)) {
      throw new ArgumentError(
        `maximise: the transform ${JSON.stringify(t)} is none; expected pad, flip, jitter of a whole number of pixels, scale by factors > 0, rotate by degrees, or blur with 0 < sigma`,
      );
    }
  }
}

/** Where output pixels are read: input = centre + matrix · (output - centre) + offset, [row, column]. */
export interface Placement {
  readonly matrix: readonly [number, number, number, number];
  readonly offset: readonly [rows: number, columns: number];
  /** Standard deviation of the blur, 0 for none. */
  readonly sigma: number;
}

export const untransformed: Placement = { matrix: [1, 0, 0, 1], offset: [0, 0], sigma: 0 };

/** One draw. Every displacement is 0 in the mean. */
export function drawPlacement(transforms: readonly Transform[], generator: Random): Placement {
  let [a, b, c, d] = untransformed.matrix;
  let [down, across] = untransformed.offset;
  let variance = 0;
  // Reading through `next` first and through all before it afterwards: matrices multiply from the right.
  const turn = (m: readonly [number, number, number, number]): void => {
    [a, b, c, d] = [a * m[0] + b * m[2], a * m[1] + b * m[3], c * m[0] + d * m[2], c * m[1] + d * m[3]];
  };
  const pick = (list: readonly number[]): number => list[generator.integer(list.length)];
  for (const t of transforms) {
    if (t.kind === "jitter") {
      const [y, x] = [drawShift(generator, t.pixels), drawShift(generator, t.pixels)];
      [down, across] = [down + a * y + b * x, across + c * y + d * x];
    } else if (t.kind === "scale") {
      const factor = pick(t.factors);
      turn([1 / factor, 0, 0, 1 / factor]);
    } else if (t.kind === "rotate") {
      const angle = (pick(t.degrees) * Math.PI) / 180;
      turn([Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle)]);
    } else if (t.kind === "flip") {
      if (generator.integer(2) === 1) turn([1, 0, 0, -1]);
    } else if (t.kind === "blur") {
      variance += (t.sigma[0] + (t.sigma[1] - t.sigma[0]) * generator.uniform()) ** 2;
    }
  }
  return { matrix: [a, b, c, d], offset: [down, across], sigma: Math.sqrt(variance) };
}

/** Offset of a random crop from the middle one, which an odd crop has two of. */
export function drawShift(generator: Random, pixels: number): number {
  const middle = pixels % 2 === 0 ? pixels / 2 : (pixels - 1) / 2 + generator.integer(2);
  return generator.integer(pixels + 1) - middle;
}

/** The four pixels that every output pixel reads, and their shares: int32 and float, [1, 1, 4, height · width]. */
export function taps(
  { matrix: [a, b, c, d], offset }: Placement,
  [height, width]: readonly [number, number],
  padded: boolean,
  dtype: DType,
): [Tensor, Tensor] {
  const plane = height * width;
  const indices = new Int32Array(4 * plane);
  const shares = new Float64Array(4 * plane);
  const [middleRow, middleColumn] = [(height - 1) / 2, (width - 1) / 2];
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const [y, x] = [i - middleRow, j - middleColumn];
      const row = settled(middleRow + a * y + b * x + offset[0]);
      const column = settled(middleColumn + c * y + d * x + offset[1]);
      writeTaps({ row, column, at: i * width + j }, [height, width], padded, indices, shares);
    }
  }
  return [new Tensor(indices, [1, 1, 4, plane]), new Tensor(shares, [1, 1, 4, plane]).cast(dtype)];
}

/**
 * Writes which four pixels (row, column) lies between, and their bilinear shares, for output `at` into lists of four rows. Beyond the edge, pixels
 * count for nothing where the picture is `padded`; otherwise the edge itself is read.
 */
export function writeTaps(
  { row, column, at }: { readonly row: number; readonly column: number; readonly at: number },
  [height, width]: readonly [number, number],
  padded: boolean,
  indices: Int32Array,
  shares: Float64Array,
): void {
  const outputs = indices.length / 4;
  const clamp = (i: number, size: number): number => (padded ? i : Math.min(size - 1, Math.max(0, i)));
  const [top, left] = [Math.floor(row), Math.floor(column)];
  for (let tap = 0; tap < 4; tap++) {
    const [lower, right] = [tap >> 1, tap & 1];
    const [r, k] = [clamp(top + lower, height), clamp(left + right, width)];
    const share = (lower ? row - top : 1 - row + top) * (right ? column - left : 1 - column + left);
    const inside = r >= 0 && r < height && k >= 0 && k < width;
    indices[tap * outputs + at] = inside && share > 0 ? r * width + k : -1;
    shares[tap * outputs + at] = inside ? share : 0;
  }
}

/** Whole shifts stay whole: a centre between two pixels must not smear them by rounding. */
function settled(position: number): number {
  const whole = Math.round(position);
  return Math.abs(position - whole) < 1e-9 ? whole : position;
}

/** What the net is shown of the pictures at every step: the part of the program that makes it, and what that is fed with. */
export interface Views {
  /** Of each picture. */
  readonly copies: number;
  /** [N, C, H, W] to [N · copies, C, H, W]; acts on copies, never on the pictures. */
  apply(pictures: Value): Value;
  /** One draw; `progress` runs from 0 at the first step to 1 at the last. */
  draw(generator: Random, progress: number): Record<string, Tensor>;
  /** Feeds under which the pictures are shown as they are; absent where they never are. */
  readonly still: Record<string, Tensor> | undefined;
}

export interface Transforming extends Views {
  feeds(placement: Placement): Record<string, Tensor>;
}

/** `grey` is 0.5 of the pixel range as the net sees it, one number per channel. */
export function transforming(
  transforms: readonly Transform[],
  [channels, height, width]: readonly number[],
  grey: readonly number[],
  dtype: DType,
): Transforming {
  const has = (...kinds: Transform["kind"][]): boolean => transforms.some(({ kind }) => kinds.includes(kind));
  const moved = has("jitter", "scale", "rotate", "flip");
  const blurred = has("blur");
  const padded = has("pad");
  const feedShape = [1, 1, 4, height * width];
  const beyond = constant(new Tensor(Float64Array.from(grey), [1, channels, 1, 1]).cast(dtype));
  const feeds = (placement: Placement): Record<string, Tensor> => {
    const fed: Record<string, Tensor> = {};
    if (moved) [fed.taps, fed.shares] = taps(placement, [height, width], padded, dtype);
    if (blurred) {
      fed.rows = blurMatrix(height, placement.sigma, dtype);
      fed.columns = blurMatrix(width, placement.sigma, dtype);
    }
    return fed;
  };
  return {
    copies: 1,
    feeds,
    draw: (generator) => feeds(drawPlacement(transforms, generator)),
    still: feeds(untransformed),
    apply(pictures) {
      const [batch] = pictures.shape;
      let result = pictures;
      if (moved) {
        // All pictures and channels are read alike, so they are the channels of one; grey is 0 while they are.
        const planes = reshape(padded ? sub(pictures, beyond) : pictures, [1, batch * channels, height * width]);
        const read = apply<Value>(mixOp, [planes, input("taps", feedShape, "int32"), input("shares", feedShape, dtype)]);
        const back = reshape(read, pictures.shape);
        result = padded ? add(back, beyond) : back;
      }
      return blurred ? separably(result, input("rows", [height, height], dtype), input("columns", [width, width], dtype)) : result;
    },
  };
}
