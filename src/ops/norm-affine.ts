// What all normalisations share: a scale and a shift, one per channel or one per normalised feature.
import type { Operand } from "../graph/record.ts";
import { fill } from "../graph/record.ts";
import { Value } from "../graph/value.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, sameShape, showShape } from "../tensor/shape.ts";
import { full } from "../tensor/tensor.ts";
import { map } from "./elementwise.ts";
import * as e from "./expression-build.ts";
import { reshape } from "./reshape.ts";

/** Default of every normalisation's eps, which keeps the division finite where the variance is 0. */
export const defaultEps = 1e-5;

/** Throws `ShapeError` unless each given parameter has the expected shape. */
export function checkParameters(where: string, expected: Shape, parameters: Readonly<Record<string, Shape | undefined>>): void {
  for (const [name, shape] of Object.entries(parameters)) {
    if (shape !== undefined && !sameShape(shape, expected)) {
      throw new ShapeError(`${where}: ${name} has shape ${showShape(shape)}; expected ${showShape(expected)}`);
    }
  }
}

/** Optional operands stand at the end, so a shift without a scale needs a scale of ones. */
export function scaleFor<T extends Operand>(weight: T | undefined, bias: T | undefined): T | undefined {
  if (weight !== undefined || bias === undefined) return weight;
  return (bias instanceof Value ? fill(bias.shape, 1, bias.dtype) : full(bias.shape, 1, bias.dtype)) as T;
}

/** A vector over channels, laid out so that it broadcasts against [N, C, ...]. */
export function overChannels(vector: Value, rank: number): Value {
  return rank === 2 ? vector : reshape(vector, [vector.shape[0], ...new Array<number>(rank - 2).fill(1)]);
}

/** x · weight + bias with parameters that broadcast; either may be absent. */
export function scaleAndShift(x: Value, weight: Value | undefined, bias: Value | undefined): Value {
  if (weight === undefined) return x;
  const scaled = e.mul(e.operand(0), e.operand(1));
  return bias === undefined ? map(scaled, [x, weight]) : map(e.add(scaled, e.operand(2)), [x, weight, bias]);
}
