// In which order the values of a graph are computed. A graph's own order follows its outputs, and there all gradients of weights come at the
// end, when the tensors that they read have long left the caches, and had to be kept until then.
import type { Graph } from "../../graph/graph.ts";
import type { Value } from "../../graph/value.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { elementwiseExpression } from "./kernels/index.ts";

/** A result this much smaller than what it is computed from is computed as soon as that is there. */
const muchSmaller = 4;

/** The same graph; values that sum up large operands follow these at once. */
export function sumUpEarly(graph: Graph): Graph {
  const readers = new Map<Value, Value[]>();
  for (const value of graph.order) {
    if (!sumsUp(value)) continue;
    for (const operand of new Set(value.inputs)) {
      const known = readers.get(operand);
      if (known === undefined) readers.set(operand, [value]);
      else known.push(value);
    }
  }
  const order: Value[] = [];
  const placed = new Set<Value>();
  const place = (value: Value): void => {
    if (placed.has(value)) return;
    placed.add(value);
    order.push(value);
    for (const reader of readers.get(value) ?? []) if (reader.inputs.every((operand) => placed.has(operand))) place(reader);
  };
  for (const value of graph.order) place(value);
  return { ...graph, order };
}

/** Elementwise results stay where they are: among them are the next values of weights whose old ones are still to be read. */
function sumsUp(value: Value): boolean {
  const read = value.inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return muchSmaller * sizeOf(value.shape) <= read && elementwiseExpression(value) === undefined;
}
