// Borders: padding in every mode and both forms, and cropping or padding to a size.
import type { Operand } from "../../../graph/record.ts";
import { type PadMode, type Pads, pad } from "../../../ops/pad.ts";
import type { OnnxNode, OnnxReaders } from "../operator.ts";
import { likeInput, orderedAxes } from "./reading.ts";

const modes: Readonly<Record<string, PadMode>> = { constant: "constant", reflect: "reflect", edge: "replicate", wrap: "circular" };

/** [before, after] of every axis, from all beginnings and then all ends of the named axes. */
function padsPerAxis(node: OnnxNode, rank: number): Pads {
  const list = node.opset < 11 ? node.ints("pads") : node.integers(1);
  const axes = node.has(3) ? orderedAxes(node, node.integers(3), rank) : Array.from({ length: rank }, (_, axis) => axis);
  if (list.length !== 2 * axes.length) {
    node.malformed(`pads has ${list.length} entries; expected ${2 * axes.length}, a beginning and an end for each of ${axes.length} axes`);
  }
  const pads: (readonly [number, number])[] = Array.from({ length: rank }, () => [0, 0]);
  axes.forEach((axis, i) => {
    pads[axis] = [list[i], list[axes.length + i]];
  });
  return pads;
}

function padded(node: OnnxNode): Operand {
  const x = node.operand(0);
  const given = node.string("mode", "constant");
  const mode = Object.hasOwn(modes, given)
    ? modes[given]
    : node.malformed(`mode is "${given}"; expected one of ${Object.keys(modes).join(", ")}`);
  const pads = padsPerAxis(node, x.shape.length);
  if (mode === "constant") {
    const value = node.opset < 11 ? node.float("value", 0) : node.has(2) ? node.floats(2)[0] : 0;
    return pad(x, pads, { value });
  }
  // What is cropped is gone: it appears in no border.
  const crops = pads.map(([before, after]) => [Math.min(before, 0), Math.min(after, 0)] as const);
  const borders = pads.map(([before, after]) => [Math.max(before, 0), Math.max(after, 0)] as const);
  return pad(crops.flat().some((n) => n < 0) ? pad(x, crops) : x, borders, { mode });
}

/** Crops or pads every named axis to its size around the middle; the odd one is cut off, or added, at the end. */
function centred(node: OnnxNode): Operand {
  const x = node.operand(0);
  const rank = x.shape.length;
  const sizes = node.integers(1);
  const axes = node.given("axes") ? orderedAxes(node, node.ints("axes"), rank) : x.shape.map((_, axis) => axis);
  if (sizes.length !== axes.length) node.malformed(`its input 1 has ${sizes.length} sizes for ${axes.length} axes`);
  if (sizes.some((n) => n < 0)) node.malformed(`its input 1 is [${sizes.join(", ")}]; expected sizes >= 0`);
  const pads: (readonly [number, number])[] = x.shape.map(() => [0, 0]);
  axes.forEach((axis, i) => {
    const difference = sizes[i] - x.shape[axis];
    const before = Math.trunc(difference / 2);
    pads[axis] = [before, difference - before];
  });
  return pad(x, pads);
}

export const padReaders: OnnxReaders = {
  Pad: (node) => likeInput(node, padded(node)),
  CenterCropPad: (node) => likeInput(node, centred(node)),
};
