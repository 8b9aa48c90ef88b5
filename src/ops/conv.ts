// Convolution as the three maps of one bilinear form: forward, input gradient, filter gradient. Each one's gradients are the other two,
// so derivatives of any order exist by construction, and a transposed convolution is the second map under another name.
// "Convolution" is cross-correlation, as everywhere in this field; `flipKernel` gives the mathematician's.
import { dilatedKernel } from "../arithmetic/sizes.ts";
import { integers, type PaddingOption, type SpatialOption } from "../graph/attrs.ts";
import { defineOp, type Field, named, type Op, type OpCase, wholeInput } from "../graph/op.ts";
import { apply, type Operand } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";
import { convCases, filterGradCases, inputGradCases } from "./conv-cases.ts";
import {
  type ConvGeometry,
  convAttrSpecs,
  convFilterGradGeometry,
  convGeometry,
  convInputGradGeometry,
  convInputShape,
  convMacs,
  convOutputShape,
  convWeightShape,
} from "./conv-geometry.ts";
import { convFilterGradLoops, convInputGradLoops, convLoops } from "./conv-loops.ts";
import { flip } from "./flip.ts";
import { checkSpatialRank, type Maybe, oneFloatType, sortArguments, spatialAxes, type Trailing, windowField } from "./operands.ts";
import { pad } from "./pad.ts";
import { sum } from "./reduce.ts";

export * from "./conv-geometry.ts";

const cites = ["Dumoulin & Visin, A guide to convolution arithmetic, arXiv 1603.07285"];

export const convOp: Op = defineOp({
  name: "conv",
  inputs: ["x", "weight", "bias?"],
  attrs: convAttrSpecs,
  spatialRank: ({ x }) => x.length - 2,
  shape({ x, weight, bias }, attrs, where) {
    const geometry = convGeometry(x, weight, attrs, where);
    if (bias !== undefined && (bias.length !== 1 || bias[0] !== geometry.outChannels)) {
      throw new ShapeError(`${where}: bias has shape ${showShape(bias)}; expected [${geometry.outChannels}], one per output channel`);
    }
    return convOutputShape(geometry);
  },
  dtype: ({ all }) => oneFloatType("conv", all),
  cost: ({ x, weight }, attrs) => ({ macs: convMacs(convGeometry(x, weight, attrs)) }),
  field: ({ x, weight }, attrs) => ({ x: windowField(convGeometry(x, weight, attrs).axes), weight: wholeInput, bias: wholeInput }),
  grad: {
    x: (g, { x, weight }, attrs) => convInputGrad(g, weight, { ...attrs, inputSize: x.shape.slice(2) }),
    weight: (g, { x, weight }, attrs) => convFilterGrad(x, g, { ...attrs, kernelSize: weight.shape.slice(2) }),
    bias: (g) => sum(g, { axes: [0, ...spatialAxes(g.shape)] }),
  },
  reference({ x, weight, bias }, y, attrs) {
    convLoops(x.data, weight.data, bias?.data, y.data, convGeometry(x.shape, weight.shape, attrs));
  },
  doc: {
    text: "y[n,o,p] = bias[o] + sum over c and q of weight[o,c,q] · x[n, c0(o)+c, p·stride + q·dilation - before], for any number of spatial axes.",
    cites,
    example: "conv2d(x, weight, bias, { stride: 2, padding: 1 })",
  },
  cases: convCases,
});

/** Output shape of a forward case, for the cases of the two gradients. */
function outputOf({ inputs, attrs = {} }: OpCase): Shape {
  const shapes = named(convOp, inputs as readonly Shape[]);
  return convOp.shape(shapes, convOp.parse(attrs, shapes, "conv"), "conv");
}

