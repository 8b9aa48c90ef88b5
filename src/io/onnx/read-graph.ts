// Reads the nodes of a graph in order: looks up what each reads, lets its operator's reader make values of it, and keeps those under the names that
// the file gives them. Calls of the file's own functions and conditions that are known are replaced by what they stand for.
import { Value } from "../../graph/value.ts";
import { FoveaError, ModelFormatError, ShapeError, UnsupportedOpError } from "../../tensor/errors.ts";
import { showShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor, tensor } from "../../tensor/tensor.ts";
import { type Attributes, attributesOf, attributeValue } from "./attributes.ts";
import { type Entry, isWeight, type Placement, placeWeight, viewNode } from "./node.ts";
import type { OnnxOutput, OnnxReaders, OnnxResult, OnnxType } from "./operator.ts";
import { type OrderedNode, orderNodes } from "./order.ts";
import type { AttributeProto, FunctionProto, GraphProto, NodeProto, OperatorSetId } from "./schema.ts";
import { Scope } from "./scope.ts";
import type { TensorDecoder } from "./tensor-proto.ts";
import { defaultOnnxType, type FloatType } from "./types.ts";

/** What a node gave, for whoever keeps a record of it. */
export interface ReadNode {
  /** The node's name with that of the functions it is in, or its first output's. Not always unique. */
  readonly name: string;
  readonly type: string;
  readonly inputs: readonly (Entry | undefined)[];
  /** In order, with the names by which the file knows them; only those that are values (and not known numbers) and wanted. */
  readonly outputs: readonly { readonly name: string; readonly value: Value }[];
}

export interface Reading {
  readonly floatType: FloatType;
  readonly readers: OnnxReaders;
  readonly functions: ReadonlyMap<string, FunctionProto>;
  readonly decode: TensorDecoder;
  readonly placement: Placement;
  /** Gets every node with values before the next one is read, and says which values stand for its outputs from now on. */
  record(node: ReadNode): readonly Value[];
  /** Pictures per run in the file and now, where these differ. */
  readonly batch: { readonly written: number; readonly now: number } | undefined;
  /** Nodes that may still be read: functions that call functions multiply. */
  nodesLeft: number;
}

/** Where the nodes stand: which versions of the operators they mean, and in a function, what its call gave. */
interface Place {
  readonly opsets: ReadonlyMap<string, number>;
  readonly call: Attributes | undefined;
  readonly depth: number;
}

/** Deepest nesting of function calls and conditions. */
const deepest = 32;

/** Elements of one value, 2 GB of float32: half of what WebAssembly can address. */
const largest = 2 ** 29;

/** Name of a domain in tables: ONNX's own goes by two names. */
export function domainOf(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

/** How tables and messages name an operator: "Conv", or with the domain in front where it is not ONNX's own. */
export function operatorKey(domain: string, type: string): string {
  return domainOf(domain) === "" ? type : `${domain}:${type}`;
}

/** Version by domain. */
export function opsetsOf(list: readonly OperatorSetId[]): Map<string, number> {
  return new Map(list.map(({ domain, version }) => [domainOf(domain), version]));
}

/** Reads all nodes that `wanted` names need into `scope`. */
export function readNodes(
  reading: Reading,
  nodes: readonly NodeProto[],
  wanted: readonly string[],
  scope: Scope,
  opsets: ReadonlyMap<string, number>,
): void {
  readAll(
    reading,
    orderNodes(nodes, wanted, (name) => scope.has(name)),
    scope,
    { opsets, call: undefined, depth: 0 },
  );
}

function readAll(reading: Reading, order: readonly OrderedNode[], scope: Scope, place: Place): void {
  if (place.depth > deepest) throw new ModelFormatError(`functions or conditions are nested more than ${deepest} deep`);
  for (const ordered of order) {
    if (reading.nodesLeft-- <= 0) throw new ModelFormatError("the functions of the file call each other without end");
    located(ordered.title, () => readOne(reading, ordered, scope, place));
  }
}

/** Runs `read`; errors that do not name the node yet are given its name. */
function located(where: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (error instanceof RangeError) throw new ModelFormatError(`${where}: ${error.message}`, { cause: error });
    if (!(error instanceof FoveaError) || error.message.includes(where)) throw error;
    const Kind = error.constructor as typeof FoveaError;
    throw new Kind(`${where}: ${error.message}`, { cause: error, reason: error.reason });
  }
}

