// Picture files of every kind a user may have, written here byte by byte, and damaged ones.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import { decodeImage, encodePng } from "../../src/io/image.ts";
import { orient } from "../../src/io/orientation.ts";
import { type Picture, pictureToTensor, tensorToPicture } from "../../src/io/picture.ts";
import { ArgumentError, DataError, ShapeError } from "../../src/tensor/errors.ts";
import { random, randomUniform } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { rounds } from "../support/long.ts";
import { damaged } from "./damage.ts";

interface PngParts {
  readonly size: readonly [number, number];
  readonly depth: number;
  readonly colourType: number;
  readonly interlace?: number;
  /** Packed rows without filter bytes. */
  readonly rows: readonly (readonly number[])[];
  readonly palette?: readonly number[];
  readonly transparency?: readonly number[];
}

/** A PNG by the letter of its specification, unlike what the encoder under test writes. */
function pngOf({ size: [width, height], depth, colourType, interlace = 0, rows, palette, transparency }: PngParts): Uint8Array {
  const chunk = (type: string, body: readonly number[] | Uint8Array): Buffer => {
    const typed = Buffer.concat([Buffer.from(type, "latin1"), Uint8Array.from(body)]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(typed));
    return Buffer.concat([length, typed, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, interlace], 8);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      chunk("IHDR", header),
      ...(palette ? [chunk("PLTE", palette)] : []),
      ...(transparency ? [chunk("tRNS", transparency)] : []),
      chunk("IDAT", deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])))),
      chunk("IEND", []),
    ]),
  );
}

const grey = (values: readonly number[], [width, height]: readonly [number, number] = [values.length, 1]): Picture => ({
  width,
  height,
  channels: 1,
  data: Uint8Array.from(values),
});

