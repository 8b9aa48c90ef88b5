// The way back from what a net saw to what a person saw.
import { expect, test } from "vitest";
import { preprocessingProfile } from "../../src/io/index.ts";
import { pictureToInput } from "../../src/io/prepare.ts";
import { denormalise } from "../../src/report/raster.ts";

test.each(["imagenet", "caffe", "raw", "tf"])(
  "EF9 a picture prepared by the profile %s comes back as it was, colours in their places",
  (name) => {
    const data = Uint8Array.from({ length: 27 }, (_, i) => (i * 37) % 256);
    const profile = { ...preprocessingProfile(name), kept: 1 };
    const back = denormalise(pictureToInput({ width: 3, height: 3, channels: 3, data }, [3, 3, 3], profile), profile);
    for (let c = 0; c < 3; c++) for (let p = 0; p < 9; p++) expect(back.data[c * 9 + p]).toBeCloseTo(data[3 * p + c] / 255, 5);
  },
);
