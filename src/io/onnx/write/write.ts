// Any graph as an ONNX file. Every value is written by its op's entry in the table, or as its expression, or as what its op is composed of.
// Whether a file holds for every batch is not guessed: the graph is written for two batches, and nothing but declared sizes may differ.
import { createGraph, type Graph } from "../../../graph/graph.ts";
import { named } from "../../../graph/op.ts";
import { constantOp, input, inputOp } from "../../../graph/record.ts";
import { substitute } from "../../../graph/rewrite.ts";
import { showValue, type Value } from "../../../graph/value.ts";
import type { Model } from "../../../nn/model.ts";
import { expressionOf } from "../../../ops/elementwise.ts";
import { ArgumentError, FoveaError, GraphError, UnsupportedOpError } from "../../../tensor/errors.ts";
import { checkOptions } from "../../../tensor/options.ts";
import { sameShape } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { isModel } from "../../model-or-graph.ts";
import { defaultOnnxType } from "../types.ts";
import { Emission, type WrittenTensor } from "./emission.ts";
import { encodeFile, portSizes, type WrittenPort } from "./encode.ts";
import { writeExpression } from "./expression.ts";
import { writeTransposed } from "./operators/conv.ts";
import { onnxWriters } from "./operators/index.ts";
import { prepareGraph } from "./prepare.ts";
import { type BiasedTransposed, biasedTransposed } from "./transposed-bias.ts";

export interface WriteOnnxOptions {
  /** Version of the standard's operators, 13 to 21 (default 17). */
  readonly opset?: number;
  /**
   * Pictures per run, or "dynamic": any number, declared as N. Default: for a model "dynamic" where its graph allows it, else 1; for a graph
   * its own. Throws `GraphError` for "dynamic" where something depends on the number.
   */
  readonly batch?: number | "dynamic";
  /** Batch norms become part of the convolution before them, where there is one (default false). */
  readonly foldBatchNorm?: boolean;
  /** Other names for inputs and outputs: { x: "image", y: "scores" }. A model has the input x and the output y. */
  readonly names?: Readonly<Record<string, string>>;
}

/**
 * `source` as an ONNX file: parameters under their PyTorch names, labels as names of values, classes and preprocessing of a model as
 * metadata. The same source and options give the same bytes. State is written with its initial numbers, updates are not.
 * Throws `UnsupportedOpError` that lists every value which this version of the standard cannot express.
 */
export function writeOnnx(source: Model | Graph, options: WriteOnnxOptions = {}): Uint8Array {
  checkOptions("writeOnnx", options, ["opset", "batch", "foldBatchNorm", "names"]);
  const { opset = 17, batch, foldBatchNorm = false, names = {} } = options;
  if (!Number.isInteger(opset) || opset < 13 || opset > 21) throw new ArgumentError(`writeOnnx: opset is ${opset}; expected 13 to 21`);
  if (batch !== undefined && batch !== "dynamic" && !(Number.isInteger(batch) && batch >= 1)) {
    throw new ArgumentError(`writeOnnx: batch is ${String(batch)}; expected an integer >= 1 or "dynamic"`);
  }
  const model = isModel("writeOnnx", source) ? source : undefined;
  const graphOf = (n: number | undefined): Graph => (model === undefined ? batched(source as Graph, n) : modelGraph(model, n ?? 1));
  const write = (n: number | undefined): Written => writeGraph(prepareGraph(graphOf(n), { foldBatchNorm }), opset, names);
  const metadata = model === undefined ? {} : metadataOf(model);
  if (batch === "dynamic" || (batch === undefined && model !== undefined)) {
    const dynamic = writeForAnyBatch(write, batch === "dynamic");
    if (dynamic !== undefined) return encodeFile({ opset, ...dynamic, metadata });
  }
  const { nodes, tensors, inputs, outputs } = write(batch === "dynamic" ? undefined : batch);
  return encodeFile({ opset, nodes, tensors, inputs: inputs.map(fixed), outputs: outputs.map(fixed), metadata });
}

interface Port {
  readonly name: string;
  readonly value: Value;
}