describe("EF5 PNG", () => {
  test("EF5 grey samples of 1, 2, 4, 8 and 16 bits", () => {
    expect(
      decodeImage(
        pngOf({
          size: [10, 2],
          depth: 1,
          colourType: 0,
          rows: [
            [0b10110011, 0b01000000],
            [0, 0b11000000],
          ],
        }),
      ),
    ).toEqual(
      grey(
        [1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1].map((b) => b * 255),
        [10, 2],
      ),
    );
    expect(decodeImage(pngOf({ size: [5, 1], depth: 2, colourType: 0, rows: [[0b00011011, 0b10000000]] }))).toEqual(
      grey([0, 85, 170, 255, 170]),
    );
    expect(decodeImage(pngOf({ size: [3, 1], depth: 4, colourType: 0, rows: [[0x0f, 0x70]] }))).toEqual(grey([0, 255, 119]));
    expect(decodeImage(pngOf({ size: [2, 1], depth: 8, colourType: 0, rows: [[7, 250]] }))).toEqual(grey([7, 250]));
    const deep = decodeImage(pngOf({ size: [2, 1], depth: 16, colourType: 0, rows: [[0x12, 0x34, 0xff, 0xff]] }));
    expect(deep.data).toEqual(Uint16Array.of(0x1234, 0xffff));
    expect(pictureToTensor(deep).data[1]).toBe(1);
  });

  test("EF5 RGB, palette, and alpha on a background", () => {
    expect(decodeImage(pngOf({ size: [1, 1], depth: 8, colourType: 2, rows: [[1, 2, 3]] }))).toEqual({
      width: 1,
      height: 1,
      channels: 3,
      data: Uint8Array.of(1, 2, 3),
    });
    const palette = [255, 0, 0, 0, 255, 0, 0, 0, 255];
    const indexed = decodeImage(pngOf({ size: [3, 2], depth: 2, colourType: 3, palette, rows: [[0b00011000], [0b10010000]] }));
    expect([...indexed.data]).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255, 0, 255, 0, 255, 0, 0]);
    const see = decodeImage(pngOf({ size: [1, 1], depth: 8, colourType: 6, rows: [[255, 0, 0, 51]] }));
    expect([...pictureToTensor(see).data]).toEqual([1, Math.fround(0.8), Math.fround(0.8)]);
    expect([...pictureToTensor(see, { background: [0, 0, 0] }).data]).toEqual([Math.fround(0.2), 0, 0]);
    const greyAlpha = decodeImage(pngOf({ size: [1, 1], depth: 8, colourType: 4, rows: [[0, 0]] }));
    expect(pictureToTensor(greyAlpha).item()).toBeCloseTo(1, 6);
  });

  test("EF5 transparency keys and transparent palette entries", () => {
    const key = decodeImage(pngOf({ size: [2, 1], depth: 8, colourType: 0, transparency: [0, 9], rows: [[9, 8]] }));
    expect(key).toEqual({ width: 2, height: 1, channels: 2, data: Uint8Array.of(9, 0, 8, 255) });
    const packed = decodeImage(pngOf({ size: [2, 2], depth: 4, colourType: 0, transparency: [0, 3], rows: [[0x3f], [0x30]] }));
    expect([...packed.data]).toEqual([51, 0, 255, 255, 51, 0, 0, 255]);
    const indexed = decodeImage(
      pngOf({ size: [2, 1], depth: 8, colourType: 3, palette: [1, 2, 3, 4, 5, 6], transparency: [0], rows: [[0, 1]] }),
    );
    expect(indexed).toEqual({ width: 2, height: 1, channels: 4, data: Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 255) });
  });

  test("EF5 what is written is read back, 8 and 16 bits, 1 to 4 channels, and is the same bytes every time", () => {
    const generator = random(5);
    for (const channels of [1, 2, 3, 4] as const) {
      for (const data of [
        Uint8Array.from({ length: 35 * channels }, () => generator.integer(256)),
        Uint16Array.from({ length: 35 * channels }, () => generator.integer(65536)),
      ]) {
        const picture: Picture = { width: 7, height: 5, channels, data };
        expect(decodeImage(encodePng(picture))).toEqual(picture);
        expect(encodePng(picture)).toEqual(encodePng(picture));
      }
    }
    expect(() => encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(3) })).toThrow(ArgumentError);
  });

  test("EF5 hostile and unreadable PNG files are refused", () => {
    const huge = pngOf({ size: [100_000, 100_000], depth: 8, colourType: 0, rows: [[0]] });
    expect(() => decodeImage(huge, { name: "huge.png" })).toThrow(/^huge\.png: 100000 x 100000 pixels are more than the limit/);
    expect(() => decodeImage(pngOf({ size: [0, 1], depth: 8, colourType: 0, rows: [[0]] }))).toThrow(/0 x 1/);
    expect(() => decodeImage(pngOf({ size: [8, 1], depth: 1, interlace: 1, colourType: 0, rows: [[0]] }))).toThrow(/interlaced/);
    expect(() => decodeImage(pngOf({ size: [4, 4], depth: 8, colourType: 0, rows: [[1, 2, 3, 4]] }))).toThrow(DataError);
    expect(() => decodeImage(Uint8Array.of(0x47, 0x49, 0x46, 0x38), { name: "a.gif" })).toThrow(
      /a\.gif: not a PNG or JPEG file \(4 bytes, beginning with 47 49 46 38\)/,
    );
    expect(() => decodeImage(new Uint8Array(0))).toThrow(/beginning with nothing/);
  });
});

/** A smooth colour picture, so that the JPEG codec is nearly exact on it. */
function jpegOf(width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.set([(255 * x) / width, (255 * y) / height, 128, 255], (y * width + x) * 4);
  return new Uint8Array(jpeg.encode({ width, height, data }, 95).data);
}

/** The same file with an Exif note of the given orientation after its beginning. */
function withOrientation(file: Uint8Array, orientation: number): Uint8Array {
  const exif = [
    0x45,
    0x78,
    0x69,
    0x66,
    0,
    0,
    0x49,
    0x49,
    42,
    0,
    8,
    0,
    0,
    0,
    1,
    0,
    0x12,
    0x01,
    3,
    0,
    1,
    0,
    0,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2, ...exif, ...file.subarray(2)]);
}

