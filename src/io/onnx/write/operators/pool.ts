// Pooling. Windows that the standard's pools cannot say (its averages have no divisor, and rounding up means different things in different
// versions) become convolutions with ones, which can.
import { adaptiveWindow, dilatedKernel, type WindowAxis } from "../../../../arithmetic/sizes.ts";
import { apply, constant } from "../../../../graph/record.ts";
import type { Value } from "../../../../graph/value.ts";
import { mul } from "../../../../ops/arithmetic.ts";
import { concat } from "../../../../ops/concat.ts";
import { convInputGrad, convOp } from "../../../../ops/conv.ts";
import { type AvgPoolAttrs, avgPoolDivisors, avgPoolGradGeometry } from "../../../../ops/pool-average.ts";
import { type PoolAttrs, type PoolGeometry, poolGeometry } from "../../../../ops/pool-geometry.ts";
import { maxPoolIndices, maxPoolOp } from "../../../../ops/pool-max.ts";
import { max } from "../../../../ops/reduce.ts";
import { slice } from "../../../../ops/slice.ts";
import { sizeOf } from "../../../../tensor/shape.ts";
import { allocate, ones, Tensor } from "../../../../tensor/tensor.ts";
import type { OnnxWriter, OnnxWriters, Writing, WrittenAttributes } from "../emission.ts";
import { elementType } from "../expression.ts";
import { onnxPads } from "./conv.ts";

/** Padding after the input with which windows that hang over its end fit in: rounding up without saying so. */
const reach = ({ kernel, dilation, stride, output, input, before, after }: WindowAxis): number =>
  Math.max(after, (output - 1) * stride + dilatedKernel(kernel, dilation) - input - before);

const hangsOver = (axis: WindowAxis): boolean => reach(axis) > axis.after;

/** Whether the standard's formula, which counts every window that starts before the end of the padding, gives the same size. */
const roundsUpAlike = ({ input, kernel, stride, dilation, before, after, output }: WindowAxis): boolean =>
  Math.ceil((input + before + after - dilatedKernel(kernel, dilation)) / stride) + 1 === output;

/** Attributes that every window pooling has, or undefined where the standard's pads and rounding cannot express the windows. */
function windowAttributes({ axes }: PoolGeometry): WrittenAttributes | undefined {
  const overhang = axes.some(hangsOver);
  const ceil = overhang && axes.every((a) => roundsUpAlike(a));
  const pads = axes.map((a) => [a.before, ceil || !overhang ? a.after : reach(a)] as const);
  const fits = axes.every((a, i) => pads[i].every((n) => n >= 0 && n < a.kernel));
  if (!fits) return undefined;
  return {
    kernel_shape: axes.map((a) => a.kernel),
    strides: axes.map((a) => a.stride),
    pads: onnxPads(pads),
    ...(ceil && { ceil_mode: 1 }),
  };
}

const dilationsOf = ({ axes }: PoolGeometry): WrittenAttributes =>
  axes.some((a) => a.dilation > 1) ? { dilations: axes.map((a) => a.dilation) } : {};

const geometryOf = ({ value }: Writing): PoolGeometry => poolGeometry(value.inputs[0].shape, value.attrs as unknown as PoolAttrs);

const maxPool: OnnxWriter = (writing) => {
  const geometry = geometryOf(writing);
  const window = windowAttributes(geometry);
  return window && writing.node("MaxPool", writing.x, { ...window, ...dilationsOf(geometry) });
};

/** The standard numbers elements through the whole tensor; the rest by a plane's size is the number within the plane. */
const maxPoolIndicesWriter: OnnxWriter = (writing) => {
  const geometry = geometryOf(writing);
  const window = windowAttributes(geometry);
  if (window === undefined) return undefined;
  const { value, x, node, nodeOutput, tensor } = writing;
  const wide = nodeOutput("MaxPool", x, 1, 2, { ...window, ...dilationsOf(geometry) });
  const plane = sizeOf(value.inputs[0].shape.slice(2));
  const narrow = node("Cast", [wide], { to: elementType("int32") });
  return node("Mod", [narrow, tensor(new Tensor(Int32Array.of(plane), []))]);
};

/** 1 / divisor per output position, to multiply sums by: [1, 1, ...output]. */
function shares(geometry: PoolGeometry, attrs: AvgPoolAttrs, dtype: Value["dtype"]): Value {
  const divisors = avgPoolDivisors(geometry, attrs);
  const data = allocate(dtype, divisors.length);
  divisors.forEach((d, i) => {
    data[i] = 1 / d;
  });
  return constant(new Tensor(data, [1, 1, ...geometry.axes.map((a) => a.output)]));
}

