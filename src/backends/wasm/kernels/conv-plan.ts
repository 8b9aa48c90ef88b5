// Where a convolution's numbers lie in memory, as nests of constant steps: pure arithmetic, no code is emitted here.
// All three maps of a convolution are the same two loops (rows of an image times panels of a kernel; sums of outer products over
// pixels); what differs is only which nest walks which tensor. Works for any number of spatial axes. All steps are in bytes.
import type { WindowAxis } from "../../../arithmetic/sizes.ts";
import type { ConvGeometry } from "../../../ops/conv-geometry.ts";
import { sizeOf } from "../../../tensor/shape.ts";

export const floatBytes = 4;

/** One loop of a nest, outermost first: `count` iterations, each moving every pointer by its own step. */
export interface Level {
  readonly count: number;
  readonly steps: readonly number[];
}

/** The same walk with fewer loops: single iterations are dropped, neighbours that step evenly are joined. */
export function collapse(levels: readonly Level[]): Level[] {
  const joined: Level[] = [];
  for (const level of levels) {
    if (level.count === 1) continue;
    const outer = joined.at(-1);
    if (outer?.steps.every((step, i) => step === level.count * level.steps[i])) {
      joined[joined.length - 1] = { count: outer.count * level.count, steps: level.steps };
    } else joined.push(level);
  }
  return joined;
}

export function iterations(levels: readonly Level[]): number {
  return sizeOf(levels.map((l) => l.count));
}

/** A batch of channels-last images; positions may start before the data when `border` zeros have been put around it. */
export interface Image {
  readonly batch: number;
  readonly channels: number;
  /** Stored sizes per spatial axis, borders included. */
  readonly sizes: readonly number[];
  /** Bytes from one position to the next, per spatial axis. */
  readonly steps: readonly number[];
  readonly batchStep: number;
  readonly bytes: number;
}

export function imageOf(batch: number, channels: number, sizes: readonly number[]): Image {
  const steps = sizes.map((_, axis) => sizeOf(sizes.slice(axis + 1)) * channels * floatBytes);
  const batchStep = sizeOf(sizes) * channels * floatBytes;
  return { batch, channels, sizes, steps, batchStep, bytes: batch * batchStep };
}

/** How an image must be extended per axis, [before, after], so that no window leaves it; negative numbers are left alone (cropping). */
export interface Border {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Zeros that the windows of `axes` really read: the padding less what a stride leaves out at the end. */
export function borderOf(axes: readonly WindowAxis[]): Border {
  return {
    before: axes.map((a) => Math.max(0, a.before)),
    after: axes.map((a) => Math.max(0, (a.output - 1) * a.stride + (a.kernel - 1) * a.dilation - a.before - (a.input - 1))),
  };
}

export function hasBorder({ before, after }: Border): boolean {
  return [...before, ...after].some((n) => n > 0);
}

export function bordered(image: Image, { before, after }: Border): Image {
  return imageOf(
    image.batch,
    image.channels,
    image.sizes.map((n, axis) => before[axis] + n + after[axis]),
  );
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, n, i) => sum + n * b[i], 0);

/** Rows of an implicit matrix times packed panels: C[pixel][column] = sum over taps and run of A[pixel + tap + run] * B[tap, run][column]. */
export interface PanelPlan {
  /** Steps: [source, destination]. */
  readonly pixels: readonly Level[];
  /** Steps: [source]; each iteration reads `run` floats that lie side by side. */
  readonly taps: readonly Level[];
  readonly run: number;
  readonly groups: number;
  /** Bytes from one group's channels to the next. */
  readonly sourceGroupStep: number;
  readonly destinationGroupStep: number;
  /** Columns per group. */
  readonly columns: number;
  /** Bytes to the first pixel. */
  readonly sourceOffset: number;
  readonly destinationOffset: number;
}

/** Where panel element (tap, run, column) of a group comes from in the weights. Steps: [weights]. */
export interface PackPlan {
  readonly offset: number;
  readonly groups: number;
  readonly groupStep: number;
  readonly columns: number;
  readonly columnStep: number;
  /** Taps and run, in the order of the panel's rows. */
  readonly rows: readonly Level[];
}

export interface MapPlan {
  readonly gemm: PanelPlan;
  readonly pack: PackPlan;
}

