// The questions turned round: which inputs give this output, and which settings turn this input into that output?
import { ArgumentError } from "../tensor/errors.ts";
import { type Explained, explain } from "./explained.ts";
import { type AxisPadding, convSize, dilatedKernel, poolSize, resolvePadding } from "./sizes.ts";

export interface OutputQuestion {
  readonly output: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: AxisPadding;
  readonly dilation?: number;
  /** Pooling only (default false). */
  readonly ceilMode?: boolean;
}

/** Candidates that are tried one by one; a question that leaves more is refused, so that every one is answered soon. */
const mostCandidates = 1_000_000;

/**
 * Every input size >= 1 that gives this output size along one axis, ascending. Without ceil mode these are s consecutive ones, from
 * (o - 1)s + k - 2p on (fewer where that is below 1). Throws `ArgumentError` when more than a million sizes would have to be tried.
 */
export function inputsOfOutput(question: OutputQuestion): number[] {
  const { output, kernel, stride = 1, padding = 0, dilation = 1, ceilMode = false } = question;
  checkCounts("inputsOfOutput", { output, kernel, stride, dilation });
  const extent = dilatedKernel(kernel, dilation);
  // Conventions pad by less than two kernels; whatever the padding, one more window takes s more positions.
  const [before, after] = typeof padding === "string" ? [extent, extent] : resolvePadding(padding, { input: 0, extent });
  const slack = Math.abs(before) + Math.abs(after) + extent;
  const [from, to] = [Math.max(1, (output - 2) * stride - slack), output * stride + slack];
  checkCandidates("inputsOfOutput", to - from + 1);
  const found: number[] = [];
  for (let input = from; input <= to; input++) {
    const pads = resolvePadding(padding, { input, extent, stride });
    if (poolSize(input, extent, stride, ...pads, ceilMode) === output) found.push(input);
  }
  return found;
}

/** The least and the greatest input of a convolution or pooling with symmetric padding that gives this output: i = (o - 1)s + k - 2p + a, a = 0 .. s - 1. */
export function explainInputsOfOutput(question: {
  readonly output: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  /** Cite the relationship of pooling (default false). */
  readonly pooling?: boolean;
}): { readonly least: Explained; readonly greatest: Explained } {
  const { output: o, kernel: k, stride: s = 1, padding: p = 0, dilation: d = 1, pooling = false } = question;
  checkCounts("explainInputsOfOutput", { output: o, kernel: k, stride: s, dilation: d });
  const right = d === 1 ? "(o - 1)s + k - 2p" : "(o - 1)s + k + (k - 1)(d - 1) - 2p";
  const letters = { o, k, s, p, d };
  const relationship = pooling ? 7 : s === 1 && d === 1 ? 2 : 6;
  return {
    least: explain("i", right, letters, { relationship }),
    greatest: explain("i", `${right} + s - 1`, letters, {
      relationship,
      note: s === 1 ? undefined : `the floor hides up to s - 1 = ${s - 1} positions at the far end`,
    }),
  };
}

export interface Setting {
  readonly kernel: number;
  readonly stride: number;
  /** On both sides. */
  readonly padding: number;
  readonly dilation: number;
  /** Positions of the padded input, at the far end, that no window covers. */
  readonly uncovered: number;
}

/**
 * Every (kernel, stride, padding, dilation) up to the given bounds that turns `input` into `output` along one axis, the simplest first: few
 * settings away from stride 1, padding 0, dilation 1; nothing left uncovered; then small numbers. Paddings stay below the dilated kernel.
 * Default bounds: 7, 4, 3, and dilation 1. Throws `ArgumentError` when the bounds hold more than a million settings.
 */
export function settingsOfOutput(options: {
  readonly input: number;
  readonly output: number;
  readonly largestKernel?: number;
  readonly largestStride?: number;
  readonly largestPadding?: number;
  readonly largestDilation?: number;
}): Setting[] {
  const { input, output, largestKernel = 7, largestStride = 4, largestPadding = 3, largestDilation = 1 } = options;
  checkCounts("settingsOfOutput", { input, output, largestKernel, largestStride, largestDilation });
  const paddings = Math.min(largestPadding, dilatedKernel(largestKernel, largestDilation) - 1) + 1;
  checkCandidates("settingsOfOutput", largestKernel * largestDilation * largestStride * paddings);
  const found: Setting[] = [];
  for (let kernel = 1; kernel <= largestKernel; kernel++) {
    // A single tap has nothing to dilate.
    for (let dilation = 1; dilation <= (kernel === 1 ? 1 : largestDilation); dilation++) {
      const extent = dilatedKernel(kernel, dilation);
      for (let stride = 1; stride <= largestStride; stride++) {
        for (let padding = 0; padding <= Math.min(largestPadding, extent - 1); padding++) {
          if (convSize(input, extent, stride, padding) !== output) continue;
          found.push({ kernel, stride, padding, dilation, uncovered: (input + 2 * padding - extent) % stride });
        }
      }
    }
  }
  return found.sort(bySimplicity);
}

function bySimplicity(a: Setting, b: Setting): number {
  const keys = (s: Setting): number[] => [
    Number(s.stride !== 1) + Number(s.padding !== 0) + Number(s.dilation !== 1),
    Number(s.uncovered > 0),
    s.dilation,
    s.stride,
    s.padding,
    s.kernel,
  ];
  const [left, right] = [keys(a), keys(b)];
  const differs = left.findIndex((key, i) => key !== right[i]);
  return differs < 0 ? 0 : left[differs] - right[differs];
}

function checkCounts(where: string, counts: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(counts)) {
    if (!Number.isSafeInteger(n) || n < 1) throw new ArgumentError(`${where}: ${name} is ${n}; expected an integer >= 1`);
  }
}

function checkCandidates(where: string, count: number): void {
  // Sums beyond 2^53 would not even count: adding 1 to them changes nothing.
  if (!(count <= mostCandidates)) throw new ArgumentError(`${where}: ${count} candidates to try; at most ${mostCandidates}`);
}
