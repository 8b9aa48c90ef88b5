// What a step-by-step picture says: sizes with their formula, and the sum behind one output cell.
import { dilatedKernel } from "../../arithmetic/sizes.ts";
import { show } from "../range.ts";
import { type DrawnAxis, isPooling, type WindowPlan } from "./options.ts";
import type { Frame, Steps, Tap } from "./steps.ts";
import { english, type PictureWords } from "./wording.ts";

/** A space at which no line is broken. */
const bound = "\u00a0";

/** "5 × 5", or "7" for a sequence. */
export function showSizes(plan: WindowPlan, pick: (axis: DrawnAxis) => number): string {
  return (plan.rank === 1 ? [plan.axes[1]] : plan.axes).map(pick).join(`${bound}×${bound}`);
}

/** A value that may differ between the axes: "2", or "2 × 1". */
function perAxis(plan: WindowPlan, pick: (axis: DrawnAxis) => string): string {
  const [rows, columns] = plan.axes.map(pick);
  return plan.rank === 1 || rows === columns ? columns : `${rows} × ${columns}`;
}

const showPadding = ({ given: { before, after } }: DrawnAxis): string =>
  (before === after ? String(before) : `${before},${after}`).replaceAll("-", "−");

/** "kernel 3 × 3, stride 2, padding 1": only what is not the default. */
export function showSettings(plan: WindowPlan, words: PictureWords = english): string {
  const { kind, axes, groups, inChannels, outChannels } = plan;
  const differs = (pick: (axis: DrawnAxis) => number, usual: number): boolean => axes.slice(2 - plan.rank).some((a) => pick(a) !== usual);
  return [
    `${isPooling(kind) ? words.window : words.kernel} ${showSizes(plan, (a) => a.kernel)}`,
    (isPooling(kind) || differs((a) => a.given.stride, 1)) && `${words.stride} ${perAxis(plan, (a) => String(a.given.stride))}`,
    axes.some((a) => a.given.before !== 0 || a.given.after !== 0) && `${words.padding} ${perAxis(plan, showPadding)}`,
    differs((a) => a.dilation, 1) && `${words.dilation} ${perAxis(plan, (a) => String(a.dilation))}`,
    differs((a) => a.extra, 0) && `${words.outputPadding} ${perAxis(plan, (a) => String(a.extra))}`,
    plan.border === "circular" && words.circular,
    plan.ceilMode && words.ceilMode,
    !isPooling(kind) && (inChannels > 1 || outChannels > 1) && words.channels(inChannels, outChannels),
    !isPooling(kind) && groups > 1 && words.groups(groups),
  ]
    .filter((part) => part !== false)
    .join(", ");
}

/** "Convolution of 5 × 5: kernel 3 × 3, stride 2, padding 1 → 3 × 3". */
export function showTitle(plan: WindowPlan, words: PictureWords = english): string {
  return (
    plan.title ??
    words.title(
      words.kinds[plan.kind],
      showSizes(plan, (a) => a.given.input),
      showSettings(plan, words),
      showSizes(plan, (a) => a.output),
    )
  );
}

const minus = (n: number): string => (n < 0 ? `−${-n}` : String(n));
/** " + 2·1" for even sides, " + 1 + 2" for uneven ones, nothing for none. */
const paddings = (before: number, after: number, sign: "+" | "−"): string =>
  before === after ? (before === 0 ? "" : ` ${sign} 2·${minus(before)}`) : ` ${sign} ${minus(before)} ${sign} ${minus(after)}`;

/** The output size of one axis: the formula with its numbers. */
export function showAxisSize(plan: WindowPlan, axis: DrawnAxis): string {
  const { kernel, dilation, given, output, extra } = axis;
  const extent = dilatedKernel(kernel, dilation);
  if (plan.kind === "transposed") {
    return `${given.stride}·(${given.input} − 1)${extra > 0 ? ` + ${extra}` : ""} + ${extent}${paddings(given.before, given.after, "−")} = ${output}`;
  }
  const [open, close] = plan.ceilMode ? "⌈⌉" : "⌊⌋";
  const inner = `${given.input}${paddings(given.before, given.after, "+")} − ${extent}`;
  const rounded = given.stride === 1 ? `${inner} + 1` : `${open}(${inner}) / ${given.stride}${close} + 1`;
  const plain = Math.ceil((given.input + given.before + given.after - extent) / given.stride) + 1;
  const clipped = plan.ceilMode && plain !== output ? " − 1" : "";
  return `${rounded}${clipped} = ${output}`;
}

