// Layers with a kernel of their own at every position. The number of weights follows from the picture's size, so they are made when the
// layer is built.
import type { PaddingOption, SpatialOption } from "../../graph/attrs.ts";
import * as ops from "../../ops/index.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { checkOptions } from "../../tensor/options.ts";
import { fanInUniform, type Initialiser } from "../initialise.ts";
import { defineModule, type Module } from "../module.ts";
import { checkChannels, kernelOf, type WindowLayer, weightOptionNames } from "./conv.ts";

export interface LocallyConnectedLayerOptions {
  readonly stride?: SpatialOption;
  readonly padding?: PaddingOption;
  readonly dilation?: SpatialOption;
  /** One learned constant per "unit" (default), per "map", or none (false). */
  readonly bias?: "unit" | "map" | false;
  /** Default of both: U(±1/√fanIn). */
  readonly initialise?: Initialiser;
  readonly initialiseBias?: Initialiser;
}

function locallyConnected(
  rank: 1 | 2 | 3,
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  options: LocallyConnectedLayerOptions = {},
): Module {
  const kind = `locallyConnected${rank}d`;
  checkOptions(kind, options, [...weightOptionNames, "stride", "padding", "dilation"]);
  const { bias = "unit", initialise = fanInUniform(), initialiseBias = fanInUniform(), ...window } = options;
  checkChannels(kind, { inChannels, outChannels });
  if (bias !== "unit" && bias !== "map" && bias !== false) {
    throw new ArgumentError(`${kind}: bias is ${JSON.stringify(bias)}; expected "unit", "map" or false`);
  }
  const kernel = kernelOf(kind, kernelSize, rank);
  const taps = kernel.reduce((p, k) => p * k, 1);
  const fans = { fanIn: inChannels * taps, fanOut: outChannels * taps };
  const apply = [ops.locallyConnected1d, ops.locallyConnected2d, ops.locallyConnected3d][rank - 1];
  return defineModule(kind, (x, context) => {
    const attributes = { ...window, kernelSize: kernel };
    const sizes = ops.windowSizes(x.shape, attributes, kind);
    const positions = sizes.reduce((p, n) => p * n, 1);
    const weight = context.parameter("weight", [positions, outChannels, fans.fanIn], initialise, fans);
    const biasShape = bias === "unit" ? [outChannels, ...sizes] : [outChannels];
    return apply(x, weight, bias === false ? undefined : context.parameter("bias", biasShape, initialiseBias, fans), attributes);
  });
}

/** x [N, in, length] → [N, out, positions]. Parameters: weight [positions, out, in·k], bias [out, positions] (or [out]). */
export const locallyConnected1d: WindowLayer<LocallyConnectedLayerOptions> = (...given) => locallyConnected(1, ...given);

/** As `locallyConnected1d`, on [N, in, H, W]: weight [H'·W', out, in·kh·kw], bias [out, H', W'] (or [out]). LeCun 1989. */
export const locallyConnected2d: WindowLayer<LocallyConnectedLayerOptions> = (...given) => locallyConnected(2, ...given);

/** As `locallyConnected1d`, on [N, in, D, H, W]. */
export const locallyConnected3d: WindowLayer<LocallyConnectedLayerOptions> = (...given) => locallyConnected(3, ...given);
