// A network as a picture: boxes from top to bottom, laid out by dagre (Sugiyama's method), as one SVG that follows the reader's light or dark.
import { Graph as Layout, layout } from "@dagrejs/dagre";
import type { Graph } from "../graph/graph.ts";
import { expectGraph } from "../graph/graph.ts";
import { expectModel, type Model } from "../nn/model.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions } from "../tensor/options.ts";
import type { Shape } from "../tensor/shape.ts";
import { boxesOf, type Family, type GraphBox, type GraphBoxes } from "./graph-boxes.ts";
import { html, Markup } from "./html.ts";

export interface DrawGraphOptions {
  /** What stands above the picture (default none). */
  readonly title?: string;
}

/** Blue, orange, purple and green of Okabe and Ito, apart under every common colour blindness. */
const colours: Readonly<Record<Family, { readonly words: string; readonly light: string; readonly dark: string }>> = {
  input: { words: "input", light: "#565b64", dark: "#a9adb5" },
  convolution: { words: "convolution", light: "#0072b2", dark: "#4aa8e0" },
  pooling: { words: "pooling, resizing", light: "#d55e00", dark: "#f08c3c" },
  dense: { words: "dense", light: "#a8427f", dark: "#de8fbd" },
  join: { words: "joins branches", light: "#009e73", dark: "#2fc79b" },
  pointwise: { words: "norm, activation", light: "#b8a400", dark: "#f0e442" },
  other: { words: "other", light: "#8b9099", dark: "#80858e" },
};

const size = { name: 12, kind: 11, line: 15, padding: 8, stripe: 5, least: 96, margin: 20 } as const;

/** Mean width of a letter, in shares of the font's size, with a reserve for other fonts than the first. */
const letter = { mono: 0.61, sans: 0.6, bold: 0.66 } as const;

/** The layout takes seconds for as many, and nobody would look at more. */
const mostBoxes = 2000;

/**
 * `source` drawn as SVG. A graph's labelled values count as its layers. The same network gives the same picture.
 * Throws `ArgumentError` for networks of more than 2000 boxes.
 */
export function drawGraph(source: Model | Graph, options: DrawGraphOptions = {}): string {
  checkOptions("drawGraph", options, ["title"]);
  if (typeof source === "object" && source !== null && "net" in source) expectModel("drawGraph", source);
  else expectGraph("drawGraph", source);
  const boxes = boxesOf(source);
  if (boxes.boxes.length > mostBoxes) {
    throw new ArgumentError(`drawGraph: the network has ${boxes.boxes.length} boxes; more than ${mostBoxes} are no picture`);
  }
  return paint(boxes, options.title);
}

interface Lines {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly width: number;
  readonly height: number;
}

/** Names of layers tell most by their ends. */
const shorten = (text: string, most: number): string => (text.length <= most ? text : `…${text.slice(text.length - most + 1)}`);
const showSizes = (shape: Shape): string => (shape.length === 0 ? "1" : shape.join(" × "));

function linesOf({ name, kinds, shape }: GraphBox): Lines {
  // An op outside of layers has no name but its own.
  const isNameless = name === "";
  const shown = shorten(isNameless ? kinds[0] : name, 34);
  const lines: string[] = [];
  // "conv2d 3×3 + batchNorm2d + relu" on one line where it fits.
  for (const kind of kinds.slice(isNameless ? 1 : 0).map((k) => shorten(k, 34))) {
    const joined = lines.length === 0 ? kind : `${lines[lines.length - 1]} + ${kind}`;
    if (lines.length > 0 && joined.length <= 34) lines[lines.length - 1] = joined;
    else lines.push(lines.length === 0 ? kind : `+ ${kind}`);
  }
  const width = Math.max(
    shown.length * size.name * letter.mono,
    showSizes(shape).length * size.kind * letter.bold,
    ...lines.map((t) => t.length * size.kind * letter.sans),
  );
  return {
    name: shown,
    kinds: lines,
    width: Math.max(size.least, Math.ceil(width) + 2 * size.padding + size.stripe),
    height: (lines.length + 2) * size.line + size.padding,
  };
}

