// Where a convolution's numbers lie in memory, as nests of constant steps: pure arithmetic, no code is emitted here.
// All three maps of a convolution are the same two loops (rows of an image times panels of a kernel; sums of outer products over
// pixels); what differs is only which nest walks which tensor. Works for any number of spatial axes. All steps are in bytes.
import type { WindowAxis } from "../../../arithmetic/sizes.ts";
import type { ConvGeometry } from "../../../ops/conv-geometry.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Border, Placement } from "../kernel.ts";

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

/** Steps of a batch of channels-last images, or of a kernel [out, channels per group, ...taps]: bytes per axis. */
export interface Steps {
  readonly outer: number;
  readonly channel: number;
  readonly spatial: readonly number[];
}

export function stepsOf({ strides }: Pick<Placement, "strides">): Steps {
  const [outer, channel, ...spatial] = strides.map((s) => s * floatBytes);
  return { outer, channel, spatial };
}

/** Zeros that the windows of `axes` really read around their input: the padding less what a stride leaves out at the end. */
export function windowBorder(axes: readonly WindowAxis[]): Border {
  const noBorder = [0, 0] as const;
  return [
    noBorder,
    noBorder,
    ...axes.map(
      (a) =>
        [Math.max(0, a.before), Math.max(0, (a.output - 1) * a.stride + (a.kernel - 1) * a.dilation - a.before - (a.input - 1))] as const,
    ),
  ];
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, n, i) => sum + n * b[i], 0);

/** Rows of an implicit matrix times packed panels: C[pixel][column] = sum over taps and run of A[pixel + tap + run] * B[tap, run][column]. */
export interface PanelPlan {
  /** Steps: [source, ...results]. */
  readonly pixels: readonly Level[];
  /** Steps: [source]; each iteration reads `run` floats, `runStep` bytes apart. */
  readonly taps: readonly Level[];
  readonly run: number;
  readonly runStep: number;
  /** Depthwise: column c meets only channel c of the source, so A is a vector of channels where it else is one number for all columns. */
  readonly lanewise: boolean;
  readonly groups: number;
  /** Bytes from one group's channels to the next. */
  readonly sourceGroupStep: number;
  /** Bytes to the first pixel. */
  readonly sourceOffset: number;
  /** Columns per group. */
  readonly columns: number;
  /** What is walked along with the rows and columns of the product: first the product itself, then the operands of its epilogue. */
  readonly results: readonly ResultWalk[];
}