/** One line for both axes where they are alike, else one for each; with dilation, first where the kernel's extent in them comes from. */
export function showOutputSize(plan: WindowPlan, words: PictureWords = english): string[] {
  return [
    ...perAxisLines(plan, words, words.extent, showExtent),
    ...perAxisLines(plan, words, words.outputSize, (axis) => showAxisSize(plan, axis)),
  ];
}

function perAxisLines(plan: WindowPlan, words: PictureWords, name: string, show: (axis: DrawnAxis) => string | undefined): string[] {
  const [rows, columns] = plan.axes.map(show);
  const line = (text: string | undefined, where: string): string[] => (text === undefined ? [] : [`${name}${where}: ${text}`]);
  if (plan.rank === 1) return line(columns, "");
  return rows === columns ? line(rows && `${rows}${words.bothAxes}`, "") : [...line(rows, words.inRows), ...line(columns, words.inColumns)];
}

/** Cells from the first to the last tap of a kernel with gaps; undefined for one without. */
function showExtent({ kernel, dilation }: DrawnAxis): string | undefined {
  return dilation === 1 ? undefined : `${dilation}·(${kernel} − 1) + 1 = ${dilatedKernel(kernel, dilation)}`;
}

export const showNumber = (v: number): string => show(v);
const inBrackets = (v: number, text: string): string => (v < 0 ? `(${text})` : text);

/** Longer sums are cut: their picture could not be read. */
const mostTerms = 27;

/** "3·0 + 3·1 + … = 12": the numbers that make one output cell, in the order in which they are read. */
export function showSum(steps: Steps, { taps, value, bias, divisor, winner }: Frame, words: PictureWords = english): string {
  // What is mixed from quarters and eighths of cells has more digits than three, and shall still add up for those who check.
  const showNumber = (v: number): string => show(v, steps.kind === "deformable" ? 5 : 3);
  const factor = (v: number): string => inBrackets(v, showNumber(v));
  const listTerms = (list: readonly Tap[], term: (tap: Tap) => string, between: string): string => joinTerms(list, term, between, words);
  const result = showNumber(value);
  if (steps.kind === "max pooling")
    return winner === undefined || winner < 0 ? `max() = ${result}` : `max(${listTerms(taps, readValue, ", ")}) = ${result}`;
  if (steps.kind === "average pooling")
    return `(${listTerms(countedTaps(steps, taps), (t) => factor(t.value), " + ")}) / ${divisor} = ${result}`;
  if (steps.kind === "L2 pooling") return `√(${listTerms(taps, (t) => `${factor(t.value)}²`, " + ")}) = ${result}`;
  // The zeros of a stretched input are many and add nothing: they are in the picture, not in the sum.
  const terms = steps.kind === "transposed" ? taps.filter((t) => t.kind === "input") : taps;
  const added = bias === undefined ? "" : ` + ${factor(bias)}`;
  if (terms.length === 0) return `${words.nothingButZeros}${added} = ${result}`;
  return `${listTerms(terms, (t) => `${factor(t.value)}·${factor(t.weight)}`, " + ")}${added} = ${result}`;
}

/** Letters for the three parts of a formula. */
export interface Letters {
  readonly input: string;
  readonly kernel: string;
  readonly output: string;
  readonly bias: string;
  /** Instead of the channel's number before the place in the output: such as both channels of a weight, "2, 0", in the output dW. */
  readonly outputChannel?: (channel: number) => string;
  /** Instead of the numbers of output and input channel before the place in the kernel. */
  readonly kernelChannel?: (output: number, input: number) => string;
}

/**
 * The sum of `showSum` in letters: "y(0, 1) = x(0, 1)·w(0, 0) + … + b(0)". Indices count the input without its padding, so padding has
 * negative ones or those beyond the end; channels come first where there are several. A kernel that lies turned keeps the indices of its own.
 */
