// Everything that makes a graph cheaper without changing what it computes. Backends call `optimise` unless told not to.
import type { Graph } from "../../graph/graph.ts";
import { foldConstants } from "../../graph/passes/fold-constants.ts";
import { mergeDuplicates } from "../../graph/passes/merge-duplicates.ts";
import { fuseElementwise } from "./fuse-elementwise.ts";
import { removeIdle } from "./remove-idle.ts";

export * from "./fuse-elementwise.ts";
export * from "./remove-idle.ts";

/** The passes in the order in which each finds most to do. Values that no output needs are gone in any case: a graph is what is reached. */
export function optimise(graph: Graph): Graph {
  return [removeIdle, foldConstants, mergeDuplicates, fuseElementwise].reduce((g, pass) => pass(g), graph);
}
