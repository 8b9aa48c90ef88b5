// One node as its reader sees it: inputs looked up in the names read so far, attributes by kind, errors with the node's name in front.
import { constant, type Operand } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import { ModelFormatError, UnsupportedOpError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type DType, Tensor } from "../../tensor/tensor.ts";
import { type AttributeKind, type Attributes, attributeValue } from "./attributes.ts";
import type { OnnxNode, OnnxType } from "./operator.ts";
import type { NodeProto } from "./schema.ts";
import type { TensorDecoder } from "./tensor-proto.ts";
import { type FloatType, onnxTypeOf } from "./types.ts";

/** What is known under one name while a graph is read. */
export interface Entry {
  /** A Tensor when its numbers are known, else a graph value. */
  readonly operand: Operand;
  readonly onnxType: OnnxType;
  /** Whether the numbers come from the file, directly or through arithmetic on them: such floats are weights. */
  readonly stored: boolean;
  /** What a parameter made of it is called. */
  readonly name: string;
  /** For weights that the file computes from others: the same computed from parameters; undefined where that cannot be. */
  readonly derive?: () => Value | undefined;
}

/** Where weights go: constants of a graph, or parameters and buffers of a model. Asked again for one tensor, it gives the same value. */
export interface Placement {
  parameter(name: string, stored: Tensor): Value;
  buffer(name: string, stored: Tensor): Value;
  /** Whether weights that the file computes from others are placed as they come out, or what they are computed from is. */
  readonly folded: boolean;
}

/** Whether an entry's numbers are floats from the file. */
export function isWeight({ operand, stored }: Entry): boolean {
  return operand instanceof Tensor && stored && (operand.dtype === "float32" || operand.dtype === "float64");
}

/** A weight as a value; undefined where what the file computes it from gives none. */
export function placeWeight(placement: Placement, { operand, name, derive }: Entry): Value | undefined {
  return derive === undefined || placement.folded ? placement.parameter(name, operand as Tensor) : derive();
}

export interface NodeSettings {
  readonly proto: NodeProto;
  readonly where: string;
  readonly opset: number;
  readonly floatType: FloatType;
  readonly attributes: Attributes;
  /** One per listed input; undefined for absent ones. */
  readonly inputs: readonly (Entry | undefined)[];
  readonly placement: Placement;
  readonly decode: TensorDecoder;
  /** Told the type of every tensor in an attribute, which is coarser in fovea. */
  readonly typed: (tensor: Tensor, type: OnnxType) => void;
}

const utf8 = new TextDecoder();

/** The node's view for its reader. */
export function viewNode(settings: NodeSettings): OnnxNode {
  const { proto, where, opset, floatType, attributes, inputs, placement, decode } = settings;

  const malformed = (what: string): never => {
    throw new ModelFormatError(`${where}: ${what}`);
  };
  const unsupported = (what: string): never => {
    throw new UnsupportedOpError(`${where}: ${what}`);
  };
  const entry = (i: number): Entry => inputs[i] ?? malformed(`its input ${i} is missing; it has ${proto.input.length}`);
  const known = (i: number): Tensor | undefined => {
    const operand = inputs[i]?.operand;
    return operand instanceof Tensor ? operand : undefined;
  };
  const floats = (i: number): readonly number[] => {
    const tensor = entry(i).operand;
    if (tensor instanceof Tensor) return [...tensor.data];
    return unsupported(`its input ${i}, "${proto.input[i]}", depends on what the network is fed; fovea needs it while the file is read`);
  };
  const value = (i: number): Value => {
    const given = entry(i);
    if (!(given.operand instanceof Tensor)) return given.operand;
    return (isWeight(given) ? placeWeight(placement, given) : undefined) ?? constant(given.operand);
  };
  const buffer = (i: number): Value => {
    const given = entry(i);
    if (!(given.operand instanceof Tensor)) return given.operand;
    return isWeight(given) ? placement.buffer(given.name, given.operand) : constant(given.operand);
  };
  const attribute = <K extends AttributeKind>(name: string, kind: K) => attributeValue(attributes, name, kind, where);
  const missing = (name: string): never => malformed(`the attribute ${name} is missing`);

  return {
    type: proto.opType,
    where,
    opset,
    floatType,
    inputCount: inputs.length,
    outputs: proto.output,
    has: (i) => inputs[i] !== undefined,
    operand: (i) => entry(i).operand,
    value,
    buffer,
    known,
    floats,
    integers: (i) => floats(i).map((n) => (Number.isInteger(n) ? n : malformed(`its input ${i} holds ${n}; expected whole numbers`))),
    shape: (i): Shape => entry(i).operand.shape,
    dtype: (i): DType => entry(i).operand.dtype,
    onnxType: (i) => entry(i).onnxType,
    int: (name, fallback) => attribute(name, "int") ?? fallback ?? missing(name),
    ints: (name, fallback) => attribute(name, "ints") ?? fallback ?? missing(name),
    float: (name, fallback) => attribute(name, "float") ?? fallback ?? missing(name),
    floatList: (name, fallback) => attribute(name, "floats") ?? fallback ?? missing(name),
    string(name, fallback) {
      const bytes = attribute(name, "string");
      return bytes === undefined ? (fallback ?? missing(name)) : utf8.decode(bytes);
    },
    stringList: (name, fallback) => attribute(name, "strings")?.map((bytes) => utf8.decode(bytes)) ?? fallback ?? missing(name),
    tensor(name) {
      const proto = attribute(name, "tensor") ?? missing(name);
      const { tensor, onnxType } = decode(proto, `${where}: attribute ${name}`);
      settings.typed(tensor, onnxType);
      return tensor;
    },
    tensorType(name) {
      const { dataType } = attribute(name, "tensor") ?? missing(name);
      return onnxTypeOf(dataType) ?? unsupported(`the attribute ${name} is of ONNX's data type ${dataType}`);
    },
    given: (name) => attributes.has(name),
    unsupported,
    malformed,
  };
}
