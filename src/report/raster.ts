// Tensors become small pictures, one pixel per number; the page enlarges them without smoothing. Sheets put many pictures into one.
import { encodePng } from "../io/png.ts";
import { ShapeError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { showShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type ColourMap, grey, notANumber } from "./colour.ts";
import { defaultRange, positionIn, type Range } from "./range.ts";

/** Pixels in row-major order, four bytes each: red, green, blue, opacity. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface PaintOptions {
  /** Default grey. Ignored by three-channel pictures, whose channels are red, green and blue. */
  readonly map?: ColourMap;
  /** Raw values of the map's two ends (default: what the tensor spans; symmetric about 0 for signed maps). */
  readonly range?: Range;
}

/**
 * Paints [H, W], [1, H, W] or, as colour, [3, H, W]. Throws `ShapeError` for other shapes.
 */
export function paint(tensor: Tensor, options: PaintOptions = {}): Raster {
  checkOptions("paint", options, ["map", "range"]);
  const { map = grey, range = defaultRange(map, tensor) } = options;
  const [height, width] = tensor.shape.slice(-2);
  const channels = tensor.rank === 3 ? tensor.shape[0] : 1;
  if (tensor.rank < 2 || tensor.rank > 3 || (channels !== 1 && channels !== 3)) {
    throw new ShapeError(`paint: ${showShape(tensor.shape)} is not a picture; expected [H, W], [1, H, W] or [3, H, W]`);
  }
  const pixels = width * height;
  const data = new Uint8Array(4 * pixels).fill(255);
  // Photographs are painted while people wait: no array is made per pixel but the colour itself.
  for (let p = 0; p < pixels; p++) {
    if (channels === 1) {
      const colour = map.at(positionIn(range, tensor.data[p]));
      for (let c = 0; c < 3; c++) data[4 * p + c] = colour[c];
    } else for (let c = 0; c < 3; c++) data[4 * p + c] = greyLevel(positionIn(range, tensor.data[c * pixels + p]));
  }
  return { width, height, data };
}

/** What `grey` gives, as one number. */
function greyLevel(t: number): number {
  return Number.isNaN(t) ? notANumber[0] : Math.round(255 * Math.min(1, Math.max(0, t)));
}

/** How pixels became what the net saw, as far as it matters for going back. */
export interface Denormalisation {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** "bgr" for nets that take blue first (default: red first). */
  readonly channels?: "grey" | "rgb" | "bgr";
}

/** The picture that a network saw, as it was before normalisation: 0..1 per channel, red first. */
export function denormalise(image: Tensor, normalisation?: Denormalisation): Tensor {
  if (normalisation === undefined) return image;
  const { mean, deviation, channels } = normalisation;
  const restored = image.clone();
  const [count] = image.shape;
  const pixels = image.size / count;
  for (let c = 0; c < count; c++) {
    const from = channels === "bgr" ? count - 1 - c : c;
    for (let p = 0; p < pixels; p++) restored.data[c * pixels + p] = image.data[from * pixels + p] * deviation[from] + mean[from];
  }
  return restored;
}

export interface SheetOptions {
  readonly columns?: number;
  /** Transparent pixels between pictures. */
  readonly gap?: number;
}

/** Where picture `i` of a sheet stands. */
export function cellOf(i: number, cell: { width: number; height: number }, columns: number, gap: number): { x: number; y: number } {
  return { x: (i % columns) * (cell.width + gap), y: Math.floor(i / columns) * (cell.height + gap) };
}

/** Pictures side by side in rows; the cell is the largest picture, and smaller ones stand at its top left. */
export function sheet(rasters: readonly Raster[], options: SheetOptions = {}): Raster {
  checkOptions("sheet", options, ["columns", "gap"]);
  const { columns = Math.ceil(Math.sqrt(rasters.length)), gap = 1 } = options;
  const cell = { width: Math.max(1, ...rasters.map((r) => r.width)), height: Math.max(1, ...rasters.map((r) => r.height)) };
  const rows = Math.max(1, Math.ceil(rasters.length / columns));
  const width = columns * (cell.width + gap) - gap;
  const height = rows * (cell.height + gap) - gap;
  const data = new Uint8Array(4 * width * height);
  rasters.forEach((raster, i) => {
    const { x, y } = cellOf(i, cell, columns, gap);
    for (let row = 0; row < raster.height; row++) {
      data.set(raster.data.subarray(4 * row * raster.width, 4 * (row + 1) * raster.width), 4 * ((y + row) * width + x));
    }
  });
  return { width, height, data };
}

/** The bytes of a PNG file with this picture; `text` travels with it, by keyword, as `encodePng` takes it. */
export function rasterToPng(raster: Raster, text: Readonly<Record<string, string>> = {}): Uint8Array {
  return encodePng({ ...raster, channels: 4 }, { text });
}

/** A `data:` address that stands in for a file, so that a page needs nothing but itself. */
export function rasterToUri(raster: Raster): string {
  let binary = "";
  for (const byte of rasterToPng(raster)) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}
