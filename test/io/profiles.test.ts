// Preprocessing: against torchvision's transforms (tools/golden_preprocessing.py), and the profiles' own arithmetic.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Picture } from "../../src/io/picture.ts";
import { pictureToInput } from "../../src/io/prepare.ts";
import { likelyPreprocessing, preprocessingProfile, preprocessingProfiles } from "../../src/io/profiles.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { architectures } from "../../src/zoo/index.ts";

const golden = JSON.parse(readFileSync(new URL("../golden/preprocessing.json", import.meta.url), "utf8")) as readonly {
  readonly height: number;
  readonly width: number;
  readonly rows: readonly (readonly number[])[];
}[];

/** The same pixels as the generator's. */
function patterned(height: number, width: number): Picture {
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([7 * x + 3 * y, x * y, x * x + 5 * y], (y * width + x) * 3);
  }
  return { width, height, channels: 3, data };
}

describe("EF9 preprocessing", () => {
  test.each(golden)(
    "EF9 $height x $width becomes what torchvision's Resize, CenterCrop and Normalize make of it",
    ({ height, width, rows }) => {
      const out = pictureToInput(patterned(height, width), [3, 28, 28], preprocessingProfile("imagenet"));
      const places = [0, 13, 27];
      for (const [c, row] of rows.entries()) {
        const start = (c * 28 + places[c]) * 28;
        // Pillow rounds to bytes after each of its two passes.
        const tolerance = 1.2 / 255 / preprocessingProfiles.imagenet.deviation[c];
        for (const [x, value] of row.entries()) expect(Math.abs(out.data[start + x] - value)).toBeLessThan(tolerance);
      }
    },
  );

  test("EF9 caffe is BGR, 0..255, minus the mean", () => {
    const red: Picture = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 51, 0) };
    const out = pictureToInput(red, [3, 1, 1], preprocessingProfile("caffe"));
    for (const [i, value] of [0 - 104, 51 - 117, 255 - 123].entries()) expect(out.data[i]).toBeCloseTo(value, 3);
  });

  test.each([
    ["bgr mean=104,117,123", [-104, 51 - 117, 255 - 123]],
    ["rgb scale=1/255 mean=0.5 std=0.5", [1, -0.6, -1]],
    ["rgb", [255, 51, 0]],
    ["unit", [1, 0.2, 0]],
    ["tf", [1, -0.6, -1]],
    ["raw", [255, 51, 0]],
  ])('EF9 "%s"', (text, expected) => {
    const red: Picture = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 51, 0) };
    const out = pictureToInput(red, [3, 1, 1], preprocessingProfile(text));
    for (const [i, value] of expected.entries()) expect(out.data[i]).toBeCloseTo(value, 3);
  });

  test.each(["nonsense", "bgr mean=1,2", "rgb mean=a", "rgb std=0", "rgb keep=2", "rgb mean", "grey mean=1,2,3", "imagenet mean=3"])(
    'PR15 "%s" is refused with what is possible',
    (text) => {
      expect(() => preprocessingProfile(text)).toThrow(ArgumentError);
      expect(() => preprocessingProfile(text)).toThrow(text);
    },
  );

  test("PR15 a net that takes no picture says what it takes", () => {
    expect(() => pictureToInput(patterned(2, 2), [4, 2, 2])).toThrow(ShapeError);
    expect(() => pictureToInput(patterned(2, 2), [10])).toThrow(/\[10\]/);
  });
});

describe("LF4 the likely profile of a net whose past is unknown", () => {
  test("is ImageNet's for every architecture of the zoo that was designed for ImageNet, and for none of the others", () => {
    for (const { name, inputShape, classes } of architectures) {
      const likely = likelyPreprocessing(inputShape, classes);
      expect(likely?.name, name).toBe(classes === 1000 ? "imagenet" : undefined);
    }
  });

  test("allows for a class that stands for none of them, and asks for pictures of ImageNet's kind", () => {
    expect(likelyPreprocessing([3, 299, 299], 1001)).toBe(preprocessingProfiles.imagenet);
    expect(likelyPreprocessing([1, 224, 224], 1000)).toBeUndefined();
    expect(likelyPreprocessing([3, 32, 32], 1000)).toBeUndefined();
    expect(likelyPreprocessing([3, 224, 224], 21_841)).toBeUndefined();
  });
});
