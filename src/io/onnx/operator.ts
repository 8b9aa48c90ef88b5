// What the reader of one ONNX operator sees of a node, and what it gives back. A reader turns a node into calls of fovea's ops; because these
// compute at once on tensors and record on values, arithmetic on shapes and constants folds away by itself while a file is read.

import type { Operand } from "../../graph/record.ts";
import type { Value } from "../../graph/value.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { DType, Tensor } from "../../tensor/tensor.ts";

/** One node of an ONNX graph, with its inputs already read. Inputs are counted from 0, as the standard's text lists them. */
export interface OnnxNode {
  /** The operator, e.g. "Conv". */
  readonly type: string;
  /** How messages name the node: `Conv "features.0"`. */
  readonly where: string;
  /** The version of the operator set that this file imports for the node's domain. */
  readonly opset: number;
  /** Float type of everything computed; all float tensors of the file are widened or narrowed to it. */
  readonly floatType: "float32" | "float64";
  /** Number of inputs, absent ones in between included. */
  readonly inputCount: number;
  /** Names of the outputs; "" for one that nobody wants. */
  readonly outputs: readonly string[];

  /** Whether input `i` is there (listed, and not the empty name). */
  has(i: number): boolean;
  /** Input `i`: a Tensor when its numbers are known while reading, else a Value. Throws `ModelFormatError` when it is absent. */
  operand(i: number): Operand;
  /** Input `i` as a graph value. Float tensors that the file stores become parameters of the model (trainable, named), other tensors constants. */
  value(i: number): Value;
  /** As `value`, but stored tensors become buffers: statistics that are no parameters (batch norm's mean and variance). */
  buffer(i: number): Value;
  /** Input `i` if its numbers are known while reading, else undefined (also when absent). */
  known(i: number): Tensor | undefined;
  /** The numbers of input `i`, for shapes, axes, pads ...; throws `UnsupportedOpError` when they depend on what the network is fed. */
  integers(i: number): readonly number[];
  /** As `integers`, without rounding: scales, regions. */
  floats(i: number): readonly number[];
  /** Shape and element type of input `i`, known or not. */
  shape(i: number): Shape;
  dtype(i: number): DType;
  /** The type that the file gives input `i`, where fovea's own is coarser: int64 is computed as int32, bool as uint8. */
  onnxType(i: number): OnnxType;

  /** Attributes. Throws `ModelFormatError` for one of another kind, or for a missing one without `fallback`. */
  int(name: string, fallback?: number): number;
  ints(name: string, fallback?: readonly number[]): readonly number[];
  float(name: string, fallback?: number): number;
  floatList(name: string, fallback?: readonly number[]): readonly number[];
  string(name: string, fallback?: string): string;
  stringList(name: string, fallback?: readonly string[]): readonly string[];
  /** A tensor-valued attribute, float ones in `floatType`. */
  tensor(name: string): Tensor;
  /** The type that the file gives a tensor-valued attribute. */
  tensorType(name: string): OnnxType;
  /** Whether the attribute is written in the file. */
  given(name: string): boolean;

  /** Throws `UnsupportedOpError`: the standard allows it, fovea does not. `what` completes "Conv "c1": ...". */
  unsupported(what: string): never;
  /** Throws `ModelFormatError`: the standard does not allow it. */
  malformed(what: string): never;
}

export type OnnxType =
  | "float"
  | "double"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool"
  | "string";

/** One operand per output, in order; `typed` overrides the element type that the file's users see (bool, int64 ...). */
export type OnnxResult = Operand | readonly (OnnxOutput | undefined)[] | OnnxOutput;
export type OnnxOutput = Operand | { readonly operand: Operand; readonly onnxType: OnnxType };

/** Reads one operator in every version that fovea knows. May throw any FoveaError; the caller puts the node's name in front. */
export type OnnxReader = (node: OnnxNode) => OnnxResult;

/** Operator -> reader. One table per family in `operators/`; `operators/index.ts` joins them. Keys of other domains than ai.onnx are "domain:Op". */
export type OnnxReaders = Readonly<Record<string, OnnxReader>>;
