// The three maps of a convolution as plans: pure arithmetic, no code is emitted here. What differs between them is only which nest walks
// which tensor. Works for any number of spatial axes; all steps are in bytes.
import type { WindowAxis } from "../../../arithmetic/sizes.ts";
import type { ConvGeometry } from "../../../ops/conv-geometry.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Border } from "../kernel.ts";
import {
  collapse,
  floatBytes,
  type Level,
  type MapPlan,
  type OuterPlan,
  offsetsOf,
  type PackPlan,
  type PanelPlan,
  type RowMapPlan,
  type RowPlan,
  type Steps,
} from "./conv-plan.ts";

/** Along one axis: position p of the result reads source positions from + p·step + t·tapStep, for t = 0 .. taps-1. */
interface AxisWalk {
  readonly positions: number;
  readonly from: number;
  readonly step: number;
  readonly taps: number;
  readonly tapStep: number;
  /** Size of the source. */
  readonly size: number;
  /** Where the positions lie in the result, `resultStep` apart. */
  readonly first: number;
  readonly resultStep: number;
  /** Kernel index of tap 0, and the step to that of the next. */
  readonly kernelFirst: number;
  readonly kernelStep: number;
}

function forwardWalk({ input, kernel, stride, dilation, before, output }: WindowAxis): AxisWalk {
  return {
    positions: output,
    from: -before,
    step: stride,
    taps: kernel,
    tapStep: dilation,
    size: input,
    first: 0,
    resultStep: 1,
    kernelFirst: 0,
    kernelStep: 1,
  };
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const modulo = (a: number, n: number): number => ((a % n) + n) % n;

/**
 * The input gradient, one walk per residue of the input modulo the stride. Input i and tap k meet at output o where
 * i + before = o·stride + k·dilation, so a residue sees a fixed, evenly spaced subset of the taps; they are walked from the last to the first.
 */
function inputGradWalks({ input, kernel, stride, dilation, before, output }: WindowAxis): AxisWalk[] {
  const common = gcd(stride, dilation);
  const spacing = stride / common;
  const walks: AxisWalk[] = [];
  for (let residue = 0; residue < stride; residue++) {
    const first = modulo(residue - before, stride);
    if (first >= input) continue;
    const meets = (tap: number): boolean => modulo(tap * dilation - residue, stride) === 0;
    const firstTap = Array.from({ length: Math.min(kernel, spacing) }, (_, tap) => tap).find(meets);
    const taps = firstTap === undefined ? 0 : Math.floor((kernel - 1 - firstTap) / spacing) + 1;
    const lastTap = (firstTap ?? 0) + Math.max(0, taps - 1) * spacing;
    walks.push({
      positions: Math.floor((input - 1 - first) / stride) + 1,
      from: taps === 0 ? 0 : (first + before - lastTap * dilation) / stride,
      step: 1,
      taps,
      tapStep: dilation / common,
      size: output,
      first,
      resultStep: stride,
      kernelFirst: lastTap,
      kernelStep: -spacing,
    });
  }
  return walks;
}

function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

/** Taps of each position that meet the source. */
function tapRanges({ positions, from, step, taps, tapStep, size }: AxisWalk): (readonly [first: number, count: number])[] {
  return Array.from({ length: positions }, (_, p) => {
    const start = from + p * step;
    const first = Math.max(0, Math.ceil(-start / tapStep));
    const end = Math.min(taps, Math.floor((size - 1 - start) / tapStep) + 1);
    return [first, Math.max(0, end - first)] as const;
  });
}

/** Whether a convolution is depthwise and small enough to be computed row by row with the taps of a row unrolled. */
export function isRowwise(geometry: ConvGeometry): boolean {
  const mostTaps = 64;
  const mostColumnTaps = 11;
  const kernel = geometry.axes.map((axis) => axis.kernel);
  return isDepthwise(geometry) && sizeOf(kernel) <= mostTaps && kernel[kernel.length - 1] <= mostColumnTaps;
}

/** Sources up to this size are read band by band from the second-level cache, images side by side. */
const cachedBytes = 2 ** 20;

/**
 * How many axes, from the outermost in, are walked in bands. Bands leave out taps but cut the rows of tiles short, and bands over all axes
 * make a tile of one position in several images: worth it for batches of small images.
 */
function bandedAxes(walks: readonly AxisWalk[], sizes: Channels): number {
  if (sizes.rowwise) return 0;
  const { batch, channels, groups } = sizes;
  const tileRows = 4;
  const sourceBytes = batch * channels * groups * sizeOf(walks.map((w) => w.size)) * floatBytes;
  const met = walks.map((walk) => tapRanges(walk).reduce((sum, [, count]) => sum + count, 0));
  const work = (banded: number): number => {
    const perBand = batch * sizeOf(walks.slice(banded).map((w) => w.positions));
    return sizeOf([...met.slice(0, banded), ...walks.slice(banded).map((w) => w.taps)]) * Math.ceil(perBand / tileRows) * tileRows;
  };
  let best = 0;
  for (let banded = 1; banded <= walks.length; banded++) {
    const all = banded === walks.length;
    if (all && sourceBytes > cachedBytes) continue;
    if (work(banded) < (all ? 0.9 : 0.97) * work(best)) best = banded;
  }
  return best;
}

/** Zeros that must lie around the source for these walks; bands need none on their axes. */
function borderFor(walkLists: readonly (readonly AxisWalk[])[], banded: (walks: readonly AxisWalk[]) => number): Border {
  const spatialRank = walkLists[0]?.length ?? 0;
  const reach = (axis: number): readonly [number, number] => {
    let before = 0;
    let after = 0;
    for (const walks of walkLists) {
      const { from, positions, step, taps, tapStep, size } = walks[axis];
      if (taps === 0 || axis < banded(walks)) continue;
      before = Math.max(before, -from);
      after = Math.max(after, from + (positions - 1) * step + (taps - 1) * tapStep - (size - 1));
    }
    return [before, after];
  };
  return [[0, 0], [0, 0], ...Array.from({ length: spatialRank }, (_, axis) => reach(axis))];
}

/** What the forward map asks of x. */
export function forwardBorder(geometry: ConvGeometry): Border {
  const sizes = sizesOf(geometry, geometry.inChannels, geometry.outChannels);
  return borderFor([geometry.axes.map(forwardWalk)], (walks) => bandedAxes(walks, sizes));
}

/** What the input gradient asks of the upstream gradient. */
export function inputGradBorder(geometry: ConvGeometry): Border {
  const sizes = sizesOf(geometry, geometry.outChannels, geometry.inChannels);
  return borderFor(combinations(geometry.axes.map(inputGradWalks)), (walks) => bandedAxes(walks, sizes));
}

/** What the filter gradient asks of x: all that its windows read. */
export function filterGradBorder({ axes }: ConvGeometry): Border {
  return borderFor([axes.map(forwardWalk)], () => 0);
}

/** As many groups as channels on both sides: walked as one group whose columns do not mix. */
function isDepthwise({ inChannels, outChannels, groups }: ConvGeometry): boolean {
  return groups > 1 && groups === inChannels && groups === outChannels;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, n, i) => sum + n * b[i], 0);

