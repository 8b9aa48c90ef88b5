// The photographs of /work/shared as Pillow and torchvision see them (tools/golden_photos.py): decoding, Exif, antialiased shrinking, grey.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeImage, pictureToInput, pictureToTensor, preprocessingProfile } from "../../src/io/index.ts";
import type { Tensor } from "../../src/tensor/index.ts";

const folder = `${process.env.FOVEA_SHARED ?? "/work/shared"}/images`;

interface Summary {
  readonly shape: readonly number[];
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

interface Rows extends Summary {
  readonly rows: readonly { readonly channel: number; readonly row: number; readonly values: readonly number[] }[];
}

/** One of 255. Pillow rounds to whole levels after each pass of a resize; we do not round at all. */
const level = 1 / 255;

const { photos } = JSON.parse(readFileSync(new URL("../golden/photos.json", import.meta.url), "utf8")) as {
  readonly photos: readonly { readonly name: string; readonly decoded: Summary; readonly imagenet: Rows; readonly grey: Rows }[];
};

describe.skipIf(!existsSync(folder))("photographs of /work/shared", () => {
  describe.each(photos)("EF5 $name", ({ name, decoded, imagenet, grey }) => {
    const picture = existsSync(folder) ? decodeImage(readFileSync(`${folder}/${name}.jpg`), { name }) : undefined;
    const given = (): NonNullable<typeof picture> => picture as NonNullable<typeof picture>;

    test("has the size and the colours that Pillow decodes", () => {
      compareStatistics(pictureToTensor(given(), { channels: 3 }), decoded, level);
    });

    test("becomes what torchvision makes of it for ImageNet's networks", () => {
      const input = pictureToInput(given(), [3, 224, 224], preprocessingProfile("imagenet"));
      compareStatistics(input, imagenet, level / 0.225);
      // libjpeg spreads chroma smoothly, jpeg-js does not: single pixels differ by some levels.
      compareRows(input, imagenet, (4 * level) / 0.225);
    });

    test("becomes the same small grey picture", () => {
      const input = pictureToInput(given(), [1, 28, 28], preprocessingProfile("unit"));
      compareStatistics(input, grey, level);
      compareRows(input, grey, 1.2 * level);
    });
  });
});

function compareStatistics({ shape, data }: Tensor, expected: Summary, unit: number): void {
  expect(shape).toEqual(expected.shape);
  const plane = shape[1] * shape[2];
  for (let c = 0; c < shape[0]; c++) {
    const values = Float64Array.from(data.subarray(c * plane, (c + 1) * plane));
    const mean = values.reduce((a, b) => a + b, 0) / plane;
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / plane);
    // Colours that are cut off instead of rounded would be half a level too dark.
    expect(Math.abs(mean - expected.mean[c])).toBeLessThan(0.3 * unit);
    expect(Math.abs(deviation - expected.deviation[c])).toBeLessThan(0.5 * unit);
  }
}

function compareRows({ shape, data }: Tensor, { rows }: Rows, most: number): void {
  const differences = rows.flatMap(({ channel, row, values }) =>
    values.map((v, i) => Math.abs(v - data[(channel * shape[1] + row) * shape[2] + 8 * i])),
  );
  expect(Math.max(...differences)).toBeLessThan(most);
}