export const convInputGradOp: Op = defineOp({
  name: "convInputGrad",
  inputs: ["g", "weight"],
  attrs: { ...convAttrSpecs, inputSize: integers(undefined, "spatial sizes of the convolution's input") },
  spatialRank: ({ g }) => g.length - 2,
  shape: ({ g, weight }, attrs, where) => convInputShape(convInputGradGeometry(g, weight, attrs, where)),
  dtype: ({ all }) => oneFloatType("convInputGrad", all),
  cost: ({ g, weight }, attrs) => ({ macs: convMacs(convInputGradGeometry(g, weight, attrs)) }),
  field: ({ g, weight }, attrs) => ({ g: transposedField(convInputGradGeometry(g, weight, attrs)), weight: wholeInput }),
  grad: {
    g: (gg, { weight }, { inputSize: _, ...attrs }) => apply(convOp, [gg, weight], attrs),
    weight: (gg, { g, weight }, { inputSize: _, ...attrs }) => convFilterGrad(gg, g, { ...attrs, kernelSize: weight.shape.slice(2) }),
  },
  reference({ g, weight }, dx, attrs) {
    convInputGradLoops(g.data, weight.data, dx.data, convInputGradGeometry(g.shape, weight.shape, attrs));
  },
  doc: {
    text: "The transpose of conv in its input: spreads every entry of g over the window that made it. This is the transposed convolution.",
    cites: [...cites, "relationships 8-14"],
  },
  cases: inputGradCases(outputOf),
});

export const convFilterGradOp: Op = defineOp({
  name: "convFilterGrad",
  inputs: ["x", "g"],
  attrs: { ...convAttrSpecs, kernelSize: integers(undefined, "spatial sizes of the kernel") },
  spatialRank: ({ x }) => x.length - 2,
  shape: ({ x, g }, attrs, where) => convWeightShape(convFilterGradGeometry(x, g, attrs, where)),
  dtype: ({ all }) => oneFloatType("convFilterGrad", all),
  cost: ({ x, g }, attrs) => ({ macs: convMacs(convFilterGradGeometry(x, g, attrs)) }),
  field: () => ({ x: wholeInput, g: wholeInput }),
  grad: {
    x: (gg, { x, g }, { kernelSize: _, ...attrs }) => convInputGrad(g, gg, { ...attrs, inputSize: x.shape.slice(2) }),
    g: (gg, { x }, { kernelSize: _, ...attrs }) => apply(convOp, [x, gg], attrs),
  },
  reference({ x, g }, dw, attrs) {
    convFilterGradLoops(x.data, g.data, dw.data, convFilterGradGeometry(x.shape, g.shape, attrs));
  },
  doc: {
    text: "The transpose of conv in its kernel: entry [o,c,q] sums g[n,o,p] times the input that tap q of window p reads.",
    cites,
  },
  cases: filterGradCases(outputOf),
});

/** Options of the two gradient maps: those of the convolution, and the size that it does not determine. */
export interface ConvMapOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
  readonly groups?: number;
}

/** Gradient of a convolution in its input of spatial size `inputSize`, for the output's gradient g: [N, Cout, ...] -> [N, Cin, ...inputSize]. */
export function convInputGrad<T extends Operand>(g: T, weight: T, options: ConvMapOptions & { readonly inputSize: readonly number[] }): T {
  return apply(convInputGradOp, [g, weight], options);
}

/** Gradient of a convolution in its kernel of spatial size `kernelSize`: [N, Cin, ...], [N, Cout, ...] -> [Cout, Cin / groups, ...kernelSize]. */
export function convFilterGrad<T extends Operand>(x: T, g: T, options: ConvMapOptions & { readonly kernelSize: readonly number[] }): T {
  return apply(convFilterGradOp, [x, g], options);
}

export interface ConvOptions extends ConvMapOptions {
  /** Where padded elements come from; abcd padded by 2: zeros 00abcd00, reflect cbabcdcb, replicate aaabcddd, circular cdabcdab, symmetric baabcddc. */
  readonly paddingMode?: "zeros" | "reflect" | "replicate" | "circular" | "symmetric";
  /** True convolution: the kernel turned by 180 degrees (default false). */
  readonly flipKernel?: boolean;
}

