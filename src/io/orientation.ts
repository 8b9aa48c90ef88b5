// Cameras store pixels as the sensor saw them and note in Exif how the camera was held; whoever ignores it sees people lying down.
import type { Picture } from "./picture.ts";

/**
 * The orientation (1..8) in the body of a JPEG APP1 segment, undefined when there is none.
 * Exif 2.3, section 4.6: a TIFF header, then tag 0x0112 in the first directory.
 */
export function exifOrientation(segment: Uint8Array): number | undefined {
  const isExif = String.fromCharCode(...segment.subarray(0, 6)) === "Exif\0\0";
  if (!isExif || segment.length < 14) return undefined;
  const tiff = new DataView(segment.buffer, segment.byteOffset + 6, segment.byteLength - 6);
  const little = tiff.getUint16(0) === 0x4949;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return undefined;
  const count = tiff.getUint16(directory, little);
  for (let i = 0; i < count; i++) {
    const at = directory + 2 + 12 * i;
    if (at + 12 > tiff.byteLength) return undefined;
    if (tiff.getUint16(at, little) !== 0x0112) continue;
    const value = tiff.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** The picture upright: orientation 1 is upright already, 2..4 mirror or turn it over, 5..8 also swap its axes. */
export function orient(picture: Picture, orientation: number): Picture {
  if (orientation === 1) return picture;
  const { channels, data } = picture;
  const swapped = orientation >= 5;
  const width = swapped ? picture.height : picture.width;
  const height = swapped ? picture.width : picture.height;
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  const out = data instanceof Uint16Array ? new Uint16Array(data.length) : new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const column = swapped ? y : x;
      const row = swapped ? x : y;
      const sourceX = fromRight ? picture.width - 1 - column : column;
      const sourceY = fromBottom ? picture.height - 1 - row : row;
      const source = (sourceY * picture.width + sourceX) * channels;
      const target = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) out[target + c] = data[source + c];
    }
  }
  return { width, height, channels, data: out };
}
