// What a user points at - a class, a channel, one unit, a direction - as a mask over a layer's values: the target is the sum of
// layer · mask, its gradient is the gradient seeded with the mask, and one compiled program serves every channel and position of a layer.
import type { Value } from "../graph/value.ts";
import { layerValue, type Model } from "../nn/model.ts";
import type { Traced } from "../nn/module.ts";
import { ArgumentError, ShapeError } from "../tensor/errors.ts";
import { sameShape, showShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** One of: a class's logit; a channel of a layer; one unit (a channel at a position); a direction in a layer's channels. */
export interface Target {
  /** Index or name of a class. */
  readonly class?: number | string;
  readonly layer?: string;
  readonly channel?: number;
  /** Row and column in the layer's map. */
  readonly position?: readonly [row: number, column: number];
  /** One weight per channel of the layer. */
  readonly direction?: Tensor;
}

/** For `checkOptions`. */
export const targetNames: readonly (keyof Target)[] = ["class", "layer", "channel", "position", "direction"];

/** The layer that a target lies in, as a value [N, C, H, W] or [N, C]. */
export interface TargetLayer {
  readonly value: Value;
  /** As users call it; "logits" for classes when the net's output has no layer of that kind. */
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

const softmaxes: ReadonlySet<string> = new Set(["softmax", "logSoftmax"]);

/** The logits: what stands before a final softmax, or the output itself. */
function logitsOf({ output }: Traced): Value {
  let value = output;
  while (softmaxes.has(value.op.name) || value.op.name === "identity" || (isFlattening(value) && softmaxes.has(value.inputs[0].op.name))) {
    value = value.inputs[0];
  }
  return value;
}

/** [N, C, 1, 1] to [N, C]: nets without dense layers end so. */
function isFlattening({ op, shape, inputs }: Value): boolean {
  return op.name === "reshape" && sameShape(shape, inputs[0].shape.slice(0, 2)) && sizeOf(shape) === sizeOf(inputs[0].shape);
}

/** Finds the layer of a target in a traced net. Throws `GraphError` for unknown layers, `ShapeError` for layers without channels. */
export function targetLayer(traced: Traced, target: Target): TargetLayer {
  if ((target.class === undefined) === (target.layer === undefined)) {
    throw new ArgumentError("a target is either a class, or a layer with a channel, position or direction; give one of the two");
  }
  const value = target.layer === undefined ? logitsOf(traced) : layerValue(traced, target.layer);
  const name = target.layer ?? "the logits";
  if (value.rank !== 4 && value.rank !== 2) {
    throw new ShapeError(`${name}: its values are ${showShape(value.shape)}; expected [N, C, H, W] or [N, C]`);
  }
  const [, channels, height = 1, width = 1] = value.shape;
  return { value, name, channels, height, width };
}

/** The channel of a target; classes count as channels of the logits. */
export function channelOf(model: Model, target: Target, layer: TargetLayer): number {
  const given = target.class ?? target.channel;
  const found = typeof given === "string" ? (model.classes?.indexOf(given) ?? -1) : (given ?? -1);
  if (!Number.isInteger(found) || found < 0 || found >= layer.channels) {
    if (typeof given === "string") {
      throw new ArgumentError(`no class is called "${given}"; there are ${model.classes?.join(", ") ?? "no class names"}`);
    }
    throw new ArgumentError(
      `${layer.name}: there are the ${target.class === undefined ? "channels" : "classes"} 0..${layer.channels - 1}; ${given === undefined ? "none was" : `${given} was`} asked for`,
    );
  }
  return found;
}

/** Throws `ArgumentError` unless (row, column) lies in the layer's map. */
export function checkPosition(layer: TargetLayer, [row, column]: readonly [number, number]): void {
  if (!Number.isInteger(row) || !Number.isInteger(column) || row < 0 || column < 0 || row >= layer.height || column >= layer.width) {
    throw new ArgumentError(`${layer.name} has ${layer.height} x ${layer.width} positions; (${row}, ${column}) is outside`);
  }
}

/** The middle of a map: (⌊H/2⌋, ⌊W/2⌋). */
export function centreOf({ height, width }: TargetLayer): [number, number] {
  return [Math.floor(height / 2), Math.floor(width / 2)];
}

/** Writes one picture's mask for `channel` into a block of channels · height · width zeros: 1 at a position, or a mean over all. */
export function fillMask(mask: Tensor["data"], layer: TargetLayer, channel: number, position: readonly [number, number] | undefined): void {
  const plane = layer.height * layer.width;
  if (position === undefined) mask.fill(1 / plane, channel * plane, (channel + 1) * plane);
  else mask[channel * plane + position[0] * layer.width + position[1]] = 1;
}

/** The mask of a direction: its weights at every position, averaged over them. */
export function fillDirection(mask: Tensor["data"], layer: TargetLayer, direction: Tensor): void {
  if (sizeOf(direction.shape) !== layer.channels) {
    throw new ShapeError(`a direction in ${layer.name} has ${layer.channels} weights, one per channel; got ${showShape(direction.shape)}`);
  }
  const plane = layer.height * layer.width;
  for (let c = 0; c < layer.channels; c++) mask.fill(direction.data[c] / plane, c * plane, (c + 1) * plane);
}

/** A target as plain data: numbers, names and lists of them. */
export function plainTarget({ direction, ...rest }: Target): Record<string, unknown> {
  const known = targetNames
    .filter((name) => name !== "direction")
    .flatMap((name) => (rest[name] === undefined ? [] : [[name, rest[name]]]));
  return { ...Object.fromEntries(known), ...(direction && { direction: Array.from(direction.data) }) };
}

/** A target in words. */
export function describe(model: Model, target: Target, position: Target["position"] = target.position): string {
  if (target.class !== undefined) {
    const name = typeof target.class === "string" ? target.class : (model.classes?.[target.class] ?? String(target.class));
    return `class ${name}`;
  }
  if (target.direction !== undefined) return `a direction in ${target.layer}`;
  return `${target.layer}, channel ${target.channel}${position === undefined ? "" : ` at (${position.join(", ")})`}`;
}
