// A comparison: methods by pictures, one scale per family of methods, scores underneath, and the edges of the picture in the last row, because a
// method that looks like them explains the picture and not the net.
import { commonRange, isSigned, methodInWords, type PaintedMap, paintMap, planeOf } from "./attribution-picture.ts";
import { type ExplainedPicture, lastPart, sentence } from "./explanation.ts";
import { figure, image, legend, mapImage, type Normalisation, photograph } from "./figure.ts";
import { html, type Markup } from "./html.ts";
import type { JudgedMap } from "./judged-map.ts";
import { writePage } from "./page.ts";
import { type Range, show, showRange } from "./range.ts";
import { type Raster, sheet } from "./raster.ts";
import { percent, type Section, showSeconds } from "./sections.ts";

/** Methods whose maps are in one unit, so that one scale for all of them says something. */
export interface ScaleFamily {
  readonly title: string;
  /** What a number of the map is. */
  readonly unit: string;
  readonly methods: readonly string[];
}

const families: readonly ScaleFamily[] = [
  { title: "slopes", unit: "score per unit of a pixel", methods: ["gradient", "smoothGrad"] },
  { title: "slopes by other ReLU rules", unit: "no unit of the net's", methods: ["guided", "deconvnet", "zeilerFergus"] },
  { title: "squares and variances of slopes", unit: "slope squared", methods: ["smoothGradSquared", "varGrad"] },
  { title: "contributions", unit: "score", methods: ["gradientInput", "integratedGradients", "lrp", "deepLift"] },
  {
    title: "class maps weighed by gradients",
    unit: "gradient times activation",
    methods: ["gradCam", "gradCamPlusPlus", "hiResCam", "layerCam", "xGradCam"],
  },
];

/** The family of a method; methods in units of their own are families of one. */
export function scaleFamily(method: string): ScaleFamily {
  return families.find(({ methods }) => methods.includes(method)) ?? { title: methodInWords(method).title, unit: "", methods: [method] };
}

export interface ComparisonData {
  readonly title: string;
  readonly model: string;
  readonly preprocessing: string;
  readonly normalisation?: Normalisation;
  /** Each with one map per method, in the same order. */
  readonly pictures: readonly ExplainedPicture[];
  /** Pixels per step of the curves. */
  readonly step: number;
  readonly notes?: readonly string[];
}

interface Row {
  readonly method: string;
  readonly family: ScaleFamily;
  readonly range: Range | undefined;
  /** How many times finer the row's scale is than its family's: 1, or what it takes to see anything. */
  readonly finer: number;
  /** One per picture; undefined where the run was stopped before. */
  readonly cells: readonly (JudgedMap | undefined)[];
}

/** A row that would need this many times its family's scale to reach full colour is drawn over its own, and says so. */
const tooPale = 8;

/** Methods in their order, each with the range that its whole family is drawn over. */
export function comparisonRows(pictures: readonly ExplainedPicture[]): readonly Row[] {
  const methods = [...new Set(pictures.flatMap(({ maps }) => maps.map(({ attribution }) => attribution.method)))];
  const rangeOfMethods = (chosen: readonly string[]): Range | undefined => {
    const all = pictures.flatMap(({ maps }) => maps.map(({ attribution }) => attribution)).filter(({ method }) => chosen.includes(method));
    return commonRange(
      all.map(({ map }) => planeOf(map)),
      isSigned(chosen[0]),
    );
  };
  const common = new Map<string, Range | undefined>();
  return methods.map((method) => {
    const family = scaleFamily(method);
    if (!common.has(family.title)) common.set(family.title, rangeOfMethods(family.methods));
    const shared = common.get(family.title);
    const own = family.methods.length > 1 ? rangeOfMethods([method]) : shared;
    const finer = shared === undefined || own === undefined ? 1 : shared.high / own.high;
    const cells = pictures.map(({ maps }) => maps.find(({ attribution }) => attribution.method === method));
    return { method, family, cells, ...(finer > tooPale ? { range: own, finer } : { range: shared, finer: 1 }) };
  });
}

