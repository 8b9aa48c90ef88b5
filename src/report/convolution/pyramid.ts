// Who is connected with whom: a stack of 1-d layers as rows of units. What one input touches, what one unit sees, how both grow with depth,
// and which connections are one parameter. Goodfellow, Bengio & Courville, Deep Learning, section 9.2, figures 9.2 to 9.6.

import type { AxisPadding } from "../../arithmetic/sizes.ts";
import { type WindowAxis, windowAxis } from "../../arithmetic/sizes.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { sequential, toHex } from "../colour.ts";
import { type Drawing, type Mark, wrap } from "./drawing.ts";

export interface PyramidLayer {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: AxisPadding;
  readonly dilation?: number;
  /** Every unit sees every unit below, each through a parameter of its own. */
  readonly dense?: boolean;
}

export interface PyramidOptions {
  /** Units of the lowest row. */
  readonly input: number;
  /** From below. */
  readonly layers: readonly PyramidLayer[];
  /**
   * "forward": what an input unit touches; "backward": what a unit of the top row sees; "sharing": every connection in its parameter's colour.
   */
  readonly show: "forward" | "backward" | "sharing";
  /** The unit that the cone starts from; "each" makes one frame for each (default: the middle one). */
  readonly unit?: number | "each";
  readonly title?: string;
}

interface Edge {
  /** Unit below and unit above. */
  readonly from: number;
  readonly to: number;
  /** Which parameter of its layer. */
  readonly parameter: number;
}

interface Row {
  readonly units: number;
  readonly edges: readonly Edge[];
  readonly parameters: number;
}

/** Sizes and connections of every layer, from below. Throws `ShapeError` where a kernel does not fit. */
export function pyramidRows(input: number, layers: readonly PyramidLayer[]): readonly Row[] {
  if (!(input <= largest)) throw new ArgumentError(`a pyramid of ${input} units per row cannot be read; at most ${largest}`);
  let below = input;
  return layers.map((layer, l) => {
    checkOptions(`layer ${l + 1}`, layer, ["kernel", "stride", "padding", "dilation", "dense"]);
    if (layer.dense === true) {
      const edges = Array.from({ length: below * below }, (_, p): Edge => ({ from: p % below, to: Math.floor(p / below), parameter: p }));
      return { units: below, edges, parameters: below * below };
    }
    const axis = windowAxis({ input: below, ...layer }, `layer ${l + 1}`);
    below = axis.output;
    return { units: axis.output, edges: windowEdges(axis), parameters: axis.kernel };
  });
}

function windowEdges({ input, kernel, stride, dilation, before, output }: WindowAxis): Edge[] {
  const edges: Edge[] = [];
  for (let to = 0; to < output; to++) {
    for (let tap = 0; tap < kernel; tap++) {
      const from = to * stride + tap * dilation - before;
      if (from >= 0 && from < input) edges.push({ from, to, parameter: tap });
    }
  }
  return edges;
}

/** The units of every row that a cone reaches, lowest row first. */
export function coneOf(rows: readonly Row[], show: "forward" | "backward", start: number): readonly ReadonlySet<number>[] {
  if (show === "forward") {
    const reached = [new Set([start])];
    for (const { edges } of rows) {
      const below = reached[reached.length - 1];
      reached.push(new Set(edges.filter((e) => below.has(e.from)).map((e) => e.to)));
    }
    return reached;
  }
  const reached = [new Set([start])];
  for (const { edges } of rows.toReversed()) {
    const above = reached[0];
    reached.unshift(new Set(edges.filter((e) => above.has(e.to)).map((e) => e.from)));
  }
  return reached;
}

const margin = 28;
/** Letters of the rows: x, then as in the book s; more layers go on with g, h, ... */
const letters = ["x", "s", "g", "h", "u", "v", "w"];
const largest = 64;

