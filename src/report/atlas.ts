// An atlas of a net: a page for each layer, with every unit the three ways, how it answers to gratings and what the net loses without it.
import { lineChart } from "./chart.ts";
import type { ReportChannel } from "./data.ts";
import { figure, image, type Normalisation, photograph } from "./figure.ts";
import { html, type Markup } from "./html.ts";
import { writePage } from "./page.ts";
import { show } from "./range.ts";
import { percent, type Section } from "./sections.ts";
import { slopeWords, unitArticle } from "./seeing.ts";

/** The answers of a unit to gratings, at the best phase of each. */
export interface GratingTuning {
  /** Degrees counter-clockwise of the stripes. */
  readonly orientations: readonly number[];
  /** Pixels from crest to crest. */
  readonly wavelengths: readonly number[];
  /** [orientation][wavelength]. */
  readonly answers: readonly (readonly number[])[];
}

export interface AtlasUnit extends ReportChannel {
  readonly tuning?: GratingTuning;
  /** The class that the net says to the unit's best picture, with and without the unit. */
  readonly ablation?: { readonly class: string; readonly before: number; readonly after: number };
}

export interface AtlasPage {
  readonly layer: string;
  readonly kind: string;
  /** In words: "14 × 14", "whole input". */
  readonly field: string;
  readonly model: string;
  readonly dataset: string;
  readonly normalisation?: Normalisation;
  /** Spectral slope of the data set's pictures, to hold those of climbed ones against. */
  readonly dataSlope?: number;
  readonly units: readonly AtlasUnit[];
  /** Units of the layer, of which `units` may be the first ones. */
  readonly total: number;
  /** Pages before and after this one. */
  readonly previous?: AtlasLink;
  readonly next?: AtlasLink;
  readonly notes?: readonly string[];
}

export interface AtlasLink {
  readonly layer: string;
  readonly file: string;
}

/** The strongest answer and what it was to. */
export function preferredGrating({ orientations, wavelengths, answers }: GratingTuning): {
  readonly orientation: number;
  readonly wavelength: number;
  readonly answer: number;
  readonly row: number;
  readonly column: number;
} {
  let [row, column] = [0, 0];
  answers.forEach((along, o) => {
    along.forEach((answer, f) => {
      if (answer > answers[row][column]) [row, column] = [o, f];
    });
  });
  return { orientation: orientations[row], wavelength: wavelengths[column], answer: answers[row][column], row, column };
}

/**
 * |Σ a e^(2iθ)| / Σ a over orientations at the best wavelength, of the positive answers a: 0 for a unit that does not care, 1 for one that answers to a single
 * orientation. Ringach, Shapley and Hawken 2002 (one minus the circular variance). 0 where no answer is positive.
 */
export function orientationSelectivity(tuning: GratingTuning): number {
  const { column } = preferredGrating(tuning);
  let [along, across, sum] = [0, 0, 0];
  tuning.orientations.forEach((angle, o) => {
    const answer = Math.max(0, tuning.answers[o][column]);
    along += answer * Math.cos((2 * angle * Math.PI) / 180);
    across += answer * Math.sin((2 * angle * Math.PI) / 180);
    sum += answer;
  });
  return sum === 0 ? 0 : Math.hypot(along, across) / sum;
}

/** A layer's page as text. */
export function writeAtlasPage({
  layer,
  kind,
  field,
  model,
  dataset,
  normalisation,
  dataSlope,
  units,
  total,
  previous,
  next,
  notes,
}: AtlasPage): string {
  const header = html`<header class="top"><div class="wrap"><p class="over"><a href="index.html">fovea atlas</a></p><h1>${layer}</h1>
<p class="lede">${units.length < total ? `The first ${units.length} of ${total}` : `All ${total}`} units of <code>${layer}</code> (${kind}, receptive field ${field}) in <code>${model}</code>, on ${dataset}.</p>
<p class="turn">${previous && html`<a rel="prev" href="${previous.file}">← ${previous.layer}</a>`} ${next && html`<a rel="next" href="${next.file}">${next.layer} →</a>`}</p></div></header>`;
  const glance: Section = {
    id: "glance",
    title: "At a glance",
    body: html`<p class="lede">What each unit wants, found by gradient ascent, with the activation reached / the best picture's, and their ratio: strong and weak units look alike here.</p>
<div class="tiles glance">${units.map((unit) => glanceTile(unit, layer, normalisation))}</div>`,
  };
  const every: Section = {
    id: "units",
    title: "Unit by unit",
    body: html`<p class="lede">The input that a unit wants; the pixels that mattered on the picture that excites it most, by the plain gradient and by guided backpropagation (orange: brighter would excite it more, blue: darker would); and the pictures that excite it most, with the part that it saw. Guided maps depend little on the weights of higher layers: trust the plain gradient where the two disagree. <i>Reached</i> is its activation on the input that it wants, <i>best picture</i> the largest in the data, <i>ratio</i> the first over the second. ${slopeWords(dataSlope)}</p>
${units.map((unit) => unitArticle(layer, unit, normalisation, { facts: factsOf(unit), ...(unit.tuning && { below: tuningCharts(unit.tuning, unit.examples.channel) }) }))}`,
  };
  return writePage({
    title: `${layer} · atlas`,
    description: `${units.length} units of ${layer} of ${model}`,
    header,
    sections: [glance, every],
    ...(notes && { notes }),
  });
}

