// One page about what a net says to a few pictures and why: prediction, then each method's map beside the picture, with raw ranges.
import type { Attribution } from "../lens/records.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { diverging } from "./colour.ts";
import { figure, image, legend, type Normalisation, photograph, sumOverChannels } from "./figure.ts";
import { html, type Markup } from "./html.ts";
import { writePage } from "./page.ts";
import { percentileRange, type Range, show, showRange } from "./range.ts";
import { paint, type Raster } from "./raster.ts";
import { percent, type Section } from "./sections.ts";

export interface ExplainedPicture {
  /** File name or number. */
  readonly name: string;
  /** [C, H, W], as the net sees it. */
  readonly image: Tensor;
  /** The most probable classes, best first. */
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
  readonly maps: readonly Attribution[];
}

export interface ExplanationData {
  readonly title: string;
  readonly model: string;
  /** How pictures were brought into the net's form, in words. */
  readonly preprocessing: string;
  readonly normalisation?: Normalisation;
  readonly pictures: readonly ExplainedPicture[];
  readonly notes?: readonly string[];
}

/** A map as it is drawn: summed over channels, blue against and orange for, 0 white; `range` says what full colour means. */
export function paintAttribution({ map }: Attribution): { readonly raster: Raster; readonly range: Range; readonly isZero: boolean } {
  const flat = map.rank === 3 ? sumOverChannels(map) : map;
  const found = percentileRange([flat]);
  const range = found ?? { low: -1, high: 1 };
  if (found === undefined) flat.data.fill(0);
  return { raster: paint(flat, { map: diverging, range }), range, isZero: found === undefined };
}

/** The whole page as text. */
export function writeExplanation({ title, model, preprocessing, normalisation, pictures, notes }: ExplanationData): string {
  const header = html`<header class="top"><div class="wrap"><p class="over">fovea explanation</p><h1>${title}</h1>
<p class="lede">What <code>${model}</code> says to ${pictures.length === 1 ? "this picture" : `these ${pictures.length} pictures`}, and which pixels it says it for. Pictures were brought into its form like this: ${preprocessing}.</p></div></header>`;
  return writePage({
    title,
    description: `${title}: predictions and attribution maps`,
    header,
    sections: pictures.map((picture, i) => pictureSection(picture, i, normalisation)),
    ...(notes && { notes }),
  });
}

function pictureSection({ name, image: tensor, classes, maps }: ExplainedPicture, i: number, normalisation: Normalisation): Section {
  const warnings = [...new Set(maps.flatMap((m) => m.warnings))];
  const body = html`<p class="lede">What the net says, most probable first.</p>
<dl class="facts">${classes.map((c) => html`<div><dt>${c.name}</dt><dd>${percent(c.probability)}</dd></div>`)}</dl>
<div class="tiles explained">${figure(image(photograph(tensor, normalisation), `Picture ${name} as the net sees it`), "the picture, as the net sees it")}
${maps.map(mapFigure)}</div>${warnings.map((w) => html`<p class="warn">${w}</p>`)}`;
  return { id: `picture-${i}`, title: name, body };
}

function mapFigure(attribution: Attribution): Markup {
  const { method, target, score, range: raw } = attribution;
  const { raster, range, isZero } = paintAttribution(attribution);
  const words = isZero ? "numerically zero" : `raw values ${showRange(raw)}`;
  const figures = Object.entries(attribution.figures).map(([key, value]) => html`<br>${key} ${show(value)}`);
  return figure(
    html`${image(raster, `${method} of ${target}, ${words}`)}${!isZero && legend(diverging, range)}`,
    html`<b>${method}</b> of ${target}, score ${show(score)}<br>${words}${figures}`,
  );
}
