// From steps to a drawing: the padded input, the kernel and the output side by side; in every frame the window, the cell that it makes and
// the sum that is done. Many channels stand under each other.

import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Drawing, Mark, Rect, Words } from "./drawing.ts";
import { widthOf, wrap } from "./drawing.ts";
import { drawLegend, legendRows } from "./legend.ts";
import { isPooling, type WindowOptions } from "./options.ts";
import type { Role } from "./palette.ts";
import { type Cell, describeSteps, type Frame, type Steps } from "./steps.ts";
import { english, type PictureWords, type Worded, wordsOf } from "./wording.ts";
import { showNumber, showOutputSize, showSample, showSizes, showSum, showTitle, showUnused } from "./words.ts";

export interface StepPictureOptions extends Worded {
  /** Largest width of a cell in pixels (default 40); large grids get smaller ones. */
  readonly cell?: number;
}

/** Beyond these a picture says nothing to a reader. */
export const pictureLimits = { cells: 40, frames: 1024 } as const;

const margin = 24;
const gap = 52;
const small = 13;

/** The picture of `options`, one frame per output cell. Throws like `planWindow`, and `ArgumentError` when there is too much to draw. */
export function stepPicture(options: WindowOptions, pictureOptions: StepPictureOptions = {}): Drawing {
  checkOptions("stepPicture", pictureOptions, ["cell", "words"]);
  const words = wordsOf("stepPicture", pictureOptions);
  const names = { input: words.input, kernel: words.kernel, output: words.output, ...options.names };
  return drawSteps(describeSteps({ ...options, names }), pictureOptions.cell, words);
}

/** What differs where a drawing is not of values: the line under a frame, and the signs between the parts. */
export interface Telling {
  readonly say: (frame: Frame, number: number) => string;
  readonly signs: readonly [string, string];
}

export function drawSteps(steps: Steps, largest = 40, words: PictureWords = english, telling?: Telling): Drawing {
  checkLimits(steps);
  const layout = arrange(steps, largest, words, telling);
  const { frames, plan } = steps;
  const lastFrame = frames.length - 1;
  const marks: Mark[] = [];
  const text = (x: number, y: number, value: string, more: Partial<Words> = {}): void =>
    void marks.push({ shape: "words", role: "soft", size: small, x, y, text: value, ...more });

  const title = showTitle(plan, words);
  for (const [i, line] of layout.title.entries()) text(margin, margin + 4 + i * 22, line, { role: "ink", size: 16, bold: true });
  const formulas = [...showOutputSize(plan, words), showUnused(steps, words)].filter((line) => line !== undefined);
  for (const [i, line] of wrapAll(formulas, layout.width).entries()) text(margin, layout.formulaTop + i * 19, line);

  for (const part of ["input", "kernel", "output"] as const) {
    const place = layout[part];
    if (place !== undefined) text(place.x, place.y - layout.headRoom + 9, layout.heads[part], { role: "ink" });
  }

  for (const [c, plane] of steps.cells.entries()) marks.push(...drawPlane(plane, layout, c));
  if (many(steps)) {
    for (const c of steps.cells.keys()) marks.push(label(words.channel(c), planeOf(layout, "input", c)));
    for (const o of steps.output.keys()) marks.push(label(words.channel(o), planeOf(layout, "output", o)));
  }
  for (const [o, plane] of steps.output.entries()) marks.push(...drawOutput(plane, layout, o, lastFrame, steps));
  marks.push(...drawKernels(steps, layout));
  for (const [f, frame] of frames.entries()) marks.push(...drawFrame(steps, frame, f, layout));
  marks.push(...drawLegend(steps, layout.width, layout.legendTop, words));
  return {
    width: layout.width,
    height: layout.height,
    title,
    description: describe(steps, formulas, words),
    marks,
    frames: frames.length,
    still: middleFrame(steps),
  };
}

/** A window in the middle shows more than one in a corner. */
export function middleFrame({ plan }: Steps): number {
  const [{ output: rows }, { output: columns }] = plan.axes;
  return Math.floor((rows - 1) / 2) * columns + Math.floor((columns - 1) / 2);
}

function checkLimits(steps: Steps): void {
  const { rows, columns } = steps.grid;
  const [{ output: outRows }, { output: outColumns }] = steps.plan.axes;
  const most = Math.max(rows, columns, outRows, outColumns);
  if (most > pictureLimits.cells)
    throw new ArgumentError(
      `a picture of ${rows} × ${columns} cells → ${outRows} × ${outColumns} cannot be read; at most ${pictureLimits.cells} along an axis`,
    );
  if (steps.frames.length > pictureLimits.frames)
    throw new ArgumentError(`a picture of ${steps.frames.length} output cells has too many frames; at most ${pictureLimits.frames}`);
}

