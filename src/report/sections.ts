// The parts of a report about the whole net: headline, learning curves, confusion matrix, mistakes, layers.
import { chartKey, lineChart, type Series } from "./chart.ts";
import type { ReportCurves, ReportData, ReportHeadline, ReportLayer, ReportMistake } from "./data.ts";
import { figure, image, type Normalisation, photograph } from "./figure.ts";
import { html, type Markup } from "./html.ts";
import { show, showCount } from "./range.ts";

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}

/** A share in 0..1 as a percentage (default two digits after the point). */
export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** A duration as people say it. */
export function showSeconds(seconds: number): string {
  if (seconds < 60) return `${show(seconds)} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The head of a report: title, accuracy and the numbers of the training. */
export function headline(data: ReportData): Markup {
  const h = data.headline;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["Errors", `${showCount(h.errors)} of ${showCount(h.tested)}`],
    ["Training time", h.seconds === undefined ? undefined : showSeconds(h.seconds)],
    ["Epochs", h.epochs === undefined ? undefined : String(h.epochs)],
    ["Parameters", showCount(h.parameters)],
    ["Multiply-adds per picture", h.multiplyAdds === undefined ? undefined : showCount(h.multiplyAdds)],
    ["Data set", h.dataset],
    ["Device", h.device],
    ["Seed", String(h.seed)],
  ];
  return html`<header class="top"><div class="wrap">
<p class="over">fovea report</p>
<h1>${data.title}</h1>
<div class="hero">
<p class="score"><b>${percent(h.accuracy)}</b><span>${scoreWords(h)}</span></p>
<dl class="facts">${facts.map(([name, value]) => value !== undefined && html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</div>
${data.command !== undefined && html`<pre class="command" tabindex="0" aria-label="The command that made this report"><code>${data.command}</code></pre>`}
</div></header>`;
}

function scoreWords({ tested, errors }: ReportHeadline): string {
  return `of ${showCount(tested)} test pictures classified correctly; ${errors === 0 ? "no" : showCount(errors)} ${errors === 1 ? "mistake" : "mistakes"}`;
}

/** Loss and accuracy over the steps; nothing when there is no point to draw. */
export function curvesSection({ loss, accuracy }: ReportCurves): Section | undefined {
  const drawable = (all: readonly Series[]): boolean => all.some((s) => s.points.some(([, y]) => Number.isFinite(y)));
  const part = (
    series: readonly Series[],
    title: string,
    yLabel: string,
    rest: { yScale?: "log"; yFormat?: (v: number) => string },
  ): Markup | false =>
    drawable(series) &&
    html`<div><h3>${title}</h3>${chartKey(series)}${lineChart(series, { title, xLabel: "training step", yLabel, ...rest })}</div>`;
  const positive = loss.every((s) => s.points.every(([, y]) => !(y <= 0)));
  const parts = [
    part(loss, "Loss", positive ? "cross-entropy, logarithmic" : "cross-entropy", positive ? { yScale: "log" } : {}),
    part(accuracy, "Accuracy", "share classified correctly", { yFormat: (v) => `${show(100 * v, 4)} %` }),
  ];
  if (parts.every((p) => p === false)) return undefined;
  return {
    id: "curves",
    title: "Learning curves",
    body: html`<p class="lede">How the net learned, measured on training pictures as they came and on pictures it never trained on.</p><div class="pair">${parts}</div>`,
  };
}

/** counts[true class][predicted class] as a table. */
export function confusionSection(counts: readonly (readonly number[])[], classes: readonly string[]): Section {
  const name = (i: number): string => classes[i] ?? String(i);
  const body = html`<p class="lede">Rows are the true classes, columns what the net said. Colours compare within a row; the last column is the share of the row that is right.</p>
<p class="hint">The matrix scrolls sideways.</p><div class="scroll" tabindex="0" role="region" aria-label="Table of the confusion matrix"><table class="confusion">
<thead><tr><th class="axis" scope="col">true \\ said</th>${counts.map((_, j) => html`<th scope="col">${name(j)}</th>`)}<th class="axis" scope="col">right</th></tr></thead>
<tbody>${counts.map((row, i) => confusionRow(row, i, name))}</tbody></table></div>
<ul class="swatches"><li><i style="background:linear-gradient(to right,var(--raised),var(--good))"></i>right: 0 to 100 % of the row</li><li><i style="background:linear-gradient(to right,var(--raised),var(--bad))"></i>mistaken: 0 to 10 % of the row and more, by square root</li></ul>`;
  return { id: "confusion", title: "Confusion matrix", body };
}

/** Mistakes are rare in a good net; a linear colour would hide them beside the diagonal. */
function mistakeShade(share: number): number {
  return Math.min(1, Math.sqrt(share / 0.1));
}

function confusionRow(row: readonly number[], i: number, name: (i: number) => string): Markup {
  const total = row.reduce((sum, n) => sum + n, 0);
  const cells = row.map((n, j) => {
    const share = total === 0 ? 0 : n / total;
    const shade = i === j ? share : mistakeShade(share);
    const kind = [i === j && "right", n === 0 && "none", shade > 0.6 && "strong"].filter((k) => k !== false).join(" ");
    return html`<td class="${kind}" style="--share:${shade.toFixed(3)}" title="${`${name(i)} taken for ${name(j)}: ${n} of ${total}`}">${n === 0 ? "·" : n}</td>`;
  });
  return html`<tr><th scope="row">${name(i)}</th>${cells}<td class="rate">${total === 0 ? "none" : percent(row[i] / total, 1)}</td></tr>
`;
}

/** The pictures that the net was most wrong about. */
export function mistakesSection(mistakes: readonly ReportMistake[], normalisation: Normalisation): Section {
  const one = (m: ReportMistake): Markup =>
    figure(
      image(photograph(m.image, normalisation), `Test picture ${m.index}: ${m.truth}, taken for ${m.predicted}`),
      html`<b>${m.predicted}</b> ${percent(m.probability, 0)}<br>is ${m.truth}${m.truthProbability !== undefined && ` (${percent(m.truthProbability, 1)})`}<br>№ ${m.index}`,
    );
  const body =
    mistakes.length === 0
      ? html`<p class="lede">There is none: every test picture was classified correctly.</p>`
      : html`<p class="lede">The misread test pictures to which the net gave the truth the least chance: what it said and how probable it held that, then the true class and its probability.</p><div class="tiles mistakes">${mistakes.map(one)}</div>`;
  return { id: "mistakes", title: "Worst mistakes", body };
}

/** The layer table: shapes, receptive fields, parameters, multiply-adds. */
export function layersSection(layers: readonly ReportLayer[]): Section {
  const sum = (of: (l: ReportLayer) => number): number => layers.reduce((total, l) => total + of(l), 0);
  const [parameters, multiplyAdds] = [sum((l) => l.parameters), sum((l) => l.multiplyAdds)];
  const bar = (n: number, total: number): Markup =>
    html`<span class="bar" aria-hidden="true" style="--share:${(total === 0 ? 0 : n / total).toFixed(4)}"></span>`;
  const count = (n: number): string => (n === 0 ? "–" : showCount(n));
  const row = (
    l: ReportLayer,
  ): Markup => html`<tr><th scope="row">${l.name}</th><td class="kind">${l.kind}</td><td>${l.outputShape.join(" × ")}</td><td>${l.field}</td><td>${l.fieldStride ?? ""}</td><td class="n">${count(l.parameters)}${bar(l.parameters, parameters)}</td><td class="n">${count(l.multiplyAdds)}${bar(l.multiplyAdds, multiplyAdds)}</td></tr>
`;
  const body = html`<p class="lede">One picture on its way through the net. A receptive field is the part of the input that one unit can see; its stride is the step between neighbouring units, in input pixels. Multiply-adds count convolution and dense weights.</p>
<p class="hint">The table scrolls sideways.</p><div class="scroll" tabindex="0" role="region" aria-label="Table of layers"><table class="layers">
<thead><tr><th scope="col">Layer</th><th scope="col">Kind</th><th scope="col">Output shape</th><th scope="col">Receptive field</th><th scope="col">Stride</th><th scope="col" class="n">Parameters</th><th scope="col" class="n">Multiply-adds</th></tr></thead>
<tbody>${layers.map(row)}</tbody>
<tfoot><tr><th scope="row" colspan="5">Together</th><td class="n">${showCount(parameters)}<span class="bar" aria-hidden="true" style="--share:0"></span></td><td class="n">${showCount(multiplyAdds)}<span class="bar" aria-hidden="true" style="--share:0"></span></td></tr></tfoot></table></div>`;
  return { id: "layers", title: "Layers", body };
}
