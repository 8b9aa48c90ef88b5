// A filtered picture to take along: as one SVG with the picture, the kernel's numbers and the response; or moving, the response growing row
// by row while the kernel goes down the picture.
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { drawGif, type GifOptions } from "../animation/gif.ts";
import { html } from "../html.ts";
import { show } from "../range.ts";
import { paint, type Raster, rasterToUri } from "../raster.ts";
import { widthOf } from "./drawing.ts";
import { type FilteredPicture, paintResponse } from "./filters.ts";

export interface FilterFigureWords {
  readonly picture: string;
  readonly kernel: string;
  readonly response: string;
  readonly range: (low: string, high: string) => string;
}

const english: FilterFigureWords = {
  picture: "picture",
  kernel: "kernel",
  response: "response",
  range: (low, high) => `raw range ${low} to ${high}`,
};

const side = 288;
const cell = 44;
const margin = 24;

/** Picture, kernel and response side by side, their pixels not smoothed. `image` is what was filtered, [C, H, W] in 0..1. */
export function filterFigure(image: Tensor, filtered: FilteredPicture, options: { readonly words?: FilterFigureWords } = {}): string {
  checkOptions("filterFigure", options, ["words"]);
  const { words = english } = options;
  const { filter, range } = filtered;
  const [, height, width] = image.shape;
  const scale = side / Math.max(height, width);
  const [wide, high] = [width * scale, height * scale];
  const [rows, columns] = [filter.matrix.length, filter.matrix[0].length];
  const kernelWidth = Math.max(columns * cell, widthOf(words.kernel, 13));
  const top = 72;
  const kernelLeft = margin + wide + 52;
  const right = kernelLeft + kernelWidth + 52;
  const total = { width: right + wide + margin, height: top + Math.max(high, rows * cell) + 48 };
  const kernelTop = top + (Math.max(high, rows * cell) - rows * cell) / 2;
  const head = (x: number, text: string) => html`<text x="${x}" y="${top - 14}" font-size="13" fill="#565b64">${text}</text>`;
  const picture = (x: number, raster: Raster, name: string) =>
    html`<image x="${x}" y="${top}" width="${wide}" height="${high}" preserveAspectRatio="none" image-rendering="pixelated" href="${rasterToUri(raster)}"><title>${name}</title></image>
<rect x="${x}" y="${top}" width="${wide}" height="${high}" fill="none" stroke="#8b9099"/>`;
  const sign = (x: number, text: string) =>
    html`<text x="${x}" y="${top + high / 2}" font-size="22" fill="#565b64" text-anchor="middle">${text}</text>`;
  const said = words.range(show(range.low), show(range.high));
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" width="${total.width}" height="${total.height}" role="img" aria-label="${filter.name}: ${words.response}, ${said}" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" dominant-baseline="central">
<rect width="${total.width}" height="${total.height}" fill="#ffffff"/>
<text x="${margin}" y="28" font-size="16" font-weight="700" fill="#1c1d20">${filter.name}</text>
${head(margin, words.picture)}${picture(margin, paint(image, { range: { low: 0, high: 1 } }), words.picture)}
${sign(kernelLeft - 26, "∗")}${head(kernelLeft, words.kernel)}
${filter.matrix.flatMap((line, r) =>
  line.map(
    (weight, c) =>
      html`<rect x="${kernelLeft + c * cell}" y="${kernelTop + r * cell}" width="${cell}" height="${cell}" fill="${weight > 0 ? "#fbd9b0" : weight < 0 ? "#cfe2f3" : "#ffffff"}" stroke="#d19a5f"/><text x="${kernelLeft + (c + 0.5) * cell}" y="${kernelTop + (r + 0.5) * cell}" font-size="${Math.min(16, (0.86 * cell) / widthOf(show(weight), 1))}" text-anchor="middle" fill="#1c1d20">${show(weight)}</text>`,
  ),
)}
${sign(right - 26, "=")}${head(right, words.response)}${picture(right, paintResponse(filtered), words.response)}
<text x="${right}" y="${top + high + 22}" font-size="12" fill="#565b64">${said}</text>
</svg>
`.text;
}

/** More steps would make the file long without showing more. */
const mostSteps = 24;

/** The bytes of a GIF: the picture with the row that the kernel has come to, and the response up to there. Throws like `drawGif`. */
export function filterGif(
  image: Tensor,
  filtered: FilteredPicture,
  options: Pick<GifOptions, "seconds" | "signal"> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions("filterGif", options, ["seconds", "signal"]);
  const [, height, width] = image.shape;
  if (height !== filtered.response.shape[1] || width !== filtered.response.shape[2])
    throw new ArgumentError(
      `filterGif: the picture has ${height} × ${width} pixels, its response ${filtered.response.shape.slice(1).join(" × ")}`,
    );
  const enlarge = Math.max(1, Math.round(224 / Math.max(height, width)));
  const [before, after] = [paint(image, { range: { low: 0, high: 1 } }), paintResponse(filtered)];
  const frames = Math.min(height, mostSteps);
  const gap = 16;
  const size = { width: 2 * width * enlarge + gap, height: height * enlarge };
  return drawGif(
    { ...size, frames, marks: [], title: filtered.filter.name, description: filtered.filter.description },
    {
      seconds: 0.4,
      ...options,
      rasterise: (_, frame) => compose({ before, after, enlarge, gap }, Math.ceil(((frame + 1) * height) / frames)),
    },
  );
}

interface Pair {
  readonly before: Raster;
  readonly after: Raster;
  readonly enlarge: number;
  readonly gap: number;
}

/** Both pictures enlarged, the second one down to `rows`; an orange line stands under the row that was read last. */
function compose({ before, after, enlarge, gap }: Pair, rows: number): Raster {
  const wide = before.width * enlarge;
  const [width, height] = [2 * wide + gap, before.height * enlarge];
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / enlarge);
    for (let x = 0; x < wide; x++) {
      const from = 4 * (row * before.width + Math.floor(x / enlarge));
      data.set(before.data.subarray(from, from + 4), 4 * (y * width + x));
      if (row < rows) data.set(after.data.subarray(from, from + 4), 4 * (y * width + wide + gap + x));
    }
    if (rows < before.height && (y === rows * enlarge - 1 || y === rows * enlarge))
      for (let x = 0; x < wide; x++) data.set([180, 80, 10, 255], 4 * (y * width + x));
  }
  return { width, height, data };
}