interface Place {
  readonly x: number;
  readonly y: number;
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly cell: number;
  readonly title: readonly string[];
  readonly formulaTop: number;
  /** Between a part's heading and its first grid, the names of channels included. */
  readonly headRoom: number;
  readonly heads: { readonly input: string; readonly kernel: string; readonly output: string };
  readonly signs: readonly [string, string];
  /** The sum under each frame. */
  readonly sums: readonly (readonly string[])[];
  readonly input: Place;
  readonly kernel: Place | undefined;
  readonly output: Place;
  /** From one channel's grid to the next. */
  readonly pitch: { readonly input: number; readonly kernel: number; readonly output: number };
  /** Halfway down the grids. */
  readonly middle: number;
  readonly sumTop: number;
  readonly legendTop: number;
}

function arrange(steps: Steps, largest: number, words: PictureWords, telling: Telling | undefined): Layout {
  const { plan, grid } = steps;
  const [rowAxis, columnAxis] = plan.axes;
  const across = grid.columns + columnAxis.output + (isPooling(plan.kind) ? 0 : columnAxis.kernel);
  const cell = Math.max(12, Math.min(largest, Math.floor(760 / across)));
  const names = plan.names;
  const heads = {
    input: `${names.input} ${showSizes(plan, (a) => a.given.input)}${plan.kind === "transposed" && plan.axes.some((a) => a.stretch > 1) ? `, ${words.stretched}` : ""}`,
    kernel: `${names.kernel} ${showSizes(plan, (a) => a.kernel)}${plan.kind === "transposed" ? `, ${words.turned}` : ""}`,
    output: `${names.output} ${showSizes(plan, (a) => a.output)}`,
  };
  const column = (cells: number, head: string): number => Math.max(cells * cell, widthOf(head, small));
  const input = { x: margin, width: column(grid.columns, heads.input) };
  const kernel = isPooling(plan.kind) ? undefined : { x: input.x + input.width + gap, width: column(columnAxis.kernel, heads.kernel) };
  const left = kernel ?? input;
  const output = { x: left.x + left.width + gap, width: column(columnAxis.output, heads.output) };
  const width = Math.max(560, output.x + output.width + margin);

  const title = wrap(showTitle(plan, words), 16, width - 2 * margin);
  const formulas = wrapAll(
    [...showOutputSize(plan, words), showUnused(steps, words)].filter((l) => l !== undefined),
    width,
  );
  const formulaTop = margin + 4 + title.length * 22 + 2;
  const headRoom = many(steps) ? 44 : 28;
  const top = formulaTop + formulas.length * 19 + 4 + headRoom;
  const between = many(steps) ? Math.max(cell * 0.7, 28) : 0;
  const pitch = {
    input: grid.rows * cell + between,
    kernel: rowAxis.kernel * cell + between,
    output: rowAxis.output * cell + between,
  };
  const inGroup = plan.inChannels / plan.groups;
  const stack =
    Math.max(plan.inChannels * pitch.input, plan.outChannels * pitch.output, kernel === undefined ? 0 : inGroup * pitch.kernel) - between;
  // Beside a tall input the kernel and the output stand in the middle.
  const centred = (count: number, step: number): number => top + (stack - (count * step - between)) / 2;
  const sums = steps.frames.map((frame, f) =>
    telling === undefined ? sumLinesOf(steps, frame, width, words) : wrapAll([telling.say(frame, f)], width),
  );
  const sumLines = Math.max(...sums.map((lines) => lines.length));
  const sumTop = top + stack + 30;
  const legendTop = sumTop + sumLines * 20 + 18;
  return {
    width,
    height: legendTop + legendRows(steps, width, words).length * 22 + margin - 10,
    cell,
    title,
    formulaTop,
    headRoom,
    heads,
    signs: telling?.signs ?? (isPooling(plan.kind) ? ["→", "→"] : ["∗", "="]),
    sums,
    input: { x: input.x, y: centred(plan.inChannels, pitch.input) },
    kernel: kernel && { x: kernel.x, y: centred(inGroup, pitch.kernel) },
    output: { x: output.x, y: centred(plan.outChannels, pitch.output) },
    pitch,
    middle: top + stack / 2,
    sumTop,
    legendTop,
  };
}

const wrapAll = (lines: readonly string[], width: number): string[] => lines.flatMap((line) => wrap(line, small, width - 2 * margin));

function sumLinesOf(steps: Steps, frame: Frame, width: number, words: PictureWords): string[] {
  const { row, column, channel } = frame.output;
  const place = [...(steps.plan.outChannels > 1 ? [channel] : []), ...(steps.plan.rank === 1 ? [] : [row]), column].join(", ");
  return wrapAll(
    [`${steps.plan.names.output}(${place}) = ${showSum(steps, frame, words)}`, showSample(steps, frame.taps, words)].filter(
      (l) => l !== undefined,
    ),
    width,
  );
}

