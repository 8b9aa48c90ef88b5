// Convolutions: forward, transposed, and the gradient in the kernel, which is a convolution with batch and channels in each other's place.
import { dilatedKernel, transposedSize, type WindowAxis } from "../../../../arithmetic/sizes.ts";
import { apply } from "../../../../graph/record.ts";
import type { Value } from "../../../../graph/value.ts";
import {
  type ConvAttrs,
  convFilterGradGeometry,
  convGeometry,
  convInputGradGeometry,
  convInputGradOp,
  convOp,
} from "../../../../ops/conv.ts";
import { pad } from "../../../../ops/pad.ts";
import { reshape } from "../../../../ops/reshape.ts";
import { slice } from "../../../../ops/slice.ts";
import { transpose } from "../../../../ops/transpose.ts";
import type { OnnxWriter, OnnxWriters, WrittenAttributes } from "../emission.ts";

/** All befores, then all afters. */
export function onnxPads(pairs: readonly (readonly [number, number])[]): number[] {
  return [...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)];
}

function windowAttributes(axes: readonly WindowAxis[], groups: number, pads: readonly (readonly [number, number])[]): WrittenAttributes {
  return {
    kernel_shape: axes.map((a) => a.kernel),
    strides: axes.map((a) => a.stride),
    pads: onnxPads(pads),
    dilations: axes.map((a) => a.dilation),
    group: groups,
  };
}

const conv: OnnxWriter = ({ value, x, node }) => {
  const [input, weight, bias] = value.inputs;
  const attrs = value.attrs as unknown as ConvAttrs;
  const { axes, groups } = convGeometry(input.shape, weight.shape, attrs);
  if (axes.some((a) => a.before < 0 || a.after < 0)) {
    // The standard has no negative pads: what they cut off goes first.
    const cropped = pad(
      input,
      axes.map((a) => [Math.min(a.before, 0), Math.min(a.after, 0)]),
    );
    const padding = axes.map((a) => [Math.max(a.before, 0), Math.max(a.after, 0)] as const);
    return apply<Value>(convOp, [cropped, weight, bias], { ...attrs, padding });
  }
  return node(
    "Conv",
    x,
    windowAttributes(
      axes,
      groups,
      axes.map((a) => [a.before, a.after]),
    ),
  );
};

/** How a transposed convolution's output is cut out of the whole: `pads` are cut off, `added` rows are computed beyond, `zeros` put around. */
export interface TransposedWindow {
  readonly pads: readonly (readonly [before: number, after: number])[];
  readonly added: readonly number[];
  readonly zeros: readonly (readonly [before: number, after: number])[];
}

/** Prefers equal pads and an output padding, which is how frameworks write it, where that says the same. */
export function transposedWindow(axes: readonly WindowAxis[]): TransposedWindow {
  const perAxis = axes.map(({ input, kernel, stride, dilation, before, after, output }) => {
    const extent = dilatedKernel(kernel, dilation);
    const cut = transposedSize(output, extent, stride, before, 0) - input;
    const most = Math.max(stride, dilation) - 1;
    if (before >= 0 && cut !== before && before - cut > 0 && before - cut <= most && after <= before) {
      return { pads: [before, before] as const, added: before - cut, zeros: [0, 0] as const };
    }
    const added = cut < 0 && -cut <= most ? -cut : 0;
    return {
      pads: [Math.max(before, 0), Math.max(cut, 0)] as const,
      added,
      zeros: [Math.max(-before, 0), cut < 0 ? -cut - added : 0] as const,
    };
  });
  return { pads: perAxis.map((a) => a.pads), added: perAxis.map((a) => a.added), zeros: perAxis.map((a) => a.zeros) };
}

/** A transposed convolution of operands 0 and 1 of `value`, with the bias called so, if there is one. */
export function writeTransposed(value: Value, inputs: readonly string[], node: Parameters<OnnxWriter>[0]["node"]): string | undefined {
  const [g, weight] = value.inputs;
  const attrs = value.attrs as unknown as ConvAttrs & { readonly inputSize: readonly number[] };
  const { axes, groups } = convInputGradGeometry(g.shape, weight.shape, attrs);
  const { pads, added, zeros } = transposedWindow(axes);
  if (zeros.some(([before, after]) => before > 0 || after > 0)) return undefined;
  return node("ConvTranspose", inputs, {
    ...windowAttributes(axes, groups, pads),
    ...(added.some((n) => n > 0) && { output_padding: added }),
  });
}

const convInputGrad: OnnxWriter = ({ value, x, node }) => {
  const written = writeTransposed(value, x, node);
  if (written !== undefined) return written;
  // Rows that no window reaches are zeros, and are put around the rest.
  const [g, weight] = value.inputs;
  const attrs = value.attrs as unknown as ConvAttrs & { readonly inputSize: readonly number[] };
  const { axes } = convInputGradGeometry(g.shape, weight.shape, attrs);
  const { zeros } = transposedWindow(axes);
  const padding = axes.map((a, i) => [a.before + zeros[i][0], a.after + zeros[i][1]] as const);
  const inputSize = axes.map((a, i) => a.input - zeros[i][0] - zeros[i][1]);
  return pad(apply<Value>(convInputGradOp, [g, weight], { ...attrs, padding, inputSize }), zeros);
};

/**
 * dw[o, c, q] = sum over n and p of g[n, o, p] · x[n, c, p·stride + q·dilation - before]: the convolution of x by g over the batch, with
 * stride and dilation in each other's place.
 */
const convFilterGrad: OnnxWriter = ({ value }) => {
  const [x, g] = value.inputs;
  const attrs = value.attrs as unknown as ConvAttrs & { readonly kernelSize: readonly number[] };
  const { batch, inChannels, groups, axes } = convFilterGradGeometry(x.shape, g.shape, attrs);
  const space = axes.map((_, i) => i + 2);
  const perGroup = inChannels / groups;
  const grouped = reshape(x, [batch, groups, perGroup, ...x.shape.slice(2)]);
  const swapped = transpose(grouped, { permutation: [2, 1, 0, ...space.map((a) => a + 1)] });
  const pictures = reshape(swapped, [perGroup, groups * batch, ...x.shape.slice(2)]);
  const kernels = transpose(g, { permutation: [1, 0, ...space] });
  const wide = apply<Value>(convOp, [pictures, kernels], {
    stride: attrs.dilation,
    dilation: attrs.stride,
    padding: axes.map((a) => [a.before, a.after] as const),
    groups,
  });
  const narrow = slice(wide, { axes: space, starts: space.map(() => 0), ends: axes.map((a) => a.kernel) });
  return transpose(narrow, { permutation: [1, 0, ...space] });
};

export const convWriters: OnnxWriters = { conv, convInputGrad, convFilterGrad };
