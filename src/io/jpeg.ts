// JPEG files by way of jpeg-js, with what it leaves to its caller: limits before anything is allocated, truncation (it would fill
// the rest with grey), single-channel files, and the orientation in which the camera was held.
import jpeg from "jpeg-js";
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
    decoded = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxMemoryUsageInMB: memoryLimitMegabytes,
    });
  } catch (cause) {
    throw new DataError(`${name}: the JPEG file is damaged: ${(cause as Error).message}`, { cause });
  }
  const { width, height, data } = decoded;
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
}

/** Walks the segments up to the first scan. ITU-T T.81, annex B. */
function readHeader(bytes: Uint8Array, name: string): Header {
  const cutOff = (where: string): DataError => new DataError(`${name}: the JPEG file is cut off ${where}`);
  let frame: Omit<Header, "orientation"> | undefined;
  let orientation = 1;
  for (let at = 2; ; ) {
    if (at + 4 > bytes.length) throw cutOff("before the picture begins");
    if (bytes[at] !== 0xff) throw new DataError(`${name}: the JPEG file is damaged: byte ${at} should begin a segment`);
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
    } else if (marker === 0xda) {
      if (frame === undefined) throw new DataError(`${name}: the JPEG file has no frame header before its first scan`);
      if (!hasEnd(bytes, next)) throw cutOff(`in the picture data: no end marker after byte ${next}`);
      return { ...frame, orientation };
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
