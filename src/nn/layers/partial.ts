// Layers that know which pixels are there, or where they are: partial convolution and coordinate channels.
import type { PaddingOption, SpatialOption } from "../../graph/attrs.ts";
import { constant } from "../../graph/record.ts";
import * as ops from "../../ops/index.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { showShape, sizeOf } from "../../tensor/shape.ts";
import { zeros } from "../../tensor/tensor.ts";
import { defineModule, type Module } from "../module.ts";
import { checkChannels, kernelOf, type WeightOptions, weightAndBias, weightOptionNames } from "./conv.ts";

export interface PartialConvLayerOptions extends WeightOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
}

/**
 * Partial convolution of a picture whose last channel is its mask (1 known, 0 hole): [N, in + 1, H, W] → [N, out + 1, H', W'], again with the
 * mask last, so that layers stack. Parameters weight [out, in, kh, kw], bias [out]. Liu et al. 2018.
 */
export function partialConv2d(
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  options: PartialConvLayerOptions = {},
): Module {
  checkOptions("partialConv2d", options, [...weightOptionNames, "stride", "padding", "dilation"]);
  checkChannels("partialConv2d", { inChannels, outChannels });
  const { bias: _, initialise: __, initialiseBias: ___, ...window } = options;
  const shape = [outChannels, inChannels, ...kernelOf("partialConv2d", kernelSize, 2)];
  return defineModule("partialConv2d", (x, context) => {
    if (x.shape[1] !== inChannels + 1) {
      throw new ShapeError(`partialConv2d: input has shape ${showShape(x.shape)}; expected ${inChannels} channels and a mask`);
    }
    const picture = ops.slice(x, { axes: [1], starts: [0], ends: [inChannels] });
    const mask = ops.slice(x, { axes: [1], starts: [inChannels] });
    const { y, mask: next } = ops.partialConv(picture, mask, ...weightAndBias(context, shape, outChannels, options), window);
    return ops.concat([y, next], { axis: 1 });
  });
}

/**
 * Adds channels that say where every pixel is: one per spatial axis, from −1 to 1; with `radius` one more, the distance from the centre.
 * A convolution after it may depend on position. Liu et al. 2018, arXiv 1807.03247.
 */
export function coordinateChannels(options: { readonly radius?: boolean } = {}): Module {
  checkOptions("coordinateChannels", options, ["radius"]);
  const { radius = false } = options;
  return defineModule("coordinateChannels", (x) => {
    const space = x.shape.slice(2);
    const positions = sizeOf(space);
    const maps = zeros([1, space.length + (radius ? 1 : 0), ...space], x.dtype);
    for (let p = 0; p < positions; p++) {
      let rest = p;
      let squares = 0;
      for (let axis = space.length - 1; axis >= 0; axis--) {
        const at = rest % space[axis];
        rest = Math.floor(rest / space[axis]);
        const coordinate = space[axis] === 1 ? 0 : (2 * at) / (space[axis] - 1) - 1;
        maps.data[axis * positions + p] = coordinate;
        squares += coordinate ** 2;
      }
      if (radius) maps.data[space.length * positions + p] = Math.sqrt(squares);
    }
    return ops.concat([x, ops.broadcastTo(constant(maps), [x.shape[0], ...maps.shape.slice(1)])], { axis: 1 });
  });
}