export function showSymbols(
  steps: Steps,
  { taps, output, bias, divisor }: Frame,
  letters: Letters = { input: "x", kernel: "w", output: "y", bias: "b" },
  words: PictureWords = english,
): string {
  const { plan, grid, kind } = steps;
  const [rowAxis, columnAxis] = plan.axes;
  const place = (channels: readonly (number | string | false)[], row: number, column: number): string =>
    `(${[...channels.filter((c) => c !== false), ...(plan.rank === 1 ? [] : [showNumber(row)]), showNumber(column)].join(", ")})`;
  const severalIn = plan.inChannels > 1;
  const severalOut = plan.outChannels > 1;
  const x = (t: Tap): string =>
    `${letters.input}${place([severalIn && t.channel], (t.row - grid.top) / rowAxis.stretch, (t.column - grid.left) / columnAxis.stretch)}`;
  const turned = kind === "transposed";
  const kernelChannels = (t: Tap): readonly (number | string | false)[] =>
    letters.kernelChannel === undefined
      ? [severalOut && output.channel, severalIn && t.channel]
      : [letters.kernelChannel(output.channel, t.channel)];
  const w = (t: Tap): string =>
    `${letters.kernel}${place(
      kernelChannels(t),
      turned ? rowAxis.kernel - 1 - t.kernelRow : t.kernelRow,
      turned ? columnAxis.kernel - 1 - t.kernelColumn : t.kernelColumn,
    )}`;
  const left = `${letters.output}${place([severalOut && (letters.outputChannel?.(output.channel) ?? output.channel)], output.row, output.column)} = `;
  if (kind === "max pooling") return `${left}max(${joinTerms(taps, x, ", ", words)})`;
  if (kind === "average pooling") return `${left}(${joinTerms(countedTaps(steps, taps), x, " + ", words)}) / ${divisor}`;
  if (kind === "L2 pooling") return `${left}√(${joinTerms(taps, (t) => `${x(t)}²`, " + ", words)})`;
  const added = bias === undefined ? "" : ` + ${letters.bias}${severalOut ? `(${output.channel})` : ""}`;
  const terms = turned ? taps.filter((t) => t.kind === "input") : taps;
  if (terms.length === 0) return `${left}0${added}`;
  return `${left}${joinTerms(terms, (t) => `${x(t)}·${w(t)}`, " + ", words)}${added}`;
}

const readValue = (t: Tap): string => showNumber(t.value);

function countedTaps(steps: Steps, taps: readonly Tap[]): readonly Tap[] {
  return steps.plan.countIncludePad ? taps : taps.filter((t) => t.kind === "input");
}

function joinTerms(taps: readonly Tap[], term: (tap: Tap) => string, between: string, words: PictureWords): string {
  if (taps.length <= mostTerms) return taps.map(term).join(between);
  const head = taps.slice(0, mostTerms - 3).map(term);
  return [...head, words.moreTerms(taps.length - head.length)].join(between);
}

/** How the first sampled value that lies between cells is mixed: "(0, 0.5): 0.5·3 + 0.5·3 = 3". */
export function showSample(steps: Steps, taps: readonly Tap[], words: PictureWords = english): string | undefined {
  const tap = taps.find((t) => t.neighbours !== undefined && t.neighbours.length > 1);
  if (tap?.neighbours === undefined) return undefined;
  const place = `(${showNumber(tap.row - steps.grid.top)}, ${showNumber(tap.column - steps.grid.left)})`;
  const mixed = tap.neighbours.map((n) => `${show(n.share, 5)}·${showNumber(n.value)}`).join(" + ");
  return words.sample(place, `${mixed} = ${show(tap.value, 5)}`);
}

/** Said where the stride leaves a border over. */
export function showUnused({ unused }: Pick<Steps, "unused">, words: PictureWords = english): string | undefined {
  const parts = (["top", "bottom", "left", "right"] as const)
    .filter((side) => unused[side] > 0)
    .map((side) => words.unusedLines(unused[side], side));
  return parts.length === 0 ? undefined : words.unused(parts);
}
