// The arithmetic of one cell of a unit's map, written out: which cells of which maps, times which weights, and what becomes of the products.
import type { WindowAxis } from "../../arithmetic/sizes.ts";
import { expressionAt } from "../../ops/expression-evaluate.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { UnitArithmetic, UnitTerm } from "./arithmetic.ts";

/** One cell of an input map in a window. */
export interface CellTap {
  readonly row: number;
  readonly column: number;
  /** 0 outside the map. */
  readonly x: number;
  /** Position in the kernel, row-major. */
  readonly tap: number;
  readonly weight: number;
  readonly product: number;
  /** Whether it lies in the map; else it is padding. */
  readonly inside: boolean;
}

/** A map's share of a weighted sum. `term` is its index in `UnitArithmetic.terms`. */
export interface CellShare {
  readonly term: number;
  readonly taps: readonly CellTap[];
  readonly sum: number;
}

export type CellArithmetic = { readonly position: readonly [row: number, column: number]; readonly result: number } & (
  | { readonly kind: "weighted sum"; readonly shares: readonly CellShare[]; readonly sum: number; readonly bias: number | undefined }
  | {
      readonly kind: "pooling";
      readonly mode: "max" | "average" | "power";
      /** Weights and products are 1 and x for max, 1 / divisor and its share for the average, |x|^p for the power. */
      readonly taps: readonly CellTap[];
      /** Index in `taps` of the greatest, for max. */
      readonly winner: number | undefined;
      readonly divisor: number;
      readonly power: number;
    }
  | { readonly kind: "pointwise"; readonly x: number; readonly slope: number }
  | { readonly kind: "norm"; readonly x: number; readonly centred: number; readonly deviation: number; readonly standardised: number }
  | {
      readonly kind: "softmax";
      readonly terms: readonly { readonly unit: number; readonly x: number; readonly power: number; readonly share: number }[];
      readonly total: number;
      /** Subtracted from every x, so that no power overflows. */
      readonly greatest: number;
    }
  | { readonly kind: "sum" | "product"; readonly values: readonly number[] }
  | { readonly kind: "copy"; readonly at: readonly [row: number, column: number] }
  | { readonly kind: "other" }
);

/** The arithmetic behind one cell of the result. Throws `ArgumentError` for cells outside of the map. */
export function cellArithmetic(unit: UnitArithmetic, position: readonly [row: number, column: number]): CellArithmetic {
  const [height, width] = unit.result.shape;
  const [row, column] = position;
  const within = (at: number, size: number): boolean => Number.isInteger(at) && at >= 0 && at < size;
  if (!within(row, height) || !within(column, width))
    throw new ArgumentError(`cellArithmetic: (${row}, ${column}) is no cell of a map of ${height} x ${width}`);
  const here = { position, result: unit.result.data[row * width + column] };
  const { rule, terms } = unit;
  switch (rule.kind) {
    case "convolution":
    case "transposed":
    case "dense": {
      const shares = terms.map((term, i) => share(i, tapsOf(unit, term, position)));
      return { ...here, kind: "weighted sum", shares, sum: shares.reduce((sum, s) => sum + s.sum, 0), bias: unit.bias?.value };
    }
    case "pooling":
      return { ...here, kind: "pooling", ...pooled(rule, terms[0].map, position) };
    case "pointwise": {
      const x = at(terms[0].map, row, column);
      const step = 1e-4 * Math.max(1, Math.abs(x));
      const slope = (expressionAt(rule.expression, [x + step]) - expressionAt(rule.expression, [x - step])) / (2 * step);
      return { ...here, kind: "pointwise", x, slope };
    }
    case "norm": {
      const x = at(terms[0].map, row, column);
      const deviation = Math.sqrt(rule.variance + rule.eps);
      return { ...here, kind: "norm", x, centred: x - rule.mean, deviation, standardised: (x - rule.mean) / deviation };
    }
    case "softmax": {
      const xs = terms.map(({ map }) => at(map, row, column));
      const greatest = Math.max(...xs);
      const powers = xs.map((x) => Math.exp(x - greatest));
      const total = powers.reduce((sum, p) => sum + p, 0);
      const made = xs.map((x, i) => ({ unit: terms[i].unit, x, power: powers[i], share: powers[i] / total }));
      return { ...here, kind: "softmax", terms: made, total, greatest };
    }
    case "sum":
    case "product":
      // A gate has one number for the whole map.
      return { ...here, kind: rule.kind, values: terms.map(({ map }) => (map.size === 1 ? map.data[0] : at(map, row, column))) };
    case "copy": {
      if (rule.cell === undefined) return { ...here, kind: "copy", at: position };
      const across = terms[0].map.shape[1];
      return { ...here, kind: "copy", at: [Math.floor(rule.cell / across), rule.cell % across] };
    }
    default:
      return { ...here, kind: "other" };
  }
}

/**
 * The cell of the result whose window lies nearest around a cell of the maps that are read: the way back from what is read to what is made of it.
 * Where cells keep their places, the same one; where there is one cell only, that.
 */
