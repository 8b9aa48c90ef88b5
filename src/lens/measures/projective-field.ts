// The cone forward: which units of each layer does one pixel touch? The receptive field's question turned round, answered by the same
// numbers. Goodfellow, Bengio & Courville, Deep Learning, figure 9.2.
import { type FieldEdges, type FieldStatus, outputsOf } from "../../arithmetic/receptive-field.ts";
import type { Value } from "../../graph/value.ts";
import type { Model } from "../../nn/model.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";

export interface ProjectiveField {
  readonly layer: string;
  /** How far `positions` can be trusted; but for "exact" they may hold units that the pixel does not reach. */
  readonly status: FieldStatus | "misaligned";
  /** First and last position per axis of the layer's maps; [0, -1] where there is none. Empty for layers without maps. */
  readonly positions: readonly FieldEdges[];
  /** Positions that the pixel touches, and all there are; channels not counted. */
  readonly touched: number;
  readonly of: number;
  /** The same in numbers of the layer, channels counted: of a flattened map those of its cells, behind a dense layer all. */
  readonly numbers: { readonly touched: number; readonly of: number };
}

/** The projective field of a pixel in every layer. `pixel` has one entry per spatial axis of the input. */
export function projectiveField(model: Model, pixel: readonly number[]): ProjectiveField[] {
  const size = model.inputShape.slice(1);
  if (pixel.length !== size.length || pixel.some((at, axis) => !Number.isInteger(at) || at < 0 || at >= size[axis])) {
    throw new ArgumentError(`projectiveField: (${pixel.join(", ")}) is no pixel of a picture of ${size.join(" x ")}`);
  }
  const touchedIn = new Map<Value, number>();
  const { layers } = model.trace();
  const values = new Map(layers.map(({ name, value }) => [name, value]));
  return model.summary().layers.map(({ name, outputShape, field }): ProjectiveField => {
    const maps = outputShape.slice(1);
    const of = maps.reduce((p, n) => p * n, 1);
    const own = placed();
    const value = values.get(name);
    const all = of * (outputShape[0] ?? 1);
    // A flattened map, or what goes on with its numbers one by one.
    const from =
      maps.length === 0 && value?.inputs.length === 1 && sizeOf(value.shape) === sizeOf(value.inputs[0].shape)
        ? value.inputs[0]
        : undefined;
    const touched = (from && touchedIn.get(from)) ?? (own.touched * all) / of;
    if (value !== undefined) touchedIn.set(value, touched);
    return { layer: name, status: field.status, ...own, of, numbers: { touched, of: all } };

    function placed(): Pick<ProjectiveField, "positions" | "touched"> {
      // Behind a dense layer there are no positions left to choose from: everything is touched.
      if (field.status === "misaligned" || maps.length !== field.axes.length || field.axes.some((axis) => axis.stride === 0))
        return { positions: maps.map((n): FieldEdges => [0, n - 1]), touched: of };
      const positions = outputsOf(field, pixel, maps);
      return { positions, touched: positions.reduce((p, [first, last]) => p * (last - first + 1), 1) };
    }
  });
}