interface Taps {
  /** Uncollapsed, outermost first, steps [source]. */
  readonly levels: readonly Level[];
  readonly channels: number;
}

/** Taps that lie side by side become part of the run. */
function splitRun({ levels, channels }: Taps): { taps: Level[]; run: number } {
  const all = collapse([...levels, { count: channels, steps: [floatBytes] }]);
  const last = all.at(-1);
  if (last !== undefined && last.steps[0] === floatBytes) return { taps: all.slice(0, -1), run: last.count };
  return { taps: all, run: 1 };
}

function weightSteps({ inChannels, outChannels, groups, axes }: ConvGeometry): {
  out: number;
  group: number;
  channel: number;
  taps: number[];
} {
  const taps = axes.map((_, axis) => sizeOf(axes.slice(axis + 1).map((a) => a.kernel)) * floatBytes);
  const channel = sizeOf(axes.map((a) => a.kernel)) * floatBytes;
  const out = (inChannels / groups) * channel;
  return { out, group: (outChannels / groups) * out, channel, taps };
}

/** The convolution itself. `source` is x, with the border of `borderOf(axes)` if that is not empty. */
export function forwardPlan(geometry: ConvGeometry, source: Image, border: Border): MapPlan {
  const { batch, inChannels, outChannels, groups, axes } = geometry;
  const destination = imageOf(
    batch,
    outChannels,
    axes.map((a) => a.output),
  );
  const channels = inChannels / groups;
  const weights = weightSteps(geometry);
  return {
    gemm: {
      pixels: collapse([
        { count: batch, steps: [source.batchStep, destination.batchStep] },
        ...axes.map((a, i) => ({ count: a.output, steps: [a.stride * source.steps[i], destination.steps[i]] })),
      ]),
      ...splitRun({ levels: axes.map((a, i) => ({ count: a.kernel, steps: [a.dilation * source.steps[i]] })), channels }),
      groups,
      sourceGroupStep: channels * floatBytes,
      destinationGroupStep: (outChannels / groups) * floatBytes,
      columns: outChannels / groups,
      sourceOffset: dot(
        source.steps,
        axes.map((a, i) => border.before[i] - a.before),
      ),
      destinationOffset: 0,
    },
    pack: {
      offset: 0,
      groups,
      groupStep: weights.group,
      columns: outChannels / groups,
      columnStep: weights.out,
      rows: collapse([
        ...axes.map((a, i) => ({ count: a.kernel, steps: [weights.taps[i]] })),
        { count: channels, steps: [weights.channel] },
      ]),
    },
  };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const modulo = (a: number, n: number): number => ((a % n) + n) % n;

/** One residue of an input axis modulo the stride: its positions see a fixed, evenly spaced subset of the taps. */
interface AxisPhase {
  /** First input position and how many, `stride` apart. */
  readonly first: number;
  readonly count: number;
  /** Number of taps; the last of them, and the step between kernel indices of neighbours. */
  readonly taps: number;
  readonly lastTap: number;
  readonly tapStep: number;
  /** Position of the upstream gradient that the first input position reads first, and the step to the next tap's. */
  readonly from: number;
  readonly fromStep: number;
}

/** Input i and tap k meet at output o where i + before = o·stride + k·dilation, so only residues i + before = k·dilation (mod stride) do. */
function axisPhases({ input, kernel, stride, dilation, before }: WindowAxis): AxisPhase[] {
  const common = gcd(stride, dilation);
  const tapStep = stride / common;
  const phases: AxisPhase[] = [];
  for (let residue = 0; residue < stride; residue++) {
    const first = modulo(residue - before, stride);
    if (first >= input) continue;
    const count = Math.floor((input - 1 - first) / stride) + 1;
    let firstTap = 0;
    while (firstTap < Math.min(kernel, tapStep) && modulo(firstTap * dilation - residue, stride) !== 0) firstTap++;
    const reaches = firstTap < kernel && modulo(firstTap * dilation - residue, stride) === 0;
    const taps = reaches ? Math.floor((kernel - 1 - firstTap) / tapStep) + 1 : 0;
    const lastTap = firstTap + (taps - 1) * tapStep;
    phases.push({
      first,
      count,
      taps,
      lastTap,
      tapStep,
      from: taps === 0 ? 0 : (first + before - lastTap * dilation) / stride,
      fromStep: dilation / common,
    });
  }
  return phases;
}

function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

export function inputGradPhases(axes: readonly WindowAxis[]): AxisPhase[][] {
  return combinations(axes.map(axisPhases));
}

/** Zeros around the upstream gradient that some phase reads. */
export function inputGradBorder(axes: readonly WindowAxis[]): Border {
  const perAxis = axes.map((a) => axisPhases(a).filter((p) => p.taps > 0));
  return {
    before: perAxis.map((phases) => Math.max(0, ...phases.map((p) => -p.from))),
    after: perAxis.map((phases, i) =>
      Math.max(0, ...phases.map((p) => p.from + p.count - 1 + (p.taps - 1) * p.fromStep - (axes[i].output - 1))),
    ),
  };
}

/**
 * The input gradient: for each phase a convolution of stride 1 of the upstream gradient with the turned and transposed subset of taps.
 * `source` is the gradient with the border of `inputGradBorder(axes)`. Together the phases write every element of x's gradient.
 */
export function inputGradPlans(geometry: ConvGeometry, source: Image, border: Border): MapPlan[] {
  const { batch, inChannels, outChannels, groups, axes } = geometry;
  const destination = imageOf(
    batch,
    inChannels,
    axes.map((a) => a.input),
  );
  const channels = outChannels / groups;
  const weights = weightSteps(geometry);
  return inputGradPhases(axes).map((phases) => {
    const empty = phases.some((p) => p.taps === 0);
    return {
      gemm: {
        pixels: collapse([
          { count: batch, steps: [source.batchStep, destination.batchStep] },
          ...phases.map((p, i) => ({ count: p.count, steps: [source.steps[i], axes[i].stride * destination.steps[i]] })),
        ]),
        ...(empty
          ? { taps: [], run: 0 }
          : splitRun({ levels: phases.map((p, i) => ({ count: p.taps, steps: [p.fromStep * source.steps[i]] })), channels })),
        groups,
        sourceGroupStep: channels * floatBytes,
        destinationGroupStep: (inChannels / groups) * floatBytes,
        columns: inChannels / groups,
        sourceOffset: empty
          ? 0
          : dot(
              source.steps,
              phases.map((p, i) => border.before[i] + p.from),
            ),
        destinationOffset: dot(
          destination.steps,
          phases.map((p) => p.first),
        ),
      },
      pack: {
        offset: empty
          ? 0
          : dot(
              weights.taps,
              phases.map((p) => p.lastTap),
            ),
        groups,
        groupStep: weights.group,
        columns: inChannels / groups,
        columnStep: weights.channel,
        rows: empty
          ? [{ count: 0, steps: [0] }]
          : collapse([
              ...phases.map((p, i) => ({ count: p.taps, steps: [-p.tapStep * weights.taps[i]] })),
              { count: channels, steps: [weights.out] },
            ]),
      },
    };
  });
}

/** Sums of outer products: C[tap, row][column] = sum over pixels of A[pixel + tap + row] * B[pixel + column]. */
export interface OuterPlan {
  /** Steps: [A, B]. */
  readonly pixels: readonly Level[];
  /** Steps: [A]. */
  readonly taps: readonly Level[];
  /** Rows per tap: floats of A that lie side by side. */
  readonly run: number;
  readonly groups: number;
  readonly aGroupStep: number;
  readonly bGroupStep: number;
  readonly columns: number;
  readonly aOffset: number;
}

/** The filter gradient. `source` is x with the border of `borderOf(axes)`; `pack` says where its elements go in the result. */
export function filterGradPlan(
  geometry: ConvGeometry,
  source: Image,
  border: Border,
): { readonly outer: OuterPlan; readonly pack: PackPlan } {
  const { gemm, pack } = forwardPlan(geometry, source, border);
  return {
    outer: {
      pixels: gemm.pixels,
      taps: gemm.taps,
      run: gemm.run,
      groups: gemm.groups,
      aGroupStep: gemm.sourceGroupStep,
      bGroupStep: gemm.destinationGroupStep,
      columns: gemm.columns,
      aOffset: gemm.sourceOffset,
    },
    pack,
  };
}
