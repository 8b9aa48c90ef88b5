// Kernels as coloured tiles: orange adds, blue subtracts, white leaves out; one scale for all, so that a faint kernel looks faint.
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { diverging, luminance, toHex } from "../colour.ts";
import { positionIn, type Range } from "../range.ts";
import { type Drawing, type Mark, widthOf } from "./drawing.ts";
import { showNumber } from "./words.ts";

export interface NamedMatrix {
  readonly name: string;
  readonly matrix: readonly (readonly number[])[];
}

export interface KernelTilesOptions {
  readonly title?: string;
  /** Pixels per entry (default 34). */
  readonly cell?: number;
  /** Kernels per row (default: as many as fit 900 pixels). */
  readonly perRow?: number;
  /** The tiles alone, where the text beside them says the rest: no names, no margin, no colour scale (default false). */
  readonly bare?: boolean;
}

/** The kernels side by side, each with its name and its numbers. Throws `ArgumentError` when there is none. */
export function kernelTiles(kernels: readonly NamedMatrix[], options: KernelTilesOptions = {}): Drawing {
  checkOptions("kernelTiles", options, ["title", "cell", "perRow", "bare"]);
  if (kernels.length === 0) throw new ArgumentError("kernelTiles: no kernel to draw");
  const { cell = 34, title = kernels.map((k) => k.name).join(", "), bare = false } = options;
  const margin = bare ? 1 : 20;
  const head = bare ? 0 : 20;
  const rows = Math.max(...kernels.map((k) => k.matrix.length));
  const columns = Math.max(...kernels.map((k) => k.matrix[0].length));
  const names = bare ? [] : kernels.map((k) => widthOf(k.name, 13));
  const pitch = { x: Math.max(columns * cell, ...names) + (bare ? 8 : 28), y: rows * cell + (bare ? 2 : 48) };
  const perRow = Math.min(kernels.length, options.perRow ?? Math.max(1, Math.floor(900 / pitch.x)));
  const whole = rangeOf(kernels.flatMap((k) => k.matrix.flat()));
  const marks: Mark[] = [];
  kernels.forEach(({ name, matrix }, i) => {
    const x0 = margin + (i % perRow) * pitch.x;
    const y0 = margin + Math.floor(i / perRow) * pitch.y;
    if (!bare) marks.push({ shape: "words", role: "ink", size: 13, x: x0, y: y0 + 6, text: name });
    matrix.forEach((line, r) => {
      line.forEach((value, c) => {
        const colour = diverging.at(positionIn(whole, value));
        const at = { x: x0 + c * cell, y: y0 + head + r * cell };
        marks.push({ shape: "rect", role: "tile", ...at, width: cell, height: cell, fill: toHex(colour) });
        const text = showNumber(value);
        marks.push({
          ...{ shape: "words", role: "number", text, anchor: "middle" },
          ...{ x: at.x + cell / 2, y: at.y + cell / 2, size: Math.min(cell * 0.4, (cell * 0.8) / widthOf(text, 1)) },
          fill: luminance(colour) > 0.3 ? "#111317" : "#ffffff",
        });
      });
    });
    marks.push({ shape: "rect", role: "border", x: x0, y: y0 + head, width: matrix[0].length * cell, height: matrix.length * cell });
  });
  const legendTop = margin + Math.ceil(kernels.length / perRow) * pitch.y;
  if (!bare) marks.push(...scale(margin, legendTop, whole));
  return {
    width: Math.max(margin + perRow * pitch.x, bare ? 0 : 240),
    height: legendTop + (bare ? 0 : 44),
    title,
    description: kernels.map((k) => `${k.name}: ${k.matrix.map((line) => line.map(showNumber).join(" ")).join("; ")}`).join(". "),
    marks,
    frames: 1,
  };
}

function rangeOf(values: readonly number[]): Range {
  const reach = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  return { low: -reach, high: reach };
}

/** The colour scale with its raw ends. */
function scale(x: number, y: number, range: Range): Mark[] {
  const steps = 25;
  const wide = 200 / steps;
  return [
    ...Array.from({ length: steps }, (_, i): Mark => {
      const fill = toHex(diverging.at(i / (steps - 1)));
      return { shape: "rect", role: "tile", x: x + i * wide, y, width: wide, height: 10, fill };
    }),
    { shape: "words", role: "soft", size: 11, x, y: y + 22, text: showNumber(range.low) },
    { shape: "words", role: "soft", size: 11, x: x + 100, y: y + 22, text: "0", anchor: "middle" },
    { shape: "words", role: "soft", size: 11, x: x + 200, y: y + 22, text: showNumber(range.high), anchor: "end" },
  ];
}
