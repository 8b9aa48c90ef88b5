// The backward pass of a convolution, cell by cell: both gradients are window operations again, so the same renderer draws them. The input's
// is the transposed convolution of the output's gradient (a full convolution with the turned kernel); the kernel's is a convolution of the
// input with the output's gradient, whose taps lie a stride apart.
import { ArgumentError } from "../../tensor/errors.ts";
import { planWindow, type WindowOptions } from "./options.ts";

export interface BackwardWindows {
  /** dX: from the gradient g of the output to the gradient of the input. */
  readonly input: WindowOptions;
  /** dW: the input read through g. */
  readonly kernel: WindowOptions;
}

/**
 * The two gradients of a convolution of one channel as window operations, for the output's gradient `upstream` (row-major; default ones).
 * Throws `ArgumentError` for other operations and for several channels, whose gradients are sums of such pictures.
 */
export function backwardWindows(options: WindowOptions, upstream?: ArrayLike<number>): BackwardWindows {
  const plan = planWindow(options);
  if (plan.kind !== "convolution" || plan.inChannels * plan.outChannels !== 1)
    throw new ArgumentError(
      `the backward pass is drawn for a convolution of one channel, not for ${plan.kind} of ${plan.inChannels} to ${plan.outChannels}`,
    );
  const axes = plan.axes.slice(2 - plan.rank);
  const sizes = { input: axes.map((a) => a.input), kernel: axes.map((a) => a.kernel), output: axes.map((a) => a.output) };
  const count = sizes.output.reduce((p, n) => p * n, 1);
  const g = upstream ?? new Float64Array(count).fill(1);
  const strides = axes.map((a) => a.stride);
  const dilations = axes.map((a) => a.dilation);
  // What the stride left uncovered: the extra rows of the transposed convolution, and nothing that the kernel's gradient reads.
  const rest = axes.map((a) => a.input + a.before + a.after - a.dilation * (a.kernel - 1) - 1 - (a.output - 1) * a.stride);
  return {
    input: {
      kind: "transposed",
      input: sizes.output,
      kernel: sizes.kernel,
      stride: strides,
      dilation: dilations,
      padding: axes.map((a) => [a.before, a.after] as const),
      outputPadding: rest,
      values: g,
      weights: plan.weights,
      names: { input: "g", kernel: "kernel", output: "dX" },
      title: `The input's gradient dX: g ${sizes.output.join("\u00a0×\u00a0")} convolved with the turned kernel`,
    },
    kernel: {
      kind: "convolution",
      input: sizes.input,
      kernel: sizes.output,
      // Forward, neighbours in the output are a stride apart; neighbours in the kernel are a dilation apart. Here they change places.
      stride: dilations,
      dilation: strides,
      padding: axes.map((a, i) => [a.before, a.after - rest[i]] as const),
      values: plan.values,
      weights: g,
      names: { input: "X", kernel: "g", output: "dW" },
      title: `The kernel's gradient dW: X ${sizes.input.join("\u00a0×\u00a0")} convolved with g`,
    },
  };
}
