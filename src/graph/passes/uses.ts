// How often each value is read: what tells a pass that something may be moved into its only reader.
import type { Graph } from "../graph.ts";
import type { Value } from "../value.ts";

/** Reads by other values (twice by the same one counts twice), by outputs and by updates. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (value: Value): void => {
    uses.set(value, (uses.get(value) ?? 0) + 1);
  };
  for (const value of graph.order) value.inputs.forEach(use);
  for (const value of graph.outputs.values()) use(value);
  for (const value of graph.updates.values()) use(value);
  return uses;
}
