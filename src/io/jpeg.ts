// JPEG files by way of jpeg-js, with what it leaves to its caller: limits before anything is allocated, truncation (it would fill
// the rest with grey), single-channel files, the orientation in which the camera was held, and colours that are rounded: it cuts them
// off, which makes every picture half a level darker than the same picture in Pillow, torchvision or a browser.
import jpeg from "jpeg-js";
import type { ErrorReason } from "../tensor/error-reasons.ts";
import { DataError } from "../tensor/errors.ts";
import { exifOrientation, orient } from "./orientation.ts";
import { checkPictureSize, type DecodeImageOptions, type Picture } from "./picture.ts";

/** jpeg-js keeps every coefficient as 32 bits, so a large photograph needs much; this is enough for 60 megapixels. */
const memoryLimitMegabytes = 1024;

/** Whether the bytes begin like a JPEG file. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** Decodes a JPEG file to grey or RGB, upright. Throws `DataError`. */
export function decodeJpeg(bytes: Uint8Array, options: DecodeImageOptions = {}): Picture {
  const { name = "JPEG" } = options;
  const header = readHeader(bytes, name);
  checkPictureSize(header.width, header.height, name, options);
  let decoded: { width: number; height: number; data: Uint8Array };
  try {
    // Without Adobe's note the decoder does as it is told about colours.
    decoded = jpeg.decode(header.components === 3 ? without(bytes, header.adobe) : bytes, {
      useTArray: true,
      formatAsRGBA: false,
      ...(header.components === 3 && { colorTransform: false }),
      tolerantDecoding: false,
      maxMemoryUsageInMB: memoryLimitMegabytes,
    });
  } catch (cause) {
    throw new DataError(`${name}: the JPEG file is damaged: ${(cause as Error).message}`, { cause, reason: damaged(name) });
  }
  const { width, height, data } = decoded;
  if (header.components === 3 && header.adobe?.transform !== 0) fromYCbCr(data);
  const picture: Picture =
    header.components === 1
      ? { width, height, channels: 1, data: data.filter((_, i) => i % 3 === 0) }
      : { width, height, channels: 3, data };
  return orient(picture, header.orientation);
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly orientation: number;
  /** Adobe's APP14 segment: where it is, and whether colours are YCbCr (1) or RGB (0). */
  readonly adobe: { readonly from: number; readonly to: number; readonly transform: number } | undefined;
}

/** The bytes without one segment. */
function without(bytes: Uint8Array, segment: { readonly from: number; readonly to: number } | undefined): Uint8Array {
  if (segment === undefined) return bytes;
  const rest = new Uint8Array(bytes.length - (segment.to - segment.from));
  rest.set(bytes.subarray(0, segment.from));
  rest.set(bytes.subarray(segment.to), segment.from);
  return rest;
}

/** YCbCr to RGB in place, rounded and clipped. ITU-T T.871, section 7. */
function fromYCbCr(data: Uint8Array): void {
  const rgb = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [y, blue, red] = [data[i], data[i + 1] - 128, data[i + 2] - 128];
    rgb[i] = y + 1.402 * red;
    rgb[i + 1] = y - 0.344136 * blue - 0.714136 * red;
    rgb[i + 2] = y + 1.772 * blue;
  }
}

const damaged = (file: string): ErrorReason => ({ kind: "damaged file", file, format: "JPEG" });

/** Walks the segments up to the first scan. ITU-T T.81, annex B. */
function readHeader(bytes: Uint8Array, name: string): Header {
  const cutOff = (where: string): DataError => new DataError(`${name}: the JPEG file is cut off ${where}`, { reason: damaged(name) });
  let frame: Omit<Header, "orientation" | "adobe"> | undefined;
  let adobe: Header["adobe"];
  let orientation = 1;
  for (let at = 2; ; ) {
    if (at + 4 > bytes.length) throw cutOff("before the picture begins");
    if (bytes[at] !== 0xff)
      throw new DataError(`${name}: the JPEG file is damaged: byte ${at} should begin a segment`, { reason: damaged(name) });
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    const body = bytes.subarray(at + 4, at + 2 + length);
    const next = at + 2 + length;
    if (length < 2 || next > bytes.length) throw cutOff(`in the segment at byte ${at}`);
    // Start of frame: C0..CF without C4 (Huffman tables), C8 (reserved) and CC (arithmetic conditioning).
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      if (body.length < 6) throw cutOff(`in the frame header at byte ${at}`);
      if (marker > 0xc2) throw new DataError(`${name}: only baseline and progressive JPEG can be read, not type SOF${marker - 0xc0}`);
      frame = { height: (body[1] << 8) | body[2], width: (body[3] << 8) | body[4], components: body[5] };
    } else if (marker === 0xe1) {
      orientation = exifOrientation(body) ?? orientation;
    } else if (marker === 0xee && body.length >= 12 && String.fromCharCode(...body.subarray(0, 5)) === "Adobe") {
      adobe = { from: at, to: next, transform: body[11] };
    } else if (marker === 0xda) {
      if (frame === undefined) throw new DataError(`${name}: the JPEG file has no frame header before its first scan`);
      if (!hasEnd(bytes, next)) throw cutOff(`in the picture data: no end marker after byte ${next}`);
      return { ...frame, orientation, adobe };
    }
    at = next;
  }
}

/** Inside scan data every FF is followed by 00 or a marker, so FF D9 after the first scan's beginning is the end of the picture. */
function hasEnd(bytes: Uint8Array, from: number): boolean {
  for (let i = bytes.length - 2; i >= from; i--) {
    if (bytes[i] === 0xff && bytes[i + 1] === 0xd9) return true;
  }
  return false;
}