/** The name of a channel, above its grid. */
function label(text: string, place: Place, more: Partial<Words> = {}): Words {
  return { shape: "words", role: "soft", size: 11, x: place.x, y: place.y - 10, text, ...more };
}

function square(role: Role, place: Place, row: number, column: number, cell: number, more: Partial<Rect> = {}): Rect {
  return { shape: "rect", role, x: place.x + column * cell, y: place.y + row * cell, width: cell, height: cell, ...more };
}

function centred(role: Role, place: Place, row: number, column: number, cell: number, text: string, more: Partial<Words> = {}): Words {
  // Numbers of four characters and more shrink, so that neighbours do not run into one.
  const size = Math.min(cell * 0.42, (cell * 0.78) / widthOf(text, 1));
  return {
    shape: "words",
    role,
    x: place.x + (column + 0.5) * cell,
    y: place.y + (row + 0.5) * cell,
    text,
    size,
    anchor: "middle",
    ...more,
  };
}

/** With several channels, each grid says which it is. */
const many = ({ plan }: Steps): boolean => plan.inChannels > 1 || plan.outChannels > 1;

const planeOf = (layout: Layout, part: "input" | "kernel" | "output", index: number): Place => ({
  x: layout[part]?.x ?? 0,
  y: (layout[part]?.y ?? 0) + index * layout.pitch[part],
});

/** Below this, numbers are specks. */
const readable = (cell: number): boolean => cell >= 16;

function showCell({ kind, value }: Cell): string {
  if (kind === "beyond") return "";
  return value === Number.NEGATIVE_INFINITY ? "−∞" : showNumber(value);
}

function drawPlane(plane: readonly (readonly Cell[])[], layout: Layout, channel: number): Mark[] {
  const { cell } = layout;
  const place = planeOf(layout, "input", channel);
  const marks: Mark[] = [];
  plane.forEach((line, row) => {
    line.forEach((at, column) => {
      marks.push(square(at.kind, place, row, column, cell));
      if (!at.used) marks.push(strike(place, row, column, cell));
      if (readable(cell) && showCell(at) !== "")
        marks.push(centred(at.kind === "input" && at.used ? "number" : "zero", place, row, column, cell, showCell(at)));
    });
  });
  return marks;
}

function strike(place: Place, row: number, column: number, cell: number): Mark {
  const [x, y] = [place.x + column * cell, place.y + row * cell];
  return { shape: "line", role: "unused", from: [x + 3, y + cell - 3], to: [x + cell - 3, y + 3] };
}

function drawOutput(plane: readonly (readonly number[])[], layout: Layout, channel: number, last: number, steps: Steps): Mark[] {
  const place = planeOf(layout, "output", channel);
  const { cell } = layout;
  const [{ output: rows }, { output: columns }] = steps.plan.axes;
  const marks: Mark[] = [];
  plane.forEach((line, row) => {
    for (const column of line.keys()) marks.push(square("pending", place, row, column, cell));
  });
  plane.forEach((line, row) => {
    line.forEach((value, column) => {
      const during = [(channel * rows + row) * columns + column, last] as const;
      marks.push(square("output", place, row, column, cell, { during, lasting: true }));
      if (readable(cell)) marks.push(centred("number", place, row, column, cell, showNumber(value), { during, lasting: true }));
    });
  });
  return marks;
}

/** The kernels of one output channel at a time, each beside the channel that it reads, with the operator's sign. */
function drawKernels(steps: Steps, layout: Layout): Mark[] {
  const { cell } = layout;
  const perChannel = steps.frames.length / steps.plan.outChannels;
  const marks: Mark[] = [];
  if (layout.kernel === undefined) return [sign(layout.signs[0], layout.output, layout)];
  marks.push(sign(layout.signs[0], layout.kernel, layout), sign(layout.signs[1], layout.output, layout));
  steps.kernels.forEach((kernels, o) => {
    const during = steps.kernels.length === 1 ? {} : { during: [o * perChannel, (o + 1) * perChannel - 1] as const };
    kernels.forEach(({ weights, channel }, i) => {
      const place = planeOf(layout, "kernel", i);
      if (many(steps)) marks.push(label(`${channel} → ${o}`, place, during));
      weights.forEach((line, row) => {
        line.forEach((weight, column) => {
          marks.push(square("kernel", place, row, column, cell, during));
          if (readable(cell)) marks.push(centred("weight", place, row, column, cell, showNumber(weight), during));
        });
      });
    });
  });
  return marks;
}

/** An operator sign stands in the gap to the left of what follows it, halfway down. */
function sign(text: string, before: Place, layout: Layout): Words {
  const middle = layout.middle;
  return { shape: "words", role: "soft", size: 22, x: before.x - gap / 2, y: middle, text, anchor: "middle" };
}

