// What convolutions and poolings say about their windows in ONNX's words, as attributes of fovea's ops.
import { type AutoPad, paddingOfAutoPad } from "../../../arithmetic/sizes.ts";
import type { Padding } from "../../../graph/attrs.ts";
import type { OnnxNode } from "../operator.ts";

/** [before, after] per spatial axis. */
export type Sides = readonly (readonly [before: number, after: number])[];

const autoPads: readonly string[] = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];

export function autoPadOf(node: OnnxNode): AutoPad {
  const given = node.string("auto_pad", "NOTSET");
  if (!autoPads.includes(given)) node.malformed(`auto_pad is "${given}"; expected one of ${autoPads.join(", ")}`);
  return given as AutoPad;
}

/** An attribute with one whole number >= `least` per spatial axis. */
export function perAxis(node: OnnxNode, name: string, axes: number, fallback?: number, least = 1): readonly number[] {
  const list = node.ints(name, fallback === undefined ? undefined : new Array<number>(axes).fill(fallback));
  if (list.length !== axes) node.malformed(`${name} has ${list.length} entries for ${axes} spatial axes`);
  if (list.some((n) => n < least)) node.malformed(`${name} is [${list.join(", ")}]; expected integers >= ${least}`);
  return list;
}

/** The attribute `pads`: all beginnings, then all ends. */
export function padsOf(node: OnnxNode, axes: number): Sides {
  const list = node.ints("pads", new Array<number>(2 * axes).fill(0));
  if (list.length !== 2 * axes) {
    node.malformed(`pads has ${list.length} entries; expected ${2 * axes}, a beginning and an end for each of ${axes} spatial axes`);
  }
  if (list.some((n) => n < 0)) node.malformed(`pads is [${list.join(", ")}]; windows cannot be padded by less than 0`);
  return Array.from({ length: axes }, (_, axis) => [list[axis], list[axes + axis]] as const);
}

/** Padding as `auto_pad` has it, or else as `pads`. Files that say both mean `auto_pad`. */
export function paddingOf(node: OnnxNode, axes: number): Padding {
  return paddingOfAutoPad(autoPadOf(node)) ?? padsOf(node, axes);
}

/** What convolutions and poolings share. Poolings before version 10 have no dilation, which is 1 then. */
export function windowsOf(node: OnnxNode, axes: number): { stride: readonly number[]; dilation: readonly number[]; padding: Padding } {
  return {
    stride: perAxis(node, "strides", axes, 1),
    dilation: perAxis(node, "dilations", axes, 1),
    padding: paddingOf(node, axes),
  };
}

/** Number of spatial axes of input 0. */
export function spatialRank(node: OnnxNode): number {
  const axes = node.shape(0).length - 2;
  if (axes < 1) node.malformed(`its input has ${axes + 2} axes; expected [batch, channels, ...spatial]`);
  return axes;
}
