// How large a convolution's or pooling's output is, and why. Which of the guide's relationships applies follows from the settings; each is
// a special case of number 6, so that the shortest true formula is shown. The values are those of sizes.ts, by another way.
import { ArgumentError } from "../tensor/errors.ts";
import { type Explained, explain, guide } from "./explained.ts";
import { type AxisPadding, dilatedKernel, resolvePadding, type WindowOptions } from "./sizes.ts";

/** TensorFlow's word for the convention; the guide does not have it. */
const tensorFlow = "TensorFlow, padding SAME: the output has ceil(i / s) positions";

/** Extent of a dilated kernel, relationship 15: k̂ = k + (k - 1)(d - 1). */
export function explainDilatedKernel({ kernel, dilation = 1 }: { readonly kernel: number; readonly dilation?: number }): Explained {
  return explain("k̂", "k + (k - 1)(d - 1)", { k: kernel, d: dilation }, { relationship: 15 });
}

/** A padding as the letters of the size formula: one p, or before and after, with the arithmetic of a convention that had to be resolved. */
export interface PaddingLetters {
  /** "2p" or "before + after". */
  readonly total: string;
  /** "p" or "before": what stands in front of the input. */
  readonly front: string;
  readonly letters: Readonly<Record<string, number>>;
  readonly steps: readonly Explained[];
  readonly before: number;
  readonly after: number;
}

/** What a padding stands for. `extent` is the dilated kernel, called `letter` in formulas. */
export function paddingLetters(
  padding: AxisPadding,
  {
    input,
    extent,
    stride,
    letter = "k",
  }: { readonly input: number; readonly extent: number; readonly stride: number; readonly letter?: string },
): PaddingLetters {
  const [before, after] = resolvePadding(padding, { input, extent, stride });
  const steps = conventionSteps(padding, { input, extent, stride, letter });
  const even = before === after && steps.length < 2;
  const letters = even ? { p: before } : { before, after };
  return { total: even ? "2p" : "before + after", front: even ? "p" : "before", letters, steps, before, after };
}

function conventionSteps(
  padding: AxisPadding,
  {
    input: i,
    extent,
    stride: s,
    letter,
  }: { readonly input: number; readonly extent: number; readonly stride: number; readonly letter: string },
): Explained[] {
  const known = { i, s, [letter]: extent };
  switch (padding) {
    case "valid":
      return [explain("p", "0", {})];
    case "full":
      return [explain("p", `${letter} - 1`, known)];
    case "causal":
      return [explain("before", `${letter} - 1`, known), explain("after", "0", {})];
    case "same":
    case "same-lower": {
      const cites = [tensorFlow];
      const total = explain("total", `max((ceil(i / s) - 1)s + ${letter} - i, 0)`, known, { cites });
      const less = explain(padding === "same" ? "before" : "after", "floor(total / 2)", { total: total.value }, { cites });
      const rest = explain(
        padding === "same" ? "after" : "before",
        `total - ${less.symbol}`,
        { total: total.value, [less.symbol]: less.value },
        { cites },
      );
      return [total, less, rest];
    }
    default:
      return [];
  }
}

/** Rows at the far end that no window covers, in words; undefined when there are none. `room` is what a window that fits can still move. */
function leftOver(room: number, stride: number, after: number): string | undefined {
  if (room < 0) return `no window fits: it is ${-room} longer than the padded input`;
  const rest = room % stride;
  if (rest === 0) return undefined;
  const positions = rest === 1 ? "the last position" : `the last ${rest} positions`;
  const where = after >= rest ? ", in the padding," : after > 0 ? ", partly in the padding," : "";
  return `${positions}${where} ${rest === 1 ? "is" : "are"} covered by no window: ${room} mod ${stride} = ${rest}`;
}

/**
 * Output size of a convolution along one axis: the formula of relationships 1-6 (15 with dilation), the numbers, and what they leave over.
 * A value below 1 means that no window fits; nothing is thrown, because that is worth explaining too. `general` keeps to the formula in which the
 * padding stands as it was given, where half and full padding (relationships 3 and 4) would have one of their own (default false).
 */