const paintCell = ({ attribution }: JudgedMap, row: Row): PaintedMap => paintMap(attribution.map, isSigned(row.method), row.range);

/** The grid as one picture without words: the pictures, then a row for each method. */
export function paintComparison(pictures: readonly ExplainedPicture[], normalisation: Normalisation): Raster {
  const photographs = pictures.map((p) => photograph(p.image, normalisation));
  const empty: Raster = { width: 1, height: 1, data: new Uint8Array(4) };
  const cells = comparisonRows(pictures).flatMap((row) =>
    row.cells.map((cell) => (cell === undefined ? empty : paintCell(cell, row).raster)),
  );
  const gap = Math.max(1, Math.round(photographs[0].width / 28));
  return sheet([...photographs, ...cells], { columns: pictures.length, gap });
}

/** The whole page as text. */
export function writeComparison(data: ComparisonData): string {
  const { title, model, preprocessing, pictures, notes } = data;
  const header = html`<header class="top"><div class="wrap"><p class="over">fovea comparison</p><h1>${title}</h1>
<p class="lede">What different methods say about why <code>${model}</code> answers as it does. Pictures were brought into its form like this: ${preprocessing}.</p></div></header>`;
  const rows = comparisonRows(pictures);
  return writePage({
    title,
    description: `${title}: attribution methods side by side`,
    header,
    sections: [gridSection(data, rows), tableSection(data, rows), scalesSection(rows)],
    ...(notes && { notes }),
  });
}

