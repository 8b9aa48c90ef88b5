// A drawing as an animated GIF, for places that show no SVG: chats, slides, issue threads. The encoder is a package of its own that only
// this file loads, and only when a GIF is asked for.
import { ArgumentError, FoveaError, ShapeError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Drawing } from "../convolution/drawing.ts";
import type { Raster } from "../raster.ts";
import { drawRaster } from "./canvas.ts";

/** The package that encodes GIFs is not installed; the message says how to get it. */
export class MissingPackageError extends FoveaError {
  override readonly code = "MISSING_PACKAGE";
}

export interface GifOptions {
  /** Seconds per frame (default 1); the last frame stays 1.5 seconds longer. At least 0.4, so that nothing flashes. */
  readonly seconds?: number;
  /** Pixels per unit of the drawing (default 1). */
  readonly scale?: number;
  readonly signal?: AbortSignal;
  /** How frames become pixels (default `drawRaster`, whose letters are Latin and Greek; a page that has fonts can draw any). */
  readonly rasterise?: (drawing: Drawing, frame: number, scale: number) => Raster | Promise<Raster>;
}

/** More pixels than this in all frames together would take minutes and give a file that nobody sends. */
const mostPixels = 400e6;

/** The bytes of a GIF that repeats for ever. Throws `MissingPackageError` without the package modern-gif, `ArgumentError` when it would be huge. */
export async function drawGif(drawing: Drawing, options: GifOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions("drawGif", options, ["seconds", "scale", "signal", "rasterise"]);
  const { seconds = 1, scale = 1, signal, rasterise = drawRaster } = options;
  if (!(seconds >= 0.4)) throw new ArgumentError(`drawGif: ${seconds} seconds per frame; expected at least 0.4, so that nothing flashes`);
  if (!(scale > 0)) throw new ArgumentError(`drawGif: scale is ${scale}; expected a number above 0`);
  const width = Math.round(drawing.width * scale);
  const height = Math.round(drawing.height * scale);
  if (width * height * drawing.frames > mostPixels)
    throw new ArgumentError(
      `drawGif: ${drawing.frames} frames of ${width} × ${height} pixels are too much for a GIF; an animated SVG has no such limit`,
    );
  const { encode } = await loadEncoder();
  const frames = [];
  for (let frame = 0; frame < drawing.frames; frame++) {
    signal?.throwIfAborted();
    const { data } = await rasterise(drawing, frame, scale);
    if (data.length !== 4 * width * height)
      throw new ShapeError(`drawGif: frame ${frame} has ${data.length} bytes; ${width} × ${height} pixels need ${4 * width * height}`);
    const delay = 1000 * (seconds + (frame === drawing.frames - 1 ? 1.5 : 0));
    frames.push({ data: new Uint8ClampedArray(data.buffer as ArrayBuffer, data.byteOffset, data.length), width, height, delay });
  }
  return new Uint8Array(await encode({ width, height, frames, looped: true, loopCount: 0, maxColors: 255 }));
}

async function loadEncoder(): Promise<typeof import("modern-gif")> {
  try {
    return await import("modern-gif");
  } catch (cause) {
    throw new MissingPackageError("GIF files need the package modern-gif: npm install modern-gif (or write an animated SVG)", { cause });
  }
}
