// The parts of a report that look inside: filters, feature maps, and for every channel of a layer the three ways side by side.
import type { Attribution, Maximised } from "../lens/records.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { diverging, sequential } from "./colour.ts";
import type { ReportChannel, ReportData, ReportFeatureMaps } from "./data.ts";
import {
  cropSheet,
  figure,
  framedSheet,
  image,
  legend,
  mapImage,
  type Normalisation,
  photograph,
  sumOverChannels,
  tile,
} from "./figure.ts";
import { html, type Markup } from "./html.ts";
import { percentileRange, rangeOf, show, showRange, symmetricRange } from "./range.ts";
import { paint } from "./raster.ts";
import type { Section } from "./sections.ts";

/** More than this many pictures in one row of a report help nobody; the rest is counted. */
const mostTiles = 64;

function channelsOf(maps: Tensor): Tensor[] {
  return Array.from({ length: maps.shape[0] }, (_, c) => maps.entry(c));
}

function remainder(total: number): Markup | false {
  return total > mostTiles && html`<p class="lede">The first ${mostTiles} of ${total}.</p>`;
}

/** The kernels of one layer, all over one range of colours. */
export function filtersSection({ layer, weights }: NonNullable<ReportData["filters"]>): Section {
  const range = symmetricRange(weights);
  const [, inputs] = weights.shape;
  const tiles = channelsOf(weights)
    .slice(0, mostTiles)
    .map((filter, k) => {
      // A colour filter is three pictures; their sum is its answer to grey, which is what one picture can show truthfully.
      const shown = inputs === 1 ? filter.entry(0) : sumOverChannels(filter);
      return tile(
        shown,
        diverging,
        inputs === 1 ? range : symmetricRange(shown),
        `Filter ${k} of ${layer}, weights ${showRange(rangeOf(shown))}`,
        k,
      );
    });
  const body = html`<p class="lede">The ${weights.shape[0]} kernels of <code>${layer}</code>, ${weights.shape.slice(2).join(" × ")} weights each${inputs > 1 && `, summed over ${inputs} input channels and each on its own scale`}. Blue weights want dark, orange weights want bright.</p>
${inputs === 1 && legend(diverging, range, "weight")}<div class="tiles filters">${tiles}</div>${remainder(weights.shape[0])}`;
  return { id: "filters", title: "First-layer filters", body };
}

/** What the layers make of one picture. */
export function featureMapsSection({ image: picture, title, layers }: ReportFeatureMaps, normalisation: Normalisation): Section {
  const rows = layers.map(({ name, maps }) => {
    const range = rangeOf(maps);
    const signed = range.low < 0;
    const map = signed ? diverging : sequential;
    const drawn = signed ? symmetricRange(maps) : range;
    const tiles = channelsOf(maps)
      .slice(0, mostTiles)
      .map((m, c) => tile(m, map, drawn, `Feature map ${c} of ${name}, values ${showRange(rangeOf(m))}`, c));
    return html`<div class="layer-maps"><div><h3>${name}<small>${maps.shape[0]} maps of ${maps.shape.slice(1).join(" × ")}</small></h3>${legend(map, drawn)}</div><div><div class="tiles maps">${tiles}</div>${remainder(maps.shape[0])}</div></div>
`;
  });
  const body = html`<p class="lede">What each convolution makes of one picture. All maps of a layer share one scale.</p>
<div class="layer-maps"><div><h3>Input</h3></div><div class="source">${figure(image(photograph(picture, normalisation), title), title)}</div></div>
${rows}`;
  return { id: "maps", title: "Feature maps", body };
}

/** So many channels are open; a phone would scroll through thirty screens of them. */
const shownUnits = 8;

/** Every channel the three ways: what excites it, what it wants, which pixels matter. */
export function channelsSection(
  { layer, field, units, dataSlope }: NonNullable<ReportData["channels"]>,
  normalisation: Normalisation,
): Section {
  const body = html`<p class="lede">Every channel of <code>${layer}</code> (receptive field ${field}) in three ways: the input that it wants, found by gradient ascent; the pixels that mattered on the training picture that excites it most, by the plain gradient and by guided backpropagation (orange: brighter would excite it more, blue: darker would); and the nine training pictures that excite it most, with the part that the unit saw. Each picture carries its own raw range. Strong and weak units look alike once drawn, so the activations stand beside them. Guided maps depend little on the weights of higher layers: trust the plain gradient where the two disagree. ${slopeWords(dataSlope)}</p>
${units.slice(0, shownUnits).map((unit) => unitArticle(layer, unit, normalisation))}${
  units.length > shownUnits &&
  html`<details class="more"><summary>The other ${units.length - shownUnits} channels</summary>${units.slice(shownUnits).map((unit) => unitArticle(layer, unit, normalisation))}</details>`
}`;
  return { id: "channels", title: `Three ways to see ${layer}`, body };
}

