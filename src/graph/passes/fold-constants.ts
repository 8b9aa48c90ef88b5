// What does not depend on inputs or variables is computed once, when the program is made.
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { evaluateNode } from "../evaluate.ts";
import type { Graph } from "../graph.ts";
import { named } from "../op.ts";
import { constant, constantOp, fillOp } from "../record.ts";
import { rewriteGraph } from "../rewrite.ts";
import type { Value } from "../value.ts";

/** A folded result may have this many elements even where its operands have fewer. */
const smallEnough = 1 << 14;
/** The reference loops do the folding; beyond this many multiply-adds every run is cheaper than one such wait. */
const quickEnough = 1e7;

export interface FoldOptions {
  /** Values that the backend computes once and faster than the reference loops could; those beyond a few elements are left to it. */
  readonly computesOnce?: (value: Value) => boolean;
}

/** Replaces values made of constants alone by constants. Results that are much larger than their operands stay as they are. */
export function foldConstants(graph: Graph, { computesOnce = () => false }: FoldOptions = {}): Graph {
  return rewriteGraph(graph, (value, inputs) => {
    if (inputs.length === 0 || !inputs.every((v) => v.op === constantOp || v.op === fillOp)) return undefined;
    if (!worthFolding(value, inputs) || (sizeOf(value.shape) > smallEnough && computesOnce(value))) return undefined;
    return constant(
      evaluateNode(
        value,
        inputs.map((v) => (v.op === constantOp ? (v.attrs.value as Tensor) : evaluateNode(v, []))),
      ),
    );
  });
}

function worthFolding({ op, attrs, shape }: Value, inputs: readonly Value[]): boolean {
  const largest = Math.max(smallEnough, ...inputs.map((v) => (v.op === fillOp ? 0 : sizeOf(v.shape))));
  const shapes = named(
    op,
    inputs.map((v) => v.shape),
  );
  return sizeOf(shape) <= largest && op.cost(shapes, attrs, shape).macs <= quickEnough;
}
