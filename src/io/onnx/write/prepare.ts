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

/** Computes what depends on constants alone. The result of a layer's parameters takes the name of the parameter that it replaces. */
function foldForFile(graph: Graph): Graph {
  const origin = new Map<Value, string>();
  const used = new Set<string>();
  const named = (operand: Value | undefined, name: string | undefined): void => {
    if (operand === undefined || operand.label !== undefined || operand.op !== constantOp || name === undefined || used.has(name)) return;
    label(operand, name);
    used.add(name);
  };
  return rewriteGraph(graph, (value, inputs) => {
    if (inputs.length === 0 && value.label !== undefined && value.op === constantOp) used.add(value.label);
    if (value.op.name === "conv" || value.op.name === "linear" || value.op.name === "convInputGrad") {
      const [, weight, bias] = inputs;
      const name = weight.label ?? origin.get(weight);
      if (weight.label === undefined && name !== undefined) used.delete(name);
      named(weight, name);
      if (name?.endsWith(".weight")) named(bias, name.replace(/weight$/, "bias"));
    }
    const isConstant = (v: Value): boolean => v.op === constantOp || v.op === fillOp;
    if (inputs.length === 0 || !inputs.every(isConstant) || layoutOps.includes(value.op.name)) return foldedLayout(value, inputs, origin);
    const tensors = inputs.map((v) => (v.op === constantOp ? (v.attrs.value as Tensor) : evaluateNode(v, [])));
    const result = constant(evaluateNode(value, tensors));
    const source = weightOf(value);
    if (source !== undefined) origin.set(result, source);
    return result;
  });
}

/** A layout of something that was itself folded is folded too: it has no name to keep. */
function foldedLayout(value: Value, inputs: readonly Value[], origin: Map<Value, string>): Value | undefined {
  const [x] = inputs;
  if (!layoutOps.includes(value.op.name) || x.op !== constantOp || x.label !== undefined) return undefined;
  const result = constant(evaluateNode(value, [x.attrs.value as Tensor]));
  const source = origin.get(x);
  if (source !== undefined) origin.set(result, source);
  return result;
}

/** The label of the largest constant that a value was computed from. */
function weightOf(value: Value): string | undefined {
  const labelled = topological([value]).filter((v) => v.op === constantOp && v.label !== undefined);
  return labelled.sort((a, b) => (b.attrs.value as Tensor).size - (a.attrs.value as Tensor).size)[0]?.label;
}
