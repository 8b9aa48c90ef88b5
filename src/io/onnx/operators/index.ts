// Every ONNX operator that fovea reads, joined from the families.
import type { OnnxReaders } from "../operator.ts";

export const readers: OnnxReaders = {};
