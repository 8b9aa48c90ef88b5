// A map of attribution as a picture: alone, over the picture that it explains, and as a drawing with its legend. The colours always stand for raw
// numbers: two maps painted over one range can be compared.
import { attributionMethod } from "../lens/attribute.ts";
import type { AttributionMethod } from "../lens/attribution/index.ts";
import type { Attribution } from "../lens/records.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type ColourMap, diverging, sequential, toHex } from "./colour.ts";
import { type Normalisation, photograph, sumOverChannels } from "./figure.ts";
import { html } from "./html.ts";
import { percentileRange, positionIn, type Range, rangeOf, show, showRange } from "./range.ts";
import { paint, type Raster, rasterToUri } from "./raster.ts";

export interface PaintedMap {
  readonly raster: Raster;
  /** Blue against orange around 0 for signed maps, dark to bright for the others. */
  readonly colours: ColourMap;
  /** What the ends of the colours mean, in raw numbers. */
  readonly range: Range;
  /** The smallest and the largest number that is drawn: channels are added up. */
  readonly drawn: Range;
  /** Whether there is nothing to see: the picture is even. */
  readonly isZero: boolean;
}

/** Squares of small numbers are smaller still: below this an unsigned map counts as zero. */
const unsignedZero = 1e-10;

/** The map as one plane: channels are added up. */
export function planeOf(map: Tensor): Tensor {
  return map.rank === 3 ? sumOverChannels(map) : map;
}

/**
 * The range that these planes are drawn over together: symmetric about 0 for signed ones; from 0 for the others, or from their smallest number where 0 is far
 * away from all of them. Undefined where they are numerically zero.
 */
export function commonRange(planes: readonly Tensor[], signed: boolean): Range | undefined {
  if (signed) return percentileRange(planes);
  const { low, high } = rangeOf(...planes);
  if (!(high > unsignedZero)) return undefined;
  const floating = low > high / 2 && high - low > 1e-3 * high;
  return { low: floating ? low : 0, high };
}

/** Whether negative values of a method's maps mean something. Maps of unknown methods are taken for signed. */
export function isSigned(method: string): boolean {
  try {
    return attributionMethod(method as AttributionMethod).signed;
  } catch {
    return true;
  }
}

/** Paints a map over `range`, or over its own. */
export function paintMap(map: Tensor, signed: boolean, range?: Range): PaintedMap {
  const plane = planeOf(map);
  const colours = signed ? diverging : sequential;
  const found = range ?? commonRange([plane], signed);
  const ends = found ?? { low: signed ? -1 : 0, high: 1 };
  const drawn = rangeOf(plane);
  if (found !== undefined) return { raster: paint(plane, { map: colours, range: ends }), colours, range: ends, drawn, isZero: false };
  const empty = plane.clone();
  empty.data.fill(0);
  return { raster: paint(empty, { map: colours, range: ends }), colours, range: ends, drawn, isZero: true };
}

/** A map as it is drawn: summed over channels, over its own range; `range` says what full colour means. */
export function paintAttribution({ map, method }: Attribution): PaintedMap {
  return paintMap(map, isSigned(method));
}

/** The picture in pale grey, so that colours laid over it can be read. */
export function paleGrey(picture: Tensor, normalisation: Normalisation): Raster {
  const { width, height, data } = photograph(picture, normalisation);
  const out = new Uint8Array(data.length).fill(255);
  for (let p = 0; p < width * height; p++) {
    const grey = 0.2126 * data[4 * p] + 0.7152 * data[4 * p + 1] + 0.0722 * data[4 * p + 2];
    out.fill(Math.round(70 + (185 * grey) / 255), 4 * p, 4 * p + 3);
  }
  return { width, height, data: out };
}

