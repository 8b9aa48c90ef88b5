// Makes a graph of ops that have kernels: what has none but can be said in simpler ops is, and then the passes have their turn.
import { createGraph, type Graph } from "../../graph/graph.ts";
import { named } from "../../graph/op.ts";
import { rewriteGraph } from "../../graph/rewrite.ts";
import type { Value } from "../../graph/value.ts";
import { optimise } from "../../ops/passes/index.ts";
import { composites } from "./composites.ts";
import { findRule } from "./kernels/index.ts";
import { isViewOp } from "./views.ts";

export function prepare(graph: Graph, optimised: boolean): Graph {
  const decomposed = decompose(graph);
  return optimised ? decompose(optimise(decomposed)) : decomposed;
}

/** Repeated, because a decomposition may use ops that decompose in turn. */
function decompose(graph: Graph): Graph {
  let current = graph;
  while (current.order.some(isDecomposed)) {
    current = rewriteGraph(current, (value, inputs) =>
      isDecomposed(value) ? value.op.decompose?.(named(value.op, inputs), value.attrs) : undefined,
    );
  }
  return createGraph(current);
}

function isDecomposed(value: Value): boolean {
  return (
    value.op.decompose !== undefined &&
    !isViewOp(value) &&
    composites[value.op.name]?.(value) === undefined &&
    findRule(value) === undefined
  );
}