function readOne(reading: Reading, { node, title }: OrderedNode, scope: Scope, place: Place): void {
  const attributes = attributesOf(node.attribute, place.call, title);
  const inputs = node.input.map((name) => (name === "" ? undefined : scope.get(name)));
  const key = operatorKey(node.domain, node.opType);
  const called = reading.functions.get(key);
  const name = `${scope.prefix}${node.name === "" ? (node.output.find((o) => o !== "") ?? node.opType) : node.name}`;
  if (called !== undefined) {
    const inner = new Scope(reading.decode, `${name}/`);
    keep(scope, node, readCall(reading, called, inputs, attributes, inner, place));
    return;
  }
  if (key === "If") {
    keep(scope, node, readBranch(reading, attributes, inputs[0], new Scope(reading.decode, `${name}/`, scope), place, title));
    return;
  }
  const reader = Object.hasOwn(reading.readers, key) ? reading.readers[key] : undefined;
  if (reader === undefined) throw new UnsupportedOpError(`${title}: fovea does not read the operator ${key}`);
  const opset = place.opsets.get(domainOf(node.domain));
  if (opset === undefined)
    throw new ModelFormatError(`${title}: the file does not say which version of the operators "${node.domain}" it means`);
  const { placement, decode, floatType, batch } = reading;
  const read = (given: readonly (Entry | undefined)[]): readonly (Pick<Entry, "operand" | "onnxType"> | undefined)[] => {
    const types = new Map<Tensor, OnnxType>();
    const typed = (value: Tensor, type: OnnxType): void => void types.set(value, type);
    const seen = key === "Reshape" ? rebatched(given, batch) : given;
    const view = viewNode({ proto: node, where: title, opset, floatType, attributes, inputs: seen, placement, decode, typed });
    return listed(reader(view)).map((result) => resultOf(result, types));
  };
  const results = read(inputs);
  if (results.length < node.output.length && node.output.slice(results.length).some((o) => o !== "")) {
    throw new UnsupportedOpError(`${title}: fovea computes only the first ${results.length} of its ${node.output.length} outputs`);
  }
  const fromWeights = inputs.some((entry) => entry !== undefined && isWeight(entry));
  const derive = fromWeights && !placement.folded ? derivation(placement, inputs, read) : undefined;
  const entries = results.map((result, i): Entry | undefined => {
    const output = node.output[i] ?? "";
    if (output === "") return undefined;
    if (result === undefined) throw new UnsupportedOpError(`${title}: fovea does not compute its output ${i}, "${output}"`);
    const stored = (key === "Constant" || fromWeights) && result.operand instanceof Tensor;
    return { ...result, stored, name: `${scope.prefix}${output}`, ...(derive && { derive: () => derive(i) }) };
  });
  keep(scope, node, recorded(reading, name, node.opType, inputs, entries));
}

/**
 * Reads a node again with its weights as values, when somebody asks for one of its outputs as a weight: what a file computes from a parameter (turned, cut,
 * repeated for every picture) follows it in training.
 */
function derivation(
  placement: Placement,
  inputs: readonly (Entry | undefined)[],
  read: (given: readonly (Entry | undefined)[]) => readonly (Pick<Entry, "operand"> | undefined)[],
): (output: number) => Value | undefined {
  let values: readonly (Value | undefined)[] | undefined;
  return (output) => {
    values ??= attempt(() => {
      const given = inputs.map((entry) => {
        // Single numbers are numbers, and nothing to train.
        if (entry === undefined || !isWeight(entry) || sizeOf(entry.operand.shape) === 1) return entry;
        const operand = placeWeight(placement, entry);
        return operand === undefined ? entry : { ...entry, operand };
      });
      return read(given).map((result) => (result?.operand instanceof Value ? result.operand : undefined));
    });
    return values[output];
  };
}

/** Readers may need numbers where parameters have none yet; the weight is then a constant. */
function attempt(derived: () => readonly (Value | undefined)[]): readonly (Value | undefined)[] {
  try {
    return derived();
  } catch (error) {
    if (error instanceof FoveaError) return [];
    throw error;
  }
}

/** Lets the record see what a node gave, and takes the values that it puts in place of it. */
function recorded(
  reading: Reading,
  name: string,
  type: string,
  inputs: readonly (Entry | undefined)[],
  entries: readonly (Entry | undefined)[],
): readonly (Entry | undefined)[] {
  const outputs = entries.flatMap((entry) => (entry?.operand instanceof Value ? [{ name: entry.name, value: entry.operand }] : []));
  if (outputs.length === 0) return entries;
  for (const { value } of outputs) {
    if (sizeOf(value.shape) > largest)
      throw new ShapeError(`its output would have ${sizeOf(value.shape)} elements, ${showShape(value.shape)}`);
  }
  const values = [...reading.record({ name, type, inputs, outputs })];
  return entries.map((entry) => (entry?.operand instanceof Value ? { ...entry, operand: values.shift() as Value } : entry));
}

