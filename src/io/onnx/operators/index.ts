// Every ONNX operator that fovea reads, joined from the families. Reading computes what is known already, so the ops' evaluator is loaded, too.
import "../../../ops/index.ts";
import type { OnnxReaders } from "../operator.ts";
import { activationReaders } from "./activation.ts";
import { constantReaders } from "./constant.ts";
import { convReaders } from "./conv.ts";
import { dropoutReaders } from "./dropout.ts";
import { elementwiseReaders } from "./elementwise.ts";
import { indexReaders } from "./index-ops.ts";
import { logicReaders } from "./logic.ts";
import { lossReaders } from "./loss.ts";
import { matrixReaders } from "./matrix.ts";
import { normReaders } from "./norm.ts";
import { padReaders } from "./pad.ts";
import { poolReaders } from "./pool.ts";
import { reduceReaders } from "./reduce.ts";
import { resampleReaders } from "./resample.ts";
import { roiReaders } from "./roi.ts";
import { shapeReaders } from "./shape.ts";

export const readers: OnnxReaders = {
  ...activationReaders,
  ...constantReaders,
  ...convReaders,
  ...dropoutReaders,
  ...elementwiseReaders,
  ...indexReaders,
  ...logicReaders,
  ...lossReaders,
  ...matrixReaders,
  ...normReaders,
  ...padReaders,
  ...poolReaders,
  ...reduceReaders,
  ...resampleReaders,
  ...roiReaders,
  ...shapeReaders,
};
