// ONNX's element types: their numbers in files, and what fovea computes them in.
import type { DType } from "../../tensor/tensor.ts";
import type { OnnxType } from "./operator.ts";

/** TensorProto.DataType by name; the 8- and 4-bit floats, 4-bit integers and complex numbers are not read. */
export const dataTypes: Readonly<Record<OnnxType, number>> = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};

const names = new Map(Object.entries(dataTypes).map(([name, number]) => [number, name as OnnxType]));

/** The type with this number in files; undefined for one that fovea does not read. */
export function onnxTypeOf(number: number): OnnxType | undefined {
  return names.get(number);
}

export type FloatType = "float32" | "float64";

/** What a type is computed in: floats in `floatType`, bool and uint8 in bytes, all other integers in int32. Strings are not computed. */
export function dtypeFor(type: OnnxType, floatType: FloatType): DType {
  if (isFloatType(type)) return floatType;
  return type === "bool" || type === "uint8" ? "uint8" : "int32";
}

export function isFloatType(type: OnnxType): boolean {
  return type === "float" || type === "double" || type === "float16" || type === "bfloat16";
}

/** The ONNX type of numbers that were computed, where nothing says otherwise. */
export function defaultOnnxType(dtype: DType): OnnxType {
  if (dtype === "float64") return "double";
  return dtype === "float32" ? "float" : dtype;
}
