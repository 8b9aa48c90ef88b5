// Equivariance, measured: does the map of a moved picture equal the moved map of the picture? ‖f(Tx) − T f(x)‖ for shifts, turns and
// enlargements. Convolution has it for shifts alone, and what padding and strides leave of it is what this meter shows.
// Goodfellow, Bengio & Courville, Deep Learning, section 9.2.
import type { Model } from "../../nn/model.ts";
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { sameShape, showShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { RunOptions } from "../run.ts";
import { checkMaps, type FeatureMap, layerMap } from "./feature-map.ts";
import { isRearranging, type PictureTransform, sourceOf, transformPicture } from "./picture-transform.ts";

export interface EquivarianceOptions {
  /** Input positions per map position, rows and columns (default 1, 1). */
  readonly stride?: readonly [rows: number, columns: number];
  /** Map positions at every border, and at the seam of a shift, that `interior` leaves out (default 0). */
  readonly margin?: number;
}

export interface EquivarianceReading {
  readonly transform: PictureTransform;
  /** What was done to the maps: a shift in their own positions. */
  readonly onMaps: PictureTransform;
  /** ‖f(Tx) − T f(x)‖ over all positions. */
  readonly error: number;
  /** `error` divided by ‖f(Tx)‖ (0 when both are 0). */
  readonly relative: number;
  /** The same norm without the margin, and without what comes from outside of the picture. */
  readonly interior: number;
  /** `interior` divided by ‖f(Tx)‖ over the same positions (0 when both are 0, or when there are none). */
  readonly relativeInterior: number;
  /** How many positions those are. */
  readonly inside: number;
  /**
   * Whether T moves maps by whole positions. If not, a shift by whole pixels is compared with the nearest whole shift of the maps, the one that
   * suits f best; a shift by parts of a pixel with the maps mixed in the same parts.
   */
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
    readings.push({ transform, whole: candidates.length === 1 && (transform.kind !== "shift" || isRearranging(candidates[0])), ...best });
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

/** The transform on maps that belongs to one on pictures; where a whole shift is no multiple of the stride, the whole shifts around it. */
function onMaps(transform: PictureTransform, [rowStride, columnStride]: readonly [number, number]): PictureTransform[] {
  if (transform.kind !== "shift") return [transform];
  if (!isRearranging(transform)) return [{ kind: "shift", rows: transform.rows / rowStride, columns: transform.columns / columnStride }];
  const around = (shift: number): number[] => [...new Set([Math.floor(shift), Math.ceil(shift)])];
  const rows = around(transform.rows / rowStride);
  const columns = around(transform.columns / columnStride);
  return rows.flatMap((r) => columns.map((c): PictureTransform => ({ kind: "shift", rows: r, columns: c })));
}

function compare(
  a: Tensor,
  b: Tensor,
  transform: PictureTransform,
  margin: number,
): Pick<EquivarianceReading, "onMaps" | "error" | "relative" | "interior" | "relativeInterior" | "inside" | "where"> {
  const [channels, height, width] = checkMaps(a, "equivariance: f(Tx)");
  const inside = isInside(transform, height, width, margin);
  const where = new Float64Array(height * width);
  let [all, interior, size, insideSize, count] = [0, 0, 0, 0, 0];
  for (let p = 0; p < where.length; p++) {
    let [sum, own] = [0, 0];
    for (let c = 0; c < channels; c++) {
      const at = c * where.length + p;
      sum += (a.data[at] - b.data[at]) ** 2;
      own += a.data[at] ** 2;
    }
    where[p] = Math.sqrt(sum);
    all += sum;
    size += own;
    if (inside(Math.floor(p / width), p % width)) {
      interior += sum;
      insideSize += own;
      count += 1;
    }
  }
  const share = (difference: number, of: number): number => (difference === 0 ? 0 : Math.sqrt(difference / of));
  return {
    onMaps: transform,
    error: Math.sqrt(all),
    relative: share(all, size),
    interior: Math.sqrt(interior),
    relativeInterior: share(interior, insideSize),
    inside: count,
    where: new Tensor(where, [height, width]),
  };
}

/** Positions at least `margin` away from the border, now and before they were moved, and whose surroundings were all in the picture. */
function isInside(transform: PictureTransform, height: number, width: number, margin: number): (y: number, x: number) => boolean {
  const within = ([y, x]: readonly [number, number], from: number): boolean =>
    y >= from && x >= from && y <= height - 1 - from && x <= width - 1 - from;
  const source = (y: number, x: number): readonly [number, number] => sourceOf(transform, [y, x], [height, width]);
  const corners = [-margin, margin].flatMap((down) => [-margin, margin].map((right) => [down, right] as const));
  return (y, x) =>
    within([y, x], margin) && within(source(y, x), margin) && corners.every(([down, right]) => within(source(y + down, x + right), 0));
}
