// The backward pass of a convolution, cell by cell: both gradients are window operations again, so the same renderer draws them. The input's
// is the transposed convolution of the output's gradient (a full convolution with the turned kernel); the kernel's is a convolution of the
// input with the output's gradient, whose taps lie a stride apart. For a transposed convolution the two change places.
import { dilatedKernel } from "../../arithmetic/sizes.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { type DrawnAxis, planWindow, type WindowOptions, type WindowPlan } from "./options.ts";

export interface BackwardWindows {
  /** dX: from the gradient g of the output to the gradient of the input. */
  readonly input: WindowOptions;
  /**
   * dW: the input read through g. With channels it has one output per pair that a weight joins, all pairs of the first input channel (for a
   * transposed convolution: of the first output channel) before those of the next.
   */
  readonly kernel: WindowOptions;
}

/**
 * The two gradients of a convolution or transposed convolution as window operations, for the output's gradient `upstream` (row-major; default
 * ones). Throws `ArgumentError` for other operations and for circular borders, whose gradients `windowGradients` has.
 */
export function backwardWindows(options: WindowOptions, upstream?: ArrayLike<number>): BackwardWindows {
  const plan = planWindow(options);
  if ((plan.kind !== "convolution" && plan.kind !== "transposed") || plan.border === "circular")
    throw new ArgumentError(
      `the backward pass is drawn as convolutions for convolutions with zeros around, not for ${plan.border === "circular" ? "a circular border" : plan.kind}`,
    );
  const axes = plan.axes.slice(2 - plan.rank);
  const count = axes.reduce((p, a) => p * a.output, plan.outChannels);
  const g = upstream ?? new Float64Array(count).fill(1);
  return plan.kind === "convolution" ? ofConvolution(plan, axes, g) : ofTransposed(plan, axes, g);
}

const show = (sizes: readonly number[]): string => sizes.join("\u00a0×\u00a0");

function ofConvolution(plan: WindowPlan, axes: readonly DrawnAxis[], g: ArrayLike<number>): BackwardWindows {
  const { inChannels, outChannels, groups } = plan;
  const sizes = { input: axes.map((a) => a.input), kernel: axes.map((a) => a.kernel), output: axes.map((a) => a.output) };
  const strides = axes.map((a) => a.stride);
  const dilations = axes.map((a) => a.dilation);
  // What the stride left uncovered: the extra rows of the transposed convolution, and nothing that the kernel's gradient reads.
  const rest = axes.map((a) => a.input + a.before + a.after - dilatedKernel(a.kernel, a.dilation) - (a.output - 1) * a.stride);
  return {
    input: {
      ...{ kind: "transposed", input: sizes.output, kernel: sizes.kernel, stride: strides, dilation: dilations, outputPadding: rest },
      ...{ inChannels: outChannels, outChannels: inChannels, groups },
      padding: axes.map((a) => [a.before, a.after] as const),
      values: g,
      weights: plan.weights,
      names: { input: "g", kernel: "kernel", output: "dX" },
      title: `The input's gradient dX: g ${show(sizes.output)} convolved with the turned kernel`,
    },
    kernel: {
      kind: "convolution",
      input: sizes.input,
      kernel: sizes.output,
      // Forward, neighbours in the output are a stride apart; neighbours in the kernel are a dilation apart. Here they change places.
      ...{ stride: dilations, dilation: strides },
      padding: axes.map((a, i) => [a.before, a.after - rest[i]] as const),
      ...pairs(inChannels, outChannels, groups, g),
      values: plan.values,
      names: { input: "X", kernel: "g", output: "dW" },
      title: `The kernel's gradient dW: X ${show(sizes.input)} convolved with g`,
    },
  };
}

function ofTransposed(plan: WindowPlan, axes: readonly DrawnAxis[], g: ArrayLike<number>): BackwardWindows {
  const { inChannels, outChannels, groups } = plan;
  const sizes = { input: axes.map((a) => a.given.input), kernel: axes.map((a) => a.kernel), output: axes.map((a) => a.output) };
  const strides = axes.map((a) => a.given.stride);
  const dilations = axes.map((a) => a.dilation);
  // The extra rows at the far end belong to no further window of the convolution that goes back.
  const padding = axes.map((a) => [a.given.before, a.given.after - a.extra] as const);
  return {
    input: {
      ...{ kind: "convolution", input: sizes.output, kernel: sizes.kernel, stride: strides, dilation: dilations, padding },
      ...{ inChannels: outChannels, outChannels: inChannels, groups },
      values: g,
      weights: plan.weights,
      names: { input: "g", kernel: "kernel", output: "dX" },
      title: `The input's gradient dX: g ${show(sizes.output)} convolved with the kernel`,
    },
    kernel: {
      ...{ kind: "convolution", input: sizes.output, kernel: sizes.input, stride: dilations, dilation: strides, padding },
      ...pairs(outChannels, inChannels, groups, plan.values),
      values: g,
      names: { input: "g", kernel: "X", output: "dW" },
      title: `The kernel's gradient dW: g ${show(sizes.output)} convolved with X`,
    },
  };
}

/** A depthwise convolution: every channel that is read goes through the plane of every channel that a weight joins it with. */
function pairs(read: number, joined: number, groups: number, planes: ArrayLike<number>): Pairs {
  const perGroup = { read: read / groups, joined: joined / groups };
  const plane = planes.length / joined;
  const weights = new Float64Array(read * perGroup.joined * plane);
  for (let c = 0; c < read; c++) {
    const first = Math.floor(c / perGroup.read) * perGroup.joined;
    for (let j = 0; j < perGroup.joined; j++)
      for (let i = 0; i < plane; i++) weights[(c * perGroup.joined + j) * plane + i] = planes[(first + j) * plane + i];
  }
  return { inChannels: read, outChannels: read * perGroup.joined, groups: read, weights };
}

interface Pairs {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly weights: Float64Array;
}
