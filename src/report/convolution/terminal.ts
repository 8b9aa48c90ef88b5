// The same steps in a terminal: boxes of line characters, heavy ones around what the window reads, dashed ones around padding. Colour only
// underlines what the lines say already.
import { denseMatrix } from "../../arithmetic/unrolled.ts";
import { checkOptions } from "../../tensor/options.ts";
import { matrixOf, showMatrixCounts } from "./matrix.ts";
import { isPooling, type WindowPlan } from "./options.ts";
import type { Cell, Frame, Steps } from "./steps.ts";
import { showNumber } from "./words.ts";

export interface TerminalOptions {
  /** Characters per line (default 80). */
  readonly columns?: number;
  /** ANSI colours (default false). */
  readonly colour?: boolean;
}

/** How a cell of a lattice is written. */
interface Box {
  readonly text: string;
  readonly edge: "none" | "dashed" | "light" | "heavy";
  readonly ink?: "plain" | "faint" | "strong";
}

/** Taller pictures do not fit a screen. */
const mostRows = 17;
/** More channels than this would scroll away. */
const mostChannels = 3;

/** Input, kernel and output of one frame, side by side or under each other; undefined where that would not fit the terminal. */
export function drawTerminal(steps: Steps, frame: Frame, options: TerminalOptions = {}): string | undefined {
  checkOptions("drawTerminal", options, ["columns", "colour"]);
  const { columns = 80, colour = false } = options;
  const { plan, grid, cells, output } = steps;
  const channels = [...new Set(frame.taps.map((t) => t.channel))];
  if (channels.length === 0) channels.push(0);
  if (grid.rows > mostRows || plan.axes[0].output > mostRows || channels.length > mostChannels) return undefined;
  const result = block(nameOf(steps, "output", frame.output.channel), outputBoxes(output[frame.output.channel], frame), colour);
  const parts = channels.map((channel) => {
    const input = block(nameOf(steps, "input", channel), inputBoxes(cells[channel], frame, channel), colour);
    const kernel = steps.kernels[frame.output.channel]?.find((k) => k.channel === channel);
    if (kernel === undefined) return [input];
    return [
      input,
      signBlock("∗", colour),
      block(
        kernelName(steps),
        kernel.weights.map((line) => line.map((w): Box => ({ text: showNumber(w), edge: "light" }))),
        colour,
      ),
    ];
  });
  const last = signBlock(isPooling(plan.kind) ? "→" : "=", colour);
  const rows = parts.map((part, i) => (i === parts.length - 1 ? [...part, last, result] : [...part, signBlock("+", colour)]));
  const lines = rows.flatMap((row) => beside(row, columns));
  return lines.some((line) => line.width > columns) ? undefined : lines.map((line) => line.text.trimEnd()).join("\n");
}

function nameOf({ plan }: Steps, part: "input" | "output", channel: number): string {
  const count = part === "input" ? plan.inChannels : plan.outChannels;
  return count > 1 ? `${plan.names[part]} ${channel}` : plan.names[part];
}

const kernelName = ({ plan }: Steps): string => (plan.kind === "transposed" ? `${plan.names.kernel}, turned` : plan.names.kernel);

/** Which signs mean what, for the line under the picture: only those that occur. */
export function terminalLegend({ cells, kind }: Steps): string {
  const all = cells[0].flat();
  return [
    `${kind === "deformable" ? "heavy: cells that are mixed" : "heavy: the window"}`,
    all.some((c) => c.kind === "padding" || c.kind === "extra") && "dashed: padding",
    all.some((c) => c.kind === "stretch") && "dot: 0 between inputs",
    all.some((c) => c.kind === "extra") && "a: extra row and column",
    all.some((c) => c.kind === "beyond") && "blank: beyond, not read",
    all.some((c) => !c.used) && "╳: no window reads it",
    kind === "max pooling" && "( ): the maximum",
  ]
    .filter((part) => part !== false)
    .join(" · ");
}