export interface ResultWalk {
  /** Bytes to the first pixel. */
  readonly offset: number;
  /** Bytes from one column to the next (the product's own are neighbours), and from one group to the next. */
  readonly columnStep: number;
  readonly groupStep: number;
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

/** How a convolution with as many groups as channels on both sides is walked: as one group whose columns do not mix. */
function isDepthwise({ inChannels, outChannels, groups }: ConvGeometry): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

/** Taps that lie side by side become part of the run. */
function splitRun(taps: readonly Level[], channels: number): Pick<PanelPlan, "taps" | "run" | "runStep"> {
  const all = collapse([...taps, { count: channels, steps: [floatBytes] }]);
  const last = all.at(-1);
  return last !== undefined && last.steps[0] === floatBytes
    ? { taps: all.slice(0, -1), run: last.count, runStep: floatBytes }
    : { taps: all, run: 1, runStep: floatBytes };
}

/** The convolution itself: `source` is x, bordered by at least `windowBorder(axes)`. */
export function forwardPlan(geometry: ConvGeometry, source: Steps, weight: Steps, results: readonly Steps[]): MapPlan {
  const { batch, inChannels, outChannels, axes } = geometry;
  const lanewise = isDepthwise(geometry);
  const groups = lanewise ? 1 : geometry.groups;
  const channels = lanewise ? 1 : inChannels / groups;
  const columns = outChannels / groups;
  const taps = axes.map((a, i) => ({ count: a.kernel, steps: [a.dilation * source.spatial[i]] }));
  return {
    gemm: {
      pixels: collapse([
        { count: batch, steps: [source.outer, ...results.map((r) => r.outer)] },
        ...axes.map((a, i) => ({ count: a.output, steps: [a.stride * source.spatial[i], ...results.map((r) => r.spatial[i])] })),
      ]),
      ...(lanewise ? { taps: collapse(taps), run: 1, runStep: 0 } : splitRun(taps, channels)),
      lanewise,
      groups,
      sourceGroupStep: channels * floatBytes,
      columns,
      sourceOffset: -dot(
        source.spatial,
        axes.map((a) => a.before),
      ),
      results: results.map((r) => ({ offset: 0, columnStep: r.channel, groupStep: columns * r.channel })),
    },
    pack: {
      offset: 0,
      groups,
      groupStep: columns * weight.outer,
      columns,
      columnStep: weight.outer,
      rows: collapse([
        ...axes.map((a, i) => ({ count: a.kernel, steps: [weight.spatial[i]] })),
        { count: channels, steps: [weight.channel] },
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
  const noBorder = [0, 0] as const;
  return [
    noBorder,
    noBorder,
    ...axes.map((axis) => {
      const phases = axisPhases(axis).filter((p) => p.taps > 0);
      const lastRead = phases.map((p) => p.from + p.count - 1 + (p.taps - 1) * p.fromStep);
      return [Math.max(0, ...phases.map((p) => -p.from)), Math.max(0, ...lastRead.map((last) => last - (axis.output - 1)))] as const;
    }),
  ];
}

/**
 * The input gradient: for each phase a convolution of stride 1 of the upstream gradient with the turned and transposed subset of taps.
 * `source` is the gradient, bordered by at least `inputGradBorder(axes)`. Together the phases write every element of x's gradient.
 */
export function inputGradPlans(geometry: ConvGeometry, source: Steps, weight: Steps, results: readonly Steps[]): MapPlan[] {
  const { batch, inChannels, outChannels, axes } = geometry;
  const lanewise = isDepthwise(geometry);
  const groups = lanewise ? 1 : geometry.groups;
  const channels = lanewise ? 1 : outChannels / groups;
  const columns = inChannels / groups;
  return combinations(axes.map(axisPhases)).map((phases) => {
    const empty = phases.some((p) => p.taps === 0);
    const taps = phases.map((p, i) => ({ count: p.taps, steps: [p.fromStep * source.spatial[i]] }));
    const first = phases.map((p) => p.first);
    const from = phases.map((p) => p.from);
    return {
      gemm: {
        pixels: collapse([
          { count: batch, steps: [source.outer, ...results.map((r) => r.outer)] },
          ...phases.map((p, i) => ({ count: p.count, steps: [source.spatial[i], ...results.map((r) => axes[i].stride * r.spatial[i])] })),
        ]),
        ...(empty
          ? { taps: [], run: 0, runStep: floatBytes }
          : lanewise
            ? { taps: collapse(taps), run: 1, runStep: 0 }
            : splitRun(taps, channels)),
        lanewise,
        groups,
        sourceGroupStep: channels * floatBytes,
        columns,
        sourceOffset: empty ? 0 : dot(source.spatial, from),
        results: results.map((r) => ({ offset: dot(r.spatial, first), columnStep: r.channel, groupStep: columns * r.channel })),
      },
      pack: {
        offset: empty
          ? 0
          : dot(
              weight.spatial,
              phases.map((p) => p.lastTap),
            ),
        groups,
        groupStep: channels * weight.outer,
        columns,
        columnStep: lanewise ? weight.outer : weight.channel,
        rows: empty
          ? [{ count: 0, steps: [0] }]
          : collapse([
              ...phases.map((p, i) => ({ count: p.taps, steps: [-p.tapStep * weight.spatial[i]] })),
              { count: channels, steps: [weight.outer] },
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
  /** Rows per tap, `runStep` bytes of A apart. */
  readonly run: number;
  readonly runStep: number;
  /** Depthwise, as in `PanelPlan`. */
  readonly lanewise: boolean;
  readonly groups: number;
  readonly aGroupStep: number;
  readonly bGroupStep: number;
  readonly columns: number;
  readonly aOffset: number;
}

/** The filter gradient of x (bordered by `windowBorder(axes)`) and g; `pack` says where its elements go in the result. */
export function filterGradPlan(
  geometry: ConvGeometry,
  source: Steps,
  upstream: Steps,
  result: Steps,
): { readonly outer: OuterPlan; readonly pack: PackPlan } {
  const { gemm, pack } = forwardPlan(geometry, source, result, [upstream]);
  const innermost = gemm.taps.at(-1);
  const rows =
    gemm.lanewise && innermost !== undefined ? { taps: gemm.taps.slice(0, -1), run: innermost.count, runStep: innermost.steps[0] } : gemm;
  return {
    outer: {
      pixels: gemm.pixels,
      taps: rows.taps,
      run: rows.run,
      runStep: rows.runStep,
      lanewise: gemm.lanewise,
      groups: gemm.groups,
      aGroupStep: gemm.sourceGroupStep,
      bGroupStep: gemm.columns * floatBytes,
      columns: gemm.columns,
      aOffset: gemm.sourceOffset,
    },
    pack,
  };
}