/** Taps that lie side by side become part of the run. */
function splitRun(taps: readonly Level[], channels: number): Pick<PanelPlan, "taps" | "run" | "runStep"> {
  const all = collapse([...taps, { count: channels, steps: [floatBytes] }]);
  const last = all.at(-1);
  return last !== undefined && last.steps[0] === floatBytes
    ? { taps: all.slice(0, -1), run: last.count, runStep: floatBytes }
    : { taps: all, run: 1, runStep: floatBytes };
}

interface Channels {
  readonly batch: number;
  /** Per group, of the source and of the result. */
  readonly channels: number;
  readonly columns: number;
  readonly groups: number;
  readonly lanewise: boolean;
  readonly rowwise: boolean;
}

function panelPlan(walks: readonly AxisWalk[], sizes: Channels, source: Steps, results: readonly Steps[], banded: number): PanelPlan {
  const { batch, channels, columns, groups, lanewise } = sizes;
  const empty = walks.some((w) => w.taps === 0);
  const pixels = walks.map((w, i) => ({
    count: w.positions,
    steps: [w.step * source.spatial[i], ...results.map((r) => w.resultStep * r.spatial[i])],
  }));
  const taps = walks.map((w, i) => ({ count: w.taps, steps: [w.tapStep * source.spatial[i]] }));
  const inner = taps.slice(banded);
  const walked = lanewise ? { taps: collapse(inner), run: 1, runStep: 0 } : splitRun(inner, channels);
  return {
    pixels: collapse([{ count: batch, steps: [source.outer, ...results.map((r) => r.outer)] }, ...pixels.slice(banded)]),
    bands: walks
      .slice(0, banded)
      .map((w, i) => ({ ranges: tapRanges(w), taps: w.taps, tapStep: taps[i].steps[0], steps: pixels[i].steps })),
    ...(empty ? { taps: [], run: 0, runStep: floatBytes } : walked),
    lanewise,
    groups,
    sourceGroupStep: channels * floatBytes,
    sourceOffset: empty
      ? 0
      : dot(
          source.spatial,
          walks.map((w) => w.from),
        ),
    columns,
    results: results.map((r) => ({
      offset: dot(
        r.spatial,
        walks.map((w) => w.first),
      ),
      columnStep: r.channel,
      groupStep: columns * r.channel,
    })),
  };
}

