// One self-contained page about one trained net: opens from disk, needs no network and no script, prints, and can be read aloud.
import type { ReportData } from "./data.ts";
import { writePage } from "./page.ts";
import { confusionSection, curvesSection, headline, layersSection, mistakesSection, percent, type Section } from "./sections.ts";
import { channelsSection, featureMapsSection, filtersSection } from "./seeing.ts";

/** The whole page as text. The same data gives the same text. */
export function writeReport(data: ReportData): string {
  const { normalisation, title } = data;
  const sections = [
    data.curves && curvesSection(data.curves),
    data.confusion && confusionSection(data.confusion, data.classes),
    data.mistakes && mistakesSection(data.mistakes, normalisation),
    data.layers && layersSection(data.layers),
    data.filters && filtersSection(data.filters),
    data.featureMaps && featureMapsSection(data.featureMaps, normalisation),
    data.channels && channelsSection(data.channels, normalisation),
  ].filter((s): s is Section => s !== undefined);
  return writePage({
    title,
    description: `${title}: ${percent(data.headline.accuracy)} on ${data.headline.tested} test pictures`,
    header: headline(data),
    sections,
    ...(data.notes && { notes: data.notes }),
  });
}