/** 17 x 11, progressive, chroma at half resolution, red 15 x, green 23 y, blue 128; written by libgd 2.3.3 with libjpeg. */
const progressiveJpeg =
  "/9j/4AAQSkZJRgABAQEAYABgAAD//gA7Q1JFQVRPUjogZ2QtanBlZyB2MS4wICh1c2luZyBJSkcgSlBFRyB2NjIpLCBxdWFsaXR5ID0gODUK/9sAQwAFAwQE" +
  "BAMFBAQEBQUFBgcMCAcHBwcPCwsJDBEPEhIRDxERExYcFxMUGhURERghGBodHR8fHxMXIiQiHiQcHh8e/9sAQwEFBQUHBgcOCAgOHhQRFB4eHh4eHh4eHh4e" +
  "Hh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4e/8IAEQgACwARAwEiAAIRAQMRAf/EABcAAAMBAAAAAAAAAAAAAAAAAAAFBgf/xAAXAQAD" +
  "AQAAAAAAAAAAAAAAAAADBAUG/9oADAMBAAIQAxAAAAGWe0zwaMaaETdn/8QAGRAAAwEBAQAAAAAAAAAAAAAAAAIDBBIU/9oACAEBAAEFAo4COA8BFFIopwp/" +
  "/8QAGBEAAwEBAAAAAAAAAAAAAAAAAAMFFSH/2gAIAQMBAT8BiWm8Npp//8QAGBEAAgMAAAAAAAAAAAAAAAAAAAMEBRX/2gAIAQIBAT8Bk2jDUYf/xAAVEAEB" +
  "AAAAAAAAAAAAAAAAAAAAMf/aAAgBAQAGPwKIiIj/xAAYEAADAQEAAAAAAAAAAAAAAAAAITEQYf/aAAgBAQABPyGRnnVUVU4z/9oADAMBAAIAAwAAABCT7//E" +
  "ABYRAQEBAAAAAAAAAAAAAAAAAABRcf/aAAgBAwEBPxCw0f/EABURAQEAAAAAAAAAAAAAAAAAABAh/9oACAECAQE/EKi//8QAGBAAAgMAAAAAAAAAAAAAAAAA" +
  "APERIPD/2gAIAQEAAT8QWCgzFO+//9k=";

/** 8 x 8, one component, written by hand: quantisation 8 throughout, one DC coefficient of 64 and no AC: 128 + 64 * 8 / 8 everywhere. */
const greyJpeg = Uint8Array.from([
  ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...new Array<number>(64).fill(8)],
  ...[0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0],
  // DC codes: 0 = no difference, 10 = a difference of 7 bits. AC codes: 0 = end of block.
  ...[0xff, 0xc4, 0, 21, 0x00, 1, 1, ...new Array<number>(14).fill(0), 0, 7],
  ...[0xff, 0xc4, 0, 20, 0x10, 1, ...new Array<number>(15).fill(0), 0],
  ...[0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0, 0b10100000, 0b00111111, 0xff, 0xd9],
]);

