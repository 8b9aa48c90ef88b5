// Back through a window operation, cell by cell and for all kinds: which outputs ask for an input cell, and how strongly. A convolution hands
// the gradient back through the same weights, an average in equal shares, a maximum to the one that won, a length along its direction.
import { ArgumentError, ShapeError } from "../../tensor/errors.ts";
import { type KernelPlace, linksOfKernel } from "./links.ts";
import { isPooling, type WindowOptions } from "./options.ts";
import { describeSteps, type Frame, type Steps, type Tap } from "./steps.ts";

/** What one window hands back to one input cell. */
export interface GradientTerm {
  /** Number of the frame, which is the output cell's. */
  readonly frame: number;
  readonly output: Frame["output"];
  /** Where it goes: a cell of the input, without its padding. */
  readonly to: { readonly channel: number; readonly row: number; readonly column: number };
  /** The output's own gradient g. */
  readonly upstream: number;
  /** d(output) / d(this cell). */
  readonly slope: number;
  /** upstream · slope: the terms of a cell add up to its gradient. */
  readonly product: number;
}

/** What one window adds to the gradient of one weight. */
export interface KernelTerm {
  readonly frame: number;
  readonly output: Frame["output"];
  readonly upstream: number;
  /** What the weight was multiplied by. */
  readonly value: number;
  readonly product: number;
}

export interface WindowGradients {
  /** dX: [channel][row][column] of the input, without its padding. */
  readonly input: readonly (readonly (readonly number[])[])[];
  /** dW in the layout of the weights; empty for poolings. */
  readonly kernel: Float64Array;
  /** db: one number per output channel. */
  readonly bias: Float64Array;
  /** Deformable only: how the loss changes with every offset, in their layout [2 · taps, rows, columns]; empty for others. */
  readonly offsets: Float64Array;
  /** What made a cell of `input`. */
  termsOf(at: GradientTerm["to"]): readonly GradientTerm[];
  /** What an output hands back; taps that hand back nothing are left out. */
  termsFrom(frame: number): readonly GradientTerm[];
  /** What made the gradient of a weight as it lies on the grid, from an input channel to an output channel. */
  kernelTerms(at: KernelPlace): readonly KernelTerm[];
}

/** How much an output changes with the value that a tap reads. */
function slopeOf(steps: Steps, frame: Frame, tap: number): number {
  switch (steps.kind) {
    case "max pooling":
      return tap === frame.winner ? 1 : 0;
    case "average pooling":
      return 1 / (frame.divisor ?? 1);
    case "L2 pooling":
      // The length has no direction at 0; the engine's gradient is 0 there, too.
      return frame.value === 0 ? 0 : frame.taps[tap].value / frame.value;
    default:
      return frame.taps[tap].weight;
  }
}

/** Cells of the input that a tap reads, with their shares; padding is nobody's. */
function readBy(steps: Steps, tap: Tap): readonly (readonly [row: number, column: number, share: number])[] {
  const found = tap.neighbours ?? [{ row: tap.row, column: tap.column, share: 1 }];
  return found.flatMap(({ row, column, share }) => {
    const cell = steps.cells[tap.channel][row]?.[column];
    if (cell === undefined || (cell.kind !== "input" && cell.twin === undefined)) return [];
    const [r, c] = cell.twin ?? [row, column];
    return [[r, c, share] as const];
  });
}

/** How much a sampled value changes with its point, in rows and in columns: between four cells it is a plane along each axis. */
function sampleSlopes(steps: Steps, { channel, row, column }: Tap): readonly [byRow: number, byColumn: number] {
  const [r, c] = [Math.floor(row), Math.floor(column)];
  const at = (i: number, j: number): number => steps.cells[channel][r + i]?.[c + j]?.value ?? 0;
  const [down, right] = [row - r, column - c];
  return [
    (1 - right) * (at(1, 0) - at(0, 0)) + right * (at(1, 1) - at(0, 1)),
    (1 - down) * (at(0, 1) - at(0, 0)) + down * (at(1, 1) - at(1, 0)),
  ];
}

/**
 * All gradients of a window operation for the output's gradient `upstream` (row-major [channels, rows, columns]; default ones).
 * Throws `ShapeError` when that has another length.
 */
