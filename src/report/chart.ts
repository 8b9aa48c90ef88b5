// Line charts as SVG text. Colours, widths and fonts come from the page's style sheet, so that one drawing serves light, dark and paper.
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import { html, type Markup } from "./html.ts";
import { show } from "./range.ts";

export interface Series {
  readonly name: string;
  /** In the order in which the line runs; points that are not finite interrupt it. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly width?: number;
  readonly height?: number;
  readonly yScale?: "linear" | "log";
  /** How y values are written (default: three significant digits). */
  readonly yFormat?: (value: number) => string;
}

/** Round numbers that divide low..high into about `count` steps of 1, 2 or 5 times a power of ten. */
export function linearTicks(low: number, high: number, count = 5): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Counting in steps and rounding keeps 0.30000000000000004 off the axis.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** 1, 2 and 5 times the powers of ten within low..high; the powers alone, or every second, fifth or tenth, where that would be too many. */
export function logTicks(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const factors = last - first > 3 ? [1] : [1, 2, 5];
  const step = [1, 2, 5].find((n) => (last - first) / n <= 10) ?? 10;
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((power) => power % step === 0);
  const ticks = powers.flatMap((p) => factors.map((f) => Number((f * 10 ** p).toPrecision(12))));
  return ticks.filter((t) => t >= low * 0.999 && t <= high * 1.001);
}

interface Axis {
  readonly ticks: readonly number[];
  at(value: number): number;
}

function axis(low: number, high: number, start: number, end: number, scale: "linear" | "log", count: number): Axis {
  const inner = scale === "log" ? Math.log10 : (v: number): number => v;
  const [a, b] = [inner(low), inner(high)];
  return {
    ticks: scale === "log" ? logTicks(low, high) : linearTicks(low, high, count),
    at: (value) => start + (b > a ? (inner(value) - a) / (b - a) : 0.5) * (end - start),
  };
}

const pixel = (v: number): string => String(Math.round(v * 10) / 10);

function path(points: Series["points"], x: Axis, y: Axis, drawable: (v: number) => boolean): string {
  let pen = "M";
  let text = "";
  for (const [px, py] of points) {
    if (!drawable(py)) {
      pen = "M";
      continue;
    }
    text += `${pen}${pixel(x.at(px))},${pixel(y.at(py))}`;
    pen = "L";
  }
  return text;
}

/** A chart of several series over a common axis. Throws `ArgumentError` when there is nothing to draw. */
export function lineChart(series: readonly Series[], options: ChartOptions): Markup {
  checkOptions("lineChart", options, ["title", "xLabel", "yLabel", "width", "height", "yScale", "yFormat"]);
  const { title, xLabel, yLabel, width = 480, height = 270, yScale = "linear", yFormat = show } = options;
  const drawable = (v: number): boolean => Number.isFinite(v) && (yScale === "linear" || v > 0);
  const points = series.flatMap((s) => s.points.filter(([, y]) => drawable(y)));
  if (points.length === 0) throw new ArgumentError(`lineChart "${title}": no series has a point that can be drawn`);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const spread = yScale === "linear" ? 0.04 * (Math.max(...ys) - Math.min(...ys)) : 0;
  const frame = { left: 56, right: width - 14, top: 26, bottom: height - 40 };
  const x = axis(Math.min(...xs), Math.max(...xs), frame.left, frame.right, "linear", 6);
  const y = axis(Math.min(...ys) - spread, Math.max(...ys) + spread, frame.bottom, frame.top, yScale, 5);
  const last = series.map((s) => `${s.name} ${yFormat(s.points.filter(([, v]) => drawable(v)).at(-1)?.[1] ?? Number.NaN)}`);
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${`${title}. At the end: ${last.join(", ")}.`}">
<g class="grid" aria-hidden="true">${y.ticks.map((t) => html`<path d="M${frame.left},${pixel(y.at(t))}H${frame.right}"/>`)}</g>
<g class="ticks" aria-hidden="true">
${y.ticks.map((t) => html`<text x="${frame.left - 8}" y="${pixel(y.at(t))}" dy=".32em" text-anchor="end">${yFormat(t)}</text>`)}
${x.ticks.map((t) => html`<text x="${pixel(x.at(t))}" y="${frame.bottom + 18}" text-anchor="middle">${show(t, 6)}</text>`)}
<text class="axis" x="0" y="12">${yLabel}</text>
<text class="axis" x="${frame.right}" y="${height - 4}" text-anchor="end">${xLabel}</text>
</g>
<path class="base" aria-hidden="true" d="M${frame.left},${frame.bottom}H${frame.right}"/>
${series.map(
  (
    s,
    i,
  ) => html`<g class="series s${i}"><title>${s.name}</title><path d="${path(s.points, x, y, drawable)}"/>${markers(s, x, y, drawable)}</g>
`,
)}</svg>`;
}

/** Few points deserve dots: a line through three epochs would hide where the measurements are. */
function markers(series: Series, x: Axis, y: Axis, drawable: (v: number) => boolean): Markup[] {
  if (series.points.length > 40) return [];
  return series.points
    .filter(([, v]) => drawable(v))
    .map(([px, py]) => html`<circle cx="${pixel(x.at(px))}" cy="${pixel(y.at(py))}" r="3"/>`);
}

/** Which line is which; also what a reader of a black-and-white print needs. */
export function chartKey(series: readonly Series[]): Markup {
  return html`<ul class="key">${series.map((s, i) => html`<li class="s${i}"><svg viewBox="0 0 24 8" aria-hidden="true"><path d="M0,4H24"/></svg>${s.name}</li>`)}</ul>`;
}

/** Mean of `size` neighbouring points: thousands of noisy steps become a line that can be read. */
export function smooth(points: Series["points"], size: number): [number, number][] {
  const out: [number, number][] = [];
  for (let start = 0; start < points.length; start += size) {
    const part = points.slice(start, start + size);
    const mean = (axis: 0 | 1): number => part.reduce((sum, p) => sum + p[axis], 0) / part.length;
    out.push([mean(0), mean(1)]);
  }
  return out;
}
