// The inverse question of `fovea conv`: which inputs, or which settings, give a wanted output size?

import { explanationLines } from "../arithmetic/explained.ts";
import { explainInputsOfOutput, inputsOfOutput } from "../arithmetic/inverse.ts";
import { type AxisPadding, dilatedKernel, poolSize, resolvePadding, transposedSize } from "../arithmetic/sizes.ts";
import { isPooling } from "../report/convolution/options.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { spread, type WindowQuestion } from "./window-options.ts";

export interface InverseAnswer {
  readonly lines: readonly string[];
  /** The same for programs. */
  readonly json: object;
}

/** Answers per axis; axes with the same answer are answered once. */
export function answerInverse(question: WindowQuestion): InverseAnswer {
  const wanted = question.outputSize ?? [];
  const axes = Math.max(wanted.length, question.input?.length ?? 1, question.kernel?.length ?? 1);
  const output = spread("output-size", wanted, 1, axes);
  const answers = output.map((o, axis) => answerAxis(question, o, axis, axes));
  const alike = new Set(answers.map((a) => a.lines.join("\n"))).size === 1;
  if (alike) return { lines: answers[0].lines, json: { outputSize: output, axes: answers.map((a) => a.json) } };
  return {
    lines: answers.flatMap((a, axis) => [`axis ${axis}:`, ...a.lines.map((line) => `  ${line}`)]),
    json: { outputSize: output, axes: answers.map((a) => a.json) },
  };
}

function answerAxis(question: WindowQuestion, output: number, axis: number, axes: number): InverseAnswer {
  const pooling = isPooling(question.kind);
  const kernel = question.kernel === undefined ? undefined : spread("kernel", question.kernel, 3, axes)[axis];
  const input = question.input === undefined ? undefined : spread("input", question.input, 1, axes)[axis];
  const stride = spread("stride", question.stride, pooling ? (kernel ?? 1) : 1, axes)[axis];
  const dilation = spread("dilation", question.dilation, 1, axes)[axis];
  const padding = spread<AxisPadding>("padding", question.padding, 0, axes)[axis];
  if (question.kind === "transposed") return answerTransposed({ input, kernel: kernel ?? 3, stride, dilation, padding, output });
  if (input === undefined) {
    if (kernel === undefined) throw new ArgumentError("--output-size needs --kernel to ask for inputs, or --input to ask for settings");
    return answerInputs({ output, kernel, stride, padding, dilation, pooling, ceilMode: question.ceilMode });
  }
  return answerSettings(
    { input, output, pooling, ceilMode: question.ceilMode },
    {
      kernel,
      stride: question.stride === undefined ? undefined : stride,
      padding: question.padding === undefined ? undefined : padding,
      dilation: question.dilation === undefined ? undefined : dilation,
    },
  );
}

function answerInputs(given: {
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: AxisPadding;
  readonly dilation: number;
  readonly pooling: boolean;
  readonly ceilMode: boolean;
}): InverseAnswer {
  const { padding, output } = given;
  const inputs = inputsOfOutput(given);
  const lines = inputs.length === 0 ? [`no input gives ${output} with these settings`] : [`inputs that give ${output}: ${listed(inputs)}`];
  if (typeof padding === "number" && !given.ceilMode && inputs.length > 0) {
    const { least, greatest } = explainInputsOfOutput({ ...given, padding });
    lines.push("", ...explanationLines(least));
    // With stride 1 there is only one.
    if (inputs.length > 1) lines.push(...explanationLines(greatest));
  }
  return { lines, json: { inputs } };
}

/** Long runs of consecutive sizes by their ends. */
function listed(inputs: readonly number[]): string {
  const [first, last] = [inputs[0], inputs[inputs.length - 1]];
  const consecutive = last - first === inputs.length - 1;
  return consecutive && inputs.length > mostSettings ? `${first} to ${last}` : inputs.join(", ");
}

/** Longer lists are no answer. */
const mostSettings = 24;
/** Paddings that are tried under a given kernel, however large. */
const mostPadding = 1000;
/** Inputs of a transposed convolution that are told apart. */
const mostInputs = 1000;

interface Settings {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: AxisPadding;
  readonly dilation: number;
}