function gridSection({ pictures, normalisation }: ComparisonData, rows: readonly Row[]): Section {
  const head = pictures.map(({ name, image: tensor, classes }) => {
    const [best] = classes;
    return figure(
      image(photograph(tensor, normalisation), `Picture ${lastPart(name)} as the net sees it`),
      html`<b>${lastPart(name)}</b>${best && html`<br>${best.name} ${percent(best.probability, 1)}`}`,
    );
  });
  const row = (r: Row): Markup => {
    const { title, cites, caveat } = methodInWords(r.method);
    const { colours, isZero } = paintMap(
      planeOf((r.cells.find((c) => c !== undefined) as JudgedMap).attribution.map),
      isSigned(r.method),
      r.range,
    );
    return html`<div class="method"><div><h3>${title}<small>${cites}</small></h3>${r.range !== undefined && !isZero && legend(colours, r.range)}${r.finer > 1 && html`<p class="caveat">Its own scale: ${show(r.finer, 2)} times as fine as its family's, on which nothing would be seen.</p>`}${caveat !== undefined && html`<details class="mind"><summary>what to mind</summary><p class="caveat">${sentence(caveat)}</p></details>`}</div>
<div class="cells">${r.cells.map((cell, i) => cellFigure(cell, r, lastPart(pictures[i].name)))}</div></div>
`;
  };
  const body = html`<p class="lede">Rows are methods, columns pictures. Maps of one family share one scale over all pictures, so a pale map is a weak one; where a method is so weak that nothing would be seen, its own scale is used and said. Under each map: its raw range, the areas under its deletion curve (lower is better) and its insertion curve (higher is better), and ρ, its rank correlation with the map of the same net with all its weights forgotten (near 1: the method does not care what the net has learned).</p>
<div class="compared" style="--n:${Math.min(pictures.length, 6)}"><div class="method"><div><h3>The pictures</h3></div><div class="cells">${head}</div></div>
${rows.map(row)}</div>`;
  return { id: "grid", title: "Side by side", body };
}

function cellFigure(cell: JudgedMap | undefined, row: Row, name: string): Markup {
  if (cell === undefined) return figure(html``, "not finished");
  const { attribution, faithfulness, forgotten } = cell;
  const painted = paintCell(cell, row);
  const words = row.range === undefined ? "numerically zero" : `raw ${showRange(attribution.range)}`;
  const parts = [
    html`${words}<br>`,
    faithfulness && html`<span>del ${show(faithfulness.deletion.area, 2)}</span> <span>ins ${show(faithfulness.insertion.area, 2)}</span>`,
    forgotten && html`<span>ρ ${rho(forgotten.spearmanAbsolute)}</span>`,
  ].flatMap((p) => (p === undefined ? [] : [p, " "]));
  const warnings =
    attribution.warnings.length > 0 &&
    html`<details><summary>${attribution.warnings.length === 1 ? "a warning" : `${attribution.warnings.length} warnings`}</summary>${attribution.warnings.map((w) => html`<p class="warn">${w}</p>`)}</details>`;
  return figure(mapImage(painted, `${methodInWords(row.method).title} of ${attribution.target} for ${name}, ${words}`), ...parts, warnings);
}

const rho = (value: number | undefined): string => (value === undefined ? "–" : show(value, 2));

const meanOf = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((v) => v !== undefined);
  return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length;
};

/** Means over the pictures of what judges a method. */
export function summarise(row: Row): {
  readonly deletion: number | undefined;
  readonly insertion: number | undefined;
  readonly forgotten: number | undefined;
  readonly seconds: number | undefined;
} {
  const of = (read: (cell: JudgedMap) => number | undefined): number | undefined => meanOf(row.cells.map((cell) => cell && read(cell)));
  return {
    deletion: of((c) => c.faithfulness?.deletion.area),
    insertion: of((c) => c.faithfulness?.insertion.area),
    forgotten: of((c) => c.forgotten?.spearmanAbsolute),
    seconds: of((c) => c.seconds),
  };
}

function tableSection({ pictures, step }: ComparisonData, rows: readonly Row[]): Section {
  const summaries = rows.map((row) => ({ row, ...summarise(row) }));
  const edges = summaries.find(({ row }) => row.method === "edges");
  const beats = (s: (typeof summaries)[number]): string => {
    if (s === edges || s.deletion === undefined || edges?.deletion === undefined) return "–";
    const [below, above] = [s.deletion < edges.deletion, (s.insertion ?? 0) > (edges.insertion ?? 0)];
    return below && above ? "both" : below ? "deletion" : above ? "insertion" : "neither";
  };
  const cell = (value: number | undefined): string => (value === undefined ? "–" : show(value));
  const body = html`<p class="lede">Means over ${pictures.length === 1 ? "the one picture" : `${pictures.length} pictures`}; ${step} pixels per step of the curves. Few pictures rank methods badly: read differences, not places.</p>
<p class="hint">The table scrolls sideways.</p><div class="scroll" tabindex="0" role="region" aria-label="Table of scores"><table class="layers scores">
<thead><tr><th scope="col">Method</th><th scope="col">Deletion ↓</th><th scope="col">Insertion ↑</th><th scope="col">Better than the edges in</th><th scope="col">ρ, weights forgotten</th><th scope="col">Time per picture</th></tr></thead>
<tbody>${summaries.map(
    (
      s,
    ) => html`<tr><th scope="row">${methodInWords(s.row.method).title}</th><td>${cell(s.deletion)}</td><td>${cell(s.insertion)}</td><td>${beats(s)}</td><td>${rho(s.forgotten)}</td><td>${s.seconds === undefined ? "–" : showSeconds(s.seconds)}</td></tr>
`,
  )}</tbody></table></div>`;
  return { id: "scores", title: "Scores", body };
}

function scalesSection(rows: readonly Row[]): Section {
  const scaleOf = (row: Row): string => (row.finer > 1 ? row.method : row.family.title);
  const seen = [...new Map(rows.map((row) => [scaleOf(row), row])).values()];
  const items = seen.map((first) => {
    const { family, range, method } = first;
    const members = rows.filter((r) => scaleOf(r) === scaleOf(first)).map((r) => methodInWords(r.method).title);
    const words =
      range === undefined
        ? "numerically zero"
        : isSigned(method)
          ? `full colour ±${show(range.high)}`
          : `${show(range.low)} to ${show(range.high)}`;
    return html`<div><dt>${members.join(", ")}</dt><dd>${words}${family.unit !== "" && html` <small>(${family.unit})</small>`}</dd></div>`;
  });
  const body = html`<p class="lede">Numbers of one unit share a scale; methods whose numbers mean different things do not, because a common scale would compare nothing.</p><dl class="facts wide">${items}</dl>`;
  return { id: "scales", title: "Scales", body };
}