/** The map's colours, the more transparent the nearer the value is to 0 (or to the low end of an unsigned range). */
export function transparentMap(map: Tensor, { colours, range, isZero }: PaintedMap): Raster {
  const plane = planeOf(map);
  const [height, width] = plane.shape;
  const data = new Uint8Array(4 * width * height);
  if (isZero) return { width, height, data };
  for (let p = 0; p < width * height; p++) {
    const t = Math.min(1, Math.max(0, positionIn(range, plane.data[p])));
    const strength = colours.signed ? Math.abs(2 * t - 1) : t;
    data.set(colours.at(t), 4 * p);
    data[4 * p + 3] = Number.isNaN(plane.data[p]) ? 255 : Math.round(225 * strength ** (colours.signed ? 0.4 : 0.6));
  }
  return { width, height, data };
}

/** `top` laid over `ground`, which is opaque and of the same size. */
export function layOver(ground: Raster, top: Raster): Raster {
  const data = ground.data.slice();
  for (let i = 0; i < data.length; i += 4) {
    const share = top.data[i + 3] / 255;
    for (let c = 0; c < 3; c++) data[i + c] = Math.round(data[i + c] * (1 - share) + top.data[i + c] * share);
  }
  return { ...ground, data };
}

/** The map over the picture in pale grey. */
export function overlay(picture: Tensor, map: Tensor, painted: PaintedMap, normalisation: Normalisation): Raster {
  return layOver(paleGrey(picture, normalisation), transparentMap(map, painted));
}

export interface DrawingOptions {
  /** What the picture is called. */
  readonly name: string;
  readonly normalisation?: Normalisation;
}

/** A drawing that stands alone: the map over the picture, a legend in raw numbers, and in words what it is. SVG text. */
export function drawAttribution(picture: Tensor, attribution: Attribution, { name, normalisation }: DrawingOptions): string {
  const { method, target, score, map, range: raw } = attribution;
  const painted = paintAttribution(attribution);
  const { colours, range, isZero } = painted;
  const { title, cites, caveat } = methodInWords(method);
  const width = 360;
  const height = Math.round((width * picture.shape[1]) / picture.shape[2]);
  const below = 64 + height;
  const stops = Array.from(
    { length: 13 },
    (_, i) => html`<stop offset="${(i / 12).toFixed(3)}" stop-color="${toHex(colours.at(i / 12))}"/>`,
  );
  const ends = colours.signed ? [range.low, 0, range.high] : [range.low, range.high];
  const anchors = ["start", ...(colours.signed ? ["middle"] : []), "end"];
  const words = isZero ? "numerically zero" : `raw values ${showRange(raw)}`;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 ${below + 78}" role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="13" fill="#1c1d20">
<title id="title">${title} of ${target}: ${name}</title>
<desc id="desc">${`Score ${show(score)}, ${words}. ${cites}.${caveat === undefined ? "" : ` Mind: ${caveat}.`}`}</desc>
<defs><linearGradient id="colours">${stops}</linearGradient></defs>
<rect width="400" height="${below + 78}" fill="#ffffff"/>
<text x="20" y="28" font-size="16" font-weight="600">${title}</text>
<text x="20" y="48" fill="#5c6068">${`${target}, score ${show(score)}`}</text>
<g image-rendering="${picture.shape[2] < 100 ? "pixelated" : "auto"}">
<image id="picture" href="${rasterToUri(paleGrey(picture, normalisation))}" x="20" y="60" width="${width}" height="${height}"/>
<image id="map" href="${rasterToUri(transparentMap(map, painted))}" x="20" y="60" width="${width}" height="${height}"/>
</g>
${
  !isZero &&
  html`<rect x="20" y="${below + 10}" width="${width}" height="10" fill="url(#colours)" stroke="#c8c8c2" stroke-width="0.5"/>
${ends.map(
  (value, i) => html`<text x="${20 + (width * i) / (ends.length - 1)}" y="${below + 36}" text-anchor="${anchors[i]}">${show(value)}</text>
`,
)}`
}<text x="20" y="${below + 60}" fill="#5c6068" font-size="12">${words}</text>
</svg>
`.text;
}

/** A method's title, source and caveat; its bare name where it is not one of ours. */
export function methodInWords(method: string): { readonly title: string; readonly cites: string; readonly caveat?: string } {
  try {
    return attributionMethod(method as AttributionMethod);
  } catch {
    return { title: method, cites: "" };
  }
}
