// An ONNX file as its messages, checked as far as possible without sizes; and the one way to read its values at given sizes, which graphs and models share.
import { input } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { ArgumentError, UnsupportedOpError } from "../../tensor/errors.ts";
import { proposal } from "../../tensor/options.ts";
import type { Shape } from "../../tensor/shape.ts";
import { withRoom } from "../../tensor/tensor.ts";
import { bindShapes, type OnnxBindings, type OnnxPort } from "./bind.ts";
import { checkModel, functionsOf, type MissingOperator, missingOperators } from "./check.ts";
import type { Placement } from "./node.ts";
import { readers } from "./operators/index.ts";
import { orderNodes } from "./order.ts";
import { opsetsOf, type Reading, type ReadNode, readNodes } from "./read-graph.ts";
import type { FunctionProto, GraphProto, ModelProto, TensorProto, ValueInfoProto } from "./schema.ts";
import { Scope } from "./scope.ts";
import { type DecodedTensor, readTensor, type TensorDecoder, type TensorOptions } from "./tensor-proto.ts";
import { dtypeFor, type FloatType, onnxTypeOf } from "./types.ts";

export interface OnnxFile {
  readonly model: ModelProto;
  readonly graph: GraphProto;
  readonly opsets: ReadonlyMap<string, number>;
  readonly functions: ReadonlyMap<string, FunctionProto>;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly missing: readonly MissingOperator[];
  readonly warnings: readonly string[];
  /** Decoders of the file's tensors that remember what they have decoded. */
  readonly decoders: Readonly<Record<FloatType, TensorDecoder>>;
  /** Elements that tensors made while the file is read may have, all together. */
  readonly room: number;
  /** Every name of a value in the graph. */
  readonly names: ReadonlySet<string>;
  isInput(name: string): boolean;
}

/** Elements of tensors that reading may make out of nothing, such as tables of positions; arithmetic on what is in the file comes on top. */
const mostFolded = 2 ** 24;

/** Nodes that may come out of functions and branches. */
const mostInlined = 200_000;

/** `size` of the file is in bytes. */
export function openFile(model: ModelProto, external: ReadonlyMap<string, Uint8Array>, size: number): OnnxFile {
  const graph = checkModel(model);
  const functions = functionsOf(model);
  // Files up to IR version 3 list their weights among the inputs; later ones may, to let callers replace them.
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !stored.has(name)).map(portOf);
  const inputNames = new Set(inputs.map(({ name }) => name));
  const outputs = graph.output.map(portOf);
  const order = orderNodes(
    graph.node,
    outputs.map(({ name }) => name),
    (name) => stored.has(name) || inputNames.has(name),
  );
  const idle = graph.node.length - order.length;
  return {
    model,
    graph,
    opsets: opsetsOf(model.opsetImport),
    functions,
    inputs,
    outputs,
    missing: missingOperators(order, functions, readers),
    warnings: idle === 0 ? [] : [`${idle} of ${graph.node.length} nodes do not contribute to an output, and are left out`],
    decoders: {
      float32: rememberingDecoder({ floatType: "float32", external }),
      float64: rememberingDecoder({ floatType: "float64", external }),
    },
    room: mostFolded + 2 * (size + [...external.values()].reduce((sum, { length }) => sum + length, 0)),
    names: new Set([...inputNames, ...stored, ...graph.node.flatMap(({ output }) => output)]),
    isInput: (name) => inputNames.has(name),
  };
}

/** Models are traced again and again, and a weight should not be there twice for it. */
function rememberingDecoder(options: TensorOptions): TensorDecoder {
  const decoded = new WeakMap<TensorProto, DecodedTensor>();
  return (proto, where) => {
    const known = decoded.get(proto) ?? readTensor(proto, where, options);
    decoded.set(proto, known);
    return known;
  };
}

function batchOf(inputs: readonly OnnxPort[], shapes: ReadonlyMap<string, Shape>): Reading["batch"] {
  for (const { name, shape } of inputs) {
    const written = shape?.[0];
    const now = shapes.get(name)?.[0];
    if (typeof written === "number" && now !== undefined && written !== now) return { written, now };
  }
  return undefined;
}

function portOf({ name, type }: ValueInfoProto): OnnxPort {
  const tensor = type?.tensorType;
  return {
    name,
    type: onnxTypeOf(tensor?.elemType ?? 0),
    shape: tensor?.shape?.dim.map(({ dimValue, dimParam }) => (dimParam === "" ? dimValue : dimParam)),
  };
}

export interface ReadOptions extends OnnxBindings {
  readonly floatType?: FloatType;
  /** Names of the values that are asked for. */
  readonly wanted: readonly string[];
  readonly placement: Placement;
  readonly record: (node: ReadNode) => readonly Value[];
  /** Values that take the place of inputs (default: new inputs of the graph). */
  readonly fed?: ReadonlyMap<string, Value>;
}

/** Reads everything that `wanted` names need; the scope has it under the file's names. */
export function readValues(file: OnnxFile, options: ReadOptions): Scope {
  const { floatType = "float32", wanted, placement, record, fed = new Map<string, Value>() } = options;
  const { graph, opsets, functions } = file;
  const decode = file.decoders[floatType];
  const unknown = wanted.find((name) => !file.names.has(name));
  if (unknown !== undefined) throw new ArgumentError(`the network has no value "${unknown}"${proposal(unknown, [...file.names])}`);
  const shapes = bindShapes(file.inputs, options);
  const scope = new Scope(decode);
  scope.addInitialisers(graph.initializer);
  for (const { name, type } of file.inputs) {
    if (type === undefined || type === "string") {
      throw new UnsupportedOpError(`the input "${name}" is no tensor of a type that fovea computes with`);
    }
    const operand = fed.get(name) ?? input(name, shapes.get(name) ?? [], dtypeFor(type, floatType));
    scope.set(name, { operand, onnxType: type, stored: false, name });
  }
  const reading: Reading = {
    floatType,
    readers,
    functions,
    decode,
    placement,
    record,
    batch: batchOf(file.inputs, shapes),
    nodesLeft: graph.node.length + mostInlined,
  };
  withRoom(file.room, () => readNodes(reading, graph.node, wanted, scope, opsets));
  return scope;
}
