// What the units of a layer stand for: concepts with the units that overlap with them, and what excites these units.
import type { Dissection, UnitDissection } from "../lens/dissection/dissect.ts";
import type { UnitExamples } from "../lens/records.ts";
import { figure, framedSheet, type Normalisation } from "./figure.ts";
import { html, type Markup } from "./html.ts";
import { writePage } from "./page.ts";
import { show } from "./range.ts";
import { percent, type Section } from "./sections.ts";

export interface DissectionData {
  readonly model: string;
  /** Name and size of the set of concepts. */
  readonly concepts: string;
  readonly dissection: Dissection;
  /** What the dissection was told: the share of positions that count as active (default 0.005), and the overlap of a detector (default 0.04). */
  readonly share?: number;
  readonly leastOverlap?: number;
  /** By channel, for the pictures beside the units. */
  readonly examples?: ReadonlyMap<number, UnitExamples>;
  readonly normalisation?: Normalisation;
  readonly notes?: readonly string[];
}

/** Units by the concept that they stand for, most overlap first; concepts by the number of their units. */
export function unitsByConcept({
  units,
  detectors,
}: Dissection): readonly (readonly [concept: string, units: readonly UnitDissection[]])[] {
  const overlap = (unit: UnitDissection): number => unit.overlaps[0]?.overlap ?? 0;
  return [...detectors]
    .sort(([a, most], [b, least]) => least - most || (a < b ? -1 : 1))
    .map(([concept]) => [concept, units.filter((unit) => unit.concept === concept).sort((a, b) => overlap(b) - overlap(a))]);
}

/** The whole page as text. */
export function writeDissection(data: DissectionData): string {
  const { model, concepts, dissection, share = 0.005, leastOverlap = 0.04, examples, normalisation, notes } = data;
  const { layer, units, withinCategory } = dissection;
  const named = unitsByConcept(dissection);
  const rest = units.filter(({ concept }) => concept === undefined);
  const header = html`<header class="top"><div class="wrap"><p class="over">fovea dissection</p><h1>${layer}</h1>
<p class="lede">What the ${units.length} units of <code>${layer}</code> in <code>${model}</code> stand for, measured against ${concepts}. A unit's strongest ${show(100 * share)} % of positions, as a mask, are laid over the mask of each concept; the overlap is the area of both over the area of either${withinCategory ? ", counted in pictures that show something of the concept's category" : ""}. Above ${show(leastOverlap)} a unit counts as a detector; the threshold is a convention, and an overlap is no proof: look at the pictures.</p>
<dl class="facts"><div><dt>Detectors</dt><dd>${units.length - rest.length} of ${units.length}</dd></div><div><dt>Concepts found</dt><dd>${named.length}</dd></div></dl></div></header>`;
  const sections: Section[] = [
    ...named.map(([concept, own], i) => conceptSection(concept, own, i, layer, examples, normalisation)),
    ...(rest.length > 0 ? [restSection(rest, leastOverlap)] : []),
  ];
  return writePage({
    title: `${layer} · dissection`,
    description: `Concepts that units of ${layer} of ${model} stand for`,
    header,
    sections,
    ...(notes && { notes }),
  });
}

function conceptSection(
  concept: string,
  units: readonly UnitDissection[],
  i: number,
  layer: string,
  examples: DissectionData["examples"],
  normalisation: Normalisation,
): Section {
  const body = html`<p class="lede">${units.length === 1 ? "One unit" : `${units.length} units`}.</p>
<div class="dissected">${units.map((unit) => unitCard(unit, layer, examples?.get(unit.channel), normalisation))}</div>`;
  return { id: `concept-${i}`, title: `${concept.charAt(0).toUpperCase()}${concept.slice(1)}`, body };
}

function unitCard(unit: UnitDissection, layer: string, example: UnitExamples | undefined, normalisation: Normalisation): Markup {
  const [best, second] = unit.overlaps;
  const runnerUp =
    second?.overlap !== undefined && second.overlap > 0
      ? html`<div><dt>then ${second.concept}</dt><dd>${show(second.overlap, 2)}</dd></div>`
      : undefined;
  return html`<article class="map" aria-labelledby="unit-${unit.channel}"><h3 id="unit-${unit.channel}">Channel ${unit.channel}</h3>
<dl class="figures"><div><dt>overlap</dt><dd>${show(best.overlap ?? 0, 2)}</dd></div>${runnerUp}<div><dt>above</dt><dd>${unit.threshold === undefined ? "–" : show(unit.threshold)} at ${percent(unit.share, 1)} of the positions</dd></div></dl>
${example !== undefined && example.top.length > 0 && figure(framedSheet(example.top, normalisation, Math.min(3, example.top.length)), `what excites it most in ${layer}`)}</article>`;
}

function restSection(units: readonly UnitDissection[], leastOverlap: number): Section {
  const constant = units.filter(({ threshold }) => threshold === undefined);
  const others = units.filter(({ threshold }) => threshold !== undefined);
  const body = html`${
    others.length > 0 &&
    html`<p class="lede">Their best overlap is not above ${show(leastOverlap)}: none of these concepts describes them.</p>
<dl class="facts">${others.map(({ channel, overlaps: [best] }) => html`<div><dt>channel ${channel}</dt><dd>${best?.overlap === undefined ? "–" : html`${best.concept} ${show(best.overlap, 2)}`}</dd></div>`)}</dl>`
  }${constant.length > 0 && html`<p class="warn">No threshold: ${constant.length === 1 ? "channel" : "channels"} ${constant.map(({ channel }) => channel).join(", ")} gave the same value everywhere.</p>`}`;
  return { id: "others", title: "Units without a concept", body };
}
