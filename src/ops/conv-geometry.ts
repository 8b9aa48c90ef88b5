// What a convolution's shapes and attributes mean, resolved once for its three maps (forward, input gradient, filter gradient)
// and for every backend. Shapes are [batch, channels, ...spatial] and [outChannels, inChannels / groups, ...kernel].
import { type WindowAxis, windowAxes } from "../arithmetic/sizes.ts";
import { type AttrSpec, count, type Padding, padding, spatial } from "../graph/attrs.ts";
import { ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape, sizeOf } from "../tensor/shape.ts";

/** Canonical attributes of the three maps: one stride and dilation per spatial axis. */
export interface ConvAttrs {
  readonly stride: readonly number[];
  readonly padding: Padding;
  readonly dilation: readonly number[];
  readonly groups: number;
}

export interface ConvGeometry {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  /** Per spatial axis: input, kernel, stride, dilation, before, after, output; all numbers, conventions resolved. */
  readonly axes: readonly WindowAxis[];
}

export const convAttrSpecs: { readonly [K in keyof ConvAttrs]: AttrSpec<ConvAttrs[K]> } = {
  stride: spatial(1, 1, "step of the window per spatial axis; may exceed the kernel"),
  padding: padding(0, "zeros before and after each spatial axis; negative numbers crop; or valid, same, same-lower, full, causal"),
  dilation: spatial(1, 1, "distance between the taps of the kernel per spatial axis"),
  groups: count(1, 1, "number of independent groups of channels; equal to the input's channels for a depthwise convolution"),
};

/** The shape of x is known, that of the result follows. Throws `ShapeError` when channels, groups or sizes do not fit. */
export function convGeometry(x: Shape, weight: Shape, attrs: ConvAttrs, where = "conv"): ConvGeometry {
  checkRanks("input", x, "kernel", weight, where);
  const [batch, inChannels, ...input] = x;
  const [outChannels, channelsPerGroup, ...kernel] = weight;
  const { groups, stride, dilation, padding } = attrs;
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ShapeError(
      `${where}: groups ${groups} must divide the input's ${inChannels} channels and the kernel's ${outChannels} output channels`,
    );
  }
  if (channelsPerGroup * groups !== inChannels) {
    throw new ShapeError(
      `${where}: input has ${inChannels} channels, but the kernel ${showShape(weight)} with groups ${groups} expects ${channelsPerGroup * groups}`,
    );
  }
  return { batch, inChannels, outChannels, groups, axes: windowAxes({ input, kernel, stride, dilation, padding }, where) };
}

/** For `convInputGrad(g, weight)`: x has the spatial sizes `inputSize`. */
export function convInputGradGeometry(
  g: Shape,
  weight: Shape,
  attrs: ConvAttrs & { readonly inputSize: readonly number[] },
  where = "convInputGrad",
): ConvGeometry {
  checkRanks("gradient", g, "kernel", weight, where);
  checkEntries("inputSize", attrs.inputSize, g.length - 2, where);
  const geometry = convGeometry([g[0], weight[1] * attrs.groups, ...attrs.inputSize], weight, attrs, where);
  return checkGradient(g, geometry, where);
}

/** For `convFilterGrad(x, g)`: the kernel has the spatial sizes `kernelSize`. */
export function convFilterGradGeometry(
  x: Shape,
  g: Shape,
  attrs: ConvAttrs & { readonly kernelSize: readonly number[] },
  where = "convFilterGrad",
): ConvGeometry {
  checkRanks("input", x, "gradient", g, where);
  checkEntries("kernelSize", attrs.kernelSize, x.length - 2, where);
  const geometry = convGeometry(x, [g[1], Math.floor(x[1] / attrs.groups), ...attrs.kernelSize], attrs, where);
  return checkGradient(g, geometry, where);
}

/** [N, Cin, ...] of the convolution's input. */
export function convInputShape({ batch, inChannels, axes }: ConvGeometry): number[] {
  return [batch, inChannels, ...axes.map((a) => a.input)];
}

/** [Cout, Cin / groups, ...] of its kernel. */
export function convWeightShape({ inChannels, outChannels, groups, axes }: ConvGeometry): number[] {
  return [outChannels, inChannels / groups, ...axes.map((a) => a.kernel)];
}

/** [N, Cout, ...] of its output. */
export function convOutputShape({ batch, outChannels, axes }: ConvGeometry): number[] {
  return [batch, outChannels, ...axes.map((a) => a.output)];
}

/** Multiply-adds of each of the three maps, counting taps in the padding as every paper does. */
export function convMacs(geometry: ConvGeometry): number {
  return sizeOf(convOutputShape(geometry)) * (sizeOf(convWeightShape(geometry)) / geometry.outChannels);
}

function checkRanks(nameA: string, a: Shape, nameB: string, b: Shape, where: string): void {
  if (a.length < 3 || a.length !== b.length) {
    throw new ShapeError(
      `${where}: ${nameA} ${showShape(a)} and ${nameB} ${showShape(b)} must both have two axes for batch and channels and the same number >= 1 of spatial axes`,
    );
  }
}

function checkEntries(name: string, sizes: readonly number[], spatialRank: number, where: string): void {
  if (sizes.length !== spatialRank) throw new ShapeError(`${where}: ${name} ${showShape(sizes)} needs ${spatialRank} entries`);
}

function checkGradient(g: Shape, geometry: ConvGeometry, where: string): ConvGeometry {
  const expected = convOutputShape(geometry);
  if (expected.some((n, axis) => n !== g[axis])) {
    throw new ShapeError(
      `${where}: gradient has shape ${showShape(g)}, but the convolution ${showShape(convInputShape(geometry))} * ${showShape(convWeightShape(geometry))} gives ${showShape(expected)}`,
    );
  }
  return geometry;
}
