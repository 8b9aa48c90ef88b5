// A TensorFlow graph as TensorFlow.js stores it: the nodes of a GraphDef, as its converter froze and fused them.
import { Value } from "../../graph/value.ts";
import { type Context, defineModule } from "../../nn/module.ts";
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import { checkShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ChannelsLast } from "./channels-last.ts";
import { type Json, type JsonRecord, list, number, record, text } from "./json.ts";
import { channelsFirst, type ReadNet } from "./read-net.ts";
import type { TensorFlowNode } from "./tensorflow-node.ts";
import { tensorFlowOps } from "./tensorflow-ops.ts";

interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attr: JsonRecord;
}

const sources = ["Placeholder", "Const", "PlaceholderWithDefault"];

/** Reads a GraphDef. Throws `UnsupportedOpError` that lists every operator that is not read, `ModelFormatError` where it is damaged. */
export function readTensorFlowGraph(topology: Json, weights: ReadonlyMap<string, Tensor>, signature: Json, name: string): ReadNet {
  const nodes = new Map(
    list(record(topology, name).node, `${name}: node`)
      .map((given) => readNode(given, name))
      .map((n) => [n.name, n]),
  );
  const placeholders = [...nodes.values()].filter(({ op }) => op === "Placeholder");
  const outputs = outputNames(nodes, signature, name);
  if (placeholders.length === 0 || outputs.length === 0)
    throw new ModelFormatError(`${name}: has ${placeholders.length} inputs and ${outputs.length} outputs`);
  const needed = inOrder(nodes, outputs, name);
  const unknown = new Map<string, string[]>();
  for (const { op, name: node } of needed) {
    if (!sources.includes(op) && !Object.hasOwn(tensorFlowOps, op)) unknown.set(op, [...(unknown.get(op) ?? []), node]);
  }
  if (unknown.size > 0) {
    const listed = [...unknown].map(([op, where]) => `${op} (${where.length} times: ${where.slice(0, 3).join(", ")})`);
    throw new UnsupportedOpError(`${name}: these operators are not read: ${listed.join("; ")}`);
  }
  return {
    kind: "tensorflow",
    inputs: placeholders.map((placeholder) => ({ name: placeholder.name, shape: channelsFirst(openShape(placeholder, name)) })),
    outputs,
    build(values, context) {
      const fed = new Map(placeholders.map((placeholder, i) => [placeholder.name, ChannelsLast.ofChannelsFirst(values[i])]));
      const results = runNodes(needed, fed, weights, context, name);
      return outputs.map((output) => {
        const result = (results.get(output) as ChannelsLast).first();
        if (!(result instanceof Value)) throw new ModelFormatError(`${name}: its output "${output}" does not depend on its input`);
        return result;
      });
    },
  };
}

function runNodes(
  nodes: readonly GraphNode[],
  fed: ReadonlyMap<string, ChannelsLast>,
  weights: ReadonlyMap<string, Tensor>,
  context: Context,
  where: string,
): ReadonlyMap<string, ChannelsLast> {
  const results = new Map(fed);
  for (const { name, op, inputs, attr } of nodes) {
    if (op === "Placeholder") continue;
    if (op === "Const") {
      const tensor = weights.get(name);
      if (tensor === undefined) throw new ModelFormatError(`${where}: Const "${name}": the file has no weight of this name`);
      results.set(name, ChannelsLast.of(tensor));
      continue;
    }
    const operands = inputs.map((input) => results.get(input) as ChannelsLast);
    const here = `${where}: ${op} "${name}"`;
    const node: TensorFlowNode = { where: here, op, inputs: operands, attr: (key) => attr[key] };
    // What only counts on constants is no layer; neither are names that others could not tell from a folder.
    const streams = operands.find((operand) => operand.atHand() instanceof Value);
    let result: ChannelsLast | undefined;
    if (streams === undefined) result = tensorFlowOps[op](node, context);
    else {
      let kept: ChannelsLast | undefined;
      const part = defineModule(op, (_, inner) => {
        kept = tensorFlowOps[op](node, inner);
        const made = kept.atHand();
        if (!(made instanceof Value)) throw new NotALayer(kept);
        return made;
      });
      try {
        const value = context.child(name.replaceAll(".", "_"), part, streams.atHand() as Value);
        result = (kept as ChannelsLast | undefined)?.isChannelsFirst ? ChannelsLast.ofChannelsFirst(value) : ChannelsLast.of(value);
      } catch (error) {
        if (!(error instanceof NotALayer)) throw error;
        result = error.result;
      }
    }
    results.set(name, result);
  }
  return results;
}