describe("EF5 JPEG", () => {
  test("EF5 a single-channel file stays grey, and its one coefficient gives the value that the standard's arithmetic gives", () => {
    expect(decodeImage(greyJpeg)).toEqual(grey(new Array(64).fill(192), [8, 8]));
  });

  test("EF5 a progressive file with halved chroma agrees with libjpeg", () => {
    const picture = decodeImage(Uint8Array.from(Buffer.from(progressiveJpeg, "base64")));
    expect([picture.width, picture.height, picture.channels]).toEqual([17, 11, 3]);
    // libjpeg smooths the chroma between its samples; the decoder here repeats them, hence the tolerance.
    const libjpeg: readonly [number, number, readonly number[]][] = [
      [0, 0, [2, 2, 116]],
      [16, 0, [232, 5, 120]],
      [0, 10, [11, 224, 134]],
      [16, 10, [241, 228, 136]],
      [8, 5, [117, 117, 129]],
    ];
    for (const [x, y, expected] of libjpeg) {
      for (const [c, value] of expected.entries())
        expect(Math.abs(picture.data[(y * 17 + x) * 3 + c] - value), `(${x}, ${y})`).toBeLessThan(16);
    }
  });

  test("EF5 colours come out within the codec's error", () => {
    const picture = decodeImage(jpegOf(24, 17));
    expect([picture.width, picture.height, picture.channels]).toEqual([24, 17, 3]);
    for (let y = 0; y < 17; y++) {
      for (let x = 0; x < 24; x++) {
        const [r, g, b] = picture.data.subarray((y * 24 + x) * 3);
        expect(Math.abs(r - (255 * x) / 24)).toBeLessThan(16);
        expect(Math.abs(g - (255 * y) / 17)).toBeLessThan(16);
        expect(Math.abs(b - 128)).toBeLessThan(16);
      }
    }
  });

  test("EF5 the Exif orientation is obeyed: the corner that the camera called first ends where it belongs", () => {
    const [a, b, c, d] = [1, 2, 3, 4];
    const sensor = grey([a, b, c, d], [2, 2]);
    const upright = {
      1: [a, b, c, d],
      2: [b, a, d, c],
      3: [d, c, b, a],
      4: [c, d, a, b],
      5: [a, c, b, d],
      6: [c, a, d, b],
      7: [d, b, c, a],
      8: [b, d, a, c],
    };
    for (const [orientation, expected] of Object.entries(upright)) {
      expect([...orient(sensor, Number(orientation)).data], orientation).toEqual(expected);
    }
    const file = jpegOf(24, 16);
    const turned = decodeImage(withOrientation(file, 6));
    expect([turned.width, turned.height]).toEqual([16, 24]);
    expect(turned).toEqual(orient(decodeImage(file), 6));
  });

  test("EF5 truncated JPEG files are refused instead of filled with grey", () => {
    const file = jpegOf(64, 64);
    for (const share of [0.02, 0.2, 0.6, 0.9, 0.999]) {
      expect(() => decodeImage(file.slice(0, Math.floor(file.length * share)), { name: "cut.jpg" })).toThrow(
        /^cut\.jpg: the JPEG file is cut off/,
      );
    }
  });

  const photographs = fileURLToPath(new URL("../../../shared/images/", import.meta.url));
  test.skipIf(!existsSync(photographs))("EF5 real photographs are read", async () => {
    for (const name of ["china.jpg", "dog.jpg", "eagle.jpg", "flower.jpg", "rocket.jpg"]) {
      const picture = decodeImage(new Uint8Array(await readFile(photographs + name)), { name });
      expect(picture.width * picture.height, name).toBeGreaterThan(100_000);
      expect(picture.channels).toBe(3);
    }
  });
});

describe("EF5 pictures and tensors", () => {
  test("EF5 RGB planes in 0..1 and back", () => {
    const picture: Picture = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 51, 0, 102, 255) };
    const planes = pictureToTensor(picture);
    expect(planes).toEqual(tensor([[[1, 0]], [[0, 0.4]], [[0.2, 1]]]));
    expect(tensorToPicture(planes)).toEqual(picture);
    expect(pictureToTensor(picture, { channels: 1 }).at(0, 0, 0)).toBeCloseTo(0.299 + 0.114 * 0.2, 6);
    expect(pictureToTensor(grey([51]), { channels: 3 })).toEqual(tensor([[[0.2]], [[0.2]], [[0.2]]]));
  });

  test("EF5 values outside low..high are clipped, and shapes that are no picture refused", () => {
    expect([...tensorToPicture(tensor([[-2, -1, 0, 1, 3, Number.NaN]]), { low: -1, high: 1 }).data]).toEqual([0, 0, 128, 255, 255, 0]);
    expect(() => tensorToPicture(tensor([1]))).toThrow(ShapeError);
    expect(() => tensorToPicture(tensor([[1]]), { low: 1, high: 1 })).toThrow(ArgumentError);
  });
});

test("EF5 fuzz: damaged PNG and JPEG files give a picture or a DataError", () => {
  const colour = encodePng(tensorToPicture(randomUniform([3, 9, 12], random(8))));
  const indexed = pngOf({
    size: [3, 2],
    depth: 2,
    colourType: 3,
    palette: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    transparency: [5],
    rows: [[0b00011000], [0b10010000]],
  });
  for (const [kind, file] of Object.entries({
    colour,
    indexed,
    jpeg: jpegOf(20, 20),
    greyJpeg,
    progressive: Uint8Array.from(Buffer.from(progressiveJpeg, "base64")),
    turned: withOrientation(jpegOf(16, 8), 6),
  })) {
    let refused = 0;
    for (const { what, bytes } of damaged(file, 11, rounds(600))) {
      try {
        decodeImage(bytes, { maxPixels: 100_000 });
      } catch (error) {
        expect(error, `${kind} ${what}: ${String(error)}`).toBeInstanceOf(DataError);
        refused++;
      }
    }
    expect(refused, kind).toBeGreaterThan(rounds(200));
  }
});
