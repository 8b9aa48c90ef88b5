// Every word in the pictures of window operations, so that a picture can speak its reader's language; numbers and formulas stay as they are.
// English is the library's own.
import { checkOptions } from "../../tensor/options.ts";
import type { WindowKind } from "./options.ts";

export interface PictureWords {
  readonly kinds: Readonly<Record<WindowKind, string>>;
  /** `input` and `output` are sizes such as "5 × 5". */
  readonly title: (kind: string, input: string, settings: string, output: string) => string;
  readonly input: string;
  readonly kernel: string;
  readonly output: string;
  readonly window: string;
  readonly stride: string;
  readonly padding: string;
  readonly dilation: string;
  readonly outputPadding: string;
  readonly circular: string;
  readonly ceilMode: string;
  readonly channels: (input: number, output: number) => string;
  readonly groups: (count: number) => string;
  /** Names of the two formulas. */
  readonly extent: string;
  readonly outputSize: string;
  readonly bothAxes: string;
  readonly inRows: string;
  readonly inColumns: string;
  readonly stretched: string;
  readonly turned: string;
  readonly channel: (index: number) => string;
  readonly nothingButZeros: string;
  readonly moreTerms: (count: number) => string;
  readonly sample: (place: string, sum: string) => string;
  readonly unused: (parts: readonly string[]) => string;
  readonly unusedLines: (count: number, side: "top" | "bottom" | "left" | "right") => string;
  /** Legend. */
  readonly betweenInputs: string;
  readonly zeroPadding: string;
  readonly ringPadding: string;
  readonly lowestPadding: string;
  readonly extra: (rows: number) => string;
  readonly beyond: string;
  readonly uncovered: string;
  readonly mixed: string;
  readonly point: string;
  readonly winner: string;
  /** Text twins. */
  readonly steps: (count: number) => string;
  readonly result: (name: string, numbers: string) => string;
  /** The matrix. `name` is C or its transpose. */
  readonly matrixOf: (name: string, title: string) => string;
  readonly matrixCounts: (counts: {
    readonly nonZeros: number;
    readonly entries: number;
    readonly share: string;
    readonly parameters: number;
    readonly uses: readonly [least: number, greatest: number];
  }) => string;
  /** Of a picture of what is handed back. */
  readonly backward: (title: string) => string;
  readonly rowAfterRow: (name: string) => string;
  readonly matrixIs: string;
}

/** Options of everything that has words. */
export interface Worded {
  /** Words of another language (default English). */
  readonly words?: PictureWords;
}

/** Checked: a dictionary with a gap would fail in the middle of a drawing. */
export function wordsOf(where: string, { words }: Worded): PictureWords {
  if (words === undefined) return english;
  checkOptions(`${where}: words`, words, Object.keys(english) as (keyof PictureWords)[]);
  return { ...english, ...words };
}

export const english: PictureWords = {
  kinds: {
    convolution: "Convolution",
    transposed: "Transposed convolution",
    deformable: "Deformable convolution",
    "average pooling": "Average pooling",
    "max pooling": "Max pooling",
    "L2 pooling": "L2 pooling",
  },
  title: (kind, input, settings, output) => `${kind} of ${input}: ${settings} →\u00a0${output}`,
  input: "input",
  kernel: "kernel",
  output: "output",
  window: "window",
  stride: "stride",
  padding: "padding",
  dilation: "dilation",
  outputPadding: "output padding",
  circular: "circular border",
  ceilMode: "ceil mode",
  channels: (input, output) => `${input} to ${output} channels`,
  groups: (count) => `${count} groups`,
  extent: "extent of the dilated kernel",
  outputSize: "output size",
  bothAxes: ", along both axes",
  inRows: " in rows",
  inColumns: " in columns",
  stretched: "stretched",
  turned: "turned 180°",
  channel: (index) => `channel ${index}`,
  nothingButZeros: "nothing but zeros",
  moreTerms: (count) => `… ${count} more`,
  sample: (place, sum) => `the point at ${place} reads ${sum}`,
  unused: (parts) => `no window reaches ${parts.join(" and ")}`,
  unusedLines: (count, side) => `${count} ${side === "left" || side === "right" ? "column" : "row"}${count > 1 ? "s" : ""} at the ${side}`,
  betweenInputs: "0 between inputs (stride)",
  zeroPadding: "padding (0)",
  ringPadding: "padding (the other end)",
  lowestPadding: "padding (−∞)",
  extra: (rows) => `extra a = ${rows} (output padding)`,
  beyond: "beyond: not read",
  uncovered: "not covered",
  mixed: "mixed cells",
  point: "sampling point",
  winner: "the maximum",
  steps: (count) => `${count} ${count === 1 ? "step" : "steps"}, one per output cell.`,
  result: (name, numbers) => `The ${name} is ${numbers}.`,
  matrixOf: (name, title) => `${name}, the matrix of: ${title}`,
  matrixCounts: ({ nonZeros, entries, share, parameters, uses }) => {
    const times = uses[0] === uses[1] ? `${uses[0]}` : `${uses[0]} to ${uses[1]}`;
    return `${nonZeros} of ${entries} entries connect (${share} %); ${parameters} parameters, each used ${times} ${times === "1" ? "time" : "times"}`;
  },
  backward: (title) => `Back through: ${title}`,
  rowAfterRow: (name) => `${name}, row after row`,
  matrixIs: "One row per output cell, one column per input cell; entries of one colour are one parameter.",
};
