// One self-contained page about one trained net: opens from disk, needs no network and no script, prints, and can be read aloud.
import type { ReportData } from "./data.ts";
import { html, Markup } from "./html.ts";
import { confusionSection, curvesSection, headline, layersSection, mistakesSection, percent, type Section } from "./sections.ts";
import { channelsSection, featureMapsSection, filtersSection } from "./seeing.ts";
import { styleSheet } from "./style.ts";

/** The whole page as text. The same data gives the same text. */
export function writeReport(data: ReportData): string {
  const { normalisation } = data;
  const sections = [
    data.curves && curvesSection(data.curves),
    data.confusion && confusionSection(data.confusion, data.classes),
    data.mistakes && mistakesSection(data.mistakes, normalisation),
    data.layers && layersSection(data.layers),
    data.filters && filtersSection(data.filters),
    data.featureMaps && featureMapsSection(data.featureMaps, normalisation),
    data.channels && channelsSection(data.channels, normalisation),
  ].filter((s): s is Section => s !== undefined);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${`${data.title}: ${percent(data.headline.accuracy)} on ${data.headline.tested} test pictures`}">
<meta name="generator" content="fovea">
<title>${data.title}</title>
<style>${new Markup(styleSheet)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
${headline(data)}
${navigation(sections)}
<main id="content" class="wrap">
${sections.map(
  (s) => html`<section id="${s.id}" aria-labelledby="${s.id}-title"><h2 id="${s.id}-title">${s.title}</h2>
${s.body}</section>
`,
)}</main>
<footer><div class="wrap">${footnotes(data)}</div></footer>
</body>
</html>
`.text;
}

function navigation(sections: readonly Section[]): Markup | undefined {
  if (sections.length < 2) return undefined;
  return html`<nav aria-label="Sections"><div class="wrap"><ul>${sections.map((s) => html`<li><a href="#${s.id}">${s.title}</a></li>`)}</ul></div></nav>`;
}

function footnotes({ notes = [] }: ReportData): Markup {
  return html`<p>Made by fovea. Signed maps end where 98 % of their absolute sum is reached; hatched pixels are padding; every number is raw unless it says otherwise.</p>${
    notes.length > 0 && html`<ul>${notes.map((n) => html`<li>${n}</li>`)}</ul>`
  }`;
}