function drawFrame(steps: Steps, frame: Frame, f: number, layout: Layout): Mark[] {
  const during = [f, f] as const;
  const { cell } = layout;
  const marks: Mark[] = [];
  const deformable = steps.kind === "deformable";
  for (const [t, tap] of frame.taps.entries()) {
    const place = planeOf(layout, "input", tap.channel);
    if (deformable) continue;
    marks.push(square("window", place, tap.row, tap.column, cell, { during }));
    if (!readable(cell)) continue;
    const at = steps.cells[tap.channel][tap.row][tap.column];
    const weighted = !isPooling(steps.kind) && cell >= 26;
    marks.push(centred(tap.kind === "input" ? "number" : "zero", place, tap.row, tap.column, cell, showCell(at), { during }));
    if (weighted) {
      const [x, y] = [place.x + (tap.column + 1) * cell - 4, place.y + (tap.row + 1) * cell - cell * 0.17];
      const text = `·${showNumber(tap.weight)}`;
      marks.push({
        shape: "words",
        role: "weight",
        x,
        y,
        text,
        size: Math.min(cell * 0.26, (cell - 6) / widthOf(text, 1)),
        anchor: "end",
        during,
      });
    }
    if (t === frame.winner)
      marks.push(
        square("winner", place, tap.row, tap.column, cell, {
          during,
          x: place.x + tap.column * cell + 4,
          y: place.y + tap.row * cell + 4,
          width: cell - 8,
          height: cell - 8,
          radius: (cell - 8) / 2,
        }),
      );
  }
  if (deformable) marks.push(...drawSamples(steps, frame, layout, during));
  marks.push(...windowOutline(frame, layout, during));

  const { row, column, channel } = frame.output;
  const place = planeOf(layout, "output", channel);
  marks.push(square("active", place, row, column, cell, { during }));
  if (readable(cell)) marks.push(centred("number", place, row, column, cell, showNumber(frame.value), { during, bold: true }));
  layout.sums[f].forEach((text, i) => {
    marks.push({ shape: "words", role: "ink", size: small, x: margin, y: layout.sumTop + i * 20, text, during });
  });
  return marks;
}

/** A frame round the window in every channel that is read; with dilation it spans the gaps. */
function windowOutline({ taps, window }: Frame, layout: Layout, during: readonly [number, number]): Mark[] {
  const { cell } = layout;
  return [...new Set(taps.map((t) => t.channel))].map((channel) =>
    square("outline", planeOf(layout, "input", channel), window.row, window.column, cell, {
      width: window.columns * cell,
      height: window.rows * cell,
      during,
    }),
  );
}

/** Where a deformable kernel reads: the cells that are mixed, and from every regular tap a line to its point. */
function drawSamples(steps: Steps, { taps }: Frame, layout: Layout, during: readonly [number, number]): Mark[] {
  const { cell } = layout;
  const { rows, columns } = steps.grid;
  const marks: Mark[] = [];
  const points: Mark[] = [];
  const tinted = new Set<string>();
  for (const tap of taps) {
    const place = planeOf(layout, "input", tap.channel);
    for (const { row, column } of tap.neighbours ?? []) {
      const key = `${tap.channel} ${row} ${column}`;
      if (tinted.has(key) || row < 0 || column < 0 || row >= rows || column >= columns) continue;
      tinted.add(key);
      marks.push(square("neighbour", place, row, column, cell, { during }));
      if (readable(cell))
        marks.push(centred("number", place, row, column, cell, showCell(steps.cells[tap.channel][row][column]), { during }));
    }
    const centre = (row: number, column: number): readonly [number, number] => [
      place.x + (column + 0.5) * cell,
      place.y + (row + 0.5) * cell,
    ];
    const [x, y] = centre(tap.row, tap.column);
    points.push({ shape: "line", role: "shift", from: centre(...tap.regular), to: [x, y], during });
    points.push({ shape: "dot", role: "point", x, y, radius: Math.max(3, cell * 0.11), during });
  }
  return [...marks, ...points];
}

/** The text twin: sizes, formula and the finished numbers. */
function describe(steps: Steps, formulas: readonly string[], words: PictureWords): string {
  const rows = (plane: readonly (readonly number[])[]): string => plane.map((line) => line.map(showNumber).join(" ")).join("; ");
  const planes = steps.output.map((plane, c) => (steps.output.length > 1 ? `${words.channel(c)}: ${rows(plane)}` : rows(plane)));
  const numbers = steps.frames.length <= 128 ? ` ${words.result(steps.plan.names.output, planes.join(" / "))}` : "";
  return `${formulas.join("; ")}. ${words.steps(steps.frames.length)}${numbers}`;
}
