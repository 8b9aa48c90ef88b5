// Which cell is looked at, who works with it, and what is written into the others.
import { report } from "fovea";
import { show } from "../../../ui/paint.ts";

export type Part = "input" | "kernel" | "output";

/** `plane`: input or output channel; for the kernel, the number of the kernel among those of its output channel. */
export interface Selection {
  readonly part: Part;
  readonly plane: number;
  readonly row: number;
  readonly column: number;
}

const letters: Readonly<Record<Part, string>> = { input: "i", kernel: "k", output: "o" };

/** As it stands in the address: "i.0.2.3". */
export function writeSelection({ part, plane, row, column }: Selection): string {
  return [letters[part], plane, row, column].join(".");
}

export function readSelection(text: string): Selection | undefined {
  const [letter, ...rest] = text.split(".");
  const part = (["input", "kernel", "output"] as const).find((p) => letters[p] === letter);
  const [plane, row, column] = rest.map(Number);
  if (part === undefined || rest.length !== 3 || ![plane, row, column].every((n) => Number.isInteger(n) && n >= 0)) return undefined;
  return { part, plane, row, column };
}

export const sameCell = (a: Selection | undefined, b: Selection | undefined): boolean =>
  a !== undefined && b !== undefined && writeSelection(a) === writeSelection(b);

export const keyOf = (plane: number, row: number, column: number): string => `${plane}.${row}.${column}`;

/** What is marked, and the small number that is written into each marked cell. */
export type Marked = ReadonlyMap<string, string>;

export interface Together {
  readonly input: Marked;
  readonly kernel: Marked;
  readonly output: Marked;
  readonly links: readonly report.Link[];
  /** Number of the frame that is shown, when it is one. */
  readonly frame: number | undefined;
}

/** The kernel of a link, among those of its output channel. */
function kernelPlane(steps: report.Steps, { output, tap }: report.Link): number {
  return steps.kernels[output.channel].findIndex((k) => k.channel === tap.channel);
}

/** Whether there is such a cell: addresses may name others. */
export function exists(steps: report.Steps, { part, plane, row, column }: Selection, channel: number): boolean {
  const planes = { input: steps.cells, kernel: (steps.kernels[channel] ?? []).map((k) => k.weights), output: steps.output }[part];
  return planes[plane]?.[row]?.[column] !== undefined;
}

export function frameOf(steps: report.Steps, { plane, row, column }: Selection): number {
  const [{ output: rows }, { output: columns }] = steps.plan.axes;
  return (plane * rows + row) * columns + column;
}

/** Everything that works with a cell. `channel`: the output channel whose kernels are shown. */
export function togetherWith(steps: report.Steps, cell: Selection, channel: number): Together {
  const { part, plane, row, column } = cell;
  const links =
    part === "output"
      ? report.linksOfFrame(steps, frameOf(steps, cell))
      : part === "input"
        ? report.linksOfInput(steps, { channel: plane, row, column })
        : report.linksOfKernel(steps, { from: steps.kernels[channel][plane].channel, to: channel, row, column });
  const input = new Map<string, string>();
  const kernel = new Map<string, string>();
  const output = new Map<string, string>();
  const pooled = report.isPooling(steps.kind);
  for (const link of links) {
    const { tap } = link;
    const times = pooled ? "" : `·${show(link.factor)}`;
    for (const at of tap.neighbours ?? [tap])
      input.set(keyOf(tap.channel, at.row, at.column), part === "output" && tap.neighbours === undefined ? times : "");
    // With several output channels, the kernels of one are on the screen.
    if (!pooled && link.output.channel === channel) kernel.set(keyOf(kernelPlane(steps, link), tap.kernelRow, tap.kernelColumn), "");
    output.set(keyOf(link.output.channel, link.output.row, link.output.column), part === "input" ? times : "");
  }
  if (part === "input") input.set(keyOf(plane, row, column), "");
  if (part === "output") output.set(keyOf(plane, row, column), "");
  return { input, kernel, output, links, frame: part === "output" ? frameOf(steps, cell) : undefined };
}
