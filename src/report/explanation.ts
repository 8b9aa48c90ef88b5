// One page about what a net says to a few pictures and why: prediction, then each method's map alone and over the picture, with raw ranges and
// what speaks for and against it.
import type { Faithfulness, SanityReport } from "../lens/trust/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { commonRange, isSigned, methodInWords, overlay, paintAttribution, paintMap, planeOf } from "./attribution-picture.ts";
import { chartKey, lineChart, type Series } from "./chart.ts";
import { figure, image, legend, mapImage, type Normalisation, photograph } from "./figure.ts";
import { html, type Markup } from "./html.ts";
import type { JudgedMap } from "./judged-map.ts";
import { writePage } from "./page.ts";
import { show, showRange } from "./range.ts";
import { percent, type Section, showSeconds } from "./sections.ts";

export interface ExplainedPicture {
  /** File name or number. */
  readonly name: string;
  /** [C, H, W], as the net sees it. */
  readonly image: Tensor;
  /** The most probable classes, best first; empty for nets that are no classifiers. */
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
  readonly maps: readonly JudgedMap[];
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
  const body = html`${
    classes.length > 0 &&
    html`<p class="lede">What the net says, most probable first.</p>
<dl class="facts">${classes.map((c) => html`<div><dt>${c.name}</dt><dd>${percent(c.probability)}</dd></div>`)}</dl>`
  }
<div class="explained"><div class="subject">${figure(image(photograph(tensor, normalisation), `Picture ${name} as the net sees it`), "the picture, as the net sees it")}</div>
${maps.map((judged, k) => mapArticle(judged, tensor, `picture-${i}-map-${k}`, normalisation))}</div>`;
  return { id: `picture-${i}`, title: lastPart(name), body };
}

function mapArticle(judged: JudgedMap, picture: Tensor, id: string, normalisation: Normalisation): Markup {
  const { attribution, seconds, faithfulness, sanity } = judged;
  const { method, target, score, range: raw, map, signed, warnings, figures } = attribution;
  const painted = paintAttribution(attribution);
  const { cites, caveat, title } = methodInWords(method);
  const words = painted.isZero ? "numerically zero" : `raw values ${showRange(raw)}`;
  const facts: readonly (readonly [string, string])[] = [
    ["score", show(score)],
    ["raw values", painted.isZero ? "numerically zero" : showRange(raw)],
    ...(map.shape[0] > 1 ? [["drawn", `the sum over ${map.shape[0]} channels`] as const] : []),
    ...Object.entries(figures).map(([key, value]) => [inWords(key), show(value)] as const),
    ...(faithfulness
      ? [["deletion area", show(faithfulness.deletion.area)] as const, ["insertion area", show(faithfulness.insertion.area)] as const]
      : []),
    ...(seconds === undefined ? [] : [["time", showSeconds(seconds)] as const]),
  ];
  return html`<article class="map" aria-labelledby="${id}">
<h3 id="${id}">${title}<small>${target}${cites !== "" && html` · ${cites}`}</small></h3>
<div class="both">${mapImage(painted, `${title} of ${target}, ${words}`)}${image(overlay(picture, map, painted, normalisation), `${title} of ${target} laid over the picture`)}</div>
${!painted.isZero && legend(painted.colours, painted.range)}
<dl class="figures">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${caveat !== undefined && html`<p class="caveat">${sentence(caveat)}</p>`}${warnings.map((w) => html`<p class="warn">${w}</p>`)}
${signed !== undefined && signedDetails(signed, title)}${faithfulness !== undefined && curveDetails(faithfulness, title)}${sanity !== undefined && sanityDetails(sanity, title)}
</article>
`;
}

/** A file's name without its folder. */
export function lastPart(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}

/** "completenessGap" as people write it. */
export function inWords(key: string): string {
  return key.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

/** With a capital and a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function signedDetails(signed: Tensor, title: string): Markup {
  const painted = paintMap(signed, true);
  return html`<details><summary>With its sign</summary><div class="both">${mapImage(painted, `${title} before its negative part was cut off`)}</div>${!painted.isZero && legend(painted.colours, painted.range)}</details>`;
}

function curveDetails({ deletion, insertion }: Faithfulness, title: string): Markup {
  const points = ({ pixels, scores }: Faithfulness["deletion"]): [number, number][] => {
    const all = pixels[pixels.length - 1];
    return pixels.map((count, i) => [(100 * count) / all, scores[i]]);
  };
  const series: Series[] = [
    { name: "deletion (should fall fast)", points: points(deletion) },
    { name: "insertion (should rise fast)", points: points(insertion) },
  ];
  return html`<details><summary>Deletion and insertion curves</summary>${chartKey(series)}${lineChart(series, { title: `${title}: deletion and insertion`, xLabel: "% of the pixels, in the map's order", yLabel: "score", width: 360, height: 220 })}</details>`;
}

/** The map as the net forgets its weights from the top down; each on its own scale, because forgetful nets give weak maps. */
function sanityDetails({ original, steps }: SanityReport, title: string): Markup {
  const most = 8;
  const shown =
    steps.length <= most ? steps : Array.from({ length: most }, (_, i) => steps[Math.round((i * (steps.length - 1)) / (most - 1))]);
  const signed = isSigned(original.method);
  const rows = shown.map(({ layer, attribution, similarity }) => {
    const plane = planeOf(attribution.map);
    const range = commonRange([plane], signed);
    const painted = paintMap(attribution.map, signed, range);
    const number = similarity.spearmanAbsolute;
    return figure(
      mapImage(painted, `${title} after the weights from the top down to ${layer} were forgotten`),
      html`${layer}<br>ρ ${number === undefined ? "–" : show(number, 2)} · SSIM ${show(similarity.ssim, 2)}<br>${painted.isZero ? "numerically zero" : `raw ${showRange(attribution.range)}`}`,
    );
  });
  return html`<details><summary>Sanity: forgetting the weights from the top down</summary><p class="caveat">Spearman's ρ of the absolute values with the untouched map; 1 means that the map does not care what the net has learned. Each map on its own scale.</p><div class="tiles strip">${rows}</div></details>`;
}
