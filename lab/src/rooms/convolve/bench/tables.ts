// The numbers on the screen as rows of a CSV file.
import type { report } from "fovea";

type Rows = (string | number)[][];
interface Heads {
  readonly part: string;
  readonly channel: string;
  readonly row: string;
  readonly column: string;
  readonly value: string;
  readonly names: { readonly input: string; readonly kernel: string; readonly output: string };
}

/** Every number of input, kernel and output with its place; for a kernel, the channel is "from → to". The input counts without its padding. */
export function stepsTable(steps: report.Steps, { part, channel, row, column, value, names }: Heads): Rows {
  const { grid, plan } = steps;
  const rows: Rows = [[part, channel, row, column, value]];
  steps.cells.forEach((plane, c) => {
    plane.forEach((line, r) => {
      line.forEach((cell, i) => {
        if (cell.kind === "input")
          rows.push([names.input, c, (r - grid.top) / plan.axes[0].stretch, (i - grid.left) / plan.axes[1].stretch, cell.value]);
      });
    });
  });
  steps.kernels.forEach((kernels, to) => {
    for (const { channel: from, weights } of kernels)
      weights.forEach((line, r) => {
        for (const [i, weight] of line.entries()) rows.push([names.kernel, `${from} → ${to}`, r, i, weight]);
      });
  });
  for (const { output, value: result } of steps.frames) rows.push([names.output, output.channel, output.row, output.column, result]);
  return rows;
}

/** Larger matrices are listed entry by entry: row, column, weight, instead of as a table of mostly zeros. */
const mostDense = 250_000;

/** The matrix as it stands: one line per output. */
export function matrixTable({ matrix, kernel }: report.PlanMatrix, heads: readonly [row: string, column: string, value: string]): Rows {
  const { rows, columns, rowStart, column, weight } = matrix;
  const entries = (r: number): (readonly [number, number])[] =>
    Array.from({ length: rowStart[r + 1] - rowStart[r] }, (_, e) => [column[rowStart[r] + e], kernel[weight[rowStart[r] + e]]]);
  if (rows * columns > mostDense)
    return [[...heads], ...Array.from({ length: rows }, (_, r) => entries(r).map(([c, v]) => [r, c, v])).flat()];
  return Array.from({ length: rows }, (_, r) => {
    const line = new Array<number>(columns).fill(0);
    for (const [c, v] of entries(r)) line[c] = v;
    return line;
  });
}
