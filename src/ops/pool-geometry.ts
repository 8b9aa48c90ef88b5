// What a pooling's input shape and attributes mean, resolved once for its ops and for every backend.
import { dilatedKernel, showSize, type WindowAxis, windowAxes } from "../arithmetic/sizes.ts";
import {
  type AttrSpec,
  custom,
  flag,
  optional,
  type Padding,
  type PaddingOption,
  padding,
  type SpatialOption,
  spatial,
} from "../graph/attrs.ts";
import { named, type Op } from "../graph/op.ts";
import { type Operand, whereIs } from "../graph/record.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { type Shape, showShape } from "../tensor/shape.ts";

/** Options of every pooling, as users write them. */
export interface PoolOptions {
  /** Default: the kernel size, so that windows do not overlap. */
  readonly stride?: SpatialOption;
  /** At most half of the (dilated) kernel; less than the whole kernel where the sides differ. Default 0. */
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
  /** Let the last window hang over the end as long as it starts inside the input or its left padding (default false). */
  readonly ceilMode?: boolean;
}

/** Canonical attributes; an absent stride is the kernel size. */
export interface PoolAttrs {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[] | undefined;
  readonly padding: Padding;
  readonly dilation: readonly number[];
  readonly ceilMode: boolean;
}

export interface PoolGeometry {
  readonly batch: number;
  readonly channels: number;
  /** Per spatial axis: input, kernel, stride, dilation, before, after, output; all numbers, conventions resolved. */
  readonly axes: readonly WindowAxis[];
}

const kernelSizes = spatial(1);

export const poolAttrSpecs: { readonly [K in keyof PoolAttrs]: AttrSpec<PoolAttrs[K]> } = {
  kernelSize: custom((given, context) => {
    if (given === undefined) throw new ArgumentError(`${context.where} is missing; expected a number or one per spatial axis`);
    return kernelSizes.parse(given, context);
  }, "size of the window per spatial axis"),
  stride: optional(spatial(1, 1, "step of the window per spatial axis; default: the kernel size")),
  padding: padding(0, "border that belongs to no window's result; smaller than the kernel"),
  dilation: spatial(1, 1, "distance between the elements of a window per spatial axis"),
  ceilMode: flag(false, "count windows that hang over the end"),
};

/** Throws `ShapeError` when no window fits, `ArgumentError` when the padding is not for pooling. */
export function poolGeometry(x: Shape, attrs: PoolAttrs, where = "pool"): PoolGeometry {
  if (x.length < 3) throw new ShapeError(`${where}: input has shape ${showShape(x)}; expected [batch, channels, ...spatial]`);
  const [batch, channels, ...input] = x;
  const { kernelSize, dilation, ceilMode } = attrs;
  checkPadding(attrs, where);
  const axes = windowAxes(
    { input, kernel: kernelSize, stride: attrs.stride ?? kernelSize, dilation, padding: attrs.padding, ceilMode },
    where,
  );
  return { batch, channels, axes };
}

/** Windows wholly in the padding have nothing to pool, so padding by numbers stops where they could appear: short of the kernel. */
function checkPadding(
  { padding, kernelSize, dilation }: PoolAttrs,
  where: string,
  mostOnBoth = (extent: number): number => extent - 1,
): void {
  if (typeof padding === "string") return;
  padding.forEach(([before, after], axis) => {
    const extent = dilatedKernel(kernelSize[axis], dilation[axis]);
    const most = before === after ? mostOnBoth(extent) : extent - 1;
    if (Math.min(before, after) < 0 || Math.max(before, after) > most) {
      throw new ArgumentError(
        `${where}: padding [${before}, ${after}] on spatial axis ${axis} must lie in 0..${most} for a kernel that spans ${extent}`,
      );
    }
  });
}

/**
 * PyTorch's narrower rule, for what people write: the same padding on both sides is at most half of the kernel. Networks from files may
 * pad more. Throws `ArgumentError`.
 */
export function checkHalfPadding(op: Op, x: Operand, options: object): void {
  const where = whereIs(op);
  checkPadding(op.parse(options, named(op, [x.shape]), where) as unknown as PoolAttrs, where, (extent) => Math.floor(extent / 2));
}

/** [N, C, ...] of what is pooled. */
export function poolInputShape({ batch, channels, axes }: PoolGeometry): number[] {
  return [batch, channels, ...axes.map((a) => a.input)];
}

/** [N, C, ...] of the result. */
export function poolOutputShape({ batch, channels, axes }: PoolGeometry): number[] {
  return [batch, channels, ...axes.map((a) => a.output)];
}

/** Elements per plane of the input, per plane of the output, and per window; `planes` counts batch and channels together. */
export function poolPlanes({ batch, channels, axes }: PoolGeometry): {
  readonly planes: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
} {
  const product = (pick: "input" | "output" | "kernel"): number => axes.reduce((p, a) => p * a[pick], 1);
  return { planes: batch * channels, inputs: product("input"), outputs: product("output"), taps: product("kernel") };
}

/** Throws `ShapeError` unless g has the output's shape of a pooling with this geometry. */
export function checkPooled(g: Shape, geometry: PoolGeometry, where: string): PoolGeometry {
  const expected = poolOutputShape(geometry);
  if (expected.length !== g.length || expected.some((n, axis) => n !== g[axis])) {
    throw new ShapeError(
      `${where}: gradient has shape ${showShape(g)}, but pooling ${showShape(poolInputShape(geometry))} gives ${showShape(expected)} (${geometry.axes.map((a) => showSize(a)).join("; ")})`,
    );
  }
  return geometry;
}