function inputBoxes(plane: readonly (readonly Cell[])[], frame: Frame, channel: number): Box[][] {
  const read = new Map<string, number>();
  for (const [t, tap] of frame.taps.entries()) {
    if (tap.channel !== channel) continue;
    for (const { row, column } of tap.neighbours ?? [tap]) read.set(`${row} ${column}`, t);
  }
  return plane.map((line, row) =>
    line.map((cell, column): Box => {
      const tap = read.get(`${row} ${column}`);
      const text = cellText(cell);
      if (tap !== undefined)
        return { text: tap === frame.winner ? `(${text})` : text, edge: "heavy", ink: cell.kind === "input" ? "strong" : "faint" };
      if (cell.kind === "beyond") return { text: "", edge: "none" };
      if (!cell.used) return { text: "╳", edge: cell.kind === "input" ? "light" : "dashed", ink: "faint" };
      return cell.kind === "input" ? { text, edge: "light" } : { text, edge: cell.kind === "stretch" ? "light" : "dashed", ink: "faint" };
    }),
  );
}

function cellText({ kind, value }: Cell): string {
  if (kind === "stretch") return "·";
  if (kind === "extra") return "a";
  return value === Number.NEGATIVE_INFINITY ? "−∞" : kind === "beyond" ? "" : showNumber(value);
}

function outputBoxes(plane: readonly (readonly number[])[], { output }: Frame): Box[][] {
  return plane.map((line, row) =>
    line.map((value, column): Box => {
      const active = row === output.row && column === output.column;
      return { text: showNumber(value), edge: active ? "heavy" : "light", ink: active ? "strong" : "plain" };
    }),
  );
}

/** Lines of text with the width that they take on the screen, which colour codes do not. */
interface ScreenLine {
  readonly text: string;
  readonly width: number;
}

type Block = readonly ScreenLine[];

const plainLine = (text: string): ScreenLine => ({ text, width: Array.from(text).length });

function signBlock(sign: string, colour: boolean): Block {
  // A blank line stands for the names above the grids, so that the sign is in the middle of these.
  return [plainLine("   "), { text: ` ${paint(sign, "faint", colour)} `, width: 3 }];
}

function block(name: string, boxes: readonly (readonly Box[])[], colour: boolean): Block {
  return [plainLine(name), ...lattice(boxes, colour)];
}

/** Blocks next to each other, each centred in height; where they are too wide, the first stands above the others. */
function beside(blocks: readonly Block[], columns: number): ScreenLine[] {
  const widths = blocks.map((b) => Math.max(...b.map((line) => line.width)));
  const total = widths.reduce((sum, w) => sum + w, 0);
  if (total > columns && blocks.length > 1) return [...blocks[0], ...beside(blocks.slice(1), columns)];
  const height = Math.max(...blocks.map((b) => b.length));
  return Array.from({ length: height }, (_, y) => {
    const texts = blocks.map((b, i) => {
      const line = b[y - Math.floor((height - b.length) / 2)];
      return line === undefined ? " ".repeat(widths[i]) : line.text + " ".repeat(widths[i] - line.width);
    });
    return { text: texts.join(""), width: total };
  });
}

/** Weight of a line: 0 none, 1 light, 2 heavy. */
type Weight = 0 | 1 | 2;

/** Where lines meet, by the weights of up, right, down and left: [0000, 0001, 0002, 0010, ...] in base 3. */
const junctions = " ╴╸╷┐┑╻┒┓╶─╾┌┬┭┎┰┱╺╼━┍┮┯┏┲┳╵┘┙│┤┥╽┧┪└┴┵├┼┽┟╁╅┕┶┷┝┾┿┢╆╈╹┚┛╿┦┩┃┨┫┖┸┹┞╀╃┠╂╉┗┺┻┡╄╇┣╊╋";

