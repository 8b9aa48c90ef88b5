// One door for picture files: recognised by content, the same pixels in Node and in the browser (a browser's own decoder
// may apply colour profiles, and then the same net sees different numbers).
import { DataError } from "../tensor/errors.ts";
import { expectBytes } from "../tensor/expect.ts";
import { checkOptions } from "../tensor/options.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import type { DecodeImageOptions, Picture } from "./picture.ts";
import { decodePng, isPng } from "./png.ts";

export type { DecodeImageOptions, Picture } from "./picture.ts";
export { type EncodePngOptions, encodePng } from "./png.ts";

/**
 * Decodes a PNG or JPEG file. PNG: all colour types, 1 to 16 bits, alpha kept. JPEG: baseline and progressive, upright by its Exif note.
 * Throws `DataError` when the file is of another kind, damaged, cut off or too large.
 */
export function decodeImage(bytes: Uint8Array, options: DecodeImageOptions = {}): Picture {
  expectBytes("decodeImage", bytes);
  checkOptions("decodeImage", options, ["name", "maxPixels"]);
  if (isPng(bytes)) return decodePng(bytes, options);
  if (isJpeg(bytes)) return decodeJpeg(bytes, options);
  const beginning = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, "0")).join(" ");
  throw new DataError(
    `${options.name ?? "picture"}: not a PNG or JPEG file (${bytes.length} bytes, beginning with ${beginning || "nothing"})`,
    { reason: { kind: "not this format", file: options.name ?? "picture", format: "PNG, JPEG" } },
  );
}

/** Whether a file name looks like a picture that `decodeImage` can read. */
export function isImageName(name: string): boolean {
  return /\.(png|jpe?g)$/i.test(name);
}