function glanceTile({ examples: { channel, best }, maximised }: AtlasUnit, layer: string, normalisation: Normalisation): Markup {
  const ratio = maximised !== undefined && best > 0 ? html`<br>${show(maximised.activation / best, 2)} ×` : "";
  const words = maximised === undefined ? "–" : html`${show(maximised.activation, 2)} / ${show(best, 2)}${ratio}`;
  if (maximised === undefined) return figure(html``, html`<a href="#channel-${channel}">${channel}</a> ${words}`);
  return figure(
    html`<a href="#channel-${channel}">${image(photograph(maximised.image, normalisation), `What channel ${channel} of ${layer} wants`)}</a>`,
    html`<b>${channel}</b> ${words}`,
  );
}

function factsOf({ ablation, tuning }: AtlasUnit): (readonly [string, string])[] {
  return [
    ...(ablation
      ? [[`“${ablation.class}” with it`, percent(ablation.before, 1)] as const, ["without it", percent(ablation.after, 1)] as const]
      : []),
    ...(tuning ? [["grating", gratingWords(tuning)] as const, ["selectivity", show(orientationSelectivity(tuning), 2)] as const] : []),
  ];
}

function gratingWords(tuning: GratingTuning): string {
  const { orientation, wavelength, answer } = preferredGrating(tuning);
  return answer > 0 ? `${orientation}°, ${show(wavelength, 2)} px` : "none";
}

/** How the answer falls off on both sides of the best grating. */
function tuningCharts(tuning: GratingTuning, channel: number): Markup {
  const { orientation, wavelength, row, column } = preferredGrating(tuning);
  const size = { width: 300, height: 170 };
  const byAngle = tuning.orientations.map((angle, o) => [angle, tuning.answers[o][column]] as const);
  const byWave = tuning.wavelengths.map((length, f) => [length, tuning.answers[row][f]] as const);
  const chart = (name: string, points: readonly (readonly [number, number])[], title: string, xLabel: string): Markup =>
    lineChart([{ name, points }], { title: `Channel ${channel}: ${title}`, xLabel, yLabel: "answer", ...size });
  return html`<details class="tuning"><summary>Answers to gratings</summary><div class="pair">${chart("orientation", byAngle, `answers by orientation at ${show(wavelength, 2)} pixels`, `orientation in degrees, at ${show(wavelength, 2)} px`)}${chart("wavelength", byWave, `answers by wavelength at ${orientation} degrees`, `wavelength in pixels, at ${orientation}°`)}</div></details>`;
}

export interface AtlasEntry extends AtlasLink {
  readonly kind: string;
  readonly field: string;
  readonly units: number;
  readonly total: number;
  /** Units that no picture excites. */
  readonly silent: number;
  /** Median over units of activation reached over best activation; undefined where no unit has a positive best. */
  readonly ratio: number | undefined;
  /** Median over units of the spectral slope of the inputs that they want. */
  readonly slope?: number;
}

export interface AtlasIndex {
  readonly model: string;
  readonly dataset: string;
  readonly entries: readonly AtlasEntry[];
  /** Layers whose pages are not written yet. */
  readonly pending: readonly string[];
  readonly dataSlope?: number;
  readonly notes?: readonly string[];
}

/** The page that lists the others. */
export function writeAtlasIndex({ model, dataset, entries, pending, dataSlope, notes }: AtlasIndex): string {
  const header = html`<header class="top"><div class="wrap"><p class="over">fovea atlas</p><h1>What the units respond to</h1>
<p class="lede"><code>${model}</code>, layer by layer, on ${dataset}.</p></div></header>`;
  const row = (e: AtlasEntry): Markup =>
    html`<tr><th scope="row"><a href="${e.file}">${e.layer}</a></th><td class="kind">${e.kind}</td><td>${e.field}</td><td>${e.units === e.total ? e.total : `${e.units} of ${e.total}`}</td><td>${e.silent}</td><td>${e.ratio === undefined ? "–" : `${show(e.ratio)} ×`}</td><td>${e.slope === undefined ? "–" : show(e.slope)}</td></tr>
`;
  const body = html`<p class="lede">Ratio and slope are medians over units. Ratio: the activation that gradient ascent reached over the best that a picture of the data gives. ${slopeWords(dataSlope)} Silent units are above 0 on no picture.</p>
<p class="hint">The table scrolls sideways.</p><div class="scroll" tabindex="0" role="region" aria-label="Table of layers"><table class="layers">
<thead><tr><th scope="col">Layer</th><th scope="col">Kind</th><th scope="col">Receptive field</th><th scope="col">Units</th><th scope="col">Silent</th><th scope="col">Ratio</th><th scope="col">Slope</th></tr></thead>
<tbody>${entries.map(row)}</tbody></table></div>${pending.length > 0 && html`<p class="lede">Not finished yet: ${pending.join(", ")}.</p>`}`;
  return writePage({
    title: "Atlas",
    description: `What the units of ${model} respond to`,
    header,
    sections: [{ id: "layers", title: "Layers", body }],
    ...(notes && { notes }),
  });
}
