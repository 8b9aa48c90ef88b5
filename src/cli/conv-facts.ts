// Everything that `fovea conv` knows about one window operation, before it is printed as text or as JSON: sizes, receptive field and cost, each
// with the formula that it comes from.
import { type ExplainedCost, explainConvCost, explainFreeCost, explainTransposedCost } from "../arithmetic/explain-costs.ts";
import { type ExplainedField, explainField } from "../arithmetic/explain-field.ts";
import { explainConvSize, explainPoolSize } from "../arithmetic/explain-sizes.ts";
import { explainTransposedSize } from "../arithmetic/explain-transposed.ts";
import type { Explained } from "../arithmetic/explained.ts";
import { type AxisPadding, dilatedKernel, resolvePadding, windowAxis } from "../arithmetic/sizes.ts";
import { transposedSame } from "../arithmetic/transposed.ts";
import { checkPoolPadding, isPooling, type WindowOptions } from "../report/convolution/options.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { spread, type WindowQuestion } from "./window-options.ts";

export interface WindowFacts {
  readonly kind: WindowQuestion["kind"];
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [before: number, after: number])[];
  readonly outputPadding: readonly number[];
  readonly output: readonly number[];
  /** Per axis. */
  readonly sizes: readonly Explained[];
  /** Per axis; undefined for transposed convolutions, whose field depends on the position. */
  readonly field: readonly ExplainedField[] | undefined;
  readonly cost: ExplainedCost;
  /** Deformable: the second convolution, which says where to read. */
  readonly offsetCost: ExplainedCost | undefined;
  /** The same as options of a picture; undefined beyond two axes. */
  readonly picture: WindowOptions | undefined;
}

/** The layer that a question describes, with every default filled in. Throws `ShapeError` or `ArgumentError` with the arithmetic spelled out. */
export function factsOf(question: WindowQuestion, { bias }: { readonly bias: boolean }): WindowFacts {
  const { kind, inChannels, outChannels, groups, ceilMode } = question;
  const input = question.input ?? [5, 5];
  const axes = input.length;
  const pooling = isPooling(kind);
  const kernel = spread("kernel", question.kernel, pooling ? 2 : 3, axes);
  const stride = question.stride === undefined && pooling ? kernel : spread("stride", question.stride, 1, axes);
  const dilation = spread("dilation", question.dilation, 1, axes);
  const given = spread<AxisPadding>("padding", question.padding, 0, axes);
  if (given.includes("causal") && axes !== 1) throw new ArgumentError(`--padding causal is for sequences: one axis, not ${axes}`);
  if (ceilMode && !pooling) throw new ArgumentError(`--ceil belongs to --pool; a ${kind} rounds down`);
  if (question.outputPadding !== undefined && kind !== "transposed") throw new ArgumentError("--output-padding belongs to --transposed");
  if (pooling && (groups !== 1 || outChannels !== inChannels))
    throw new ArgumentError("--pool works on each channel by itself: it has no --groups, and as many channels out as in");
  if (inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new ArgumentError(
      `--groups ${groups} must divide ${inChannels} input channels and ${outChannels} output channels: ${inChannels} / ${groups} = ${rounded(inChannels / groups)}, ${outChannels} / ${groups} = ${rounded(outChannels / groups)}`,
    );
  const asked = spread("output-padding", question.outputPadding, 0, axes);

  const resolved = input.map((size, axis) => {
    const extent = dilatedKernel(kernel[axis], dilation[axis]);
    const window = { input: size, kernel: kernel[axis], stride: stride[axis], dilation: dilation[axis], padding: given[axis] };
    const where = axes === 1 ? kind : `${kind}: axis ${axis}`;
    if (kind === "transposed") {
      const same = given[axis] === "same" || given[axis] === "same-lower";
      const crop = same ? transposedSame(size, extent, stride[axis], asked[axis], given[axis] === "same-lower") : undefined;
      const [before, after] = crop === undefined ? resolvePadding(given[axis], { input: size, extent }) : [crop.before, crop.after];
      const explained = explainTransposedSize({ ...window, outputPadding: asked[axis] });
      return { padding: [before, after] as const, extra: crop?.outputPadding ?? asked[axis], explained, output: explained.value };
    }
    const resolvedAxis = windowAxis({ ...window, ceilMode }, where);
    const { before, after, output } = resolvedAxis;
    if (pooling && typeof given[axis] !== "string") checkPoolPadding(resolvedAxis, where);
    const explained = pooling ? explainPoolSize({ ...window, ceilMode }) : explainConvSize(window);
    return { padding: [before, after] as const, extra: 0, explained, output };
  });
  const padding = resolved.map((r) => r.padding);
  const output = resolved.map((r) => r.output);
  const outputPadding = resolved.map((r) => r.extra);
  const layer = { inChannels, outChannels, groups, kernel, output, bias };
  return {
    kind,
    input,
    kernel,
    stride,
    dilation,
    padding,
    outputPadding,
    output,
    sizes: resolved.map((r) => r.explained),
    field:
      kind === "transposed"
        ? undefined
        : input.map((_, axis) =>
            explainField([{ kernel: kernel[axis], stride: stride[axis], padding: padding[axis][0], dilation: dilation[axis] }]),
          ),
    cost:
      kind === "transposed"
        ? explainTransposedCost({ ...layer, input })
        : pooling
          ? explainFreeCost({ channels: inChannels, output })
          : explainConvCost(layer),
    offsetCost:
      kind === "deformable" ? explainConvCost({ ...layer, outChannels: 2 * kernel.reduce((p, k) => p * k, 1), groups: 1 }) : undefined,
    picture: axes > 2 ? undefined : pictureOf(question, { input, kernel, stride, dilation, padding, outputPadding, output }),
  };
}

const rounded = (n: number): number => Math.round(n * 100) / 100;

type Sizes = Pick<WindowFacts, "input" | "kernel" | "stride" | "dilation" | "padding" | "outputPadding" | "output">;

function pictureOf(question: WindowQuestion, sizes: Sizes): WindowOptions {
  const { kind, weights, offset, inChannels, outChannels, groups, ceilMode, seed } = question;
  const { input, kernel, stride, dilation, padding, outputPadding, output } = sizes;
  const count = (list: readonly number[]): number => list.reduce((p, n) => p * n, 1);
  return {
    kind,
    input,
    kernel,
    stride,
    dilation,
    padding,
    ...(kind === "transposed" && { outputPadding }),
    ceilMode,
    inChannels,
    outChannels,
    groups,
    seed,
    // A kernel that was written out stands for every pair of channels.
    ...(weights !== undefined && !isPooling(kind) && { weights: repeat(weights, (inChannels * outChannels) / groups) }),
    ...(offset !== undefined && { offsets: offsetField(offset, count(kernel), count(output)) }),
  };
}

const repeat = (numbers: readonly number[], times: number): number[] => Array.from({ length: times }, () => numbers).flat();

function offsetField([dy, dx]: readonly [number, number], taps: number, outputs: number): number[] {
  return Array.from({ length: 2 * taps * outputs }, (_, i) => (Math.floor(i / outputs) % 2 === 0 ? dy : dx));
}
