// What the inner loops of convolution and matrix product walk, as nests of constant steps. There are two such loops: rows of an image (or a
// matrix) times panels of packed columns, and sums of outer products over pixels. All steps are in bytes.
import { sizeOf } from "../../../tensor/shape.ts";
import type { Placement } from "../kernel.ts";

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

/** Where every iteration stands after the first one, in bytes of the nest's first step. */
export function offsetsOf(levels: readonly Level[]): number[] {
  return levels.reduce((all, { count, steps: [step] }) => all.flatMap((at) => Array.from({ length: count }, (_, i) => at + i * step)), [0]);
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

/** Rows of an implicit matrix times packed panels: C[pixel][column] = sum over taps and run of A[pixel + tap + run] * B[tap, run][column]. */
export interface PanelPlan {
  /** Steps: [source, ...results]. */
  readonly pixels: readonly Level[];
  /** What the pixels are repeated over, outermost axis first; each combination of positions is a band with taps of its own, outside `taps`. */
  readonly bands: readonly BandAxis[];
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

/** Positions along one axis whose windows reach out of the source at different taps: the taps that would meet only zeros are left out. */
export interface BandAxis {
  /** Taps that each position has: the first and how many. */
  readonly ranges: readonly (readonly [first: number, count: number])[];
  /** Taps that the panels have. */
  readonly taps: number;
  /** Bytes of the source from one of these taps to the next. */
  readonly tapStep: number;
  /** Bytes from one position to the next: [source, ...results]. */
  readonly steps: readonly number[];
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

/** Rows of a depthwise convolution: positions along the last axis, with all taps at offsets from the first. */
export interface RowPlan {
  /** All positions but those along the last axis. Steps: [source, ...results]. */
  readonly rows: readonly Level[];
  readonly positions: number;
  /** Bytes of the source from one position to the next. */
  readonly positionStep: number;
  /** Rows of taps. Steps: [source]. */
  readonly tapRows: readonly Level[];
  readonly columnTaps: { readonly count: number; readonly step: number };
  readonly channels: number;
  /** Bytes to the first position. */
  readonly sourceOffset: number;
  readonly results: readonly { readonly offset: number; readonly positionStep: number; readonly channelStep: number }[];
}

export interface RowMapPlan {
  readonly rows: RowPlan;
  readonly pack: PackPlan;
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
  /** Bytes of A to every row, where the rows are not evenly spaced. */
  readonly rowOffsets?: readonly number[];
  /** Depthwise, as in `PanelPlan`. */
  readonly lanewise: boolean;
  readonly groups: number;
  readonly aGroupStep: number;
  readonly bGroupStep: number;
  readonly columns: number;
  readonly aOffset: number;
}
