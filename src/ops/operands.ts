// Small questions that many ops ask of their operands: of which float type, with how many spatial axes, and which ones.
import { dilatedKernel, type WindowAxis } from "../arithmetic/sizes.ts";
import type { Field } from "../graph/op.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import type { DType } from "../tensor/tensor.ts";

/** The element type of an op whose operands are all of one float type; throws `DTypeError` when they are not. */
export function oneFloatType(name: string, types: readonly DType[]): DType {
  const [first] = types;
  if ((first !== "float32" && first !== "float64") || types.some((t) => t !== first)) {
    throw new DTypeError(`${name}: operands are ${types.join(", ")}; expected all float32 or all float64`);
  }
  return first;
}

/** Axes 2, 3, ... of an NC... tensor. */
export function spatialAxes(shape: Shape): number[] {
  return shape.slice(2).map((_, i) => i + 2);
}

/** Throws unless x is [batch, channels] and `spatialRank` more axes: the names with 1d, 2d and 3d promise it. */
export function checkSpatialRank(name: string, shape: Shape, spatialRank: number): void {
  if (shape.length === spatialRank + 2) return;
  const axes = ["length", "height, width", "depth, height, width"][spatialRank - 1];
  throw new ShapeError(`${name}${spatialRank}d: input has shape ${showShape(shape)}; expected [batch, channels, ${axes}]`);
}

/** What an output position of a window operation reads of its input. */
export function windowField(axes: readonly WindowAxis[]): Field {
  return {
    kind: "window",
    axes: axes.map(({ kernel, dilation, stride, before }) => ({ size: dilatedKernel(kernel, dilation), stride, before, dilation })),
  };
}

/** Attributes as options again; absent ones must stay absent. */
export function definedOnly(attrs: object): object {
  return Object.fromEntries(Object.entries(attrs).filter(([, value]) => value !== undefined));
}