function convolve<T extends Operand>(spatialRank: number, x: T, weight: T, trailing: Trailing<T, ConvOptions>): T {
  const { operands, options } = sortArguments(`conv${spatialRank}d`, { x, weight }, ["bias"], trailing);
  const [bias] = operands;
  const { paddingMode = "zeros", flipKernel = false, ...rest } = options;
  checkSpatialRank("conv", x, spatialRank);
  const kernel = flipKernel ? flip(weight, { axes: spatialAxes(weight.shape) }) : weight;
  if (paddingMode === "zeros") return apply(convOp, [x, kernel, bias], rest);
  const modes = ["reflect", "replicate", "circular", "symmetric"];
  if (!modes.includes(paddingMode)) {
    throw new ArgumentError(`conv${spatialRank}d: paddingMode is "${String(paddingMode)}"; expected zeros, ${modes.join(", ")}`);
  }
  const shapes = named(convOp, [x.shape, kernel.shape]);
  const { axes } = convGeometry(x.shape, kernel.shape, convOp.parse(rest, shapes, "conv") as never);
  const padded = pad(x, [[0, 0], [0, 0], ...axes.map((a) => [a.before, a.after] as const)], { mode: paddingMode });
  return apply(convOp, [padded, kernel, bias], { ...rest, padding: 0 });
}

/**
 * 1-d convolution: x [N, Cin, L], weight [Cout, Cin / groups, k], bias [Cout] -> [N, Cout, floor((L + before + after - d(k-1) - 1) / stride) + 1].
 * The bias may be left out or null: conv1d(x, weight, { stride: 2 }). Defaults: stride 1, padding 0, dilation 1, groups 1,
 * paddingMode "zeros". Throws `ShapeError` when shapes do not fit, `ArgumentError` for impossible options.
 */
export function conv1d<T extends Operand>(x: T, weight: T, options?: ConvOptions): T;
export function conv1d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options?: ConvOptions): T;
export function conv1d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, ConvOptions>): T {
  return convolve(1, x, weight, trailing);
}

/** 2-d convolution: x [N, Cin, H, W], weight [Cout, Cin / groups, kH, kW], bias [Cout]. Sizes, defaults and errors as `conv1d`, per axis. */
export function conv2d<T extends Operand>(x: T, weight: T, options?: ConvOptions): T;
export function conv2d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options?: ConvOptions): T;
export function conv2d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, ConvOptions>): T {
  return convolve(2, x, weight, trailing);
}

/** 3-d convolution: x [N, Cin, D, H, W], weight [Cout, Cin / groups, kD, kH, kW], bias [Cout]. Sizes, defaults and errors as `conv1d`, per axis. */
export function conv3d<T extends Operand>(x: T, weight: T, options?: ConvOptions): T;
export function conv3d<T extends Operand>(x: T, weight: T, bias: Maybe<T>, options?: ConvOptions): T;
export function conv3d<T extends Operand>(x: T, weight: T, ...trailing: Trailing<T, ConvOptions>): T {
  return convolve(3, x, weight, trailing);
}

/**
 * Position x of the transpose reads the outputs p with x = p·s + q·d - before for some q: the whole numbers in
 * (x + before - d(k-1)) / s .. (x + before) / s. Beyond stride 1 how many these are depends on x.
 */
function transposedField({ axes }: ConvGeometry): Field {
  return {
    kind: "window",
    axes: axes.map(({ kernel, stride, dilation, before }) => {
      const reach = dilatedKernel(kernel, dilation) - 1;
      return { size: reach / stride + 1, stride: 1 / stride, before: (reach - before) / stride, dilation: dilation / stride };
    }),
    bound: axes.some((a) => a.stride !== 1),
  };
}
