// A tensor in a file of its own: the .pb files in which ONNX's test data keep inputs and outputs.
import { expectBytes } from "../../tensor/expect.ts";
import { checkOptions } from "../../tensor/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { OnnxType } from "./operator.ts";
import { decodeTensor } from "./schema.ts";
import { readTensor } from "./tensor-proto.ts";
import type { FloatType } from "./types.ts";

export interface ReadOnnxTensorOptions {
  /** How messages call the file (default "the tensor file"). */
  readonly name?: string;
  /** What floats become (default float32). */
  readonly floatType?: FloatType;
}

export interface OnnxTensor {
  /** The name that the file gives it; often "". */
  readonly name: string;
  readonly type: OnnxType;
  readonly tensor: Tensor;
}

/** Reads such a file. Throws `ModelFormatError` when it is damaged, `UnsupportedOpError` for element types that fovea does not compute with. */
export function readOnnxTensor(bytes: Uint8Array, options: ReadOnnxTensorOptions = {}): OnnxTensor {
  expectBytes("readOnnxTensor", bytes);
  checkOptions("readOnnxTensor", options, ["name", "floatType"]);
  const { name: file = "the tensor file", floatType = "float32" } = options;
  const proto = decodeTensor(bytes, file);
  const { tensor, onnxType } = readTensor(proto, file, { floatType });
  return { name: proto.name, type: onnxType, tensor };
}
