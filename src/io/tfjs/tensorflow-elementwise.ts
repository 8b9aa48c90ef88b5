// Operators that treat all axes alike, or sum some of them up: they stay in fovea's order of axes wherever that means the same.
import type { Operand } from "../../graph/record.ts";
import * as ops from "../../ops/index.ts";
import type { ChannelsLast } from "./channels-last.ts";
import { at, first, flag, known, last, type TensorFlowFunction, type TensorFlowNode } from "./tensorflow-node.ts";

/** Two operands that broadcast from the right, as in TensorFlow's order; kept in fovea's where that means the same. */
export const binary =
  (f: (a: Operand, b: Operand) => Operand): TensorFlowFunction =>
  (node) => {
    const [a, b] = [at(node, 0), at(node, 1)];
    const rank = Math.max(a.rank, b.rank);
    if (rank < 3 || !(a.isChannelsFirst || b.isChannelsFirst)) return last(f(a.last(), b.last()));
    const widened = (x: ChannelsLast): Operand =>
      x.rank === rank ? x.first() : last(ops.reshape(x.last(), [...new Array<number>(rank - x.rank).fill(1), ...x.shape])).first();
    return first(f(widened(a), widened(b)));
  };

export const unary =
  (f: (x: Operand, node: TensorFlowNode) => Operand): TensorFlowFunction =>
  (node) => {
    const x = at(node, 0);
    return x.isChannelsFirst ? first(f(x.first(), node)) : last(f(x.last(), node));
  };

export const reduction =
  (f: (x: Operand, options: { readonly axes: readonly number[]; readonly keepDims: boolean }) => Operand): TensorFlowFunction =>
  (node) => {
    const x = at(node, 0);
    const keepDims = flag(node, "keep_dims");
    const axes = known(node, 1);
    const spatialOnly = x.isChannelsFirst && axes.every((axis) => x.axisInFirst(axis) >= 2);
    if (!spatialOnly) return last(f(x.last(), { axes, keepDims }));
    return first(f(x.first(), { axes: axes.map((axis) => x.axisInFirst(axis)), keepDims }));
  };