function rowPlan(walks: readonly AxisWalk[], { batch, columns }: Channels, source: Steps, results: readonly Steps[]): RowPlan {
  const outer = walks.slice(0, -1);
  const last = walks.length - 1;
  const column = walks[last];
  const empty = walks.some((w) => w.taps === 0);
  return {
    rows: collapse([
      { count: batch, steps: [source.outer, ...results.map((r) => r.outer)] },
      ...outer.map((w, i) => ({
        count: w.positions,
        steps: [w.step * source.spatial[i], ...results.map((r) => w.resultStep * r.spatial[i])],
      })),
    ]),
    positions: column.positions,
    positionStep: column.step * source.spatial[last],
    tapRows: collapse(outer.map((w, i) => ({ count: w.taps, steps: [w.tapStep * source.spatial[i]] }))),
    columnTaps: { count: empty ? 0 : column.taps, step: column.tapStep * source.spatial[last] },
    channels: columns,
    sourceOffset: empty
      ? 0
      : dot(
          source.spatial,
          walks.map((w) => w.from),
        ),
    results: results.map((r) => ({
      offset: dot(
        r.spatial,
        walks.map((w) => w.first),
      ),
      positionStep: column.resultStep * r.spatial[last],
      channelStep: r.channel,
    })),
  };
}

/** `weight`'s outer axis is that of the output channels, whichever side of the product they are on. */
function packPlan(
  walks: readonly AxisWalk[],
  sizes: Channels,
  weight: Steps,
  columnStep: number,
  channelStep: number,
  groupStep: number,
): PackPlan {
  const empty = walks.some((w) => w.taps === 0);
  return {
    offset: empty
      ? 0
      : dot(
          weight.spatial,
          walks.map((w) => w.kernelFirst),
        ),
    groups: sizes.groups,
    groupStep,
    columns: sizes.columns,
    columnStep,
    rows: empty
      ? [{ count: 0, steps: [0] }]
      : collapse([
          ...walks.map((w, i) => ({ count: w.taps, steps: [w.kernelStep * weight.spatial[i]] })),
          { count: sizes.channels, steps: [channelStep] },
        ]),
  };
}

function sizesOf(geometry: ConvGeometry, from: number, to: number): Channels {
  const lanewise = isDepthwise(geometry);
  const groups = lanewise ? 1 : geometry.groups;
  return {
    batch: geometry.batch,
    channels: lanewise ? 1 : from / groups,
    columns: to / groups,
    groups,
    lanewise,
    rowwise: isRowwise(geometry),
  };
}

/** The convolution itself: `source` is x, with at least the `forwardBorder`. `results` are the product and the operands of its epilogue. */
export function forwardPlan(geometry: ConvGeometry, source: Steps, weight: Steps, results: readonly Steps[]): MapPlan {
  const walks = geometry.axes.map(forwardWalk);
  const sizes = sizesOf(geometry, geometry.inChannels, geometry.outChannels);
  return forwardPlanFor(geometry, walks, source, weight, results, bandedAxes(walks, sizes));
}

