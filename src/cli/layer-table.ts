// The layer table where a terminal is too narrow for it: paths lose their middle, counts their last digits, and no line wraps.
import { type LayerSummary, type ModelSummary, showField, showStride } from "../nn/summary.ts";
import { alignColumns, shortenMiddle, wrapText } from "./table.ts";

/** Least width that is written for; below it lines wrap. */
const leastWidth = 72;

/** The table of a net in lines of at most `width` characters (default: as wide as it is). */
export function layerTable(summary: ModelSummary, width: number = Number.POSITIVE_INFINITY): string {
  const full = summary.toString();
  if (longestLine(full) <= width) return full;
  const cells = [
    ["layer", "kind", "output", "field", "stride", "params", "MACs"],
    ...summary.layers.map(({ name, kind, outputShape, field, parameters, macs }: LayerSummary) => [
      name,
      kind,
      outputShape.join("x"),
      field.status === "misaligned" ? "several" : showField(field),
      showStride(field),
      shortCount(parameters),
      shortCount(macs),
    ]),
  ];
  const widest = (column: number): number => Math.max(...cells.map((row) => row[column].length));
  const gaps = 2 * (cells[0].length - 1);
  const others = [2, 3, 4, 5, 6].reduce((sum, column) => sum + widest(column), gaps);
  // The path tells more than the kind, so it gets what the kind leaves.
  const room = Math.max(width, leastWidth) - others;
  const kindWidth = Math.min(widest(1), Math.max(8, Math.floor(room / 3)));
  const lines = alignColumns(
    cells.map(([name, kind, ...rest]) => [shortenMiddle(name, room - kindWidth), shortenMiddle(kind, kindWidth), ...rest]),
    [5, 6],
  ).split("\n");
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  const { parameters, macs } = summary.total;
  const total = `total: ${parameters.toLocaleString("en-US")} parameters, ${macs.toLocaleString("en-US")} multiply-adds (MACs)`;
  return [lines[0], rule, ...lines.slice(1), rule, wrapText(total, 2, Math.max(width, leastWidth))].join("\n");
}

const longestLine = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

/** Three digits: 999, 9.41k, 118M. */
function shortCount(n: number): string {
  const units = ["", "k", "M", "G", "T"];
  let unit = 0;
  let value = n;
  // Rounding may carry into the next unit: 999,950 is 1.00M.
  while (unit < units.length - 1 && Number(value.toPrecision(3)) >= 1000) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? String(n) : `${value.toPrecision(3)}${units[unit]}`;
}