export function windowGradients(steps: Steps, upstream?: ArrayLike<number>): WindowGradients {
  const { plan, frames, grid, kernels } = steps;
  const g = upstream ?? new Float64Array(frames.length).fill(1);
  if (g.length !== frames.length) throw new ShapeError(`windowGradients: ${g.length} numbers given, ${frames.length} outputs`);
  const [rowAxis, columnAxis] = plan.axes;
  const [height, width] = [rowAxis.given.input, columnAxis.given.input];
  const input = Array.from({ length: plan.inChannels }, () => Array.from({ length: height }, () => new Array<number>(width).fill(0)));
  const kernel = new Float64Array(isPooling(plan.kind) ? 0 : plan.weights.length);
  const bias = new Float64Array(plan.outChannels);
  const offsets = new Float64Array(plan.offsets?.length ?? 0);
  const positions = rowAxis.output * columnAxis.output;
  /** Terms of each input cell and of each output, found on the way. */
  const arriving = new Map<number, GradientTerm[]>();
  const leaving = frames.map((): GradientTerm[] => []);
  const keyOf = ({ channel, row, column }: GradientTerm["to"]): number => (channel * height + row) * width + column;
  frames.forEach((frame, f) => {
    const { output } = frame;
    bias[output.channel] += g[f];
    frame.taps.forEach((tap, t) => {
      const slope = slopeOf(steps, frame, t);
      for (const [r, c, share] of readBy(steps, tap)) {
        const [row, column] = [(r - grid.top) / rowAxis.stretch, (c - grid.left) / columnAxis.stretch];
        const to = { channel: tap.channel, row, column };
        const term = { frame: f, output, to, upstream: g[f], slope: slope * share, product: g[f] * slope * share };
        input[tap.channel][row][column] += term.product;
        const list = arriving.get(keyOf(to));
        if (list === undefined) arriving.set(keyOf(to), [term]);
        else list.push(term);
        if (slope !== 0) leaving[f].push(term);
      }
      if (tap.neighbours !== undefined) {
        const at = 2 * (tap.kernelRow * columnAxis.kernel + tap.kernelColumn) * positions + output.row * columnAxis.output + output.column;
        const [byRow, byColumn] = sampleSlopes(steps, tap);
        offsets[at] += g[f] * tap.weight * byRow;
        offsets[at + positions] += g[f] * tap.weight * byColumn;
      }
      if (kernels.length > 0) kernel[weightIndex(steps, output.channel, tap)] += g[f] * tap.value;
    });
  });
  return {
    ...{ input, kernel, bias, offsets },
    termsOf: (at) => arriving.get(keyOf(at)) ?? [],
    termsFrom: (frame) => leaving[frame] ?? [],
    kernelTerms: (at) =>
      linksOfKernel(steps, at).map(({ frame, output, tap: { value } }) => ({
        ...{ frame, output, value, upstream: g[frame], product: g[frame] * value },
      })),
  };
}

/** One step of gradient descent on a window's weights. */
export interface WindowStep {
  /** w − rate · dW, in the layout of the weights. */
  readonly weights: readonly number[];
  /** Σ g·y with the weights as they were, and with the new ones: what falls while the rate is small. */
  readonly before: number;
  readonly after: number;
}

/**
 * The update that the output's gradient `upstream` (default ones) asks of the weights, which stand for a loss of Σ g·y. Throws `ArgumentError`
 * for poolings, which have none, and for a rate that is no number; `ShapeError` as `windowGradients`.
 */
export function windowStep(options: WindowOptions, rate: number, upstream?: ArrayLike<number>): WindowStep {
  const steps = describeSteps(options);
  if (isPooling(steps.kind)) throw new ArgumentError(`windowStep: ${steps.kind} has no weights to learn`);
  if (!Number.isFinite(rate)) throw new ArgumentError(`windowStep: the rate is ${rate}; expected a number`);
  const g = upstream ?? new Float64Array(steps.frames.length).fill(1);
  const { kernel } = windowGradients(steps, g);
  const weights = Array.from(steps.plan.weights, (w, i) => w - rate * kernel[i]);
  const loss = ({ frames }: Pick<Steps, "frames">): number => frames.reduce((sum, { value }, f) => sum + g[f] * value, 0);
  return { weights, before: loss(steps), after: loss(describeSteps({ ...options, weights })) };
}

/** Where the weight of a tap stands in the weights as they were given: a transposed convolution's lie turned on the grid. */
export function weightIndex(
  { plan }: Pick<Steps, "plan">,
  outChannel: number,
  { channel, kernelRow, kernelColumn }: Pick<Tap, "channel" | "kernelRow" | "kernelColumn">,
): number {
  const [{ kernel: kh }, { kernel: kw }] = plan.axes;
  const [inPerGroup, outPerGroup] = [plan.inChannels / plan.groups, plan.outChannels / plan.groups];
  if (plan.kind !== "transposed") return ((outChannel * inPerGroup + (channel % inPerGroup)) * kh + kernelRow) * kw + kernelColumn;
  return ((channel * outPerGroup + (outChannel % outPerGroup)) * kh + (kh - 1 - kernelRow)) * kw + (kw - 1 - kernelColumn);
}
