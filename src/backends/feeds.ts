// What every backend checks before it runs: that the feeds are exactly the graph's inputs. One place, so that messages agree.
import type { Graph } from "../graph/graph.ts";
import type { Feeds } from "../graph/program.ts";
import type { Value } from "../graph/value.ts";
import { ArgumentError, DTypeError, GraphError, ShapeError } from "../tensor/errors.ts";
import { sameShape, showShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Throws unless `given` is a tensor of exactly this value's shape and element type. `what` starts the message, e.g. `feed "x"`. */
export function checkTensor(what: string, given: unknown, expected: Value): Tensor {
  if (!(given instanceof Tensor)) throw new ArgumentError(`${what} is ${given === null ? "null" : typeof given}; expected a Tensor`);
  if (!sameShape(given.shape, expected.shape)) {
    throw new ShapeError(`${what} has shape ${showShape(given.shape)}; expected ${showShape(expected.shape)}`);
  }
  if (given.dtype !== expected.dtype) throw new DTypeError(`${what} has dtype ${given.dtype}; expected ${expected.dtype}`);
  return given;
}

/**
 * The fed tensor of every input of the graph. Throws `GraphError` for missing and unknown feeds, `ShapeError` and `DTypeError` for
 * tensors that do not fit.
 */
export function checkFeeds(graph: Graph, feeds: Feeds): Map<Value, Tensor> {
  const known = (): string => [...graph.inputs.keys()].join(", ") || "none";
  for (const name of Object.keys(feeds)) {
    if (!graph.inputs.has(name)) throw new GraphError(`run: there is no input "${name}"; inputs: ${known()}`);
  }
  const fed = new Map<Value, Tensor>();
  for (const [name, value] of graph.inputs) {
    const given = feeds[name];
    if (given === undefined) throw new GraphError(`run: the input "${name}" ${showShape(value.shape)} is not fed; inputs: ${known()}`);
    fed.set(value, checkTensor(`run: feed "${name}"`, given, value));
  }
  return fed;
}

/** The variable with this name; throws `GraphError` with the known names. */
export function requireVariable(graph: Graph, name: string): Value {
  const value = graph.variables.get(name);
  if (value === undefined) {
    throw new GraphError(`state: there is no variable "${name}"; variables: ${[...graph.variables.keys()].join(", ") || "none"}`);
  }
  return value;
}
