// The operators that move numbers about: padding, resizing, joining, slicing, and TensorFlow's ways with space, batch and depth.
import * as ops from "../../ops/index.ts";
import { UnsupportedOpError } from "../../tensor/errors.ts";
import { number } from "./json.ts";
import { at, attribute, first, flag, ints, known, last, type TensorFlowFunction, type TensorFlowNode, word } from "./tensorflow-node.ts";

/** [[before, after]] of each axis of TensorFlow's order, in fovea's. */
function padsOf(node: TensorFlowNode): readonly (readonly [number, number])[] {
  const flat = known(node, 1);
  const pads = Array.from({ length: flat.length / 2 }, (_, axis) => [flat[2 * axis], flat[2 * axis + 1]] as const);
  return pads.length < 3 ? pads : [pads[0], pads[pads.length - 1], ...pads.slice(1, -1)];
}

export const padding: TensorFlowFunction = (node) => {
  const value = node.inputs[2] === undefined ? 0 : known(node, 2)[0];
  const x = at(node, 0).first();
  if (value === 0) return first(ops.pad(x, padsOf(node)));
  // fovea pads with zeros; any other value is what remains after moving zero there.
  return first(ops.add(ops.pad(ops.sub(x, value), padsOf(node)), value));
};

export const mirrorPad: TensorFlowFunction = (node) =>
  first(ops.pad(at(node, 0).first(), padsOf(node), { mode: word(node, "mode") === "SYMMETRIC" ? "symmetric" : "reflect" }));

export const resize =
  (kind: "nearest" | "linear"): TensorFlowFunction =>
  (node) => {
    const x = at(node, 0).first();
    const size = known(node, 1);
    const aligned = flag(node, "align_corners");
    const halfPixel = flag(node, "half_pixel_centers");
    const positions = aligned ? "align-corners" : halfPixel ? (kind === "nearest" ? "tf-half-pixel-for-nn" : "half-pixel") : "asymmetric";
    const taps = size.map((outputSize, axis) =>
      ops.tapsOf({ inputSize: x.shape[axis + 2], outputSize }, { kernel: kind, positions, rounding: aligned ? "prefer-ceil" : "floor" }),
    );
    return first(ops.resample(x, [undefined, undefined, ...taps]));
  };

export const concat: TensorFlowFunction = (node) => {
  const parts = node.inputs.slice(0, -1);
  const [axis] = known(node, node.inputs.length - 1);
  const firsts = parts.some((part) => part.isChannelsFirst);
  return firsts
    ? first(
        ops.concat(
          parts.map((part) => part.first()),
          { axis: parts[0].axisInFirst(axis) },
        ),
      )
    : last(
        ops.concat(
          parts.map((part) => part.last()),
          { axis },
        ),
      );
};

export const pack: TensorFlowFunction = (node) => {
  const axis = number(attribute(node, "axis", "i") ?? 0, node.where);
  const parts = node.inputs.map((part) => {
    const at = axis < 0 ? axis + part.rank + 1 : axis;
    return ops.reshape(part.last(), part.shape.toSpliced(at, 0, 1));
  });
  return last(ops.concat(parts, { axis: axis < 0 ? axis + parts[0].rank : axis }));
};

export const stridedSlice: TensorFlowFunction = (node) => {
  const masks = ["ellipsis_mask", "new_axis_mask"].map((name) => number(attribute(node, name, "i") ?? 0, node.where));
  if (masks.some((mask) => mask !== 0)) throw new UnsupportedOpError(`${node.where}: slices with an ellipsis or new axes are not read`);
  const [begin, end, steps] = [known(node, 1), known(node, 2), known(node, 3)];
  const bit = (name: string, i: number): boolean => ((number(attribute(node, name, "i") ?? 0, node.where) >> i) & 1) === 1;
  const x = at(node, 0).last();
  const far = 2 ** 31 - 1;
  const shrunk = begin.map((_, i) => bit("shrink_axis_mask", i));
  const sliced = ops.slice(x, {
    axes: begin.map((_, i) => i),
    starts: begin.map((b, i) => (bit("begin_mask", i) && !shrunk[i] ? (steps[i] < 0 ? far : 0) : b)),
    ends: end.map((e, i) => (shrunk[i] ? (begin[i] === -1 ? far : begin[i] + 1) : bit("end_mask", i) ? (steps[i] < 0 ? -far : far) : e)),
    steps: steps.map((s, i) => (shrunk[i] ? 1 : s)),
  });
  return last(
    ops.reshape(
      sliced,
      sliced.shape.filter((_, i) => shrunk[i] !== true),
    ),
  );
};

export const spaceToBatch: TensorFlowFunction = (node) => {
  // Half of how TensorFlow writes a dilated convolution: the pixels of each residue become a picture of their own.
  const [block, pads] = [known(node, 1), known(node, 2)];
  const x = at(node, 0).last();
  const padded = ops.pad(x, [[0, 0], ...block.map((_, i) => [pads[2 * i], pads[2 * i + 1]] as const), [0, 0]]);
  const [batch, height, width, channels] = padded.shape;
  const [rows, columns] = block;
  const cut = ops.reshape(padded, [batch, height / rows, rows, width / columns, columns, channels]);
  const moved = ops.transpose(cut, { permutation: [2, 4, 0, 1, 3, 5] });
  return last(ops.reshape(moved, [rows * columns * batch, height / rows, width / columns, channels]));
};

export const batchToSpace: TensorFlowFunction = (node) => {
  const [[rows, columns], crops] = [known(node, 1), known(node, 2)];
  const x = at(node, 0).last();
  const [all, height, width, channels] = x.shape;
  const batch = all / (rows * columns);
  const cut = ops.reshape(x, [rows, columns, batch, height, width, channels]);
  const moved = ops.transpose(cut, { permutation: [2, 3, 0, 4, 1, 5] });
  const whole = ops.reshape(moved, [batch, height * rows, width * columns, channels]);
  return last(ops.pad(whole, [[0, 0], [-crops[0], -crops[1]], [-crops[2], -crops[3]], [0, 0]])); // biome-ignore format: one shape
};

export const depthToSpace: TensorFlowFunction = (node) => {
  const block = number(attribute(node, "block_size", "i"), node.where);
  const x = at(node, 0).last();
  const [batch, height, width, channels] = x.shape;
  const cut = ops.reshape(x, [batch, height, width, block, block, channels / block ** 2]);
  const moved = ops.transpose(cut, { permutation: [0, 1, 3, 2, 4, 5] });
  return last(ops.reshape(moved, [batch, height * block, width * block, channels / block ** 2]));
};

export const squeeze: TensorFlowFunction = (node) => {
  const x = at(node, 0);
  const given = ints(node, "squeeze_dims");
  const axes = (given.length > 0 ? given : ints(node, "axis")).map((axis) => (axis < 0 ? axis + x.rank : axis));
  return last(
    ops.reshape(
      x.last(),
      x.shape.filter((n, axis) => n !== 1 || (axes.length > 0 && !axes.includes(axis))),
    ),
  );
};

export const expandDims: TensorFlowFunction = (node) => {
  const x = at(node, 0);
  const [axis] = known(node, 1);
  return last(ops.reshape(x.last(), x.shape.toSpliced(axis < 0 ? axis + x.rank + 1 : axis, 0, 1)));
};

export const same: TensorFlowFunction = (node) => at(node, 0);
