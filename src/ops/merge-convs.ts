// Why a net needs something between its convolutions: without it, two of them are one.
import type { SpatialOption } from "../graph/attrs.ts";
import type { Operand } from "../graph/record.ts";
import { ShapeError } from "../tensor/errors.ts";
import { showShape } from "../tensor/shape.ts";
import { add, mul } from "./arithmetic.ts";
import { convInputGrad } from "./conv.ts";
import { spatialAxes } from "./operands.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";

export interface ConvParameters<T> {
  /** [Cout, Cin, k...], groups 1, dilation 1. */
  readonly weight: T;
  readonly bias?: T;
}

/**
 * The one convolution that does what two do one after the other, `first` with any padding and `stride`, `second` without padding:
 * kernel size s(k2 - 1) + k1 and stride s·s2. conv(conv(x, w1, b1), w2, b2) = conv(x, w, b) exactly, but for rounding.
 */
export function mergeConvs<T extends Operand>(
  first: ConvParameters<T>,
  second: ConvParameters<T>,
  { stride = 1 }: { readonly stride?: SpatialOption } = {},
): ConvParameters<T> {
  const [w1, w2]: readonly [T, T] = [first.weight, second.weight];
  if (w1.shape.length !== w2.shape.length || w1.shape[0] !== w2.shape[1]) {
    throw new ShapeError(
      `mergeConvs: the first kernel ${showShape(w1.shape)} gives ${w1.shape[0]} maps, the second ${showShape(w2.shape)} reads ${w2.shape[1]}`,
    );
  }
  const steps = spatialAxes(w1.shape).map((_, i) => (typeof stride === "number" ? stride : stride[i]));
  const inputSize = steps.map((s, i) => s * (w2.shape[i + 2] - 1) + w1.shape[i + 2]);
  // Every tap of the second kernel reads a window of the first: its kernel is spread over those windows, as a transposed convolution does.
  const weight = convInputGrad<T>(w2, w1, { stride: steps, inputSize });
  if (first.bias === undefined) return second.bias === undefined ? { weight } : { weight, bias: second.bias };
  const shared = reshape<T>(first.bias, [first.bias.shape[0], ...steps.map(() => 1)]);
  const passed: T = sum<T>(mul<T>(w2, shared), { axes: [1, ...spatialAxes(w2.shape)] });
  return { weight, bias: second.bias === undefined ? passed : add<T>(passed, second.bias) };
}