interface Written extends Pick<Emission, "nodes" | "tensors"> {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

const fixed = ({ name, value }: Port): WrittenPort => ({ name, dtype: value.dtype, sizes: value.shape });

function modelGraph(model: Model, batch: number): Graph {
  return createGraph({ outputs: { y: model.trace({ batch }).output } });
}

/** The graph for another batch: every input whose first size is that of the first input's gets `n` there. */
function batched(graph: Graph, n: number | undefined): Graph {
  const [first] = graph.inputs.values();
  if (n === undefined || first === undefined) return graph;
  const isBatched = (v: Value): boolean => v.rank > 0 && v.shape[0] === first.shape[0];
  const replacements = new Map(
    [...graph.inputs].map(([name, v]) => [v, isBatched(v) ? input(name, [n, ...v.shape.slice(1)], v.dtype) : v]),
  );
  const outputs = substitute([...graph.outputs.values()], replacements);
  return createGraph({ outputs: new Map([...graph.outputs.keys()].map((name, i) => [name, outputs[i]])) });
}

/** What importers need to use the numbers: read back by `readOnnx`. */
function metadataOf({ classes, preprocessing, inputShape }: Model): Record<string, string> {
  return {
    "fovea.inputShape": JSON.stringify(inputShape),
    ...(classes && { "fovea.classes": JSON.stringify(classes) }),
    ...(preprocessing && { "fovea.preprocessing": JSON.stringify(preprocessing) }),
  };
}

/** Two batches that no size of a net is likely to share a meaning with. */
const batches = [2, 3] as const;

function writeForAnyBatch(
  write: (batch: number) => Written,
  isRequired: boolean,
): Omit<Parameters<typeof encodeFile>[0], "opset" | "metadata"> | undefined {
  let one: Written;
  let other: Written;
  try {
    [one, other] = batches.map(write);
  } catch (cause) {
    // A graph whose shapes are numbers fails where they no longer fit together.
    if (!(cause instanceof FoveaError) || cause instanceof UnsupportedOpError) throw cause;
    if (isRequired) throw new GraphError(`writeOnnx: the graph does not hold for every batch: ${cause.message}`, { cause });
    return undefined;
  }
  const difference = firstDifference(one, other);
  if (difference !== undefined) {
    if (isRequired) throw new GraphError(`writeOnnx: the graph does not hold for every batch: "${difference}" depends on its size`);
    return undefined;
  }
  const ports = (pick: "inputs" | "outputs"): WrittenPort[] =>
    one[pick].map(({ name, value }, i) => ({
      name,
      dtype: value.dtype,
      sizes: portSizes(value.shape, other[pick][i].value.shape, batches),
    }));
  return { nodes: one.nodes, tensors: one.tensors, inputs: ports("inputs"), outputs: ports("outputs") };
}

/** The name of the first node or tensor that two files do not have in common. */
function firstDifference(one: Written, other: Written): string | undefined {
  const node = one.nodes.find((n, i) => JSON.stringify(n) !== JSON.stringify(other.nodes[i]));
  if (node !== undefined) return node.name;
  for (const [name, { tensor }] of one.tensors) {
    const twin = other.tensors.get(name)?.tensor;
    if (twin === undefined || !sameTensor(tensor, twin)) return name;
  }
  return undefined;
}

function sameTensor(a: Tensor, b: Tensor): boolean {
  return a === b || (a.data.length === b.data.length && a.data.every((n, i) => Object.is(n, b.data[i])));
}

/** Writes every value of a graph in which only inputs and constants have no operands. */
function writeGraph(graph: Graph, opset: number, given: Readonly<Record<string, string>>): Written {
  const renamed = (name: string): string => given[name] ?? name;
  const unknown = Object.keys(given).filter((name) => !graph.inputs.has(name) && !graph.outputs.has(name));
  if (unknown.length > 0) {
    const known = [...graph.inputs.keys(), ...graph.outputs.keys()].join(", ");
    throw new ArgumentError(`writeOnnx: names: there is no input or output ${unknown.join(", ")}; there are ${known}`);
  }
  const portNames = [...graph.inputs.keys(), ...graph.outputs.keys()].map(renamed);
  const twice = portNames.find((name, i) => portNames.indexOf(name) !== i);
  if (twice !== undefined) throw new ArgumentError(`writeOnnx: names: two of the graph's inputs and outputs would be called "${twice}"`);
  const emission = new Emission(opset, portNames);
  const names = new Map<Value, string>();
  const wanted = new Map<Value, string>();
  for (const [name, value] of graph.outputs) {
    const source = withoutIdentity(value);
    if (source.inputs.length > 0 && !wanted.has(source)) wanted.set(source, renamed(name));
  }
  for (const [name, value] of graph.inputs) names.set(value, renamed(name));
  const unwritable: string[] = [];
  const biased = biasedTransposed(graph);
  const absorbed = new Set([...biased.values()].flatMap((b) => b.absorbed));
  const writer = new ValueWriter(emission, names, unwritable, biased);
  for (const value of graph.order) {
    if (!names.has(value) && !absorbed.has(value))
      writer.write(value, wanted.get(value) ?? (() => emission.unique(value.label ?? value.op.name)));
  }
  if (unwritable.length > 0) {
    throw new UnsupportedOpError(
      `ONNX opset ${opset} cannot express ${unwritable.length === 1 ? "an op" : `${unwritable.length} ops`} of this graph: ${unwritable.join(", ")}`,
    );
  }
  const outputs = [...graph.outputs].map(([name, value]): Port => {
    const source = names.get(value) as string;
    const port = renamed(name);
    if (source !== port) emission.nodes.push({ type: "Identity", name: port, inputs: [source], outputs: [port], attributes: {} });
    return { name: port, value };
  });
  const inputs = [...graph.inputs].map(([name, value]) => ({ name: renamed(name), value }));
  return { nodes: emission.nodes, tensors: readTensors(emission), inputs, outputs };
}

/** The tensors that nodes read, in that order: what rewritten layers left behind is left out, and the order is that of reading alone. */
function readTensors({ nodes, tensors }: Emission): Map<string, WrittenTensor> {
  const read = new Map<string, WrittenTensor>();
  for (const name of nodes.flatMap((node) => node.inputs)) {
    const tensor = tensors.get(name);
    if (tensor !== undefined) read.set(name, tensor);
  }
  return read;
}

/** Ops that give their operand: names to hang something on, and reshapes that importers leave behind. */
const isIdentity = ({ op, shape, inputs }: Value): boolean =>
  op.name === "identity" || op.name === "stopGradient" || (op.name === "reshape" && sameShape(shape, inputs[0].shape));

function withoutIdentity(value: Value): Value {
  let source = value;
  while (isIdentity(source)) [source] = source.inputs;
  return source;
}

/** Writes values, those first that they depend on and that have no name yet. */
class ValueWriter {
  readonly #emission: Emission;
  readonly #names: Map<Value, string>;
  readonly #unwritable: string[];
  readonly #biased: ReadonlyMap<Value, BiasedTransposed>;
  readonly #fixed = new Map<Value, boolean>();

