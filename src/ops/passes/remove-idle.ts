// Ops that change nothing in this graph: labels' carriers, reshapes to the same shape, padding by nothing. Gradients leave many behind.
import type { Graph } from "../../graph/graph.ts";
import { rewriteGraph } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import { sameShape } from "../../tensor/shape.ts";
import { castOp } from "../cast.ts";
import { identityOp, stopGradientOp } from "../identity.ts";
import { type Pads, padOp } from "../pad.ts";
import { reshape, reshapeOp } from "../reshape.ts";
import { type SliceAttrs, slicedAxes, sliceOp } from "../slice.ts";
import { resolvePermutation, transpose, transposeOp } from "../transpose.ts";

/** Removes values that equal their operand, and merges reshapes of reshapes and transposes of transposes. */
export function removeIdle(graph: Graph): Graph {
  return rewriteGraph(graph, (value, inputs) => {
    if (inputs.length !== 1) return undefined;
    const [x] = inputs;
    return isIdle(value, x) ? x : merged(value, x);
  });
}

function isIdle({ op, attrs, shape, dtype }: Value, x: Value): boolean {
  switch (op) {
    case identityOp:
    case stopGradientOp:
      return true;
    case castOp:
      return dtype === x.dtype;
    case reshapeOp:
      return sameShape(shape, x.shape);
    case padOp:
      return (attrs.pads as Pads).every(([before, after]) => before === 0 && after === 0);
    case sliceOp:
      return sameShape(shape, x.shape) && slicedAxes(x.shape, attrs as unknown as SliceAttrs).every(({ step }) => step === 1);
    case transposeOp:
      return permutationOf(attrs, x).every((axis, i) => axis === i);
    default:
      return false;
  }
}

function merged(value: Value, x: Value): Value | undefined {
  if (value.op !== x.op) return undefined;
  const [source] = x.inputs;
  if (value.op === reshapeOp) return sameShape(source.shape, value.shape) ? source : reshape(source, value.shape);
  if (value.op !== transposeOp) return undefined;
  const inner = permutationOf(x.attrs, source);
  const permutation = permutationOf(value.attrs, x).map((axis) => inner[axis]);
  return permutation.every((axis, i) => axis === i) ? source : transpose(source, { permutation });
}

function permutationOf(attrs: Value["attrs"], x: Value): readonly number[] {
  return resolvePermutation(x.rank, attrs.permutation as readonly number[] | undefined);
}
