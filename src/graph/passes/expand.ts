// Ops that are compositions, replaced by what they are composed of: what a backend does with those for which it has no kernel, early
// enough that folding and fusion see the parts.
import type { Graph } from "../graph.ts";
import { named } from "../op.ts";
import { rebuild, rewriteGraph } from "../rewrite.ts";
import type { Value } from "../value.ts";

/** Replaces every value that decomposes, and that `keep` does not claim, by its decomposition, and so on for the parts. */
export function expandDecompositions(graph: Graph, keep: (value: Value) => boolean): Graph {
  const expands = (value: Value): boolean => value.op.decompose !== undefined && !keep(value);
  let next = graph;
  // Decompositions nest a few levels deep at most, and none leads back to itself.
  while (next.order.some(expands)) {
    next = rewriteGraph(next, (value, inputs) => {
      const current = rebuild(value, inputs);
      return expands(current) ? current.op.decompose?.(named(current.op, inputs), current.attrs) : current;
    });
  }
  return next;
}
