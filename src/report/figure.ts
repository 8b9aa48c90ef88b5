// Pictures with words: an image element with its text alternative, a colour scale in raw units, and crops with their padding marked.
import type { Example } from "../lens/records.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { zeros } from "../tensor/tensor.ts";
import { type ColourMap, toHex } from "./colour.ts";
import { type Content, html, type Markup } from "./html.ts";
import { type Range, show } from "./range.ts";
import { cellOf, type Denormalisation, denormalise, paint, type Raster, rasterToUri, sheet } from "./raster.ts";

export type Normalisation = Denormalisation | undefined;

/** An `img` that is enlarged without smoothing; `alt` is required because a picture without words is lost on some readers. */
export function image(raster: Raster, alt: string): Markup {
  return html`<img src="${rasterToUri(raster)}" alt="${alt}" width="${raster.width}" height="${raster.height}">`;
}

/** A painted map as an `img`. Signed maps are near-white at 0, which a dark page turns round: blue stays blue, and 0 becomes the page. */
export function mapImage({ raster, colours }: { readonly raster: Raster; readonly colours: ColourMap }, alt: string): Markup {
  return html`<img${colours.signed && html` class="signed"`} src="${rasterToUri(raster)}" alt="${alt}" width="${raster.width}" height="${raster.height}">`;
}

/** A `figure` element with its caption. */
export function figure(content: Markup, ...caption: readonly Content[]): Markup {
  return html`<figure>${content}<figcaption>${caption}</figcaption></figure>`;
}

/** A picture as a person would see it before normalisation, in 0..1; without known normalisation, stretched over its own range. */
export function photograph(tensor: Tensor, normalisation: Normalisation): Raster {
  const channels = tensor.shape[0];
  // More than three channels have no colours of their own: their mean stands for them.
  const shown = channels === 1 || channels === 3 ? tensor : sumOverChannels(tensor, 1 / channels);
  return normalisation === undefined || shown !== tensor
    ? paint(shown)
    : paint(denormalise(tensor, normalisation), { range: { low: 0, high: 1 } });
}

/** [C, H, W] -> [H, W]: what the channels say together, times `scale`. */
export function sumOverChannels(tensor: Tensor, scale = 1): Tensor {
  const [channels, height, width] = tensor.shape;
  const sum = zeros([height, width], "float64");
  for (let c = 0; c < channels; c++) for (let p = 0; p < height * width; p++) sum.data[p] += scale * tensor.data[c * height * width + p];
  return sum;
}

/** The colours of a map from its low to its high end, with the raw numbers that they stand for. */
export function legend(map: ColourMap, range: Range, unit = ""): Markup {
  const stops = Array.from({ length: 13 }, (_, i) => toHex(map.at(i / 12)));
  const numbers = map.signed ? [range.low, 0, range.high] : [range.low, range.high];
  const words = map.signed
    ? `Colour scale: blue is ${show(range.low)}, the colour of the page is 0, orange is ${show(range.high)}`
    : `Colour scale from ${show(range.low)} to ${show(range.high)}`;
  return html`<div class="${map.signed ? "legend signed-scale" : "legend"}" role="img" aria-label="${`${words}${unit === "" ? "" : ` (${unit})`}`}">
<i style="background:linear-gradient(to right,${stops.join(",")})"></i>
<span aria-hidden="true">${numbers.map((n) => html`<b>${show(n)}</b>`)}</span>${unit !== "" && html`<em aria-hidden="true">${unit}</em>`}
</div>`;
}

/** Two greys in stripes: no picture looks like this, so nobody takes padding for content. */
function hatch(row: number, column: number): number {
  return (row + column) % 4 < 2 ? 150 : 185;
}

/** What a unit saw; where its box leaves the picture, the padding is hatched. */
export function paintCrop(example: Example, normalisation: Normalisation): Raster {
  const raster = photograph(example.crop, normalisation);
  const [, height, width] = example.picture.shape;
  const { box } = example;
  for (let row = 0; row < box.height; row++) {
    for (let column = 0; column < box.width; column++) {
      const [y, x] = [box.top + row, box.left + column];
      if (y >= 0 && x >= 0 && y < height && x < width) continue;
      const shade = hatch(row, column);
      raster.data.set([shade, shade, Math.min(255, shade + 12), 255], 4 * (row * box.width + column));
    }
  }
  return raster;
}

/** The pictures as one contact sheet, each with its unit's receptive field framed. */
export function framedSheet(examples: readonly Example[], normalisation: Normalisation, columns: number): Markup {
  const rasters = examples.map((e) => photograph(e.picture, normalisation));
  return contactSheet(rasters, columns, `${examples.length} strongest pictures, receptive fields framed`, examples, (i, x, y) => {
    const { box, picture } = examples[i];
    const [, height, width] = picture.shape;
    const [top, left] = [Math.max(0, box.top), Math.max(0, box.left)];
    const [bottom, right] = [Math.min(height, box.top + box.height), Math.min(width, box.left + box.width)];
    return html`<rect class="box" x="${x + left}" y="${y + top}" width="${right - left}" height="${bottom - top}"/>`;
  });
}

/** What the unit saw in each picture, as one contact sheet; padding is hatched. */
export function cropSheet(examples: readonly Example[], normalisation: Normalisation, columns: number): Markup {
  const rasters = examples.map((e) => paintCrop(e, normalisation));
  return contactSheet(rasters, columns, `What the unit saw in the ${examples.length} strongest pictures`, examples, () => html``);
}

function contactSheet(
  rasters: readonly Raster[],
  columns: number,
  title: string,
  examples: readonly Example[],
  overlay: (i: number, x: number, y: number) => Markup,
): Markup {
  const gap = Math.max(1, Math.round(rasters[0].width / 14));
  const whole = sheet(rasters, { columns, gap });
  const details = examples.map((e) => `picture ${e.index}: activation ${show(e.activation)}`);
  return html`<svg class="sheet" viewBox="0 0 ${whole.width} ${whole.height}" role="img" aria-label="${`${title}. ${details.join("; ")}.`}"><image href="${rasterToUri(whole)}" width="${whole.width}" height="${whole.height}"/>${examples.map(
    (e, i) => {
      const { x, y } = cellOf(i, rasters[0], columns, gap);
      return html`<g><title>${`picture ${e.index}, label ${e.label}, activation ${show(e.activation)} at (${e.position.join(", ")})`}</title><rect class="hit" x="${x}" y="${y}" width="${rasters[0].width}" height="${rasters[0].height}"/>${overlay(i, x, y)}</g>`;
    },
  )}</svg>`;
}

/** A two-dimensional slice of weights or a feature map, painted over a range shared with its neighbours. */
export function tile(tensor: Tensor, map: ColourMap, range: Range, alt: string, name: Content): Markup {
  return figure(mapImage({ raster: paint(tensor, { map, range }), colours: map }, alt), name);
}
