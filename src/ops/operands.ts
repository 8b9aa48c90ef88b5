// Small questions that many ops ask of their operands: of which float type, with how many spatial axes, and which ones.
import { dilatedKernel, type WindowAxis } from "../arithmetic/sizes.ts";
import type { Field } from "../graph/op.ts";
import type { Operand } from "../graph/record.ts";
import { Value } from "../graph/value.ts";
import { ArgumentError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { showGiven } from "../tensor/options.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { type DType, Tensor } from "../tensor/tensor.ts";

/** An optional operand that may be left out, or said to be absent. */
export type Maybe<T> = T | null | undefined;
/** What callers write after the operands that must be there: optional operands, as far as they have them, then options. */
export type Trailing<T, O> = readonly (T | O | null | undefined)[];

const isOperand = (given: unknown): given is Operand => given instanceof Tensor || given instanceof Value;

/**
 * Sorts `trailing` into the optional operands called `names` and the options, which may stand in place of the first operand that is
 * absent: conv2d(x, weight, { stride: 2 }). Throws `ArgumentError` for anything else, and for operands that must be there and are not.
 */
export function sortArguments<T extends Operand, O extends object>(
  where: string,
  required: Readonly<Record<string, T>>,
  names: readonly string[],
  trailing: Trailing<T, O>,
): { readonly operands: readonly (T | undefined)[]; readonly options: O } {
  for (const [name, given] of Object.entries(required)) checkOperand(where, name, given);
  const at = trailing.findIndex((given, i) => (i >= names.length || !isOperand(given)) && given !== undefined && given !== null);
  const options = at < 0 ? {} : trailing[at];
  if (typeof options !== "object" || Array.isArray(options)) {
    throw new ArgumentError(`${where}: ${names[at] ?? "options"} is ${showGiven(options)}; expected a Tensor, a graph Value or options`);
  }
  if (isOperand(options)) throw new ArgumentError(`${where}: there is a tensor too many; its optional operands are ${names.join(", ")}`);
  if (at >= 0 && trailing.slice(at + 1).some((given) => given !== undefined)) {
    throw new ArgumentError(`${where}: nothing can follow the options; operands come first: ${names.join(", ")}`);
  }
  const given = trailing.slice(0, at < 0 ? names.length : Math.min(at, names.length));
  return { operands: names.map((_, i) => (given[i] ?? undefined) as T | undefined), options: options as O };
}

/** Throws `ArgumentError` unless `given` is a tensor or a graph value. */
export function checkOperand(where: string, name: string, given: unknown): void {
  if (!isOperand(given)) throw new ArgumentError(`${where}: ${name} is ${showGiven(given)}; expected a Tensor or a graph Value`);
}

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
export function checkSpatialRank(name: string, x: Operand, spatialRank: number): void {
  checkOperand(`${name}${spatialRank}d`, "x", x);
  const { shape } = x;
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