/** The convolution that sums every window of every channel. */
function summing({ channels, axes }: PoolGeometry, dtype: Value["dtype"]): { readonly weight: Value; readonly options: object } {
  return {
    weight: constant(ones([channels, 1, ...axes.map((a) => a.kernel)], dtype)),
    options: {
      stride: axes.map((a) => a.stride),
      dilation: axes.map((a) => a.dilation),
      padding: axes.map((a) => [a.before, reach(a)] as const),
      groups: channels,
    },
  };
}

const avgPool: OnnxWriter = (writing) => {
  const { value, x, node, number, opset } = writing;
  const attrs = value.attrs as unknown as AvgPoolAttrs;
  const geometry = geometryOf(writing);
  const dilated = geometry.axes.some((a) => a.dilation > 1);
  const padded = geometry.axes.some((a) => a.before > 0 || a.after > 0);
  const overhang = geometry.axes.some(hangsOver);
  const { divisorOverride } = attrs;
  const counted = padded && (attrs.countIncludePad || divisorOverride !== undefined);
  const window = windowAttributes(geometry);
  // Padding that is counted must be the given one, and windows over its end are counted differently by different runtimes.
  if (window !== undefined && !(dilated && opset < 19) && !overhang) {
    const mean = node("AveragePool", x, { ...window, ...dilationsOf(geometry), ...(counted && { count_include_pad: 1 }) });
    const taps = geometry.axes.reduce((product, a) => product * a.kernel, 1);
    return divisorOverride === undefined ? mean : node("Mul", [mean, number(taps / divisorOverride)]);
  }
  const [input] = value.inputs;
  const { weight, options } = summing(geometry, value.dtype);
  return mul(apply<Value>(convOp, [input, weight], options), shares(geometry, attrs, value.dtype));
};

/** The adjoint: every share goes back over its window. */
const avgPoolGrad: OnnxWriter = ({ value }) => {
  const [g] = value.inputs;
  const attrs = value.attrs as unknown as AvgPoolAttrs & { readonly inputSize: readonly number[] };
  const geometry = avgPoolGradGeometry(g.shape, attrs);
  const { weight, options } = summing(geometry, value.dtype);
  return convInputGrad(mul(g, shares(geometry, attrs, value.dtype)), weight, { ...options, inputSize: attrs.inputSize });
};

const lpPool: OnnxWriter = (writing) => {
  const { value, x, node } = writing;
  const geometry = geometryOf(writing);
  const window = windowAttributes(geometry);
  const p = value.attrs.p as number;
  const plain = window !== undefined && !geometry.axes.some((a) => a.dilation > 1 || hangsOver(a)) && Number.isInteger(p);
  return plain ? node("LpPool", x, { ...window, p }) : undefined;
};

const globalLpPool: OnnxWriter = ({ value, x, node }) => {
  const p = value.attrs.p as number;
  return Number.isInteger(p) ? node("GlobalLpPool", x, { p }) : undefined;
};

const isGlobal = ({ value }: Writing): boolean => value.shape.slice(2).every((n) => n === 1);

/** Sizes that divide, as an ordinary pooling. */
function regularKernel({ value }: Writing): number[] | undefined {
  const kernel = value.shape.slice(2).map((o, i) => value.inputs[0].shape[i + 2] / o);
  return kernel.every(Number.isInteger) ? kernel : undefined;
}

const adaptiveAvgPool: OnnxWriter = (writing) => (isGlobal(writing) ? writing.node("GlobalAveragePool", writing.x) : undefined);

/** Windows of different sizes, one axis after the other: a maximum of maxima. */
const adaptiveMaxPool: OnnxWriter = (writing) => {
  const { value, x, node } = writing;
  if (isGlobal(writing)) return node("GlobalMaxPool", x);
  const kernelSize = regularKernel(writing);
  const [input] = value.inputs;
  if (kernelSize !== undefined) return apply<Value>(maxPoolOp, [input], { kernelSize });
  return value.shape.slice(2).reduce<Value>((y, outputs, i) => {
    const axis = i + 2;
    const window = (j: number): Value => {
      const [start, end] = adaptiveWindow(j, y.shape[axis], outputs);
      return max(slice(y, { axes: [axis], starts: [start], ends: [end] }), { axes: [axis], keepDims: true });
    };
    return concat(
      Array.from({ length: outputs }, (_, j) => window(j)),
      { axis },
    );
  }, input);
};

const adaptiveMaxPoolIndices: OnnxWriter = (writing) => {
  const kernelSize = regularKernel(writing);
  return kernelSize && maxPoolIndices(writing.value.inputs[0], kernelSize);
};

export const poolWriters: OnnxWriters = {
  maxPool,
  maxPoolIndices: maxPoolIndicesWriter,
  avgPool,
  avgPoolGrad,
  lpPool,
  globalLpPool,
  adaptiveAvgPool,
  adaptiveMaxPool,
  adaptiveMaxPoolIndices,
  globalAvgPool: ({ x, node }) => node("GlobalAveragePool", x),
  globalMaxPool: ({ x, node }) => node("GlobalMaxPool", x),
};
