// Every ONNX operator that fovea reads, joined from the families. Reading computes what is known already, so the ops' evaluator is loaded, too.
import "../../../ops/index.ts";
import type { OnnxReaders } from "../operator.ts";
import { activationReaders } from "./activation.ts";
import { constantReaders } from "./constant.ts";
import { elementwiseReaders } from "./elementwise.ts";
import { logicReaders } from "./logic.ts";
import { lossReaders } from "./loss.ts";
import { matrixReaders } from "./matrix.ts";
import { reduceReaders } from "./reduce.ts";
import { shapeReaders } from "./shape.ts";

export const readers: OnnxReaders = {
  ...activationReaders,
  ...constantReaders,
  ...elementwiseReaders,
  ...logicReaders,
  ...lossReaders,
  ...matrixReaders,
  ...reduceReaders,
  ...shapeReaders,
};