  constructor(emission: Emission, names: Map<Value, string>, unwritable: string[], biased: ReadonlyMap<Value, BiasedTransposed>) {
    this.#emission = emission;
    this.#names = names;
    this.#unwritable = unwritable;
    this.#biased = biased;
  }

  /** `name` is what the result is to be called: free and reserved, or a function that reserves it when it is needed. */
  write(value: Value, name: string | (() => string), owner: Value = value): void {
    this.#fixed.set(value, value.op !== inputOp && value.inputs.every((v) => this.#fixed.get(v) === true));
    const operands = value.inputs.map((v) => this.#names.get(v) as string);
    if (isIdentity(value)) {
      this.#names.set(value, operands[0]);
      return;
    }
    const own = typeof name === "string" ? name : name();
    if (value.op === constantOp) {
      // The name was reserved for this very tensor.
      this.#emission.tensors.set(own, { type: defaultOnnxType(value.dtype), tensor: value.attrs.value as Tensor });
      this.#names.set(value, own);
      return;
    }
    const first = this.#emission.nodes.length;
    const result = this.#result(value, own, operands, owner);
    if (result === undefined) {
      const inner = owner === value ? "" : ` (made of ${value.op.name})`;
      this.#unwritable.push(`${showValue(owner)}${inner}`);
      this.#names.set(value, own);
      return;
    }
    this.#names.set(value, this.#emission.rename(result, own, first) ? own : result);
  }

  #result(value: Value, name: string, operands: readonly string[], owner: Value): string | undefined {
    const writing = this.#emission.writing(value, name, operands, this.#fixed.get(value) === true);
    const biased = this.#biased.get(value);
    if (biased !== undefined) {
      const { transposed, bias } = biased;
      return writeTransposed(
        transposed,
        [...transposed.inputs, bias].map((v) => this.#names.get(v) as string),
        writing.node,
      );
    }
    const written = onnxWriters[value.op.name]?.(writing);
    if (typeof written === "string") return written;
    if (written !== undefined) return this.#inPlaceOf(written, name, owner);
    const expression = expressionOf(value);
    const chain = expression && writeExpression(expression, writing);
    if (chain !== undefined) return chain;
    const body = value.op.decompose?.(named(value.op, value.inputs), value.attrs);
    return body && this.#inPlaceOf(body, name, owner);
  }

  /** A value made of others in place of `name`; its parts are called after it. */
  #inPlaceOf(body: Value, name: string, owner: Value): string {
    const visit = (value: Value): void => {
      if (this.#names.has(value)) return;
      value.inputs.forEach(visit);
      this.write(value, () => this.#emission.unique(`${name}/${value.op.name}`), owner);
    };
    visit(body);
    return this.#names.get(body) as string;
  }
}