interface Wanted {
  readonly input: number;
  readonly output: number;
  /** Pools may not pad by more than half of their window. */
  readonly pooling: boolean;
  readonly ceilMode: boolean;
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** The size with its numbers put in. Rounding up may count a window that would start beyond the input: it is taken away again. */
function formulaOf(
  input: number,
  extent: number,
  stride: number,
  [before, after]: readonly [number, number],
  ceilMode: boolean,
  output: number,
): string {
  const padded = before === after ? `2·${before}` : `${before} + ${after}`;
  const dropped = ceilMode && Math.ceil((input + before + after - extent) / stride) + 1 > output ? " - 1" : "";
  return `${ceilMode ? "ceil" : "floor"}((${input} + ${padded} - ${extent}) / ${stride}) + 1${dropped} = ${output}`;
}

/** Tries every setting within bounds, what is given being given; the least dilation, stride, padding and kernel first. */
function answerSettings(wanted: Wanted, given: { readonly [K in keyof Settings]: Settings[K] | undefined }): InverseAnswer {
  const { input, output, ceilMode } = wanted;
  const largest = { kernel: Math.max(7, given.kernel ?? 0), stride: 4, padding: Math.min(mostPadding, Math.max(3, given.kernel ?? 0)) };
  const choices = <K extends keyof Settings>(key: K, from: number, to: number): readonly Settings[K][] => {
    const fixed = given[key];
    return fixed === undefined ? (upTo(from, to) as Settings[K][]) : [fixed];
  };
  const found: (Settings & { readonly uncovered: number; readonly formula: string })[] = [];
  for (const dilation of choices("dilation", 1, 1)) {
    for (const stride of choices("stride", 1, largest.stride)) {
      for (const padding of choices("padding", 0, largest.padding)) {
        for (const kernel of choices("kernel", 1, largest.kernel)) {
          const extent = dilatedKernel(kernel, dilation);
          const [before, after] = resolvePadding(padding, { input, extent, stride });
          if (wanted.pooling && 2 * Math.max(before, after) > kernel) continue;
          if (poolSize(input, extent, stride, before, after, ceilMode) !== output) continue;
          const uncovered = Math.max(0, input + before + after - (output - 1) * stride - extent);
          found.push({
            kernel,
            stride,
            padding,
            dilation,
            uncovered,
            formula: formulaOf(input, extent, stride, [before, after], ceilMode, output),
          });
        }
      }
    }
  }
  const reach = (key: "kernel" | "stride" | "padding"): string =>
    given[key] === undefined ? `${key} up to ${largest[key]}` : `${key} ${String(given[key])}`;
  const bound = `${reach("kernel")}, ${reach("stride")}, ${reach("padding")}${wanted.pooling ? ", padding at most half the window" : ""}`;
  if (found.length === 0) return { lines: [`nothing turns ${input} into ${output} within ${bound}`], json: { settings: [] } };
  const rows = found.slice(0, mostSettings).map(({ kernel, stride, padding, dilation, uncovered, formula }) => {
    const left = uncovered > 0 ? `   (${uncovered} left uncovered)` : "";
    const dilated = given.dilation === undefined ? "" : ` d${dilation}`;
    return `k${kernel} s${stride} p${typeof padding === "number" ? "" : "="}${String(padding)}${dilated}   ${formula}${left}`;
  });
  const more = found.length > mostSettings ? [`… and ${found.length - mostSettings} more; --kernel narrows it down`] : [];
  return {
    lines: [
      `settings that turn ${input} into ${output}, the simplest first, by relationship ${wanted.pooling ? 7 : 6} (${bound}):`,
      ...rows.map((r) => `  ${r}`),
      ...more,
    ],
    json: { settings: found.map(({ formula: _, ...rest }) => rest) },
  };
}

function answerTransposed(given: {
  readonly input: number | undefined;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: AxisPadding;
  readonly output: number;
}): InverseAnswer {
  const { input, kernel, stride, dilation, padding, output } = given;
  const extent = dilatedKernel(kernel, dilation);
  const crop = (i: number): readonly [number, number] => resolvePadding(padding, { input: i * stride, extent, stride });
  const sizeOf = (i: number): number => transposedSize(i, extent, stride, ...crop(i));
  const most = Math.max(stride, dilation) - 1;
  // Each input more is a stride more of output, whatever the padding: only these leave an output padding from 0 to most.
  const least = Math.max(1, 1 + Math.ceil((output - sizeOf(1) - most) / stride));
  const greatest = 1 + Math.floor((output - sizeOf(1)) / stride);
  if (greatest - least >= mostInputs)
    throw new ArgumentError(
      `${greatest - least + 1} inputs from ${least} to ${greatest} give ${output}; --stride or --input narrows it down`,
    );
  const found = upTo(least, Math.max(least - 1, greatest))
    .filter((i) => input === undefined || i === input)
    .map((i) => ({ input: i, outputPadding: output - sizeOf(i) }));
  const lines = found.map(
    ({ input: i, outputPadding: a }) =>
      `input ${i} with output padding ${a}: ${stride}·(${i} - 1) + ${a} + ${extent} - ${crop(i).join(" - ")} = ${output}`,
  );
  if (found.length > 0) return { lines, json: { inputs: found } };
  const reach = input === undefined ? "" : `: input ${input} reaches ${sizeOf(input)} to ${sizeOf(input) + most}`;
  return { lines: [`no transposed convolution with these settings gives ${output}${reach}`], json: { inputs: [] } };
}
