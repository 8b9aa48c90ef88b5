// Equivariance, measured: does the map of a moved picture equal the moved map of the picture? ‖f(Tx) − T f(x)‖ for shifts, quarter turns and
// enlargements. Convolution has it for shifts alone, and what padding and strides leave of it is what this meter shows.
// Goodfellow, Bengio & Courville, Deep Learning, section 9.2.
import type { Model } from "../../nn/model.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { RunOptions } from "../run.ts";
import { checkMaps, type FeatureMap, layerMap, rearranged } from "./feature-map.ts";

export type PictureTransform =
  /** Down and to the right; what leaves on one side comes back on the other. */
  | { readonly kind: "shift"; readonly rows: number; readonly columns: number }
  /** Quarter turns counter-clockwise; for square pictures and maps. */
  | { readonly kind: "rotation"; readonly quarters: 1 | 2 | 3 }
  /** Enlarged about the centre by a factor >= 1, nearest pixel; the size stays, the rim is lost. */
  | { readonly kind: "scale"; readonly factor: number };

export interface EquivarianceOptions {
  /** Input positions per map position, rows and columns (default 1, 1). */
  readonly stride?: readonly [rows: number, columns: number];
  /** Map positions at every border, and at the seam of a shift, that `interior` leaves out (default 0). */
  readonly margin?: number;
}

export interface EquivarianceReading {
  readonly transform: PictureTransform;
  /** ‖f(Tx) − T f(x)‖ over all positions. */
  readonly error: number;
  /** `error` divided by ‖f(Tx)‖ (0 when both are 0). */
  readonly relative: number;
  /** The same norm without the margin. */
  readonly interior: number;
  /** Whether T moves maps by whole positions. If not, the nearest whole shift was compared, the one that suits f best. */
  readonly whole: boolean;
  /** Norm over the channels at each position, [H', W']. */
  readonly where: Tensor;
}

/** Measures one picture under several transforms. Throws `ArgumentError` for transforms that the picture or the maps cannot take. */
export async function equivariance(
  map: FeatureMap,
  picture: Tensor,
  transforms: readonly PictureTransform[],
  options: EquivarianceOptions = {},
): Promise<EquivarianceReading[]> {
  const { stride = [1, 1], margin = 0 } = options;
  if (!Number.isInteger(margin) || margin < 0) throw new ArgumentError(`equivariance: margin is ${margin}; expected an integer >= 0`);
  const still = await map(picture);
  checkMaps(still, "equivariance: f(x)");
  const readings: EquivarianceReading[] = [];
  for (const transform of transforms) {
    const moved = await map(transformPicture(picture, transform));
    if (!sameShape(moved.shape, still.shape)) {
      throw new ShapeError(`equivariance: f(Tx) is ${showShape(moved.shape)}, but f(x) is ${showShape(still.shape)}`);
    }
    const candidates = onMaps(transform, stride);
    const compared = candidates.map((t) => compare(moved, transformPicture(still, t), t, margin));
    const best = compared.reduce((a, b) => (b.error < a.error ? b : a));
    readings.push({ transform, whole: candidates.length === 1, ...best });
  }
  return readings;
}

export interface LayerEquivarianceOptions extends RunOptions {
  readonly layer: string;
  readonly transforms: readonly PictureTransform[];
  /** Default: how far the layer's field reaches out of the picture, in map positions. */
  readonly margin?: number;
}

/** `equivariance` of a layer of a model; stride and margin follow from the layer's receptive field. */
export async function layerEquivariance(model: Model, picture: Tensor, options: LayerEquivarianceOptions): Promise<EquivarianceReading[]> {
  const { axes } = model.field(options.layer);
  const stride = [axes[0]?.stride || 1, axes[1]?.stride || 1] as const;
  const reach = axes.map(({ size, stride: step, padding }) => Math.ceil(Math.max(padding, size - 1 - padding) / (step || 1)));
  const margin = options.margin ?? Math.max(0, ...reach);
  return equivariance(await layerMap(model, options.layer, options), picture, options.transforms, { stride, margin });
}

