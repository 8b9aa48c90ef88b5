// Where an output position of a resized axis lies between the input's, and how it mixes those around it: every convention of PyTorch
// and of ONNX as tables of taps. Nothing here knows tensors.
import { adaptiveWindow } from "../arithmetic/sizes.ts";
import type { AxisTaps } from "./resample.ts";

export interface ResizedAxis {
  readonly inputSize: number;
  readonly outputSize: number;
  /**
   * Output per input position, where it was given. It counts as written even where rounding the size changed the true ratio, as in
   * PyTorch (but for aligned corners) and ONNX.
   */
  readonly scale?: number | undefined;
}

/** The place of output position j among the input's positions; it may lie outside them. */
export type Position = (j: number) => number;

/** Names of conventions, as ONNX has them (`coordinate_transformation_mode`) but for the dashes. */
export type PositionRule =
  | "half-pixel"
  | "pytorch-half-pixel"
  | "half-pixel-symmetric"
  | "align-corners"
  | "asymmetric"
  | "tf-half-pixel-for-nn"
  | "tf-crop-and-resize";

export const positionRules: readonly PositionRule[] = [
  "half-pixel",
  "pytorch-half-pixel",
  "half-pixel-symmetric",
  "align-corners",
  "asymmetric",
  "tf-half-pixel-for-nn",
  "tf-crop-and-resize",
];

/**
 * The positions of one axis under a convention, and their distance. `region` is for "tf-crop-and-resize": start and end, as shares of the
 * input (0 and 1 are the middles of the first and the last element).
 */
export function positionsOf(
  { inputSize, outputSize, scale }: ResizedAxis,
  rule: PositionRule,
  [start, end]: readonly [start: number, end: number] = [0, 1],
): { readonly position: Position; readonly step: number } {
  // Multiplying before dividing keeps positions that fall on an element exactly there.
  const scaled: Position = (j) => (scale === undefined ? (j * inputSize) / outputSize : j / scale);
  const halfPixel: Position = (j) => scaled(j + 0.5) - 0.5;
  const last = inputSize - 1;
  const share = rule === "tf-crop-and-resize" ? end - start : 1;
  // Unrounded where the scale was given: what ONNX calls the resized length.
  const length = scale === undefined ? outputSize : inputSize * share * scale;
  const between = outputSize === 1 ? 0 : (share * last) / (length - 1);
  const rules: Readonly<Record<PositionRule, Position>> = {
    "half-pixel": halfPixel,
    "pytorch-half-pixel": (j) => (outputSize > 1 ? halfPixel(j) : 0),
    // The middles lie upon each other: rounding the size down cuts as much from the one end as from the other.
    "half-pixel-symmetric": (j) => last / 2 + scaled(j - (outputSize - 1) / 2),
    "align-corners": (j) => (length === outputSize ? (j * last) / Math.max(1, outputSize - 1) : j * between),
    asymmetric: scaled,
    "tf-half-pixel-for-nn": (j) => scaled(j + 0.5),
    "tf-crop-and-resize": (j) => (outputSize === 1 ? 0.5 * (start + end) * last : start * last + j * between),
  };
  const spaced = rule === "align-corners" || rule === "tf-crop-and-resize";
  return { position: rules[rule], step: spaced ? between : scaled(1) };
}

export type Rounding = "floor" | "ceil" | "prefer-floor" | "prefer-ceil";

/** What halves become is the difference between the two that round to the nearest. */
const roundings: Readonly<Record<Rounding, (at: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  "prefer-floor": (at) => Math.ceil(at - 0.5),
  "prefer-ceil": (at) => Math.floor(at + 0.5),
};

/** The share of an element at this distance, in elements. */
type Kernel = (distance: number) => number;

const triangle: Kernel = (distance) => Math.max(0, 1 - Math.abs(distance));

/** Cubic convolution (Keys 1981); a tells how far it overshoots. */
function cubic(a: number): Kernel {
  return (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
  };
}

export interface TapRule {
  readonly kernel: "nearest" | "linear" | "cubic";
  readonly positions: PositionRule;
  /** "tf-crop-and-resize" only: what part of the axis to take. Positions beyond the input read nothing. */
  readonly region?: readonly [start: number, end: number];
  /** Kernel "nearest" only (default "floor"). */
  readonly rounding?: Rounding;
  /** Kernel "cubic" only (default -0.75). */
  readonly cubicCoefficient?: number;
  /** Kernels "linear" and "cubic": widen the kernel where the axis shrinks, so that every element counts (default false). */
  readonly antialias?: boolean;
  /** Drop what the kernel covers beyond the input and share its weight out, instead of repeating the last element (default false). */
  readonly excludeOutside?: boolean;
}

/** The taps of one axis under a convention. */
export function tapsOf(axis: ResizedAxis, rule: TapRule): AxisTaps {
  const { inputSize, outputSize } = axis;
  const { position, step } = positionsOf(axis, rule.positions, rule.region);
  const beyond = (at: number): boolean => rule.positions === "tf-crop-and-resize" && !(at >= 0 && at <= inputSize - 1);
  const nearest = roundings[rule.rounding ?? "floor"];
  const kernel = rule.kernel === "cubic" ? cubic(rule.cubicCoefficient ?? -0.75) : triangle;
  const widening = rule.antialias === true ? Math.max(1, axis.scale === undefined ? inputSize / outputSize : 1 / axis.scale) : 1;
  const reach = (rule.kernel === "cubic" ? 2 : 1) * widening;
  const reads = Array.from({ length: outputSize }, (_, j): (readonly [number, number])[] => {
    const at = position(j);
    if (beyond(at)) return [];
    if (rule.kernel === "nearest") return [[Math.min(Math.max(nearest(at), 0), inputSize - 1), 1]];
    const row = new Map<number, number>();
    for (let from = Math.ceil(at - reach); from <= Math.floor(at + reach); from++) {
      const inside = Math.min(Math.max(from, 0), inputSize - 1);
      const weight = kernel((from - at) / widening);
      if (weight !== 0 && (inside === from || rule.excludeOutside !== true)) row.set(inside, (row.get(inside) ?? 0) + weight);
    }
    return rule.antialias === true || rule.excludeOutside === true ? shared(row) : [...row];
  });
  return { inputSize, step, reads };
}

function shared(row: ReadonlyMap<number, number>): (readonly [number, number])[] {
  let sum = 0;
  for (const weight of row.values()) sum += weight;
  return [...row].map(([from, weight]) => [from, weight / sum]);
}

/** The mean of all elements that an output position overlaps, as adaptive average pooling cuts them. */
export function areaTaps({ inputSize, outputSize }: ResizedAxis): AxisTaps {
  const reads = Array.from({ length: outputSize }, (_, j) => {
    const [first, end] = adaptiveWindow(j, inputSize, outputSize);
    return Array.from({ length: end - first }, (_, k) => [first + k, 1 / (end - first)] as const);
  });
  return { inputSize, step: inputSize / outputSize, reads };
}