/** The picture of a stack of layers. Throws `ArgumentError` when it has more units than can be told apart. */
export function pyramidPicture(options: PyramidOptions): Drawing {
  checkOptions("pyramidPicture", options, ["input", "layers", "show", "unit", "title"]);
  const { input, layers, show, unit, title } = options;
  const rows = pyramidRows(input, layers);
  const units = [input, ...rows.map((r) => r.units)];
  const widest = Math.max(...units);
  if (widest > largest) throw new ArgumentError(`a pyramid of ${widest} units per row cannot be read; at most ${largest}`);
  const startRow = show === "forward" ? 0 : rows.length;
  const starts = startsOf(show, unit, units[startRow]);
  const pitch = Math.min(72, Math.max(14, Math.floor(760 / widest)));
  const radius = Math.min(17, pitch * 0.36);
  const gap = 96;
  const words = describe(rows, units, show, starts);
  const heading = title ?? { forward: "What one input touches", backward: "What one unit sees", sharing: "Shared parameters" }[show];
  const width = Math.max(520, 2 * margin + 40 + widest * pitch);
  const lines = wrap(words[0], 13, width - 2 * margin);
  const top = margin + 26 + Math.max(...words.map((w) => wrap(w, 13, width - 2 * margin).length), lines.length) * 19 + radius + 10;
  const at = (row: number, i: number): readonly [number, number] => [
    margin + 40 + (i + 0.5 + (widest - units[row]) / 2) * pitch,
    top + (rows.length - row) * gap,
  ];

  const marks: Mark[] = [{ shape: "words", role: "ink", size: 16, bold: true, x: margin, y: margin + 2, text: heading }];
  words.forEach((text, f) => {
    wrap(text, 13, width - 2 * margin).forEach((line, i) => {
      const during = words.length > 1 ? { during: [f, f] as const } : {};
      marks.push({ shape: "words", role: "soft", size: 13, x: margin, y: margin + 26 + i * 19, text: line, ...during });
    });
  });
  rows.forEach(({ edges, parameters }, l) => {
    for (const { from, to, parameter } of edges) {
      const line = { shape: "line", from: at(l, from), to: at(l + 1, to) } as const;
      if (show !== "sharing") marks.push({ ...line, role: "edge" });
      else if (layers[l].dense === true) marks.push({ ...line, role: parameter === middleOf(parameters) ? "ray" : "edge" });
      else marks.push({ ...line, role: "ray", stroke: parameterColour(parameter, parameters) });
    }
  });
  const cones = show === "sharing" ? [] : starts.map((start) => coneOf(rows, show, start));
  cones.forEach((cone, f) => {
    for (const [l, { edges }] of rows.entries()) {
      for (const { from, to } of edges) {
        if (cone[l].has(from) && cone[l + 1].has(to))
          marks.push({ shape: "line", role: "ray", from: at(l, from), to: at(l + 1, to), during: [f, f] });
      }
    }
  });
  units.forEach((count, row) => {
    const letter = letters[row] ?? "y";
    marks.push({ shape: "words", role: "soft", size: 14, x: margin, y: at(row, 0)[1], text: letter });
    for (let i = 0; i < count; i++) {
      const [x, y] = at(row, i);
      marks.push({ shape: "dot", role: "node", x, y, radius });
      cones.forEach((cone, f) => {
        const isStart = row === startRow && i === starts[f];
        if (cone[row].has(i)) marks.push({ shape: "dot", role: isStart ? "start" : "lit", x, y, radius, during: [f, f] });
      });
      if (radius >= 12) marks.push({ shape: "words", role: "number", size: 12, x, y, text: `${letter}${i + 1}`, anchor: "middle" });
    }
  });
  const bottom = top + rows.length * gap + radius + 14;
  marks.push(...(show === "sharing" ? parameterLegend(layers, bottom + 12) : coneLegend(show, bottom + 12)));
  return {
    width,
    height: bottom + 40,
    title: heading,
    description: words[0],
    marks,
    frames: Math.max(1, cones.length),
    still: Math.floor(cones.length / 2),
  };
}

const middleOf = (count: number): number => Math.floor(count / 2);

function startsOf(show: PyramidOptions["show"], unit: PyramidOptions["unit"], count: number): number[] {
  if (show === "sharing") return [0];
  if (unit === "each") return Array.from({ length: count }, (_, i) => i);
  const start = unit ?? middleOf(count);
  if (!Number.isInteger(start) || start < 0 || start >= count)
    throw new ArgumentError(`pyramid: there is no unit ${start}; that row has 0 to ${count - 1}`);
  return [start];
}

/** Dark to light, so that the order of the taps survives grey print. */
const parameterColour = (parameter: number, count: number): string =>
  toHex(sequential.at(count === 1 ? 0.5 : 0.08 + (0.78 * parameter) / (count - 1)));

function coneLegend(show: "forward" | "backward", y: number): Mark[] {
  const [start, lit] = show === "forward" ? ["the input", "what it touches"] : ["the unit", "what it sees"];
  return [
    { shape: "dot", role: "start", x: margin + 7, y, radius: 7 },
    { shape: "words", role: "soft", size: 12, x: margin + 22, y, text: start },
    { shape: "dot", role: "lit", x: margin + 127, y, radius: 7 },
    { shape: "words", role: "soft", size: 12, x: margin + 142, y, text: lit },
  ];
}

function parameterLegend(layers: readonly PyramidLayer[], y: number): Mark[] {
  const kernel = Math.max(...layers.map((l) => (l.dense === true ? 0 : l.kernel)));
  if (kernel === 0) {
    return [
      { shape: "line", role: "ray", from: [margin, y], to: [margin + 26, y] },
      { shape: "words", role: "soft", size: 12, x: margin + 34, y, text: "one parameter: used once" },
    ];
  }
  return Array.from({ length: kernel }, (_, tap): Mark[] => [
    { shape: "line", role: "ray", from: [margin + tap * 90, y], to: [margin + tap * 90 + 26, y], stroke: parameterColour(tap, kernel) },
    { shape: "words", role: "soft", size: 12, x: margin + tap * 90 + 34, y, text: `w${tap + 1}` },
  ]).flat();
}

/** What the picture shows, in numbers; one text per frame. */
function describe(rows: readonly Row[], units: readonly number[], show: PyramidOptions["show"], starts: readonly number[]): string[] {
  const edges = rows.reduce((sum, r) => sum + r.edges.length, 0);
  const parameters = rows.reduce((sum, r) => sum + r.parameters, 0);
  if (show === "sharing") {
    const uses = rows.flatMap((r) => Array.from({ length: r.parameters }, (_, p) => r.edges.filter((e) => e.parameter === p).length));
    const [least, most] = [Math.min(...uses), Math.max(...uses)];
    return [
      `${parameters} ${parameters === 1 ? "parameter" : "parameters"} on ${edges} connections: each is used ${least === most ? least : `${least} to ${most}`} ${most === 1 ? "time" : "times"}.`,
    ];
  }
  return starts.map((start) => {
    const cone = coneOf(rows, show, start);
    const top = rows.length;
    return show === "forward"
      ? `x${start + 1} touches ${cone[top].size} of ${units[top]} units of the top row; ${edges} connections in all.`
      : `${letters[top] ?? "y"}${start + 1} sees ${cone[0].size} of ${units[0]} inputs; ${edges} connections in all.`;
  });
}
