// PNG files by way of fast-png, with what it leaves to its caller: limits before anything is allocated, checksums,
// palettes, transparency keys and samples of less than a byte.
import { convertIndexedToRgb, type DecodedPng, decode, encode } from "fast-png";
import { ArgumentError, DataError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { checkPictureSize, type DecodeImageOptions, expectPicture, type Picture } from "./picture.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether the bytes begin like a PNG file. */
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** Decodes a PNG file. Throws `DataError`. */
export function decodePng(bytes: Uint8Array, options: DecodeImageOptions = {}): Picture {
  const { name = "PNG" } = options;
  checkHeader(bytes, name, options);
  let png: DecodedPng;
  try {
    png = decode(bytes, { checkCrc: true });
    return unpack(png);
  } catch (cause) {
    throw new DataError(`${name}: the PNG file is damaged or cut off: ${(cause as Error).message}`, {
      cause,
      reason: { kind: "damaged file", file: name, format: "PNG" },
    });
  }
}

export interface EncodePngOptions {
  /** Words that travel with the picture, by keyword: "Title", "Description" ... Latin-1; other characters become "?". */
  readonly text?: Readonly<Record<string, string>>;
}

/** A PNG file of 8 or 16 bits per sample; the same picture gives the same bytes. */
export function encodePng(picture: Picture, options: EncodePngOptions = {}): Uint8Array {
  expectPicture("encodePng", picture);
  checkOptions("encodePng", options, ["text"]);
  const words = Object.entries(options.text ?? {}).map(([keyword, text]) => [keyword, text.replace(/[^\x20-\x7e\xa1-\xff\n]/g, "?")]);
  const { width, height, channels, data } = picture;
  if (data.length !== width * height * channels || data.length === 0) {
    throw new ArgumentError(`encodePng: ${width} x ${height} x ${channels} needs ${width * height * channels} samples, got ${data.length}`);
  }
  return encode(
    { width, height, channels, data, depth: data instanceof Uint16Array ? 16 : 8, text: Object.fromEntries(words) },
    { zlib: { level: 6 } },
  );
}

function checkHeader(bytes: Uint8Array, name: string, options: DecodeImageOptions): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(12) !== 0x49484452) throw new DataError(`${name}: the PNG file has no header (IHDR) chunk`);
  checkPictureSize(view.getUint32(16), view.getUint32(20), name, options);
  const [depth, , , , interlace] = bytes.subarray(24);
  if (interlace !== 0 && depth < 8) {
    throw new DataError(`${name}: an interlaced PNG with ${depth} bits per sample cannot be read; save it without interlacing`);
  }
}

function unpack(png: DecodedPng): Picture {
  const { width, height, depth } = png;
  if (png.palette !== undefined) {
    const data = convertIndexedToRgb(png);
    return { width, height, channels: png.palette[0].length === 4 ? 4 : 3, data };
  }
  const samples = depth < 8 ? widen(png) : (png.data as Uint8Array | Uint16Array);
  const channels = png.channels as Picture["channels"];
  if (samples.length !== width * height * channels) throw new Error(`${samples.length} samples for ${width} x ${height} x ${channels}`);
  const key = png.transparency;
  if (key === undefined || key.length < channels || channels > 3) return { width, height, channels, data: samples };

  // A transparency key names one colour, in samples of the file's depth, as fully transparent.
  const full = depth === 16 ? 65535 : 255;
  const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  const withAlpha = channels + 1;
  const data = depth === 16 ? new Uint16Array(width * height * withAlpha) : new Uint8Array(width * height * withAlpha);
  for (let i = 0; i < width * height; i++) {
    let matches = true;
    for (let c = 0; c < channels; c++) {
      const sample = samples[i * channels + c];
      data[i * withAlpha + c] = sample;
      matches &&= sample === key[c] * scale;
    }
    data[i * withAlpha + channels] = matches ? 0 : full;
  }
  return { width, height, channels: withAlpha as Picture["channels"], data };
}

/** Grey samples of 1, 2 or 4 bits, each row starting at a byte, spread over 0..255. */
function widen({ width, height, depth, data }: DecodedPng): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const largest = 2 ** depth - 1;
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const shift = 8 - depth - (bit % 8);
      out[y * width + x] = ((data[y * rowBytes + (bit >> 3)] >> shift) & largest) * (255 / largest);
    }
  }
  return out;
}