function paint({ boxes, edges }: GraphBoxes, title: string | undefined): string {
  const lines = boxes.map(linesOf);
  const graph = new Layout();
  graph.setGraph({ rankdir: "TB", nodesep: 26, ranksep: 30, edgesep: 14, marginx: size.margin, marginy: size.margin });
  lines.forEach(({ width, height }, i) => void graph.setNode(String(i), { width, height }));
  for (const { from, to } of edges) graph.setEdge(String(from), String(to), {});
  layout(graph);
  const used = Object.keys(colours).filter((family) => boxes.some((box) => box.family === family)) as Family[];
  const keyWidth = used.reduce((sum, family) => sum + keyItemWidth(family), 0) + 2 * size.margin;
  const top = title === undefined ? 34 : 70;
  const places = lines.map((_, i) => graph.node(String(i)) as Point);
  const paths = edges.map(({ from, to }) => (graph.edge(String(from), String(to)) as { points: readonly Point[] }).points);
  // What dagre gives as the width is that of the boxes; long edges may run outside of them.
  const across = [...places.flatMap(({ x }, i) => [x - lines[i].width / 2, x + lines[i].width / 2]), ...paths.flat().map(({ x }) => x)];
  const [first, last] = [Math.min(...across) - size.margin, Math.max(...across) + size.margin];
  const tall = Math.max(...places.map(({ y }, i) => y + lines[i].height / 2)) + size.margin;
  const width = Math.ceil(Math.max(last - first, keyWidth, (title?.length ?? 0) * 10 + 2 * size.margin));
  const left = (width - (last - first)) / 2 - first;
  const words = `${boxes.length} boxes from ${boxes[0]?.name ?? "nothing"} to ${boxes.at(-1)?.name ?? "nothing"}, top to bottom`;
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="fovea-graph" viewBox="0 0 ${width} ${Math.ceil(tall + top)}" width="${width}" height="${Math.ceil(tall + top)}" role="img" aria-label="${`${title === undefined ? "A network" : title}: ${words}`}">
<style>${new Markup(style(used))}</style>
<defs><marker id="fovea-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>
<rect class="paper" width="100%" height="100%"/>
${title !== undefined && html`<text class="title" x="${size.margin}" y="32">${title}</text>`}
${key(used, top - 18)}
<g transform="translate(${round(left)} ${top})">
${paths.map((points) => html`<path class="edge" d="${curve(points)}" marker-end="url(#fovea-arrow)"/>\n`)}
${boxes.map((box, i) => paintBox(box, lines[i], places[i], readsOtherShape(boxes, edges, i)))}</g>
</svg>
`.text;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const round = (v: number): number => Math.round(v * 10) / 10;

/** Whether the box changes the shape: then its sizes are set in bold, so that the steps of resolution stand out. */
function readsOtherShape(boxes: readonly GraphBox[], edges: readonly { from: number; to: number }[], i: number): boolean {
  const sources = edges.filter(({ to }) => to === i).map(({ from }) => String(boxes[from].shape));
  return sources.length === 0 || sources.some((shape) => shape !== String(boxes[i].shape));
}

function paintBox({ name, family, kinds, shape, isOutput }: GraphBox, lines: Lines, { x, y }: Point, isStep: boolean): Markup {
  const [left, top] = [x - lines.width / 2, y - lines.height / 2];
  const at = left + size.stripe + size.padding;
  const row = (n: number): number => round(top + size.padding / 2 + (n + 0.5) * size.line);
  return html`<g class="box ${family}"><title>${`${name === "" ? "" : `${name}: `}${kinds.join(" + ")}, gives ${showSizes(shape)}`}</title><rect class="${isOutput ? "body last" : "body"}" x="${round(left)}" y="${round(top)}" width="${lines.width}" height="${lines.height}" rx="4"/><path class="stripe" d="M${round(left + 4)} ${round(top)}h1v${lines.height}h-1a4 4 0 0 1 -4 -4v-${lines.height - 8}a4 4 0 0 1 4 -4z"/><text class="name" x="${round(at)}" y="${row(0)}">${lines.name}</text>${lines.kinds.map(
    (text, n) => html`<text class="kind" x="${round(at)}" y="${row(n + 1)}">${text}</text>`,
  )}<text class="${isStep ? "size step" : "size"}" x="${round(at)}" y="${row(lines.kinds.length + 1)}">${showSizes(shape)}</text></g>
`;
}

/** A smooth line through dagre's bends: quadratic pieces between the middles of its segments. */
function curve(points: readonly Point[]): string {
  const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;
  const [first, ...rest] = points;
  const last = rest[rest.length - 1];
  const middles = rest
    .slice(0, -1)
    .map((point, i) => ({ point, middle: { x: (point.x + rest[i + 1].x) / 2, y: (point.y + rest[i + 1].y) / 2 } }));
  const bends = middles.map(({ point, middle }, i) => `Q${at(point)} ${at(i === middles.length - 1 ? last : middle)}`);
  return `M${at(first)}${bends.length === 0 ? `L${at(last)}` : bends.join("")}`;
}

const keyItemWidth = (family: Family): number => 30 + colours[family].words.length * size.kind * letter.sans;

function key(families: readonly Family[], y: number): Markup {
  let x: number = size.margin;
  return html`<g class="key">${families.map((family) => {
    const at = x;
    x += keyItemWidth(family);
    return html`<g class="${family}"><rect class="swatch" x="${round(at)}" y="${y - 5}" width="10" height="10" rx="2"/><text class="kind" x="${round(at + 15)}" y="${y}">${colours[family].words}</text></g>`;
  })}</g>`;
}

function style(families: readonly Family[]): string {
  const rules = (side: "light" | "dark"): string =>
    families.map((family) => `.fovea-graph .${family}{--c:${colours[family][side]}}`).join("");
  return [
    `.fovea-graph{--paper:#fff;--raised:#f7f8f9;--ink:#1c1d20;--soft:#565b64;--line:#8b9099;max-width:100%;height:auto;font:${size.kind}px system-ui,"Segoe UI","DejaVu Sans",sans-serif}`,
    `.fovea-graph text{dominant-baseline:central;fill:var(--soft)}.fovea-graph .title{font-size:17px;font-weight:600;fill:var(--ink)}`,
    `.fovea-graph .name{font:600 ${size.name}px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink)}.fovea-graph .step{font-weight:700;fill:var(--ink)}`,
    ".fovea-graph .paper{fill:var(--paper)}.fovea-graph .body{fill:var(--raised);stroke:var(--c);stroke-width:1}.fovea-graph .last{stroke-width:2.5}",
    ".fovea-graph .stripe,.fovea-graph .swatch{fill:var(--c)}.fovea-graph .edge{fill:none;stroke:var(--line);stroke-width:1.25}.fovea-graph .head{fill:var(--line)}",
    rules("light"),
    `@media (prefers-color-scheme:dark){.fovea-graph{--paper:#1b1d20;--raised:#26292d;--ink:#e9e9e6;--soft:#b3b7be;--line:#80858e}${rules("dark")}}`,
  ].join("\n");
}
