// All filtered versions of one picture side by side, each with its kernel as numbers, its raw range and its colour scale.
import { resizeImage } from "../../io/resample.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { diverging } from "../colour.ts";
import { legend } from "../figure.ts";
import { html, Markup } from "../html.ts";
import { writePage } from "../page.ts";
import { show, showRange } from "../range.ts";
import { paint, type Raster, rasterToUri } from "../raster.ts";
import type { Section } from "../sections.ts";
import { type FilteredPicture, paintResponse } from "./filters.ts";
import { kernelTiles } from "./kernels.ts";
import { drawSvg } from "./svg.ts";

export interface FilterPageData {
  /** File name of the picture. */
  readonly name: string;
  /** [C, H, W] in 0..1. */
  readonly image: Tensor;
  readonly results: readonly FilteredPicture[];
  /** Whether kernels were turned by 180 degrees first. */
  readonly flipped: boolean;
}

/** Longer sides are shrunk on the page; the files beside it keep every pixel. */
const longest = 900;

/** The page as text: self-contained, no script. */
export function writeFilterPage({ name, image, results, flipped }: FilterPageData): string {
  const [channels, height, width] = image.shape;
  const scale = Math.min(1, longest / Math.max(height, width));
  const small = (t: Tensor): Tensor =>
    scale === 1 ? t : resizeImage(t, Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale)));
  const what = channels === 1 ? "its brightness" : "red, green and blue one by one";
  const header = html`<header class="top"><div class="wrap"><p class="over">fovea filter</p><h1>${name}</h1>
<p class="lede">${width} × ${height} pixels, ${what}, through ${results.length} ${results.length === 1 ? "kernel" : "kernels"}. Each output pixel is the sum of its neighbours, weighted by the kernel${flipped ? ", which is turned by 180 degrees first" : " as it is printed"}. Pixels count 0 to 1; beyond the border the picture repeats its edge.</p></div></header>`;
  const original = html`<figure>${photo(paint(small(image), { range: { low: 0, high: 1 } }), `${name}, as it was filtered`)}<figcaption>the picture, as it was filtered</figcaption></figure>`;
  const sections: Section[] = [
    {
      id: "side-by-side",
      title: "Side by side",
      body: html`<div class="tiles explained" style="grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr))">${original}
${results.map((result) => card(result, scale === 1 ? paintResponse(result) : paintResponse({ ...result, response: small(result.response) })))}</div>`,
    },
  ];
  const notes = scale < 1 ? [`Shown at ${Math.round(100 * scale)} %; the PNG files beside this page keep every pixel.`] : [];
  return writePage({
    title: `${name}, filtered`,
    description: `${name} through ${results.map((r) => r.filter.name).join(", ")}`,
    header,
    sections,
    notes,
  });
}

/** A photograph is smoothed when it is shrunk; pages otherwise show pixels as they are. */
function photo(raster: Raster, alt: string): Markup {
  return html`<img style="image-rendering:auto" src="${rasterToUri(raster)}" alt="${alt}" width="${raster.width}" height="${raster.height}">`;
}

function card({ filter, range, meanSize, shown, response }: FilteredPicture, raster: Raster): Markup {
  const { name, matrix, description, signed } = filter;
  const tiles = drawSvg(kernelTiles([{ name, matrix }], { title: `Kernel ${name}`, cell: matrix[0].length > 3 ? 26 : 32, bare: true }), {
    theme: "inline",
  });
  const single = response.shape[0] === 1;
  const scale = signed
    ? single
      ? legend(diverging, shown)
      : `mid-grey is 0, white ${show(shown.high)}, black ${show(shown.low)}`
    : "black 0, white 1";
  return html`<figure>${photo(raster, `${name}: ${description}; response ${showRange(range)}`)}
<figcaption><b>${name}</b>: ${description}<br>raw response ${showRange(range)}, mean size ${show(meanSize)}<br>${scale}</figcaption>${new Markup(tiles)}</figure>`;
}
