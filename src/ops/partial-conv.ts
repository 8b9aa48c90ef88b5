// Convolution over the pixels that are there. A function of other ops, because it gives two results: the picture and what is now known of it.
import { apply, type Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import { ones } from "../tensor/tensor.ts";
import { add, div, gt, maximum, mul } from "./arithmetic.ts";
import { type ConvMapOptions, convOp } from "./conv.ts";
import { type Maybe, sortArguments, type Trailing } from "./operands.ts";
import { reshape } from "./reshape.ts";

export interface PartialConvResult<T> {
  readonly y: T;
  /** [N, 1, ...]: 1 where the window held at least one known pixel. */
  readonly mask: T;
}

export type PartialConvOptions = Omit<ConvMapOptions, "groups">;

/**
 * y = weight · (x masked) · (window / known pixels in it) + bias where anything is known, 0 elsewhere. x [N, Cin, ...], mask [N, 1, ...] of
 * ones (known) and zeros, weight [Cout, Cin, k...], bias [Cout]. The border counts as unknown. Liu et al. 2018, arXiv 1804.07723, equations 1 and 2.
 */
export function partialConv<T extends Operand>(x: T, mask: T, weight: T, options?: PartialConvOptions): PartialConvResult<T>;
export function partialConv<T extends Operand>(
  x: T,
  mask: T,
  weight: T,
  bias: Maybe<T>,
  options?: PartialConvOptions,
): PartialConvResult<T>;
export function partialConv<T extends Operand>(
  x: T,
  mask: T,
  weight: T,
  ...trailing: Trailing<T, PartialConvOptions>
): PartialConvResult<T> {
  const { operands, options } = sortArguments("partialConv", { x, mask, weight }, ["bias"], trailing);
  const [bias] = operands;
  if (!sameShape(mask.shape, [x.shape[0], 1, ...x.shape.slice(2)])) {
    throw new ShapeError(
      `partialConv: mask has shape ${showShape(mask.shape)}; expected ${showShape([x.shape[0], 1, ...x.shape.slice(2)])} for the input ${showShape(x.shape)}`,
    );
  }
  const window = weight.shape.slice(2);
  const taps = window.reduce((p, k) => p * k, 1);
  const box = ones([1, 1, ...window], x.dtype);
  const known = apply<Operand>(convOp, [mask, box], options) as T;
  const next = gt(known, 0);
  const scaled = mul(apply<T>(convOp, [mul(x, mask), weight], options), div(taps, maximum(known, 1)));
  const y = bias === undefined ? scaled : add(scaled, reshape(bias, [bias.shape[0], ...window.map(() => 1)]));
  return { y: mul(y, next), mask: next };
}