/** The transform on maps that belongs to one on pictures; where a shift is no multiple of the stride, the whole shifts around it. */
function onMaps(transform: PictureTransform, [rowStride, columnStride]: readonly [number, number]): PictureTransform[] {
  if (transform.kind !== "shift") return [transform];
  const around = (shift: number): number[] => [...new Set([Math.floor(shift), Math.ceil(shift)])];
  const rows = around(transform.rows / rowStride);
  const columns = around(transform.columns / columnStride);
  return rows.flatMap((r) => columns.map((c): PictureTransform => ({ kind: "shift", rows: r, columns: c })));
}

/** A picture or maps [C, H, W], transformed. */
export function transformPicture(picture: Tensor, transform: PictureTransform): Tensor {
  const [, height, width] = checkMaps(picture, "transformPicture: the picture");
  const source = new Int32Array(height * width);
  const read = sourceOf(transform, height, width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [row, column] = read(y, x);
      source[y * width + x] = row * width + column;
    }
  }
  return rearranged(picture, source, [height, width]);
}

/** Which position of the picture position (y, x) of the result shows. */
function sourceOf(transform: PictureTransform, height: number, width: number): (y: number, x: number) => readonly [number, number] {
  switch (transform.kind) {
    case "shift": {
      const { rows, columns } = transform;
      if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
        throw new ArgumentError(`transformPicture: a shift of (${rows}, ${columns}) is not in whole positions`);
      }
      const back = (at: number, shift: number, size: number): number => (((at - shift) % size) + size) % size;
      return (y, x) => [back(y, rows, height), back(x, columns, width)];
    }
    case "rotation": {
      if (height !== width) throw new ArgumentError(`transformPicture: only squares turn by a quarter; this is ${height} x ${width}`);
      const last = height - 1;
      switch (transform.quarters) {
        case 1:
          return (y, x) => [x, last - y];
        case 2:
          return (y, x) => [last - y, last - x];
        case 3:
          return (y, x) => [last - x, y];
        default:
          throw new ArgumentError(`transformPicture: quarters is ${String(transform.quarters)}; expected 1, 2 or 3`);
      }
    }
    case "scale": {
      const { factor } = transform;
      if (!(factor >= 1)) throw new ArgumentError(`transformPicture: factor is ${factor}; expected a number >= 1`);
      const shrink = (at: number, size: number): number => Math.floor((at + 0.5 - size / 2) / factor + size / 2);
      return (y, x) => [shrink(y, height), shrink(x, width)];
    }
  }
}

function compare(
  a: Tensor,
  b: Tensor,
  transform: PictureTransform,
  margin: number,
): Pick<EquivarianceReading, "error" | "relative" | "interior" | "where"> {
  const [channels, height, width] = checkMaps(a, "equivariance: f(Tx)");
  const inside = isInside(transform, height, width, margin);
  const where = new Float64Array(height * width);
  let [all, interior, size] = [0, 0, 0];
  for (let p = 0; p < where.length; p++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) {
      const at = c * where.length + p;
      sum += (a.data[at] - b.data[at]) ** 2;
      size += a.data[at] ** 2;
    }
    where[p] = Math.sqrt(sum);
    all += sum;
    if (inside(Math.floor(p / width), p % width)) interior += sum;
  }
  const error = Math.sqrt(all);
  return {
    error,
    relative: error === 0 ? 0 : error / Math.sqrt(size),
    interior: Math.sqrt(interior),
    where: new Tensor(where, [height, width]),
  };
}

/** Positions at least `margin` away from the border, now and before they were shifted. */
function isInside(transform: PictureTransform, height: number, width: number, margin: number): (y: number, x: number) => boolean {
  const [rows, columns] = transform.kind === "shift" ? [transform.rows, transform.columns] : [0, 0];
  const within = (at: number, size: number): boolean => at >= margin && at < size - margin;
  return (y, x) => within(y, height) && within(x, width) && within(y - rows, height) && within(x - columns, width);
}
