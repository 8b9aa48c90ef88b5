// A graph is a set of named outputs and state updates together with everything they depend on, in an order that can be run.
import { ArgumentError, GraphError } from "../tensor/errors.ts";
import { expectParts } from "../tensor/expect.ts";
import { checkOptions, showGiven } from "../tensor/options.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import { inputOp, variableOp } from "./record.ts";
import { showValue, topological, Value } from "./value.ts";

export interface Graph {
  /** All values, each after the values it reads. */
  readonly order: readonly Value[];
  readonly inputs: ReadonlyMap<string, Value>;
  readonly variables: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  /** variable -> its value after a run. All updates happen together, after everything has been computed. */
  readonly updates: ReadonlyMap<Value, Value>;
}

export interface GraphParts {
  readonly outputs: Readonly<Record<string, Value>> | ReadonlyMap<string, Value>;
  readonly updates?: Iterable<readonly [variable: Value, next: Value]>;
}

/** Collects a graph. Throws `GraphError` for names used twice, updates of things that are no variables, and shapes that change. */
export function createGraph(parts: GraphParts): Graph {
  checkOptions("createGraph", parts, ["outputs", "updates"]);
  const { outputs, updates = [] } = parts;
  if (typeof outputs !== "object" || outputs === null) {
    throw new ArgumentError(`createGraph: outputs is ${showGiven(outputs)}; expected graph Values by name`);
  }
  const outputMap: ReadonlyMap<string, Value> = outputs instanceof Map ? outputs : new Map(Object.entries(outputs));
  for (const [name, value] of outputMap) {
    if (!(value instanceof Value)) throw new GraphError(`graph: output "${name}" is not a graph value`);
  }
  const updateMap = new Map<Value, Value>();
  for (const [target, next] of updates) {
    if (target.op !== variableOp) throw new GraphError(`graph: ${showValue(target)} is updated, but it is no variable`);
    if (updateMap.has(target)) throw new GraphError(`graph: ${showValue(target)} is updated twice`);
    if (!sameShape(target.shape, next.shape) || target.dtype !== next.dtype) {
      throw new GraphError(
        `graph: ${showValue(target)} is ${target.dtype} ${showShape(target.shape)}, but its update is ${next.dtype} ${showShape(next.shape)}`,
      );
    }
    updateMap.set(target, next);
  }
  const order = topological([...outputMap.values(), ...updateMap.keys(), ...updateMap.values()]);
  const byName = (op: typeof inputOp): Map<string, Value> => {
    const found = new Map<string, Value>();
    for (const value of order) {
      if (value.op !== op) continue;
      const name = value.attrs.name as string;
      if (found.has(name)) throw new GraphError(`graph: two different ${op.name}s are called "${name}"`);
      found.set(name, value);
    }
    return found;
  };
  return { order, inputs: byName(inputOp), variables: byName(variableOp), outputs: outputMap, updates: updateMap };
}

/** Throws `ArgumentError` unless `given` is a graph, as `createGraph` makes it. */
export function expectGraph(where: string, given: unknown): void {
  expectParts(where, "the graph", given, ["order", "inputs", "outputs", "updates"], "a Graph, made by createGraph");
}

/** The value with this label; throws `GraphError` with the nearest labels when there is none. The last one wins if several share it. */
export function findValue(graph: Graph, name: string): Value {
  expectGraph("findValue", graph);
  let found: Value | undefined;
  for (const value of graph.order) if (value.label === name) found = value;
  if (found !== undefined) return found;
  const labels = [...new Set(graph.order.flatMap((v) => (v.label === undefined ? [] : [v.label])))];
  throw new GraphError(
    `graph: no value is called "${name}"; there are ${labels.slice(0, 40).join(", ")}${labels.length > 40 ? ", ..." : ""}`,
  );
}

/** The same graph with more outputs: each named value becomes an output under its own name. */
export function tap(graph: Graph, names: readonly string[]): Graph {
  const outputs = new Map(graph.outputs);
  for (const name of names) outputs.set(name, findValue(graph, name));
  return createGraph({ outputs, updates: graph.updates });
}