/** What more is known of a unit than the three ways show. */
export interface UnitExtras {
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly below?: Markup;
}

/** One channel the three ways, with its numbers beside them. */
export function unitArticle(
  layer: string,
  { examples, maximised, gradient, guided }: ReportChannel,
  normalisation: Normalisation,
  { facts = [], below }: UnitExtras = {},
): Markup {
  const { channel, top, best } = examples;
  const id = `channel-${channel}`;
  const warnings = [...new Set([maximised, gradient, guided, examples].flatMap((r) => r?.warnings ?? []))];
  const columns = Math.min(3, Math.max(1, Math.ceil(Math.sqrt(top.length))));
  return html`<article class="unit" aria-labelledby="${id}">
<div><h3 id="${id}">Channel ${channel}<small>${layer}</small></h3><dl>
<div><dt>reached</dt><dd>${maximised === undefined ? "–" : show(maximised.activation)}</dd></div>
<div><dt>best picture</dt><dd>${show(best)}</dd></div>
<div class="ratio"><dt>ratio</dt><dd>${ratio(maximised, best)}</dd></div>
${maximised?.spectralSlope !== undefined && html`<div><dt>slope</dt><dd>${Number.isFinite(maximised.spectralSlope) ? show(maximised.spectralSlope) : "none: constant"}</dd></div>`}
${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></div>
<div class="ways">
${maximised !== undefined && html`<div><p class="way">It wants</p>${figure(image(photograph(maximised.image, normalisation), `Input that maximises channel ${channel} of ${layer}`), showRange(maximised.range))}</div>`}
${gradient !== undefined && html`<div><p class="way">Gradient</p>${signedMap(gradient, `Gradient of channel ${channel} on its best training picture`)}</div>`}
${guided !== undefined && html`<div><p class="way">Guided</p>${signedMap(guided, `Guided backpropagation of channel ${channel} on its best training picture`)}</div>`}
${
  top.length > 0 &&
  html`<div class="wide"><p class="way">Seen by it</p>${figure(cropSheet(top, normalisation, columns), activations(top.map((e) => e.activation)))}</div>
<div class="wide"><p class="way">In the pictures</p>${figure(framedSheet(top, normalisation, columns), `training pictures ${top.map((e) => e.index).join(", ")}`)}</div>`
}
</div>${below !== undefined && html`<div class="below">${below}</div>`}${warnings.map((w) => html`<p class="warn">${w}</p>`)}
</article>
`;
}

function activations(values: readonly number[]): string {
  return values.length === 1
    ? `activation ${show(values[0])}`
    : `activations ${show(values[0])} down to ${show(values[values.length - 1])}`;
}

/** What the slope beside a climbed input is good for. */
export function slopeWords(dataSlope: number | undefined): string {
  const own = dataSlope === undefined ? "" : `, ${show(dataSlope)} in this data`;
  return `Slope: how fast power falls with frequency, about −2 in photographs${own}, near 0 in noise.`;
}

/** Without a positive best there is nothing to divide by, and a ratio of negative numbers would mislead. */
function ratio(maximised: Maximised | undefined, best: number): string {
  if (maximised === undefined) return "–";
  return best > 0 ? `${show(maximised.activation / best)} ×` : "none: no picture excites it";
}

function signedMap(attribution: Attribution, alt: string): Markup {
  const flat = sumOverChannels(attribution.map);
  const range = percentileRange([flat]);
  const words = range === undefined ? "numerically zero" : showRange(attribution.range);
  if (range === undefined) flat.data.fill(0);
  const raster = paint(flat, { map: diverging, range: range ?? { low: -1, high: 1 } });
  return figure(
    mapImage({ raster, colours: diverging }, `${alt}, ${words}`),
    words,
    range !== undefined && html`<br>full colour ${showRange(range)}`,
  );
}
