// Transposed convolution under the names and with the options that people know. It is the input gradient of a convolution; what remains
// to do here is to find the size of that convolution's input, which the stride leaves open.
import { dilatedKernel, resolvePadding, transposedSize } from "../arithmetic/sizes.ts";
import { type PaddingOption, padding as paddingAttr, type SpatialOption, spatial } from "../graph/attrs.ts";
import type { Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { add } from "./arithmetic.ts";
import { convInputGrad } from "./conv.ts";
import { type Maybe, sortArguments, type Trailing } from "./operands.ts";
import { reshape } from "./reshape.ts";

export interface ConvTransposeOptions {
  readonly stride?: SpatialOption;
  /** Padding of the convolution that this is the transpose of: it crops the output. "same" gives input · stride. */
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
  readonly groups?: number;
  /** Rows that the stride of the forward convolution hides, added at the far end; 0 <= outputPadding < max(stride, dilation). Default 0. */
  readonly outputPadding?: SpatialOption;
  /** Picks outputPadding by the wanted size. */
  readonly outputSize?: SpatialOption;
}

/** Spatial size of the result and the padding that makes the forward convolution's size come out exactly, per axis. */
function resolveTransposed(
  input: readonly number[],
  kernel: readonly number[],
  options: ConvTransposeOptions,
  where: string,
): { readonly inputSize: number[]; readonly padding: (readonly [number, number])[] } {
  const spatialRank = input.length;
  const per = (given: SpatialOption | undefined, fallback: number, least: number, name: string): readonly number[] =>
    spatial(fallback, least).parse(given, { where: `${where}: ${name}`, spatialRank });
  const stride = per(options.stride, 1, 1, "stride");
  const dilation = per(options.dilation, 1, 1, "dilation");
  const padding = paddingAttr().parse(options.padding, { where: `${where}: padding`, spatialRank });
  const extra = per(options.outputPadding, 0, 0, "outputPadding");
  const wanted = options.outputSize === undefined ? undefined : per(options.outputSize, 1, 1, "outputSize");
  if (wanted !== undefined && options.outputPadding !== undefined) {
    throw new ArgumentError(`${where}: outputPadding and outputSize say the same thing twice; give one`);
  }
  const inputSize: number[] = [];
  const resolved: (readonly [number, number])[] = [];
  for (let axis = 0; axis < spatialRank; axis++) {
    const i = input[axis];
    const s = stride[axis];
    const extent = dilatedKernel(kernel[axis], dilation[axis]);
    const same = padding === "same" || padding === "same-lower";
    const [before, after] = resolvePadding(typeof padding === "string" ? padding : padding[axis], { input: i * s, extent, stride: s });
    const least = transposedSize(i, extent, s, before, after);
    const most = Math.max(s, dilation[axis]) - 1;
    const added = wanted !== undefined ? wanted[axis] - least : same && options.outputPadding === undefined ? i * s - least : extra[axis];
    if (wanted !== undefined && (added < 0 || added > most)) {
      throw new ShapeError(`${where}: outputSize ${wanted[axis]} on spatial axis ${axis} is outside ${least}..${least + most}`);
    }
    if (added > most) {
      throw new ArgumentError(
        `${where}: outputPadding ${added} on spatial axis ${axis} must be smaller than the larger of stride ${s} and dilation ${dilation[axis]}`,
      );
    }
    const size = least + added;
    if (size < 1) {
      throw new ShapeError(
        `${where}: spatial axis ${axis}: (${i} - 1)·${s} - ${before} - ${after} + ${extent} + ${added} = ${size}; the output would be empty`,
      );
    }
    inputSize.push(size);
    // The added rows take the place of padding after the input, so that the forward convolution has exactly i windows.
    resolved.push([before, after - added]);
  }
  return { inputSize, padding: resolved };
}

function convolveTransposed<T extends Operand>(spatialRank: number, x: T, weight: T, trailing: Trailing<T, ConvTransposeOptions>): T {
  const where = `convTranspose${spatialRank}d`;
  const { operands, options } = sortArguments(where, { x, weight }, ["bias"], trailing);
  const [bias] = operands;
  const { padding: _, outputPadding: __, outputSize: ___, ...rest } = options;
  checkShapes(where, spatialRank, x.shape, weight.shape);
  const { inputSize, padding } = resolveTransposed(x.shape.slice(2), weight.shape.slice(2), options, where);
  const y = convInputGrad(x, weight, { ...rest, padding, inputSize });
  if (bias === undefined) return y;
  const channels = y.shape[1];
  if (bias.shape.length !== 1 || bias.shape[0] !== channels) {
    throw new ShapeError(`${where}: bias has shape ${showShape(bias.shape)}; expected [${channels}], one per output channel`);
  }
  return add(y, reshape(bias, [1, channels, ...inputSize.map(() => 1)]));
}

function checkShapes(where: string, spatialRank: number, x: Shape, weight: Shape): void {
  if (x.length !== spatialRank + 2 || weight.length !== spatialRank + 2) {
    throw new ShapeError(
      `${where}: input ${showShape(x)} and kernel ${showShape(weight)} need two axes for channels and ${spatialRank} spatial ones each`,
    );
  }
  if (x[1] !== weight[0]) {
    throw new ShapeError(`${where}: input has ${x[1]} channels, but the kernel ${showShape(weight)} expects ${weight[0]}`);
  }
}

/**
 * Transposed 1-d convolution: x [N, Cin, L], weight [Cin, Cout / groups, k], bias [Cout]
 * -> [N, Cout, (L - 1)·stride - before - after + d(k-1) + outputPadding + 1]. Errors: `ShapeError`, `ArgumentError`.
 * Source: Dumoulin & Visin, arXiv 1603.07285, relationships 8-14.
 */
export function convTranspose1d<T extends Operand>(x: T, weight: T, options?: ConvTransposeOptions): T;
export function convTranspose1d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options?: ConvTransposeOptions): T;
export function convTranspose1d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, ConvTransposeOptions>): T {
  return convolveTransposed(1, x, weight, trailing);
}

/** Transposed 2-d convolution: x [N, Cin, H, W], weight [Cin, Cout / groups, kH, kW]. Sizes and errors as `convTranspose1d`, per axis. */
export function convTranspose2d<T extends Operand>(x: T, weight: T, options?: ConvTransposeOptions): T;
export function convTranspose2d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options?: ConvTransposeOptions): T;
export function convTranspose2d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, ConvTransposeOptions>): T {
  return convolveTransposed(2, x, weight, trailing);
}

/** Transposed 3-d convolution: x [N, Cin, D, H, W], weight [Cin, Cout / groups, kD, kH, kW]. Sizes and errors as `convTranspose1d`, per axis. */
export function convTranspose3d<T extends Operand>(x: T, weight: T, options?: ConvTransposeOptions): T;
export function convTranspose3d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options?: ConvTransposeOptions): T;
export function convTranspose3d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, ConvTransposeOptions>): T {
  return convolveTransposed(3, x, weight, trailing);
}