function lattice(boxes: readonly (readonly Box[])[], colour: boolean): Block {
  const rows = boxes.length;
  const columns = boxes[0].length;
  const inner = Math.max(3, ...boxes.flat().map((b) => Array.from(b.text).length + (b.text.startsWith("(") ? 0 : 2)));
  const edgeOf = (row: number, column: number): Box["edge"] => boxes[row]?.[column]?.edge ?? "none";
  const stronger = (a: Box["edge"], b: Box["edge"]): Box["edge"] =>
    (["heavy", "light", "dashed", "none"] as const).find((e) => e === a || e === b) ?? "none";
  /** The line above cell (row, column), and the one to its left. */
  const above = (row: number, column: number): Box["edge"] =>
    column < 0 || column >= columns ? "none" : stronger(edgeOf(row - 1, column), edgeOf(row, column));
  const left = (row: number, column: number): Box["edge"] =>
    row < 0 || row >= rows ? "none" : stronger(edgeOf(row, column - 1), edgeOf(row, column));
  const weight = (edge: Box["edge"]): Weight => (edge === "heavy" ? 2 : edge === "none" ? 0 : 1);
  const inkOf = (edge: Box["edge"]): Box["ink"] => (edge === "heavy" ? "strong" : edge === "none" ? "plain" : "faint");

  const lines: ScreenLine[] = [];
  const width = columns * (inner + 1) + 1;
  for (let row = 0; row <= rows; row++) {
    let text = "";
    for (let column = 0; column <= columns; column++) {
      const meeting = [left(row - 1, column), above(row, column), left(row, column), above(row, column - 1)];
      const [up, right, down, before] = meeting.map(weight);
      const at = ((up * 3 + right) * 3 + down) * 3 + before;
      text += paint(Array.from(junctions)[at], inkOf(meeting.reduce(stronger)), colour);
      if (column < columns)
        text += paint(
          { none: " ", dashed: "╌", light: "─", heavy: "━" }[above(row, column)].repeat(inner),
          inkOf(above(row, column)),
          colour,
        );
    }
    lines.push({ text, width });
    if (row === rows) break;
    text = "";
    for (let column = 0; column <= columns; column++) {
      const edge = left(row, column);
      text += paint({ none: " ", dashed: "╎", light: "│", heavy: "┃" }[edge], inkOf(edge), colour);
      if (column === columns) continue;
      const { text: content, ink } = boxes[row][column];
      text += paint(centre(content, inner), ink, colour);
    }
    lines.push({ text, width });
  }
  return lines;
}

function centre(text: string, width: number): string {
  const free = width - Array.from(text).length;
  const before = Math.ceil(free / 2);
  return " ".repeat(before) + text + " ".repeat(free - before);
}

/** Bold orange for what the window reads, grey for padding and lines. */
function paint(text: string, ink: Box["ink"], colour: boolean): string {
  if (!colour || ink === undefined || ink === "plain" || text.trim() === "") return text;
  return ink === "strong" ? `\u001b[1;38;5;208m${text}\u001b[0m` : `\u001b[38;5;244m${text}\u001b[0m`;
}

/** The sparse matrix in characters: a dot where nothing connects, bars between blocks; only its counts where it does not fit. */
export function drawTerminalMatrix(plan: WindowPlan, columns = 80): string {
  const found = matrixOf(plan);
  const { matrix, kernel, block } = found;
  const dense = denseMatrix(matrix, kernel);
  const counts = `${matrix.rows} × ${matrix.columns} matrix${found.transposed ? ", transposed" : ""}: ${showMatrixCounts(found)}`;
  const text = (r: number, c: number): string => {
    const at = r * matrix.columns + c;
    return dense.taps[at] < 0 ? "·" : showNumber(dense.data[at]);
  };
  const rows = Array.from({ length: matrix.rows }, (_, r) => Array.from({ length: matrix.columns }, (_, c) => text(r, c)));
  const wide = Math.max(...rows.flat().map((t) => Array.from(t).length));
  const lines = rows.flatMap((row, r) => {
    const line = row.map((t, c) => `${c > 0 && c % block.columns === 0 ? " │" : ""} ${t.padStart(wide)}`).join("");
    const rule = line.replace(/[^│]/gu, "─").replaceAll("│", "┼");
    return r > 0 && r % block.rows === 0 ? [rule, line] : [line];
  });
  if (Array.from(lines[0]).length > columns || lines.length > 60)
    return `${counts}\n(not drawn: it does not fit ${columns} characters; --svg draws it)`;
  return `${lines.join("\n")}\n\n${counts}`;
}
