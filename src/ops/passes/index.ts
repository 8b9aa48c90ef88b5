// Everything that makes a graph cheaper without changing what it computes. Backends call `optimise` unless told not to.
import type { Graph } from "../../graph/graph.ts";
import { expandDecompositions } from "../../graph/passes/expand.ts";
import { type FoldOptions, foldConstants } from "../../graph/passes/fold-constants.ts";
import { mergeDuplicates } from "../../graph/passes/merge-duplicates.ts";
import type { Value } from "../../graph/value.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";
import { fuseElementwise } from "./fuse-elementwise.ts";
import { removeIdle } from "./remove-idle.ts";

export * from "./fold-batch-norm.ts";
export * from "./fuse-elementwise.ts";
export * from "./remove-idle.ts";

export interface OptimiseOptions extends FoldOptions {
  /** Which values the backend runs as they are; others that decompose are expanded (default: all, nothing is expanded). */
  readonly hasKernel?: (value: Value) => boolean;
}

/**
 * The passes in the order in which each finds most to do. Values that no output needs are gone in any case: a graph is what is reached.
 * Inputs that turn out to have no influence disappear, so feeds are to be checked against the graph as it was given.
 */
export function optimise(graph: Graph, { hasKernel = () => true, ...folding }: OptimiseOptions = {}): Graph {
  const folded = foldBatchNorm(foldConstants(removeIdle(graph)));
  const expanded = removeIdle(foldConstants(expandDecompositions(folded, hasKernel), folding));
  return fuseElementwise(mergeDuplicates(expanded));
}
