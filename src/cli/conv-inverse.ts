// The inverse question of `fovea conv`: which inputs, or which settings, give a wanted output size?

import { explanationLines } from "../arithmetic/explained.ts";
import { explainInputsOfOutput, inputsOfOutput, settingsOfOutput } from "../arithmetic/inverse.ts";
import { type AxisPadding, dilatedKernel, resolvePadding, transposedSize } from "../arithmetic/sizes.ts";
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
    return answerInputs({ output, kernel, stride, padding, dilation, ceilMode: question.ceilMode });
  }
  return answerSettings(input, output, kernel, question.dilation === undefined ? undefined : dilation);
}

function answerInputs(given: {
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: AxisPadding;
  readonly dilation: number;
  readonly ceilMode: boolean;
}): InverseAnswer {
  const { padding, output } = given;
  const inputs = inputsOfOutput(given);
  const lines =
    inputs.length === 0 ? [`no input gives ${output} with these settings`] : [`inputs that give ${output}: ${inputs.join(", ")}`];
  if (typeof padding === "number" && !given.ceilMode && inputs.length > 0) {
    const { least, greatest } = explainInputsOfOutput({ ...given, padding });
    lines.push("", ...explanationLines(least));
    // With stride 1 there is only one.
    if (inputs.length > 1) lines.push(...explanationLines(greatest));
  }
  return { lines, json: { inputs } };
}

/** Longer lists are no answer. */
const mostSettings = 24;

function answerSettings(input: number, output: number, kernel: number | undefined, dilation: number | undefined): InverseAnswer {
  const bounds = {
    largestKernel: Math.max(7, kernel ?? 0),
    largestStride: 4,
    largestPadding: Math.max(3, kernel ?? 0),
    largestDilation: dilation ?? 1,
  };
  const found = settingsOfOutput({ input, output, ...bounds }).filter(
    (s) => (kernel === undefined || s.kernel === kernel) && (dilation === undefined || s.dilation === dilation),
  );
  const bound = `kernel ${kernel ?? `up to ${bounds.largestKernel}`}, stride up to ${bounds.largestStride}, padding up to ${bounds.largestPadding}`;
  if (found.length === 0) return { lines: [`nothing turns ${input} into ${output} within ${bound}`], json: { settings: [] } };
  const rows = found.slice(0, mostSettings).map((s) => {
    const extent = dilatedKernel(s.kernel, s.dilation);
    const uncovered = s.uncovered > 0 ? `   (${s.uncovered} left uncovered)` : "";
    const dilated = dilation === undefined ? "" : ` d${s.dilation}`;
    return `k${s.kernel} s${s.stride} p${s.padding}${dilated}   floor((${input} + 2·${s.padding} - ${extent}) / ${s.stride}) + 1 = ${output}${uncovered}`;
  });
  const more = found.length > mostSettings ? [`… and ${found.length - mostSettings} more; --kernel narrows it down`] : [];
  return {
    lines: [`settings that turn ${input} into ${output}, the simplest first (${bound}):`, ...rows.map((r) => `  ${r}`), ...more],
    json: { settings: found },
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
  const found: { readonly input: number; readonly outputPadding: number }[] = [];
  const from = input ?? 1;
  const to = input ?? Math.ceil((output + 3 * extent) / stride) + 1;
  for (let i = from; i <= to; i++) {
    const a = output - sizeOf(i);
    if (a >= 0 && a <= most) found.push({ input: i, outputPadding: a });
  }
  const lines = found.map(
    ({ input: i, outputPadding: a }) =>
      `input ${i} with output padding ${a}: ${stride}·(${i} - 1) + ${a} + ${extent} - ${crop(i).join(" - ")} = ${output}`,
  );
  if (found.length > 0) return { lines, json: { inputs: found } };
  const reach = input === undefined ? "" : `: input ${input} reaches ${sizeOf(input)} to ${sizeOf(input) + most}`;
  return { lines: [`no transposed convolution with these settings gives ${output}${reach}`], json: { inputs: [] } };
}
