// Networks in ONNX files.
export type { OnnxBindings, OnnxPort } from "./bind.ts";
export type { MissingOperator } from "./check.ts";
export type { ExternalData } from "./external.ts";
export type { OnnxModelOptions } from "./model.ts";
export * from "./network.ts";
export * from "./tensor-file.ts";