function keep(scope: Scope, node: NodeProto, entries: readonly (Entry | undefined)[]): void {
  for (const [i, name] of node.output.entries()) {
    const entry = entries[i];
    if (name !== "" && entry !== undefined) scope.set(name, entry);
  }
}

function listed(result: OnnxResult): readonly (OnnxOutput | undefined)[] {
  return Array.isArray(result) ? result : [result as OnnxOutput];
}

function resultOf(result: OnnxOutput | undefined, types: ReadonlyMap<Tensor, OnnxType>): Pick<Entry, "operand" | "onnxType"> | undefined {
  if (result === undefined) return undefined;
  if (!(result instanceof Tensor || result instanceof Value)) return result;
  const known = result instanceof Tensor ? types.get(result) : undefined;
  return { operand: result, onnxType: known ?? defaultOnnxType(result.dtype) };
}

/** The nodes of a function, with the call's inputs and attributes under the function's own names for them. */
function readCall(
  reading: Reading,
  called: FunctionProto,
  inputs: readonly (Entry | undefined)[],
  attributes: Attributes,
  scope: Scope,
  place: Place,
): (Entry | undefined)[] {
  for (const [i, name] of called.input.entries()) {
    const entry = inputs[i];
    if (entry !== undefined) scope.set(name, entry);
  }
  // An optional input that the call leaves out is absent within, too.
  const absent = new Set(called.input.filter((_, i) => inputs[i] === undefined));
  const nodes = called.node.map((node) => ({ ...node, input: node.input.map((name) => (absent.has(name) ? "" : name)) }));
  const defaults = called.attributeProto.map((attribute): [string, AttributeProto] => [attribute.name, attribute]);
  const order = orderNodes(nodes, called.output, (name) => scope.has(name) || absent.has(name));
  const own = opsetsOf(called.opsetImport);
  readAll(reading, order, scope, {
    opsets: own.size === 0 ? place.opsets : own,
    call: new Map([...defaults, ...attributes]),
    depth: place.depth + 1,
  });
  return called.output.map((name) => scope.get(name));
}

/** The branch of a condition whose outcome is known while the file is read. */
function readBranch(
  reading: Reading,
  attributes: Attributes,
  condition: Entry | undefined,
  scope: Scope,
  place: Place,
  where: string,
): (Entry | undefined)[] {
  if (condition === undefined) throw new ModelFormatError(`${where}: it has no condition`);
  const { operand } = condition;
  if (!(operand instanceof Tensor)) {
    throw new UnsupportedOpError(`${where}: which branch is taken depends on what the network is fed; fovea's graphs have no branches`);
  }
  if (operand.size !== 1) throw new ModelFormatError(`${where}: its condition has ${operand.size} elements, not 1`);
  const name = operand.data[0] === 0 ? "else_branch" : "then_branch";
  const branch = attributeValue(attributes, name, "graph", where);
  if (branch === undefined) throw new ModelFormatError(`${where}: the attribute ${name} is missing`);
  return readSubgraph(reading, branch, scope, place);
}

function readSubgraph(reading: Reading, graph: GraphProto, scope: Scope, place: Place): (Entry | undefined)[] {
  scope.addInitialisers(graph.initializer);
  const names = graph.output.map(({ name }) => name);
  const order = orderNodes(graph.node, names, (name) => scope.has(name));
  readAll(reading, order, scope, { ...place, depth: place.depth + 1 });
  return names.map((name) => scope.get(name));
}

/**
 * The inputs of a Reshape whose literal sizes were written for another batch, most often of 1: the number in front means the batch if the elements
 * then fit.
 */
function rebatched(inputs: readonly (Entry | undefined)[], batch: Reading["batch"]): readonly (Entry | undefined)[] {
  const [x, target] = inputs;
  if (batch === undefined || x === undefined || !(target?.operand instanceof Tensor) || x.operand instanceof Tensor) return inputs;
  const sizes = [...target.operand.data];
  if (sizes[0] !== batch.written || x.operand.shape[0] !== batch.now) return inputs;
  const rest = sizes.slice(1);
  const fits = rest.some((n) => n <= 0) || sizeOf(rest) * batch.now === sizeOf(x.operand.shape);
  return fits ? [x, { ...target, operand: tensor([batch.now, ...rest], target.operand.shape, "int32") }] : inputs;
}