function forwardPlanFor(
  geometry: ConvGeometry,
  walks: readonly AxisWalk[],
  source: Steps,
  weight: Steps,
  results: readonly Steps[],
  banded: number,
): MapPlan {
  const sizes = sizesOf(geometry, geometry.inChannels, geometry.outChannels);
  return {
    gemm: panelPlan(walks, sizes, source, results, banded),
    pack: packPlan(walks, sizes, weight, weight.outer, weight.channel, sizes.columns * weight.outer),
  };
}

/**
 * The input gradient: for each phase of the stride a convolution of stride 1 of the upstream gradient with the turned and transposed subset of
 * taps. `source` is the gradient, with at least the `inputGradBorder`. Together the phases write every element of the result.
 */
export function inputGradPlans(geometry: ConvGeometry, source: Steps, weight: Steps, results: readonly Steps[]): MapPlan[] {
  const sizes = sizesOf(geometry, geometry.outChannels, geometry.inChannels);
  const columnStep = sizes.lanewise ? weight.outer : weight.channel;
  return combinations(geometry.axes.map(inputGradWalks)).map((walks) => ({
    gemm: panelPlan(walks, sizes, source, results, bandedAxes(walks, sizes)),
    pack: packPlan(walks, sizes, weight, columnStep, weight.outer, sizes.channels * weight.outer),
  }));
}

/** The forward map of a depthwise convolution row by row, or undefined where it is none or has too many taps. */
export function forwardRows(geometry: ConvGeometry, source: Steps, weight: Steps, results: readonly Steps[]): RowMapPlan[] | undefined {
  const sizes = sizesOf(geometry, geometry.inChannels, geometry.outChannels);
  const walks = geometry.axes.map(forwardWalk);
  if (!sizes.rowwise) return undefined;
  return [
    {
      rows: rowPlan(walks, sizes, source, results),
      pack: packPlan(walks, sizes, weight, weight.outer, weight.channel, sizes.columns * weight.outer),
    },
  ];
}

/** The same for the input gradient, phase by phase. */
export function inputGradRows(geometry: ConvGeometry, source: Steps, weight: Steps, results: readonly Steps[]): RowMapPlan[] | undefined {
  const sizes = sizesOf(geometry, geometry.outChannels, geometry.inChannels);
  const phases = combinations(geometry.axes.map(inputGradWalks));
  if (!sizes.rowwise) return undefined;
  return phases.map((walks) => ({
    rows: rowPlan(walks, sizes, source, results),
    pack: packPlan(walks, sizes, weight, weight.outer, weight.outer, sizes.channels * weight.outer),
  }));
}

/** The taps of a depthwise kernel as rows of one tile of sums if they fit and are wanted so, else row by row. */
function depthwiseTaps(taps: readonly Level[], whole: boolean): Pick<OuterPlan, "taps" | "run" | "runStep" | "rowOffsets"> {
  const mostSums = 10;
  const rowOffsets = offsetsOf(taps);
  const innermost = taps.at(-1);
  if (innermost === undefined || (whole && rowOffsets.length <= mostSums))
    return { taps: [], run: rowOffsets.length, runStep: floatBytes, rowOffsets };
  return { taps: taps.slice(0, -1), run: innermost.count, runStep: innermost.steps[0] };
}

/** The filter gradient of x (with at least the `filterGradBorder`) and g; `wholeKernels`: all taps of small depthwise kernels in one tile; `pack` says where its elements go in the result. */
export function filterGradPlan(
  geometry: ConvGeometry,
  source: Steps,
  upstream: Steps,
  result: Steps,
  { wholeKernels }: { readonly wholeKernels: boolean },
): { readonly outer: OuterPlan; readonly pack: PackPlan } {
  const { gemm, pack } = forwardPlanFor(geometry, geometry.axes.map(forwardWalk), source, result, [upstream], 0);
  const rows = gemm.lanewise ? depthwiseTaps(gemm.taps, wholeKernels) : { taps: gemm.taps, run: gemm.run, runStep: gemm.runStep };
  return {
    outer: {
      pixels: gemm.pixels,
      ...rows,
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
