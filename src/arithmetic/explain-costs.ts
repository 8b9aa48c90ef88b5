// What a layer costs, and why: parameters, multiply-adds, activations, memory. Two meters that disagree usually count different things, so
// each count shows its formula. Multiply-adds count one per product, biases none; taps in the padding count, as in every paper.
import { ArgumentError } from "../tensor/errors.ts";
import { type Explained, explain } from "./explained.ts";

/** Counts for one picture. */
export interface ExplainedCost {
  /** Weights and biases. */
  readonly parameters: Explained;
  /** Multiply-adds. */
  readonly macs: Explained;
  /** Numbers that the layer gives out. */
  readonly activations: Explained;
  /** Bytes of both together. */
  readonly memory: Explained;
}

export interface CostOptions {
  /** Bytes of one number (default 4: float32). */
  readonly bytes?: number;
}

/** The letters of several axes: k₁·k₂ with their values. */
function axesLetters(letter: string, sizes: readonly number[]): { readonly product: string; readonly letters: Record<string, number> } {
  const names = sizes.map((_, axis) => `${letter}${axis + 1}`);
  return { product: names.join("·"), letters: Object.fromEntries(names.map((name, axis) => [name, sizes[axis]])) };
}

function costOf(
  formulas: { readonly parameters: string; readonly macs: string; readonly activations: string },
  letters: Readonly<Record<string, number>>,
  { bytes = 4 }: CostOptions,
): ExplainedCost {
  const parameters = explain("parameters", formulas.parameters, letters);
  const macs = explain("macs", formulas.macs, letters);
  const activations = explain("activations", formulas.activations, letters);
  const memory = explain("bytes", `${bytes}(parameters + activations)`, { parameters: parameters.value, activations: activations.value });
  return { parameters, macs, activations, memory };
}

/**
 * A convolution of m = inChannels maps into n = outChannels, kernel [n, m / g, ...k], output of spatial size `output`. Bias: default true.
 * Throws `ArgumentError` when the groups g do not divide both.
 */
export function explainConvCost(
  layer: {
    readonly inChannels: number;
    readonly outChannels: number;
    readonly kernel: readonly number[];
    readonly output: readonly number[];
    readonly groups?: number;
    readonly bias?: boolean;
  },
  options: CostOptions = {},
): ExplainedCost {
  const { inChannels: m, outChannels: n, groups: g = 1, bias = true } = layer;
  if (m % g !== 0 || n % g !== 0) {
    throw new ArgumentError(`explainConvCost: groups ${g} must divide ${m} input channels and ${n} output channels`);
  }
  const kernel = axesLetters("k", layer.kernel);
  const output = axesLetters("o", layer.output);
  const weights = `n·${g === 1 ? "m" : "(m / g)"}·${kernel.product}`;
  return costOf(
    { parameters: bias ? `${weights} + n` : weights, macs: `${weights}·${output.product}`, activations: `n·${output.product}` },
    { m, n, g, ...kernel.letters, ...output.letters },
    options,
  );
}

/** A transposed convolution: the multiply-adds of the convolution that it is the transpose of, so every *input* position counts. */
export function explainTransposedCost(
  layer: {
    readonly inChannels: number;
    readonly outChannels: number;
    readonly kernel: readonly number[];
    /** Spatial sizes of what goes in. */
    readonly input: readonly number[];
    readonly output: readonly number[];
    readonly groups?: number;
    readonly bias?: boolean;
  },
  options: CostOptions = {},
): ExplainedCost {
  const { inChannels: m, outChannels: n, groups: g = 1, bias = true } = layer;
  if (m % g !== 0 || n % g !== 0) {
    throw new ArgumentError(`explainTransposedCost: groups ${g} must divide ${m} input channels and ${n} output channels`);
  }
  const kernel = axesLetters("k", layer.kernel);
  const input = axesLetters("i", layer.input);
  const output = axesLetters("o", layer.output);
  const weights = `m·${g === 1 ? "n" : "(n / g)"}·${kernel.product}`;
  return costOf(
    { parameters: bias ? `${weights} + n` : weights, macs: `${weights}·${input.product}`, activations: `n·${output.product}` },
    { m, n, g, ...kernel.letters, ...input.letters, ...output.letters },
    options,
  );
}

/** A dense layer from m numbers to n. Bias: default true. */
export function explainLinearCost(
  layer: { readonly inFeatures: number; readonly outFeatures: number; readonly bias?: boolean },
  options: CostOptions = {},
): ExplainedCost {
  const { inFeatures: m, outFeatures: n, bias = true } = layer;
  return costOf({ parameters: bias ? "m·n + n" : "m·n", macs: "m·n", activations: "n" }, { m, n }, options);
}

/** Anything without multiply-adds: pooling, an activation; a norm has `perChannel` 2 parameters (scale and shift) for each channel. */
export function explainFreeCost(
  layer: { readonly channels: number; readonly output: readonly number[]; readonly perChannel?: number },
  options: CostOptions = {},
): ExplainedCost {
  const { channels: c, perChannel = 0 } = layer;
  const output = axesLetters("o", layer.output);
  return costOf(
    {
      parameters: perChannel === 0 ? "0" : `${perChannel}c`,
      macs: "0",
      activations: layer.output.length === 0 ? "c" : `c·${output.product}`,
    },
    { c, ...output.letters },
    options,
  );
}
