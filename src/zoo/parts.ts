// Parts that most nets of the zoo are made of. Names of children follow torchvision, so that its weights fit.
import type { SpatialOption } from "../graph/attrs.ts";
import { initialise, nn } from "../nn/index.ts";
import type { ConvLayerOptions } from "../nn/layers/conv.ts";
import type { BatchNormOptions } from "../nn/layers/norm.ts";
import { defineModule, type Module } from "../nn/module.ts";
import { mul } from "../ops/index.ts";

/** Deviation √(2/fan out): keeps the gradients' size through ReLU layers. He et al. 2015. */
export const he: ReturnType<typeof initialise.kaimingNormal> = initialise.kaimingNormal({ mode: "fanOut" });
export const zero: ReturnType<typeof initialise.constant> = initialise.constant(0);

/** A convolution without bias, as it stands before a batch norm. Padding keeps the size at stride 1 unless said otherwise. */
export function plainConv(inChannels: number, outChannels: number, kernelSize: SpatialOption, options: ConvLayerOptions = {}): Module {
  const padding = typeof kernelSize === "number" ? (kernelSize - 1) / 2 : kernelSize.map((k) => (k - 1) / 2);
  return nn.conv2d(inChannels, outChannels, kernelSize, { padding, bias: false, initialise: he, ...options });
}

export interface ConvNormOptions extends ConvLayerOptions {
  /** Default ReLU; null for none. */
  readonly activation?: Module | null;
  readonly norm?: BatchNormOptions;
}

/** Convolution, batch norm, activation: children 0, 1, 2. */
export function convNorm(
  inChannels: number,
  outChannels: number,
  kernelSize: SpatialOption,
  { activation = nn.relu(), norm, ...conv }: ConvNormOptions = {},
): Module {
  const parts = [plainConv(inChannels, outChannels, kernelSize, conv), nn.batchNorm2d(outChannels, norm)];
  return nn.sequential(activation === null ? parts : [...parts, activation]);
}

export interface GateOptions {
  /** Between the two layers (default ReLU). */
  readonly activation?: Module;
  /** Makes the factors (default sigmoid). */
  readonly gate?: Module;
}

/** Every map times a factor that depends on the means of all maps. Parameters fc1, fc2, as 1×1 convolutions. Hu, Shen, Sun 2018. */
export function squeezeExcite(
  channels: number,
  squeezed: number,
  { activation = nn.relu(), gate = nn.sigmoid() }: GateOptions = {},
): Module {
  const factors = nn.sequential({
    avgpool: nn.globalAvgPool(),
    fc1: nn.conv2d(channels, squeezed, 1),
    activation,
    fc2: nn.conv2d(squeezed, channels, 1),
    scale_activation: gate,
  });
  return defineModule("squeezeExcite", (x, context) => mul(x, factors.build(x, context)));
}

/** `count` units one after another, the first of them different. */
export function stage(count: number, unit: (i: number) => Module): Module {
  return nn.sequential(Array.from({ length: count }, (_, i) => unit(i)));
}

/** The nearest multiple of `divisor` (ties upwards), but never below it nor less than nine tenths of `channels`. Sandler et al. 2018. */
export function roundChannels(channels: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor(channels / divisor + 0.5) * divisor);
  return rounded < 0.9 * channels ? rounded + divisor : rounded;
}
