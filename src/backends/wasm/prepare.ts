// Makes a graph of ops that have kernels: the passes have their turn, and what has no kernel but can be said in simpler ops is.
import type { Graph } from "../../graph/graph.ts";
import { expandDecompositions } from "../../graph/passes/expand.ts";
import type { Value } from "../../graph/value.ts";
import { optimise } from "../../ops/passes/index.ts";
import { composites } from "./composites.ts";
import { findRule } from "./kernels/index.ts";
import { sumUpEarly } from "./order.ts";
import { spreadMatmuls } from "./spread-matmul.ts";
import { isViewOp } from "./views.ts";

export function prepare(graph: Graph, optimised: boolean): Graph {
  const simple = expandDecompositions(optimised ? optimise(graph, { hasKernel, computesOnce }) : graph, hasKernel);
  return sumUpEarly(spreadMatmuls(simple, hasKernel));
}

/** What kernels make of constants alone runs before the first run. */
function computesOnce(value: Value): boolean {
  return findRule(value) !== undefined;
}

function hasKernel(value: Value): boolean {
  return isViewOp(value) || composites[value.op.name]?.(value) !== undefined || findRule(value) !== undefined;
}
