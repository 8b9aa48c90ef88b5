// Receptive fields as three numbers per axis: size R, stride S, padding P. Everything else (boxes, centres, the inverse question) follows.
// Position y of a feature reads inputs -P + y·S .. -P + y·S + R - 1, so P is how far the field of position 0 reaches out of the input.
// Formulas: Araujo, Norris & Sim, "Computing receptive fields of convolutional neural networks", Distill 2019.
import { FoveaError } from "../tensor/errors.ts";

/** Size, stride and padding, in input positions. Fractions of a stride occur behind upsampling. */
export interface FieldAxis {
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

/** How far an answer can be trusted; of all but "exact", the box contains what is read, perhaps with more around it. */
export type FieldStatus = "exact" | "whole input" | "upper bound" | "data-dependent" | "unknown";

export interface ReceptiveField {
  readonly status: FieldStatus;
  /** One entry per spatial axis of the input. "whole input", "data-dependent" and "unknown" give the input's size with stride 0. */
  readonly axes: readonly FieldAxis[];
}

/** First and last input position, both included; they may lie outside the input. */
export type FieldEdges = readonly [first: number, last: number];

/** Branches of a net look at different places, so one box for their sum would be wrong. The message names the two paths. */
export class MisalignedFieldError extends FoveaError {
  override readonly code = "MISALIGNED_FIELD";
}

/** A position that reads itself alone. */
export const pointField: FieldAxis = { size: 1, stride: 1, padding: 0 };

/**
 * Extends a field backwards through one more window operation, nearer to the input: R <- s·R + k - s, S <- s·S, P <- s·P + p.
 * `size` is the dilated kernel, `before` the padding in front.
 */
export function throughWindow(
  field: FieldAxis,
  window: { readonly size: number; readonly stride: number; readonly before: number },
): FieldAxis {
  const { size, stride, before } = window;
  return { size: stride * field.size + size - stride, stride: stride * field.stride, padding: stride * field.padding + before };
}

/** One axis of a path of layers, the first one nearest to the input: R = 1 + sum of (k-1)·(strides before it), S and P likewise. */
export function pathField(
  layers: readonly {
    readonly kernel: number;
    readonly stride?: number;
    readonly padding?: number;
    readonly dilation?: number;
  }[],
): FieldAxis {
  return layers.reduceRight(
    (field, { kernel, stride = 1, padding = 0, dilation = 1 }) =>
      throughWindow(field, { size: dilation * (kernel - 1) + 1, stride, before: padding }),
    pointField,
  );
}

/** Input position of the centre of position y's field: -P + y·S + (R - 1)/2. */
export function centreOfAxis({ size, stride, padding }: FieldAxis, y: number): number {
  return y * stride - padding + (size - 1) / 2;
}

/** Thirds are not exact in binary; an edge must not lose a position to that. */
const slack = 1e-9;

/** Left and right edge of position y's field, both included; whole positions even where a bound is fractional. */
export function edgesOfAxis({ size, stride, padding }: FieldAxis, y: number): FieldEdges {
  const first = y * stride - padding;
  // Adding 0 turns the -0 that rounding may give into 0.
  return [Math.ceil(first - slack) + 0, Math.floor(first + size - 1 + slack) + 0];
}

/** The box that the feature at `position` reads, per axis; it may stick out of the input. */
export function boxOf(field: ReceptiveField, position: readonly number[]): FieldEdges[] {
  return field.axes.map((axis, i) => edgesOfAxis(axis, position[i] ?? 0));
}

/** The centre of that box in input coordinates, per axis; half positions for even sizes. */
export function centreOf(field: ReceptiveField, position: readonly number[]): number[] {
  return field.axes.map((axis, i) => centreOfAxis(axis, position[i] ?? 0));
}

/** The feature whose field is centred at `centre`, per axis: the inverse of `centreOf`. Not a whole number when none is. */
export function featureAt(field: ReceptiveField, centre: readonly number[]): number[] {
  return field.axes.map((axis, i) => (axis.stride === 0 ? 0 : (centre[i] + axis.padding - (axis.size - 1) / 2) / axis.stride));
}

/**
 * The projective field: first and last feature position, per axis, whose box contains input position `pixel`.
 * `featureSize` clips to the positions that exist; an axis without any gives [0, -1].
 */
export function outputsOf(field: ReceptiveField, pixel: readonly number[], featureSize: readonly number[]): FieldEdges[] {
  return field.axes.map(({ size, stride, padding }, i) => {
    const last = (featureSize[i] ?? 1) - 1;
    if (stride === 0) return pixel[i] + padding >= 0 && pixel[i] + padding < size ? [0, last] : [0, -1];
    const from = Math.max(0, Math.ceil((pixel[i] + padding - size + 1) / stride - slack));
    const to = Math.min(last, Math.floor((pixel[i] + padding) / stride + slack));
    return from <= to ? [from, to] : [0, -1];
  });
}