export function explainConvSize(options: Omit<WindowOptions, "ceilMode"> & { readonly general?: boolean }): Explained {
  const { input: i, kernel: k, stride: s = 1, dilation: d = 1, padding = 0, general = false } = options;
  checkSettings("explainConvSize", { kernel: k, stride: s, dilation: d });
  const extent = dilatedKernel(k, d);
  const dilated = d === 1 ? [] : [explainDilatedKernel({ kernel: k, dilation: d })];
  const pads = paddingLetters(padding, { input: i, extent, stride: s, letter: d === 1 ? "k" : "k̂" });
  const note = leftOver(i + pads.before + pads.after - extent, s, pads.after);
  const [right, relationship] =
    d === 1 ? convFormula(pads, k, s, general) : [`floor((i + ${pads.total} - k - (k - 1)(d - 1)) / s) + 1`, 15];
  return explain("o", right, { i, k, s, d, ...pads.letters }, { relationship, steps: [...dilated, ...pads.steps], note });
}

function convFormula(
  { total, before, after }: PaddingLetters,
  k: number,
  s: number,
  general: boolean,
): [formula: string, relationship: number] {
  if (total === "2p" && s === 1) {
    if (before === 0) return ["(i - k) + 1", 1];
    if (!general && k % 2 === 1 && before === (k - 1) / 2) return ["i + 2floor(k / 2) - (k - 1)", 3];
    return !general && before === k - 1 ? ["i + (k - 1)", 4] : ["(i - k) + 2p + 1", 2];
  }
  if (before === 0 && after === 0) return ["floor((i - k) / s) + 1", 5];
  return [`floor((i + ${total} - k) / s) + 1`, 6];
}

/**
 * Output size of a pooling along one axis: relationship 7, with padding and dilation where there are any. In ceil mode the number is
 * rounded up, and the last window is dropped when it would start beyond the input and its padding in front: it would pool nothing.
 */
export function explainPoolSize(options: WindowOptions): Explained {
  const { input: i, kernel: k, stride: s = 1, dilation: d = 1, padding = 0, ceilMode = false } = options;
  checkSettings("explainPoolSize", { kernel: k, stride: s, dilation: d });
  const extent = dilatedKernel(k, d);
  const letter = d === 1 ? "k" : "k̂";
  const dilated = d === 1 ? [] : [explainDilatedKernel({ kernel: k, dilation: d })];
  const pads = paddingLetters(padding, { input: i, extent, stride: s, letter });
  const padded = pads.before === 0 && pads.after === 0 ? "i" : `i + ${pads.total}`;
  const letters = { i, k, s, d, ...pads.letters };
  const before = [...dilated, ...pads.steps];
  const relationship = d === 1 ? 7 : 15;
  if (!ceilMode) {
    const note = leftOver(i + pads.before + pads.after - extent, s, pads.after);
    return explain("o", `floor((${padded} - ${letter}) / s) + 1`, letters, { relationship, steps: before, note });
  }
  const rounded = explain("n", `ceil((${padded} - ${letter}) / s) + 1`, letters, { relationship, steps: before });
  const start = explain("start", "(n - 1)s", { n: rounded.value, s });
  const end = explain("end", pads.before === 0 ? "i" : `i + ${pads.front}`, letters);
  const drops = start.value >= end.value;
  const note = drops
    ? `the last window would start at ${start.value} of the padded input, at or beyond ${end.value} where the input ends: it is dropped`
    : `the last window starts at ${start.value} of the padded input, before ${end.value} where the input ends: it counts`;
  return explain("o", drops ? "n - 1" : "n", { n: rounded.value }, { steps: [rounded, start, end], note, cites: [guide] });
}

function checkSettings(where: string, settings: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(settings)) {
    if (!Number.isInteger(n) || n < 1) throw new ArgumentError(`${where}: ${name} is ${n}; expected an integer >= 1`);
  }
}
