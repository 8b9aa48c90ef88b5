// GIFs: read back by a decoder, and their letters and lines looked at pixel by pixel.
import { decode, decodeFrames } from "modern-gif";
import { describe, expect, test, vi } from "vitest";
import { drawGif, drawRaster } from "../../src/report/animation/index.ts";
import { hasSign, strokesOf } from "../../src/report/animation/strokes.ts";
import type { Mark } from "../../src/report/convolution/drawing.ts";
import {
  backwardWindows,
  type Drawing,
  kernelTiles,
  matrixPicture,
  namedConfigurations,
  planWindow,
  pyramidPicture,
  stepPicture,
} from "../../src/report/convolution/index.ts";
import { looks } from "../../src/report/convolution/palette.ts";

const drawingOf = (...marks: Mark[]): Drawing => ({ width: 40, height: 20, title: "t", description: "d", marks, frames: 1 });
const pixel = ({ data, width }: { data: Uint8Array | Uint8ClampedArray; width: number }, x: number, y: number): number[] => [
  ...data.slice(4 * (y * width + x), 4 * (y * width + x) + 3),
];
const rgb = (hex = ""): number[] => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));

describe("A13 GIF export", () => {
  test("A13 has the drawing's size, one frame per output cell, the asked speed, and repeats", async () => {
    const drawing = stepPicture({ input: [5, 5], kernel: 3, stride: 2, padding: 1 });
    const bytes = await drawGif(drawing, { seconds: 0.7, scale: 0.5 });
    const gif = decode(bytes);
    expect([gif.width, gif.height]).toEqual([Math.round(drawing.width / 2), Math.round(drawing.height / 2)]);
    expect(gif.frames).toHaveLength(9);
    expect(gif.frames.map((f) => f.delay)).toEqual([...new Array(8).fill(700), 2200]);
    expect(gif.looped).toBe(true);
    // What comes out of the file is what was drawn.
    const frames = decodeFrames(bytes);
    for (const f of [0, 4, 8]) {
      const drawn = drawRaster(drawing, f, 0.5);
      let worst = 0;
      for (let i = 0; i < drawn.data.length; i++) worst = Math.max(worst, Math.abs(drawn.data[i] - frames[f].data[i]));
      // 255 colours are enough for flat areas; soft edges may be off by a little.
      expect(worst).toBeLessThan(64);
      const wrong = drawn.data.reduce((n, v, i) => n + (Math.abs(v - frames[f].data[i]) > 8 ? 1 : 0), 0);
      expect(wrong / drawn.data.length).toBeLessThan(0.01);
    }
  });

  test("the same drawing gives the same bytes", async () => {
    const drawing = stepPicture({ input: [3, 3], kernel: 2 });
    expect(await drawGif(drawing)).toEqual(await drawGif(drawing));
  });

  test("flashing, nonsense and giants are refused", async () => {
    const drawing = stepPicture({ input: [3, 3], kernel: 2 });
    await expect(drawGif(drawing, { seconds: 0.1 })).rejects.toThrow(/at least 0.4/);
    await expect(drawGif(drawing, { scale: 0 })).rejects.toThrow(/scale is 0/);
    await expect(drawGif(drawing, { scale: 100 })).rejects.toThrow(/too much for a GIF; an animated SVG has no such limit/);
    await expect(drawGif(drawing, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  test("without the encoder one line says how to get it", async () => {
    vi.resetModules();
    vi.doMock("modern-gif", () => {
      throw new Error("not installed");
    });
    const { drawGif: drawWithout } = await import("../../src/report/animation/gif.ts");
    await expect(drawWithout(stepPicture({ input: [3, 3], kernel: 2 }))).rejects.toThrow(/npm install modern-gif/);
    vi.doUnmock("modern-gif");
    vi.resetModules();
  });
});

describe("drawing pixels", () => {
  test("rectangles, lines and dots land where they say, in their role's colour", () => {
    const raster = drawRaster(
      drawingOf(
        { shape: "rect", role: "input", x: 2, y: 2, width: 10, height: 10 },
        { shape: "rect", role: "tile", x: 20, y: 2, width: 8, height: 8, fill: "#123456" },
        { shape: "dot", role: "point", x: 34, y: 8, radius: 4 },
        { shape: "line", role: "outline", from: [2, 17], to: [38, 17] },
      ),
      0,
    );
    expect([raster.width, raster.height]).toEqual([40, 20]);
    expect(pixel(raster, 7, 7)).toEqual(rgb(looks.input.fill?.[0]));
    expect(pixel(raster, 24, 6)).toEqual([0x12, 0x34, 0x56]);
    expect(pixel(raster, 34, 8)).toEqual(rgb(looks.point.fill?.[0]));
    expect(pixel(raster, 20, 17)).toEqual(rgb(looks.outline.stroke?.[0]));
    expect(pixel(raster, 15, 14)).toEqual([255, 255, 255]);
  });

  test("half a pixel is half covered, and a larger scale draws the same larger", () => {
    const tile: Mark = { shape: "rect", role: "ink", x: 4.5, y: 4, width: 6, height: 6, fill: "#000000" };
    expect(pixel(drawRaster(drawingOf(tile), 0), 4, 6)[0]).toBe(128);
    const large = drawRaster(drawingOf(tile), 0, 2);
    expect([large.width, pixel(large, 9, 12)[0], pixel(large, 8, 12)[0]]).toEqual([80, 0, 255]);
  });

  test("letters leave ink, at their anchor", () => {
    const ink = (anchor: "start" | "middle" | "end"): number => {
      const raster = drawRaster(drawingOf({ shape: "words", role: "ink", x: 20, y: 10, text: "8", size: 14, anchor }), 0);
      let [sum, weight] = [0, 0];
      for (let y = 0; y < 20; y++)
        for (let x = 0; x < 40; x++) {
          const dark = 255 - pixel(raster, x, y)[0];
          sum += dark * (x + 0.5);
          weight += dark;
        }
      expect(weight).toBeGreaterThan(1000);
      return sum / weight;
    };
    const half = (14 * 0.602) / 2;
    expect(ink("middle")).toBeCloseTo(20, 0);
    expect(ink("start")).toBeCloseTo(20 + half, 0);
    expect(ink("end")).toBeCloseTo(20 - half, 0);
  });

  test("dashes have gaps", () => {
    const raster = drawRaster(drawingOf({ shape: "line", role: "padding", from: [0, 10], to: [40, 10] }), 0);
    const darkness = Array.from({ length: 40 }, (_, x) => 255 - pixel(raster, x, 10)[0]);
    expect(darkness.filter((d) => d > 30).length).toBeGreaterThan(10);
    expect(darkness.filter((d) => d < 5).length).toBeGreaterThan(5);
  });
});

test("every sign of every picture has strokes of its own", () => {
  const backward = backwardWindows({ input: [5, 5], kernel: 3 });
  const drawings = [
    ...namedConfigurations.map((c) => stepPicture(c.options)),
    ...[backward.input, backward.kernel].map((o) => stepPicture(o)),
    stepPicture({ kind: "deformable", input: [5, 5], kernel: 3 }),
    stepPicture({ kind: "max pooling", input: [6, 6], kernel: 3, stride: 2, padding: 1, ceilMode: true }),
    stepPicture({ input: [8, 8], kernel: 6, inChannels: 2, outChannels: 2 }),
    matrixPicture(planWindow({ kind: "transposed", input: [2, 2], kernel: 3 })),
    pyramidPicture({ input: 5, layers: [{ kernel: 3, padding: 1 }], show: "sharing" }),
    kernelTiles([{ name: "sobel-x", matrix: [[-1, 0, 1.5e-9]] }]),
  ];
  const signs = new Set(drawings.flatMap((d) => d.marks.flatMap((m) => (m.shape === "words" ? Array.from(m.text) : []))));
  expect(signs.size).toBeGreaterThan(50);
  expect([...signs].filter((sign) => !hasSign(sign))).toEqual([]);
  for (const sign of signs)
    for (const stroke of strokesOf(sign)) for (const [x, y] of stroke) expect(x >= 0 && x <= 4 && y >= 0 && y <= 8).toBe(true);
  // A sign that is missing is seen to be missing.
  expect(strokesOf("漢")).toHaveLength(1);
});
