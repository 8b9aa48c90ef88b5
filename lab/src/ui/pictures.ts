// Pictures that the reader brings: from a file, the clipboard, a link or the camera, as the numbers 0..1 that rooms work with.
// Three things can go wrong, and each is said by its own name.
import type { Picture } from "../state/session.svelte.ts";

export type PictureTrouble = "not reachable" | "not an image" | "not permitted";

/** Why there is no picture. `what` is the file, the link or the camera's own words. */
export class PictureError extends Error {
  readonly trouble: PictureTrouble;
  readonly what: string;

  constructor(trouble: PictureTrouble, what: string) {
    super(`${what}: ${trouble}`);
    this.name = "PictureError";
    this.trouble = trouble;
    this.what = what;
  }
}

export interface PictureOptions {
  /** Longest side in pixels; larger pictures are made smaller (default 256). */
  readonly most?: number;
  /** One channel of brightness instead of three of colour (default false). */
  readonly grey?: boolean;
}

export type Drawable = ImageBitmap | HTMLCanvasElement | HTMLVideoElement;

/** Part of a drawable, [x, y, width, height] in its pixels. */
export type Part = readonly [x: number, y: number, width: number, height: number];

/** What a file holds. Throws `PictureError`. */
export async function pictureOfBlob(blob: Blob, name: string, options: PictureOptions = {}): Promise<Picture> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  } catch {
    throw new PictureError("not an image", name);
  }
  try {
    return pictureOf(bitmap, name, options);
  } finally {
    bitmap.close();
  }
}

/** What lies at an address: the page's own server, or data that stands in the link itself. Throws `PictureError`. */
export async function pictureOfAddress(address: string, options: PictureOptions = {}): Promise<Picture> {
  const short = address.length > 60 ? `${address.slice(0, 57)}...` : address;
  let response: Response;
  try {
    response = await fetch(address);
  } catch {
    throw new PictureError("not reachable", short);
  }
  if (!response.ok) throw new PictureError("not reachable", `${short} (${response.status})`);
  return pictureOfBlob(await response.blob(), short, options);
}

/** The pixels of something that a canvas can draw, or of a part of it. */
export function pictureOf(source: Drawable, name: string, options: PictureOptions = {}, part: Part = wholeOf(source)): Picture {
  const { most = 256, grey = false } = options;
  const [x, y, width, height] = part;
  const scale = Math.min(1, most / Math.max(width, height));
  const size = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))] as const;
  const canvas = new OffscreenCanvas(size[1], size[0]);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new PictureError("not reachable", name);
  // What is transparent is seen on white, as everywhere else.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, size[1], size[0]);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, x, y, width, height, 0, 0, size[1], size[0]);
  return { name, pixels: pixelsOf(context.getImageData(0, 0, size[1], size[0]), grey) };
}

function wholeOf(source: Drawable): Part {
  if (source instanceof HTMLVideoElement) return [0, 0, source.videoWidth, source.videoHeight];
  return [0, 0, source.width, source.height];
}

/** The middle square: what a square net sees of a camera. */
export function middleSquare(width: number, height: number): Part {
  const side = Math.min(width, height);
  return [(width - side) / 2, (height - side) / 2, side, side];
}

function pixelsOf({ data, width, height }: ImageData, grey: boolean): Picture["pixels"] {
  const plane = width * height;
  const pixels = new Float32Array(grey ? plane : 3 * plane);
  for (let i = 0; i < plane; i++) {
    const [red, green, blue] = [data[4 * i] / 255, data[4 * i + 1] / 255, data[4 * i + 2] / 255];
    if (grey) pixels[i] = 0.299 * red + 0.587 * green + 0.114 * blue;
    else {
      pixels[i] = red;
      pixels[plane + i] = green;
      pixels[2 * plane + i] = blue;
    }
  }
  return { shape: [grey ? 1 : 3, height, width], data: pixels };
}

/** The camera, or why there is none. Throws `PictureError`; stop the stream's tracks when done. */
export async function openCamera(): Promise<MediaStream> {
  // Browsers hide the camera from pages that are neither local nor encrypted.
  if (navigator.mediaDevices === undefined) throw new PictureError("not permitted", location.protocol);
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 } }, audio: false });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : String(error);
    throw new PictureError(name === "NotAllowedError" || name === "SecurityError" ? "not permitted" : "not reachable", name);
  }
}