/** Thrown through `child` by nodes such as Shape, whose result is known although their operand is not. */
class NotALayer extends Error {
  readonly result: ChannelsLast;
  constructor(result: ChannelsLast) {
    super();
    this.result = result;
  }
}

function readNode(given: Json, where: string): GraphNode {
  const { name, op, input = [], attr = {} } = record(given, `${where}: node`);
  const here = `${where}: node ${JSON.stringify(name)}`;
  const inputs = list(input, `${here}: input`)
    .map((item) => text(item, `${here}: input`))
    // "^name" only says what must have run before.
    .filter((item) => !item.startsWith("^"));
  for (const item of inputs) {
    if (/:[1-9]/.test(item)) throw new UnsupportedOpError(`${here}: reads "${item}", another than the first output of a node`);
  }
  return { name: text(name, here), op: text(op, here), inputs: inputs.map((item) => item.replace(/:0$/, "")), attr: record(attr, here) };
}

function outputNames(nodes: ReadonlyMap<string, GraphNode>, signature: Json, where: string): readonly string[] {
  if (typeof signature === "object" && signature !== null && (signature as JsonRecord).outputs !== undefined) {
    const outputs = Object.values(record((signature as JsonRecord).outputs, `${where}: signature`));
    return [
      ...new Set(outputs.map((output) => text(record(output, `${where}: signature`).name, `${where}: signature`).replace(/:0$/, ""))),
    ];
  }
  const read = new Set([...nodes.values()].flatMap(({ inputs }) => inputs));
  return [...nodes.values()].filter(({ name, op }) => !read.has(name) && !sources.includes(op)).map(({ name }) => name);
}

/** What the outputs need, each node after those it reads. */
function inOrder(nodes: ReadonlyMap<string, GraphNode>, outputs: readonly string[], where: string): readonly GraphNode[] {
  const ordered: GraphNode[] = [];
  const state = new Map<string, "open" | "done">();
  const stack: [name: string, reader: string][] = outputs.map((output) => [output, "the signature"]);
  while (stack.length > 0) {
    const [name, reader] = stack[stack.length - 1];
    const node = nodes.get(name);
    if (node === undefined) throw new ModelFormatError(`${where}: "${reader}" reads "${name}", which is not there`);
    if (state.get(name) === "done") {
      stack.pop();
    } else if (state.get(name) === "open") {
      stack.pop();
      state.set(name, "done");
      ordered.push(node);
    } else {
      state.set(name, "open");
      for (const input of node.inputs) {
        if (state.get(input) === "open") throw new ModelFormatError(`${where}: "${name}" and "${input}" read each other in a circle`);
        if (!state.has(input)) stack.push([input, name]);
      }
    }
  }
  return ordered;
}

/** TensorFlow's shape of the placeholder, without the batch. */
function openShape({ attr, name }: GraphNode, where: string): readonly (number | undefined)[] {
  const here = `${where}: Placeholder "${name}"`;
  const shape = record(record(attr.shape ?? {}, `${here}: shape`).shape ?? {}, `${here}: shape`);
  const sizes = list(shape.dim ?? [], `${here}: shape`).map((dim) => number(record(dim, here).size ?? -1, `${here}: size`));
  if (sizes.length < 2) throw new UnsupportedOpError(`${here}: does not say how many axes it has`);
  const [, ...rest] = sizes.map((n) => (n < 1 ? undefined : n));
  checkShape(
    rest.map((n) => n ?? 1),
    here,
  );
  return rest;
}
