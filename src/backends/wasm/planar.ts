// Which convolutions work on planes instead of channels-last images: islands between the edges of a graph, where everything that is read comes
// in row-major, and everything that is made goes out so or to another one of them.
import type { Graph } from "../../graph/graph.ts";
import { inputOp } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Fusions } from "./fusion.ts";
import type { KernelRule } from "./kernel.ts";
import { findPlanarRule } from "./kernels/index.ts";

/** By the convolution, whether or not something is computed along with it. */
export function planarRules(graph: Graph, { epilogues, hosts }: Fusions): ReadonlyMap<Value, KernelRule> {
  const found = new Map<Value, KernelRule>();
  for (const value of graph.order) {
    const rule = findPlanarRule(value);
    const more = epilogues.get(hosts.get(value) ?? value)?.operands ?? [];
    if (rule !== undefined && more.every((operand) => isPerChannel(operand, value))) found.set(value, rule);
  }
  const stored = (conv: Value): Value => hosts.get(conv) ?? conv;
  const leaving = new Set([...graph.outputs.values(), ...graph.updates.values()]);
  const readers = readersOf(graph);
  const isIsland = (conv: Value, planes: ReadonlySet<Value>): boolean => {
    const [x] = conv.inputs;
    const read = readers.get(stored(conv)) ?? [];
    const inside = (reader: Value): boolean => found.has(reader) && reader.inputs[0] === stored(conv);
    return (x.op === inputOp || planes.has(x)) && (read.length > 0 || leaving.has(stored(conv))) && read.every(inside);
  };
  for (let changed = true; changed; ) {
    changed = false;
    const planes = new Set([...found.keys()].map(stored));
    for (const conv of found.keys()) if (!isIsland(conv, planes)) changed = found.delete(conv);
  }
  return found;
}

/** Whether all pixels of a plane meet the same number. */
function isPerChannel({ shape }: Value, { rank }: Value): boolean {
  const spatialAxes = rank - 2;
  return shape.slice(-spatialAxes).every((n) => n === 1);
}

function readersOf({ order }: Graph): Map<Value, Value[]> {
  const readers = new Map<Value, Value[]>();
  for (const reader of order) {
    for (const operand of new Set(reader.inputs)) {
      const known = readers.get(operand);
      if (known === undefined) readers.set(operand, [reader]);
      else known.push(reader);
    }
  }
  return readers;
}
