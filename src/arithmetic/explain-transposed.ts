// Transposed convolutions, explained: the size of one as a layer, and the direct convolution that it equals (the guide's primes).
// Relationships 8-14 are one formula under shrinking assumptions; the one whose assumptions hold is shown.
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { explainConvSize, explainDilatedKernel, paddingLetters } from "./explain-sizes.ts";
import { type Explained, explain, guide } from "./explained.ts";
import { type AxisPadding, dilatedKernel } from "./sizes.ts";
import { type TransposedAxis, transposedOf, transposedSame } from "./transposed.ts";

const formulas: Readonly<Record<TransposedAxis["relationship"], string>> = {
  8: "i' + (k - 1)",
  9: "i' + (k - 1) - 2p",
  10: "i' + (k - 1) - 2floor(k / 2)",
  11: "i' - (k - 1)",
  12: "s(i' - 1) + k",
  13: "s(i' - 1) + k - 2p",
  14: "s(i' - 1) + a + k - 2p",
};

export interface ExplainedTransposed {
  readonly relationship: TransposedAxis["relationship"];
  /** i', the output of the convolution. */
  readonly input: Explained;
  readonly kernel: Explained;
  readonly stride: Explained;
  readonly padding: Explained;
  readonly stretched: Explained;
  readonly extra: Explained;
  readonly output: Explained;
}

/**
 * The transpose of the convolution with input i, kernel k, stride s, symmetric padding p, along one axis: i', k', s', p', ĩ', a and o', each
 * with its formula. Throws `ShapeError` when that convolution has no output.
 */
export function explainTransposed(options: {
  readonly input: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}): ExplainedTransposed {
  const { input: i, kernel, stride: s = 1, padding: p = 0, dilation = 1 } = options;
  const { relationship } = transposedOf(options);
  const { letter, letters, steps } = kernelLetters(kernel, dilation);
  const cites = [guide];
  const size = explain("i'", explainConvSize(options).formula.slice("o = ".length), { i, k: kernel, s, p, d: dilation }, { cites });
  const extra = explain("a", `(i + 2p - ${letter}) mod s`, { i, p, s, ...letters }, { steps, cites });
  const known = { "i'": size.value, s, p, a: extra.value, ...letters };
  return {
    relationship,
    input: size,
    kernel: explain("k'", "k", { k: kernel }, { cites }),
    stride: explain("s'", "1", {}, { cites, note: "it slides over the stretched input" }),
    padding: explain("p'", `${letter} - p - 1`, known, {
      steps,
      cites,
      note: extra.value === 0 ? undefined : `on the far side a = ${extra.value} more`,
    }),
    stretched: explain("ĩ'", "i' + (i' - 1)(s - 1)", known, { cites, note: s === 1 ? undefined : `${s - 1} zeros between entries` }),
    extra,
    output: explain("o'", withLetter(formulas[relationship], letter), known, { relationship, steps: [...steps, extra] }),
  };
}

/** k, or k̂ with the step that makes it. */
function kernelLetters(kernel: number, dilation: number): { letter: string; letters: Record<string, number>; steps: Explained[] } {
  if (dilation === 1) return { letter: "k", letters: { k: kernel }, steps: [] };
  const step = explainDilatedKernel({ kernel, dilation });
  return { letter: step.symbol, letters: { k: kernel, [step.symbol]: step.value }, steps: [step] };
}

const withLetter = (formula: string, letter: string): string => formula.replaceAll("k", letter);

export interface TransposedSizeOptions {
  /** i', the size of what goes in. */
  readonly input: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Padding of the convolution that this is the transpose of: it crops. "same" and "same-lower" make the output i'·s, as in ONNX and TensorFlow. */
  readonly padding?: AxisPadding;
  readonly dilation?: number;
  /** a: rows at the far end, 0 .. max(s, d) - 1. Default: none, or with "same" what is missing to i'·s. */
  readonly outputPadding?: number;
}

/** Size of a transposed convolution as a layer, along one axis: o' = s(i' - 1) + a + k - 2p and its special cases. */
export function explainTransposedSize(options: TransposedSizeOptions): Explained {
  const { input: i, kernel, stride: s = 1, padding = 0, dilation = 1 } = options;
  const { letter, letters, steps } = kernelLetters(kernel, dilation);
  const extent = dilatedKernel(kernel, dilation);
  if (padding === "same" || padding === "same-lower") return explainTransposedSame(options, padding === "same-lower");
  const a = options.outputPadding ?? 0;
  if (!Number.isInteger(a) || a < 0 || (a > 0 && a >= Math.max(s, dilation))) {
    throw new ArgumentError(`explainTransposedSize: outputPadding is ${a}; expected an integer from 0 to ${Math.max(s, dilation) - 1}`);
  }
  const pads = paddingLetters(padding, { input: i * s, extent, stride: s, letter });
  const known = { "i'": i, s, a, ...letters, ...pads.letters };
  const all = { steps: [...steps, ...pads.steps] };
  if (pads.total !== "2p") return explain("o'", `s(i' - 1) + a + ${letter} - before - after`, known, { ...all, relationship: 14 });
  const relationship = layerRelationship(extent, s, pads.before, a);
  return explain("o'", withLetter(formulas[relationship], letter), known, { ...all, relationship });
}

function layerRelationship(extent: number, s: number, p: number, a: number): TransposedAxis["relationship"] {
  if (a > 0) return 14;
  if (s > 1) return p === 0 ? 12 : 13;
  if (p === 0) return 8;
  if (extent % 2 === 1 && p === (extent - 1) / 2) return 10;
  return p === extent - 1 ? 11 : 9;
}

function explainTransposedSame(options: TransposedSizeOptions, lower: boolean): Explained {
  const { input, kernel, stride: s = 1, dilation = 1, outputPadding = 0 } = options;
  const { letter, letters, steps } = kernelLetters(kernel, dilation);
  const cites = ["ONNX, ConvTranspose, auto_pad", guide];
  const { outputPadding: a } = transposedSame(input, dilatedKernel(kernel, dilation), s, outputPadding, lower);
  if (input < 1) throw new ShapeError(`explainTransposedSize: input size is ${input}; expected an integer >= 1`);
  const known = { "i'": input, s, a, ...letters };
  const note = a > outputPadding ? `a = ${a}: the kernel is shorter than the stride, so positions are added instead of cropped` : undefined;
  const total = explain("total", `max(s(i' - 1) + a + ${letter} - i'·s, 0)`, known, { cites, note });
  const less = explain(lower ? "after" : "before", "floor(total / 2)", { total: total.value }, { cites });
  const rest = explain(lower ? "before" : "after", `total - ${less.symbol}`, { total: total.value, [less.symbol]: less.value }, { cites });
  const right = `s(i' - 1) + a + ${letter} - before - after`;
  return explain("o'", right, known, { relationship: 14, steps: [...steps, total, less, rest], note: "the convention: o' = i'·s" });
}
