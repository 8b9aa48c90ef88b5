// The reference backend: walks the graph and runs each op's own loops. Slow and obvious; every other backend is tested against it.
import { evaluateNode } from "../../graph/evaluate.ts";
import type { Graph } from "../../graph/graph.ts";
import { planMemory } from "../../graph/plan.ts";
import type { CompileOptions, Explanation, Feeds, Program, ProgramState, Results } from "../../graph/program.ts";
import { inputOp, variableOp } from "../../graph/record.ts";
import { showValue, type Value } from "../../graph/value.ts";
import { GraphError, UnsupportedOpError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { bytesPerElement, type Tensor } from "../../tensor/tensor.ts";
import { explainedNode, explanation } from "../explanation.ts";
import { checkFeeds, checkTensor, requireVariable } from "../feeds.ts";

export interface ReferenceOptions extends CompileOptions {
  /** Why this backend and no faster one, for `explain()`. */
  readonly notes?: readonly string[];
}

/** Nothing is fused and nothing planned: a run allocates each result and drops it after its last use. */
export function compileReference(graph: Graph, { threads = 1, notes = [] }: ReferenceOptions = {}): Program {
  for (const value of graph.order) checkRunnable(value);
  const lastUse = lastUses(graph);
  const stored = new Map<Value, Tensor>();
  for (const value of graph.variables.values()) stored.set(value, (value.attrs.initial as Tensor).clone());
  let released = false;

  function runSync(feeds: Feeds = {}): Results {
    if (released) throw new GraphError("run: the program has been released");
    const known = new Map<Value, Tensor>([...checkFeeds(graph, feeds), ...stored]);
    graph.order.forEach((value, step) => {
      const operands = value.inputs.map((v) => known.get(v) as Tensor);
      if (!known.has(value)) known.set(value, evaluateNode(value, operands));
      for (const operand of value.inputs) if (lastUse.get(operand) === step) known.delete(operand);
    });
    // Copies, because an output may be an input, a constant or state, and the caller may write into what it gets.
    const results = Object.fromEntries([...graph.outputs].map(([name, value]) => [name, (known.get(value) as Tensor).clone()]));
    const updates = [...graph.updates].map(([target, next]) => [target, (known.get(next) as Tensor).clone()] as const);
    for (const [target, next] of updates) stored.set(target, next);
    return results;
  }

  const state: ProgramState = {
    names: [...graph.variables.keys()],
    read: (name) => (stored.get(requireVariable(graph, name)) as Tensor).clone(),
    write(name, value) {
      const target = requireVariable(graph, name);
      stored.set(target, checkTensor(`state: "${name}"`, value, target).clone());
    },
  };

  return {
    graph,
    backend: "reference",
    run: async (feeds) => runSync(feeds),
    runSync,
    state,
    explain: () => explain(graph, threads > 1 ? [...notes, "one thread only: the reference loops know no more"] : notes),
    memory: { arenaBytes: peakBytes(graph, lastUse), stateBytes: sum([...graph.variables.values()].map(bytesOf)) },
    release() {
      released = true;
      stored.clear();
    },
  };
}

function checkRunnable(value: Value): void {
  const { op } = value;
  if (op === inputOp || op === variableOp || op.reference !== undefined || op.decompose !== undefined) return;
  throw new UnsupportedOpError(`reference: ${showValue(value)} has neither reference loops nor a decomposition`);
}

/** The step after which a value is needed no more. Outputs and updates are needed after the last step, hence absent. */
function lastUses(graph: Graph): Map<Value, number> {
  const last = new Map<Value, number>();
  graph.order.forEach((value, step) => {
    for (const operand of value.inputs) last.set(operand, step);
  });
  for (const kept of [...graph.outputs.values(), ...graph.updates.values()]) last.delete(kept);
  return last;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const bytesOf = (value: Value): number => sizeOf(value.shape) * bytesPerElement(value.dtype);

/** What the computed values would need in one arena: comparable with the backends that have one. */
function peakBytes(graph: Graph, lastUse: ReadonlyMap<Value, number>): number {
  const lives = graph.order.flatMap((value, step) =>
    value.inputs.length === 0 ? [] : [{ size: bytesOf(value), from: step, to: lastUse.get(value) ?? graph.order.length }],
  );
  return planMemory(lives).bytes;
}

function explain(graph: Graph, notes: readonly string[]): Explanation {
  const nodes = graph.order.filter((v) => v.inputs.length > 0).map((v) => explainedNode(v, "reference"));
  return explanation({ backend: "reference", threads: 1, notes, nodes, standIns: 0 });
}
