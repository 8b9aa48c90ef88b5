// One walk that rebuilds a graph with some values replaced: the base of every pass, of re-tracing at another batch size, and of lens rewrites.
import { expectList, expectMap } from "../tensor/expect.ts";
import { createGraph, type Graph } from "./graph.ts";
import { inScope, record } from "./record.ts";
import { topological, type Value } from "./value.ts";

/** Given a value and its already rewritten inputs, returns a replacement, or undefined to keep the value (rebuilt if its inputs changed). */
export type Rewriter = (value: Value, inputs: readonly Value[]) => Value | undefined;

/** Rebuilds everything that `roots` depend on. Labels travel along. Returns a lookup old value -> new value. */
export function rewriteValues(roots: readonly Value[], rewriter: Rewriter): Map<Value, Value> {
  const done = new Map<Value, Value>();
  for (const value of topological(roots)) {
    const inputs = value.inputs.map((v) => done.get(v) as Value);
    const next = rewriter(value, inputs) ?? rebuild(value, inputs);
    if (next !== value && next.label === undefined && value.label !== undefined) next.label = value.label;
    done.set(value, next);
  }
  return done;
}

/** The same op with the same attributes on other inputs; the value itself when they are its own. */
export function rebuild(value: Value, inputs: readonly Value[]): Value {
  if (inputs.every((v, i) => v === value.inputs[i])) return value;
  return inScope(value.label ?? "", () => record(value.op, inputs, definedAttrs(value)));
}

/** Attributes as options again; absent ones must stay absent. */
function definedAttrs(value: Value): object {
  return Object.fromEntries(Object.entries(value.attrs).filter(([, v]) => v !== undefined));
}

/** The graph with every value that `rewriter` replaces replaced; outputs and updates keep their names. Throws what recording throws. */
export function rewriteGraph(graph: Graph, rewriter: Rewriter): Graph {
  const done = rewriteValues([...graph.outputs.values(), ...graph.updates.keys(), ...graph.updates.values()], rewriter);
  const moved = (value: Value): Value => done.get(value) as Value;
  return createGraph({
    outputs: new Map([...graph.outputs].map(([name, value]) => [name, moved(value)])),
    updates: [...graph.updates].map(([target, next]) => [moved(target), moved(next)] as const),
  });
}

/** The same computation with some values (inputs, say, of another batch size) replaced by others. */
export function substitute(roots: readonly Value[], replacements: ReadonlyMap<Value, Value>): Value[] {
  expectList("substitute", "the roots", roots, "graph Values");
  expectMap("substitute", "the replacements", replacements, "graph Values to graph Values");
  const done = rewriteValues(roots, (value) => replacements.get(value));
  return roots.map((v) => done.get(v) as Value);
}
