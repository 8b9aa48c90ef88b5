// A graph as it is to be written: state as constants, batch norms folded if asked, and what follows from constants alone computed.
import { evaluateNode } from "../../../graph/evaluate.ts";
import { createGraph, type Graph } from "../../../graph/graph.ts";
import { constant, constantOp, fillOp, variableOp } from "../../../graph/record.ts";
import { rewriteGraph } from "../../../graph/rewrite.ts";
import { label, topological, type Value } from "../../../graph/value.ts";
import { foldBatchNorm } from "../../../ops/passes/fold-batch-norm.ts";
import type { Tensor } from "../../../tensor/tensor.ts";

/** Ops that only give a parameter another shape: these stay in the file, so that the parameter keeps its own shape and name. */
const layoutOps: readonly string[] = ["reshape", "transpose", "broadcastTo", "identity", "stopGradient"];

/** The outputs of `graph` and what they need; updates of state are not part of inference. */
export function prepareGraph(graph: Graph, options: { readonly foldBatchNorm: boolean }): Graph {
  const stateless = rewriteGraph(createGraph({ outputs: graph.outputs }), ({ op, attrs }) =>
    op === variableOp ? label(constant(attrs.initial as Tensor), attrs.name as string) : undefined,
  );
  return foldForFile(options.foldBatchNorm ? foldBatchNorm(stateless) : stateless);
}

/** Computes what depends on constants alone, but for mere layouts of parameters. */
function foldForFile(graph: Graph): Graph {
  const origins = new Map<Value, string>();
  const folded = rewriteGraph(graph, (value, inputs) => {
    if (inputs.length === 0 || !inputs.every((v) => v.op === constantOp || v.op === fillOp)) return undefined;
    if (layoutOps.includes(value.op.name) && (inputs[0].op === fillOp || inputs[0].label !== undefined)) return undefined;
    const result = constant(
      evaluateNode(
        value,
        inputs.map((v) => evaluateNode(v, [])),
      ),
    );
    const origin = largestParameter(value);
    if (origin !== undefined) origins.set(result, origin);
    return result;
  });
  nameParameters(folded, origins);
  return folded;
}

/** The label of the largest constant that a value was computed from. */
function largestParameter(value: Value): string | undefined {
  const size = (v: Value): number => (v.attrs.value as Tensor).size;
  const parameters = topological([value]).filter((v) => v.op === constantOp && v.label !== undefined);
  return parameters.sort((a, b) => size(b) - size(a))[0]?.label;
}

const layersWithWeights: readonly string[] = ["conv", "convInputGrad", "linear"];

/** A layer's weight that was computed has the name of the parameter it came from, and its bias the name that goes with that. */
function nameParameters(graph: Graph, origins: ReadonlyMap<Value, string>): void {
  const taken = new Set(graph.order.map((v) => v.label));
  const name = (value: Value | undefined, given: string | undefined): void => {
    if (value === undefined || value.op !== constantOp || value.label !== undefined || given === undefined || taken.has(given)) return;
    label(value, given);
    taken.add(given);
  };
  for (const { op, inputs } of graph.order) {
    if (!layersWithWeights.includes(op.name)) continue;
    const [, weight, bias] = inputs;
    name(weight, origins.get(weight));
    if (weight.label?.endsWith("weight") === true) name(bias, weight.label.replace(/weight$/, "bias"));
  }
}