export function cellReading(
  { rule, result: { shape } }: UnitArithmetic,
  position: readonly [row: number, column: number],
): [number, number] {
  const held = (at: number, axis: number): number => Math.min(shape[axis] - 1, Math.max(0, Math.round(at)));
  const along = (at: number, axis: number): number => {
    if (rule.kind !== "convolution" && rule.kind !== "pooling" && rule.kind !== "transposed") return held(at, axis);
    const { stride, before, kernel, dilation } = rule.axes[axis];
    const reach = ((kernel - 1) * dilation) / 2;
    return held(rule.kind === "transposed" ? at * stride + reach - before : (at + before - reach) / stride, axis);
  };
  return [along(position[0], 0), along(position[1], 1)];
}

/** f(x) of a pointwise unit at `count` places from `low` to `high`, for its curve. */
export function pointwiseCurve(unit: UnitArithmetic, low: number, high: number, count = 121): [x: number, y: number][] {
  const { rule } = unit;
  if (rule.kind !== "pointwise") throw new ArgumentError(`pointwiseCurve: "${unit.layer}" is not computed cell by cell from one number`);
  return Array.from({ length: count }, (_, i) => {
    const x = low + ((high - low) * i) / (count - 1);
    return [x, expressionAt(rule.expression, [x])];
  });
}

function at({ data, shape: [, width] }: Tensor, row: number, column: number): number {
  return data[row * width + column];
}

function share(term: number, taps: readonly CellTap[]): CellShare {
  return { term, taps, sum: taps.reduce((sum, { product }) => sum + product, 0) };
}

function tapsOf({ rule }: UnitArithmetic, { map, kernel }: UnitTerm, [row, column]: readonly [number, number]): CellTap[] {
  if (rule.kind === "dense") {
    const across = map.shape[1];
    return Array.from(map.data, (x, i) => tap(x, Math.floor(i / across), i % across, i, kernel!.data[i], true));
  }
  if (rule.kind === "convolution") return windowTaps(rule.axes, map, [row, column], kernel);
  return rule.kind === "transposed" ? spreadTaps(rule.axes, map, [row, column], kernel!) : [];
}

function tap(x: number, row: number, column: number, index: number, weight: number, inside: boolean): CellTap {
  return { row, column, x, tap: index, weight, product: x * weight, inside };
}

/** Output o of a window reads o·stride + t·dilation - before. */
function windowTaps(
  [rows, columns]: readonly WindowAxis[],
  map: Tensor,
  [row, column]: readonly [number, number],
  kernel: Tensor | undefined,
): CellTap[] {
  const taps: CellTap[] = [];
  for (let p = 0; p < rows.kernel; p++) {
    for (let q = 0; q < columns.kernel; q++) {
      const y = row * rows.stride + p * rows.dilation - rows.before;
      const x = column * columns.stride + q * columns.dilation - columns.before;
      const inside = y >= 0 && y < rows.input && x >= 0 && x < columns.input;
      const index = p * columns.kernel + q;
      taps.push(tap(inside ? at(map, y, x) : 0, y, x, index, kernel?.data[index] ?? 1, inside));
    }
  }
  return taps;
}

/** Turned round: which of the spread maps' cells reach output cell (row, column), and by which tap. */
function spreadTaps(
  [rows, columns]: readonly WindowAxis[],
  map: Tensor,
  [row, column]: readonly [number, number],
  kernel: Tensor,
): CellTap[] {
  const from = ({ stride, dilation, before, output }: WindowAxis, at: number, t: number): number | undefined => {
    const cell = (at + before - t * dilation) / stride;
    return Number.isInteger(cell) && cell >= 0 && cell < output ? cell : undefined;
  };
  const taps: CellTap[] = [];
  for (let p = 0; p < rows.kernel; p++) {
    for (let q = 0; q < columns.kernel; q++) {
      const [y, x] = [from(rows, row, p), from(columns, column, q)];
      if (y === undefined || x === undefined) continue;
      const index = p * columns.kernel + q;
      taps.push(tap(at(map, y, x), y, x, index, kernel.data[index], true));
    }
  }
  return taps;
}

type PoolRule = Extract<UnitArithmetic["rule"], { kind: "pooling" }>;

function pooled({ mode, axes, power, countIncludePad }: PoolRule, map: Tensor, position: readonly [number, number]) {
  const taps = windowTaps(axes, map, position, undefined);
  const inside = taps.filter((t) => t.inside);
  if (mode === "max") {
    const winner = taps.findIndex((t) => t.inside && inside.every(({ x }) => t.x >= x));
    return { mode, taps, winner, divisor: 1, power };
  }
  if (mode === "power") {
    return { mode, taps: taps.map((t) => ({ ...t, product: Math.abs(t.x) ** power })), winner: undefined, divisor: 1, power };
  }
  // What hangs over the end of input and padding, as in ceil mode, never counts.
  const counts = (t: CellTap): boolean =>
    countIncludePad ? [t.row, t.column].every((n, axis) => n >= -axes[axis].before && n < axes[axis].input + axes[axis].after) : t.inside;
  const divisor = taps.filter(counts).length;
  return { mode, taps: taps.map((t) => ({ ...t, weight: 1 / divisor, product: t.x / divisor })), winner: undefined, divisor, power };
}
